"""A training step of the recurrent layers: rnnkit's against Keras' and PyTorch's.

    python -m tests.benchmarks.layer_speed [--rounds 9] [--masked] [--bidirectional] [--record]

Each step is the gradient of the summed outputs with respect to inputs and weights. rnnkit's and
Keras' are traced once for any length, rnnkit's with loops as in a long training, which compiles
those that are faster so, and as in a short one. All take their turns in one process, after a call
each that traces. A ratio is the time of the other over that of rnnkit's, the median over the
rounds, the first and the third quartile in brackets: more than 1 where rnnkit is faster. Then the
gradients of rnnkit's and Keras' layer, of the same weights, are compared. PyTorch, an
extra of the benchmarks, is left out where it is not installed, and with `--masked`.
"""

import keras
import numpy as np
import tensorflow as tf

from rnnkit import layers
from rnnkit.layers.time_loop import compiled_loops
from tests.benchmarks import _table, ledger
from tests.benchmarks.reservoir_speed import in_turn

SIZES = (
    (64, 20, 256, 512),
    (32, 100, 64, 128),
    (64, 50, 64, 64),
    (32, 512, 64, 128),
    (8, 1024, 64, 256),
)


def training_step(layer, x, mask, size=None):
    variables = [each.value for each in layer.trainable_variables]

    @tf.function(input_signature=[tf.TensorSpec([None, None, x.shape[-1]])], autograph=False)
    def step(x):
        with compiled_loops(size), tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x, mask=mask, training=True))
            return tape.gradient(loss, [x, *variables])

    return lambda: step(x)


def step_of_torch(name, x, units, bidirectional):
    """The same in PyTorch, or None where it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    kind = getattr(torch.nn, {"SimpleRNN": "RNN"}.get(name, name))
    layer = kind(x.shape[-1], units, batch_first=True, bidirectional=bidirectional)
    inputs = torch.tensor(x.numpy(), requires_grad=True)

    def step():
        layer.zero_grad()
        inputs.grad = None
        layer(inputs)[0].sum().backward()

    return step


def made(place, name, units, shape, bidirectional):
    layer = getattr(place, name)(units, return_sequences=True)
    layer = keras.layers.Bidirectional(layer) if bidirectional else layer
    layer.build(shape)
    return layer


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--masked", action="store_true", help="with sequences of several lengths")
    parser.add_argument("--bidirectional", action="store_true")
    arguments = parser.parse_args()
    book = ledger.Book(arguments.record)
    _table.WIDTHS = (12, 32, 14, 24, 24, 24, 12)
    _table.header(
        "cell", "batch, steps, features, units", "rnnkit, ms", "Keras", "PyTorch", "short training",
        "traced",
    )  # fmt: skip
    rng = np.random.default_rng(0)
    for batch, time, features, units in SIZES:
        x = tf.constant(rng.normal(size=(batch, time, features)), tf.float32)
        lengths = rng.integers(time // 2, time + 1, size=(batch, 1))
        mask = tf.constant(np.arange(time) < lengths) if arguments.masked else None
        for name in ("SimpleRNN", "LSTM", "GRU"):
            ours, theirs = (
                made(place, name, units, x.shape, arguments.bidirectional)
                for place in (layers, keras.layers)
            )
            ours.set_weights(theirs.get_weights())
            runs = {
                "rnnkit": training_step(ours, x, mask, (batch, time)),
                "Keras": training_step(theirs, x, mask),
                "PyTorch": step_of_torch(name, x, units, arguments.bidirectional),
                "short training": training_step(ours, x, mask),
            }
            if runs["PyTorch"] is None or arguments.masked:
                del runs["PyTorch"]
            first, times = in_turn(runs, arguments.rounds)
            for a, b in zip(runs["rnnkit"](), runs["Keras"](), strict=True):
                np.testing.assert_allclose(a, b, atol=1e-3 * np.abs(b).max())
            size = f"{batch}, {time}, {features}, {units}"
            ratios = {}
            for other in list(runs)[1:]:
                ratio = np.divide(times[other], times["rnnkit"])
                low, middle, high = np.quantile(ratio, [0.25, 0.5, 0.75])
                figure = f"{other} over rnnkit, training step of {name}, {size}"
                ratios[other] = book.add(figure, middle, (low, high), form=".2f")
            _table.row(
                name,
                size,
                f"{np.median(times['rnnkit']) * 1e3:.1f}",
                *(ratios.get(other, "") for other in ("Keras", "PyTorch", "short training")),
                f"{first['rnnkit']:.1f} s",
            )


if __name__ == "__main__":
    main()
