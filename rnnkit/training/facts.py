"""What a model's file says of how it was trained."""

import os

import keras
import tensorflow as tf

import rnnkit
from rnnkit.data.partition import PARTS
from rnnkit.utils.messages import shorten

# Characters of a value that is no number, as it is kept.
MOST = 200


def facts_of(model, data, options=None, history=None):
    """How a model was trained, as plain values.

    Args:
        model: A `rnnkit.models.Model`.
        data: `rnnkit.data.Data` that it was trained with.
        options: Dict of the options that the user gave.
        history: Keras `History` of the training, or None.

    Returns:
        Dict of `data` (name of the source without its folder, None for embedded data), `sizes`,
        `options`, `epochs`, `validation` (the metrics at the epoch that was kept) and `versions`.
    """
    found = {
        "data": None if data.source is None else shorten(os.path.basename(str(data.source)), MOST),
        "sizes": {split: int(size) for split in PARTS if (size := data.sizes.get(split))},
        "options": {name: _plain(value) for name, value in (options or {}).items()},
        "versions": {
            "rnnkit": rnnkit.__version__,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
        },
    }
    if history is not None and history.epoch:
        found["epochs"] = len(history.epoch)
        found["validation"] = _kept(model, history.history)
    return found


def _kept(model, curves):
    """Metrics of the validation data at the epoch whose weights were kept."""
    from rnnkit.training.stopping import kept_epoch

    best = kept_epoch(model.fit_defaults, curves)
    if best is None:
        return {}
    return {
        name.removeprefix("val_"): float(each[best])
        for name, each in curves.items()
        if name.startswith("val_") and len(each) > best
    }


def _plain(value):
    if isinstance(value, (bool, int, float, type(None))):
        return value
    return shorten(value if isinstance(value, str) else repr(value), MOST)
