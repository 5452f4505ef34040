"""The loss of connectionist temporal classification."""

import keras
import tensorflow as tf
from keras import ops

from rnnkit.utils import replicas


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
        # The kernel refuses batches without examples, as a replica may have one.
        labels, counts = replicas.with_a_row(labels, 0), replicas.with_a_row(counts, 0)
        y_pred, frames = replicas.with_a_row(y_pred), replicas.with_a_row(frames)
        # It refuses examples without labels too; the only alignment is blank throughout.
        blank = -ops.sum(ops.log_softmax(y_pred, axis=-1)[..., 0], axis=1)  # [batch]
        first = ops.where(counts > 0, labels[:, 0], 1)  # [batch]
        labels = tf.sparse.from_dense(ops.concatenate([first[:, None], labels[:, 1:]], axis=1))
        found = tf.nn.ctc_loss(
            labels, y_pred, None, frames, logits_time_major=False, blank_index=0
        )  # [batch]
        return ops.where(counts > 0, found, blank)[:batch]

    def get_config(self):
        return {"reduction": self.reduction, "name": self.name, "dtype": self.dtype}
