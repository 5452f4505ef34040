"""The feature for several labels an example, or none."""

import collections
import warnings

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.base import ADAPT_BATCH
from rnnkit.features.classes import Classes, data_type_of
from rnnkit.features.conversion import batch, is_frame, strings, text_of
from rnnkit.features.thresholds import HALF, best_threshold
from rnnkit.features.words import ragged
from rnnkit.formats import several
from rnnkit.utils.checks import number
from rnnkit.utils.digits import short
from rnnkit.utils.messages import listed


@keras.saving.register_keras_serializable(package="rnnkit")
class Labels(Classes):
    """Several labels of an example, or one, or none (multi-label classification).

    The labels of an example are a list, `["comedy", "drama"]` or `[]`; or a text with a separator,
    `"comedy|drama"` or `""`. A frame with several columns, or a table `[examples, labels]` of
    numbers, says with 1 and 0 which labels an example has. Each label is encoded as 1 or 0, and has
    a probability of its own. From which one on an example has the label, `calibrate` chooses on
    validation data after training; this is saved with the model.

    Args:
        classes: List of the labels in the order of the outputs, or None to learn them (sorted) with
            `adapt`. Those that are given stay, also where no example has them.
        separator: What stands between the labels in a text, such as `"|"`. None tells it from the
            data: `|`, `;`, a comma or a tab; `|` where none of them occurs.
        choose: How thresholds are chosen: `"f1"` for the highest F1 of each label on validation
            data. None leaves them.
        thresholds: Learned: for each label the probability from which on an example has it; None
            for .5 each.
        data_type: `"string"`, `"integer"` or `"boolean"`: what `decode` gives back. By default that
            of `classes`.

    Raises:
        ValueError: From `adapt` for what can be read in two ways: several separators, or lists of
            0 and 1 without names.

    Example:

    >>> labels = Labels().adapt(["comedy|drama", "drama", ""])
    >>> labels.encode(labels.to_tensor([["drama"], []])).numpy()
    array([[0, 1],
           [0, 0]], dtype=int8)
    >>> labels.decode(np.array([[0.25, 0.75]]))
    [{'labels': ['drama'], 'probabilities': {'drama': 0.75, 'comedy': 0.25}}]
    """

    raw_spec = tf.TensorSpec((None,), tf.string)
    target_type = "labels"
    dtype = "int8"
    calibrates = True
    reads_columns = True
    called = "labels"
    entries = ("classes",)
    learned = ("data_type", "separator")
    adjustable = ("choose", "thresholds")  # which are chosen anew

    def __init__(self, classes=None, separator=None, choose="f1", thresholds=None, data_type=None):
        several.check_separator(separator)
        if choose not in ("f1", None):
            raise ValueError(f"choose must be 'f1' or None. Received: choose={choose!r}")
        self.separator = separator
        self.choose = choose
        super().__init__(classes, data_type)
        self.thresholds = None
        if thresholds is not None:
            if not isinstance(thresholds, (list, tuple)) or len(thresholds) != self.size:
                raise ValueError(
                    "thresholds must be a list of a number for each of classes. "
                    f"Received: thresholds={thresholds!r}"
                )
            self.thresholds = [number(each, "thresholds", least=0, most=1) for each in thresholds]

    # === Raw values ===

    def to_tensor(self, values):
        """Labels of examples to a ragged string tensor `[batch, (labels)]`.

        Args:
            values: List with a list of labels, or a text with separators, for each example; a
                ragged tensor; or a frame or array `[batch, labels]` of 0 and 1.
        """
        if is_frame(values) and len(values.columns) > 1:
            columns = {name: list(values[name]) for name in values.columns}
            return ragged(several.of_columns(columns, "Labels, row {}".format))
        if is_frame(values):
            values = values.iloc[:, 0]
        table = isinstance(values, (tf.Tensor, np.ndarray)) and len(values.shape) == 2
        if isinstance(values, tf.RaggedTensor):
            return self.cast(values)
        if table and np.asarray(values).dtype.kind in "biuf":
            return self._of_table(np.asarray(values))
        if isinstance(values, tf.Tensor):
            values = values.numpy()
        if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
            raise ValueError(
                "Labels takes a list with the labels of each example, such as "
                f"[['comedy', 'drama'], []]. Received: {values!r}"
            )
        return ragged(self._rows(list(values)))

    def _rows(self, values):
        """Lists or texts as lists of labels."""
        texts = [isinstance(row, (str, bytes)) for row in values]
        if values and all(texts):
            self._check_separator(values[0])
            return [several.split(text_of(row), self.separator) for row in values]
        rows = [row.numpy() if isinstance(row, tf.Tensor) else row for row in values]
        for index, row in enumerate(rows):
            if not several.is_list(row):
                raise ValueError(
                    "Labels takes a list with the labels of each example, such as [['comedy', "
                    "'drama'], []], or a text with separators for each. Received: "
                    f"{row!r} at position {index}"
                )
        several.refuse_indicators(rows, "give an array or a frame, whose columns are the labels")
        found = []
        for index, row in enumerate(rows):
            row = np.array(sorted(row) if isinstance(row, (set, frozenset)) else list(row), object)
            names = [text_of(each) for each in strings(row, f"Labels, example {index},").tolist()]
            if "" in names:
                raise ValueError(
                    "A label must not be empty; an example without labels is an empty list. "
                    f"Received: {names} at position {index}"
                )
            found.append(list(dict.fromkeys(names)))
        return found

    def _check_separator(self, text="a text"):
        if self.separator is None:
            raise ValueError(
                "Labels does not know what stands between the labels in a text: give lists, or say "
                f"it, Labels(separator='|'). Received: {text!r}"
            )

    def _of_table(self, values):
        """Names of labels of an array `[batch, labels]` of 0 and 1."""
        self._check_width(values.shape[1])
        if not np.isin(values, (0, 1)).all():
            raise ValueError(
                "Labels takes a table [examples, labels] of 0 and 1. "
                f"Received: {values[~np.isin(values, (0, 1))][0]}"
            )
        return ragged([[self.names[index] for index in np.flatnonzero(row)] for row in values])

    def _check_width(self, width):
        if not self.adapted or width != self.size:
            known = f"there are {self.size}" if self.adapted else "none are named"
            raise ValueError(
                "A table of numbers says with 1 and 0 which labels an example has, a column a "
                f"label, and {known}: give Labels(classes=[...]), or a frame, whose columns have "
                f"names. Received: {width} columns"
            )

    def cast(self, values):
        """What a dataset gives, `[batch]`, `[batch, labels]` or `[batch, (labels)]`, as a ragged
        string tensor `[batch, (labels)]`, in graph mode too."""
        if _is_table(values):
            names = tf.repeat(tf.constant([self.names]), tf.shape(values)[0], axis=0)
            return tf.ragged.boolean_mask(names, tf.cast(values, tf.float32) == 1)
        if not isinstance(values, tf.RaggedTensor) and values.shape.rank == 1:
            values = tf.strings.split(values, self.separator)
            values = values.with_values(tf.strings.strip(values.flat_values))
        elif not isinstance(values, tf.RaggedTensor):
            values = tf.RaggedTensor.from_tensor(values)
        values = values.with_values(super().cast(values.flat_values))
        return tf.ragged.boolean_mask(values, values.with_values(values.flat_values != ""))

    def check_spec(self, spec):
        """Raises a ValueError unless a dataset's elements, or batches of them, are labels: lists,
        texts with separators, or rows of 0 and 1."""
        rank, is_text = spec.shape.rank, spec.dtype == tf.string
        if is_text and rank == 0:
            return self._check_separator()
        if rank not in (1, 2) or not (is_text or spec.dtype.is_bool or spec.dtype.is_numeric):
            raise ValueError(
                "Labels takes lists of labels, or texts with separators. Received: elements of "
                f"dtype {spec.dtype.name} and shape {spec.shape}"
            )
        if _is_table(spec):
            self._check_width(spec.shape[-1])

    def raw_batches(self, data):
        self.check_spec(data.element_spec)
        return data if data.element_spec.shape.rank == 2 else batch(data, ADAPT_BATCH)

    # === Learning ===

    def adapt(self, data):
        """Learns the labels, in sorted order (numbers by value), and the separator of texts."""
        if self.separator is None:
            self._learn_separator(data)
        if is_frame(data) and len(data.columns) > 1:
            self.to_tensor(data)  # checked
            given = [str(name) for name in data.columns]
            self._set(given if self.classes is None else self.classes)
        counts = collections.Counter()
        for names in self.batches(data):  # each [batch, (labels)]
            self._refuse_texts(data, names)
            counts.update(map(text_of, names.flat_values.numpy().tolist()))
        if not self.adapted:
            if not counts:
                raise ValueError("Labels.adapt needs at least one label. Received: none")
            self._learn(list(counts), _data_type(data, counts))
        unknown = sorted(counts.keys() - set(self.names))
        if unknown:
            raise ValueError(
                f"The data holds labels that are none of classes: {listed(unknown, 10)}. "
                f"Received: classes={listed(self.names)}"
            )
        lacking = [name for name in self.names if not counts[name]]
        if lacking:
            warnings.warn(
                f"{len(lacking)} of {self.size} labels have no example to learn from: "
                f"{', '.join(map(repr, lacking[:10]))}",
                stacklevel=2,
            )
        self.thresholds = None
        return self

    def _learn_separator(self, data):
        """Tells the separator from texts; lists have none."""
        if isinstance(data, tf.data.Dataset):
            spec = data.element_spec
            if not isinstance(spec, tf.TensorSpec) or spec.shape.rank or spec.dtype != tf.string:
                return
            texts = (text for batch in data.batch(ADAPT_BATCH) for text in batch.numpy().tolist())
        else:
            if is_frame(data):
                data = data.iloc[:, 0] if len(data.columns) == 1 else ()
            data = data.numpy() if isinstance(data, tf.Tensor) else data
            if not hasattr(data, "__iter__") or isinstance(data, (str, bytes, tf.RaggedTensor)):
                return
            texts = list(data)
            if not texts or not all(isinstance(each, (str, bytes)) for each in texts):
                return
        self.separator = several.told(map(text_of, texts)) or several.SEPARATORS[0]

    def _refuse_texts(self, data, names):
        """Raises a ValueError where the strings of a dataset may be batches of texts."""
        if not isinstance(data, tf.data.Dataset) or data.element_spec.shape.rank != 1:
            return
        between = (self.separator,) if self.separator else several.SEPARATORS[:2]
        for name in map(text_of, names.flat_values.numpy().tolist()):
            if any(each in name for each in between):
                raise ValueError(
                    "A dataset of string tensors [labels] has the labels of one example in each. "
                    f"Received: {name!r}, which may be a text with several: unbatch() the dataset "
                    "first"
                )

    # === Encoding ===

    def encode(self, values, truncate=True):
        """Labels `[batch, (labels)]` to int8 `[batch, classes]`, 1 for those that an example has.

        Where a label is one never seen, all are -1.
        """
        del truncate
        if _is_table(values):  # of a dataset
            values = tf.cast(values, tf.float32)
            sound = (values == 1) | (values == 0)
            return tf.where(tf.reduce_all(sound, -1, keepdims=True), tf.cast(values, tf.int8), -1)
        names = self.cast(values)
        ids, rows = self.ids(names.flat_values), names.value_rowids()  # each [labels]
        shape = [names.nrows(), self.size]
        places = tf.stack([rows, tf.cast(tf.maximum(ids, 0), tf.int64)], axis=1)  # [labels, 2]
        hot = tf.scatter_nd(places, tf.ones_like(ids), tf.cast(shape, tf.int64))  # [batch, classes]
        unknown = tf.math.unsorted_segment_sum(tf.cast(ids < 0, tf.int32), rows, names.nrows())
        hot = tf.where(unknown[:, None] > 0, -1, tf.minimum(hot, 1))
        return tf.cast(hot, tf.int8)

    def check(self, values, encoded):
        unknown = (np.asarray(encoded) < 0).any(axis=-1)  # [batch]
        if not unknown.any():
            return
        if _is_table(values):
            raise ValueError(
                "Labels takes rows of 0 and 1. Received: "
                f"{values.numpy()[unknown][0].tolist()} at position {int(np.argmax(unknown))}"
            )
        names = self.cast(values).flat_values
        self.refuse_unknown(names.numpy()[self.ids(names).numpy() < 0].tolist(), unknown)

    # === Decoding ===

    def calibrate(self, truth, outputs):
        """Chooses the threshold of each label on validation data, as `choose` says.

        That of the highest F1; see `rnnkit.features.thresholds.best_threshold`. A label that no
        example has keeps .5.

        Args:
            truth: 1 or 0, `[examples, classes]`.
            outputs: Probabilities `[examples, classes]`.

        Returns:
            Which thresholds stay, and why, a sentence, or None.
        """
        if self.choose is None:
            return None
        truth, outputs = np.asarray(truth) == 1, np.asarray(outputs, "float64")
        if not np.isfinite(outputs).all():
            return "The thresholds stay as they are, as the outputs are not finite"
        occurs = truth.any(axis=0)  # [classes]
        self.thresholds = [
            best_threshold(truth[:, index], outputs[:, index]) if occurs[index] else HALF
            for index in range(self.size)
        ]
        left = [name for name, each in zip(self.names, occurs, strict=True) if not each]
        if not left:
            return None
        return (
            f"{'The thresholds stay' if len(left) > 1 else 'A threshold stays'} at {HALF:g} where "
            f"no example of the validation data has the label: {', '.join(map(repr, left[:10]))}"
            + (f" and {len(left) - 10} more" if len(left) > 10 else "")
        )

    @property
    def _thresholds(self):
        """Thresholds `[classes]`, float64."""
        return np.full(self.size, HALF) if self.thresholds is None else np.array(self.thresholds)

    def decide(self, outputs):
        """1 for each label that an example has, else 0, int64 `[examples, classes]`."""
        return (np.asarray(outputs, "float64") >= self._thresholds).astype("int64")

    def decode(self, values):
        """Probabilities `[batch, classes]` to a list of dicts, one an example.

        Each has `"labels"`, a list, empty where no probability reaches its threshold, and
        `"probabilities"` of all labels by name; in both the most probable first.
        """
        results = []
        for row, has in zip(np.asarray(values, "float64"), self.decide(values), strict=True):
            order = np.argsort(-row, kind="stable")
            results.append(
                {
                    "labels": [self.classes[index] for index in order if has[index]],
                    "probabilities": {self.names[index]: short(row[index]) for index in order},
                }
            )
        return results

    def decode_graph(self, outputs):
        """`decode` as TensorFlow operations, for export: `labels` as texts, `""` after the last;
        `classes` in order with their `probabilities`."""
        has = tf.cast(outputs, tf.float64) >= tf.constant(self._thresholds)  # [batch, classes]
        order = tf.argsort(outputs, axis=-1, direction="DESCENDING", stable=True)
        names = tf.gather(tf.constant(self.names), order)  # [batch, classes]
        labels = tf.ragged.boolean_mask(names, tf.gather(has, order, batch_dims=1))
        classes = tf.constant([self.names])  # [1, classes]
        return {
            "labels": labels.to_tensor(""),  # [batch, most labels]
            "classes": tf.repeat(classes, tf.shape(outputs)[0], axis=0),
            "probabilities": outputs,
        }


def _is_table(values):
    """Whether raw values, or their spec, are dense rows of numbers: 1 and 0 for each label."""
    if isinstance(values, (tf.RaggedTensor, tf.RaggedTensorSpec)) or values.dtype == tf.string:
        return False
    return values.shape.rank is not None and values.shape.rank > 0 and values.shape[-1] is not None


def _data_type(data, names):
    """The Python type that labels were given as."""
    if isinstance(data, (tf.data.Dataset, tf.Tensor)):
        return data_type_of(data, names)
    if isinstance(data, tf.RaggedTensor):
        return data_type_of(data.flat_values, names)
    if is_frame(data):
        data = data.iloc[:, 0]
    flat = [each for row in data if several.is_list(row) for each in row]
    return data_type_of(flat) if flat else "string"  # of texts
