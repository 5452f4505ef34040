"""Where training and decoding of the translation model spend their time.

`translation_speed.py --profile` calls it: each line does what the line before does and more.
"""

import tensorflow as tf

from tests.benchmarks import _table
from tests.benchmarks.reservoir_speed import seconds

BATCH = 64


def training(model, encoded, rounds):
    """Prints milliseconds a batch of growing parts of a training step."""

    def forward(source, before, target):
        logits = model((source, before), training=True)
        return model.loss(target, logits)

    def backward(source, before, target):
        with tf.GradientTape() as tape:
            loss = forward(source, before, target)
        gradients = tape.gradient(loss, [each.value for each in model.trainable_variables])
        return loss, [tf.convert_to_tensor(each) for each in gradients]

    batches = model._batches(encoded, BATCH, True, model.seed)

    def over(function):
        compiled = tf.function(function, reduce_retracing=True)
        return lambda: [compiled(*inputs, target) for inputs, target in batches]

    runs = {
        "making batches": lambda: list(batches),
        "and forward": over(forward),
        "and backward": over(backward),
        "and Adam and metrics (fit)": lambda: model.fit(encoded, batch_size=BATCH, verbose=0),
    }
    show("training, a batch", runs, rounds, -(-len(encoded) // BATCH))


def decoding(model, sources, rounds, options):
    """Prints milliseconds a batch of parts of decoding."""
    data, decoder = model.prepare(sources, targets=False), model.decoder
    beams = options["beam_size"]
    rows = [tf.nest.flatten(batch)[0] for batch in data.batches(BATCH)]
    encode = tf.function(model.begin, reduce_retracing=True)
    chosen = model.decoding.options(**options)
    limit, seed = tf.constant(chosen.pop("max_length")), tf.constant([0, 0])
    del chosen["seed"]
    compiled, arguments = model.decoding.runner(**chosen)

    def run(source):
        return compiled(source, limit, seed, *arguments)

    done = [run(source)[0] for source in rows]
    steps = [each.tokens.shape[2] for each in done]
    print(f"{sum(steps) / len(steps):.1f} steps a batch, longest {max(steps)}", flush=True)

    @tf.function(reduce_retracing=True)
    def walk(source, steps):
        """As many steps as the search takes, without the search."""
        states, memory, mask = model.begin(source)[:3]
        batch, keys = tf.shape(source)[0], decoder.attention.project(memory)
        states = [tf.repeat(each[:, None], beams, axis=1) for each in states]
        tokens = tf.fill([batch, beams], 5)
        for _ in tf.range(steps):
            logits, states, _ = decoder.step(tokens, states, memory, keys, mask)
            after = tf.cast(logits[..., 0] > 9.0, tf.int32) + 5  # what each step waits for
            tokens = tf.ensure_shape(after, [None, beams])
        return tokens

    counts = [tf.constant(each) for each in steps]
    runs = {
        "texts to ids": lambda: model.prepare(sources, targets=False),
        "encoder": lambda: [encode(source) for source in rows],
        "encoder and steps": lambda: [walk(*each) for each in zip(rows, counts, strict=True)],
        "encoder, steps and search": lambda: [run(source) for source in rows],
        "all, from ids to lists of tokens": lambda: model.predict(data, BATCH, 0, **options),
        "all, from text to text": lambda: model.infer(sources, BATCH, **options),
    }
    show("decoding, a batch", runs, rounds, len(rows))


def show(what, runs, rounds, count):
    _table.WIDTHS = (22, 36, 24)
    _table.header("what", "part", "ms (least of rounds)")
    for name, run in runs.items():
        run()
        least = min(seconds(run) for _ in range(rounds))
        _table.row(what, name, f"{least / count * 1e3:.1f}")
