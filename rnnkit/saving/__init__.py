"""Loading model files, each checked before anything in it is built."""

from rnnkit.saving.loading import load_model

__all__ = ["load_model"]
