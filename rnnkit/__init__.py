"""rnnkit: recurrent networks for Keras.

A model is a pattern × two features × a cell. A recipe is a model with its data, its scores and
its search space. See `rnnkit.models`, `rnnkit.features`, `rnnkit.layers` and the package `recipes`.
"""

from rnnkit.utils.lazy import attach
from rnnkit.utils.pictures import register_plots
from rnnkit.utils.registration import register_with_keras
from rnnkit.utils.start_up import quiet_start

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "comparison": ".comparison",
        "data": ".data",
        "datasets": ".datasets",
        "decoding": ".decoding",
        "diagnostics": ".diagnostics",
        "features": ".features",
        "formats": ".formats",
        "layers": ".layers",
        "losses": ".losses",
        "metrics": ".metrics",
        "models": ".models",
        "plots": ".plots",
        "saving": ".saving",
        "training": ".training",
        "tuning": ".tuning",
        "Recipe": ".recipe",
        "card": ".diagnostics",
        "compare": ".comparison",
        "load_model": ".saving",
    },
)

register_plots("rnnkit.plots")  # what results draw themselves with
register_with_keras()  # so that keras.models.load_model finds rnnkit's classes
quiet_start()  # whichever of rnnkit's modules imports TensorFlow first
