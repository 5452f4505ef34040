"""Heads of networks with an output at each step: tags, tags chosen together, or numbers.

A head makes the outputs of the states, and knows the loss and the metrics they are trained with.
"""

import keras
import tensorflow as tf

from rnnkit.features import Forecast
from rnnkit.layers.crf import CRF
from rnnkit.layers.distributions import (
    COUNTS,
    PARAMETERS,
    CountLevel,
    DistributionParameters,
)
from rnnkit.layers.missing import AddPresent, KnownErrors, bounded
from rnnkit.layers.running_scale import AddNaive, RunningScale
from rnnkit.losses.crf import nats_a_step
from rnnkit.losses.entity_f1 import EntityF1
from rnnkit.losses.likelihoods import MeanErrors, NegativeLogLikelihood
from rnnkit.losses.masked import MaskedMeanSquaredError, OutputErrors
from rnnkit.losses.tags import TagAccuracy, TagCrossEntropy
from rnnkit.models.forecast.intervals import LEVELS


class SoftmaxTags:
    """Each step has its own probabilities of the tags.

    Args:
        feature: Adapted `Tags`.
    """

    def __init__(self, feature):
        self.feature = feature

    def __call__(self, inputs, states, seed):
        """Probabilities `[batch, time, tags]` from states `[batch, time, units]`."""
        del inputs
        return _dense(self.feature.size, seed, "softmax")(states)

    def of_mean(self, mean):
        """The outputs of an ensemble from the mean of its members' outputs."""
        return mean

    def combine(self, heads):
        """Takes over what the heads of the members have learned, where it is not in outputs."""

    def loss(self, given):
        """The loss: what `compile` was given, or at `"auto"` the default."""
        return TagCrossEntropy() if is_auto(given) else given

    def metrics(self, given):
        """The metrics: what `compile` was given, or at `"auto"` the default."""
        if not is_auto(given):
            return given
        marks = [] if self.feature.scheme == "plain" else [EntityF1(self.feature.usual)]
        return [TagAccuracy(), *marks]

    def probabilities(self, outputs, present):
        """Probability of each tag at each step `[batch, time, tags]`.

        Args:
            outputs: Outputs of the network `[batch, time, tags]`.
            present: Which steps there are, boolean `[batch, time]`.
        """
        del present
        return outputs

    def best(self, outputs, present):
        """Ids of the best tags, int32 `[batch, time]`; arguments as in `probabilities`."""
        del present
        return tf.argmax(outputs, axis=-1, output_type=tf.int32)


class CRFTags(SoftmaxTags):
    """The tags of a sequence are chosen together, by a `rnnkit.layers.CRF` on top of scores."""

    def __call__(self, inputs, states, seed):
        del inputs
        self.crf = CRF(self.feature.size, self.feature.allowed(), name="crf_output")
        return self.crf(_dense(self.feature.size, seed)(states))  # [batch, time, tags]

    def of_mean(self, mean):
        return self.crf(mean)  # with the means of the members' transitions

    def combine(self, heads):
        for own, *each in zip(self.crf.weights, *(h.crf.weights for h in heads), strict=True):
            own.assign(sum(keras.ops.convert_to_tensor(one) for one in each) / len(heads))

    def loss(self, given):
        if not is_auto(given) and given is not None:
            raise ValueError(
                f"loss must be left out with crf=True, which has its own. Received: loss={given!r}"
            )
        return None  # see `negative_log_likelihood`

    def negative_log_likelihood(self, truth, scores, present, sample_weight=None):
        """The loss in nats a step: that of whole sequences by the number of known tags.

        Args:
            truth: Ids of the tags `[batch, time]`, below 0 where not known.
            scores: Outputs of the network `[batch, time, tags]`.
            present: Which steps there are, boolean `[batch, time]`.
            sample_weight: Weights `[batch]` or `[batch, time]`, or None; see `CRFLoss`.
        """
        return nats_a_step(self.crf, truth, scores, present, sample_weight)

    def probabilities(self, outputs, present):
        return self.crf.marginals(outputs, present)

    def best(self, outputs, present):
        return self.crf.decode(outputs, present)[0]


