"""What ends a training whose numbers are no longer finite, and what to do about it."""

import math

import keras
import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded

PARTS = ("inputs", "targets", "sample weights")
# Encoded numbers beyond this are far from standardised.
LARGE = 1e4


class Diverged(ValueError):
    """Training led to a loss or weights that are NaN or infinite."""


class FiniteOnly(keras.callbacks.Callback):
    """Ends a training at the first step whose loss is NaN or infinite, and at the end of an epoch
    whose validation loss or weights are.

    It comes before what keeps or saves weights, so that they never see those of such an epoch.
    Keras hands the loss of every step to its callbacks as a number anyway, so that looking at it
    costs nothing.

    Attributes:
        good: The weights at the end of the last epoch, or from before the training.
        finished: Epochs that ended well.
    """

    def __init__(self):
        super().__init__()
        self.good = None
        self.finished = 0
        self._epoch = 0

    def on_train_begin(self, logs=None):
        self.good = self.model.get_weights()
        self.finished = 0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        loss = (logs or {}).get("loss")
        # That of the epoch so far: it stays so once it is.
        if loss is not None and not math.isfinite(loss):
            raise Diverged(
                f"The loss became {loss} at step {batch + 1} of epoch {self._epoch + 1} "
                f"(update {int(self.model.optimizer.iterations):,})"
            )

    def on_epoch_end(self, epoch, logs=None):
        for variable in self.model.trainable_variables:
            if not finite(variable):
                raise Diverged(f"Weights ({variable.path}) are not finite after epoch {epoch + 1}")
        loss = (logs or {}).get("val_loss")
        if loss is not None and not math.isfinite(loss):
            raise Diverged(f"The loss on the validation data is {loss} after epoch {epoch + 1}")
        self.good = self.model.get_weights()
        self.finished += 1


def finite(variable):
    """Whether all numbers of a variable are finite; those of integers are."""
    value = tf.convert_to_tensor(variable.value)
    return not value.dtype.is_floating or bool(tf.reduce_all(tf.math.is_finite(value)))


def mend(optimizer):
    """Sets to 0 what an optimizer holds that is not finite, so that training can go on with it."""
    for variable in optimizer.variables:
        if not finite(variable):
            variable.assign(keras.ops.zeros_like(variable))


def explained(error, model, data, kept):
    """A `Diverged` that also says what is likely and what helps.

    Args:
        error: The first `Diverged`.
        model: The model, its weights and learning rate as they were.
        data: The encoded training data.
        kept: Which weights the model has now, in words.
    """
    found = flaws(data, (model.input_feature, model.output_feature))
    rate, optimizer = float(model.optimizer.learning_rate), model.optimizer
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    if math.isfinite(rate):
        likely = [f"the learning rate of {rate:.3g} is too high: try {rate / 10:.3g}"]
        limits = (optimizer.clipnorm, optimizer.clipvalue, optimizer.global_clipnorm)
        if all(each is None for each in limits):
            likely.append("gradients are not limited: give the optimizer clipnorm=1.0")
        if model.dtype_policy.compute_dtype == "float16":
            likely.append("float16 ends at 65,504: use mixed_bfloat16 or float32")
    else:
        likely = [f"the learning rate is {rate}"]
    why = f"{'; '.join(found)}. Else likely: " if found else "Likely: "
    return Diverged(f"{error}. The model has {kept} again. {why}{'; '.join(likely)}")


def flaws(data, features):
    """What in encoded data can make a loss infinite, as a list of sentences without their stops.

    Args:
        data: `Encoded`, or data that streams, of which nothing is known.
        features: The features of inputs and targets, or None.
    """
    found = []
    if not isinstance(data, Encoded):
        return found
    for name, part, feature in zip(PARTS, data.tensors, (*features, None), strict=False):
        # Where the padding is NaN, the network knows what a NaN means.
        masked = feature is not None and np.isnan(np.float64(feature.padding))
        for tensor in tf.nest.flatten(part):
            rows, values = _rows(tensor)
            if values.dtype.kind != "f" or not values.size:
                continue
            values = np.abs(values.reshape(len(values), -1).astype("float64"))
            bad = (np.isinf(values) if masked else ~np.isfinite(values)).any(axis=1)
            if bad.any():
                index = int(rows[np.argmax(bad)])
                found.append(f"The {name} of example {index} hold NaN or infinite numbers")
            elif np.nanmax(values, initial=0.0) > LARGE:
                found.append(f"The {name} reach {np.nanmax(values):.3g}: scale them")
    return found


def _rows(tensor):
    """The rows of a tensor, ragged or not, as an array, and the example that each belongs to."""
    if not isinstance(tensor, tf.RaggedTensor):
        values = np.atleast_1d(tensor.numpy())
        return np.arange(len(values)), values
    rows = tensor.value_rowids().numpy()
    if isinstance(tensor.values, tf.RaggedTensor):
        inner, values = _rows(tensor.values)
        return rows[inner], values
    return rows, tensor.values.numpy()
