"""Loading model files, each checked before anything in it is built."""

from rnnkit.saving.loading import load_model
from rnnkit.utils.lazy import listing

__all__ = ["load_model"]
__dir__ = listing(__name__, __all__)
