"""What the generators of the embedded samples share. Nothing but Python is needed."""

import zlib


def check_split(split: str, sizes: dict[str, int]) -> None:
    """Raises a ValueError unless a sample has the split."""
    if split not in sizes:
        raise ValueError(f"`split` must be one of {', '.join(sizes)}. Received: split={split!r}")


def split_of(text: str) -> str:
    """The only split that a text may be in: 6 in 8 train, 1 validates, 1 tests."""
    share = zlib.crc32(text.encode()) % 8
    return ("validation", "test")[share] if share < 2 else "train"
