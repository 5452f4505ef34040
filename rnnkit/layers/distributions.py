"""The parameters of distributions of forecasts, and the level that those of counts start from."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from rnnkit.layers.config import Configured
from rnnkit.layers.forecast_blend import repeated
from rnnkit.layers.missing import of_targets
from rnnkit.layers.running_scale import SEASONS, STEPS, pooled, shifted
from rnnkit.utils.checks import one_of

# The parameters of each distribution beside its mean.
PARAMETERS = {
    "normal": ("deviation",),
    "student_t": ("scale", "freedom"),
    "poisson": (),
    "negative_binomial": ("dispersion",),
}
COUNTS = ("poisson", "negative_binomial")
# Counts, and steps, that a level has beside those that came: it is above 0.
HALF = 0.5
# Largest logarithm of a mean count over the level.
MOST = 10.0
# Smallest deviation, of the scale, and dispersion; and the smallest degrees of freedom, with which
# there is a variance.
LEAST, LEAST_FREEDOM = 1e-3, 2.0
# What softplus makes 1 of; and of what degrees of freedom begin with, about 5.
ONE, THREE = float(np.log(np.e - 1)), 3.0


@keras.saving.register_keras_serializable(package="rnnkit")
class CountLevel(Configured, keras.layers.Layer):
    """The mean count of late of some columns, and with a season of its step, above 0.

    The level is the mean over the last four seasons, or 32 steps where no season is known, with
    half a count more in half a step more. With a season it is multiplied by how the same step of
    the last four seasons, and once the level, are to it, to a power from 0 to 1 that is trained for
    each lead. So forecasts that are multiples of it learn nothing of the sizes of series: those of
    a million and of one share a network.

    Args:
        columns: For each target the input column that holds its present value.
        scale: For each target the factor, and
        offset: the summand, that turn its present value into counts.
        leads: Leads of the forecast.
        period: Steps in a season, or None.

    Call arguments:
        inputs: Tensor `(batch, time, features)`; NaN is not known.

    Output shape:
        `(batch, time, leads * targets)`.

    Example:

    >>> level = CountLevel([0], [1.0], [0.0], leads=2)
    >>> counts = np.array([[[0.0], [4.0], [2.0]]])
    >>> [round(float(each), 3) for each in level(counts)[0, :, 0]]
    [0.333, 1.8, 1.857]

    Reference:
        Salinas, Flunkert, Gasthaus and Januschowski, "DeepAR: probabilistic forecasting with
        autoregressive recurrent networks", 2020, https://doi.org/10.1016/j.ijforecast.2019.07.001,
        who scale by the mean of the whole window.
    """

    def __init__(self, columns, scale, offset, leads, period=None, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.columns, self.scale, self.offset = of_targets(columns, scale, offset)
        self.leads = int(leads)
        self.period = None if period is None else int(period)
        self.supports_masking = True

    def build(self, input_shape):
        if self.period:
            shape = (self.leads * len(self.columns),)
            self.season = self.add_weight(shape=shape, initializer="zeros", name="season")
        self.built = True

    def call(self, inputs):
        x = ops.take(inputs, np.array(self.columns), axis=-1)  # [batch, time, targets]
        known = ops.logical_not(ops.isnan(x))
        counts = ops.where(known, x, 0.0) * np.array(self.scale, "float32")
        counts = ops.round(counts + np.array(self.offset, "float32"))  # whole, beside larger ones
        counts = ops.maximum(counts, 0.0)
        known = ops.cast(known, counts.dtype)
        back = SEASONS * self.period if self.period else STEPS
        total, share = pooled(counts * known, back), pooled(known, back)
        level = (total + HALF / back) / (share + HALF / back)
        tiled = ops.tile(level, (1, 1, self.leads))
        if not self.period:
            return tiled
        total, count = level, ops.ones_like(level)
        for back in range(SEASONS):
            total = total + shifted(counts * known, back * self.period)[0]
            count = count + shifted(known, back * self.period)[0]
        season = total / count / level
        season = repeated(season, tf.range(tf.shape(x)[1]), self.leads, self.period)
        season = ops.reshape(season, ops.shape(tiled))
        return tiled * ops.exp(ops.sigmoid(self.season) * ops.log(season))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.leads * len(self.columns))


@keras.saving.register_keras_serializable(package="rnnkit")
class DistributionParameters(Configured, keras.layers.Layer):
    """The parameters of distributions, from what a network gives for each output.

    | likelihood | parameters, each `[outputs]` |
    | --- | --- |
    | `"normal"` | mean; standard deviation |
    | `"student_t"` | mean; scale; degrees of freedom, above 2 |
    | `"poisson"` | mean |
    | `"negative_binomial"` | mean m; dispersion a, with which the variance is m + a m ** 2 |

    Args:
        likelihood: Name of the distribution.

    The dispersion falls with the root of 1 + size from where the network puts it, as that of larger
    series mostly does; so has it DeepAR, see `CountLevel`.

    Call arguments:
        values: List of the mean (of counts the logarithm of the mean over the size), of the size
            that deviations (of counts means) are multiples of, and of a number for each further
            parameter; each `(batch, time, outputs)`.

    Output shape:
        `(batch, time, parameters * outputs)`.

    Example:

    >>> layer = DistributionParameters("poisson")
    >>> zero, size = np.zeros((1, 1, 2)), np.full((1, 1, 2), 3.0)
    >>> layer([zero, size]).numpy().tolist()
    [[[3.0, 3.0]]]
    """

    def __init__(self, likelihood, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.likelihood = one_of(likelihood, "likelihood", tuple(PARAMETERS))
        self.supports_masking = True

    def call(self, values):
        mean, size, *others = values
        if self.likelihood in COUNTS:
            mean = size * ops.exp(ops.clip(mean, -MOST, MOST))
            others = [(ops.softplus(each) + LEAST) / ops.sqrt(1 + size) for each in others]
        else:
            scale, *freedom = others
            others = [size * (ops.softplus(scale + ONE) + LEAST)]
            others += [LEAST_FREEDOM + ops.softplus(each + THREE) + LEAST for each in freedom]
        return ops.concatenate([mean, *others], axis=-1)

    def compute_mask(self, values, mask=None):
        return mask[0] if isinstance(mask, (list, tuple)) else mask

    def compute_output_shape(self, shapes):
        *steps, width = shapes[0]
        return (*steps, width * (1 + len(PARAMETERS[self.likelihood])))
