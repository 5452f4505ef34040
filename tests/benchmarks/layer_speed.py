"""A training step of the recurrent layers: rnnkit's against Keras', of the same weights.

    python -m tests.benchmarks.layer_speed [--rounds 20] [--masked]

Each step is the gradient of the summed outputs with respect to inputs and weights, compiled once
for any length. Both take their turns in one process, after a call each that traces. A ratio is
Keras' time over ours, the median over the rounds, the first and the third quartile in brackets:
more than 1 where rnnkit is faster. Before that the gradients of both are compared.
"""

import keras
import numpy as np
import tensorflow as tf

from rnnkit import layers
from tests.benchmarks import _table, ledger
from tests.benchmarks.reservoir_speed import in_turn

SIZES = ((64, 20, 256, 512), (32, 100, 64, 128), (64, 50, 64, 64))


def training_step(layer, x, mask):
    variables = [each.value for each in layer.trainable_variables]

    @tf.function(input_signature=[tf.TensorSpec([None, None, x.shape[-1]])])
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x, mask=mask, training=True))
        return tape.gradient(loss, [x, *variables])

    return lambda: step(x)


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--masked", action="store_true", help="with sequences of several lengths")
    arguments = parser.parse_args()
    book = ledger.Book(arguments.record)
    _table.WIDTHS = (12, 36, 26, 12, 12, 20)
    _table.header(
        "cell", "batch, steps, features, units", "ratio", "ours, ms", "Keras, ms", "traced"
    )
    rng = np.random.default_rng(0)
    for batch, time, features, units in SIZES:
        x = tf.constant(rng.normal(size=(batch, time, features)), tf.float32)
        lengths = rng.integers(time // 2, time + 1, size=(batch, 1))
        mask = tf.constant(np.arange(time) < lengths) if arguments.masked else None
        for name in ("SimpleRNN", "LSTM", "GRU"):
            pair = [getattr(place, name)(units) for place in (layers, keras.layers)]
            for layer in pair:
                layer.return_sequences = True
                layer.build(x.shape)
            pair[0].set_weights(pair[1].get_weights())
            runs = dict(
                zip(("ours", "Keras"), (training_step(e, x, mask) for e in pair), strict=True)
            )
            first, times = in_turn(runs, arguments.rounds)
            for a, b in zip(*(run() for run in runs.values()), strict=True):
                np.testing.assert_allclose(a, b, atol=1e-3 * np.abs(b).max())
            ratio = np.divide(times["Keras"], times["ours"])
            low, middle, high = np.quantile(ratio, [0.25, 0.5, 0.75])
            ours, theirs = (np.median(times[each]) * 1e3 for each in ("ours", "Keras"))
            setting = f"{batch}, {time}, {features}, {units}"
            figure = f"training step of {name}, {setting}: Keras' time over ours"
            shown = book.add(figure, middle, (low, high), form=".2f")
            _table.row(
                name,
                setting,
                shown,
                f"{ours:.1f}",
                f"{theirs:.1f}",
                f"{first['ours']:.1f} and {first['Keras']:.1f} s",
            )


if __name__ == "__main__":
    main()
