"""What the scores of generated texts need: prepared data beside the texts as they stand in it.

Several rows with the same raw input, such as the captions of one picture, are several references
of one output where the scores are made for that (`rnnkit.metrics.texts.SEVERAL`).
"""

import typing

import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded, Streamed, batch, in_memory, prepare
from rnnkit.data.pipeline.raw import as_dataset
from rnnkit.data.pipeline.shared import Shared

# Raw examples read at a time.
BLOCK = 1024


class References(typing.NamedTuple):
    """Data prepared for a model, and its targets as raw texts, read in one pass.

    Attributes:
        data: The prepared data.
        texts: The text of each target, of prepared data its decoded target; or a list of texts for
            each input.
        sources: The raw inputs as a list, or None where they are not known or no texts.
    """

    data: Encoded
    texts: list
    sources: list | None

    @classmethod
    def read(cls, model, x, y=None, ids=None):
        """Each row with its own text.

        Args:
            model: A model whose targets are texts.
            x: Raw data as in `Model.fit`, or prepared data.
            y: Raw targets, if `x` is not a dataset.
            ids: Function from the encoded targets of prepared data to lists of ids that can be
                decoded; by default they are taken as they are.

        Raises:
            ValueError: If the data does not end or does not fit in memory.
        """
        sources, texts, data = [], [], x

        def collect(raw, encoded):
            model._check(raw, encoded)
            if raw[0].dtype == "string":
                sources.extend(raw[0].numpy().tolist())
            texts.extend(text.decode("utf-8", "replace") for text in raw[1].numpy().tolist())

        if isinstance(x, Encoded):
            targets = x.tensors[1]
            texts = model.output_feature.decode(targets.to_list() if ids is None else ids(targets))
            sources = None
        elif not isinstance(x, Streamed):
            dataset = as_dataset(x, y, None, model.input_feature, model.output_feature)
            padding = (model.input_feature.padding, model.output_feature.padding, 0)
            data = prepare(dataset, model.encode, collect, model._truncate, padding=padding)
        return cls(in_memory(data), texts, sources)

    @classmethod
    def grouped(cls, model, x, y=None, ids=None):
        """Each input once, with the list of the texts of all its rows; arguments as in `read`."""
        if isinstance(x, Shared):
            texts = cls.read(model, x, ids=ids).texts
            return cls(x.once(), [[texts[row] for row in rows] for rows in x.rows], None)
        if isinstance(x, (Encoded, Streamed)):  # each row has its own input
            found = cls.read(model, x, ids=ids)
            return found._replace(texts=[[text] for text in found.texts])
        dataset = as_dataset(x, y, None, model.input_feature, model.output_feature)
        if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
            return cls(in_memory(model.prepare(dataset)), [], None)  # which raises
        inputs, texts = {}, []
        for values, targets, *_ in batch(dataset, BLOCK):
            rows = values if isinstance(values, tf.RaggedTensor) else values.numpy()
            for row, text in zip(rows, targets.numpy().tolist(), strict=True):
                key = row if isinstance(row, bytes) else np.asarray(row).tobytes()
                index = inputs.setdefault(key, (len(inputs), row))[0]
                texts += [[]] if index == len(texts) else []
                texts[index].append(text.decode("utf-8", "replace"))
        raw = [row for _, row in inputs.values()]
        data = in_memory(model.prepare(raw, targets=False))
        return cls(data, texts, raw if isinstance(raw[0], bytes) else None)
