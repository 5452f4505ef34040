"""Loss and metric of forecasts that are distributions."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from rnnkit.layers.distributions import COUNTS, PARAMETERS
from rnnkit.losses.masked import MeanOfKnown, OutputErrors, is_number
from rnnkit.utils.checks import one_of


@keras.saving.register_keras_serializable(package="rnnkit")
class NegativeLogLikelihood(MeanOfKnown):
    """Negative log-likelihood, in nats, of the targets that are not NaN.

    Of counts it is that of the counts themselves, of others that of the standardised values.

    Args:
        likelihood: Name of the distribution; see `rnnkit.layers.DistributionParameters`.
        scale: Of counts, the factors, and
        offset: the summands, that turn standardised targets into counts, `[width]`; None for 1
            and 0.

    Call arguments:
        y_true: Targets `[batch, time, width]`, NaN where not known.
        y_pred: Parameters `[batch, time, parameters * width]`.
        sample_weight: Weights `[batch]` or `[batch, time]`, or None.

    Returns:
        A scalar; 0 where no target is known.

    Example:

    >>> loss = NegativeLogLikelihood("poisson")
    >>> round(float(loss([[[2.0]]], [[[3.0]]])), 4)  # 3 - 2 ln 3 + ln 2!
    1.4959
    """

    def __init__(
        self, likelihood, scale=None, offset=None, name="negative_log_likelihood", dtype=None
    ):
        super().__init__(name, dtype)
        self.likelihood = one_of(likelihood, "likelihood", tuple(PARAMETERS))
        self.scale, self.offset = _floats(scale), _floats(offset)

    def known(self, y_true):
        return is_number(y_true)

    def values(self, y_true, y_pred):
        mean, *others = ops.split(y_pred, 1 + len(PARAMETERS[self.likelihood]), axis=-1)
        # What is not known is replaced before anything is made of it: a NaN that is only masked
        # afterwards would still reach the gradient.
        truth = ops.where(is_number(y_true), ops.cast(y_true, y_pred.dtype), 0.0)
        if self.likelihood in COUNTS:
            if self.scale is not None:
                truth = truth * np.array(self.scale, "float32") + np.array(self.offset, "float32")
            truth = ops.maximum(ops.round(truth), 0.0)
            return _of_counts(truth, mean, *others)
        z = (truth - mean) / others[0]
        if self.likelihood == "normal":
            return 0.5 * ops.square(z) + ops.log(others[0]) + 0.5 * float(np.log(2 * np.pi))
        half = others[1] / 2
        return (
            tf.math.lgamma(half)
            - tf.math.lgamma(half + 0.5)
            + 0.5 * ops.log(2 * np.pi * half)
            + ops.log(others[0])
            + (half + 0.5) * ops.log1p(ops.square(z) / others[1])
        )

    def get_config(self):
        own = {"likelihood": self.likelihood, "scale": self.scale, "offset": self.offset}
        return {**super().get_config(), **own}


def _of_counts(truth, mean, dispersion=None):
    """Nats of counts under a Poisson or a negative binomial distribution."""
    # In double precision: differences of large logarithms.
    truth, mean = tf.cast(truth, tf.float64), tf.cast(mean, tf.float64)
    if dispersion is None:
        nats = mean - truth * tf.math.log(mean) + tf.math.lgamma(truth + 1)
        return tf.cast(nats, tf.float32)
    dispersion = tf.cast(dispersion, tf.float64)
    size = 1 / dispersion
    nats = (
        tf.math.lgamma(size)
        + tf.math.lgamma(truth + 1)
        - tf.math.lgamma(truth + size)
        + (size + truth) * tf.math.log1p(dispersion * mean)
        - truth * tf.math.log(dispersion * mean)
    )
    return tf.cast(nats, tf.float32)


@keras.saving.register_keras_serializable(package="rnnkit")
class MeanErrors(OutputErrors):
    """As `OutputErrors`, of the means of distributions.

    Args:
        outputs: Numbers in a step of the targets.
        scale, offset: As in `NegativeLogLikelihood`.
    """

    def __init__(self, outputs, scale=None, offset=None, name="mean_absolute_error", dtype=None):
        super().__init__(outputs, name, dtype)
        self.scale, self.offset = _floats(scale), _floats(offset)

    def update_state(self, y_true, y_pred, sample_weight=None):
        mean = ops.convert_to_tensor(y_pred)[..., : self.outputs]
        if self.scale is not None:
            mean = (mean - np.array(self.offset, "float32")) / np.array(self.scale, "float32")
        super().update_state(y_true, mean, sample_weight)

    def get_config(self):
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


def _floats(values):
    return None if values is None else [float(each) for each in values]
