"""What the scores of written texts need: prepared data beside the texts as they stand in it.

Several rows with the same raw input, such as the captions of one picture, are several references
of one output where the scores are made for that (`rnnkit.metrics.texts.SEVERAL`).
"""

import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded, Streamed, batch, prepare
from rnnkit.data.pipeline.raw import as_dataset
from rnnkit.data.pipeline.shared import Shared

# Raw examples read at a time.
BLOCK = 1024


def with_references(model, x, y=None, written=None):
    """Data prepared for a model, and its targets as raw texts, read in one pass.

    Args:
        model: A model whose targets are texts.
        x: Raw data as in `Model.fit`, or prepared data.
        y: Raw targets, if `x` is not a dataset.
        written: Function from the encoded targets of prepared data to lists of ids that can be
            decoded; by default they are taken as they are.

    Returns:
        The prepared data; the list of the targets' texts (of prepared data, its decoded targets);
        and the raw inputs as a list, or None of prepared data.

    Raises:
        ValueError: If the data does not end or does not fit in memory.
    """
    sources, references, data = [], [], x

    def collect(raw, encoded):
        model._check(raw, encoded)
        if raw[0].dtype == "string":
            sources.extend(raw[0].numpy().tolist())
        references.extend(text.decode("utf-8", "replace") for text in raw[1].numpy().tolist())

    if isinstance(x, Encoded):
        targets = x.tensors[1]
        references = model.output_feature.decode(
            targets.to_list() if written is None else written(targets)
        )
        sources = None
    elif not isinstance(x, Streamed):
        dataset = as_dataset(x, y, None, model.input_feature, model.output_feature)
        padding = (model.input_feature.padding, model.output_feature.padding, 0)
        data = prepare(dataset, model.encode, collect, model._truncate, padding=padding)
    if isinstance(data, Streamed):
        _refuse_stream()
    return data, references, sources


def with_all_references(model, x, y=None, written=None):
    """As `with_references`, each input once, with the list of the texts of all its rows.

    Args, returns and raises as there; the references are lists of texts.
    """
    if isinstance(x, Shared):
        texts = with_references(model, x, written=written)[1]
        return x.once(), [[texts[row] for row in rows] for rows in x.rows], None
    if isinstance(x, (Encoded, Streamed)):  # each row has its own input
        data, texts, sources = with_references(model, x, written=written)
        return data, [[text] for text in texts], sources
    dataset = as_dataset(x, y, None, model.input_feature, model.output_feature)
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        _refuse_stream()
    inputs, texts = {}, []
    for values, targets, *_ in batch(dataset, BLOCK):
        rows = values if isinstance(values, tf.RaggedTensor) else values.numpy()
        for row, text in zip(rows, targets.numpy().tolist(), strict=True):
            key = row if isinstance(row, bytes) else np.asarray(row).tobytes()
            place = inputs.setdefault(key, (len(inputs), row))[0]
            texts += [[]] if place == len(texts) else []
            texts[place].append(text.decode("utf-8", "replace"))
    raw = [row for _, row in inputs.values()]
    data = model.prepare(raw, targets=False)
    if isinstance(data, Streamed):
        _refuse_stream()
    return data, texts, raw if isinstance(raw[0], bytes) else None


def _refuse_stream():
    raise ValueError(
        "score needs data that ends and fits in memory: pass a part of it, such as "
        "`data.take(100_000)`. Received: a dataset that is endless or too large"
    )
