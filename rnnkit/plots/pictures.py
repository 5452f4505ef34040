"""Pictures of pictures and of clips; see `rnnkit.plots`, which has these functions too."""

import numpy as np

from rnnkit.plots.drawing import COLOURS
from rnnkit.plots.drawing import new_axes as _axes

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
        predicted: What a model says of each, or None. What differs from the label is shown beside
            it and in red.
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
    import tensorflow as tf

    from rnnkit.formats.pictures import on_white, to_bytes

    arrays = []
    for index, picture in enumerate(pictures):
        try:
            content = to_bytes(picture)
        except ValueError as error:
            raise ValueError(f"images cannot read picture {index}: {error}") from None
        pixels = on_white(tf.io.decode_image(content, expand_animations=False)).numpy()
        arrays.append(np.round(pixels).astype("uint8"))
    return _grid(arrays, labels, predicted, ax, columns, "pictures")


def labelled_frames(clip, labels, predicted=None, ax=None, every=1, columns=COLUMNS):
    """The frames of a clip in rows, each with its label.

    Args:
        clip: Frames `[frames, height, width(, channels)]` of whole numbers from 0 to 255, or the
            path or bytes of an animated GIF.
        labels: The label of each frame.
        predicted: What a model says of each frame, or None. What differs from the label is shown
            beside it and in red.
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
    from rnnkit.formats.pictures import frames

    arrays = frames(clip)
    for name, values in (("labels", labels), ("predicted", predicted)):
        _check(name, values, arrays, "frames")
    picked = [None if each is None else list(each)[::every] for each in (labels, predicted)]
    return _grid(list(arrays[::every]), *picked, ax, columns, "frames")


def image_attention(model, picture, ax=None, columns=6, **options):
    """A picture, and for each word written about it what was looked at when it was written.

    What a word was written from stays as it is, the rest fades to white: the weights of the
    attention, as shares of the largest of that word, drawn smoothly between the places of the grid.

    Args:
        model: A `OneToMany` with attention to an `Image`.
        picture: One picture: an array of whole numbers from 0 to 255, or bytes or a path of an
            image file. It is drawn as the model sees it.
        ax: Matplotlib Axes to draw on, or None for new ones.
        columns: Pictures in a row, at most.
        **options: Of decoding, as in `model.infer`.

    Returns:
        The Axes: the picture alone first, then one for each word.

    Raises:
        ValueError: If the model has no attention to pictures, or what is given is no picture.

    Example:

    >>> rnnkit.plots.image_attention(model, "dog.jpg")
    """
    import tensorflow as tf

    from rnnkit.plots.attention_maps import _tokens

    feature = getattr(model, "input_feature", None)
    pictures = feature is not None and feature.shape is not None
    if getattr(model, "attention", None) is None or not pictures:
        raise ValueError(
            "image_attention needs a model that attends to pictures, such as OneToMany(Image(), "
            f"...). Received: {type(model).__name__} of {type(feature).__name__}"
        )
    result = model.infer([picture], details=True, **options)[0]
    if isinstance(result, list):  # several outputs: the best
        result = result[0]
    pixels = feature.decode(np.asarray(feature.encode(feature.to_tensor([picture]))))[0]
    weights = np.asarray(result["attention"], "float32")  # [words, places]
    weights = weights.reshape(-1, *model.get_layer("grid").input.shape[1:3], 1)
    arrays = [pixels]
    for weight in tf.image.resize(weights, pixels.shape[:2]).numpy():  # [height, width, 1]
        share = 0.1 + 0.9 * weight / weight.max()
        arrays.append(np.round(255 - share * (255 - pixels)).astype("uint8"))
    return _grid(
        arrays, ["", *_tokens(model.output_feature, result)], None, ax, columns, "pictures"
    )


def _check(name, values, arrays, what):
    if values is not None and len(values) != len(arrays):
        raise ValueError(
            f"{name} must be as many as {what}. Received: {len(values)} for {len(arrays)} {what}"
        )


def _grid(arrays, labels, predicted, ax, columns, what):
    if not arrays:
        raise ValueError(f"There must be at least one of the {what}. Received: none")
    for name, values in (("labels", labels), ("predicted", predicted)):
        _check(name, values, arrays, what)
    columns = min(columns, len(arrays))
    rows = -(-len(arrays) // columns)
    ax = _axes(ax, (0.9 * columns + 0.3, 0.9 * PITCH * rows + 0.3))
    for index, array in enumerate(arrays):
        row, column = divmod(index, columns)
        row *= PITCH  # room for what is written above
        array = np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array
        tall, wide = array.shape[:2]
        half = 0.45 * np.array([wide, tall]) / max(wide, tall)
        ax.imshow(
            array, extent=(column - half[0], column + half[0], row + half[1], row - half[1]),
            interpolation="nearest",
        )  # fmt: skip
        said = None if predicted is None else _readable(predicted[index])
        label = said if labels is None else _readable(labels[index])
        wrong = said is not None and said != label
        text = f"{label} / {said}" if wrong else label
        if text is not None:
            ax.text(
                column, row - half[1] - 0.03, text, ha="center", va="bottom", fontsize=7,
                color=COLOURS[2] if wrong else "black",
            )  # fmt: skip
    ax.set_xlim(-0.55, columns - 0.45)
    ax.set_ylim(PITCH * (rows - 1) + 0.55, -0.7)
    ax.set_aspect("equal")
    ax.axis("off")
    return ax


def _readable(text):
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
