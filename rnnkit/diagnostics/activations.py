"""States and gates of a recurrent layer over a sequence."""

import functools

import keras
import tensorflow as tf

from rnnkit.diagnostics import batches, recurrent_layers
from rnnkit.diagnostics.unrolling import unrolled
from rnnkit.features.splitting import split_words
from rnnkit.features.words import Words
from rnnkit.layers.reference import ReferenceGRUCell, ReferenceLSTMCell, ReferenceSimpleRNNCell
from rnnkit.models.base import Model
from rnnkit.models.generating.base import Generating

REFERENCE = (ReferenceSimpleRNNCell, ReferenceLSTMCell, ReferenceGRUCell)


class Trace(dict):
    """Arrays `[time, units]` by name, of one layer that has read one sequence.

    Attributes:
        layer: Name of the layer; see `rnnkit.diagnostics.layer_names`.
        cell: Class of its cell.
        words: The input of each step, a list of strings, or None where it is no text.
        backwards: Whether the layer reads from the end. The order of the arrays is that of the
            input in any case.
    """

    def __init__(self, values, layer, cell, words=None, backwards=False):
        super().__init__(values)
        self.layer = layer
        self.cell = cell
        self.words = words
        self.backwards = backwards

    def __repr__(self):
        shapes = ", ".join(f"{name} {list(values.shape)}" for name, values in self.items())
        return f"<Trace of {self.layer} ({self.cell}): {shapes}>"


def state_trajectory(model, x, layer=None, *, y=None):
    """The states of a recurrent layer after each step of a sequence.

    Args:
        model: A Keras model.
        x: One raw input, as for `model.infer([x])`; for models that are not rnnkit's an array, with
            or without the axis of examples.
        layer: A name of `rnnkit.diagnostics.layer_names`, or a layer; by default the first. Of a
            layer that holds several (a stack, two directions) the first is taken.
        y: For layers of a decoder: the raw target that it reads. By default what the model
            generates.

    Returns:
        A `Trace`: a dict of the name of each state (`"hidden"`, of an LSTM also `"cell"`) to
        float64 `[time, units]`, with the words where there are any. Steps that are padding are
        left out.

    Raises:
        ValueError: If there is no such layer, or x is not one example that fits.

    Example:

    >>> states = rnnkit.diagnostics.state_trajectory(model, "not bad at all")
    >>> states["hidden"].shape, states.words
    ((4, 64), ['not', 'bad', 'at', 'all'])
    """
    run, batch = _one_run(model, x, layer, y)
    kept = run.kept
    values = {
        name: run.in_time([step[index] for step in kept])[0]
        for index, name in enumerate(run.state_names)
    }
    return _trace(values, model, x, run, batch)


def gate_activations(model, x, layer=None, *, y=None):
    """The values of the gates of a recurrent layer at each step of a sequence.

    Args:
        model: A Keras model.
        x: One raw input; see `state_trajectory`.
        layer: Which layer; see `state_trajectory`.
        y: For layers of a decoder; see `state_trajectory`.

    Returns:
        A `Trace`: a dict of the name of each gate to float64 `[time, units]`. Of an LSTM
        `"input"`, `"forget"` (1 keeps all), `"candidate"` and `"output"`; of a GRU `"update"`
        (1 keeps all), `"reset"` and `"candidate"`; the equations are those of
        `rnnkit.layers.ReferenceLSTMCell` and `ReferenceGRUCell`. The candidate is between -1 and 1,
        the gates between 0 and 1.

    Your own cell shows its gates if it has a method `gates(inputs, states)`, which returns a dict
    of name to tensor `[batch, units]`; or if it derives from a reference cell.

    Raises:
        ValueError: If there is no such layer, its cell has no gates, or x does not fit.

    Example:

    >>> gates = rnnkit.diagnostics.gate_activations(model, "not bad at all")
    >>> gates["forget"].mean(axis=1)  # how much was kept at each word
    """
    run, batch = _one_run(model, x, layer, y)
    if not has_gates(run.layer.cell):
        raise ValueError(
            "gate_activations needs a layer whose cell has gates: an LSTM, a GRU, a reference cell "
            "of these, or one with a method gates(inputs, states). Received: "
            f"layer {run.name!r} with {type(run.layer.cell).__name__}"
        )
    values = {name: values[0] for name, values in gates_of(run).items()}
    return _trace(values, model, x, run, batch)


