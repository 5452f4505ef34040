"""Plots of pictures and of clips; see `rnnkit.plots`, which has these functions too."""

import numpy as np
import tensorflow as tf

from rnnkit.formats.pictures import frames, on_white, to_bytes
from rnnkit.plots.drawing import COLOURS, new_axes, readable

# From one row of pictures to the next, where they are 0.9 high.
PITCH = 1.2
# Pictures beside each other, at most.
COLUMNS = 12


def images(pictures, labels=None, predicted=None, ax=None, columns=COLUMNS):
    """Pictures in rows, each with what it shows.

    Args:
        pictures: List of pictures: arrays `[height, width(, channels)]` of whole numbers from 0 to
            255, or bytes or paths of image files.
        labels: What they show, one each, or None.
        predicted: What a model predicts for each, or None. What differs from the label is shown
            beside it and in red.
        ax: Matplotlib Axes to draw on, or None for new ones.
        columns: Pictures in a row, at most.

    Returns:
        The Axes.

    Raises:
        ValueError: For what is no picture, and where there are not as many labels as pictures.

    Example:

    >>> pairs = list(data.test.take(24).as_numpy_iterator())
    >>> rnnkit.plots.images([x for x, _ in pairs], [y for _, y in pairs])
    """
    arrays = []
    for index, picture in enumerate(pictures):
        try:
            content = to_bytes(picture)
        except ValueError as error:
            raise ValueError(f"images cannot read picture {index}: {error}") from None
        pixels = on_white(tf.io.decode_image(content, expand_animations=False)).numpy()
        arrays.append(np.round(pixels).astype("uint8"))
    return grid(arrays, labels, predicted, ax, columns, "pictures")


def labelled_frames(clip, labels, predicted=None, ax=None, every=1, columns=COLUMNS):
    """The frames of a clip in rows, each with its label.

    Args:
        clip: Frames `[frames, height, width(, channels)]` of whole numbers from 0 to 255, or the
            path or bytes of an animated GIF.
        labels: The label of each frame.
        predicted: What a model predicts for each frame, or None. What differs from the label is
            shown beside it and in red.
        ax: Matplotlib Axes to draw on, or None for new ones.
        every: Which frames are shown: 2 takes every second.
        columns: Frames in a row, at most.

    Returns:
        The Axes.

    Raises:
        ValueError: For what is no clip, and where there are not as many labels as frames.

    Example:

    >>> clip, labels = next(data.test.as_numpy_iterator())
    >>> rnnkit.plots.labelled_frames(clip, labels, model.infer([clip])[0])
    """
    arrays = frames(clip)
    for name, values in (("labels", labels), ("predicted", predicted)):
        _check(name, values, arrays, "frames")
    picked = [None if each is None else list(each)[::every] for each in (labels, predicted)]
    return grid(list(arrays[::every]), *picked, ax, columns, "frames")


def _check(name, values, arrays, what):
    if values is not None and len(values) != len(arrays):
        raise ValueError(
            f"{name} must be as many as {what}. Received: {len(values)} for {len(arrays)} {what}"
        )


def grid(arrays, labels, predicted, ax, columns, what):
    """Draws pictures in rows; see `images`.

    Args:
        arrays: List of uint8 `[height, width, 1 or 3]`.
        labels, predicted, ax, columns: See `images`.
        what: What they are, in the plural, for messages.
    """
    if not arrays:
        raise ValueError(f"There must be at least one of the {what}. Received: none")
    for name, values in (("labels", labels), ("predicted", predicted)):
        _check(name, values, arrays, what)
    columns = min(columns, len(arrays))
    rows = -(-len(arrays) // columns)
    ax = new_axes(ax, (0.9 * columns + 0.3, 0.9 * PITCH * rows + 0.3))
    for index, array in enumerate(arrays):
        row, column = divmod(index, columns)
        row *= PITCH  # room for the label above
        array = np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array
        tall, wide = array.shape[:2]
        half = 0.45 * np.array([wide, tall]) / max(wide, tall)
        ax.imshow(
            array, extent=(column - half[0], column + half[0], row + half[1], row - half[1]),
            interpolation="nearest",
        )  # fmt: skip
        output = None if predicted is None else readable(predicted[index])
        label = output if labels is None else readable(labels[index])
        wrong = output is not None and output != label
        text = f"{label} / {output}" if wrong else label
        if text is not None:
            ax.text(
                column, row - half[1] - 0.03, text, ha="center", va="bottom", fontsize=9,
                color=COLOURS[2] if wrong else "black",
            )  # fmt: skip
    ax.set_xlim(-0.55, columns - 0.45)
    ax.set_ylim(PITCH * (rows - 1) + 0.55, -0.7)
    ax.set_aspect("equal")
    ax.axis("off")
    return ax
