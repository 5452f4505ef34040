"""A model drawn unrolled in time; see `rnnkit.plots`, which has this function too."""

import dataclasses

from rnnkit.plots.drawing import new_axes as _axes
from rnnkit.plots.unrolling.canvas import Canvas

# Distance between steps, and between rows.
STEP, ROW = 1.15, 0.95
# Sequences up to this long are drawn whole where a model takes no others.
WHOLE = 6


def unrolled(model, ax=None):
    """A model unrolled in time: which inputs and outputs there are at which step, and what flows.

    Read from the model itself: its pattern, layers, directions, pooling, attention. Time goes from
    left to right, and each row is a layer, with the same weights at every step.

    Args:
        model: A model of `rnnkit.models`; or a Keras model (Sequential or functional) of one input
            whose recurrent layers follow on each other.
        ax: Matplotlib Axes to draw on, or None for new ones.

    Returns:
        The Axes.

    Raises:
        ValueError: If it is no model, or one whose pattern cannot be told.

    Example:

    >>> rnnkit.plots.unrolled(model)
    """
    import keras

    if not isinstance(model, keras.Model):
        raise ValueError(
            "model must be one of rnnkit.models, or a Keras model. "
            f"Received: model of type {type(model).__name__}"
        )
    draw, title = _plan(model)
    new = ax is None
    ax = _axes(ax, (8.0, 4.0))
    canvas = Canvas(ax)
    draw(canvas, model)
    canvas.finish(title)
    if new:
        width = ax.get_xlim()[1] - ax.get_xlim()[0]
        height = ax.get_ylim()[1] - ax.get_ylim()[0]
        ax.figure.set_size_inches(0.78 * width + 0.3, 0.78 * height + 1.0)
    return ax


def _plan(model):
    """The function that draws a model, and the title."""
    from rnnkit import models
    from rnnkit.models.base import Model
    from rnnkit.plots.unrolling import patterns as unrolled_patterns

    known = {
        models.OneToOne: (unrolled_patterns.one_to_one, "one to one"),
        models.ManyToOne: (unrolled_patterns.many_to_one, "many to one"),
        models.ManyToMany: (unrolled_patterns.many_to_many, "many to many, an output a step"),
        models.CTC: (unrolled_patterns.ctc, "many to fewer, in order (CTC)"),
        models.EchoStateNetwork: (unrolled_patterns.echo_state, "echo state network"),
        models.OneToMany: (unrolled_patterns.one_to_many, "one to many"),
        models.EncoderDecoder: (
            unrolled_patterns.encoder_decoder, "many to many, of another length"
        ),
    }  # fmt: skip
    for kind, (draw, title) in known.items():
        if isinstance(model, kind):
            if kind is models.OneToMany and model.input_feature is None:
                title = "a text goes on (language model)"
            return draw, f"{kind.__name__}: {title}"
    if isinstance(model, Model):
        raise ValueError(
            "unrolled knows the patterns of rnnkit.models. "
            f"Received: {type(model).__name__}, another subclass of rnnkit's Model"
        )
    from rnnkit.plots.unrolling import keras_models as unrolled_keras

    title = unrolled_keras.pattern(model)
    return unrolled_keras.draw, f"{model.name}: {title}"


# === Rows of a network ===


@dataclasses.dataclass
class Row:
    """A layer, unrolled.

    Attributes:
        title: What it is.
        kind: `"state"`, `"fixed"` or `"plain"`; see `rnnkit.plots.unrolling.canvas.KINDS`.
        forward, backward: Whether it reads in these directions.
    """

    title: str
    kind: str = "state"
    forward: bool = True
    backward: bool = False


