"""Probabilities of classes in an order."""

import keras
import numpy as np
from keras import ops

from rnnkit.layers.config import Configured
from rnnkit.utils.checks import integer


@keras.saving.register_keras_serializable(package="rnnkit")
class OrderedClasses(Configured, keras.layers.Layer):
    """Probabilities of ordered classes from one number, how high an example stands.

    P(y > k) = sigmoid(s - c_k) with cuts c_1 < c_2 < ... that are learned (the proportional odds
    model): each class is the stretch between two cuts. They begin where all classes are equally
    probable for s = 0.

    Args:
        size: Number of classes, at least 2.

    Call arguments:
        inputs: How high examples stand, `[batch, 1]`.

    Output shape: `[batch, size]`.

    Example:

    >>> OrderedClasses(4)(keras.ops.zeros((1, 1)))  # .25 each

    Reference: McCullagh 1980, "Regression models for ordinal data", equation 2.1,
    https://doi.org/10.1111/j.2517-6161.1980.tb01109.x.
    """

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = integer(size, "size", least=2)

    def build(self, input_shape):
        del input_shape
        rates = np.arange(1, self.size) / self.size
        cuts = np.log(rates / (1 - rates))
        begin = {"first": cuts[:1], "gaps": np.log(np.expm1(np.diff(cuts)))}
        for name, values in begin.items():
            weight = self.add_weight(
                shape=values.shape,
                initializer=lambda shape, dtype, values=values: ops.convert_to_tensor(
                    values, dtype
                ),
                name=name,
            )
            setattr(self, name, weight)

    def call(self, inputs):
        gaps = ops.softplus(self.gaps)  # [size - 2]
        cuts = ops.concatenate([self.first, self.first + ops.cumsum(gaps)])  # [size - 1]
        above = ops.sigmoid(inputs - cuts)  # [batch, size - 1]
        ends = ops.ones_like(inputs), ops.zeros_like(inputs)
        above = ops.concatenate([ends[0], above, ends[1]], axis=-1)  # [batch, size + 1]
        return above[:, :-1] - above[:, 1:]

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.size)
