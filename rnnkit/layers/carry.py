"""States that go on from batch to batch: the end of one chunk of a text begins the next."""

import keras
import tensorflow as tf
from keras import ops


class Carried:
    """The last states of each stream of a text, kept between batches.

    Training and evaluation keep their own, so that neither disturbs the other. They are no
    weights: how many streams there are is a matter of the batches, and a file holds none of them.

    Args:
        sizes: Size of each state, a flat list.
        dtype: Dtype of the states.
    """

    def __init__(self, sizes, dtype):
        def rows(size):
            return tf.Variable(
                tf.zeros([0, size], dtype),
                trainable=False,
                shape=[None, size],
                # Each replica of a distributed training has streams of its own.
                synchronization=tf.VariableSynchronization.ON_READ,
                aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            )

        self.sizes, self.dtype = list(sizes), dtype
        self.kept = {training: [rows(size) for size in sizes] for training in (True, False)}

    def reserve(self, streams):
        """Makes room for so many streams. XLA lets no step change the shape of a variable."""
        for variable in (*self.kept[True], *self.kept[False]):
            value = variable.value()
            missing = streams - int(tf.shape(value)[0])
            if missing > 0:
                variable.assign(tf.pad(value, [[0, missing], [0, 0]]))


class FirstStates(keras.layers.Layer):
    """The first states of a batch of chunks: those kept, or zeros where a text begins.

    Args:
        carried: `Carried`.
        start: The token that a text begins with.

    Input shape:
        Tokens `(batch, time)`.

    Output shape:
        A list of states `(batch, size)`.
    """

    def __init__(self, carried, start, **kwargs):
        super().__init__(**kwargs)
        self.carried = carried
        self.start = start

    def call(self, tokens, training=False):
        batch, states = tf.shape(tokens)[0], []
        begins = tf.equal(tokens[:, :1], self.start)  # [batch, 1]
        variables = self.carried.kept[bool(training)]
        for variable, size in zip(variables, self.carried.sizes, strict=True):
            # There may be more rows than streams, or fewer where none were reserved.
            kept = tf.pad(variable.value(), [[0, batch], [0, 0]])[:batch]  # [batch, size]
            kept = tf.ensure_shape(kept, [tokens.shape[0], size])
            states.append(tf.where(begins, tf.zeros_like(kept), kept))  # [batch, size]
        return states

    def compute_output_spec(self, tokens, training=False):
        dtype = self.carried.dtype
        return [keras.KerasTensor((tokens.shape[0], size), dtype) for size in self.carried.sizes]


class KeepStates(keras.layers.Layer):
    """Passes outputs on, and keeps the last states for the next batch.

    Args:
        carried: `Carried`.

    Input shape:
        A list of the outputs and of the states `(batch, size)`.

    Output shape:
        That of the outputs.
    """

    def __init__(self, carried, **kwargs):
        super().__init__(**kwargs)
        self.carried = carried

    def call(self, outputs_and_states, training=False):
        outputs, *states = outputs_and_states
        for variable, state in zip(self.carried.kept[bool(training)], states, strict=True):
            rest = variable.value()[tf.shape(state)[0] :]  # [rows without a stream, size]
            variable.assign(tf.concat([ops.stop_gradient(state), rest], axis=0))
        return outputs

    def compute_output_spec(self, outputs_and_states, training=False):
        outputs = outputs_and_states[0]
        return keras.KerasTensor(outputs.shape, outputs.dtype)
