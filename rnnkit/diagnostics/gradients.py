"""How strongly the loss depends on the state of each step: vanishing and exploding gradients."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.diagnostics import batches, recurrent_layers
from rnnkit.diagnostics.flow import GradientFlow, LayerFlow
from rnnkit.diagnostics.unrolling import unrolled
from rnnkit.losses.masked import MaskedMeanSquaredError
from rnnkit.models.echo_state import EchoStateNetwork

# Gradients in half precision are computed of a loss this many times as large.
LOSS_SCALE = 2.0**12
# Below this a gradient in single precision is mostly rounding.
SMALLEST = 1e-35


def gradient_flow(model, batch, layer=None, *, loss=None, batch_size=32):
    """The gradient of the loss with respect to the state of every step of recurrent layers.

    A recurrent network learns what to keep through

        dL/dh_t = (dL/dh_t through the output of step t) + J_{t+1}^T dL/dh_{t+1}

    where J_{t+1} is the Jacobian of step t+1: a product of as many Jacobians as there are steps on
    the way back from where the loss is. If each shrinks it by a factor, the gradient vanishes as a
    power of that factor, and nothing is learned about early steps; if each stretches it, the
    gradient explodes and a training step throws the weights far off (Bengio et al., 1994).

    This function measures it. The layers' loops over time are run step by step, with their own
    weights (and compared with the layers' own loops); everything around them, the loss included, is
    the model's own, without dropout. Any recurrent layer will do: Keras' fused ones, stacks, both
    directions, attention decoders, your own cells.

    The `advice` of the result says what to do, and `rnnkit.diagnostics.mitigations` measures the
    effect of that on small tasks.

    **When to look.** Before training a gated cell need not be better off than a simple one: with
    the default weights a GRU's gradients halve at each step, those of a simple RNN with orthogonal
    weights fade slowly. But gates can learn to stay open, which shows after training: look before
    and after.

    Args:
        model: A Keras model. Of rnnkit or any other.
        batch: Data that the gradient is taken on. For models of rnnkit raw data as in `fit`:
            `(x, y)`, a dataset, or what `model.prepare` gave. For others `(x, y)` or
            `(x, y, weights)` of arrays, or a batched dataset.
        layer: Which recurrent layers: a name of `rnnkit.diagnostics.layer_names`, a layer, a list
            of these, or None for all.
        loss: What is differentiated: None for what the model was compiled with, regularisation
            included; or a Keras loss or a function `loss(y, outputs)`.
        batch_size: Examples at most; of more the first.

    Returns:
        A `GradientFlow`: `norms`, a `verdict` with what to do, `table()` and `plot()`. A gradient
        is called vanishing if less than a hundredth of it is left after as many steps as a sequence
        has, exploding if it is then more than a hundred times as large, otherwise healthy.

    Raises:
        ValueError: If the model has no recurrent layer, or none of that name; if the data is empty
            or does not fit; if there is nothing to differentiate.

    Running step by step takes some milliseconds a step and layer. Of the series that an
    `EchoStateNetwork` forecasts the first 300 steps are taken.

    An `EchoStateNetwork` or a layer of the cell `"esn"` is not trained, so nothing in it can fail
    to learn; but its states have gradients all the same, and their fading is how the reservoir
    forgets. They are returned, and the advice says so.

    Example:

    >>> flow = rnnkit.diagnostics.gradient_flow(model, data.train)
    >>> flow.verdict
    'vanishing'
    >>> flow.layers[0].factor  # of the norm, for each step back
    0.81
    >>> flow.plot()

    Reference:
        Bengio, Simard and Frasconi, "Learning long-term dependencies with gradient descent is
        difficult", IEEE Transactions on Neural Networks 5(2), 1994; Pascanu, Mikolov and Bengio,
        "On the difficulty of training recurrent neural networks", ICML 2013,
        https://arxiv.org/abs/1211.5063.
    """
    chosen = recurrent_layers.find(model, layer)
    if isinstance(model, EchoStateNetwork) and not model.fitted:
        raise ValueError(
            "An EchoStateNetwork must be fitted first: until then its readout is zero, and so is "
            "every gradient. Received: a network that is not fitted"
        )
    batch = batches.make(model, batch, batch_size)
    tape = tf.GradientTape(watch_accessed_variables=False)
    with unrolled(chosen, tape) as runs, tape:
        outputs = batches.call(model, batch)
        value = _loss(model, batch, outputs, loss)
        half = any("float16" in str(run.outputs[0].dtype) for run in runs)
        scale = LOSS_SCALE if half else 1.0
        scaled = value * tf.cast(scale, value.dtype)
    if not runs:
        raise ValueError(
            "The model does not call its recurrent layers one by one in eager mode. "
            f"Received: {[each.name for each in chosen]}"
        )
    sources = [[run.after, run.kept, run.outputs] for run in runs]
    gradients = tape.gradient(scaled, sources, unconnected_gradients="zero")
    layers, calls = [], {}
    for run, found in zip(runs, gradients, strict=True):
        name = run.name
        calls[name] = calls.get(name, 0) + 1
        name = f"{name} (call {calls[name]})" if calls[name] > 1 else name
        layers.append(_flow(name, run, batch, found, scale))
    return GradientFlow(
        layers, float(value), trained=not isinstance(model, EchoStateNetwork), model=model.name
    )


def _loss(model, batch, outputs, loss):
    """The value that is differentiated, a scalar tensor."""
    if loss is not None:
        loss = keras.losses.get(loss) if isinstance(loss, str) else loss
        if not callable(loss):
            raise ValueError(
                "loss must be None, a Keras loss, its name, or a function loss(y, outputs). "
                f"Received: loss={loss!r}"
            )
        return tf.reduce_mean(loss(batch.targets, outputs))
    if batch.targets is None:
        raise ValueError(
            "batch must be (x, y): the loss needs targets. Pass them, or loss=function(y, "
            "outputs). Received: inputs alone"
        )
    if isinstance(model, EchoStateNetwork) and model.stepwise:
        return MaskedMeanSquaredError()(batch.targets, outputs)
    if not isinstance(model, keras.Model) or not model.compiled:
        raise ValueError(
            "The model must be compiled with a loss, or loss must be given. "
            f"Received: {type(model).__name__} {model.name!r}, not compiled, and loss=None"
        )
    try:
        return model.compute_loss(
            x=batch.inputs, y=batch.targets, y_pred=outputs, sample_weight=batch.weights,
            training=False,
        )  # fmt: skip
    except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
        shapes = [tuple(each.shape) for each in keras.tree.flatten(batch.targets)]
        given = [tuple(each.shape) for each in keras.tree.flatten(outputs)]
        raise ValueError(
            f"y does not fit the outputs of the model, of shape {given}. "
            f"Received: {shapes} ({batches.reason(error)})"
        ) from error


def _flow(name, run, batch, gradients, scale):
    """The `LayerFlow` of one call of a layer.

    Args:
        name: Name of the call.
        run: The `Run`.
        batch: The `Batch`.
        gradients: Of the loss, times `scale`, with respect to `run.after`, `run.kept` and
            `run.outputs`.
        scale: See `LOSS_SCALE`.
    """
    after, kept, outputs = gradients
    counted = batch.mask_for(run)  # [batch, time]
    norms = {}
    for index, state in enumerate(run.state_names):
        found = run.in_time([_norm([each[index]]) for each in after]) / scale  # [batch, time]
        norms[state] = np.where(counted, found, np.nan)[batch.order]
    # Norms over all states of a step: of what the step hands on to the next (`handed`), and of the
    # whole derivative, in which the output counts with the state that it is.
    whole, handed = [], []
    for step, index in enumerate(run.output_states):
        handed.append(_norm(kept[step]))
        if len(kept[step]) == 1 or index is None:
            whole.append(_norm(after[step]))
            continue
        parts = list(kept[step])
        parts[index] = parts[index] + outputs[step]
        whole.append(_norm(parts))
    whole, handed = run.in_time(whole) / scale, run.in_time(handed) / scale  # [batch, time]
    both = counted[:, 1:] & counted[:, :-1]  # [batch, time - 1]
    if run.layer.go_backwards:
        above, below = whole[:, :-1], handed[:, 1:]
    else:
        above, below = whole[:, 1:], handed[:, :-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = np.where(both & (above > SMALLEST), below / above, np.nan)
    return LayerFlow(
        name=name,
        cell=type(run.layer.cell).__name__,
        norms=norms,
        factors=factors[batch.order],
        lengths=counted.sum(axis=1)[batch.order],
        backwards=bool(run.layer.go_backwards),
    )


def _norm(tensors):
    """Euclidean norm of each example, over all given tensors: float64 NumPy `[batch]`."""
    total = 0.0
    for each in tensors:
        array = np.asarray(each, "float64")
        total = total + np.square(array.reshape(len(array), -1)).sum(axis=1)
    return np.sqrt(total)
