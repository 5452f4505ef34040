"""F1 of entities in training: how well names are found, after every epoch."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from rnnkit.metrics.tag_schemes import PARTS, continues


@keras.saving.register_keras_serializable(package="rnnkit")
class EntityF1(keras.metrics.Metric):
    """Harmonic mean of precision and recall of the entities that tags mark.

    A predicted entity is right if its type and both its ends are, as in `rnnkit.metrics.entity_f1`;
    here entities are counted in the graph, over all batches alike. It says more than the accuracy
    of the tags, as most words are in no entity, and more than the loss, which is least epochs
    before F1 is best: wrong predictions become more certain while more of them become right.

    Steps whose tag is not known are in no entity, and neither are those with a tag that training
    did not have; `score` counts these as not found.

    Args:
        classes: List of the tags in the order of their ids, BIO or BIOES.
        name: Name of the metric.
        dtype: Data type of its sums.

    Call arguments:
        y_true: Ids of the tags `[batch, time]`; below 0 where not known.
        y_pred: Scores or probabilities `[batch, time, tags]`; the highest is the prediction.

    Example: one of two entities is predicted, the other is cut short.

    >>> metric = EntityF1(["B-city", "I-city", "O"])
    >>> predicted = keras.ops.one_hot([[0, 2, 0, 2]], 3)
    >>> metric.update_state([[0, 2, 0, 1]], predicted)
    >>> float(metric.result())
    0.5

    Reference: Tjong Kim Sang and De Meulder 2003, "Introduction to the CoNLL-2003 shared task",
    section 2.3, https://aclanthology.org/W03-0419.
    """

    def __init__(self, classes, name="entity_f1", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.classes = list(classes)
        self._direction = "up"  # more is better; what Keras' own callbacks ask for
        marks = [PARTS.match(each) for each in self.classes]
        names = sorted({match[2] for match in marks if match})
        # One id more, the last, for a step in no entity; its type is -1.
        self._types = np.array([names.index(m[2]) if m else -1 for m in marks] + [-1], "int32")
        tags = [*self.classes, "O"]
        pairs = [[continues(before, tag) for tag in tags] for before in tags]
        self._goes_on = np.array(pairs)  # [before, after]

        def total(name):
            return self.add_variable((), "zeros", name=name)

        self.right, self.predicted, self.wanted = map(total, ("right", "predicted", "wanted"))

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.cast(y_true, "int32")
        predicted = ops.cast(ops.argmax(y_pred, axis=-1), "int32")  # [batch, time]
        nothing = len(self.classes)
        true = self._entities(ops.where(y_true < 0, nothing, y_true))
        predicted = self._entities(ops.where(y_true < 0, nothing, predicted))
        begins = true[0]
        # An entity is right if nothing differs at any of its steps.
        differs = [ops.not_equal(a, b) for a, b in zip(true, predicted, strict=True)]
        differs = differs[0] | differs[1] | differs[2]
        numbers = ops.cumsum(ops.cast(ops.reshape(begins, (-1,)), "int32"))  # [batch * time]
        inside = ops.reshape(true[1] >= 0, (-1,))
        wrong = ops.cast(ops.reshape(differs, (-1,)) & inside, "int32")
        wrong = tf.math.unsorted_segment_sum(wrong, numbers, ops.size(numbers) + 1)
        right = begins & (ops.reshape(ops.take(wrong, numbers), ops.shape(begins)) == 0)
        for variable, each in (
            (self.right, right),
            (self.predicted, predicted[0]),
            (self.wanted, begins),
        ):
            variable.assign_add(ops.sum(ops.cast(each, self.dtype)))

    def _entities(self, tags):
        """Of ids `[batch, time]`: whether an entity begins, of which type it is (-1: there is
        none), and whether it ends, each `[batch, time]`."""
        around = ops.pad(tags, [[0, 0], [1, 1]], constant_values=len(self.classes))
        # [batch, time + 1]: whether a step goes on with the one before
        goes_on = ops.take(
            ops.reshape(ops.convert_to_tensor(self._goes_on), (-1,)),
            around[:, :-1] * len(self._types) + around[:, 1:],
        )
        types = ops.take(ops.convert_to_tensor(self._types), tags)
        marked = types >= 0
        return marked & ~goes_on[:, :-1], types, marked & ~goes_on[:, 1:]

    def result(self):
        return ops.divide_no_nan(2 * self.right, self.predicted + self.wanted)

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype, "classes": self.classes}
