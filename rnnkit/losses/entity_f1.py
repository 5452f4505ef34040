"""F1 of entities in training: what matters in the tags of names, after every epoch."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from rnnkit.metrics.tag_schemes import PARTS, continues


@keras.saving.register_keras_serializable(package="rnnkit")
class EntityF1(keras.metrics.Metric):
    """Harmonic mean of precision and recall of the stretches that tags mark.

    A stretch that is given is right if its kind and both its ends are, as in
    `rnnkit.metrics.scores`; here it is counted in the graph, over all batches alike. The accuracy
    of the tags says less: most words are in no stretch. Nor does the loss, whose least value comes
    epochs before the best F1, as a network grows too sure of the few names that it gets wrong.

    Steps whose tag is not known are in no stretch, and so are those with a tag that training did
    not have; these count against it in `score` alone.

    Args:
        classes: List of the tags in the order of their ids, BIO or BIOES.
        name: Name of the metric.
        dtype: Dtype of its sums.

    Call arguments:
        y_true: Ids of the tags `[batch, time]`; below 0 where not known.
        y_pred: Scores or probabilities `[batch, time, tags]`; the highest is what is given.

    Example: one of two stretches is given whole, the other is cut short.

    >>> metric = EntityF1(["B-city", "I-city", "O"])
    >>> said = keras.ops.one_hot([[0, 2, 0, 2]], 3)
    >>> metric.update_state([[0, 2, 0, 1]], said)
    >>> float(metric.result())
    0.5

    Reference: Tjong Kim Sang and De Meulder 2003, "Introduction to the CoNLL-2003 shared task",
    section 2.3, https://aclanthology.org/W03-0419.
    """

    def __init__(self, classes, name="entity_f1", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.classes = list(classes)
        self._direction = "up"
        marks = [PARTS.match(each) for each in self.classes]
        names = sorted({match[2] for match in marks if match})
        # An id more, the last, for what is in no stretch; and the kind -1 for it.
        self._kinds = np.array([names.index(m[2]) if m else -1 for m in marks] + [-1], "int32")
        tags = [*self.classes, "O"]
        pairs = [[continues(before, tag) for tag in tags] for before in tags]
        self._goes_on = np.array(pairs)  # [before, after]

        def total(name):
            return self.add_variable((), "zeros", name=name)

        self.right, self.given, self.wanted = total("right"), total("given"), total("wanted")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.cast(y_true, "int32")
        said = ops.cast(ops.argmax(y_pred, axis=-1), "int32")  # [batch, time]
        nothing = len(self.classes)
        true = self._stretches(ops.where(y_true < 0, nothing, y_true))
        said = self._stretches(ops.where(y_true < 0, nothing, said))
        begins, there = true[0], said[0]
        # A stretch is right if nothing differs at any of its steps.
        differs = [ops.not_equal(a, b) for a, b in zip(true, said, strict=True)]
        differs = differs[0] | differs[1] | differs[2]
        numbers = ops.cumsum(ops.cast(ops.reshape(begins, (-1,)), "int32"))  # [batch * time]
        inside = ops.reshape(true[1] >= 0, (-1,))
        wrong = ops.cast(ops.reshape(differs, (-1,)) & inside, "int32")
        wrong = tf.math.unsorted_segment_sum(wrong, numbers, ops.size(numbers) + 1)
        right = begins & (ops.reshape(ops.take(wrong, numbers), ops.shape(begins)) == 0)
        for variable, each in ((self.right, right), (self.given, there), (self.wanted, begins)):
            variable.assign_add(ops.sum(ops.cast(each, self.dtype)))

    def _stretches(self, tags):
        """Of ids `[batch, time]`: whether a stretch begins, of which kind it is (-1: there is
        none), and whether it ends, each `[batch, time]`."""
        around = ops.pad(tags, [[0, 0], [1, 1]], constant_values=len(self.classes))
        # [batch, time + 1]: whether a step goes on with the one before
        goes_on = ops.take(
            ops.reshape(ops.convert_to_tensor(self._goes_on), (-1,)),
            around[:, :-1] * len(self._kinds) + around[:, 1:],
        )
        kinds = ops.take(ops.convert_to_tensor(self._kinds), tags)
        marked = kinds >= 0
        return marked & ~goes_on[:, :-1], kinds, marked & ~goes_on[:, 1:]

    def result(self):
        both = self.given + self.wanted
        return ops.where(both > 0, 2 * self.right / ops.where(both > 0, both, 1.0), 0.0)

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype, "classes": self.classes}
