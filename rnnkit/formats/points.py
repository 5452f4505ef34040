"""Pen points of one piece of handwriting: x, y and whether the pen leaves the paper after it."""

import numpy as np


def parse(value):
    """Pen points in any form as an array.

    Args:
        value: A string `"x y up;x y up;..."`, or an array or list of rows `(x, y, up)`. `up` is 1
            at the last point of each stroke and 0 elsewhere. x grows to the right and y downwards,
            as on screens and tablets.

    Returns:
        float32 `[points, 3]`.

    Raises:
        ValueError: For fewer than two points, points that are not of three numbers, missing or
            infinite numbers, and a flag that is neither 0 nor 1. The message names the point.
    """
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        rows = [row.split() for row in value.strip().rstrip(";").split(";")]
        if rows == [[]]:
            rows = []
        _check_widths(rows)
    else:
        rows = value.numpy() if hasattr(value, "numpy") else value
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


def _check_widths(rows):
    for index, row in enumerate(rows):
        if not hasattr(row, "__len__") or len(row) != 3:
            raise ValueError(
                "points must have three numbers each: x, y and the pen-up flag. "
                f"Received: {str(row)[:60]} at point {index}"
            )
