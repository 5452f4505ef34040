"""Cells trained alike on a task or a recipe, and measured."""

from rnnkit.utils.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Comparison": ".result",
        "ComparisonTable": ".result",
        "compare": ".running",
        "tasks": ".tasks",
    },
)
