"""A linear readout that is solved, not trained."""

import keras
import numpy as np
from keras import ops

from rnnkit.layers.config import Configured
from rnnkit.layers.ridge import NormalEquations


@keras.saving.register_keras_serializable(package="rnnkit")
class RidgeReadout(Configured, keras.layers.Layer):
    """A dense layer whose weights are the solution of a ridge regression.

    It keeps the sums of the normal equations beside its weights, so that a saved model can be
    given more data and solved anew. Features are a constant 1 and the inputs of the layer.

    Args:
        units: Number of targets.
        **kwargs: Other arguments of `keras.layers.Layer`.

    Input shape:
        `(batch, ..., features)`.

    Output shape:
        `(batch, ..., units)`.

    Reference:
        Lukoševičius (2012), equation 9, see `rnnkit.layers.topology`.
    """

    def __init__(self, units, **kwargs):
        kwargs.setdefault("trainable", False)
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        features = input_shape[-1]
        size = features + 1  # the constant comes first

        def weight(shape, name):
            return self.add_weight(shape=shape, initializer="zeros", trainable=False, name=name)

        self.kernel = weight((features, self.units), "kernel")
        self.bias = weight((self.units,), "bias")

        def sums(shape, name):
            return self.add_weight(
                shape=shape, initializer="zeros", dtype="float64", trainable=False,
                autocast=False, name=name,
            )  # fmt: skip

        self.gram = sums((size, size), "gram")
        self.cross = sums((size, self.units), "cross")
        self.squares = sums((self.units,), "squares")
        self.count = sums((), "count")
        self.error = sums((self.units,), "error")
        self.reach = sums((self.units,), "reach")
        self.ridge = sums((), "ridge")
        self.partly = sums((), "partly")
        self.built = True

    def call(self, inputs):
        return ops.matmul(inputs, self.kernel) + self.bias  # [batch, ..., units]

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    # Names of the weights that hold the sums, in the order of `NormalEquations.complete`.
    SUMS = ("gram", "cross", "squares", "count")

    def numpy(self, name):
        """One of its weights as a NumPy array."""
        return getattr(self, name).numpy()

    @property
    def equations(self):
        """The sums so far, as `NormalEquations`."""
        result = NormalEquations(self.gram.shape[0], self.units)
        parts = [self.numpy(name).copy() for name in self.SUMS]
        if parts[3] > 0:
            result.parts[np.ones(self.units, bool).tobytes()] = [*parts[:3], float(parts[3])]
            result.largest = self.numpy("reach").copy()
        return result

    def learn(self, weights, equations, error, ridge):
        """Sets the solution and keeps what it came from.

        Args:
            weights: `[1 + features, units]`, the constant's first.
            equations: `NormalEquations`; the sums over rows with all targets known are kept.
            error: Root mean squared error of each target, `[units]`, kept as `error`.
            ridge: The ridge value, kept as `ridge`.
        """
        self.bias.assign(weights[0])
        self.kernel.assign(weights[1:])
        for name, value in zip(self.SUMS, equations.complete, strict=True):
            getattr(self, name).assign(value)
        self.error.assign(error)
        self.reach.assign(equations.largest)  # the largest absolute target
        self.ridge.assign(ridge)
        # Whether rows were used whose targets were known in part, which the sums leave out.
        self.partly.assign(float(len(equations.parts) > 1))

    def solution(self):
        """The weights as float64 NumPy `[1 + features, units]`."""
        bias, kernel = self.numpy("bias"), self.numpy("kernel")
        return np.concatenate([bias[None], kernel]).astype("float64")
