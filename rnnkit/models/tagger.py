"""What a model of tags does beside one of numbers: loss, decoding, scores, results."""

import numpy as np
import tensorflow as tf

from rnnkit import metrics
from rnnkit.data.pipeline.encoded import Streamed
from rnnkit.features import Words
from rnnkit.features.tagged import Tagged
from rnnkit.features.tags import UNLABELLED, UNSEEN
from rnnkit.losses.entity_f1 import EntityF1
from rnnkit.losses.tags import TagAccuracy, TagCrossEntropy
from rnnkit.models import forecasting
from rnnkit.models.windows import as_ragged, stacked

# === Checks ===


def check_input(feature):
    """Raises a ValueError unless a feature gives sequences with a step for each tag."""
    numbers = feature.width is not None or feature.shape is not None
    if not feature.sequence or (feature.vocabulary_size is None and not numbers):
        raise ValueError(
            "input_feature must give sequences of words, tokens, numbers or pictures, such as "
            f"Words, Text, Series or Video. Received: {type(feature).__name__}"
        )
    if feature.max_length is not None:
        raise ValueError(
            "The max_length of an input feature must be None where every step has a tag. "
            f"Received: {type(feature).__name__} with max_length={feature.max_length}"
        )


def check_lengths(raw, encoded):
    """Raises a ValueError where a sequence and its tags differ in length; names both."""
    if len(encoded) < 2:
        return
    words = raw[0].dtype == tf.string and raw[0].shape.rank == 2
    steps = as_ragged(raw[0] if words else encoded[0]).row_lengths().numpy()
    tags = as_ragged(encoded[1]).row_lengths().numpy()
    wrong = np.flatnonzero((steps != tags) | (steps == 0))
    if not len(wrong):
        return
    index = int(wrong[0])

    def brief(values):
        items = [each.decode("utf-8", "replace") for each in values[index].numpy().tolist()]
        return " ".join(items[:20]) + (" ..." if len(items) > 20 else "")

    shown = f"; the words are: {brief(raw[0])!r}" if words else ""
    if raw[1].dtype == tf.string:
        shown += f"; the tags are: {brief(raw[1])!r}"
    raise ValueError(
        f"Each step must have a tag: in {len(wrong)} of {len(steps)} sequences they differ in "
        f"number. Received: {steps[index]} steps and {tags[index]} tags at position {index}{shown}"
    )


def guard_lengths(encoded):
    """As `check_lengths`, in graph mode: gives the encoded tensors back with an assertion."""
    if len(encoded) < 2:
        return encoded
    steps, tags = (as_ragged(part).row_lengths() for part in encoded[:2])
    test = tf.debugging.assert_equal(steps, tags, "A sequence and its tags differ in length")
    with tf.control_dependencies([test]):
        return (tf.identity(encoded[0]), *encoded[1:])


# === Training ===


def task_defaults(model, loss, metrics):
    """Loss and metrics of a model of tags, where they are left at `"auto"`."""
    automatic = isinstance(loss, str) and loss == "auto"
    if model.crf:
        if not automatic and loss is not None:
            raise ValueError(
                f"loss must be left out with crf=True, which has its own. Received: loss={loss!r}"
            )
        loss = None
    elif automatic:
        loss = TagCrossEntropy()
    if isinstance(metrics, str) and metrics == "auto":
        metrics = [TagAccuracy()]
        if model.output_feature.scheme != "plain":
            metrics.append(EntityF1(model.output_feature.classes))
    return loss, metrics


def negative_log_likelihood(model, truth, scores, sample_weight=None):
    """Loss of a CRF in nats a step: that of whole sequences by the number of known tags.

    Args:
        model: A model with `crf=True`.
        truth: Ids of the tags `[batch, time]`, below 0 where not known.
        scores: Outputs of the graph `[batch, time, tags]`.
        sample_weight: Weights `[batch]`, or None.
    """
    crf = model.get_layer("crf_output")
    values = -crf.log_likelihood(scores, truth, mask_of(scores))  # [batch]
    counts = tf.reduce_sum(tf.cast(truth >= 0, values.dtype), axis=1)  # [batch]
    if sample_weight is not None:
        weight = tf.cast(sample_weight, values.dtype)
        if weight.shape.rank != 1:
            raise ValueError(
                "sample_weight must be one number for each sequence with crf=True. "
                f"Received: weights of shape {weight.shape}"
            )
        values, counts = values * weight, counts * weight
    return tf.math.divide_no_nan(tf.reduce_sum(values), tf.reduce_sum(counts))


def best_as_probabilities(model, scores):
    """1 for the tags of the best sequences and 0 for all others, `[batch, time, tags]`."""
    tags, _ = model.get_layer("crf_output").decode(scores, mask_of(scores))
    return tf.one_hot(tags, model.output_feature.size)


def mask_of(outputs):
    """The mask that Keras keeps with the outputs of a graph, or None."""
    return getattr(outputs, "_keras_mask", None)


# === Use ===


