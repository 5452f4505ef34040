"""A joint distribution of many yes-or-no values, each of which depends on those before it."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from rnnkit.layers.config import Configured


@keras.saving.register_keras_serializable(package="rnnkit")
class JointBinary(Configured, keras.layers.Layer):
    """Logits of binary values, each given a context and the values chosen before it.

    p(v | c) = prod_i p(v_i | v_before(i), c): the layer learns which values go together, and not
    only how likely each one is alone. All logits come from one pass of a network whose
    connections are masked: no path leads from a value to its own logit or to an earlier one's.

        h = relu(c A + v (W * M) + a)
        logits = h (V * N) + v (D * T) + c B + b

    The k-th hidden unit reads the values whose position in the order is below k mod size, and is
    read by the logits from that position on (M, N); T lets each logit read all values before it.

    Args:
        units: Hidden units; 0 for values that are independent of each other given the context.
        descending: Whether the last value is chosen first.
        dropout: Fraction of the hidden units dropped in training.
        seed: Integer, or None.

    Call arguments:
        inputs: Pair of the context `[..., features]` and the values `[..., size]`, 0 or 1.

    Output shape: `[..., size]`.

    Example:

    >>> layer = JointBinary(16)
    >>> layer([ops.ones((2, 5)), ops.ones((2, 3))]).shape
    TensorShape([2, 3])

    References:
        Germain et al. 2015, "MADE: masked autoencoder for distribution estimation", equations 10
        to 13, https://arxiv.org/abs/1502.03509; with a recurrent context as in
        Boulanger-Lewandowski et al. 2012, "Modeling temporal dependencies in high-dimensional
        sequences", section 5 (RNN-NADE), https://arxiv.org/abs/1206.6392.
    """

    def __init__(self, units, descending=True, dropout=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.units = int(units)
        self.descending = bool(descending)
        self.dropout = float(dropout)
        self.seed = seed
        self._drop = keras.layers.Dropout(dropout, seed=seed)

    def build(self, input_shape):
        (*_, features), (*_, size) = input_shape
        self.size = size
        seeds = np.random.default_rng(self.seed).integers(2**31 - 1, size=4).tolist()
        if self.seed is None:
            seeds = [None] * 4

        def weight(shape, name, initializer="zeros"):
            return self.add_weight(shape=shape, initializer=initializer, name=name)

        def glorot(index):
            return keras.initializers.GlorotUniform(seed=seeds[index])

        self.context_kernel = weight((features, size), "context_kernel", glorot(0))
        self.bias = weight((size,), "bias")
        if self.units:
            normal = keras.initializers.RandomNormal(stddev=0.1, seed=seeds[1])
            self.hidden_kernel = weight((features, self.units), "hidden_kernel", glorot(2))
            self.hidden_bias = weight((self.units,), "hidden_bias")
            self.value_kernel = weight((size, self.units), "value_kernel", normal)
            self.output_kernel = weight((self.units, size), "output_kernel", glorot(3))
            self.direct_kernel = weight((size, size), "direct_kernel")
            position = np.arange(size)[::-1] if self.descending else np.arange(size)
            degree = np.arange(self.units) % size
            self._masks = [
                mask.astype("float32")
                for mask in (
                    position[:, None] < degree[None],  # [size, units]
                    degree[:, None] <= position[None],  # [units, size]
                    position[:, None] < position[None],  # [size, size]
                )
            ]
        self.built = True

    def _kernels(self):
        """The masked weights of values, outputs and direct links."""
        kernels = (self.value_kernel, self.output_kernel, self.direct_kernel)
        return [
            kernel * ops.cast(mask, kernel.dtype)
            for kernel, mask in zip(kernels, self._masks, strict=True)
        ]

    def call(self, inputs, training=False):
        context, values = inputs
        logits = ops.matmul(context, self.context_kernel) + self.bias  # [..., size]
        if not self.units:
            return logits
        reads, writes, direct = self._kernels()
        values = ops.cast(values, context.dtype)
        hidden = ops.matmul(context, self.hidden_kernel) + ops.matmul(values, reads)
        hidden = self._drop(ops.relu(hidden + self.hidden_bias), training=training)
        return logits + ops.matmul(hidden, writes) + ops.matmul(values, direct)

    def sample(self, context, noise, temperature=1.0):
        """Samples values one after the other, in the graph.

        Args:
            context: `[batch, features]`.
            noise: `[batch, size]`, from 0 to 1: a value is 1 where its noise is below its
                probability. One half everywhere takes the likelier each time.
            temperature: Logits are divided by it, a number or a scalar tensor.

        Returns:
            float32 `[batch, size]` of 0 and 1.
        """
        logits = tf.cast(tf.matmul(context, self.context_kernel) + self.bias, tf.float32)
        bound = (tf.math.log(noise) - tf.math.log1p(-noise)) * temperature  # [batch, size]
        if not self.units:
            return tf.cast(logits > bound, tf.float32)
        reads, writes, direct = (tf.cast(each, tf.float32) for each in self._kernels())
        hidden = tf.matmul(context, self.hidden_kernel) + self.hidden_bias
        hidden, size = tf.cast(hidden, tf.float32), self.size
        writes = tf.transpose(writes)  # [size, units]

        def body(step, logits, hidden, values):
            index = size - 1 - step if self.descending else step
            logit = logits[:, index] + tf.linalg.matvec(tf.nn.relu(hidden), writes[index])
            value = tf.cast(logit > bound[:, index], tf.float32)[:, None]  # [batch, 1]
            values += value * tf.one_hot(index, size)
            return step + 1, logits + value * direct[index], hidden + value * reads[index], values

        start = (tf.constant(0), logits, hidden, tf.zeros_like(logits))
        return tf.while_loop(lambda step, *_: step < size, body, start)[-1]

    def compute_output_shape(self, input_shape):
        return input_shape[1]
