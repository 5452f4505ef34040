"""Decoding: from what a network says of each step to sequences."""

from rnnkit.utils.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Decoded": ".search",
        "Sampling": ".search",
        "ctc": ".ctc",
        "decode": ".search",
        "length_penalty": ".search",
    },
)
