"""The recurrent layers of a model, and their names."""

import typing

import keras

from rnnkit.layers.stack import RecurrentStack, is_recurrent
from rnnkit.utils.checks import nearest


class NamedLayer(typing.NamedTuple):
    """A recurrent layer within a model.

    Attributes:
        name: The layer's name, in a stack with its number from below (`"encoder/2"`), in a
            `Bidirectional` with its direction (`"encoder backward"`).
        layer: The `keras.layers.RNN`.
        wrapper: The `keras.layers.Bidirectional` around it, or None.
    """

    name: str
    layer: keras.layers.RNN
    wrapper: keras.layers.Bidirectional | None = None


def layer_names(model):
    """The names that the functions of `rnnkit.diagnostics` know a model's recurrent layers by.

    Args:
        model: A Keras model, such as one of `rnnkit.models`.

    Returns:
        A list of names, in the order in which the model holds the layers.

    Raises:
        ValueError: If it is no model, or has no recurrent layer.

    Example:

    >>> rnnkit.diagnostics.layer_names(model)
    ['encoder forward', 'encoder backward']
    """
    return [each.name for each in find(model)]


def find(model, layer=None):
    """The recurrent layers of a model.

    Args:
        model: A Keras model.
        layer: Which of them: a name of `layer_names`, the name of a layer that holds several (a
            stack, two directions), a layer, a list of these, or None for all.

    Returns:
        A list of `NamedLayer`, at least one.

    Raises:
        ValueError: If there is none, or none of that name.
    """
    if not isinstance(model, keras.layers.Layer):
        raise ValueError(
            "model must be a Keras model, such as one of rnnkit.models. "
            f"Received: model of type {type(model).__name__}"
        )
    if getattr(model, "members", []):
        raise ValueError(
            "model must be one network: of an ensemble pass one of its members, such as "
            f"model.members[0]. Received: an ensemble of {len(model.members)}"
        )
    alone = isinstance(model, keras.layers.RNN)
    found = [NamedLayer(model.name, model)] if alone else _within(model, "")
    if not found:
        raise ValueError(
            "model must have a recurrent layer (keras.layers.RNN and its subclasses); networks "
            "without memory, such as those of dense layers or the cell 'dense', have no state. "
            f"Received: {type(model).__name__} {model.name!r}"
        )
    if layer is None:
        return found
    if isinstance(layer, (list, tuple)):
        chosen = [one for each in layer for one in find(model, each)]
        return list(dict.fromkeys(chosen))
    if isinstance(layer, keras.layers.Layer):
        inside = [id(each) for each in layer._flatten_layers()]
        chosen = [each for each in found if id(each.layer) in inside]
    else:
        chosen = [each for each in found if each.name == layer] or [
            each for each in found if _called(each, layer)
        ]
    if chosen:
        return chosen
    names = [each.name for each in found]
    shown = layer.name if isinstance(layer, keras.layers.Layer) else layer
    raise ValueError(
        f"layer must be None or one of the model's recurrent layers, {names}."
        f"{nearest(shown, names, cutoff=0.5)} Received: layer={shown!r}"
    )


def copy_of(cell, **options):
    """A cell with the same weights and other options, or the cell itself if it holds others.

    Args:
        cell: A Keras RNN cell that is built.
        **options: Of its class, such as `dtype="float64"`.
    """
    if isinstance(cell, keras.layers.StackedRNNCells):
        return cell
    copy = type(cell).from_config({**cell.get_config(), **options})
    copy.build_from_config(cell.get_build_config())
    copy.set_weights(cell.get_weights())
    return copy


def title_of(cell):
    """The name of a cell, given as a name, a class or an object."""
    if isinstance(cell, str):
        return cell
    return cell.__name__ if isinstance(cell, type) else type(cell).__name__


def _called(named, name):
    """Whether a name is that of the layer itself, or of one that holds it."""
    own = named.name.split(" ")[0]
    return own == name or own.startswith(f"{name}/") or named.layer.name == name


def _within(layer, prefix):
    """The recurrent layers inside a layer or model, each once."""
    found, seen = [], set()
    inner = layer._flatten_layers(include_self=False, recursive=False)
    for each in inner:
        for one in _of(each, prefix):
            if id(one.layer) not in seen:
                seen.add(id(one.layer))
                found.append(one)
    return found


def _of(layer, prefix, name=None):
    name = f"{prefix}{layer.name}" if name is None else name
    if isinstance(layer, keras.layers.RNN):
        return [NamedLayer(name, layer)]
    if isinstance(layer, keras.layers.Bidirectional):
        return [
            NamedLayer(f"{name} forward", layer.forward_layer, layer),
            NamedLayer(f"{name} backward", layer.backward_layer, layer),
        ]
    if isinstance(layer, RecurrentStack):
        layers = [each for each in layer.layers if is_recurrent(each)]
        if len(layers) == 1:
            return _of(layers[0], prefix, name)
        return [
            one
            for number, each in enumerate(layers, start=1)
            for one in _of(each, prefix, f"{name}/{number}")
        ]
    return _within(layer, f"{name}/")
