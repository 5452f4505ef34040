"""The embedded samples: each with its generator, its card and its TFDS builder."""

from rnnkit.utils.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "builders": ".builders",
        "dynamics": ".dynamics",
        "letters": ".letters",
        "melodies": ".melodies",
        "morse": ".morse",
        "phrases": ".phrases",
    },
)
