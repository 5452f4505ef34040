"""Dropout of whole tokens."""

import keras
from keras import ops

from rnnkit.layers.config import Configured
from rnnkit.utils.checks import number


@keras.saving.register_keras_serializable(package="rnnkit")
class TokenDropout(Configured, keras.layers.Layer):
    """Replaces tokens by the unknown token, at random, in training only.

    A model then cannot depend on single words, and learns to read unknown ones.

    Args:
        rate: Fraction of tokens replaced, in [0, 1).
        unknown: Id of the unknown token. Padding (id 0) stays.
        seed: Integer, or None.

    Call arguments:
        inputs: Integer ids `[batch, time]`.
        training: Whether tokens are replaced.

    Output shape: That of the inputs.

    Example:

    >>> TokenDropout(0.5, seed=1)(keras.ops.array([[7, 8, 9, 0]]), training=True)

    Reference: Iyyer et al. 2015, "Deep Unordered Composition Rivals Syntactic Methods for Text
    Classification", section 3.2 (there tokens are left out).
    """

    def __init__(self, rate=0.1, unknown=1, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = number(rate, "rate", least=0, below=1)
        self.unknown = unknown
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed) if rate else None
        self.supports_masking = True

    def call(self, inputs, training=False):
        if not training or not self.rate:
            return inputs
        noise = keras.random.uniform(ops.shape(inputs), seed=self.seed_generator)  # [batch, time]
        dropped = ops.logical_and(noise < self.rate, inputs != 0)
        return ops.where(dropped, ops.cast(self.unknown, inputs.dtype), inputs)

    def compute_output_shape(self, input_shape):
        return input_shape
