"""Weights of one model copied into another, as far as they fit, by names of words and classes."""

import dataclasses

import keras
import numpy as np

from rnnkit.layers.word_embedding import WordEmbedding

# Layers that hold something for each entry of the input's feature, and of the target's.
OF_INPUT = ("embedding", "source_embedding", "bag_embedding", "bag", "label_embedding")
OF_TARGET = ("target_embedding", "output", "bag_output", "crf_output", "encoder_auxiliary_output")
# The axes of their weights along which the entries lie.
AXES = {
    "embeddings": (0,), "reverse_embeddings": (1,), "kernel": (-1,), "bias": (0,),
    "transitions": (0, 1), "start": (0,), "end": (0,),
}  # fmt: skip
SPECIAL = ((0,), (1,))  # start and end of generated tokens: no names that a token could have


@dataclasses.dataclass
class Copied:
    """What became of the layers of a model that took weights of another one.

    Attributes:
        taken: Names of the layers that have weights of the other model.
        left: Dict of the names of layers that are as they were made to the reason, in words.
    """

    taken: list = dataclasses.field(default_factory=list)
    left: dict = dataclasses.field(default_factory=dict)


def copy_weights(source, model):
    """Copies the weights of a model's layers into those of another one that fit.

    Layers are matched by name. Where a weight holds something for each word, class or tag, each is
    found by its name; those that only the other model knows stay as they were made. A layer is
    taken whole or left as it was made.

    Args:
        source: A `rnnkit.models.Model`.
        model: Another one, which is changed.

    Returns:
        `Copied`.
    """
    result, theirs = Copied(), {layer.name: layer for layer in source.layers}
    for layer in model.layers:
        if not layer.weights:
            continue
        other = theirs.get(layer.name)
        if other is None:
            result.left[layer.name] = "not in it"
        elif _kinds(other) != _kinds(layer) or len(other.weights) != len(layer.weights):
            result.left[layer.name] = "of another kind"
        elif _copy(source, other, model, layer):
            result.taken.append(layer.name)
        else:
            result.left[layer.name] = f"of {_shapes(other)} there, {_shapes(layer)} here"
    return result


def _copy(source, other, model, layer):
    """Copies the weights of a layer, if all of them fit; says whether they did."""
    found = []
    for mine, new in zip(other.weights, layer.weights, strict=True):
        before, now = _names(source, other, mine), _names(model, layer, new)
        values = joined(_numbers(mine), before, _numbers(new), now)
        if values is None:
            return False
        found.append(values)
    if isinstance(layer, WordEmbedding):
        _copy_words(source, other, model, layer)
        return True
    for new, values in zip(layer.weights, found, strict=True):
        new.assign(values)
    return True


def _copy_words(source, other, model, layer):
    """Copies word vectors. What were words beyond the data, and are of it now, begin as they were;
    others that are new begin at random, as large as those."""
    every, here = model.input_feature.token_names, source.input_feature.token_names
    start = _numbers(layer.start) * 0
    layer.start_from(joined(_numbers(other.start), [here, None], start, [every, None]))
    trained = [here[: other.words], None], [every[: layer.words], None]
    embeddings = _numbers(layer.embeddings)
    layer.embeddings.assign(joined(_numbers(other.embeddings), trained[0], embeddings, trained[1]))


def joined(old, before, new, now):
    """A new array with the values of an old one where both have something of the same name.

    Args:
        old: NumPy array.
        before: For each of its axes the names of what lies there, or None where they have none.
        new: Another one.
        now: Its names, likewise.

    Returns:
        An array like `new`; None where axes without names differ in size.

    Example:

    >>> joined(np.array([1, 2]), [["a", "b"]], np.array([7, 8, 9]), [["b", "c", "a"]])
    array([2, 8, 1])
    """
    if old.ndim != new.ndim:
        return None
    rows, positions = [], []
    for axis in range(new.ndim):
        if before[axis] is None or now[axis] is None:
            if old.shape[axis] != new.shape[axis]:
                return None
            rows.append(np.arange(new.shape[axis]))
            positions.append(rows[-1])
            continue
        known = {name: row for row, name in enumerate(before[axis])}
        both = [(row, known[name]) for row, name in enumerate(now[axis]) if name in known]
        rows.append(np.array([row for row, _ in both], int))
        positions.append(np.array([row for _, row in both], int))
    result = new.copy()
    result[np.ix_(*rows)] = old[np.ix_(*positions)]
    return result


def _names(model, layer, weight):
    """For each axis of a weight the names of what lies along it, or None."""
    names = [None] * len(weight.shape)
    if layer.name == "characters" and weight.path.endswith("embedding/embeddings"):
        lists = [["", "[UNK]", *model.input_feature.characters]]
        axes = (0,)
    elif layer.name in (*OF_INPUT, *OF_TARGET):
        of_input = layer.name in OF_INPUT
        lists = _lists(model.input_feature if of_input else model.output_feature)
        axes = AXES.get(weight.name, ())
    else:
        return names
    for axis in axes:
        fits = [each for each in lists if len(each) == weight.shape[axis]]
        if fits:
            names[axis] = fits[0]
    return names


def _lists(feature):
    """The lists of names of which one may lie along an axis, told apart by their lengths."""
    lists = []
    if feature.token_names is not None:
        lists += [feature.token_names, [*feature.token_names, *SPECIAL]]
        if feature.vectors is not None:
            lists.append(feature.token_names[: -feature.vectors.beyond or None])
    elif feature.names is not None:
        lists.append(feature.names)
    return lists


def _kinds(layer):
    """The classes of a layer and of those within it, but for those that dropout adds."""
    names = [type(each).__name__ for each in layer._flatten_layers()]
    return [name for name in names if name not in ("Dropout", "RecurrentStack")]


def _shapes(layer):
    return " and ".join("x".join(map(str, weight.shape)) for weight in layer.weights)


def _numbers(weight):
    return keras.ops.convert_to_numpy(weight.value)
