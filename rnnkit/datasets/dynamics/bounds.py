"""Where a series starts, and whether it stays bounded."""

import numpy as np


def start(initial, size, seed):
    """The start [size], moved by up to 0.1 where there is a seed."""
    start = np.asarray(initial, "float64")
    if start.shape != (size,) or not np.isfinite(start).all():
        wanted = f"{size} finite numbers" if size > 1 else "a finite number"
        raise ValueError(f"initial must be {wanted}. Received: {initial!r}")
    return start if seed is None else start + np.random.default_rng(seed).uniform(-0.1, 0.1, size)


def finite(series, names):
    if not np.isfinite(series).all():
        first = int(np.argmin(np.isfinite(series).all(axis=1)))
        raise ValueError(
            f"{names} must be such that the series stays bounded; it left all bounds. "
            f"Received: a series that is not finite from row {first} on"
        )
    return series
