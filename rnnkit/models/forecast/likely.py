"""Forecasts that are distributions, whose parameters a network gives at each lead."""

import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.features import Forecast
from rnnkit.features.columns import flat_rows
from rnnkit.features.conversion import asserted
from rnnkit.layers.distributions import COUNTS, PARAMETERS
from rnnkit.models.forecast import distributions
from rnnkit.models.inputs.sequences import in_memory
from rnnkit.utils.checks import one_of

# What single precision may add to a count, of its size, and of the largest.
ROUNDING = 1e-3


def check_likelihood(likelihood, feature, ensemble):
    """Refuses what no likelihood can be of.

    Args:
        likelihood: The argument of that name, or None.
        feature: The output feature.
        ensemble: The argument of that name.
    """
    if likelihood is None:
        return
    one_of(likelihood, "likelihood", tuple(PARAMETERS))
    if not isinstance(feature, Forecast):
        raise ValueError(
            "likelihood is the distribution of forecasts, of a model whose output is a Forecast. "
            f"Received: likelihood={likelihood!r} with a target of {type(feature).__name__}"
        )
    if ensemble != 1:
        raise ValueError(
            "likelihood needs one network: the mean of the parameters of several is not that of "
            f"their distributions. Received: likelihood={likelihood!r} with ensemble={ensemble!r}"
        )
    if likelihood in COUNTS and feature.transform is not None:
        raise ValueError(
            'likelihood of counts takes them as they are, with transform=None, "none" of a recipe. '
            f"Received: likelihood={likelihood!r} with transform={feature.transform!r}"
        )


