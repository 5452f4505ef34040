"""How a decoder whose targets are numbers is used; see `Generating`, whose methods call these."""

import itertools
import warnings

import numpy as np
import tensorflow as tf

from rnnkit import metrics
from rnnkit.data.pipeline.encoded import Encoded, Streamed
from rnnkit.decoding.values import write_values
from rnnkit.models.compiled import compiled


def written(model, data, batch_size=None, verbose=0, max_length=None, **options):
    """Results of prepared data, a list of dicts, and the limit of their lengths.

    Each has `outputs`, float32 `[steps, width]` as the network gives them, `finished`, and
    `attention` `[steps, source]` of a model that has it.

    Raises:
        ValueError: For options that are of tokens.
    """
    drawing = _drawing(model, **options) if model.decoder.surface.draws else None
    for name in options if drawing is None else ():
        raise ValueError(
            "Of the options of decoding, targets of numbers take max_length alone. "
            f"Received: {name}={options[name]!r}"
        )
    limit, size = (
        model._limit() if max_length is None else max_length,
        model._batch_size(batch_size),
    )
    if not isinstance(limit, (int, np.integer)) or isinstance(limit, bool) or limit < 1:
        raise ValueError(
            f"max_length must be an integer of at least 1. Received: max_length={limit!r}"
        )
    size, number = model._batch_size(batch_size), itertools.count()
    sample, temperature, seed = drawing or (False, 1.0, 0)
    run, temperature = _runner(model, sample), tf.constant(temperature)

    def compute(source):
        seeds = tf.constant([seed, next(number)], tf.int32)
        values, lengths, finished, attention, places = (
            None if part is None else part.numpy()
            for part in run(source, tf.constant(int(limit)), temperature, seeds)
        )
        results = []
        for row, length in enumerate(lengths):
            result = {"outputs": values[row, :length], "finished": bool(finished[row])}
            if attention is not None:
                seen = None if places is None else places[row]
                result["attention"] = attention[row, :length, :seen]
            results.append(result)
        return results

    found = [each for batch in model._each_batch(compute, data, size, verbose) for each in batch]
    return data.restored(found, size), limit


def _drawing(model, sample=None, temperature=1.0, seed=None, **options):
    """The options of decoding of a surface that draws its steps: sample, temperature and seed."""
    for name in options:
        raise ValueError(
            "Of the options of decoding, targets whose steps are drawn take sample, temperature, "
            f"seed and max_length. Received: {name}={options[name]!r}"
        )
    sample = model.sample if sample is None else bool(sample)
    if not temperature > 0:
        raise ValueError(f"temperature must be positive. Received: temperature={temperature!r}")
    if seed is None:
        seed = int(np.random.default_rng().integers(2**31 - 1))
    return sample, float(temperature), int(seed)


def _runner(model, sample=False):
    """The compiled function that writes for a batch; kept for the next time."""
    kept = model.__dict__.setdefault("_compiled_decoding", {})
    if ("values", sample) in kept:
        return kept["values", sample]
    decoder = model.decoder
    attends = decoder.attention is not None

    @compiled
    def run(source, limit, temperature, seed):
        states, memory, mask, given, before = model.begin(source)
        batch = tf.shape(tf.nest.flatten(source)[0])[0]
        keys = decoder.attention.project(memory) if attends else None
        states = decoder.zero_states(batch) if states is None else states
        states = [state[:, None] for state in states]  # each [batch, 1, size]

        def choose(written, index):
            return decoder.surface.draw(written, seed + tf.stack([0, index]), temperature, sample)

        whole = write_values(
            lambda before, states: decoder.step(before, states, memory, keys, mask, given),
            states,
            batch,
            width=decoder.surface.width,
            max_length=limit,
            attends=attends,
            choose=choose if decoder.surface.draws else None,
            before=None if before is None else before[:, None],
        )
        places = None if mask is None else tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        return (*whole, places)

    kept["values", sample] = run
    return run


def predict(model, x, batch_size=None, verbose="auto", **options):
    """Outputs `[inputs, longest, width]`, NaN after the end of each."""
    width = model.decoder.surface.width
    if isinstance(x, list) and not x:
        return np.zeros((0, 0, width), "float32")
    found, _ = written(model, model.prepare(x, targets=False), batch_size, verbose, **options)
    rows = [each["outputs"] for each in found]
    result = np.full((len(rows), max(map(len, rows)), width), np.nan, "float32")
    for place, row in enumerate(rows):
        result[place, : len(row)] = row
    return result


def infer(model, x, batch_size=None, details=False, verbose=0, **options):
    """What the output feature makes of the outputs, for each input; with details a dict."""
    if isinstance(x, (str, bytes)):
        return infer(model, [x], batch_size, details, verbose, **options)[0]
    if isinstance(x, list) and not x:
        return []
    found, limit = written(model, model.prepare(x, targets=False), batch_size, verbose, **options)
    unfinished = sum(not each["finished"] for each in found)
    if unfinished:
        warnings.warn(
            f"{unfinished:,} of {len(found):,} outputs did not end within {limit} steps. "
            "Train longer, or allow more with max_length=...",
            stacklevel=3,
        )
    values = model.output_feature.decode([each.pop("outputs") for each in found])
    if not details:
        return values
    return [{"values": value, **each} for value, each in zip(values, found, strict=True)]


def serve(model, codes):
    """Values and lengths for a batch of encoded inputs, as TensorFlow operations."""
    sample = model.decoder.surface.draws and model.sample
    limit, seed = tf.constant(int(model._limit())), tf.constant([0, 0])
    values, lengths, *_ = _runner(model, sample)(codes, limit, tf.constant(1.0), seed)
    result = {"lengths": lengths, "values": values}  # [batch], [batch, longest, width]
    if model.output_feature.decodes_in_graph:
        result["values"] = model.output_feature.decode_graph(values)["value"]
    return result


def score(model, x, y=None, batch_size=None, verbose=0, **options):
    """Errors of what is written freely, in the units of the targets."""
    data = model.prepare(x, y)
    if isinstance(data, Streamed):
        raise ValueError(
            "score needs data that ends and fits in memory: pass a part of it, such as "
            "`data.take(100_000)`. Received: a dataset that is endless or too large"
        )
    assert isinstance(data, Encoded)
    found, _ = written(model, data, batch_size, verbose, **options)
    targets = data.tensors[1]  # [examples, (time), width + 1], the last column the end
    splits, rows = targets.row_splits.numpy(), targets.flat_values.numpy()[:, :-1]
    truth = [rows[first:last] for first, last in zip(splits, splits[1:], strict=False)]
    outputs = [each["outputs"] for each in found]
    return metrics.scores(model.output_feature, truth, outputs, model.score_names)
