"""Raw examples as a person reads them."""

import numpy as np

from rnnkit.utils.messages import shorten
from rnnkit.utils.tables import ResultTable

# Characters of a text, numbers of an array.
MOST, NUMBERS = 120, 6


class Examples(ResultTable):
    """Raw examples, a row each: dicts of `input` and `target`, as texts.

    Example:

    >>> Examples([{"input": "a delight", "target": "positive"}])
    input      target
    a delight  positive
    """

    COLUMNS = {"input": "", "target": ""}


def peek(dataset, count):
    """The first examples of a dataset of raw `(x, y)`, or of raw texts alone, as `Examples`."""
    rows = []
    for example in dataset.take(count):
        parts = example if isinstance(example, tuple) else (example,)
        shown = [_shown(part) for part in parts[:2]]
        rows.append(dict(zip(("input", "target"), (*shown, "")[:2], strict=True)))
    return Examples(rows)


def _shown(value):
    """A raw value as a text: texts as they are, arrays by their shape and first numbers."""
    value = value.numpy() if hasattr(value, "numpy") else value
    if isinstance(value, bytes):
        try:
            return shorten(value.decode("utf-8"), MOST)
        except UnicodeDecodeError:  # a picture, or sound
            return f"{len(value):,} bytes"
    array = np.asarray(value)
    if array.dtype.kind in "OS":
        words = (each.decode("utf-8", "replace") for each in array.ravel()[:MOST].tolist())
        return shorten(" ".join(words), MOST)
    if array.ndim == 0:
        return f"{array.item():.6g}" if array.dtype.kind == "f" else str(array.item())
    first = " ".join(f"{each:.4g}" for each in array.ravel()[:NUMBERS].tolist())
    more = " ..." if array.size > NUMBERS else ""
    return f"{array.dtype.name} {list(array.shape)}: {first}{more}"
