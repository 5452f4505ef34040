"""Weights of classes in a loss, put beside the data before training begins."""

import copy
import numbers

import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.corpus import Corpus
from rnnkit.data.pipeline.encoded import Encoded, Streamed
from rnnkit.data.pipeline.shared import Shared
from rnnkit.utils.checks import nearest, number

BALANCED = "balanced"
# Type of target without classes -> why it has none.
NO_CLASSES = {
    "labels": "an example may have several labels, and is of no one class; fit chooses from which "
    "probability on it has each, which makes up for rare ones",
    "texts": "the text is learned as a whole here, not token by token",
    "notes": "a melody is learned note by note, each given those before, and is of no class",
    "keys": "a step of polyphonic music has many keys at once, and is of no class",
    "targets": "there are several targets, each with a loss of its own, which the option "
    "target_weights and the argument weights of Targets weigh",
    "values": "values are numbers, which have no classes",
    "numbers": "numbers have no classes",
    "forecasts": "values ahead are numbers, which have no classes",
}


def class_weights(weights, feature, of_tokens=False):
    """Class weights as they were given, checked against the classes that there are.

    Args:
        weights: Dict of weight by class: its name or value, or its index. Other classes have
            weight 1. `"balanced"` or None stay as they are.
        feature: The output feature.
        of_tokens: Whether the model learns texts token by token: then tokens are the classes, by
            their names, and the marks of the start and the end have weight 1.

    Returns:
        A list of floats, one for each class; `"balanced"` or None.

    Raises:
        ValueError: For a target without classes, an unknown class, one that is named twice or
            could be one of two, and weights that are no finite numbers above 0.

    Example:

    >>> class_weights({"spam": 3}, rnnkit.features.Label(["ham", "spam"]))
    [1.0, 3.0]
    """
    if weights is None:
        return None
    of_tokens = of_tokens and feature.token_names is not None
    if feature.target_type not in ("classes", "ordered", "tags") and not of_tokens:
        reason = NO_CLASSES.get(feature.target_type, "this one has no classes")
        raise ValueError(
            f"class_weight needs a Label, Tags or tokens as target: {reason}. Weigh whole examples "
            "with sample_weight of the model's fit instead. "
            f"Received: class_weight={weights!r} for a target of {type(feature).__name__}"
        )
    if isinstance(weights, str) and weights == BALANCED:
        return BALANCED
    classes = feature.token_names[2:] if of_tokens else feature.classes
    if not isinstance(weights, dict) or not weights:
        raise ValueError(
            "class_weight must be 'balanced' or a dict of weight by class, such as "
            f"{{{classes[0]!r}: 2.0}}. Received: class_weight={weights!r}"
        )
    result = [1.0] * size_of(feature)
    found = _ids(weights, feature.token_names) if of_tokens else _indices(weights, feature)
    for (key, weight), index in zip(weights.items(), found, strict=True):
        result[index] = number(weight, f"class_weight[{key!r}]", above=0)
    return result


def weighted(data, weights, feature):
    """Training data with the weights of its classes as sample weights, times those that it has.

    Args:
        data: `Encoded` or `Streamed` data `(x, y[, weight])`.
        weights: What `class_weights` gives. With `"balanced"` a class that makes up the part s of
            the examples (of tags and tokens: of the steps) has the weight 1 / (k s), for k classes
            that occur: all weigh the same in all, and the mean weight is 1.
        feature: The output feature.

    Returns:
        Data `(x, y, weight)`: of labels a weight an example, of tags and tokens a weight a step.

    Raises:
        ValueError: For `"balanced"` and data without end.
    """
    if weights is None:
        return data
    if isinstance(weights, str):
        weights = balanced(counts(data, feature))
    table = tf.constant(weights, tf.float32)  # [classes]
    if isinstance(data, Corpus):
        data = copy.copy(data)
        data.weights = table
        return data

    def weigh(x, y, *own):
        return x, y, _multiplied(y, table, *own)

    if isinstance(data, Streamed):
        return Streamed(
            data.dataset, lambda *raw: weigh(*data.encode(*raw)), data.padding, data.checked
        )
    tensors = weigh(*data.tensors)
    if isinstance(data, Shared):  # whose inputs are kept beside them
        return Shared(data.inputs, tensors, data.padding)
    return Encoded(tensors, data.padding)


