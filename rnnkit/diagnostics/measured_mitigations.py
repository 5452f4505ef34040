"""Mitigations of vanishing and exploding gradients: initial gates, and the effect of each measured.

A gradient on its way back is multiplied by a Jacobian at each step (see `gradient_flow`). These
keep the product near one:

- **Orthogonal recurrent weights** neither shrink nor stretch the state. They are the default of
  Keras' and rnnkit's cells; with `"relu"` the identity does the same (Le et al., 2015).
- **Clipping**: a gradient whose norm is above a bound is scaled down to it, so that a training step
  where the loss is steep is short. `keras.optimizers.Adam(clipnorm=1.0)` is the default of rnnkit's
  models.
- **An open forget gate**: an LSTM's cell is multiplied by the gate at each step, so by 1/2 where
  its bias is 0, and by 0.73 where it is 1 (`unit_forget_bias`, the default). `open_gates` opens it,
  or the update gate of a GRU, for as many steps as there are.
- **Gates** instead of none: `cell="lstm"` or `"gru"` in place of `"simple_rnn"`.
"""

import sys
import time

import keras
import numpy as np

from rnnkit.comparison.tasks.base import WORTH_COMPILING
from rnnkit.comparison.tasks.standard import Adding, DelayedRecall
from rnnkit.diagnostics import recurrent_layers
from rnnkit.diagnostics.gradients import gradient_flow
from rnnkit.layers.reference import ReferenceGRUCell, ReferenceLSTMCell
from rnnkit.utils.checks import integer
from rnnkit.utils.tables import ResultTable


def open_gates(model, span, layer=None, *, seed=0):
    """Opens the gates of LSTMs and GRUs so that they remember for a span of steps from the start.

    A unit whose forget gate has the value f keeps its cell for about 1 / (1 - f) steps. Biases are
    sampled so that these times are spread evenly from 1 to `span`: the bias of the forget gate is
    log(u), u even on [1, span - 1], and that of the input gate is -log(u), so that the cell does
    not grow. A GRU has one gate for both, the update gate.

    Args:
        model: A Keras model whose weights are built. They are changed in place.
        span: How many steps have to be remembered, at least 3: the length of the sequences.
        layer: Which recurrent layers; see `rnnkit.diagnostics.layer_names`. By default all of
            them that have such a gate.
        seed: Integer that fixes the biases.

    Returns:
        The model.

    Raises:
        ValueError: If no layer has such a gate, one has no bias, or span is too short.

    Example:

    >>> model = rnnkit.models.ManyToOne(series, number, cell="lstm", units=64)
    >>> rnnkit.diagnostics.open_gates(model, span=200)

    Reference:
        Tallec and Ollivier, "Can recurrent neural networks warp time?", ICLR 2018,
        https://arxiv.org/abs/1804.11188; Jozefowicz, Zaremba and Sutskever, "An empirical
        exploration of recurrent network architectures", ICML 2015 (a forget bias of 1).
    """
    span = integer(span, "span", 3)
    lstm = (keras.layers.LSTMCell, ReferenceLSTMCell)
    gru = (keras.layers.GRUCell, ReferenceGRUCell)
    chosen = recurrent_layers.find(model, layer)
    gated = [each for each in chosen if isinstance(each.layer.cell, lstm + gru)]
    if not gated or (layer is not None and len(gated) < len(chosen)):
        raise ValueError(
            "open_gates needs layers of LSTM or GRU cells. Received: "
            f"{[f'{each.name}: {type(each.layer.cell).__name__}' for each in chosen]}"
        )
    rng = np.random.default_rng(seed)
    for name, recurrent, _ in gated:
        cell = recurrent.cell
        if not cell.use_bias or not cell.built:
            raise ValueError(
                f"The layer {name!r} must be built, with a bias. "
                f"Received: use_bias={cell.use_bias}, built={cell.built}"
            )
        bias, units = keras.ops.convert_to_numpy(cell.bias).copy(), cell.units
        kept = np.log(rng.uniform(1, span - 1, units))
        if isinstance(cell, lstm):
            bias[:units], bias[units : 2 * units] = -kept, kept
        else:  # with reset_after there are two biases, which add up
            first = bias[0] if bias.ndim == 2 else bias
            first[:units] = kept
            if bias.ndim == 2:
                bias[1, :units] = 0
        cell.bias.assign(bias)
    return model


class MitigationTable(ResultTable):
    """Effects of mitigations (a list of dicts) that show as a table.

    `factor` is that of `gradient_flow` before training, for each step back.
    """

    COLUMNS = {
        "mitigation": "", "task": "", "cell": "", "factor without": ".3f", "factor with": ".3f",
        "without": lambda row: _score(row, "without"), "with": lambda row: _score(row, "with"),
    }  # fmt: skip


def _score(row, which):
    return f"{row['score']} {row[which]:.3f}" if np.isfinite(row[which]) else "diverged"


