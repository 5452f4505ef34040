"""A model that grows in place: more words, labels and tags, all else as it was."""

import types

import keras
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded, Streamed
from rnnkit.data.pipeline.raw import as_dataset
from rnnkit.features.extending import adapted_beside, added, both_extended
from rnnkit.training.copying import copy_weights
from rnnkit.utils.idle import made_by
from rnnkit.utils.messages import listed

# What a model has beside the arguments of its constructor.
KEPT = ("recipe", "score_names", "fit_defaults", "trained", "longest_target")
WRAPPED = ("build", "quantize")
FEATURES = ("input_feature", "output_feature")


def grow(model, x, y=None, sample_weight=None):
    """Has a model know the words, labels and tags of new data, beside those that it knows.

    Its features are extended, its graph is made anew with them, and its weights are those that
    it had, by the names of the words and classes; new ones are not trained yet. The object stays
    the same one. Layers and functions that were taken from it before are of the old graph.

    Args:
        model: A compiled `rnnkit.models.Model`, which is changed.
        x, y, sample_weight: Raw data as in `Model.fit`.

    Returns:
        The raw data as a dataset, as what gives it may give it once.

    Raises:
        ValueError: For data that is encoded already, a model without an input, a new class where
            the loss or the metrics are not the default ones; and where the features cannot grow.
    """
    if model.input_feature is None:
        raise ValueError(
            f"extend must be False for a {type(model).__name__}, which learns from texts alone: "
            "make a new one that starts from it, recipe.model(data, base=model). "
            "Received: extend=True"
        )
    if isinstance(x, (Encoded, Streamed)):
        raise ValueError(
            "extend needs raw data, of which new words and classes are learned. Received: data "
            "that is encoded already"
        )
    dataset = as_dataset(x, y, sample_weight, model.input_feature, model.output_feature)
    before = (model.input_feature, model.output_feature)
    newer = [
        adapted_beside(feature, dataset.map(lambda *parts, i=side: parts[i]))
        for side, feature in enumerate(before)
    ]
    if before[0] is before[1]:
        newer[1] = newer[0]
    found = both_extended(before, newer)
    more = [added(*each) for each in zip(before, found, strict=True)]
    if any(more):
        if more[1]:
            _check_compiled(model)
        _rebuild(model, dict(zip(FEATURES, found, strict=True)))
        print(f"New to the model: {_in_words(more)}")
    return dataset


def with_rehearsal(data, old):
    """Encoded data, and older data beside it, to be learned from together.

    Args:
        data, old: Encoded data, in memory.
    """
    if not isinstance(data, Encoded) or not isinstance(old, Encoded):
        raise ValueError("rehearse needs data that ends and fits in memory. Received: a stream")
    if len(data.tensors) != 2 or len(old.tensors) != 2:
        raise ValueError("rehearse needs data of (x, y) without sample weights")
    tensors = tuple(
        tf.concat(parts, axis=0) for parts in zip(data.tensors, old.tensors, strict=True)
    )
    return Encoded(tensors, data.padding)


def _check_compiled(model):
    """Refuses a loss and metrics that are not the default ones, which may know the old classes."""
    usual = type(model).from_config(model.get_config()).get_compile_config()
    mine = model.get_compile_config()
    for name in ("loss", "metrics"):
        if mine.get(name) != usual.get(name):
            raise ValueError(
                f"extend needs the default {name} where the data has new classes, as others may "
                "count those that there were: call model.compile() first, or make a new model "
                f"with recipe.model(data, base=model). Received: {name}={mine.get(name)!r}"
            )


@made_by("file")
def _rebuild(model, features):
    """Makes the object anew with other features, and gives it its weights back."""
    older = {name: getattr(model, name) for name in FEATURES}
    before = [
        types.SimpleNamespace(layers=list(network.layers), **older)
        for network in model.members or [model]
    ]
    compiled = model.get_compile_config()
    config = {key: value for key, value in model.get_config().items() if key != "settings"}
    load = keras.saving.deserialize_keras_object
    arguments = {
        name: load(value) if isinstance(value, dict) and "class_name" in value else value
        for name, value in config.items()
        if name not in FEATURES
    }
    kept = {name: getattr(model, name) for name in KEPT if hasattr(model, name)}
    everything = dict(vars(model))
    try:
        with model.distribute_strategy.scope():
            # Methods that Keras wraps for the object before `__init__`; all else is made anew.
            wrapped = {name: each for name, each in everything.items() if name in WRAPPED}
            vars(model).clear()
            vars(model).update(wrapped)
            model.__init__(**features, **arguments)
            for name, value in kept.items():
                setattr(model, name, value)
            for old, network in zip(before, model.members or [model], strict=True):
                copy_weights(old, network)
            model.combine()
            model.compile(**_compilation(model, compiled))
    except BaseException:
        vars(model).clear()
        vars(model).update(everything)
        raise


def _compilation(model, config):
    """Arguments of `compile` as they were, with a fresh optimizer; the loss and the metrics are
    the default ones of the new classes where they were those of the old."""
    found = keras.saving.deserialize_keras_object(config)
    usual = model.get_compile_config()
    for name in ("loss", "metrics"):
        if _kinds(config.get(name)) == _kinds(usual.get(name)):
            found[name] = "auto"
    return found


def _kinds(part):
    """The classes that a serialised loss or list of metrics names."""
    parts = part if isinstance(part, list) else [part]
    return [each.get("class_name") if isinstance(each, dict) else each for each in parts]


def _in_words(more):
    found = []
    for side in more:
        for name, entries in side.items():
            if name == "classes":
                found.append(listed(entries))
            elif name != "spacing":
                what = "words" if name == "vocabulary" else name
                found.append(f"{len(entries):,} {what}")
    return ", ".join(dict.fromkeys(found))
