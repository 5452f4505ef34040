"""Examples trained per second: rnnkit against the same model written by hand.

    python -m tests.benchmarks.throughput FOLDER [--name SET] [--rounds 5] [--torch]

Three comparisons, each in one process with the epochs taken in turn, so that a machine whose
speed drifts treats both sides alike; the ratio is the median over the rounds:

1. the sentiment recipe's model through `model.fit` on raw text, against the same Keras layers
   trained with plain `keras.Model.fit` on arrays padded to the longest text (fixed padding);
2. the same on texts of equal length, where batching by length can gain nothing: the overhead;
3. with `--torch`, an equal PyTorch model on packed sequences, batches shuffled as usual, in a
   process of its own.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

import keras
import numpy as np

import recipes
from tests.benchmarks import ledger

EQUAL_LENGTH = 20


def seconds(run):
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def plain_copy(model):
    """The model's layers as an ordinary Keras model with equal weights and an equal optimizer."""
    twin = type(model).from_config(model.get_config())
    twin.set_weights(model.get_weights())
    copy = keras.Model(twin.inputs, twin.outputs[0])
    copy.compile(
        optimizer=type(model.optimizer).from_config(model.optimizer.get_config()),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return copy


def padded(encoded):
    """Encoded examples as arrays padded to the longest of all."""
    x, y = encoded.tensors
    return x.to_tensor().numpy(), y.numpy()


def in_turn(first, second, rounds):
    """Seconds of two functions, run in turn after one warm-up each, each first in every other
    round; and the ratios of the rounds."""
    first(), second()
    pairs = []
    for index in range(rounds):
        if index % 2:
            second_time = seconds(second)
            pairs.append((seconds(first), second_time))
        else:
            pairs.append((seconds(first), seconds(second)))
    ratios = sorted(b / a for a, b in pairs)
    return *(statistics.median(column) for column in zip(*pairs, strict=True)), ratios


def against_keras(model, raw, batch_size, rounds):
    """Median seconds an epoch of rnnkit and of plain Keras, and their ratio."""
    encoded = model.prepare(raw)
    x, y = padded(encoded)
    plain = plain_copy(model)
    # What fit adds for an optimizer that averages weights.
    averages = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]
    result = in_turn(
        lambda: model.fit(encoded, batch_size=batch_size, verbose=0),
        lambda: plain.fit(x, y, batch_size=batch_size, verbose=0, callbacks=averages),
        rounds,
    )
    return len(encoded), result


def against_torch(model, raw, batch_size, rounds):
    """The same against PyTorch with packed sequences, in a process of its own."""
    encoded = model.prepare(raw)
    tokens, labels = encoded.tensors
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "data.npz")
        np.savez(
            path,
            tokens=tokens.flat_values.numpy(),
            lengths=tokens.row_lengths().numpy(),
            labels=labels.numpy(),
            batch_size=batch_size,
            sizes=[
                model.input_feature.vocabulary_size,
                model.embedding_size,
                model.units,
                model.output_feature.size,
            ],
            rates=[model.dropout, model.output_dropout],
        )
        command = [sys.executable, "-m", "tests.benchmarks.torch_twin", path]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as twin:
            assert twin.stdout.readline().strip() == "ready"

            def epoch():
                print(file=twin.stdin, flush=True)
                twin.stdout.readline()

            result = in_turn(
                lambda: model.fit(encoded, batch_size=batch_size, verbose=0), epoch, rounds
            )
            twin.stdin.close()
    return len(encoded), result


def report(name, size, result, book):
    ours, theirs, ratios = result
    figure = f"sentiment, examples a second over {name}"
    shown = book.add(figure, statistics.median(ratios), ratios, form=".2f")
    print(f"{name:<42} {size / ours:9,.0f} {size / theirs:9,.0f}    {shown}", flush=True)


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("folder")
    parser.add_argument("--name")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--torch", action="store_true")
    parser.add_argument("--only-equal", action="store_true", help="only the second comparison")
    options = parser.parse_args()
    book = ledger.Book(options.record)
    recipe = recipes.get("sentiment")
    data = recipe.data(options.folder, name=options.name)
    batch_size = recipe.training["batch_size"]
    model = recipe.model(data, seed=1)
    print(f"{'examples per second':<42} {'rnnkit':>9} {'other':>9} {'ratio':>7}")
    if not options.only_equal:
        result = against_keras(model, data.train, batch_size, options.rounds)
        report("plain Keras, fixed padding", *result, book)
    rng = np.random.default_rng(1)
    words = model.input_feature.vocabulary[:2000]
    texts = [" ".join(rng.choice(words, EQUAL_LENGTH)) for _ in range(data.sizes["train"])]
    labels = rng.choice(model.output_feature.names, len(texts)).tolist()
    pair = (texts, labels)
    report(
        f"plain Keras, all of {EQUAL_LENGTH} words",
        *against_keras(recipe.model(data, seed=1), pair, batch_size, options.rounds),
        book,
    )
    if options.torch:
        report(
            "PyTorch, packed sequences",
            *against_torch(recipe.model(data, seed=1), data.train, batch_size, options.rounds),
            book,
        )


if __name__ == "__main__":
    main()
