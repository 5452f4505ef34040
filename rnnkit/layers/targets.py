"""What turns sums into the outputs of several targets."""

import keras
from keras import ops

from rnnkit.layers.config import Configured
from rnnkit.layers.ordered import OrderedClasses
from rnnkit.utils.checks import integer, one_of, require

TYPES = ("classes", "ordered", "numbers")


@keras.saving.register_keras_serializable(package="rnnkit")
class TargetActivations(Configured, keras.layers.Layer):
    """Probabilities of classes and numbers, side by side, from the sums of one dense layer.

    Of a target of classes its sums go through a softmax; of ordered classes its one sum through
    `OrderedClasses`; numbers stay as they are.

    Args:
        types: List of `"classes"`, `"ordered"` or `"numbers"`, one for each target.
        sizes: List of the number of classes of each, 1 for numbers.

    Call arguments:
        inputs: Sums `[batch, TargetActivations.width(types, sizes)]`, targets in order.

    Output shape: `[batch, sum(sizes)]`.

    Example:

    >>> layer = TargetActivations(["classes", "numbers"], [2, 1])
    >>> layer(keras.ops.array([[0.0, 0.0, 7.0]]))  # .5, .5, 7
    """

    def __init__(self, types, sizes, **kwargs):
        super().__init__(**kwargs)
        lists = isinstance(types, (list, tuple)) and isinstance(sizes, (list, tuple))
        require(
            lists and len(types) == len(sizes) > 0,
            "types and sizes must be lists of the same length",
            types=types,
            sizes=sizes,
        )
        self.types = [one_of(each, "types", TYPES) for each in types]
        self.sizes = [integer(each, "sizes") for each in sizes]
        self.ordered = {
            str(index): OrderedClasses(size, dtype=self.dtype_policy, name=f"ordered_{index}")
            for index, (each, size) in enumerate(zip(types, sizes, strict=True))
            if each == "ordered"
        }

    @staticmethod
    def width(types, sizes):
        """How many sums there must be."""
        return sum(s if each == "classes" else 1 for each, s in zip(types, sizes, strict=True))

    def build(self, input_shape):
        for layer in self.ordered.values():
            layer.build((*input_shape[:-1], 1))
        self.built = True

    def call(self, inputs):
        start, found = 0, []
        for index, (each, size) in enumerate(zip(self.types, self.sizes, strict=True)):
            stop = start + (size if each == "classes" else 1)
            part = inputs[:, start:stop]  # [batch, sums of the target]
            if each == "classes":
                part = ops.softmax(part, axis=-1)
            elif each == "ordered":
                part = self.ordered[str(index)](part)
            found.append(part)  # [batch, size]
            start = stop
        return ops.concatenate(found, axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], sum(self.sizes))
