"""Training under `tf.distribute`: any number of replicas learns what one device does."""

import contextvars

import keras
import tensorflow as tf

from rnnkit.losses.masked import MeanOfKnown
from rnnkit.losses.values import ValuesAndEnd
from rnnkit.utils import replicas

# Losses that weigh the parts of a batch by themselves.
WEIGHING = (MeanOfKnown, ValuesAndEnd)
# What the layers of a model have added to the loss in the replica whose step this is.
added = contextvars.ContextVar("added", default=None)


class Distributed:
    """The steps of a Keras model, made right for several replicas; see `rnnkit.utils.replicas`.

    For a class beside `keras.Model`.

    Keras takes the mean of the replicas' losses whatever they hold, clips the gradients of each
    replica rather than those of the batch, and reduces the logs of several machines over an axis
    they lack. Nothing is changed where there is one replica.
    """

    def train_step(self, data):
        if replicas.count() == 1 or not self.trainable_weights:
            return super().train_step(data)
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            outputs, loss = self._outputs_and_loss(x, y, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, self.trainable_weights)
        gradients = replicas.clippable(self.optimizer, gradients)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        return self._measured(x, y, outputs, loss, sample_weight)

    def test_step(self, data):
        if replicas.count() == 1:
            return super().test_step(data)
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        outputs, loss = self._outputs_and_loss(x, y, sample_weight, training=False)
        return self._measured(x, y, outputs, loss, sample_weight)

    def predict_step(self, data):
        if replicas.count() == 1:
            return super().predict_step(data)
        return self._outputs_for(keras.utils.unpack_x_y_sample_weight(data)[0], training=False)

    def _outputs_for(self, x, training):
        """Outputs for the part of a replica, of which there may be no rows at all: the last batch
        can be that small, and kernels of recurrent layers on GPUs then fail."""
        rows = replicas.rows(x)
        outputs = self(tf.nest.map_structure(replicas.with_a_row, x), training=training)
        return tf.nest.map_structure(lambda each: each[:rows], outputs)

    def _outputs_and_loss(self, x, y, sample_weight, training):
        outputs = self._outputs_for(x, training)
        # Replicas share the layers, which keep what they add in one list. What is another replica's
        # is on another device; and the list may be another's once this one waits for others.
        here = tf.zeros([]).device
        token = added.set([each for each in self.losses if each.device == here])
        try:
            return outputs, self.compute_loss(x, y, outputs, sample_weight, training)
        finally:
            added.reset(token)

    @property
    def losses(self):
        """What layers add to the loss, a list of scalar tensors."""
        own = added.get()
        found = super().losses if own is None else own
        return [each / self.ensemble for each in found] if self.members else found

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        number = replicas.count()
        if number == 1:
            return loss
        share = replicas.share(replicas.rows(y_pred))
        if not self._weighs_itself:
            return replicas.whole(loss * share)
        for each in self.losses:  # what layers add is a mean over the rows
            loss += (share - 1.0) * tf.reduce_sum(each) / number
        return replicas.whole(loss)

    @property
    def _weighs_itself(self):
        """Whether the compiled loss is right without the share of the rows."""
        if isinstance(self.loss, keras.losses.Loss):
            return isinstance(self.loss, WEIGHING) or self.loss.reduction == "sum"
        return False

    def _measured(self, x, y, outputs, loss, sample_weight):
        """Updates the metrics; returns the logs of a step."""
        # The tracker is private up to Keras 3.15 at least; the loss is in the scale of a replica.
        whole = loss * replicas.count()
        self._loss_tracker.update_state(whole, sample_weight=replicas.rows(x))
        return self.logs_of(self.compute_metrics(x, y, outputs, sample_weight=sample_weight))

    def logs_of(self, logs):
        """Logs of a step as Keras takes them: of several machines with an axis to reduce
        (https://github.com/tensorflow/tensorflow/issues/72388)."""
        if not replicas.on_several_machines(self.distribute_strategy):
            return logs
        return tf.nest.map_structure(lambda value: tf.reshape(value, [1]), logs)

    def save_weights(self, filepath, **kwargs):
        """As of a Keras model; of several machines the chief alone writes."""
        if replicas.is_chief(self.distribute_strategy):
            super().save_weights(filepath, **kwargs)
            return
        with replicas.written(filepath, self.distribute_strategy) as temporary:
            super().save_weights(temporary, **kwargs)

    @property
    def shuffling_seed(self):
        """The seed of the order of the data, which must be the same on all machines; or None."""
        if self.seed is None and replicas.on_several_machines(self.distribute_strategy):
            return replicas.agreed_seed(self.distribute_strategy)
        return self.seed

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Under a strategy, and only there, Keras takes a batch of the data for its shapes, and with
        # it the first shuffled order, which one device trains with; and it adds up the parts of
        # replicas, which fails where they differ in size. Private up to Keras 3.15 at least.
        if iterator is not None and self._distribute_strategy is not None:
            data_batch = iterator.data_adapter.get_tf_dataset().element_spec
            iterator = None
        super()._maybe_symbolic_build(iterator=iterator, data_batch=data_batch)
