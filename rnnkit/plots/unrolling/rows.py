"""Rows of a picture unrolled in time: inputs, recurrent layers, outputs."""

import dataclasses
import itertools

import keras

from rnnkit.layers import ESNCell, RecurrentStack, StepwiseDense

# Distance between steps, and between rows.
STEP, ROW = 1.15, 0.95
# Sequences up to this long are drawn whole where a model takes no others.
WHOLE = 6


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
        size = keras.tree.flatten(layer.state_size)[0]
        kind = "fixed" if isinstance(layer.cell, ESNCell) else "state"
        turned = bool(layer.go_backwards)
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
        left: Position of the first column.
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
        ways = [way for way, there in ((">", row.forward), ("<", row.backward)) if there]
        for number, way in enumerate(ways):
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
                names = names if way == ">" else names[::-1]
                for pair in itertools.pairwise(names):
                    canvas.arrow(*pair, "time" if way == ">" else "back")
            ends.append(names[-1])
        canvas.label(y + (0.31 if both else 0.0), row.title, side)
        below, y = tops, y + ROW + (0.62 if both else 0.0)
    return below, ends, y


def step_row(canvas, columns, name, text, kind, title, y=0.0, left=0.0, below=None, side="left"):
    """Draws a box for each step.

    Args:
        canvas: `Canvas`.
        columns: What `columns_for` gave.
        name: Of the boxes, before the name of the step.
        text: Function of the name of a step: what is in its box.
        kind: See `rnnkit.plots.unrolling.canvas.KINDS`.
        title: What the row is.
        y: Height.
        left: Position of the first column.
        below: For each column the list of boxes that an arrow comes from, or None.
        side: Where the row is labelled.

    Returns:
        For each column the list of its box, empty where it is left out.
    """
    boxes = []
    for index, column in enumerate(columns):
        x = left + STEP * index
        if column is None:
            canvas.dots(f"{name}…", x, y)
            boxes.append([])
            continue
        boxes.append([canvas.box(f"{name}{column}", x, y, text(column), kind, 0.62)])
        for source in below[index] if below else ():
            canvas.arrow(source, *boxes[-1])
    canvas.label(y, title, side)
    return boxes


def symbol(letter):
    """Text of a step: the letter with the step as its index."""
    return lambda column: f"${letter}_{{{column}}}$"


def one_output(canvas, tops, ends, summary, y, title, side="left"):
    """Draws an output from the last states, or from all of them through pooling.

    Args:
        canvas: `Canvas`.
        tops: For each column the boxes on top of it.
        ends: The boxes where each direction of the top row ends.
        summary: `"last"`, or how the states are pooled.
        y: Height.
        title: What the output is.
        side: Where the rows are labelled.

    Returns:
        The box that reads the states: the output, or the pooling below it.
    """
    if summary == "last":
        # Straight above the end of time; a backward direction ends at its start.
        output = canvas.box("y", canvas.boxes[ends[0]][0], y, "$y$", "output")
        for end in ends:
            canvas.arrow(end, output)
        canvas.label(y, title, side)
        return output
    across = [canvas.boxes[box][0] for column in tops for box in column]
    middle, width = (min(across) + max(across)) / 2, max(across) - min(across) + 0.6
    pool = canvas.box("pooling", middle, y, summary.replace("_", " and "), "plain", width)
    for column in tops:
        for top in column:
            canvas.arrow(top, pool)
    canvas.label(y, "pooling over time", side)
    canvas.arrow(pool, canvas.box("y", middle, y + ROW, "$y$", "output"))
    canvas.label(y + ROW, title, side)
    return pool
