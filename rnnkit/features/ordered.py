"""The feature for one class out of several that have an order."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.label import Label
from rnnkit.formats.cells import number
from rnnkit.utils.messages import listed


@keras.saving.register_keras_serializable(package="rnnkit")
class OrderedLabel(Label):
    """A class out of several in an order, such as grades, stars or degrees of severity.

    A model has one output, how high an example stands, and learns where one class ends and the next
    begins (`rnnkit.layers.OrderedClasses`), so that a near class is a smaller mistake than a far
    one. What it decides for is the median: the first class with at least half of the probability in
    it and those below. No other choice is expected to be as near.

    Args:
        classes: List of the classes from the lowest to the highest. None learns them with `adapt`
            where all are numbers.
        data_type: As in `Label`.

    Raises:
        ValueError: From `adapt` for classes that are no numbers, whose order nobody knows.

    Example:

    >>> stars = OrderedLabel().adapt(["1", "10", "2", "1"])
    >>> stars.names
    ['1', '2', '10']
    >>> stars.decode(np.array([[0.4, 0.25, 0.35]]))[0]["label"]
    '2'

    Reference: McCullagh 1980, "Regression models for ordinal data",
    https://doi.org/10.1111/j.2517-6161.1980.tb01109.x.
    """

    target_type = "ordered"
    entries = ()  # where a new class belongs in the order nobody knows

    @classmethod
    def of(cls, order):
        """The feature for an option: True for numbers, or the classes in order, as a list or a text
        with commas."""
        if order is True:
            return cls()
        if isinstance(order, str):
            order = [each.strip() for each in order.split(",")]
        if not isinstance(order, (list, tuple)):
            raise ValueError(
                "ordered must be the list of the classes from the lowest to the highest, or True "
                f"for numbers. Received: ordered={order!r}"
            )
        return cls(list(order))

    def adapt(self, data):
        """Learns the classes, by value; those that are given stay, and others are refused."""
        if self.adapted:
            found = Label().adapt(data)
            unknown = [name for name in found.names if name not in self.names]
            if unknown:
                raise ValueError(
                    f"The data holds classes that are none of those given: {listed(unknown, 10)}. "
                    f"Received: classes={listed(self.names)}"
                )
            return self
        return super().adapt(data)

    def _learn(self, names, data_type):
        values = [number(name) for name in names]
        if data_type == "string" and not all(v is not None and np.isfinite(v) for v in values):
            raise ValueError(
                "OrderedLabel knows the order of numbers alone: say that of these classes, from "
                f"the lowest to the highest, classes=[...]. Received: {listed(sorted(names), 10)}"
            )
        if data_type == "string":
            self.data_type = data_type
            self._set(sorted(names, key=number))
        else:
            super()._learn(names, data_type)

    def decide(self, outputs):
        """Class indices `[examples]`, the medians, for probabilities `[examples, classes]`."""
        below = np.cumsum(np.asarray(outputs, "float64"), axis=-1)  # [examples, classes]
        # Sums of float32 may miss a half by a little.
        return np.minimum((below < 0.5 - 1e-6).sum(axis=-1), below.shape[-1] - 1)

    def decode(self, values):
        """As `Label.decode`, the label being the median, which may not be the most probable."""
        results = super().decode(values)
        for result, choice in zip(results, self.decide(values), strict=True):
            result["label"] = self.classes[choice]
            result["probability"] = result["probabilities"][self.names[choice]]
        return results

    def decode_graph(self, outputs):
        below = tf.cumsum(tf.cast(outputs, tf.float64), axis=-1)  # [batch, classes]
        choice = tf.reduce_sum(tf.cast(below < 0.5 - 1e-6, tf.int32), axis=-1)  # [batch]
        choice = tf.minimum(choice, self.size - 1)
        return {
            **super().decode_graph(outputs),
            "label": tf.gather(tf.constant(self.names), choice),
            "probability": tf.gather(outputs, choice, batch_dims=1),
        }
