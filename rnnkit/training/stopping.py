"""When a training ends and which weights are kept: early stopping, averages, interruptions."""

import os
import sys

import keras

from rnnkit.metrics import direction
from rnnkit.training.callbacks import LinearDecay, has_schedule


def with_defaults(callbacks, optimizer, stopping=None, warmup=None):
    """The user's callbacks, with what a model asks for added where the user has none of that class.

    An optimizer that averages weights (`use_ema=True`) has its averages validated and kept.

    Args:
        callbacks: List of Keras callbacks, a single one, or None.
        optimizer: The model's optimizer.
        stopping: Dict with `patience` and perhaps `monitor`, `mode` and `min_delta`: the model
            stops early and keeps its best weights. None, or no `patience`: it does not.
        warmup: Updates in which the learning rate rises, of `LinearDecay`, unless the optimizer
            has a schedule; None leaves the learning rate as it is.

    Returns:
        A list of callbacks, or what was given if it is a `CallbackList`.
    """
    known = keras.callbacks
    if isinstance(callbacks, known.CallbackList):
        return callbacks
    if callbacks is None:
        callbacks = []
    callbacks = list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]

    def absent(*classes):
        return not any(isinstance(item, classes) for item in callbacks)

    if stopping and stopping.get("patience") is not None and absent(known.EarlyStopping):
        callbacks.append(early_stopping(stopping))
    if warmup is not None and not has_schedule(optimizer):
        if absent(LinearDecay, known.LearningRateScheduler, known.ReduceLROnPlateau):
            callbacks.insert(0, LinearDecay(warmup))
    if averages_weights(optimizer) and absent(known.SwapEMAWeights):
        # First, so that the others see the averages.
        callbacks.insert(0, known.SwapEMAWeights(swap_on_epoch=True))
    return callbacks


def early_stopping(settings):
    """`EarlyStopping` that keeps the best weights, as settings of training say."""
    monitor, mode = monitored(settings)
    return keras.callbacks.EarlyStopping(
        monitor=monitor,
        mode=mode,
        patience=settings["patience"],
        min_delta=settings.get("min_delta", 0),
        restore_best_weights=True,
    )


def monitored(settings):
    """What early stopping and checkpoints watch, and whether less or more of it is better.

    Args:
        settings: Dict of settings of training: `monitor`, by default `"val_loss"`, and for a metric
            of one's own `mode`.

    Returns:
        The pair of the name and `"min"` or `"max"`.

    Raises:
        ValueError: For a name that `rnnkit.metrics.direction` does not know, without `mode`.
    """
    monitor = settings.get("monitor", "val_loss")
    return monitor, settings.get("mode") or direction(monitor)


def averages_weights(optimizer):
    """Whether an optimizer keeps averages of the weights."""
    return optimizer is not None and optimizer.use_ema


def restart_averages(optimizer, variables):
    """Lets an optimizer's averages start from the weights that a training ended with."""
    if averages_weights(optimizer):
        averages = optimizer._model_variables_moving_average  # private up to Keras 3.15 at least
        for variable, average in zip(variables, averages, strict=True):
            average.assign(variable)


class BestKept:
    """Saves the best weights so far when the `with` block is interrupted by Ctrl-C.

    It says where they are, and the interruption goes on.

    Args:
        model: The model in training.
        callbacks: Its callbacks; an `EarlyStopping` among them knows the best weights.
        path: Where to save; by default `<name>-interrupted.keras` in the current folder. False
            saves nothing.
    """

    def __init__(self, model, callbacks=(), path=None):
        many = isinstance(callbacks, keras.callbacks.CallbackList)
        self.model, self.callbacks = model, callbacks.callbacks if many else callbacks
        self.path = path

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        if error is None or not issubclass(error, KeyboardInterrupt) or self.path is False:
            return
        best = None
        for item in self.callbacks:
            if isinstance(item, LinearDecay):
                item.restore()
            elif isinstance(item, keras.callbacks.EarlyStopping) and best is None:
                best = item.best_weights
        if best is not None:
            self.model.set_weights(best)
        path = self.path or f"{self.model.recipe or self.model.name}-interrupted.keras"
        self.model.save(path)
        which = "The weights so far are" if best is None else "The best weights so far are"
        print(f"\nInterrupted. {which} in {os.path.abspath(path)}", file=sys.stderr, flush=True)
