"""Data: readers for own files and TFDS names, the encoded pipeline, and the embedded datasets."""

from rnnkit._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Data": ".splits",
        "Encoded": ".pipeline",
        "as_dataset": ".convert",
        "builders": ".builders",
        "dynamics": ".dynamics",
        "letters": ".letters",
        "memory_tasks": ".memory_tasks",
        "morse": ".morse",
        "read_table": ".tables",
    },
)
