"""The reservoir of an echo state network: a recurrent layer with random, untrained weights."""

import functools

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from rnnkit.layers import topology as topologies
from rnnkit.layers.config import Configured
from rnnkit.layers.reservoir.product import plan, recurrent_product
from rnnkit.utils.checks import integer, number
from rnnkit.utils.config import given
from rnnkit.utils.seeds import drawn


@keras.saving.register_keras_serializable(package="rnnkit")
class ESNCell(Configured, keras.layers.Layer):
    """Cell of an echo state network: a fixed random recurrent network of leaky units.

    Each step computes

        h_t = (1 - a) * h_{t-1} + a * f(x_t W_in + h_{t-1} W + b + noise)

    (Jaeger et al., 2007, equation 2, with step size 1). No weight is trained: only what reads the
    states is. The recurrent weights W have exactly the spectral radius that is asked for. They are
    kept as index and value arrays of the links where the topology is sparse, and saved.

    Args:
        units: Positive integer, size of the state.
        spectral_radius: Largest absolute eigenvalue of W. Memory grows towards 1; above it the
            state may no longer forget its start.
        leak_rate: a, above 0 and at most 1: how far a step moves the state. A number, or one for
            each unit.
        input_scaling: The input weights are sampled evenly from minus to plus this. A number, or
            one for each input.
        bias_scaling: The biases b are sampled evenly from minus to plus this.
        connectivity: Fraction of the links that exist, for the topology `"random_connectivity"`,
            which it chooses where no topology is named.
        degree: Number of incoming links of each unit, for the topologies that have this.
        topology: Name in `rnnkit.layers.topology.TOPOLOGIES`; by default `"circulant"`, the fastest
            random one. Or a `Topology`, whose own spectral radius is replaced.
        activation: Activation f of the units.
        noise: Standard deviation of normal noise inside f, in training only.
        feedback_size: How many of the last inputs are outputs of the step before, fed back: a
            teacher's while training, the network's own in free run. They have a scaling of their
            own.
        feedback_scaling: Input scaling of the outputs fed back.
        seed: Integer that fixes weights and noise, or None.

    Call arguments:
        inputs: Tensor of one step, `(batch, features)`.
        states: List of one tensor, h_{t-1}, `(batch, units)`.
        training: Whether noise is added.

    Output shape:
        `(batch, units)`, and a list of one state of the same shape.

    Raises:
        ValueError: For a value out of its range, or options that the topology does not have.

    Example:

    ```python
    layer = keras.layers.RNN(ESNCell(100, spectral_radius=0.95, leak_rate=0.5))
    state = layer(np.zeros((2, 5, 3), "float32"))  # [2, 100]
    ```

    Reference:
        Jaeger, "The echo state approach to analysing and training recurrent neural networks",
        GMD report 148, 2001; Jaeger et al., "Optimization and applications of echo state networks
        with leaky-integrator neurons", 2007, https://doi.org/10.1016/j.neunet.2007.04.016.
    """

    def __init__(
        self,
        units,
        spectral_radius=0.9,
        leak_rate=1.0,
        input_scaling=1.0,
        bias_scaling=0.0,
        connectivity=None,
        degree=None,
        topology=None,
        activation="tanh",
        noise=0.0,
        feedback_size=0,
        feedback_scaling=1.0,
        seed=None,
        **kwargs,
    ):
        kwargs.setdefault("trainable", False)
        super().__init__(**kwargs)
        self.units = self.state_size = self.output_size = integer(units, "units")
        self.spectral_radius = number(spectral_radius, "spectral_radius", least=0)
        self.leak_rate = _numbers(leak_rate, "leak_rate")
        leaks = np.atleast_1d(self.leak_rate)
        if leaks.size not in (1, self.units) or not ((leaks > 0) & (leaks <= 1)).all():
            raise ValueError(
                f"leak_rate must be a number above 0 and at most 1, or a list of {self.units}, one "
                f"for each unit. Received: leak_rate={leak_rate!r}"
            )
        self.input_scaling = _numbers(input_scaling, "input_scaling")
        self.bias_scaling = number(bias_scaling, "bias_scaling", least=0)
        self.connectivity = connectivity
        self.degree = degree
        self.topology = topology
        self.activation = keras.activations.get(activation)
        self.noise = number(noise, "noise", least=0)
        self.feedback_size = integer(feedback_size, "feedback_size", least=0)
        self.feedback_scaling = number(feedback_scaling, "feedback_scaling")
        self.seed = seed
        # Fixed also where the user fixes nothing: indices and values are of the same links.
        entropy = [drawn(seed if seed is None else integer(seed, "seed", least=0)), 0]
        self._seeds = [int(e) >> 1 for e in np.random.SeedSequence(entropy).generate_state(4)]
        self._topology = self._make_topology()
        self._topology.check(self.units)
        self._noise_seeds = keras.random.SeedGenerator(self._seeds[3]) if self.noise else None

    def _make_topology(self):
        options = {"spectral_radius": self.spectral_radius}
        name = self.topology
        if self.connectivity is not None:
            name = "random_connectivity" if name is None else name
            options["connectivity"] = self.connectivity
        if self.degree is not None:
            options["degree"] = self.degree
        name = "circulant" if name is None else name
        if isinstance(name, topologies.Topology) and name.seed is not None:
            return topologies.get(name, **options)
        if name == "circulant" and self.degree is None:
            options["degree"] = min(10, self.units)
        return topologies.get(name, seed=self._seeds[0], **options)

    @property
    def sparse(self):
        """Whether the recurrent weights are kept as links rather than as a matrix."""
        return plan(self._topology, self.units) != "dense"

    # === Weights ===

    def build(self, input_shape):
        features = input_shape[-1]
        if self.feedback_size > features:
            raise ValueError(
                f"feedback_size must be at most the number of inputs, {features}. "
                f"Received: feedback_size={self.feedback_size}"
            )
        outer = features - self.feedback_size
        if np.size(self.input_scaling) not in (1, outer):
            raise ValueError(
                f"input_scaling must be a number or a list of {outer}, one for each input. "
                f"Received: input_scaling={self.input_scaling!r}"
            )

        def input_kernel(shape, dtype=None):
            scaling = np.full(features, self.feedback_scaling)
            scaling[:outer] = self.input_scaling
            sampled = np.random.default_rng(self._seeds[1]).uniform(-1, 1, shape)
            return ops.convert_to_tensor(sampled * scaling[:, None], dtype)

        def bias(shape, dtype=None):
            sampled = np.random.default_rng(self._seeds[2]).uniform(-1, 1, shape)
            return ops.convert_to_tensor(sampled * self.bias_scaling, dtype)

        self.input_kernel = self.add_weight(
            shape=(features, self.units), initializer=input_kernel, trainable=False,
            name="input_kernel",
        )  # fmt: skip
        self.bias = self.add_weight(
            shape=(self.units,), initializer=bias, trainable=False, name="bias"
        )
        if self.sparse:
            shape = (self._topology.in_degree(self.units), self.units)
            self.recurrent_indices = self.add_weight(
                shape=shape, initializer=lambda *_, **__: ops.convert_to_tensor(self._links[0]),
                dtype="int32", trainable=False, autocast=False, name="recurrent_indices",
            )  # fmt: skip
            self.recurrent_values = self.add_weight(
                shape=shape, trainable=False, name="recurrent_values",
                initializer=lambda shape, dtype=None: ops.convert_to_tensor(self._links[1], dtype),
            )  # fmt: skip
        else:
            self.recurrent_kernel = self.add_weight(
                shape=(self.units, self.units), initializer=self._topology, trainable=False,
                name="recurrent_kernel",
            )  # fmt: skip
        self.built = True

    @functools.cached_property
    def _links(self):
        return self._topology.links(self.units)

    def recurrent_matrix(self):
        """The recurrent weights as NumPy `[units, units]`, entry (i, j) the weight from i to j."""
        if not self.sparse:
            return self.recurrent_kernel.numpy()
        indices, values = self.recurrent_indices.numpy(), self.recurrent_values.numpy()
        return topologies.sparse_matrix(indices, values).toarray()

    def recurrent_weights(self, batch=None, dense=False):
        """The recurrent weights in the form that is fastest for a batch of some size.

        Args:
            batch: Series computed at a time; None leaves the form in which they are kept.
            dense: Whether they are to be a matrix whatever is fastest in a compiled loop: outside
                of one each of many small operations costs.

        Returns:
            `(how, weights)` as `recurrent_product` takes them.
        """
        if not self.sparse:
            return "dense", (ops.cast(self.recurrent_kernel, self.compute_dtype),)
        indices = ops.convert_to_tensor(self.recurrent_indices)  # [degree, units]
        values = ops.cast(self.recurrent_values, self.compute_dtype)  # [degree, units]
        how = plan(self._topology, self.units, 1 if batch is None else batch)
        if how != "dense" and not dense:
            return how, (indices, values)
        targets = tf.broadcast_to(tf.range(self.units), tf.shape(indices))
        positions = tf.reshape(tf.stack([indices, targets], axis=-1), [-1, 2])
        kernel = tf.scatter_nd(positions, tf.reshape(values, [-1]), [self.units, self.units])
        return "dense", (kernel,)

    # === Step ===

    def project(self, inputs, training=False):
        """What the inputs add to each unit, for one step or a whole sequence `[..., units]`."""
        projected = ops.matmul(ops.cast(inputs, self.compute_dtype), self.input_kernel)
        projected = projected + self.bias  # [..., units]
        if self.noise and training:
            projected += self.noise * keras.random.normal(
                ops.shape(projected), dtype=self.compute_dtype, seed=self._noise_seeds
            )
        return projected

    def step(self, projected, state, how, weights):
        """One step from projected inputs: `[batch, units]` and `[batch, units]` to the same."""
        total = projected + recurrent_product(how, state, weights)  # [batch, units]
        leak = ops.convert_to_tensor(self.leak_rate, self.compute_dtype)  # [] or [units]
        return (1 - leak) * state + leak * self.activation(total)

    def call(self, inputs, states, training=False):
        projected = self.project(inputs, training)  # [batch, units]
        state = self.step(projected, states[0], *self.recurrent_weights())  # [batch, units]
        return state, [state]

    def get_initial_state(self, batch_size=None):
        return [ops.zeros((batch_size, self.units), self.compute_dtype)]

    @classmethod
    def from_config(cls, config):
        return cls(**_with_topology(config))