def run(model, pieces, what, batch_size=None, verbose=0):
    """Tags or probabilities for cut data, in its order, padding included.

    Args:
        model: A `ManyToMany` with tags.
        pieces: `rnnkit.models.windows.Windows`.
        what: `"probabilities"` of each tag at each step, with a CRF its marginals; or `"tags"`:
            the ids of the best ones.

    Returns:
        `[pieces, time, tags]` or `[pieces, time]`.
    """
    key, functions = (what, model.jit_compile is True), model.__dict__.setdefault("_tag", {})
    if key not in functions:

        def compute(inputs):
            outputs = model(inputs, training=False)
            if not model.crf:
                best = tf.argmax(outputs, axis=-1, output_type=tf.int32)
                return outputs if what == "probabilities" else best
            crf, mask = model.get_layer("crf_output"), mask_of(outputs)
            if what == "probabilities":
                return crf.marginals(outputs, mask)
            return crf.decode(outputs, mask)[0]

        inputs = [tf.TensorSpec(each.shape, each.dtype) for each in model.inputs]
        functions[key] = tf.function(compute, inputs, jit_compile=key[1], autograph=False)
    size = model._batch_size(batch_size)
    blocks = [block.numpy() for block in model._each_batch(functions[key], pieces, size, verbose)]
    return pieces.restored(stacked(blocks, 0), size)


def best(model, data, batch_size=None, verbose=0):
    """Ids of the best tags of encoded data, int32 `[sequences, time]`, -1 after the ends."""
    pieces = model._cut(type(data)(data.tensors[:1], data.padding))
    return pieces.joined(run(model, pieces, "tags", batch_size, verbose))


def infer(model, x, batch_size=None, details=False):
    """Readable tags of raw sequences; see `ManyToMany.infer`.

    With `details` a dict for each: `"words"` (for inputs of words), `"tags"`, `"probabilities"` of
    the tags given, and where the tags mark stretches `"entities"`: dicts with `"type"`, `"start"`
    and `"end"` (numbers of steps, the end exclusive) and the `"text"` of its words.
    """
    feature, target = model.input_feature, model.output_feature
    worded = isinstance(feature, Words)
    if isinstance(x, (str, bytes)):
        single, x = True, [x]
    else:
        single = forecasting.is_single(feature, x)
    if isinstance(x, list) and not x:
        return []
    data = model.prepare(x, targets=False)
    if isinstance(data, Streamed):
        raise ValueError(
            "infer needs data that ends and fits in memory: pass a part of it, such as "
            "`data.take(1_000)`. Received: a dataset that is endless or too large"
        )
    ids = best(model, data, batch_size)
    lengths = as_ragged(data.tensors[0]).row_lengths().numpy()
    chances = model.predict(data, batch_size) if details else ids
    words = _words(feature, x) if worded else [None] * len(ids)
    results = []
    for row, chance, length, those in zip(ids, chances, lengths, words, strict=True):
        length = min(length, len(those)) if worded else length  # of an empty text nothing
        tags = [target.classes[each] for each in row[:length]]
        if not details:
            results.append(Tagged(zip(those, tags, strict=True)) if worded else tags)
            continue
        result = {"words": those, "tags": tags} if worded else {"tags": tags}
        result["probabilities"] = [
            float(chance[step, each]) for step, each in enumerate(row[:length])
        ]
        if target.scheme != "plain":
            result["entities"] = [
                {"type": kind, "start": start, "end": end}
                | ({"text": " ".join(those[start:end])} if worded else {})
                for kind, start, end in target.entities(tags)
            ]
        results.append(result)
    return results[0] if single else results


def _words(feature, x):
    """The words of raw sentences in any form."""
    if isinstance(x, tf.data.Dataset):
        rows = x.map(lambda first, *rest: first)
        if x.element_spec and isinstance(x.element_spec, tuple):
            spec = x.element_spec[0]
        else:
            spec = x.element_spec
        if spec.shape.rank == 2:
            rows = rows.unbatch()
        return [[each.decode("utf-8", "replace") for each in row.numpy().tolist()] for row in rows]
    return feature.raw(x)


def score(model, data, batch_size=None):
    """Scores of the best tags against the true ones; see `rnnkit.metrics.tags`.

    Steps whose tag is not known are left out. A tag that training did not have is an error.
    """
    if isinstance(data, Streamed):
        raise ValueError(
            "score needs data that ends and fits in memory: pass a part of it. Received: a dataset "
            "that is endless or too large"
        )
    feature = model.output_feature
    truth = as_ragged(data.tensors[1]).to_tensor(UNLABELLED).numpy()  # [sequences, time]
    said = best(model, data, batch_size)
    # A run of them is one stretch of a kind that cannot be found.
    unseen = "[unseen]" if feature.scheme == "plain" else "I-[unseen]"
    names = {**dict(enumerate(feature.classes)), UNSEEN: unseen}
    references, hypotheses = [], []
    for true, row in zip(truth, said, strict=True):
        known = np.flatnonzero(true != UNLABELLED)
        references.append([names[each] for each in true[known]])
        hypotheses.append([names[each] for each in row[known]])
    return metrics.scores(feature, references, hypotheses, model.score_names)
