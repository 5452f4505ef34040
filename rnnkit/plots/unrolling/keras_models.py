"""Plain Keras models, unrolled, where their pattern can be told; see `unrolled_model`."""

import keras

from rnnkit.diagnostics import recurrent_layers
from rnnkit.diagnostics.batches import graph_inputs
from rnnkit.plots.unrolling.rows import (
    ROW,
    STEP,
    columns_for,
    one_output,
    recurrent_rows,
    rows_of,
    step_row,
    symbol,
)


def _chain(model):
    """The recurrent layers of a model, in the order of the graph.

    Raises:
        ValueError: If the model is more than a chain of them.
    """
    recurrent_layers.find(model)  # raises an error where there is none
    inputs = graph_inputs(model)
    outputs = model.outputs if inputs else []
    if len(inputs) != 1 or len(outputs) != 1:
        raise ValueError(
            "unrolled draws Keras models of one input and one output, whose graph is known "
            "(Sequential, once built, or functional); with encoder and decoder see "
            f"rnnkit.models.EncoderDecoder. Received: {type(model).__name__} with {len(inputs)} "
            f"inputs and {len(outputs)} outputs"
        )
    chain = [layer for layer in model.layers if rows_of(layer)]
    if not chain:
        raise ValueError(
            "unrolled draws recurrent layers that are layers of the model itself. Received: "
            f"{model.name!r}, in which they are inside {[each.name for each in model.layers]}"
        )
    for lower, upper in zip(chain, chain[1:], strict=False):
        if not lower.return_sequences and not _repeated(model, lower, upper):
            raise ValueError(
                "unrolled draws recurrent layers that read each other's sequences. Received: "
                f"{lower.name!r} with return_sequences=False below {upper.name!r}"
            )
    return chain


def _repeated(model, lower, upper):
    """Whether a vector is repeated between two layers, so that a new sequence begins."""
    layers = model.layers
    between = layers[layers.index(lower) + 1 : layers.index(upper)]
    return any(isinstance(layer, keras.layers.RepeatVector) for layer in between)


def pattern(model):
    """What goes in and what comes out, in words."""
    chain = _chain(model)
    if any(_repeated(model, *pair) for pair in zip(chain, chain[1:], strict=False)):
        return "many to many, of another length"
    return "many to many, an output a step" if _stepwise(model, chain) else "many to one"


def _stepwise(model, chain):
    if not chain[-1].return_sequences:
        return False
    # Pooling or flattening afterwards makes one output of the steps.
    return len(model.outputs[0].shape) >= 3


def draw(canvas, model):
    chain = _chain(model)
    blocks = [[chain[0]]]
    for pair in zip(chain, chain[1:], strict=False):
        if _repeated(model, *pair):
            blocks.append([])
        blocks[-1].append(pair[1])
    shape = model.inputs[0].shape
    columns = columns_for(shape[1] if len(shape) > 1 else None)
    kind = f"input: {tuple(shape[1:])}".replace("None", "time")
    boxes = step_row(canvas, columns, "x", symbol("x"), "input", kind)
    left, ends, tops, y, side = 0.0, [], [], 0.0, "left"
    for number, block in enumerate(blocks):
        if number:
            found = [each for each in model.layers if isinstance(each, keras.layers.RepeatVector)]
            left += STEP * len(columns) + 0.6
            columns = columns_for(found[number - 1].n, "U")
            boxes = step_row(
                canvas, columns, "r", lambda column: "$h$", "input", "repeated", left=left,
                side="right",
            )  # fmt: skip
            for (box,) in filter(None, boxes):
                for end in ends:
                    canvas.arrow(end, box, "again")
            side = "right"
        rows = [row for layer in block for row in rows_of(layer)]
        prefix = "hsuv"[min(number, 3)]
        tops, ends, y = recurrent_rows(canvas, rows, columns, boxes, ROW, left, prefix, side)
    units = model.outputs[0].shape[-1]
    title = f"output: {units} numbers"
    if _stepwise(model, chain):
        title = f"{title} a step"
        step_row(canvas, columns, "y", symbol("y"), "output", title, y, left, tops, side)
        return
    summary = "pooled" if chain[-1].return_sequences else "last"
    one_output(canvas, tops, ends, summary, y, title, side)
