"""Standard tasks that measure memory: an input has to be known a chosen number of steps later.

    task = rnnkit.comparison.tasks.adding(lag=100)
    model = task.train(cell="gru", epochs=20)        # a recipe, with data of its own
    x, y = task.draw(64, seed=1)                     # arrays, as many as wanted
    task.solved(task.measure(model, x, y))

Each task is a `rnnkit.Recipe` whose examples are sampled by NumPy from a seed for any lag, with the
score that a model without memory reaches at best. `rnnkit.compare` runs cells on them.
"""

from rnnkit.utils.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Adding": ".standard",
        "CopyMemory": ".standard",
        "DelayedRecall": ".standard",
        "Parity": ".standard",
        "SequentialPixels": ".standard",
        "Task": ".base",
        "adding": ".standard",
        "copy_memory": ".standard",
        "delayed_recall": ".standard",
        "get": ".standard",
        "names": ".standard",
        "parity": ".standard",
        "sequential_pixels": ".standard",
    },
)