def _one_run(model, x, layer, y):
    chosen = recurrent_layers.find(model, layer)[:1]
    batch = batches.single(model, x, y)
    with unrolled(chosen) as runs:
        batches.call(model, batch)
    if not runs:
        raise ValueError(f"The model does not call its layer {chosen[0].name!r} in eager mode")
    return runs[0], batch


def _trace(values, model, x, run, batch):
    counted = batch.mask_for(run)[0]  # [time]
    values = {name: each[counted] for name, each in values.items()}
    words = _words(model, x, run, batch)
    if words is not None and len(words) != int(counted.sum()):
        words = None
    cell, backwards = type(run.layer.cell).__name__, bool(run.layer.go_backwards)
    return Trace(values, run.name, cell, words, backwards)


def _words(model, x, run, batch):
    """The input of each step as a list of strings, or None."""
    if not isinstance(model, Model):
        return None
    if run.in_decoder:
        feature = model.output_feature
        before = batch.inputs[-1] if isinstance(batch.inputs, (tuple, list)) else batch.inputs
        if not feature.shows_tokens or not before.dtype.is_integer:
            return None
        ids, start = before.numpy()[0], model.decoder.head.start
        there = batch.target_mask[0] if batch.target_mask is not None else ids != 0
        return [
            feature.tokens_of([each])[0]
            if each < start
            else "(start)"
            if each == start
            else "(end)"
            for each in ids[there]
        ]
    if isinstance(x, bytes):
        x = x.decode("utf-8", "replace")
    feature = model.input_feature
    if isinstance(x, str) and feature is not None and feature.shows_tokens:
        return list(feature.pieces(x))
    if isinstance(x, str) and isinstance(feature, Words):
        return split_words(x)
    if isinstance(x, (list, tuple)) and all(isinstance(each, str) for each in x):
        return list(x)
    return None


# === Gates ===


def has_gates(cell):
    """Whether `gates_of` knows the gates of a cell."""
    if isinstance(cell, REFERENCE):
        return len(cell.gate_names) > 1
    return _has_own_gates(cell) or isinstance(cell, (keras.layers.LSTMCell, keras.layers.GRUCell))


def gates_of(run):
    """The gates of a cell at all steps.

    Args:
        run: A `Run` of a layer for whose cell `has_gates`.

    Returns:
        Dict of name to float64 `[batch, time, units]`, in the order of the input.
    """
    cell = run.layer.cell
    gates = cell.gates if _has_own_gates(cell) else functools.partial(_gates, _showing(cell))
    steps = [gates(*step) for step in zip(run.inputs, run.before, strict=True)]
    return {name: run.in_time([step[name] for step in steps]) for name in steps[0]}


def _has_own_gates(cell):
    return callable(getattr(cell, "gates", None))


def _showing(cell):
    """A reference cell with the weights of a cell that shows its gates."""
    if isinstance(cell, REFERENCE):
        return recurrent_layers.copy_of(cell, return_gates=True)
    lstm = isinstance(cell, keras.layers.LSTMCell)
    options = {} if lstm else {"reset_after": cell.reset_after}
    copy = (ReferenceLSTMCell if lstm else ReferenceGRUCell)(
        cell.units, activation=cell.activation, recurrent_activation=cell.recurrent_activation,
        use_bias=cell.use_bias, return_gates=True, dtype=cell.dtype_policy, **options,
    )  # fmt: skip
    copy.build((None, cell.kernel.shape[0]))
    copy.set_weights(cell.get_weights())
    return copy


def _gates(cell, inputs, states):
    found = cell.split_gates(cell(inputs, list(states))[0])
    return {name: each for name, each in found.items() if name not in ("hidden", "cell")}


# === Many examples ===


def runs_of(model, x, layer, batch_size):
    """Calls of layers on a batch of examples.

    Returns:
        The pair of a list of `Run` and the `Batch`.
    """
    chosen = recurrent_layers.find(model, layer)
    targets = isinstance(model, Generating) or isinstance(x, tf.data.Dataset)
    targets = targets or (isinstance(model, Model) and isinstance(x, tuple))
    batch = batches.make(model, x, batch_size, targets=targets)
    with unrolled(chosen) as runs:
        batches.call(model, batch)
    return runs, batch
