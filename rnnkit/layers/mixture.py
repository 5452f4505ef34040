"""Two paths through a network, trained apart and averaged."""

import keras
from keras import ops

from rnnkit.layers.config import Configured


@keras.saving.register_keras_serializable(package="rnnkit")
class PathMixture(Configured, keras.layers.Layer):
    """Takes one of two paths at random in training, and the mean of both otherwise.

    In training each example goes through one path, so each path learns to do without the other,
    and the mean of both has smaller errors than either. It is dropout (Srivastava et al. 2014) of
    whole paths; the mean of logits is the renormalised geometric mean of the probabilities.

    Args:
        seed: Integer, or None.

    Call arguments:
        inputs: Pair of tensors `[batch, units]`, such as logits.
        training: Whether a path is chosen for each example.

    Output shape: `[batch, units]`.

    Example:

    >>> PathMixture()([keras.ops.array([[2.0]]), keras.ops.array([[4.0]])])  # 3.0
    """

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=False):
        first, second = inputs  # each [batch, units]
        if not training:
            return (first + second) / 2
        noise = keras.random.uniform((ops.shape(first)[0], 1), seed=self.seed_generator)
        return ops.where(noise < 0.5, first, second)

    def compute_output_shape(self, input_shape):
        return input_shape[0]
