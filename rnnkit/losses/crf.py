"""The loss of a conditional random field in a Keras model."""

import weakref

import keras
import tensorflow as tf
from keras import ops

from rnnkit.layers.crf import CRF, present, rebuilt
from rnnkit.utils import replicas


@keras.saving.register_keras_serializable(package="rnnkit")
class CRFLoss(keras.losses.Loss):
    """Negative log-likelihood of whole sequences of tags, in nats a step whose tag is known.

    The sum over the sequences of a batch, divided by the number of their steps. It belongs to the
    `rnnkit.layers.CRF` that the model's outputs come from, and is saved with it.

    Args:
        crf: The layer.
        name: Name of the loss.

    Call arguments:
        y_true: Ids of the tags `[batch, time]`. -1 at the ends is padding, and left out; between
            tags it is one that is not known: then the likelihood is that of all sequences which
            agree with what is known. Steps that are masked in the model are left out as well.
        y_pred: Outputs of the layer `[batch, time, tags]`.
        sample_weight: Weights of the sequences `[batch]`, or of their steps `[batch, time]`: of the
            log-probability of each tag given those before it, which add up to the log-likelihood.
            The sum is then divided by that of the weights.

    Raises:
        ValueError: For what is no `CRF`.

    Example: see `rnnkit.layers.CRF`.
    """

    def __init__(self, crf, name="crf_loss"):
        super().__init__(name=name, dtype="float32")
        if not isinstance(crf, CRF):
            raise ValueError(f"crf must be a rnnkit.layers.CRF of the model. Received: crf={crf!r}")
        # The model has the layer: Keras would save it with the loss a second time.
        self._layer = weakref.ref(crf)

    def layer(self):
        """The layer that the loss belongs to."""
        layer = self._layer()
        if layer is None:
            raise ValueError("The CRF of this loss is gone: make another with that of the model")
        return layer

    def __call__(self, y_true, y_pred, sample_weight=None):
        truth = ops.cast(y_true, "int32")
        if len(truth.shape) == 3 and truth.shape[-1] == 1:
            truth = truth[..., 0]
        inside = present(y_pred) & _between(truth >= 0)
        return nats_a_step(self.layer(), truth, y_pred, inside, sample_weight)

    def get_config(self):
        return {"name": self.name, "crf": self.layer().name}

    @classmethod
    def from_config(cls, config):
        """The loss of the layer of that name in the model that is being loaded, of which Keras
        makes the layers before the loss."""
        name = config["crf"]
        if not isinstance(name, str) or name not in rebuilt.layers:
            raise ValueError(f"crf must be the name of a CRF of the model. Received: crf={name!r}")
        return cls(**{**config, "crf": rebuilt.layers[name]})


def nats_a_step(crf, truth, scores, inside, sample_weight=None):
    """Negative log-likelihood of a batch by the number of its known tags; a scalar.

    Args:
        crf: `rnnkit.layers.CRF`.
        truth: Ids of the tags `[batch, time]`, below 0 where not known.
        scores: Outputs of the network `[batch, time, tags]`.
        inside: Which steps there are, boolean `[batch, time]`.
        sample_weight: Weights `[batch]` or `[batch, time]`, or None; see `CRFLoss`.
    """
    known = inside & (truth >= 0)
    weight = None if sample_weight is None else tf.cast(sample_weight, "float32")
    if weight is not None and weight.shape.rank == 2 and weight.shape[-1] == 1:
        weight = weight[:, 0]
    if weight is not None and weight.shape.rank == 2:
        values = -crf.step_log_likelihoods(scores, truth, inside)  # [batch, time]
        weight = tf.where(known, weight, 0.0)
        return replicas.mean(tf.reduce_sum(values * weight), tf.reduce_sum(weight))
    values = -crf.log_likelihood(scores, truth, inside)  # [batch]
    counts = tf.reduce_sum(tf.cast(known, values.dtype), axis=1)  # [batch]
    if weight is not None:
        values, counts = values * weight, counts * weight
    return replicas.mean(tf.reduce_sum(values), tf.reduce_sum(counts))


def _between(known):
    """Steps from the first known tag of each sequence to its last, boolean `[batch, time]`."""
    count = tf.cumsum(tf.cast(known, tf.int32), axis=1)
    return (count > 0) & ((count < count[:, -1:]) | known)
