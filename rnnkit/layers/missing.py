"""Layers for series: missing values, forecasts that start from the present, known errors."""

import keras
import numpy as np
from keras import ops

from rnnkit.layers.config import Configured


@keras.saving.register_keras_serializable(package="rnnkit")
class MissingToZero(keras.layers.Layer):
    """Replaces NaN by zero, the mean of a standardised series, and masks what is NaN to the end.

    Series of a batch are padded with NaN at their ends. Those steps get a mask that is False;
    a step that is missing in between is kept.

    Input shape:
        `(batch, time, features)`.

    Output shape:
        That of the inputs.

    Example:

    >>> layer = MissingToZero()
    >>> float(layer(keras.ops.array([[[1.0], [float("nan")]]]))[0, 1, 0])
    0.0
    """

    def call(self, inputs):
        return ops.where(ops.isnan(inputs), ops.zeros_like(inputs), inputs)

    def compute_mask(self, inputs, previous_mask=None):
        return until_last(ops.any(ops.logical_not(ops.isnan(inputs)), axis=-1))

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.saving.register_keras_serializable(package="rnnkit")
class AddPresent(Configured, keras.layers.Layer):
    """Adds the present values of some columns to the forecasts of a network.

    The network then learns the change from the present value; outputs of zero are the persistence
    forecast.

    Args:
        columns: For each target the input column that holds its present value.
        scale: For each target the factor, and
        offset: the summand, that turn its present value into the unit of the outputs.
        leads: Leads of the forecast; outputs are ordered by lead, then by target.

    Call arguments:
        values: The pair of the inputs `[batch, time, features]` and the outputs
            `[batch, time, leads * targets]`. NaN among the inputs counts as the mean of a
            standardised column.

    Output shape:
        That of the outputs.

    Example:

    >>> add = AddPresent([0], [1.0], [0.0], leads=2)
    >>> add([keras.ops.array([[[5.0]]]), keras.ops.zeros((1, 1, 2))])[0, 0].numpy()
    array([5., 5.], dtype=float32)
    """

    def __init__(self, columns, scale, offset, leads, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.columns, self.scale, self.offset = of_targets(columns, scale, offset)
        self.leads = int(leads)

    def call(self, values):
        inputs, outputs = values
        present = ops.take(inputs, np.array(self.columns), axis=-1)  # [batch, time, targets]
        present = ops.where(ops.isnan(present), ops.zeros_like(present), present)
        present = present * np.array(self.scale, "float32") + np.array(self.offset, "float32")
        return outputs + ops.tile(present, (1, 1, self.leads))  # [batch, time, leads * targets]

    def compute_mask(self, values, mask=None):
        return mask[1] if isinstance(mask, (list, tuple)) else mask

    def compute_output_shape(self, shapes):
        return shapes[1]


@keras.saving.register_keras_serializable(package="rnnkit")
class KnownErrors(Configured, keras.layers.Layer):
    """The identity, which holds how far each output is off, as weights.

    These are the root mean squared error; and where there are `levels` also the half width of an
    interval: a constant, and multiples of the absolute value of the output and of a scale that runs
    along, all 0 where it is not known; with the half widths at other levels over this one.

    The weights are not trained; they are saved with the others. The error starts at 1, that of a
    forecast that is the mean of a standardised target.

    Args:
        levels: How many other levels there are; 0 where there are no intervals.

    Input shape:
        `(batch, ..., outputs)`.

    Output shape:
        That of the inputs.
    """

    def __init__(self, levels=0, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.levels = int(levels)
        self.supports_masking = True

    def build(self, input_shape):
        def weight(name, *shape, value="zeros"):
            shape = (*shape, input_shape[-1])
            return self.add_weight(shape=shape, initializer=value, trainable=False, name=name)

        self.errors = weight("errors", value="ones")
        if self.levels:
            self.constant, self.fraction, self.scaled = map(
                weight, ("constant", "fraction", "scaled")
            )
            self.multiples = weight("multiples", self.levels, value="ones")
        self.built = True

    def call(self, inputs):
        return inputs

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.saving.register_keras_serializable(package="rnnkit")
class AtLeast(Configured, keras.layers.Layer):
    """Outputs of which none is below a smallest value.

    In training they pass as they are: where a bound holds there is no gradient, so that what lies
    below would never learn to rise.

    Args:
        minimum: Smallest value of each output, a list of numbers.

    Input shape:
        `(batch, ..., outputs)`.

    Output shape:
        That of the inputs.

    Example:

    >>> AtLeast([0.0, -5.0])(np.array([[-1.0, -2.0]])).numpy().tolist()
    [[0.0, -2.0]]
    """

    def __init__(self, minimum, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.minimum = [float(each) for each in minimum]
        self.supports_masking = True

    def call(self, inputs, training=None):
        if training:
            return inputs
        return ops.maximum(inputs, ops.convert_to_tensor(self.minimum, inputs.dtype))

    def compute_output_shape(self, input_shape):
        return input_shape


def bounded(least, outputs):
    """Outputs of a graph of which none is below a smallest value; see `AtLeast`.

    Args:
        least: Smallest value of each output, NumPy, `-inf` where there is none.
        outputs: Keras tensor `(batch, ..., outputs)`.
    """
    if not np.isfinite(least).any():
        return outputs
    minimum = np.maximum(least, float(np.finfo("float32").min))  # a number, as files hold
    return AtLeast(minimum.tolist(), dtype=outputs.dtype, name="at_least")(outputs)


def until_last(known):
    """The mask of sequences that end with their last known step.

    Args:
        known: Boolean `[batch, time]`, whether anything is known of a step.

    Returns:
        Boolean `[batch, time]`: a step counts if it or a later one is known.
    """
    later = ops.flip(ops.cumsum(ops.flip(ops.cast(known, "int32"), 1), axis=1), 1)
    return later > 0


def of_targets(columns, scale, offset):
    """The columns of targets among the inputs, and how their values become those of the outputs.

    Returns:
        The three as lists of integers, of floats and of floats.

    Raises:
        ValueError: If they do not have one entry for each target.
    """
    if not len(columns) == len(scale) == len(offset) > 0:
        raise ValueError(
            "columns, scale and offset must have one entry for each target. Received: "
            f"columns={columns}, scale={scale}, offset={offset}"
        )
    return list(map(int, columns)), list(map(float, scale)), list(map(float, offset))
