"""Data: readers of what users have, and the pipeline that encodes it for training.

    recipe_data.py  what recipes call: `recipe.data`
    splits.py       `Data`: raw examples in three parts, and how one table becomes three
    stored.py       columns of examples in little memory, made tensors row by row
    readers/        from files, frames, arrays and TFDS names to `Data`
    pipeline/       from raw examples to batches of tensors of similar length

`readers/sources.py` decides who reads a source, `readers/data_types.py` has one row for each pair
of data types, such as text and label. To add a reader of files write a module beside its relatives
in `readers/text`, `series`, `sequences` or `media`, with a function from a path to a `Data`, and
name it in that row. What only turns bytes into arrays belongs in `rnnkit.formats`.
"""

from rnnkit.utils.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Corpus": ".pipeline.corpus",
        "Data": ".splits",
        "Encoded": ".pipeline.encoded",
        "Streamed": ".pipeline.encoded",
        "Table": "..formats.tables",
        "as_dataset": ".pipeline.raw",
        "read_table": "..formats.tables",
    },
)
