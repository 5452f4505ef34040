"""Pen points of one piece of handwriting: x, y and whether the pen leaves the paper after it."""

import numpy as np

from rnnkit.formats import inkml, json_rows
from rnnkit.utils.messages import shorten


def parse(value):
    """Pen points in any form as an array.

    Args:
        value: A string `"x y up;x y up;..."`, or an array or list of rows `(x, y, up)`. `up` is 1
            at the last point of each stroke and 0 elsewhere. Or a list of strokes, each an array
            or list of points `(x, y)`, or of all x and all y, `[[x, x, ...], [y, y, ...]]`; that
            as JSON; or the path of an InkML file (`.inkml`). x grows to the right and y downwards,
            as on screens and tablets.

    Returns:
        float32 `[points, 3]`.

    Raises:
        ValueError: For fewer than two points, points that are not of three numbers, missing or
            infinite numbers, and a flag that is neither 0 nor 1. The message names the point. For
            strokes that may be points or rows of x and y.

    Example:

    >>> parse([[(0, 0), (1, 2)], [(3, 0)]]).tolist()
    [[0.0, 0.0, 0.0], [1.0, 2.0, 1.0], [3.0, 0.0, 1.0]]
    """
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str) and value.strip().lower().endswith(inkml.SUFFIX):
        value = of_strokes(inkml.read(value.strip())[0])
    elif isinstance(value, str) and value.strip()[:1] == "[":
        value = json_rows.parse(value, "the points")
    value = value.numpy() if hasattr(value, "numpy") else value
    if _are_strokes(value):
        value = of_strokes(_told(value))
    if isinstance(value, str):
        rows = [row.split() for row in value.strip().rstrip(";").split(";")]
        if rows == [[]]:
            rows = []
        _check_widths(rows)
    else:
        rows = value
        if isinstance(rows, (list, tuple)):
            _check_widths(rows)
    try:
        with np.errstate(over="ignore"):  # what is infinite is found below
            points = np.asarray(rows, "float32")
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"points must be numbers. Received: {str(value)[:60]} ({error})") from None
    if points.size == 0:
        points = points.reshape(0, 3)
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(
            "points must be of shape (points, 3): x, y and the pen-up flag. "
            f"Received: an array of shape {points.shape}"
        )
    check(points)
    return points


def check(points):
    """Raises a ValueError unless float `[points, 3]` are pen points; see `parse`."""
    if len(points) < 2:
        raise ValueError(f"there must be at least two points. Received: {len(points)}")
    for bad, wanted in (
        (~np.isfinite(points).all(axis=1), "finite numbers"),
        (~np.isin(points[:, 2], (0, 1)), "a pen-up flag of 0 or 1"),
    ):
        if bad.any():
            index = int(np.argmax(bad))
            raise ValueError(
                f"points must have {wanted}. Received: {points[index].tolist()} at point {index}"
            )


def _are_strokes(value):
    """Whether a value is a list of strokes, rather than of points."""
    if isinstance(value, np.ndarray):
        return value.ndim == 3 or (value.dtype == object and _are_strokes(value.tolist()))
    if not isinstance(value, (list, tuple)) or not value:
        return False
    return all(
        isinstance(each, (list, tuple, np.ndarray)) and len(each) and np.ndim(each[0])
        for each in value
    )


def of_strokes(strokes):
    """Strokes, arrays of points `[points, 2]`, as rows `(x, y, up)`, float64 `[points, 3]`."""
    ups = [np.eye(1, len(stroke), len(stroke) - 1)[0] for stroke in strokes]
    return np.column_stack([np.concatenate(strokes), np.concatenate(ups)])


def _told(strokes):
    """Strokes in either form as arrays of points `[points, 2]`."""
    arrays = []
    for index, stroke in enumerate(strokes):
        try:
            arrays.append(np.asarray(stroke, "float64"))
        except (TypeError, ValueError):
            raise ValueError(
                f"a stroke must be a list of points (x, y). Received: {shorten(stroke, 80)} at "
                f"stroke {index}"
            ) from None
    shapes = [array.shape for array in arrays]
    points = all(len(shape) == 2 and shape[1] == 2 for shape in shapes)
    columns = all(len(shape) == 2 and shape[0] == 2 for shape in shapes)
    if points and columns:
        raise ValueError(
            f"strokes of two points each, of which {shorten(arrays[0].tolist())} may be two points "
            "(x, y), or both x and both y: pass rows (x, y, up)"
        )
    if not points and not columns:
        index = next(i for i, shape in enumerate(shapes) if len(shape) != 2 or shape[1] != 2)
        raise ValueError(
            "strokes must be lists of points (x, y), or of all x and all y, without other numbers. "
            f"Received: an array of shape {shapes[index]} at stroke {index}"
        )
    return arrays if points else [array.T for array in arrays]


def _check_widths(rows):
    for index, row in enumerate(rows):
        if not hasattr(row, "__len__") or len(row) != 3:
            raise ValueError(
                "points must have three numbers each: x, y and the pen-up flag. "
                f"Received: {str(row)[:60]} at point {index}"
            )
