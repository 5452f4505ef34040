"""What the scores of written texts need: prepared data beside the texts as they stand in it."""

from rnnkit.data.convert import as_dataset
from rnnkit.data.pipeline import Encoded, Streamed, prepare


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
        raise ValueError(
            "score needs data that ends and fits in memory: pass a part of it, such as "
            "`data.take(100_000)`. Received: a dataset that is endless or too large"
        )
    return data, references, sources
