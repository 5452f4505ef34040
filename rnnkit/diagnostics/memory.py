"""Linear memory capacity of any cell: how many steps of the past input its states hold."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from rnnkit import metrics
from rnnkit.datasets import dynamics
from rnnkit.diagnostics import recurrent_layers
from rnnkit.layers.recurrent import recurrent
from rnnkit.utils.pictures import draw


@dataclasses.dataclass
class MemoryCapacity:
    """Linear memory capacity, as `memory_capacity` found it.

    Attributes:
        capacity: Sum of `by_delay`, in steps.
        by_delay: float64 `[delays]`: squared correlation of the best linear readout of the states
            with the input k steps ago, `[k - 1]` for delay k.
        states: Number of states that are read, which the capacity cannot exceed.
        name: The cell or layer that was measured.
    """

    capacity: float
    by_delay: np.ndarray
    states: int
    name: str

    @property
    def half(self):
        """The longest delay up to which all are recalled with a squared correlation above 1/2."""
        below = np.flatnonzero(self.by_delay < 0.5)
        return int(below[0]) if below.size else len(self.by_delay)

    def plot(self, ax=None):
        """Squared correlation by delay; see `rnnkit.plots.memory`."""
        return draw("memory", self, ax=ax)

    def __repr__(self):
        return (
            f"<MemoryCapacity {self.name}: {self.capacity:.1f} of at most {self.states} steps, "
            f"half of it or more up to delay {self.half}>"
        )


def memory_capacity(
    cell,
    units=50,
    *,
    layer=None,
    delays=None,
    length=6_000,
    washout=200,
    amplitude=1.0,
    seed=0,
    **cell_options,
):
    """How much of the past input a linear readout can recover from the states of a cell.

    The cell, with the weights that it has, reads independent random numbers u(t), even on
    [-amplitude, amplitude]. For each delay k a linear readout of u(t - k) from the states is fitted
    on the first half of the time and scored on the second:

        MC = sum_k corr^2( u(t - k), readout_k(states(t)) )

    It is at most the number of states, which linear reservoirs with orthogonal weights come close
    to. Trained cells usually hold less than untrained linear ones: they keep what their task needs.

    Args:
        cell: Name of a cell or a Keras RNN cell, as in `rnnkit.layers.recurrent`, with new weights;
            or a recurrent layer or a model that is built, with its own weights. If it has several
            inputs, each gets u(t) times a random number; the squares of these add up to one.
        units: Size of a new cell's state.
        layer: Which layer of a model; by default the first. See `rnnkit.diagnostics.layer_names`.
        delays: Longest delay; by default twice the number of states.
        length: Steps of the input.
        washout: Leading steps that do not count.
        amplitude: Largest input. Small ones keep units in the linear part of their activation.
        seed: Integer that fixes weights and input.
        **cell_options: Of a new cell, such as `topology="orthogonal"` of `"esn"`.

    Returns:
        A `MemoryCapacity`. All states are read: of an LSTM both, so up to `2 * units`. Computed in
        float64.

    Raises:
        ValueError: If there is no such cell or layer, or too few steps for the readouts.

    Example:

    >>> memory_capacity("esn", 50, topology="ring", spectral_radius=0.98, input_scaling=0.01)
    <MemoryCapacity esn, 50 units: 46.9 of at most 50 steps, half of it or more up to delay 49>
    >>> memory_capacity("lstm", 50).capacity

    Reference:
        Jaeger, "Short term memory in echo state networks", GMD report 152, 2001.
    """
    if isinstance(cell, keras.layers.Layer) and not _is_cell(cell):
        found = recurrent_layers.find(cell, layer)[0]
        name, width = f"{found.name} of {cell.name}", _width(found)
        cell = recurrent_layers.copy_of(found.layer.cell, dtype="float64")
    else:
        if layer is not None:
            raise ValueError(
                f"layer is for models, to say which. Received: layer={layer!r} with a cell"
            )
        options = {"seed": seed, "dtype": "float64", "return_sequences": True, **cell_options}
        made = recurrent(cell, units, **options)
        width, name = 1, f"{recurrent_layers.title_of(cell)}, {units} units"
        cell = made.cell if isinstance(made, keras.layers.RNN) else None
    u = dynamics.memory_task(length, amplitude=amplitude, seed=seed)[0]  # [time, 1]
    if cell is None:  # without memory: its outputs are all there is
        states = made(u[None])[0].numpy()  # [time, units]
    else:
        mix = np.ones((1, 1))
        if width > 1:
            mix = np.random.default_rng([seed, 1]).normal(size=(1, width))
            mix /= np.linalg.norm(mix)
        states = _states(cell, u @ mix)
    if not np.isfinite(states).all():
        raise ValueError(
            f"The states of {name} are not finite: its weights make it diverge. Received: "
            f"{int((~np.isfinite(states)).any(axis=1).sum()):,} of {len(states):,} steps"
        )
    delays = 2 * states.shape[1] if delays is None else delays
    capacity, by_delay = metrics.memory_capacity(states, u, delays=delays, washout=washout)
    return MemoryCapacity(float(capacity), by_delay, states.shape[1], name)


def _states(cell, inputs):
    """States of a cell `[time, states]` over inputs `[time, width]`."""
    if not cell.built:
        cell.build((1, inputs.shape[1]))
    start = keras.layers.RNN(cell, dtype=cell.dtype_policy).get_initial_state(batch_size=1)

    def step(states, x):
        return keras.tree.flatten(cell(x, keras.tree.pack_sequence_as(start, states))[1])

    @tf.function
    def run(x):
        states = tf.scan(step, x, keras.tree.flatten(start))  # each [time, 1, size]
        return tf.concat(states, axis=-1)[:, 0]

    x = tf.constant(inputs[:, None], cell.compute_dtype)  # [time, 1, width]
    return np.asarray(run(x), "float64")


def _is_cell(layer):
    return hasattr(layer, "state_size") and not isinstance(layer, keras.layers.RNN)


def _width(found):
    """How many inputs a built layer takes."""
    shapes = found.layer.get_build_config() or {}
    shape = shapes.get("sequences_shape") or shapes.get("input_shape")
    if shape:
        return int(shape[-1])
    cell = found.layer.cell
    kernel = getattr(cell, "kernel", getattr(cell, "input_kernel", None))
    if kernel is None:
        raise ValueError(
            f"The layer {found.name!r} must be built: call the model first. Received: not built"
        )
    return int(kernel.shape[0])
