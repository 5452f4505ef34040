"""Pictures with labels in npz files of arrays."""

import pathlib
import re

import numpy as np

from rnnkit.data.splits import SPLITS
from rnnkit.formats import archives, bounds, pictures
from rnnkit.formats.cells import missing
from rnnkit.formats.tables import Table

_KEY = re.compile(
    rf"^(?:(?P<first>{'|'.join(SPLITS)})_)?(?P<role>x|images?|y|labels?|captions?|texts?)"
    rf"(?:_(?P<last>{'|'.join(SPLITS)}))?$",
    re.IGNORECASE,
)
# Pictures that are written at a time.
CHUNK = 1000


def read_npz(path, what):
    """The pictures of an npz file by split.

    Args:
        path: Path of the file, with arrays `x` and `y`, or `x_train`, `y_train` and so on: pictures
            `[pictures, height, width]` or `[pictures, height, width, channels]` of whole numbers
            from 0 to 255, and one label each.
        what: `"label"` or `"text"`: what the labels are.

    Returns:
        Dict of split, or `"all"`, to a `Table` with the columns `image` (bytes of PNG files),
        `target` and `key`, which is the label, or for texts another one in each row.

    Raises:
        ValueError: For what cannot be read, or is no picture; the message has the position.
    """
    path = pathlib.Path(path)
    arrays = archives.read_npz(path)
    parts = {}
    for key, array in arrays.items():
        match = _KEY.match(key)
        if match:
            word = (match["first"] or match["last"] or "").lower()
            split = SPLITS[word] if word else "all"
            role = "image" if match["role"].lower().startswith(("x", "image")) else "label"
            parts.setdefault(split, {})[role] = array
    usable = {split: part for split, part in parts.items() if len(part) == 2}
    if not usable.keys() & {"all", "train"}:
        shapes = {key: array.shape for key, array in arrays.items()}
        raise ValueError(
            f"{path} must have the arrays x and y, or x_train and y_train, and so on. "
            f"Found: {shapes}"
        )
    return {
        split: _table(part["image"], part["label"], path, what) for split, part in usable.items()
    }


def _table(images, labels, path, what):
    one_each = labels.ndim in (1, 2) and labels.shape == (labels.size, 1)[: labels.ndim]
    if images.ndim not in (3, 4) or not one_each or len(images) != labels.size or not labels.size:
        raise ValueError(
            f"{path}: pictures [pictures, height, width(, channels)] and one label each are "
            f"expected. Received: shapes {images.shape} and {labels.shape}"
        )
    bounds.check_rows(str(path), len(images), images.nbytes, path.stat().st_size)
    labels = labels.ravel().tolist()
    for row, label in enumerate(labels):
        if missing(label) or (isinstance(label, str) and not label.strip()):
            raise ValueError(f"{path}: picture {row} has no {what}. Received: {label!r}")
    content = []
    for start in range(0, len(images), CHUNK):
        try:
            chunk = pictures.whole(images[start : start + CHUNK])
            content += pictures.encoded(chunk).numpy().tolist()
        except ValueError as error:
            last = min(start + CHUNK, len(images)) - 1
            raise ValueError(f"{path}, pictures {start} to {last}: {error}") from None
    keys = [str(label) for label in labels] if what == "label" else np.arange(len(labels)).tolist()
    columns = {"image": content, "target": labels, "key": keys}
    return Table(columns, range(len(labels)), str(path))
