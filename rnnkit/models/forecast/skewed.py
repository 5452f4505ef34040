"""Forecasts whose distributions are not symmetric: of transformed values, or of a likelihood."""

import numpy as np

from rnnkit.metrics.forecasts import crps_quantiles


class Quantiles:
    """Methods of `rnnkit.models.forecasting.Forecasting`, for a class before it.

    What is not symmetric is asked for its quantiles in own units; what is for the half widths of
    its intervals, `with_margins` and `multiple_of`.
    """

    @property
    def symmetric(self):
        """Whether intervals are so in the targets' own units, with the forecast in their middle."""
        return self.output_feature.transform is None

    def distributions(self, x, batch_size=None):
        """What `quantile_of` needs of the forecasts at every step: NumPy `[series, time, numbers]`.

        Here they are the forecasts and the half widths of their intervals.

        Args:
            x: As in `predict`.
            batch_size: As there.
        """
        return np.concatenate(self.with_margins(x, batch_size), axis=-1)

    def point_of(self, numbers):
        """Point forecasts in own units, NumPy `[rows, horizon, targets]`, of rows that
        `distributions` gives `[rows, numbers]`."""
        middle, _ = np.split(np.asarray(numbers, "float64"), 2, axis=-1)
        return self._own_units(middle)

    def quantile_of(self, numbers, probability):
        """Quantiles in own units, as `point_of`."""
        middle, margin = np.split(np.asarray(numbers, "float64"), 2, axis=-1)
        multiple = self.multiple_of(abs(2 * probability - 1))
        return self._own_units(middle + np.sign(probability - 0.5) * margin * multiple)

    def _own_units(self, rows):
        feature = self.output_feature
        return feature.in_own_units(rows.reshape(-1, feature.horizon, feature.size))


def ends_of(model, numbers, level):
    """Both ends of the intervals that are to hold with a probability, in own units.

    Args:
        model: The model.
        numbers: What its `distributions` gives of some forecasts, `[rows, numbers]`.
        level: The probability.

    Returns:
        NumPy `[2, rows, horizon, targets]`.
    """
    tail = (1 - level) / 2
    return np.stack([model.quantile_of(numbers, each) for each in (tail, 1 - tail)])


def judged(model, raw, origins, truth, levels):
    """Forecasts from some origins of a series, and how they did.

    Args:
        model: The model.
        raw: The series `[time, raw_width]`.
        origins: Rows that each forecast knows, NumPy `[origins]`.
        truth: What came, `[origins, horizon, targets]`, NaN where it is not known.
        levels: Probabilities of other intervals.

    Returns:
        `(forecast, lower, upper, crps, ends)` in own units, the first four of the shape of the
        truth, the last `[levels, 2, origins, horizon, targets]`.
    """
    numbers = model.distributions([raw])[0, origins - 1]
    lower, upper = ends_of(model, numbers, model.interval)
    ends = np.stack([ends_of(model, numbers, each) for each in levels])
    crps = crps_quantiles(truth, lambda each: model.quantile_of(numbers, each))
    return model.point_of(numbers), lower, upper, crps, ends