def _with_topology(config):
    """A configuration in which the topology is a name or an object."""
    topology = config.get("topology")
    if isinstance(topology, dict):
        topology = keras.saving.deserialize_keras_object(topology)
    return {**config, "topology": topology}


def _numbers(value, name):
    """A float, or a list of floats where several are given."""
    try:
        array = np.asarray(value, "float64")
    except (TypeError, ValueError):
        array = np.array(np.nan)
    if array.ndim > 1 or not np.isfinite(array).all() or array.size == 0:
        raise ValueError(
            f"{name} must be a finite number or a list of them. Received: {name}={value!r}"
        )
    return array.tolist()


@keras.saving.register_keras_serializable(package="rnnkit")
class ESN(keras.layers.RNN):
    """Echo state network layer: an `ESNCell` over a sequence.

    Nothing in the layer is trained; gradients pass through it to layers below. (To compute the
    states of long series fast, see `rnnkit.models.EchoStateNetwork`.)

    Args:
        units: See `ESNCell`, as for all others up to `seed`.
        **kwargs: Arguments of `keras.layers.RNN`: `return_sequences`, `return_state`,
            `go_backwards`, `stateful`, ...

    Call arguments:
        sequences: Tensor `(batch, time, features)`.
        initial_state: List of one tensor `(batch, units)`, or None.
        mask: Boolean tensor `(batch, time)`.
        training: Whether noise is added.

    Output shape:
        `(batch, time, units)` or `(batch, units)`.

    Example:

    ```python
    states = ESN(100, return_sequences=True)(np.zeros((2, 5, 3), "float32"))  # [2, 5, 100]
    ```

    Reference:
        See `ESNCell`.
    """

    def __init__(
        self,
        units,
        spectral_radius=0.9,
        leak_rate=1.0,
        input_scaling=1.0,
        bias_scaling=0.0,
        connectivity=None,
        degree=None,
        topology=None,
        activation="tanh",
        noise=0.0,
        feedback_size=0,
        feedback_scaling=1.0,
        seed=None,
        **kwargs,
    ):
        arguments = given(locals())
        del arguments["kwargs"]
        super().__init__(ESNCell(**arguments, dtype=kwargs.get("dtype")), **kwargs)

    def get_config(self):
        config = super().get_config()
        del config["cell"]
        return {**self.cell.get_config(), **config}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**_with_topology(config))
