"""Losses and metrics over the targets that are known, and the loss of CTC."""

import keras
import tensorflow as tf
from keras import ops


def known_gaps(truth, outputs, sample_weight=None, dtype="float32"):
    """Differences to the targets that are known, and the weight of each.

    Args:
        truth: Targets `[batch, ..., width]`, NaN where not known.
        outputs: Outputs of the same shape.
        sample_weight: Weights `[batch]`, `[batch, ...]` or None.
        dtype: Dtype of the result.

    Returns:
        The pair `(gaps, weights)` of shape `[batch, ..., width]`, both 0 where not known.
    """
    truth, outputs = ops.cast(truth, dtype), ops.cast(outputs, dtype)
    known = ops.logical_not(ops.isnan(truth))
    # NaN is replaced before the difference is taken: a NaN that is only masked afterwards would
    # still reach the gradient.
    gaps = ops.where(known, ops.where(known, outputs, 0.0) - ops.where(known, truth, 0.0), 0.0)
    weights = ops.cast(known, dtype)
    if sample_weight is not None:
        sample_weight = ops.cast(sample_weight, dtype)
        while len(sample_weight.shape) < len(weights.shape):
            sample_weight = ops.expand_dims(sample_weight, -1)
        weights = weights * sample_weight
    return gaps, weights


def step_weights(counts, sample_weight, dtype):
    """Weight of each step `[batch, time]`: 0 where it does not count.

    Args:
        counts: Which steps count, `[batch, time]`.
        sample_weight: Weights `[batch]`, `[batch, time]` or None.
        dtype: Dtype of the result.
    """
    weights = ops.cast(counts, dtype)
    if sample_weight is not None:
        sample_weight = ops.cast(sample_weight, dtype)
        while len(sample_weight.shape) < len(weights.shape):
            sample_weight = ops.expand_dims(sample_weight, -1)
        weights = weights * sample_weight
    return weights


class MeanOfKnown(keras.losses.Loss):
    """Base of losses whose `call` is a mean already, over what is known.

    Keras' own would take the mean over the known and the unknown alike. As with Keras' own, the
    replicas of a `tf.distribute` strategy, whose gradients are summed, each get their share.
    """

    def __call__(self, y_true, y_pred, sample_weight=None):
        value = self.call(
            ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred), sample_weight
        )
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return value / replicas if replicas > 1 else value


class MeanOfSteps(keras.metrics.Mean):
    """Base of metrics that are a mean over the steps that count, of all batches alike.

    Keras' own takes the mean over the time of each batch first, padding included, so that a step
    of a batch padded to twice the length would count half.
    """

    def add(self, values, weights):
        """Adds the values `[batch, time]` with the weights `[batch, time]` of their steps."""
        values, weights = (ops.reshape(each, (-1,)) for each in (values, weights))
        super().update_state(values, sample_weight=weights)