class Likely:
    """Methods of `rnnkit.models.Forecaster`, for a class before `Conformal`.

    Without a `likelihood` they are those of the classes behind.
    """

    @property
    def counts(self):
        """Whether the distributions are of counts."""
        return self.likelihood in COUNTS

    # === Data ===

    def _check(self, raw, encoded):
        super()._check(raw, encoded)
        if not self.counts or len(raw) < 2:
            return
        rows, splits = flat_rows(raw[1])
        with np.errstate(invalid="ignore"):
            bad = (rows < 0) | (rows % 1 > 0)  # not where it is not known
        if bad.any():
            step = int(np.argmax(bad.any(axis=1)))
            column = int(np.argmax(bad[step]))
            series = int(np.searchsorted(splits, step, side="right")) - 1
            raise ValueError(
                f"likelihood={self.likelihood!r} is of counts, whole numbers of at least 0. "
                f"Received: {rows[step, column]:g} at series {series}, row "
                f"{step - int(splits[series])}, column {self.output_feature.names[column]!r} "
                f"({int(bad.sum())} such in all). For other numbers give likelihood='normal' or "
                "'student_t'; counts that were divided by something are counts again when "
                "multiplied by it"
            )

    def _guard(self, encoded):
        encoded = super()._guard(encoded)
        if not self.counts or len(encoded) < 2:
            return encoded
        feature, targets = self.output_feature, encoded[1]
        rows = targets.flat_values if isinstance(targets, tf.RaggedTensor) else targets
        rows = tf.cast(rows, tf.float64)
        if feature.normalize:
            rows = rows * np.tile(feature.deviation, feature.horizon)
            rows += np.tile(feature.mean, feature.horizon)
        sound = tf.math.is_nan(rows) | (rows > -ROUNDING)
        off = tf.abs(rows - tf.round(rows)) > ROUNDING * (1 + 1e-3 * tf.abs(rows))
        message = f"likelihood={self.likelihood!r} is of counts, and the data holds other targets"
        checked = asserted(targets, sound & ~off, message)
        return (encoded[0], checked, *encoded[2:])

    # === Outputs ===

    def _outputs_of(self, pieces, batch_size, **kwargs):
        outputs = super()._outputs_of(pieces, batch_size, **kwargs)
        return outputs if self.likelihood is None else self.means_of(outputs)

    def means_of(self, parameters):
        """The means in standardised units `[..., width]` of parameters of distributions."""
        feature = self.output_feature
        means = parameters[..., : feature.width]
        if self.counts:
            counts = means.reshape(*means.shape[:-1], feature.horizon, feature.size)
            means = feature.standardise(counts).reshape(means.shape)
        return np.maximum(means, feature.least).astype(parameters.dtype)

    # === Distributions ===

    @property
    def symmetric(self):
        return self.likelihood is None and super().symmetric

    def distributions(self, x, batch_size=None):
        """What `quantile_of` needs of the forecasts at every step: NumPy `[series, time, numbers]`.

        With a `likelihood` these are the parameters of the distributions, see
        `rnnkit.layers.DistributionParameters`: of counts in counts, else in standardised units.

        Args:
            x: As in `predict`.
            batch_size: As there.
        """
        if self.likelihood is None:
            return super().distributions(x, batch_size)
        data = in_memory(self.prepare(x, targets=False), "predict")
        pieces = self.cut(Encoded(data.tensors[:1], data.padding))
        return pieces.joined(super()._outputs_of(pieces, batch_size, verbose=0))

    def point_of(self, numbers):
        if self.likelihood is None:
            return super().point_of(numbers)
        return self._own(self._parameters(numbers)[0])

    def quantile_of(self, numbers, probability):
        if self.likelihood is None:
            return super().quantile_of(numbers, probability)
        found = distributions.quantile(self.likelihood, self._parameters(numbers), probability)
        return self._own(found)

    def _parameters(self, numbers):
        parts = 1 + len(PARAMETERS[self.likelihood])
        return np.split(np.asarray(numbers, "float64"), parts, axis=-1)

    def _own(self, rows):
        """Values `[rows, width]` as `distributions` has them, in own units `[rows, horizon,
        targets]`."""
        feature = self.output_feature
        if not self.counts:
            return self._own_units(rows)
        return np.maximum(rows.reshape(-1, feature.horizon, feature.size), feature.lowest)

    # === Use ===

    def forecasts_and_held(self, data, truth, batch_size=None):
        if self.likelihood is None:
            return super().forecasts_and_held(data, truth, batch_size)
        feature, shape = self.output_feature, truth.shape
        numbers = self.distributions(data, batch_size)
        rows = numbers.reshape(-1, numbers.shape[-1])
        tail = (1 - self.interval) / 2
        lower, upper = (self.quantile_of(rows, each).reshape(shape) for each in (tail, 1 - tail))
        came = feature.in_own_units(truth.reshape(-1, feature.horizon, feature.size))
        came = (np.round(came) if self.counts else came).reshape(shape)
        return self.means_of(numbers.astype("float64")), (lower <= came) & (came <= upper)

    def _forecasts(self, x, data, batch_size, quantiles):
        if self.likelihood is None:
            return super()._forecasts(x, data, batch_size, quantiles)
        numbers = self.distributions(data, batch_size)
        last = numbers[self._ends(data)]  # [series, numbers]
        tail = (1 - self.interval) / 2
        lower, upper, *others = (
            self.quantile_of(last, each) for each in (tail, 1 - tail, *(quantiles or ()))
        )
        others = dict(zip(quantiles or (), others, strict=True))
        return self.output_feature.listed(
            self.point_of(last), lower, upper, self._times_after(x), others
        )

    def serve_forecasts(self, codes, lengths):
        if self.likelihood is None:
            return super().serve_forecasts(codes, lengths)
        feature, parts = self.output_feature, 1 + len(PARAMETERS[self.likelihood])
        last = tf.cast(self.read_served(codes, lengths)[:, -1:].values, tf.float64)
        parameters = tf.split(last, parts, axis=-1)  # [batch, width] each
        tail = (1 - self.interval) / 2
        ends = {"forecast": parameters[0]}
        for name, each in (("lower", tail), ("upper", 1 - tail)):
            ends[name] = distributions.quantile_graph(self.likelihood, parameters, each)
        if not self.counts:
            return {name: feature.decode_graph(each)["forecast"] for name, each in ends.items()}
        shape, lowest = [-1, feature.horizon, feature.size], feature.lowest
        return {name: tf.maximum(tf.reshape(each, shape), lowest) for name, each in ends.items()}

    @property
    def beyond_network(self):
        if self.likelihood is None:
            return super().beyond_network
        return "quantiles are made of the parameters of distributions that it gives"