def rows_of(layer):
    """The recurrent layers in a layer, as a list of `Row`, bottom first."""
    import keras

    from rnnkit.layers import ESN, RecurrentStack, StepwiseDense

    if isinstance(layer, RecurrentStack):
        return [row for each in layer.layers for row in rows_of(each)]
    if isinstance(layer, StepwiseDense):
        return [Row(f"Dense, {layer.units} units", "plain")]
    if isinstance(layer, keras.layers.Bidirectional):
        if isinstance(layer.forward_layer, StepwiseDense):
            return rows_of(layer.forward_layer)
        (row,) = rows_of(layer.forward_layer)
        return [Row(f"{row.title}\nin both directions", row.kind, True, True)]
    if isinstance(layer, keras.layers.RNN):
        name = type(layer.cell).__name__.removesuffix("Cell")
        size = layer.state_size[0]
        kind = "fixed" if isinstance(layer, ESN) or name == "ESN" else "state"
        turned = bool(layer.go_backwards)
        size = size if isinstance(size, int) else size[0]
        return [Row(f"{name}, {size} units", kind, not turned, turned)]
    return []


def columns_for(length=None, sign="T"):
    """Names of the steps that are drawn; None stands for those left out."""
    if length is not None and length <= WHOLE:
        return [str(step) for step in range(1, length + 1)]
    return ["1", "2", "3", None, sign if length is None else str(length)]


def recurrent_rows(canvas, rows, columns, below, base, left=0.0, prefix="h", side="left"):
    """Draws layers over steps.

    Args:
        canvas: `Canvas`.
        rows: List of `Row`.
        columns: What `columns_for` gave.
        below: For each column the list of boxes that the first row reads.
        base: Height of the first row.
        left: Place of the first column.
        prefix: Of the names and symbols of the states.
        side: Where the rows are labelled.

    Returns:
        The triple of the boxes on top of each column, of the boxes where each direction of the top
        row ends, and the height of the next row.
    """
    y, ends = base, []
    for level, row in enumerate(rows, start=1):
        both = row.forward and row.backward
        sign = f"^{{({level})}}" if len(rows) > 1 else ""
        tops, ends = [[] for _ in columns], []
        ways = [(way, there) for way, there in ((">", row.forward), ("<", row.backward)) if there]
        for number, (way, _) in enumerate(ways):
            height = y + (0.62 * number if both else 0.0)
            shift = (-0.17, 0.17)[number] if both else 0.0
            names = []
            for index, column in enumerate(columns):
                name = f"{prefix}{level}{way}{column or '…'}"
                x = left + STEP * index + shift
                if column is None:
                    names.append(canvas.dots(name, x, height))
                    continue
                text = f"${prefix}_{{{column}}}{sign}$"
                names.append(canvas.box(name, x, height, text, row.kind, 0.62))
                for source in below[index]:
                    canvas.arrow(source, name)
                tops[index].append(name)
            if row.kind != "plain":
                order = names if way == ">" else names[::-1]
                for one, other in zip(order, order[1:], strict=False):
                    canvas.arrow(one, other, "time" if way == ">" else "back")
                ends.append(order[-1])
            else:
                ends.append(names[-1])
        canvas.label(y + (0.31 if both else 0.0), row.title, side)
        below, y = tops, y + ROW + (0.62 if both else 0.0)
    return below, ends, y


def input_row(canvas, columns, text, title, y=0.0, left=0.0, name="x", side="left"):
    """Draws an input for each step; gives for each column the list of its box."""
    boxes = []
    for index, column in enumerate(columns):
        x = left + STEP * index
        if column is None:
            canvas.dots(f"{name}…", x, y)
            boxes.append([])
        else:
            boxes.append([canvas.box(f"{name}{column}", x, y, text(column), "input", 0.62)])
    canvas.label(y, title, side)
    return boxes


def output_row(canvas, columns, tops, text, title, y, left=0.0, name="y", side="left"):
    """Draws an output for each step; gives the list of boxes, None where one is left out."""
    boxes = []
    for index, column in enumerate(columns):
        x = left + STEP * index
        if column is None:
            canvas.dots(f"{name}…", x, y)
            boxes.append(None)
            continue
        boxes.append(canvas.box(f"{name}{column}", x, y, text(column), "output", 0.62))
        for top in tops[index]:
            canvas.arrow(top, boxes[-1])
    canvas.label(y, title, side)
    return boxes


def symbol(letter):
    """Text of a step: the letter with the step as its index."""
    return lambda column: f"${letter}_{{{column}}}$"
