"""Where the recurrent layers of a model are, and what they are called."""

import difflib
import typing

import keras

from rnnkit.layers.stack import RecurrentStack


class Place(typing.NamedTuple):
    """A recurrent layer within a model.

    Attributes:
        name: What it is called here: the layer's name, in a stack with its number from below
            (`"encoder/2"`), in a `Bidirectional` with its direction (`"encoder backward"`).
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
    return [place.name for place in find(model)]


def find(model, layer=None):
    """The recurrent layers of a model.

    Args:
        model: A Keras model.
        layer: Which of them: a name of `layer_names`, the name of a layer that holds several (a
            stack, two directions), a layer, a list of these, or None for all.

    Returns:
        A list of `Place`, at least one.

    Raises:
        ValueError: If there is none, or none of that name.
    """
    if not isinstance(model, keras.layers.Layer):
        raise ValueError(
            "model must be a Keras model, such as one of rnnkit.models. "
            f"Received: model of type {type(model).__name__}"
        )
    found = _within(model, "") if not isinstance(model, keras.layers.RNN) else []
    found = found or ([Place(model.name, model)] if isinstance(model, keras.layers.RNN) else [])
    if not found:
        raise ValueError(
            "model must have a recurrent layer (keras.layers.RNN and its subclasses); networks "
            "without memory, such as those of dense layers or the cell 'dense', have no state. "
            f"Received: {type(model).__name__} {model.name!r}"
        )
    if layer is None:
        return found
    if isinstance(layer, (list, tuple)):
        chosen = [place for each in layer for place in find(model, each)]
        return list(dict.fromkeys(chosen))
    if isinstance(layer, keras.layers.Layer):
        inside = [id(each) for each in layer._flatten_layers()]
        chosen = [place for place in found if id(place.layer) in inside]
    else:
        chosen = [place for place in found if place.name == layer] or [
            place for place in found if _called(place, layer)
        ]
    if chosen:
        return chosen
    names = [place.name for place in found]
    near = difflib.get_close_matches(str(layer), names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    shown = layer.name if isinstance(layer, keras.layers.Layer) else layer
    raise ValueError(
        f"layer must be None or one of the model's recurrent layers, {names}.{hint} "
        f"Received: layer={shown!r}"
    )


def _called(place, name):
    """Whether a name is that of the layer itself, or of one that holds it."""
    own = place.name.split(" ")[0]
    return own == name or own.startswith(f"{name}/") or place.layer.name == name


def _within(layer, prefix):
    """The recurrent layers inside a layer or model, each once."""
    found, seen = [], set()
    inner = layer._flatten_layers(include_self=False, recursive=False)
    for each in inner:
        for place in _of(each, prefix):
            if id(place.layer) not in seen:
                seen.add(id(place.layer))
                found.append(place)
    return found


def _of(layer, prefix, name=None):
    name = f"{prefix}{layer.name}" if name is None else name
    if isinstance(layer, keras.layers.RNN):
        return [Place(name, layer)]
    if isinstance(layer, keras.layers.Bidirectional):
        return [
            Place(f"{name} forward", layer.forward_layer, layer),
            Place(f"{name} backward", layer.backward_layer, layer),
        ]
    if isinstance(layer, RecurrentStack):
        layers = [each for each in layer.layers if hasattr(each, "return_sequences")]
        if len(layers) == 1:
            return _of(layers[0], prefix, name)
        return [
            place
            for number, each in enumerate(layers, start=1)
            for place in _of(each, prefix, f"{name}/{number}")
        ]
    return _within(layer, f"{name}/")
