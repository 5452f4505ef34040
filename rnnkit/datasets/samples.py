"""What the generators of the embedded samples share. Nothing but Python is needed."""

import functools
import inspect
import zlib


def generator(function):
    """Makes a generator check its arguments when it is called rather than at its first example.

    `split` must be one of the `SIZES` of its module; `noise`, where it has one, 0 or more.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def generate(*args, **kwargs):
        given = signature.bind(*args, **kwargs).arguments
        split, noise, sizes = given["split"], given.get("noise", 0), function.__globals__["SIZES"]
        if split not in sizes:
            known = ", ".join(sizes)
            raise ValueError(f"`split` must be one of {known}. Received: split={split!r}")
        if noise < 0:
            raise ValueError(f"`noise` must be 0 or more. Received: noise={noise!r}")
        return function(*args, **kwargs)

    return generate


def split_of(text: str) -> str:
    """The only split that a text may be in: 6 in 8 train, 1 validates, 1 tests."""
    part = zlib.crc32(text.encode()) % 8
    return ("validation", "test")[part] if part < 2 else "train"
