"""Layers that separate the columns of a step: categories, numbers and strands."""

import keras
from keras import ops

from rnnkit.layers.config import Configured
from rnnkit.utils.checks import integer, require


@keras.saving.register_keras_serializable(package="rnnkit")
class EventEmbedding(Configured, keras.layers.Layer):
    """Replaces the columns of ids in a step by vectors, and keeps the columns of numbers.

    The first columns are ids, each with a table of its own; all others are numbers. A table of n
    ids has vectors of `min(size, ceil(n / 2))` numbers: few categories need few.

    Args:
        sizes: Number of ids of each column of ids.
        size: Largest size of a vector.
        seed: Integer that fixes the tables, or None.

    Call arguments:
        inputs: Tensor of steps; ids as whole numbers in its own dtype.

    Input shape:
        `(batch, time, columns)`.

    Output shape:
        `(batch, time, vectors + numbers)`.

    Example:

    >>> EventEmbedding([10], size=4)(keras.ops.array([[[3.0, 0.5]]])).shape
    TensorShape([1, 1, 5])
    """

    def __init__(self, sizes, size=16, seed=None, **kwargs):
        kwargs.setdefault("dtype", "float32")  # in half precision ids above 2,048 would be rounded
        super().__init__(**kwargs)
        require(sizes, "sizes must be a list of positive integers.", sizes=sizes)
        self.sizes = [integer(each, "sizes") for each in sizes]
        self.size = integer(size, "size")
        self.seed = seed
        self.supports_masking = True

    @property
    def _widths(self):
        return [min(self.size, -(-each // 2)) for each in self.sizes]

    def build(self, input_shape):
        if input_shape[-1] < len(self.sizes):
            raise ValueError(
                f"The inputs must have at least {len(self.sizes)} columns, one for each of sizes. "
                f"Received: {input_shape[-1]}"
            )
        self.tables = [
            self.add_weight(
                shape=(count, width),
                initializer=keras.initializers.RandomUniform(
                    -0.05, 0.05, seed=None if self.seed is None else self.seed + index
                ),
                name=f"table_{index}",
            )
            for index, (count, width) in enumerate(zip(self.sizes, self._widths, strict=True))
        ]
        self.built = True

    def call(self, inputs):
        parts = []
        for index, table in enumerate(self.tables):
            ids = ops.cast(inputs[..., index], "int32")  # [batch, time]
            parts.append(ops.cast(ops.take(table, ids, axis=0), self.compute_dtype))
        parts.append(inputs[..., len(self.sizes) :])
        return ops.concatenate(parts, axis=-1)

    def compute_output_shape(self, input_shape):
        numbers = input_shape[-1] - len(self.sizes)
        return (*input_shape[:-1], sum(self._widths) + numbers)


@keras.saving.register_keras_serializable(package="rnnkit")
class Strand(Configured, keras.layers.Layer):
    """One of several sequences that lie side by side in the columns of each step.

    Args:
        width: Columns of one sequence.
        index: Which of them.
        count: How many there are. The columns beyond `width * count` belong to all of them.

    Input shape:
        `(batch, time, width * count + shared)`.

    Output shape:
        `(batch, time, width + shared)`.

    Example:

    >>> Strand(2, index=1, count=2)(keras.ops.array([[[1.0, 2.0, 3.0, 4.0, 5.0]]])).numpy().tolist()
    [[[3.0, 4.0, 5.0]]]
    """

    def __init__(self, width, index, count, **kwargs):
        super().__init__(**kwargs)
        self.width = integer(width, "width")
        self.count = integer(count, "count")
        self.index = integer(index, "index", least=0, most=count - 1)
        self.supports_masking = True

    def call(self, inputs):
        start = self.width * self.index
        shared = inputs[..., self.width * self.count :]
        return ops.concatenate([inputs[..., start : start + self.width], shared], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] - self.width * (self.count - 1))
