"""How an `EchoStateForecaster` forecasts: at all steps, or at the last one alone."""

import itertools

import numpy as np
import tensorflow as tf

from rnnkit.models.forecast import intervals
from rnnkit.models.windows import as_ragged, series_of

# Steps computed at a time.
STEPS = 2048
# Series from which on it takes longer to compute step by step, or one by one, than to compile that.
MANY = 50
# Values in the windows of the series that are computed at a time.
MOST_VALUES = 2_000_000


class Running:
    """Forecasts of a fitted model, and half widths of their intervals.

    Args:
        model: An `EchoStateForecaster`.
    """

    def __init__(self, model):
        self.model = model
        self.layers, self.mixture = model.forecasts, model.mixture
        self.feature = model.output_feature
        # Steps after the last one that are read, of what is known ahead.
        self.beyond = self.feature.horizon if model.input_feature.future else 0
        with tf.init_scope():  # numbers, in a graph too
            shares = self.mixture.weights_of_mean.numpy()[: len(self.layers)]
            # Which layers count, and whether members do by what they did of late in a series.
            self.used = tuple(shares.any(axis=1).tolist())
            self.adaptive = bool(self.mixture.adaptive.numpy() > 0)

    @property
    def reach(self):
        """Steps up to the present one that matter for a forecast."""
        own = self.mixture.reach if self.adaptive else 0
        return max(self.layers[0].window + int(self.mixture.back[-1]), own)

    def members(self, inputs, back=None):
        """Forecasts of each layer, the present values, and the windows' own scales.

        What does not count is not computed: another stands in for it.
        """
        found = [self.layers[0](inputs, back=back)]
        for layer, counts in zip(self.layers[1:], self.used[1:], strict=True):
            found.append(layer(inputs, back=back) if counts else found[0])
        *_, (_, present, size) = found
        return [forecast for forecast, *_ in found], present, size

    def blended(self, inputs):
        """Forecasts at all steps `[batch, time, horizon * targets]`, and mean errors of late."""
        return self.bounded(*self.mixture(*self.members(inputs)))

    def bounded(self, forecasts, errors):
        """The pair of forecasts, none below the minimum, and mean errors of late."""
        least = tf.constant(self.feature.least, forecasts.dtype)
        return tf.maximum(forecasts, least), errors

    def steps(self, series, start, stop):
        """Outputs at some steps of an encoded series `[time, features]`, and half widths of their
        intervals, each `[steps, horizon * targets]`."""
        before = self.reach - 1
        first = 0 if start <= 2 * before else start - before
        run = self.model.compiled_functions.get(("steps", self.used), self.blended)
        found, errors = (
            each[0, start - first : stop - first].numpy()
            for each in run(tf.constant(series[None, first : stop + self.beyond]))
        )
        margins = self.margins(found, errors).numpy()
        if self.beyond:
            for each in (found, margins):
                each[max(len(series) - self.beyond - start, 0) :] = np.nan
        return found, margins

    def last(self, series):
        """Outputs at the last step of each encoded series, and half widths of their intervals, each
        `[series, horizon * targets]`."""
        adaptive = self.adaptive

        def compute(inputs):
            forecasts, present, size = self.members(inputs, self.mixture.back)
            present = present[:, : tf.shape(present)[1] - self.beyond]
            if adaptive:
                return self.bounded(*self.mixture.adapted(forecasts, present, size, back=True))
            return self.bounded(*self.mixture.fixed(forecasts, present, back=True))

        run = self.model.compiled_functions.get(("last", adaptive, self.used), compute)
        # What lies further back does not matter.
        needed = self.reach + self.beyond
        series = [each[-needed:] for each in series]
        outputs, errors = [None] * len(series), [None] * len(series)
        for rows in self.batches(series):
            found = run(tf.constant(np.stack([series[row] for row in rows])))
            for row, *parts in zip(rows, *(each[:, 0].numpy() for each in found), strict=True):
                outputs[row], errors[row] = parts
        outputs = np.stack(outputs)
        return outputs, self.margins(outputs, np.stack(errors)).numpy()

    def batches(self, series):
        """Positions of series of equal length `[time, features]`, some at a time."""
        order = np.argsort([len(each) for each in series], kind="stable")
        size = MOST_VALUES // (len(self.mixture.back) * self.layers[0].window * series[0].shape[1])
        size = size if len(series) >= MANY else 1  # so that few are as each alone, to the bit
        for _, group in itertools.groupby(order, key=lambda row: len(series[row])):
            group = list(group)
            for start in range(0, len(group), max(size, 1)):
                yield group[start : start + max(size, 1)]

    # === Intervals ===

    def margins(self, outputs, errors):
        """Half widths of intervals from outputs `[rows, width]` and mean errors of late
        `[rows, targets]`, of this shape: a tensor of float64."""
        with tf.init_scope():  # numbers, in a graph too
            scaled = self.mixture.scaled.numpy()
        nothing = np.zeros_like(scaled)
        return intervals.margins(self.feature, (nothing, nothing, scaled), outputs, errors)


def one_by_one(data):
    """The encoded inputs of each series, without the padding after its end: NumPy arrays."""
    return series_of(as_ragged(data.tensors[0]))
