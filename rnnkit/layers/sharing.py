"""Layers for inputs with several sequences each, such as a picture with its captions."""

import keras
from keras import ops

from rnnkit.layers.config import Configured
from rnnkit.utils.checks import number


@keras.saving.register_keras_serializable(package="rnnkit")
class RepeatRows(keras.layers.Layer):
    """Repeats the features of each input for all its sequences.

    With n inputs and n * k sequences, input i belongs to the sequences i * k to (i + 1) * k - 1.
    Features that are computed once for an input then serve all its sequences.

    Call arguments:
        inputs: `(n, ...)`.
        others: `(n * k, ...)`, of which the number of rows is used.

    Output shape:
        `(n * k, ...)`.

    Example:

    >>> RepeatRows()(ops.array([[1.0], [2.0]]), ops.zeros((4, 3))).numpy().ravel().tolist()
    [1.0, 1.0, 2.0, 2.0]
    """

    def call(self, inputs, others):
        count = ops.shape(inputs)[0]
        times = ops.shape(others)[0] // count
        shape = ops.shape(inputs)[1:]
        x = ops.broadcast_to(inputs[:, None], (count, times, *shape))  # [n, k, ...]
        return ops.reshape(x, (count * times, *shape))

    def compute_output_spec(self, inputs, others):
        return keras.KerasTensor((others.shape[0], *inputs.shape[1:]), self.compute_dtype)


@keras.saving.register_keras_serializable(package="rnnkit")
class BagOfTokens(Configured, keras.layers.Layer):
    """An auxiliary loss in training: features predict which tokens their sequences have.

    A token's target is the fraction of an input's k sequences that have it, its prediction the
    sigmoid of a linear function of the features. The loss is their cross-entropy in nats, summed
    over the tokens, a mean over the inputs, times `weight`. It trains the encoder that made the
    features directly; the loss of the sequences can also fall by better use of the tokens before.
    The outputs pass as they are, and nothing is added outside training.

    Args:
        vocabulary_size: Number of ids; 0 is padding and never counts.
        weight: Factor on the loss.
        special: Further ids that do not count, such as the start.
        kernel_initializer: Initializer of the linear function.

    Call arguments:
        outputs: Anything; given back as it is.
        features: `(n, features)`.
        tokens: Integers `(n * k, time)`; the k rows of an input stand together.
        training: Whether the loss is added.

    Output shape: That of `outputs`.

    Example:

    >>> layer = BagOfTokens(4, special=[1], kernel_initializer="zeros")
    >>> _ = layer(ops.zeros(1), ops.ones((1, 2)), ops.array([[2, 3], [2, 0]]), training=True)
    >>> round(float(layer.losses[0]), 4)  # 2 log(1 + exp(-5)) + 5 (1 + 0.5)
    7.5134

    Reference:
        Fang et al., "From captions to visual concepts and back", CVPR 2015,
        https://arxiv.org/abs/1411.4952, which detects the words of captions first.
    """

    def __init__(
        self,
        vocabulary_size,
        weight=1.0,
        special=(),
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.weight = number(weight, "weight", least=0)
        self.special = [int(each) for each in special]
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, outputs_shape, features_shape, tokens_shape):
        size = self.vocabulary_size
        self.kernel = self.add_weight(
            (features_shape[-1], size), initializer=self.kernel_initializer, name="kernel"
        )
        # Most tokens are in few sequences.
        rare = keras.initializers.Constant(-5.0)
        self.bias = self.add_weight((size,), initializer=rare, name="bias")

    def call(self, outputs, features, tokens, training=False):
        if training and self.weight:
            logits = ops.matmul(features, self.kernel) + self.bias  # [n, vocabulary]
            logits = ops.cast(logits, "float32")
            target = self._fractions(tokens, ops.shape(features)[0])
            # -t log s(z) - (1 - t) log(1 - s(z)) = softplus(z) - t z
            values = ops.softplus(logits) - target * logits
            values = ops.sum(values * self._counts(), axis=-1)  # [n]
            self.add_loss(self.weight * ops.mean(values))
        return outputs

    def _fractions(self, tokens, count):
        """Fraction of the sequences of each input that have a token, `[n, vocabulary]`.

        Sequences without any token that counts are padding.
        """
        rows = ops.shape(tokens)[0]
        row = ops.arange(rows, dtype=tokens.dtype)[:, None] + ops.zeros_like(tokens)
        index = ops.reshape(ops.stack([row, tokens], axis=-1), (-1, 2))  # [n * k * time, 2]
        ones = ops.ones_like(index[:, 0], dtype="float32")
        present = ops.scatter(index, ones, (rows, self.vocabulary_size))  # [n * k, vocabulary]
        present = ops.cast(present > 0, "float32") * self._counts()
        real = ops.cast(ops.any(present > 0, axis=1), "float32")  # [n * k], not padding
        present = ops.sum(ops.reshape(present, (count, -1, self.vocabulary_size)), axis=1)
        real = ops.sum(ops.reshape(real, (count, -1)), axis=1)  # [n]
        return present / ops.maximum(real, 1.0)[:, None]

    def _counts(self):
        """1 for the ids that count, else 0: `[vocabulary]`."""
        left_out = (0, *self.special)
        return ops.array([float(i not in left_out) for i in range(self.vocabulary_size)])

    def compute_output_spec(self, outputs, features, tokens, training=False):
        return keras.KerasTensor(outputs.shape, outputs.dtype)
