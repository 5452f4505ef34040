"""Conformal intervals of a forecaster that is trained by gradient, kept as weights of a layer."""

import keras
import numpy as np
import tensorflow as tf
from scipy import stats

from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.models.forecast import held_out, intervals
from rnnkit.models.inputs.sequences import in_memory

# The weights of `rnnkit.layers.KnownErrors` that tell of intervals.
WEIGHTS = ("constant", "fraction", "scaled", "multiples")
# Pieces whose running scale is computed at a time.
AT_A_TIME = 256


class Conformal:
    """Methods of `rnnkit.models.Forecaster`, for a class before `Forecasting`.

    The class has the layers `"known_errors"` and, with `relative`, `"running_scale"`.
    """

    def keep_intervals(self, found):
        """Keeps what `held_out.intervals_of` gives; None for intervals of normal distributions."""
        layer = self.get_layer("known_errors")
        for name in WEIGHTS if layer.levels else ():
            variable = getattr(layer, name)
            variable.assign(np.zeros(variable.shape) if found is None else found[name])

    def intervals_of(self, pieces, outputs, truth):
        """What `held_out.intervals_of` gives, of the outputs of some pieces.

        Args:
            pieces: What `cut` gives.
            outputs: `[pieces, time, width]`.
            truth: The same, NaN where it is not known.
        """
        feature = self.output_feature
        scale = self._scale_of(pieces).reshape(-1, feature.size) if self.relative else None
        flat = (each.reshape(-1, feature.width) for each in (outputs, truth))
        return held_out.intervals_of(feature, *flat, scale, self.interval, pieces.series)

    def _scale_of(self, pieces):
        """The running scale of pieces, NumPy `[pieces, time, targets]`."""
        x = pieces.tensors[0].to_tensor(0.0)
        parts = range(0, len(x), AT_A_TIME)
        return np.concatenate([self._scales(x[start : start + AT_A_TIME]) for start in parts])

    def _scales(self, x):
        """The running scale at each step of encoded pieces `[pieces, time, features]`."""
        x = tf.where(tf.math.is_nan(x), tf.zeros_like(x), x)
        network = self.members[0] if self.members else self  # all have the same
        return network.get_layer("running_scale").scale_of(x)

    @property
    def _widths(self):
        """`(constant, fraction, scaled)` of the intervals, each NumPy `[width]`, and of which
        outputs they are known from validation data. For others the size of the errors stands."""
        layer, feature = self.get_layer("known_errors"), self.output_feature
        constant, fraction, scaled = (
            keras.ops.convert_to_numpy(getattr(layer, name)).astype("float64")
            for name in WEIGHTS[:3]
        )
        known = constant + fraction + scaled > 0
        unit = np.tile(feature.deviation if feature.normalize else 1.0, feature.width)
        normal = stats.norm.ppf(0.5 + self.interval / 2) * self.errors * unit[: feature.width]
        return (np.where(known, constant, normal), fraction, scaled), known

    def multiple_of(self, level):
        _, known = self._widths
        widths = keras.ops.convert_to_numpy(self.get_layer("known_errors").multiples)
        found = intervals.multiple_at(level, self.interval, widths)
        return np.where(known, found, super().multiple_of(level))

    def with_margins(self, x, batch_size=None):
        """Forecasts at every step, and half widths of their intervals.

        Args:
            x: As in `predict`.
            batch_size: As there.

        Returns:
            Two NumPy arrays `[series, time, width]`, in standardised units.
        """
        widths, known = self._widths
        data = self.prepare(x, targets=False)
        if not known.any():
            return super().with_margins(data, batch_size)
        data, feature = in_memory(data, "predict"), self.output_feature
        outputs = self.predict(data, batch_size)
        scale = np.zeros((*outputs.shape[:2], feature.size), "float32")
        if self.relative:
            pieces = self.cut(Encoded(data.tensors[:1], data.padding[:1]))
            scale = pieces.joined(self._scale_of(pieces))
        margins = np.empty_like(outputs)
        for row, *each in zip(margins, outputs, scale, strict=True):
            row[:] = intervals.margins(feature, widths, *each)
        return outputs, margins

    def served_ends(self, codes, lengths):
        with tf.init_scope():  # numbers, in a graph too
            widths, known = self._widths
        if not known.any():
            return super().served_ends(codes, lengths)

        def compute(inputs):
            outputs = self(inputs, training=False)
            if self.relative:
                return outputs, self._scales(inputs)
            return outputs, tf.zeros_like(outputs)[..., : self.output_feature.size]

        last, scale = (
            tf.cast(each[:, -1:].values, tf.float64) for each in self._read(compute, codes, lengths)
        )
        return last, intervals.margins(self.output_feature, widths, last, scale)