def mitigations(lag=20, updates=500, units=32, seed=0, *, only=None, verbose=1):
    """Measures mitigations: small networks without and with each, which differ in nothing else.

    Args:
        lag: Steps over which something has to be remembered; see `rnnkit.comparison.tasks`.
        updates: Training steps of each network, of 32 sequences, in rounds of 50.
        units: Size of the states.
        seed: Integer that fixes weights and sequences.
        only: Names of the mitigations to measure, by default all of `MITIGATIONS`.
        verbose: 1 prints a line for each on standard error.

    Returns:
        A `MitigationTable`, a list of dicts: `mitigation`, `task`, `cell`, `score` (`"accuracy"`,
        1/8 without memory, or `"mse"`, 0.167 without memory), its values `without` and `with` the
        mitigation after training, on 500 new sequences (NaN where training diverged), and the
        factors of their gradients for each step back before training.

    Raises:
        ValueError: If there is no such mitigation.

    Example:

    >>> rnnkit.diagnostics.mitigations(only=["orthogonal weights"])
    """
    chosen = list(MITIGATIONS) if only is None else list(only)
    for name in chosen:
        if name not in MITIGATIONS:
            raise ValueError(f"only must name some of {list(MITIGATIONS)}. Received: {name!r}")
    rows = []
    for name in chosen:
        kind, cell, without, mitigated = MITIGATIONS[name]
        task, start = kind(lag), time.perf_counter()
        row = {"mitigation": name, "task": f"{task.name}, lag {lag}", "cell": cell}
        row["score"] = task.scores[0]
        for which, settings in (("without", without), ("with", mitigated)):
            model = _network(task, units, seed, updates, **{"cell": cell, **settings})
            row[f"factor {which}"], row[which] = _trained(model, task, updates, seed)
        if verbose:
            print(
                f"{name}: {task.scores[0]} {row['without']:.3f} without, {row['with']:.3f} with, "
                f"{time.perf_counter() - start:.0f} s",
                file=sys.stderr, flush=True,
            )  # fmt: skip
        rows.append(row)
    return MitigationTable(rows)


LAYERS = {
    "simple_rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU,
}  # fmt: skip
_SMALL = {"recurrent_initializer": lambda seed: keras.initializers.RandomNormal(0.0, 0.05, seed)}
_STRETCHED = {
    "activation": "relu", "recurrent_initializer": lambda seed: keras.initializers.Identity(),
}  # fmt: skip
_SGD = {"optimizer": lambda clipnorm: keras.optimizers.SGD(0.02, momentum=0.9, clipnorm=clipnorm)}

# For each mitigation the task, the cell, and the options of the network without and with it: those
# of the layer, `clipnorm`, `optimizer`, `cell`, and `open` for `open_gates`.
MITIGATIONS = {
    "orthogonal weights": (DelayedRecall, "simple_rnn", {**_SMALL, "clipnorm": 1.0},
                           {"clipnorm": 1.0}),
    "identity weights and relu": (Adding, "simple_rnn", {"clipnorm": 1.0},
                                  {**_STRETCHED, "clipnorm": 1.0}),
    "clipping": (Adding, "simple_rnn", {**_STRETCHED, **_SGD},
                 {**_STRETCHED, **_SGD, "clipnorm": 0.1}),
    "forget bias 1": (DelayedRecall, "lstm", {"unit_forget_bias": False, "clipnorm": 1.0},
                      {"clipnorm": 1.0}),
    "open gates": (DelayedRecall, "lstm", {"clipnorm": 1.0}, {"clipnorm": 1.0, "open": True}),
    "gates": (DelayedRecall, "simple_rnn", {**_SMALL, "clipnorm": 1.0},
              {"cell": "gru", "clipnorm": 1.0, "open": True}),
}  # fmt: skip


def _adam(clipnorm):
    return keras.optimizers.Adam(5e-3, clipnorm=clipnorm)


def _network(
    task, units, seed, updates, *, cell, clipnorm=None, open=False, optimizer=_adam,
    recurrent_initializer=keras.initializers.Orthogonal, **options,
):  # fmt: skip
    """A compiled network of one recurrent layer and one dense layer."""
    numbers = task.scores[0] == "mse"
    model = keras.Sequential(
        [
            keras.Input((task.steps, task.columns_of_input)),
            LAYERS[cell](
                units, recurrent_initializer=recurrent_initializer(seed=seed),
                kernel_initializer=keras.initializers.GlorotUniform(seed + 1), **options,
            ),
            keras.layers.Dense(
                1 if numbers else len(task.tags),
                kernel_initializer=keras.initializers.GlorotUniform(seed + 2),
            ),
        ]
    )  # fmt: skip
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    loss = keras.losses.MeanSquaredError() if numbers else cross_entropy
    model.compile(optimizer(clipnorm), loss, jit_compile=updates > WORTH_COMPILING)
    return open_gates(model, max(3, task.lag), seed=seed) if open else model


def _trained(model, task, updates, seed):
    """Trains a network; gives the factor of its gradients before that, and its score after."""
    numbers = task.scores[0] == "mse"

    def counted(y):
        return y if numbers else y[:, -1]

    x, y = task.draw(500, seed, "validation")
    factor = gradient_flow(model, (x[:32], counted(y)[:32])).layers[0].factor
    batches = task.batches(32, seed).map(lambda inputs, targets: (inputs, counted(targets)))
    model.fit(
        batches, steps_per_epoch=min(50, updates), epochs=-(-updates // 50), shuffle=False,
        verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()],
    )  # fmt: skip
    outputs = np.asarray(model(x, training=False))
    if not np.isfinite(outputs).all():
        return factor, float("nan")
    if numbers:
        return factor, float(np.square(outputs - counted(y)).mean())
    return factor, float((outputs.argmax(axis=-1) == counted(y)).mean())