class Numbers:
    """Numbers at each step, and how large their errors are.

    Args:
        feature: Adapted `Forecast` or `Series`.
        present: Arguments of `rnnkit.layers.AddPresent`, by which outputs are added to the present
            values; or None.
    """

    def __init__(self, feature, present=None):
        self.feature = feature
        self.present = present

    def __call__(self, inputs, states, seed):
        """Numbers `[batch, time, width]` from states `[batch, time, units]`."""
        # Beside the present values, changes start near zero.
        outputs = _dense(self.feature.width, seed, scale=1e-4 if self.present else 1.0)(states)
        if self.present:
            outputs = AddPresent(**self.present, name="add_present")([inputs, outputs])
        return self.known(outputs)

    def of_mean(self, mean):
        """The outputs of an ensemble from the mean of its members' outputs."""
        return KnownErrors(self._levels, name="known_errors")(mean)

    def combine(self, heads):
        """Takes over nothing of the heads of the members: errors are measured of the whole."""

    @property
    def _levels(self):
        return len(LEVELS) if isinstance(self.feature, Forecast) else 0

    def known(self, outputs):
        """Outputs of which none is below the minimum, with a layer that holds how far they are
        off."""
        if isinstance(self.feature, Forecast):
            outputs = bounded(self.feature.least, outputs)
        return KnownErrors(self._levels, name="known_errors")(outputs)

    def loss(self, given):
        return MaskedMeanSquaredError() if is_auto(given) else given

    def metrics(self, given):
        return [OutputErrors(self.feature.width)] if is_auto(given) else given


class RelativeNumbers(Numbers):
    """Forecasts as changes relative to the naive ones; see `rnnkit.layers.RunningScale`.

    Args:
        feature: Adapted `Forecast`.
        **options: Arguments of `RunningScale`.
    """

    def __init__(self, feature, **options):
        super().__init__(feature)
        self.options = options

    def read(self, x):
        """What the network reads `[batch, time, features]` of inputs without NaN."""
        features, *self._naive = RunningScale(**self.options, name="running_scale")(x)
        return features

    def __call__(self, inputs, states, seed):
        del inputs
        change = _dense(self.feature.width, seed, scale=1e-4)(states)
        return self.known(AddNaive(name="add_naive")([change, *self._naive]))


class Distributions(Numbers):
    """Forecasts as distributions: the outputs are their parameters.

    Args:
        feature: Adapted `Forecast`.
        likelihood: Name of the distribution; see `rnnkit.layers.DistributionParameters`.
        present: As in `Numbers`.
        relative: Arguments of `RunningScale`, over which the network then reads values, and of
            which deviations are multiples; or None.
        level: Of counts the arguments of `CountLevel`, of which means are multiples; or None.
    """

    def __init__(self, feature, likelihood, present=None, relative=None, level=None):
        super().__init__(feature, present)
        self.likelihood = likelihood
        self.relative = relative
        self.level = level

    def read(self, x):
        """As `RelativeNumbers.read`."""
        features, *self._naive = RunningScale(**self.relative, name="running_scale")(x)
        return features

    def __call__(self, inputs, states, seed):
        """Parameters `[batch, time, parameters * width]`, first all means."""
        width = self.feature.width
        mean = _dense(width, seed, scale=1e-4)(states)  # [batch, time, width]
        size = keras.ops.ones_like(mean)
        if self.likelihood in COUNTS:
            if self.level:
                size = CountLevel(**self.level, name="count_level")(inputs)
        elif self.relative:
            size = self._naive[-1]
            mean = AddNaive(name="add_naive")([mean, *self._naive])
        elif self.present:
            mean = AddPresent(**self.present, name="add_present")([inputs, mean])
        mean = KnownErrors(name="known_errors")(mean)
        names = PARAMETERS[self.likelihood]
        others = [_dense(width, seed, scale=1e-4, name=name)(states) for name in names]
        layer = DistributionParameters(self.likelihood, name="parameters")
        return layer([mean, size, *others])

    @property
    def _counts(self):
        """Factors and summands `[width]` that turn standardised targets into counts, as arguments
        of the loss; none of other distributions."""
        feature = self.feature
        if self.likelihood not in COUNTS or not feature.normalize:
            return {}
        pairs = (("scale", feature.deviation), ("offset", feature.mean))
        return {name: [*values] * feature.horizon for name, values in pairs}

    def loss(self, given):
        if is_auto(given):
            return NegativeLogLikelihood(self.likelihood, **self._counts)
        if isinstance(given, NegativeLogLikelihood) and given.likelihood == self.likelihood:
            return given  # of a saved model
        raise ValueError(
            "loss must be left out with a likelihood, which has its own. Received: "
            f"loss={given!r} with likelihood={self.likelihood!r}"
        )

    def metrics(self, given):
        return [MeanErrors(self.feature.width, **self._counts)] if is_auto(given) else given


def is_auto(given):
    """Whether `compile` was given no loss or metrics."""
    return isinstance(given, str) and given == "auto"


def _dense(size, seed, activation=None, scale=1.0, name="output"):
    initializer = keras.initializers.VarianceScaling(scale, "fan_avg", "uniform", seed)
    return keras.layers.Dense(
        size,
        activation,
        kernel_initializer=initializer,
        dtype="float32",  # also under mixed precision
        name=name,
    )
