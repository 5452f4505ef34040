"""Searching a recipe's options with keras-tuner."""

from rnnkit.utils.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "RecipeHyperModel": ".hypermodel",
        "TrialTable": ".result",
        "TuningResult": ".result",
        "tune": ".run",
    },
)