@keras.saving.register_keras_serializable(package="rnnkit")
class MaskedMeanSquaredError(MeanOfKnown):
    """Mean squared error over the targets that are not NaN.

    Every known target of a batch counts the same, in however many examples and steps they are.
    Padding has NaN as target, so it never counts.

    Call arguments:
        y_true: Targets `[batch, time, width]`, NaN where not known.
        y_pred: Outputs of the same shape.
        sample_weight: Weights `[batch]` or `[batch, time]`, or None.

    Returns:
        A scalar; 0 where no target is known.

    Example:

    >>> loss = MaskedMeanSquaredError()
    >>> float(loss([[[1.0], [float("nan")]]], [[[3.0], [7.0]]]))
    4.0
    """

    def __init__(self, name="masked_mean_squared_error", dtype=None):
        super().__init__(name=name, reduction="sum_over_batch_size", dtype=dtype)

    def call(self, y_true, y_pred, sample_weight=None):
        gaps, weights = known_gaps(y_true, y_pred, sample_weight, self.dtype)
        total = ops.sum(weights)
        safe = ops.where(total > 0, total, 1.0)
        return ops.sum(weights * ops.square(gaps)) / safe

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable(package="rnnkit")
class OutputErrors(keras.metrics.Metric):
    """Mean absolute error over the targets that are not NaN; it keeps the squares by output too.

    Args:
        outputs: Numbers in a step of the outputs.
        name: Name of the metric.
        dtype: Dtype of its sums.

    Example:

    >>> metric = OutputErrors(1)
    >>> metric.update_state([[[1.0], [float("nan")]]], [[[3.0], [7.0]]])
    >>> float(metric.result())
    2.0
    """

    def __init__(self, outputs, name="mean_absolute_error", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.outputs = int(outputs)
        self._direction = "down"  # less is better; what keras-tuner asks for

        def sums(name):
            return self.add_variable((self.outputs,), "zeros", name=name)

        self.absolute, self.squares, self.count = sums("absolute"), sums("squares"), sums("count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        gaps, weights = known_gaps(y_true, y_pred, sample_weight, self.dtype)
        axes = tuple(range(len(gaps.shape) - 1))
        for variable, values in (
            (self.absolute, weights * ops.abs(gaps)),
            (self.squares, weights * ops.square(gaps)),
            (self.count, weights),
        ):
            variable.assign_add(ops.sum(values, axis=axes))

    def result(self):
        count = ops.sum(self.count)
        return ops.sum(self.absolute) / ops.where(count > 0, count, 1.0)

    def root_mean_squares(self):
        """Root mean squared error of each output, NumPy `[outputs]`, NaN where none was known."""
        squares, count = map(ops.convert_to_numpy, (self.squares, self.count))
        result = squares.astype("float64")
        result[count == 0] = float("nan")
        result[count > 0] = (result[count > 0] / count[count > 0]) ** 0.5
        return result

    def get_config(self):
        return {**super().get_config(), "outputs": self.outputs}


@keras.saving.register_keras_serializable(package="rnnkit")
class ValueErrors(OutputErrors):
    """As `OutputErrors`, of all columns but the last, which says where a sequence ends."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        super().update_state(y_true[..., :-1], y_pred[..., :-1], sample_weight)


@keras.saving.register_keras_serializable(package="rnnkit")
class ValuesAndEnd(MeanOfKnown):
    """Loss of sequences of numbers that say themselves where they end.

    The mean squared error of the numbers plus the cross-entropy, in nats a step, of the last
    column: whether this step is the last. Each known number counts the same, and each step.

    Call arguments:
        y_true: Targets `[batch, time, width + 1]`, the last column 1 at the last step and 0 before;
            NaN where not known and after the end.
        y_pred: Numbers and, in the last column, the logit of the end, of the same shape.
        sample_weight: Weights `[batch]` or `[batch, time]`, or None.

    Returns:
        A scalar.

    Example:

    >>> loss = ValuesAndEnd()
    >>> round(float(loss([[[1.0, 1.0]]], [[[3.0, 0.0]]])), 4)  # 4 + ln 2
    4.6931
    """

    def __init__(self, name="values_and_end", dtype=None):
        super().__init__(name=name, reduction="sum_over_batch_size", dtype=dtype)
        self.values = MaskedMeanSquaredError(dtype=dtype)

    def call(self, y_true, y_pred, sample_weight=None):
        error = self.values.call(y_true[..., :-1], y_pred[..., :-1], sample_weight)
        last, logits = y_true[..., -1:], y_pred[..., -1:]  # [batch, time, 1]
        _, weights = known_gaps(last, logits, sample_weight, self.dtype)
        last = ops.where(ops.isnan(last), 0.0, ops.cast(last, self.dtype))
        logits = ops.cast(logits, self.dtype)
        nats = ops.softplus(logits) - last * logits  # [batch, time, 1]
        total = ops.sum(weights)
        return error + ops.sum(weights * nats) / ops.where(total > 0, total, 1.0)

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable(package="rnnkit")
class CTCLoss(keras.losses.Loss):
    """Loss of connectionist temporal classification: minus the log-probability of the labels.

    -log p(labels | frames) = -log sum over the alignments of prod_t p_t(alignment_t),  where an
    alignment gives each frame a label or the blank, and reads as the labels once repeats are
    merged and blanks (id 0) are dropped.

    All frames count: a model has to make those after the end of a sequence surely blank, as
    `rnnkit.layers.FrameLogProbabilities` does; they then change nothing.

    Args:
        reduction: As in `keras.losses.Loss`; by default the mean over the examples.
        name: Name of the loss.
        dtype: Dtype it is computed in.

    Attributes:
        native: Whether to use TensorFlow's kernel for CPUs, which is about ten times as fast there
            as what runs everywhere but does not compile with XLA. `rnnkit.models.CTC` sets it.

    Call arguments:
        y_true: Label ids `[batch, time]`, 0 for padding at the end.
        y_pred: Logits or log-probabilities `[batch, frames, classes]`.
        sample_weight: Weights `[batch]`, or None.

    Returns:
        With the default reduction a scalar, in nats.

    Example:

    >>> halves = np.log([[[0.5, 0.5], [0.5, 0.5]]])  # [batch, frames, classes]
    >>> loss = CTCLoss()  # the label 1 is read from 3 of the 4 alignments: (1, 1), (0, 1), (1, 0)
    >>> round(float(np.exp(-loss([[1]], halves))), 4)
    0.75

    Reference:
        Graves et al. 2006, "Connectionist temporal classification: labelling unsegmented sequence
        data with recurrent neural networks", equations 3 and 8,
        https://www.cs.toronto.edu/~graves/icml_2006.pdf.
    """

    native = False

    def __init__(self, reduction="sum_over_batch_size", name="ctc_loss", dtype=None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true, y_pred):
        labels = ops.pad(ops.cast(y_true, "int32"), [[0, 0], [0, 1]])  # [batch, time + 1]
        counts = ops.sum(ops.cast(labels > 0, "int32"), axis=1)  # [batch]
        batch, frames, _ = ops.shape(y_pred)
        frames = ops.full((batch,), frames, dtype="int32")
        if not self.native:
            return ops.ctc_loss(labels, y_pred, counts, frames, mask_index=0)
        import tensorflow as tf

        # The kernel refuses examples without labels; the only alignment is blank throughout.
        blank = -ops.sum(ops.log_softmax(y_pred, axis=-1)[..., 0], axis=1)  # [batch]
        first = ops.where(counts > 0, labels[:, 0], 1)  # [batch]
        labels = tf.sparse.from_dense(ops.concatenate([first[:, None], labels[:, 1:]], axis=1))
        found = tf.nn.ctc_loss(
            labels, y_pred, None, frames, logits_time_major=False, blank_index=0
        )  # [batch]
        return ops.where(counts > 0, found, blank)

    def get_config(self):
        return {"reduction": self.reduction, "name": self.name, "dtype": self.dtype}
