"""The patterns of `rnnkit.models`, unrolled; see `rnnkit.plots.unrolling.model`."""

import itertools

import keras

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


def named(feature):
    """A feature in a few words."""
    if feature is None:
        return ""
    kind = type(feature).__name__
    if kind == "Label":
        return f"Label of {feature.size} classes"
    if kind == "Forecast":
        return f"Forecast, {feature.horizon} ahead"
    return kind


def _inputs(canvas, model, columns, what="input"):
    title = f"{what}: {named(model.input_feature)}"
    return step_row(canvas, columns, "x", symbol("x"), "input", title)


def _encoder(canvas, model, columns, below, y=ROW):
    """Draws the encoder; see `recurrent_rows`."""
    return recurrent_rows(canvas, rows_of(model.get_layer("encoder")), columns, below, y)


def one_to_one(canvas, model):
    below = canvas.box("x", 0.0, 0.0, "$x$", "input")
    canvas.label(0.0, f"input: {named(model.input_feature)}")
    y = 0.0
    hidden = [each for each in model.layers if isinstance(each, keras.layers.Dense)][:-1]
    bags = [each for each in model.layers if isinstance(each, keras.layers.Embedding)]
    sizes = [each.output_dim for each in bags] + [each.units for each in hidden]
    for number, size in enumerate(sizes, start=1):
        y += ROW
        box = canvas.box(f"d{number}", 0.0, y, f"$d^{{({number})}}$", "plain")
        canvas.arrow(below, box)
        canvas.label(y, f"Dense, {size} units")
        below = box
    y += ROW
    canvas.arrow(below, canvas.box("y", 0.0, y, "$y$", "output"))
    canvas.label(y, f"output: {named(model.output_feature)}")


def many_to_one(canvas, model):
    columns = columns_for()
    tops, ends, y = _encoder(canvas, model, columns, _inputs(canvas, model, columns))
    memoryless = all(row.kind == "plain" for row in rows_of(model.get_layer("encoder")))
    summary = "mean" if memoryless and model.pooling == "last" else model.pooling
    one_output(canvas, tops, ends, summary, y, f"output: {named(model.output_feature)}")


def forecaster(canvas, model):
    """Draws an output at each step; returns the columns, and the height of the outputs."""
    columns = columns_for()
    tops, _, y = _encoder(canvas, model, columns, _inputs(canvas, model, columns))
    title = f"output: {named(model.output_feature)}"
    step_row(canvas, columns, "y", symbol("y"), "output", title, y, below=tops)
    return columns, y


def tagger(canvas, model):
    columns, y = forecaster(canvas, model)
    if model.crf:  # neighbours are chosen together
        for one, other in itertools.pairwise(f"y{column or '…'}" for column in columns):
            canvas.arrow(one, other)
            canvas.arrow(other, one)
        canvas.label(y + 0.42, "chosen together (CRF)")


def ctc(canvas, model):
    each = model.subsampling
    columns = columns_for(sign="T" if each == 1 else "F")
    if each == 1:
        frames, y = _inputs(canvas, model, columns), ROW
    else:
        title, y = f"frames: convolutions, {each} steps each", 1.25
        frames = step_row(canvas, columns, "f", symbol("f"), "plain", title, y)
        shown = min(each, 4)
        for index, column in enumerate(columns):
            if column is None:
                canvas.dots("x…", STEP * index, 0.0)
                continue
            for number in range(shown):
                x = STEP * index + 0.26 * (number - (shown - 1) / 2)
                name = f"x{column}.{number + 1}"
                canvas.arrow(canvas.box(name, x, 0.0, "", "input", 0.2), *frames[index])
        canvas.label(0.0, f"input: {named(model.input_feature)}")
        y += ROW
    tops, _, y = _encoder(canvas, model, columns, frames, y)
    title = "each frame: a token or the blank"
    boxes = step_row(canvas, columns, "p", symbol("p"), "output", title, y, below=tops)
    x = STEP * (len(columns) - 1) / 2
    text = r"$y_1, \ldots, y_U$:  repeats merged, blanks left out"
    whole = canvas.box("y", x, y + ROW, text, "output", 2 * x + 0.6)
    for (box,) in filter(None, boxes):
        canvas.arrow(box, whole)
    canvas.label(y + ROW, f"output: {named(model.output_feature)}")


