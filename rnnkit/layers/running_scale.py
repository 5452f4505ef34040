"""Series relative to what they were, over how much they changed of late; and forecasts back."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from rnnkit.layers.config import Configured
from rnnkit.layers.forecast_blend import repeated

# Seasons, or steps where none is known, that the running scale looks back.
SEASONS, STEPS = 4, 32
# Of the mean distance from the running mean, what the scale has at least; and at all.
LEAST_OF_SPREAD, LEAST = 0.1, 1e-4
# Largest relative value: beyond it a jump is a jump.
MOST = 10.0
# Largest standardised level that is told from larger ones.
HIGHEST = 2.0


@keras.saving.register_keras_serializable(package="rnnkit")
class RunningScale(Configured, keras.layers.Layer):
    """Series relative to what they were, over how much they changed of late.

    Of each column there are four features: how far it is from its last value, from its mean over
    the last season, and from its value one season before, all over the running scale; and its
    level, cut off at two standard deviations. The scale is the mean change from one season to the
    next over the last four. So levels and sizes that training did not see do no harm.

    Nothing depends on later steps. What lies before the series, or before the piece of it, does
    not count; where there is nothing yet the features are 0.

    Args:
        columns: Number of columns of values, the first inputs of a step.
        targets: For each target the column that holds its present value.
        scale: For each target the factor, and
        offset: the summand, that turn its present value into the unit of the outputs.
        leads: Leads of the forecast.
        period: Steps in a season, or None.

    Call arguments:
        inputs: Tensor `(batch, time, features)` without NaN.

    Output shape:
        The features `(batch, time, 4 * columns + others)`; the naive forecasts that repeat the last
        value, and the last season, each `(batch, time, leads * targets)`; and the running scale of
        the targets `(batch, time, leads * targets)`. All but the features in the unit of the
        outputs.

    Example:

    >>> layer = RunningScale(1, [0], [1.0], [0.0], leads=2, period=2)
    >>> x = np.array([1.0, 3.0, 2.0, 4.0, 3.0, 5.0]).reshape(1, 6, 1)
    >>> features, last, season, size = layer(x)
    >>> [each[0, -1].numpy().round(1).tolist() for each in (last, season)]
    [[5.0, 5.0], [3.0, 5.0]]
    """

    def __init__(self, columns, targets, scale, offset, leads, period=None, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.columns = int(columns)
        self.targets = [int(column) for column in targets]
        self.scale = [float(value) for value in scale]
        self.offset = [float(value) for value in offset]
        self.leads = int(leads)
        self.period = None if period is None else int(period)
        self.supports_masking = True

    def _changes(self, x):
        """How far columns `[batch, time, columns]` are from a season before, their mean over the
        last season, and the running scale, each of this shape."""
        season = self.period or 1
        before, known = shifted(x, season)
        changes = (x - before) * known
        back = SEASONS * season if self.period else STEPS
        middle = _running_mean(x, ops.ones_like(x), season if self.period else STEPS)
        spread = _running_mean(ops.abs(x - middle), ops.ones_like(x), back)
        size = _running_mean(ops.abs(changes), known, back)
        return changes, middle, size + LEAST_OF_SPREAD * spread + LEAST

    def _of_targets(self, size):
        """The running scale of the targets, in the unit of the outputs."""
        scale = np.abs(np.array(self.scale, self.compute_dtype))
        return ops.take(size, np.array(self.targets), axis=-1) * scale

    def scale_of(self, inputs):
        """The running scale of the targets alone, `(batch, time, targets)`."""
        x = ops.cast(inputs[..., : self.columns], self.compute_dtype)
        return self._of_targets(self._changes(x)[-1])

    def call(self, inputs):
        x, season = inputs[..., : self.columns], self.period or 1
        changes, middle, size = self._changes(x)
        last, any_last = shifted(x, 1)
        parts = [(x - last) * any_last, x - middle, changes]
        parts = [ops.clip(part / size, -MOST, MOST) for part in parts]
        parts.append(ops.clip(x, -HIGHEST, HIGHEST))
        features = ops.concatenate([*parts, inputs[..., self.columns :]], axis=-1)

        index = np.array(self.targets)
        scale, offset = (np.array(each, self.compute_dtype) for each in (self.scale, self.offset))
        present = ops.take(x, index, axis=-1) * scale + offset  # [batch, time, targets]
        persistence = ops.tile(present, (1, 1, self.leads))
        seasonal = repeated(present, tf.range(tf.shape(x)[1]), self.leads, season)
        seasonal = ops.reshape(seasonal, ops.shape(persistence))
        size = ops.tile(self._of_targets(size), (1, 1, self.leads))
        return features, persistence, seasonal, size

    def compute_mask(self, inputs, mask=None):
        return (mask,) * 4

    def compute_output_shape(self, input_shape):
        *steps, width = input_shape
        outputs = (*steps, self.leads * len(self.targets))
        return (*steps, width + 3 * self.columns), outputs, outputs, outputs


@keras.saving.register_keras_serializable(package="rnnkit")
class AddNaive(Configured, keras.layers.Layer):
    """Forecasts from relative changes and naive forecasts.

    The forecast of the network is a mean of the two naive ones, whose weights are trained, and the
    change times the running scale. What comes out is the weighted mean of that and of the naive
    forecasts. These weights are not trained by gradient; at first the network alone counts.

    Call arguments:
        values: The changes `(batch, time, outputs)`, and what a `RunningScale` gives beside the
            features: persistence, seasonal and scale, the same.

    Output shape:
        That of the changes.
    """

    def __init__(self, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, shapes):
        width = shapes[0][-1]
        self.season = self.add_weight(shape=(width,), initializer="zeros", name="season")
        # Of the network, of persistence, and of the seasonal naive forecast.
        self.shares = self.add_weight(
            shape=(3, width), initializer=_first_alone, trainable=False, name="shares"
        )
        self.built = True

    def call(self, values):
        change, persistence, seasonal, size = values
        part = ops.sigmoid(self.season)
        network = persistence + part * (seasonal - persistence) + size * change
        members = (network, persistence, seasonal)
        return sum(self.shares[index] * each for index, each in enumerate(members))

    def compute_mask(self, values, mask=None):
        return mask[0] if isinstance(mask, (list, tuple)) else mask

    def compute_output_shape(self, shapes):
        return shapes[0]


def _first_alone(shape, dtype=None):
    """Weights of 1 for the first of some members, 0 for the others."""
    first = np.zeros(shape)
    first[0] = 1.0
    return ops.convert_to_tensor(first, dtype)


def shifted(x, steps):
    """Values so many steps before `[batch, time, columns]`, 0 where there are none, and whether
    there are, 1 or 0."""
    padding = [[0, 0], [steps, 0], [0, 0]]
    size = ops.shape(x)[1]
    return ops.pad(x, padding)[:, :size], ops.pad(ops.ones_like(x), padding)[:, :size]


def _running_mean(x, known, steps):
    """Mean over the last steps of what is known `[batch, time, columns]`, 0 where nothing is."""
    count = pooled(known, steps)
    return ops.where(count > 0, pooled(x * known, steps) / ops.maximum(count, 0.5 / steps), 0.0)


def pooled(values, steps):
    """Mean over so many last steps `[batch, time, columns]`, of 0 before the first."""
    padded = ops.pad(values, [[0, 0], [steps - 1, 0], [0, 0]])
    return ops.average_pool(padded, steps, 1, "valid", "channels_last")
