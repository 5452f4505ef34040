"""What the generators of the embedded samples share. Nothing but Python is needed."""

import functools
import inspect
import random
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


def listed(text: str, separator: str | None = None) -> list[str]:
    """The entries of a list of words: between bars, or else commas, or else spaces."""
    separator = separator or next((mark for mark in "|," if mark in text), None)
    return [" ".join(entry.split()) for entry in text.split(separator) if entry.strip()]


class Chooser:
    """Chooses by `rng.random()` alone, whose numbers are the same in every version of Python."""

    def __init__(self, rng: random.Random):
        self.rng = rng

    def chance(self, rate: float) -> bool:
        return self.rng.random() < rate

    def pick(self, items):
        items = list(items)
        return items[int(self.rng.random() * len(items))]


def tenth_of(text: str) -> str:
    """The only split that a text may be in: 8 in 10 train, 1 validates, 1 tests."""
    return ("test", "validation", *["train"] * 8)[zlib.crc32(text.lower().encode()) % 10]


def split_of(text: str) -> str:
    """The only split that a text may be in: 6 in 8 train, 1 validates, 1 tests."""
    part = zlib.crc32(text.encode()) % 8
    return ("validation", "test")[part] if part < 2 else "train"