def echo_state(canvas, model):
    columns = columns_for()
    inputs = _inputs(canvas, model, columns)
    rows = rows_of(model.get_layer("reservoir_0"))
    many = f"\n({model.ensemble} reservoirs, averaged)" if model.ensemble > 1 else ""
    rows[0].title = rows[0].title.replace("ESN,", "reservoir,") + many
    for row in rows[1:]:
        row.title = row.title.replace("ESN,", "reservoir,")
    tops, ends, y = recurrent_rows(canvas, rows, columns, inputs, ROW)
    read = [list(each) for each in tops]
    for name in list(canvas.boxes):  # the states of all layers are read
        for index, column in enumerate(columns):
            lower = name[:1] == "h" and name[2:] in (f">{column}", f"<{column}")
            if column and lower and name not in read[index]:
                read[index].append(name)
    title = f"readout, solved in closed form: {named(model.output_feature)}"
    title = title.replace(": ", ":\n")
    if not model.stepwise:
        reading = one_output(canvas, tops, ends, model.pooling, y, title)
        used = inputs[-1:] if model.pooling == "last" else inputs
        for (source,) in filter(None, used if model.read_inputs else []):
            canvas.arrow(source, reading, bend=-0.35)
        return
    boxes = step_row(canvas, columns, "y", symbol("y"), "output", title, y, below=tops)
    for index, box in enumerate(boxes):
        below = [each for each in read[index] if each not in tops[index]]
        below += inputs[index] if model.read_inputs else []
        for number, source in enumerate(below if box else []):
            canvas.arrow(source, *box, bend=-0.35 - 0.1 * number)
        if model.output_feedback and box and index + 1 < len(columns):
            canvas.arrow(*box, f"h1>{columns[index + 1] or '…'}", "feed")


# === Decoders ===


def decoder_rows(canvas, model, columns, left, ends, side="left"):
    """Draws a decoder: the outputs before each step that it reads, its layers, its attention, and
    the outputs.

    Args:
        canvas: `Canvas`.
        model: A `rnnkit.models.OneToMany` or `EncoderDecoder`.
        columns: What `columns_for` gave.
        left: Position of the first column.
        ends: Whether the outputs come to an end.
        side: Where the rows are labelled.

    Returns:
        The triple of the names of the attention's boxes, of the first state of the lowest layer,
        and the height of the outputs.
    """
    decoder, options = model.decoder, {"left": left, "side": side}
    title = "output before"
    inputs = step_row(canvas, columns, "in", _text_before, "input", title, **options)
    lower = rows_of(decoder.layers[0])
    tops, _, y = recurrent_rows(canvas, lower, columns, inputs, ROW, left, "s", side)
    first, looking = f"s1>{columns[0]}", []
    if decoder.attention is not None:
        title = f"attention: {model.attention}"
        tops = step_row(
            canvas, columns, "a", lambda column: "look", "attention", title, y,
            below=tops, **options,
        )  # fmt: skip
        looking, y = [box for (box,) in filter(None, tops)], y + ROW
    if len(decoder.layers) > 1:
        upper = rows_of(decoder.layers[1])
        tops, _, y = recurrent_rows(canvas, upper, columns, tops, y, left, "u", side)
    title = f"output: {named(model.output_feature)}"

    def text(column):
        return "end" if ends and column == columns[-1] else symbol("y")(column)

    step_row(canvas, columns, "out", text, "output", title, y, below=tops, **options)
    return looking, first, y


def _text_before(column):
    """What the decoder reads at a step: the output of the one before."""
    if column == "1":
        return "start"
    return symbol("y")(str(int(column) - 1) if column.isdigit() else f"{column}-1")


def encoder_decoder(canvas, model):
    columns = columns_for()
    tops, ends, y = _encoder(canvas, model, columns, _inputs(canvas, model, columns, "source"))
    left = STEP * len(columns) + 0.75
    looking, first, _ = decoder_rows(canvas, model, ["1", "2", None, "U"], left, True, "right")
    if looking:
        x = STEP * (len(columns) - 1) / 2
        y = max(y, canvas.boxes[looking[0]][1])
        memory = canvas.box(
            "memory", x, y, "memory: the states of all steps", "memory", 2 * x + 0.6
        )
        for column in tops:
            for each in column:
                canvas.arrow(each, memory)
        for number, box in enumerate(looking):
            canvas.arrow(memory, box, "attend", bend=0.0 if not number else -0.12 - 0.05 * number)
    if any(model.decoder.state_sizes):
        canvas.arrow(ends[0], first, "time")
        x, y = canvas.boxes[first][0] - STEP / 2 - 0.35, canvas.boxes[ends[0]][1]
        which = "last states,\nboth ways" if len(ends) > 1 else "last states"
        canvas.ax.text(x, y - 0.12, which, ha="center", va="top", fontsize=7.5, color="#333333")


def one_to_many(canvas, model):
    alone = model.input_feature is None
    columns = columns_for(sign="U")
    left = 0.0 if alone else 1.4
    looking, first, _ = decoder_rows(canvas, model, columns, left, not alone, "right")
    lower, states = canvas.boxes[first][1], any(model.decoder.state_sizes)
    if alone:
        if states:
            x = left - STEP - 0.25
            canvas.box("carried", x, lower, "chunk\nbefore", "state", 0.8)
            canvas.arrow("carried", first, "time")
        return
    source = canvas.box("x", 0.0, lower, "$x$", "input")
    canvas.label(lower, f"input: {named(model.input_feature)}")
    if states:
        canvas.arrow(source, first, "time")
    if looking:
        y = canvas.boxes[looking[0]][1]
        memory = canvas.box("memory", 0.0, y, "parts", "memory", 0.9)
        canvas.arrow(source, memory)
        for number, box in enumerate(looking):
            canvas.arrow(memory, box, "attend", bend=0.0 if not number else -0.15 - 0.05 * number)
    else:  # read again at every step
        for column in columns:
            if column is not None:
                canvas.arrow(source, f"in{column}", "again")
