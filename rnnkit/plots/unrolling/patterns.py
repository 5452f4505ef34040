"""The patterns of `rnnkit.models`, unrolled; see `rnnkit.plots.unrolling.model`."""

from rnnkit.plots.unrolling.model import (
    ROW,
    STEP,
    columns_for,
    input_row,
    output_row,
    recurrent_rows,
    rows_of,
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


def one_to_one(canvas, model):
    import keras

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
    inputs = input_row(canvas, columns, symbol("x"), f"input: {named(model.input_feature)}")
    rows = rows_of(model.get_layer("encoder"))
    tops, ends, y = recurrent_rows(canvas, rows, columns, inputs, ROW)
    memoryless = all(row.kind == "plain" for row in rows)
    summary = "mean" if memoryless and model.pooling == "last" else model.pooling
    one_output(canvas, tops, ends, summary, y, f"output: {named(model.output_feature)}")


def one_output(canvas, tops, ends, summary, y, title, side="left"):
    """An output from the last states, or from all of them through pooling; gives what reads them.

    Args:
        canvas: `Canvas`.
        tops: For each column the boxes on top of it.
        ends: The boxes where each direction of the top row ends.
        summary: `"last"`, or how the states are pooled.
        y: Height.
        title: What the output is.
        side: Where the rows are labelled.
    """
    if summary == "last":
        # Straight above the end of time; a backward direction ends at its start.
        output = canvas.box("y", canvas.places[ends[0]][0], y, "$y$", "output")
        for end in ends:
            canvas.arrow(end, output)
        canvas.label(y, title, side)
        return output
    places = [canvas.places[box][0] for column in tops for box in column]
    middle, width = (min(places) + max(places)) / 2, max(places) - min(places) + 0.6
    pool = canvas.box("pooling", middle, y, summary.replace("_", " and "), "plain", width)
    for column in tops:
        for top in column:
            canvas.arrow(top, pool)
    canvas.label(y, "pooling over time", side)
    canvas.arrow(pool, canvas.box("y", middle, y + ROW, "$y$", "output"))
    canvas.label(y + ROW, title, side)
    return pool


def many_to_many(canvas, model):
    columns = columns_for()
    inputs = input_row(canvas, columns, symbol("x"), f"input: {named(model.input_feature)}")
    rows = rows_of(model.get_layer("encoder"))
    tops, _, y = recurrent_rows(canvas, rows, columns, inputs, ROW)
    title = f"output: {named(model.output_feature)}"
    boxes = output_row(canvas, columns, tops, symbol("y"), title, y)
    if model.crf:  # neighbours are chosen together
        names = [box or "y…" for box in boxes]
        for one, other in zip(names, names[1:], strict=False):
            canvas.arrow(one, other)
            canvas.arrow(other, one)
        canvas.label(y + 0.42, "chosen together (CRF)")


def ctc(canvas, model):
    each = model.subsampling
    columns = columns_for(sign="T" if each == 1 else "F")
    frames = [[] for _ in columns]
    title = f"input: {named(model.input_feature)}"
    if each == 1:
        frames = input_row(canvas, columns, symbol("x"), title)
        y = ROW
    else:
        y = 1.25
        shown = min(each, 4)
        for index, column in enumerate(columns):
            if column is None:
                canvas.dots("x…", STEP * index, 0.0)
                canvas.dots("f…", STEP * index, y)
                continue
            box = canvas.box(f"f{column}", STEP * index, y, f"$f_{{{column}}}$", "plain", 0.62)
            frames[index] = [box]
            for number in range(shown):
                x = STEP * index + 0.26 * (number - (shown - 1) / 2)
                name = f"x{column}.{number + 1}"
                canvas.arrow(canvas.box(name, x, 0.0, "", "input", 0.2), box)
        canvas.label(0.0, title)
        canvas.label(y, f"frames: convolutions, {each} steps each")
        y += ROW
    rows = rows_of(model.get_layer("encoder"))
    tops, _, y = recurrent_rows(canvas, rows, columns, frames, y)
    title = "each frame: a token or the blank"
    boxes = output_row(canvas, columns, tops, symbol("p"), title, y, name="p")
    x = STEP * (len(columns) - 1) / 2
    text = r"$y_1, \ldots, y_U$:  repeats merged, blanks left out"
    whole = canvas.box("y", x, y + ROW, text, "output", 2 * x + 0.6)
    for box in filter(None, boxes):
        canvas.arrow(box, whole)
    canvas.label(y + ROW, f"output: {named(model.output_feature)}")


def echo_state(canvas, model):
    columns = columns_for()
    inputs = input_row(canvas, columns, symbol("x"), f"input: {named(model.input_feature)}")
    rows = rows_of(model.get_layer("reservoir_0"))
    many = f"\n({model.ensemble} reservoirs, averaged)" if model.ensemble > 1 else ""
    rows[0].title = rows[0].title.replace("ESN,", "reservoir,") + many
    for row in rows[1:]:
        row.title = row.title.replace("ESN,", "reservoir,")
    tops, ends, y = recurrent_rows(canvas, rows, columns, inputs, ROW)
    read = [list(each) for each in tops]
    for name in list(canvas.places):  # the states of all layers are read
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
    boxes = output_row(canvas, columns, tops, symbol("y"), title, y)
    for index, box in enumerate(boxes):
        if box is None:
            continue
        below = [each for each in read[index] if each not in tops[index]]
        below += inputs[index] if model.read_inputs else []
        for number, source in enumerate(below):
            canvas.arrow(source, box, bend=-0.35 - 0.1 * number)
    if model.output_feedback:
        firsts = [f"h1>{column or '…'}" for column in columns]
        for box, after in zip(boxes, firsts[1:], strict=False):
            if box is not None:
                canvas.arrow(box, after, "feed")


# === Decoders ===


def decoder_rows(canvas, model, columns, left, ends, side="left"):
    """Draws a decoder: what it reads (what came before), its layers and attention, what it writes.

    Args:
        canvas: `Canvas`.
        model: A model that writes.
        columns: What `columns_for` gave.
        left: Place of the first column.
        ends: Whether the outputs come to an end.
        side: Where the rows are labelled.

    Returns:
        The triple of the names of the attention's boxes, of the first state of the lowest layer,
        and the height of the outputs.
    """
    decoder = model.decoder
    before = [None if c is None else "start" if c == "1" else _previous(c) for c in columns]
    inputs = []
    for index, name in enumerate(before):
        x = left + STEP * index
        if name is None:
            canvas.dots("in…", x, 0.0)
            inputs.append([])
            continue
        text = name if name == "start" else f"$y_{{{name}}}$"
        inputs.append([canvas.box(f"in{columns[index]}", x, 0.0, text, "input", 0.62)])
    lower = rows_of(decoder.layers[0])
    canvas.label(0.0, "what came before", side)
    tops, _, y = recurrent_rows(canvas, lower, columns, inputs, ROW, left, "s", side)
    first, looking = f"s1>{columns[0]}", []
    if decoder.attention is not None:
        above = []
        for index, column in enumerate(columns):
            if column is None:
                canvas.dots("a…", left + STEP * index, y)
                above.append([])
                continue
            box = canvas.box(f"a{column}", left + STEP * index, y, "look", "attention", 0.62)
            for top in tops[index]:
                canvas.arrow(top, box)
            above.append([box])
            looking.append(box)
        canvas.label(y, f"attention: {model.attention}", side)
        tops, y = above, y + ROW
    if len(decoder.layers) > 1:
        upper = rows_of(decoder.layers[1])
        tops, _, y = recurrent_rows(canvas, upper, columns, tops, y, left, "u", side)
    for index, column in enumerate(columns):
        x = left + STEP * index
        if column is None:
            canvas.dots("out…", x, y)
            continue
        last = index == len(columns) - 1 and ends
        text = "end" if last else f"$y_{{{column}}}$"
        box = canvas.box(f"out{column}", x, y, text, "output", 0.62)
        for top in tops[index]:
            canvas.arrow(top, box)
    canvas.label(y, f"output: {named(model.output_feature)}", side)
    return looking, first, y


def _previous(column):
    return str(int(column) - 1) if column.isdigit() else f"{column}-1"


def encoder_decoder(canvas, model):
    columns, written = columns_for(), ["1", "2", None, "U"]
    inputs = input_row(canvas, columns, symbol("x"), f"source: {named(model.input_feature)}")
    rows = rows_of(model.get_layer("encoder"))
    tops, ends, y = recurrent_rows(canvas, rows, columns, inputs, ROW)
    left = STEP * len(columns) + 0.75
    looking, first, _ = decoder_rows(canvas, model, written, left, True, "right")
    if looking:
        x = STEP * (len(columns) - 1) / 2
        y = max(y, canvas.places[looking[0]][1])
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
        x, y = canvas.places[first][0] - STEP / 2 - 0.35, canvas.places[ends[0]][1]
        which = "last states,\nboth ways" if len(ends) > 1 else "last states"
        canvas.ax.text(x, y - 0.12, which, ha="center", va="top", fontsize=7.5, color="#333333")


def one_to_many(canvas, model):
    alone = model.input_feature is None
    columns = columns_for(sign="U")
    left = 0.0 if alone else 1.4
    looking, first, _ = decoder_rows(canvas, model, columns, left, not alone, "right")
    lower, states = canvas.places[first][1], any(model.decoder.state_sizes)
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
        y = canvas.places[looking[0]][1]
        memory = canvas.box("memory", 0.0, y, "parts", "memory", 0.9)
        canvas.arrow(source, memory)
        for number, box in enumerate(looking):
            canvas.arrow(memory, box, "attend", bend=0.0 if not number else -0.15 - 0.05 * number)
    else:  # read again at every step
        for column in columns:
            if column is not None:
                canvas.arrow(source, f"in{column}", "again")
