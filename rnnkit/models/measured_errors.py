"""How large the errors of a model's outputs are, learned while it is trained."""

import keras
import numpy as np

from rnnkit.data.pipeline.encoded import Streamed
from rnnkit.losses.masked import OutputErrors

# Series that errors are measured on where the data does not end.
MEASURED = 64


def learn(model, errors):
    """Keeps root mean squared errors `[width]` in `known_errors`, where they are known."""
    errors = np.where(np.isfinite(errors), errors, model.errors)
    model.get_layer("known_errors").errors.assign(errors)


def measure(model, data):
    """Measures the errors on encoded data, where training did not.

    Args:
        model: A `ManyToMany` of numbers.
        data: `Encoded` or `Streamed` data with targets.
    """
    if isinstance(data, Streamed):
        data = model.prepare(data.dataset.take(MEASURED))
    metric = OutputErrors(model.output_feature.width)
    data = model._cut(data)
    metric.update_state(data.tensors[1].to_tensor(np.nan), model._pieces(data, None, verbose=0))
    learn(model, metric.root_mean_squares())


class Measuring(keras.callbacks.Callback):
    """Keeps the errors of each epoch, those on validation data where it knows the targets.

    Args:
        metric: The `OutputErrors` that the model is compiled with.
    """

    def __init__(self, metric):
        super().__init__()
        self.metric = metric
        self.trained = None

    def on_test_begin(self, logs=None):
        self.trained = self.metric.root_mean_squares()  # before validation resets them

    def on_epoch_end(self, epoch, logs=None):
        errors = self.metric.root_mean_squares()
        if self.trained is not None:
            errors = np.where(np.isnan(errors), self.trained, errors)
        learn(self.model, errors)
