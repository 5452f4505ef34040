"""A batch as a model's graph takes it, from raw data or from arrays."""

import contextlib
import re
import warnings

import keras
import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.corpus import Corpus
from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.models.base import Model
from rnnkit.models.echo_state import EchoStateNetwork
from rnnkit.models.generating.base import Generating
from rnnkit.models.language_model import LanguageModel
from rnnkit.models.many_to_many import ManyToMany
from rnnkit.utils.checks import integer

# Steps of a series that the gradients of a reservoir are computed on, which reads it in one piece.
LONGEST = 300


class Batch:
    """The inputs of a model, with the targets of its loss.

    Attributes:
        inputs: A nest of tensors.
        targets: A nest of tensors, or None.
        weights: A tensor or None.
        order: For each example as it was given, its row in the tensors.
        target_mask: Boolean NumPy `[batch, time]`, which steps of a decoder count, or None.
        input_mask: The same of the inputs, where the graph has no mask of its own, or None.
    """

    def __init__(self, inputs, targets=None, weights=None):
        self.inputs, self.targets, self.weights = inputs, targets, weights
        self.order = np.arange(self.rows)
        self.target_mask = self.input_mask = None

    @property
    def rows(self):
        return int(keras.tree.flatten(self.inputs)[0].shape[0])

    def mask_for(self, run):
        """Which steps of a `Run` count: boolean NumPy `[batch, time]`."""
        counted = run.counted
        mask = self.target_mask if run.in_decoder else self.input_mask
        fits = mask is not None and run.mask is None and mask.shape == counted.shape
        return mask if fits else counted


def make(model, data, size, targets=True):
    """The first examples of some data.

    Args:
        model: A Keras model.
        data: For models of rnnkit raw data: `(x, y)`, a dataset, or what `model.prepare` gave. For
            others arrays `(x, y)` or `(x, y, weights)`, or a batched dataset of these.
        size: Examples at most.
        targets: Whether targets are wanted.

    Returns:
        A `Batch`.

    Raises:
        ValueError: If there are no examples, or they do not fit the model.
    """
    size = integer(size, "batch_size")
    if data is None:
        raise ValueError("batch must be (x, y) or a dataset of them. Received: None")
    if isinstance(model, Model):
        return _raw(model, data, size, targets)
    return _plain(data, size)


# === Models of rnnkit ===


def _raw(model, data, size, targets):
    if isinstance(data, tf.data.Dataset):
        data = data.take(size)
    x, *rest = data if isinstance(data, tuple) else (data,)
    data = model.prepare(x, *rest, targets=targets) if rest else model.prepare(x, targets=targets)
    if isinstance(data, Encoded) and not isinstance(data, Corpus):
        cut = [tf.nest.map_structure(lambda each: each[:size], part) for part in data.tensors]
        data = Encoded(tuple(cut), data.padding)
        data = model.cut(data) if isinstance(model, ManyToMany) else data
    elif isinstance(data, Corpus):
        size = data.streams(size, model.sequence_length)
    parts = next(iter(model._batches(data, size)))
    parts = parts if isinstance(parts, tuple) else (parts,)
    batch = Batch(parts[0], *parts[1:])
    if isinstance(data, Encoded) and not isinstance(data, Corpus) and len(data) == batch.rows:
        batch.order = np.argsort(data.order(size))
    if isinstance(model, Generating) and batch.targets is not None:
        batch.target_mask = _present(batch.targets)
    if isinstance(model, EchoStateNetwork):
        _for_reservoir(model, batch)
    return batch


def _present(values):
    """Which steps of padded targets are there, boolean NumPy `[batch, time]`."""
    values = values.numpy()
    return ~np.isnan(values).all(axis=-1) if values.ndim == 3 else values != 0


def _for_reservoir(model, batch):
    """Replaces padding by zeros and gives the mask apart: the graph of a reservoir has none."""
    if model.stepwise and batch.targets is not None:
        batch.inputs, batch.targets = batch.inputs[:, :LONGEST], batch.targets[:, :LONGEST]
    x = batch.inputs.numpy()  # [batch, time, width], NaN behind the ends
    there = ~np.isnan(x).all(axis=-1)  # [batch, time]
    if not model.stepwise and not there.all():
        raise ValueError(
            "Series with one output each must be equally long here, as the last step is read. "
            f"Received: lengths {sorted(set(there.sum(axis=1).tolist()))}"
        )
    parts = [np.nan_to_num(x)]
    if model.output_feedback:
        if batch.targets is None:
            raise ValueError("y must be given for a network with output_feedback. Received: None")
        before = np.nan_to_num(batch.targets.numpy())[:, :-1]  # [batch, time - 1, targets]
        parts.append(np.pad(before, [(0, 0), (1, 0), (0, 0)]))
    batch.inputs = tf.constant(np.concatenate(parts, axis=-1), model.inputs[0].dtype)
    batch.input_mask = there