def balanced(found):
    """Weights that make classes weigh the same in all: n / (k n_i), 1 for one that is missing.

    Args:
        found: Examples of each class `[classes]`.

    Returns:
        NumPy `[classes]`.

    Example:

    >>> balanced([30, 10, 0])
    array([0.66666667, 2.        , 1.        ])

    Reference: `sklearn.utils.class_weight.compute_class_weight`, after King and Zeng 2001,
    "Logistic regression in rare events data", https://doi.org/10.1093/oxfordjournals.pan.a004868.
    """
    found = np.asarray(found, "float64")
    occurs = found > 0
    even = found.sum() / (occurs.sum() * np.where(occurs, found, 1))
    return np.where(occurs, even, 1.0)


def counts(data, feature):
    """Examples of each class in encoded data, of tags the steps; NumPy `[classes]`."""
    if isinstance(data, Corpus):
        parts = [tf.constant(data.tokens)]
    elif isinstance(data, Encoded):
        parts = [data.tensors[1]]
    elif data.dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            "class_weight='balanced' counts the classes of all training data, and this has no "
            "end: give a dict of weights, or data that ends, such as `data.take(100_000)`"
        )
    else:  # read once more than training does
        parts = (batch[1] for batch in data.batches(1024))
    size = size_of(feature)
    result = np.zeros(size, "int64")
    for part in parts:
        ids = (part.flat_values if isinstance(part, tf.RaggedTensor) else part).numpy().ravel()
        result += np.bincount(ids[ids >= 0], minlength=size)
    return result


def size_of(feature):
    """How many classes a target has; of texts the ids of tokens, and those of start and end."""
    return feature.vocabulary_size + 2 if feature.target_type == "texts" else feature.size


def _ids(weights, tokens):
    """The id of the token that each key of a dict names."""
    known = {name: index for index, name in enumerate(tokens) if index}
    for key in weights:
        if key not in known:
            raise ValueError(
                f"class_weight names the token {key!r}, which is not in the vocabulary."
                f"{nearest(str(key), known)} Tokens: {', '.join(map(repr, tokens[2:12]))}, ... "
                f"({len(tokens) - 2:,}). Received: class_weight={weights}"
            )
    return [known[key] for key in weights]


def _indices(weights, feature):
    """The class that each key of a dict stands for: by name or value, or else by index."""
    named = {name: index for index, name in enumerate(feature.names)}
    by_text = [_text(key) for key in weights]
    unknown = [key for key, text in zip(weights, by_text, strict=True) if text not in named]
    whole = all(
        isinstance(key, numbers.Integral) and not isinstance(key, bool) and 0 <= key < feature.size
        for key in weights
    )
    if unknown and not whole:
        raise ValueError(
            f"class_weight names the class {unknown[0]!r}."
            f"{nearest(_text(unknown[0]), feature.names)} Known classes: "
            f"{', '.join(map(repr, feature.names[:20]))}. Received: class_weight={weights}"
        )
    by_index = [int(key) for key in weights] if whole else None
    if unknown:
        found = by_index
    else:
        found = [named[text] for text in by_text]
        # Classes that are numbers are meant by their value, as Keras has it.
        texts = all(isinstance(each, str) for each in feature.classes)
        if texts and whole and found != by_index:
            raise ValueError(
                "class_weight can be read in two ways, as classes "
                f"{by_text} and as those at the indices {by_index}, which are "
                f"{[feature.names[each] for each in by_index]}. Write names as texts. "
                f"Received: class_weight={weights}"
            )
    if len(set(found)) < len(found):
        raise ValueError(f"class_weight names a class twice. Received: class_weight={weights}")
    return found


def _text(key):
    """A key as the name of a class; a whole number that is a float is the same number."""
    if isinstance(key, bytes):
        return key.decode("utf-8", "replace")
    return str(int(key)) if isinstance(key, float) and key.is_integer() else str(key)


def _multiplied(y, table, own=None):
    """Weights of encoded targets: of labels `[batch]`, of tags `[batch, (time)]` ragged."""
    ids = y.flat_values if isinstance(y, tf.RaggedTensor) else y
    # What is no class does not count: its weight says nothing.
    result = tf.where(ids < 0, 0.0, tf.gather(table, tf.maximum(ids, 0)))
    if own is not None:
        own = tf.cast(own, tf.float32)
    if not isinstance(y, tf.RaggedTensor):
        return result if own is None else result * own
    if own is None:
        return y.with_values(result)
    if isinstance(own, tf.Tensor) and own.shape.rank == 1:  # of sequences
        return y.with_values(result * tf.gather(own, y.value_rowids()))
    if isinstance(own, tf.Tensor):  # of steps, padded
        own = tf.RaggedTensor.from_tensor(own, y.row_lengths())
    return y.with_values(result * own.flat_values)
