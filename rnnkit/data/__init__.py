"""Data: readers of what users have, and the pipeline that encodes it."""

from rnnkit.utils.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Data": ".splits",
        "Encoded": ".pipeline.encoded",
        "as_dataset": ".pipeline.raw",
        "read_table": ".readers.tables",
    },
)
