"""rnnkit: recurrent networks for Keras.

A model is a pattern × two features × a cell. A recipe is a model with its data, its scores and
its search space. See `rnnkit.models`, `rnnkit.features`, `rnnkit.layers` and the package `recipes`.
"""

from rnnkit._lazy import attach

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "balanced_losses": ".balanced_losses",
        "callbacks": ".callbacks",
        "class_metrics": ".class_metrics",
        "data": ".data",
        "decoding": ".decoding",
        "diagnostics": ".diagnostics",
        "features": ".features",
        "layers": ".layers",
        "likelihood": ".likelihood",
        "metrics": ".metrics",
        "models": ".models",
        "music": ".music",
        "music_metrics": ".music_metrics",
        "optimizers": ".optimizers",
        "plots": ".plots",
        "retrieval": ".retrieval",
        "rewards": ".rewards",
        "saving": ".saving",
        "tag_metrics": ".tag_metrics",
        "text_metrics": ".text_metrics",
        "tuning": ".tuning",
        "Recipe": ".recipe",
        "compare": ".comparison",
        "load_model": ".saving",
    },
)
