"""Translation: rnnkit's encoder-decoder against an equal PyTorch model and against plain loops.

    python -m tests.benchmarks.translation_speed
    python -m tests.benchmarks.translation_speed --data FOLDER --input en --target fr
    python -m tests.benchmarks.translation_speed --parts training --profile
    python -m tests.benchmarks.translation_speed --parts decoding --sentences 1000 --slow 50

The model is that of the recipe `translation` with its default sizes, without averaged weights.
Before anything is timed, PyTorch takes over its weights, and logits, loss and gradients of a batch
are compared. Parts:

    training   target tokens a second (the end counted, padding not) over the same batches in the
               same order, batch 64: `model.fit`, which also makes the batches; PyTorch
               (`translation_twin.py`), which gets them ready made; and the decoder of common
               tutorials in Keras (`translation_loops.py`), which attends at every step before its
               GRU update in a Python loop within a tf.function. That one is another model: one
               layer that reads what was attended to, nothing shared or tied, no dropout. All
               track loss and accuracy, and clip the gradient of each weight.
    decoding   sentences a second on the test data, beam 5, length penalty 1, batch 128, from text
               to text, with the weights after `--steps` of training: `model.infer`; the same
               weights in a batched PyTorch search; and a search over Python lists, a sentence at a
               time, that calls the compiled step of rnnkit's model. The last takes `--slow`
               sentences, drawn evenly from all by length, of which the rate is extrapolated.

PyTorch (pip install ".[benchmark]") runs in a process of its own; both frameworks may use all
cores. The competitors take their turns, beginning with another one in every round, after a warm-up
each, which for TensorFlow includes tracing. A ratio is the median over the rounds of the other's
time over ours, its least and its greatest in brackets.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import warnings

import keras
import numpy as np
import tensorflow as tf

import recipes
from tests.benchmarks import _table, ledger, translation_profile
from tests.benchmarks.reservoir_speed import in_turn
from tests.benchmarks.translation_loops import LoopSearch, StepwiseTraining, StepwiseTranslator

RATE, BATCH, BEAMS, ALPHA = 1e-3, translation_profile.BATCH, 5, 1.0
DECODED = 128  # sentences at a time, on both sides; the default of `infer`
PLACES = {
    "target_embedding/embeddings": "embedding.weight",
    "forward": "encoder.{}_l0",
    "backward": "encoder.{}_l0_reverse",
    "decoder": "lower.{}_l0",
    "upper_decoder": "upper.{}_l0",
    "attention/query_kernel": "query.weight",
    "attention/memory_kernel": "keys.weight",
    "attention/score_kernel": "score.weight",
    "attention/bias": "keys.bias",
    "combination/kernel": "combine.weight",
    "combination/bias": "combine.bias",
    "readout_output/kernel": "readout.weight",
    "readout_output/bias": "readout.bias",
}


def in_torch(model, values):
    """Dict of PyTorch's names to arrays like the model's weights, or like their gradients."""
    found = {}
    for variable, value in zip(model.trainable_variables, values, strict=True):
        value = np.array(value)
        if variable.path in PLACES:
            name = PLACES[variable.path]
            turned = name.endswith("weight") and not name.startswith("embedding")
            found[name] = value.T if turned else value
            continue
        layer, kind = variable.path.split("/")[0], variable.path.split("/")[-1]
        if layer == "encoder":
            layer = "backward" if "backward" in variable.path else "forward"
        # Keras has the gates update, reset, new in columns; PyTorch reset, update, new in rows.
        update, reset, new = np.split(value, 3, axis=-1)
        value = np.concatenate([reset, update, new], axis=-1)
        if kind == "bias":  # [2, 3 * units]: that of the inputs, and that of the states
            found[PLACES[layer].format("bias_ih")] = value[0]
            found[PLACES[layer].format("bias_hh")] = value[1]
        else:
            part = "weight_ih" if kind == "kernel" else "weight_hh"
            found[PLACES[layer].format(part)] = value.T
    return found


class Twin:
    """The PyTorch process; see `translation_twin.py`."""

    def __init__(self, folder):
        command = [sys.executable, "-m", "tests.benchmarks.translation_twin", folder]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._read()

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("The PyTorch process has ended; its error is above")
        return json.loads(line)

    def ask(self, command):
        print(command, file=self.process.stdin, flush=True)
        return self._read()[0]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


# === What both sides begin with ===


def write(folder, model, batches, options):
    """Leaves for PyTorch what it needs."""
    arrays = {
        f"{number}_{place}": part.numpy()
        for number, batch in enumerate(batches)
        for place, part in enumerate(tf.nest.flatten(batch))
    }
    np.savez(os.path.join(folder, "batches.npz"), **arrays)
    feature, decoder = model.input_feature, model.decoder
    with open(os.path.join(folder, "pieces.model"), "wb") as file:
        file.write(feature._processor.serialized_model_proto())
    settings = {
        "tokens": decoder.head.size,
        "units": model.units,
        "width": model.embedding_size,
        "dropout": model.dropout,
        "smoothing": model.label_smoothing,
        "learning_rate": RATE,
        "batches": len(batches),
        "decoded": DECODED,
        "start": decoder.head.start,
        "end": decoder.head.end,
        "beams": BEAMS,
        "alpha": ALPHA,
        "limit": options["max_length"],
        "max_length": feature.max_length,
    }
    with open(os.path.join(folder, "options.json"), "w", encoding="utf-8") as file:
        json.dump(settings, file)


def hand_over(folder, model, twin):
    values = [each.numpy() for each in model.trainable_variables]
    np.savez(os.path.join(folder, "weights.npz"), **in_torch(model, values))
    twin.ask("weights")


def compare(folder, model, twin, batch):
    """Prints how far logits, loss and gradients of a batch differ between the two."""
    (source, before), target = batch
    with tf.GradientTape() as tape:
        logits = model((source, before), training=False)
        loss = model.loss(target, logits)
    variables = [each.value for each in model.trainable_variables]
    found = [tf.convert_to_tensor(each) for each in tape.gradient(loss, variables)]
    other = twin.ask("check")
    with np.load(os.path.join(folder, "check.npz")) as stored:
        difference = np.abs(stored["logits"] - logits.numpy()).max()
        gradients = in_torch(model, found)
        assert set(gradients) == set(stored.files) - {"logits"}
        largest = max(np.abs(stored[name] - gradients[name]).max() for name in gradients)
    print(
        f"largest difference of logits {difference:.1e} (of {np.abs(logits).max():.2f}), of the "
        f"loss {abs(other - float(loss)):.1e}, of gradients {largest:.1e}",
        flush=True,
    )
    assert difference < 1e-4, "the two models do not compute the same"
    assert abs(other - float(loss)) < 1e-4 and largest < 1e-4


# === Parts ===


def training(model, encoded, batches, twin, rounds, book):
    """Prints target tokens a second."""
    dataset = model._batches(encoded, BATCH, True, model.seed)
    stepwise = StepwiseTranslator(
        model.input_feature.vocabulary_size,
        model.decoder.head.size,
        model.units,
        model.embedding_size,
    )
    tutorial = StepwiseTraining(stepwise, model.label_smoothing, RATE)
    tokens = sum(int(tf.math.count_nonzero(target)) for _, target in batches)
    names = {
        "PyTorch": f"PyTorch, {twin.ask('about')['parameters']:,} parameters",
        "stepwise": f"Keras, stepwise, {stepwise.count_params():,} parameters",
    }
    runs = {
        "rnnkit": lambda: model.fit(encoded, batch_size=BATCH, verbose=0),
        "PyTorch": lambda: twin.ask("epoch"),
        "stepwise": lambda: tutorial.epoch(dataset),
    }
    first, times = in_turn(runs, rounds)
    report(f"training, {tokens:,} tokens", "tokens/s", tokens, names, first, times, book)


def decoding(folder, model, sources, twin, rounds, options, slow, book):
    """Prints sentences a second, and how many texts agree."""
    lengths = [len(model.input_feature.pieces(text)) for text in sources]
    order = np.argsort(lengths, kind="stable")
    slow = min(slow, len(sources)) or len(sources)
    # The middle of each of equal parts of all sentences by length.
    some = order[((np.arange(slow) + 0.5) * len(sources) / slow).astype(int)]
    loop, texts = LoopSearch(model, BEAMS, ALPHA, options["max_length"]), {}
    with open(os.path.join(folder, "sources.json"), "w", encoding="utf-8") as file:
        json.dump(sources, file)

    def ours():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of outputs that do not end
            texts["rnnkit"] = model.infer(sources, DECODED, replace_unknown=False, **options)

    def lists():
        texts["lists"] = loop.texts([sources[place] for place in some])

    runs = {"rnnkit": ours, "PyTorch": lambda: twin.ask("decode"), "lists": lists}
    first, times = in_turn(runs, rounds)
    with open(os.path.join(folder, "texts.json"), encoding="utf-8") as file:
        others = json.load(file)
    share = np.mean([a == b for a, b in zip(texts["rnnkit"], others, strict=True)])
    mine = [texts["rnnkit"][place] for place in some]
    same = np.mean([a == b for a, b in zip(mine, texts["lists"], strict=True)])
    print(
        f"same texts: {share:.1%} of {len(sources):,} as PyTorch, {same:.1%} of {slow:,} as with "
        f"lists; {len(set(others)):,} different texts, {np.mean([not t for t in others]):.1%} "
        f"empty; as {mine[0]!r}",
        flush=True,
    )
    scale = len(sources) / slow
    times["lists"] = [each * scale for each in times["lists"]]
    first["lists"] *= scale
    label = f"lists, {slow:,} sentences" + (", extrapolated" if slow < len(sources) else "")
    names = {"PyTorch": "PyTorch, batched", "lists": label}
    part = f"decoding, {len(sources):,} sentences"
    report(part, "sent./s", len(sources), names, first, times, book)


def report(part, unit, amount, names, first, times, book):
    _table.WIDTHS = (32, 44, 24, 12, 12, 16)
    _table.header("what", "against", "ratio", f"our {unit}", f"its {unit}", "first calls, s")
    for peer, name in names.items():
        ratios = sorted(b / a for a, b in zip(times["rnnkit"], times[peer], strict=True))
        ours, its = (amount / statistics.median(times[each]) for each in ("rnnkit", peer))
        figure, middle = f"translation, {part}, against {name}: ratio", statistics.median(ratios)
        shown = book.add(figure, middle, ratios, form=".2f")
        _table.row(
            part,
            name,
            shown,
            f"{ours:,.0f}" if ours > 100 else f"{ours:.1f}",
            f"{its:,.0f}" if its > 100 else f"{its:.1f}",
            f"{first['rnnkit']:.1f} and {first[peer]:.1f}",
        )


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("--data", help="any source of the recipe; by default the embedded phrases")
    parser.add_argument("--input", help="column or language of the sources")
    parser.add_argument("--target", help="column or language of the targets")
    parser.add_argument("--name", help="which test set, such as test2016")
    parser.add_argument("--parts", nargs="+", default=["training", "decoding"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=40, help="of an epoch in training")
    parser.add_argument("--steps", type=int, default=300, help="of training before decoding")
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--slow", type=int, default=50, help="sentences for lists; 0 for all")
    parser.add_argument("--units", type=int, default=512)
    parser.add_argument("--width", type=int, default=256, help="of embeddings")
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    book = ledger.Book(arguments.record)

    # === Data and model ===
    recipe = recipes.get("translation")
    data = recipe.data(
        arguments.data, name=arguments.name, input=arguments.input, target=arguments.target
    )
    model = recipe.model(data, units=arguments.units, embedding_size=arguments.width, seed=1)
    # As the recipe compiles it, but without averages of the weights.
    model.compile(optimizer=keras.optimizers.Adam(RATE, clipnorm=1.0))
    encoded = model.prepare(data.train.repeat().take(arguments.batches * BATCH))
    batches, again = (list(model._batches(encoded, BATCH, True, model.seed)) for _ in range(2))
    for first, second in zip(batches, again, strict=True):  # as every call of `fit` will see them
        tf.nest.map_structure(tf.debugging.assert_equal, first, second)
    model._seen(model.prepare(data.train))  # bounds the lengths in decoding
    options = {
        "beam_size": BEAMS,
        "length_penalty": ALPHA,
        "max_length": model.default_max_length(),
    }

    with tempfile.TemporaryDirectory() as folder:
        write(folder, model, batches, options)
        twin = Twin(folder)
        about = twin.ask("about")
        threads = tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count()
        print(
            f"{model.count_params():,} parameters (PyTorch {about['parameters']:,}), "
            f"{threads} threads (PyTorch {about['threads']}); TensorFlow {tf.__version__}, "
            f"PyTorch {about['version']}",
            flush=True,
        )
        assert model.count_params() == about["parameters"]
        hand_over(folder, model, twin)
        compare(folder, model, twin, batches[0])
        if "training" in arguments.parts:
            training(model, encoded, batches, twin, arguments.rounds, book)
            if arguments.profile:
                translation_profile.training(model, encoded, arguments.rounds)
        if "decoding" in arguments.parts:
            pairs = data.test.take(arguments.sentences).as_numpy_iterator()
            sources = [source.decode("utf-8", "replace") for source, _ in pairs]
            if arguments.steps:
                count = arguments.steps * BATCH
                size = math.ceil(count / (data.sizes.get("train") or count))
                model.fit(data.train.repeat(size).take(count), batch_size=BATCH, verbose=0)
            hand_over(folder, model, twin)
            rounds, slow = arguments.rounds, arguments.slow
            decoding(folder, model, sources, twin, rounds, options, slow, book)
            if arguments.profile:
                translation_profile.decoding(model, sources, arguments.rounds, options)
        twin.close()


if __name__ == "__main__":
    main()