# === Plain Keras models ===


def _plain(data, size):
    if isinstance(data, tf.data.Dataset):
        data = next(iter(data), None)
        if data is None:
            raise ValueError("batch must hold examples. Received: an empty dataset")
    parts = data if isinstance(data, tuple) else (data,)
    if len(parts) > 3:
        raise ValueError(
            f"batch must be (x, y) or (x, y, weights). Received: a tuple of {len(parts)}"
        )
    parts = [keras.tree.map_structure(lambda each: _tensor(each, size), part) for part in parts]
    counts = [int(each.shape[0]) for each in keras.tree.flatten(parts) if each is not None]
    if not counts or min(counts) == 0:
        raise ValueError("batch must hold examples. Received: none")
    if len(set(counts)) > 1:
        raise ValueError(f"x and y must have equal lengths. Received: {counts} examples")
    return Batch(*parts)


def _tensor(value, size):
    if value is None:
        return None
    tensor = tf.convert_to_tensor(value)
    if not tensor.shape.rank:
        raise ValueError(f"batch must be arrays of examples. Received: the single value {value!r}")
    tensor = tensor[:size]
    return tf.cast(tensor, tf.float32) if tensor.dtype == tf.float64 else tensor


# === One example ===


def single(model, x, y=None):
    """A batch of one example, to look at.

    Args:
        model: A Keras model.
        x: One raw input; for plain Keras models an array with or without the axis of examples.
        y: For models that generate, the raw target that the decoder reads; by default what the
            model generates.

    Returns:
        A `Batch`.
    """
    if not isinstance(model, Model):
        return _one_array(model, x)
    if isinstance(model, Generating):
        if model.input_feature is None:  # a text is read in one piece
            data = model.prepare([x] if isinstance(x, (str, bytes)) else x, targets=False)
            tokens = data.tensors[0][0].numpy()
            return Batch(tf.constant([[model.decoder.head.start, *tokens]], tf.int32))
        if y is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it need not come to an end here
                y = model.infer([x])[0]
        return _raw(model, ([x], [y]), 1, True)
    return _raw(model, ([x], [y]) if y is not None else ([x],), 1, y is not None)


def _one_array(model, x):
    batch = _plain((x,), 2)
    wanted, given = graph_inputs(model), keras.tree.flatten(batch.inputs)
    if len(wanted) == len(given) == 1 and len(given[0].shape) == len(wanted[0].shape) - 1:
        return Batch(keras.tree.map_structure(lambda each: tf.convert_to_tensor(each)[None], x))
    if batch.rows > 1:
        raise ValueError(f"x must be one example. Received: {len(x):,} of them")
    return batch


def graph_inputs(model):
    """The symbolic inputs of a functional or built sequential model; none of other models."""
    return getattr(model, "inputs", None) or []


# === The call ===


@contextlib.contextmanager
def undisturbed(model):
    """Leaves what a language model carries from batch to batch as it was."""
    kept = []
    if isinstance(model, LanguageModel):
        kept = [*model.carried.kept[True], *model.carried.kept[False]]
    values = [tf.identity(each) for each in kept]
    try:
        yield
    finally:
        for variable, value in zip(kept, values, strict=True):
            variable.assign(value)


def call(model, batch):
    """The outputs of a model, as in inference.

    Raises:
        ValueError: If the batch is of another shape than the model takes.
    """
    try:
        with undisturbed(model):
            return model(batch.inputs, training=False)
    except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
        shapes = [tuple(each.shape) for each in keras.tree.flatten(batch.inputs)]
        wanted = [tuple(each.shape) for each in graph_inputs(model)]
        takes = f"The model takes inputs of shape {wanted}. " if wanted else ""
        raise ValueError(
            f"x does not fit the model {model.name!r}. {takes}Received: {shapes} ({reason(error)})"
        ) from error


def reason(error):
    """An error of TensorFlow in a line, without its codes."""
    text = re.sub(r"\x1b\[[0-9;]*m|\{\{.*?\}\}", "", str(error))
    return " ".join(text.split())[:200]
