"""When a training ends and which weights are kept: early stopping, averages, interruptions."""

import math
import os
import sys

import keras
import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Streamed
from rnnkit.metrics import direction
from rnnkit.training import diverging
from rnnkit.training.callbacks import LinearDecay, has_schedule
from rnnkit.training.keeping import KeepState
from rnnkit.utils import replicas


def with_defaults(callbacks, optimizer, stopping=None, warmup=None, steps=True):
    """The user's callbacks, with what a model asks for added where the user has none of that class.

    An optimizer that averages weights (`use_ema=True`) has its averages validated and kept. A loss
    that is not finite ends the training with an error, see `rnnkit.training.diverging.FiniteOnly`,
    unless `TerminateOnNaN` is among the callbacks.

    Args:
        callbacks: List of Keras callbacks, a single one, or None.
        optimizer: The model's optimizer.
        stopping: Dict with `patience` and perhaps `monitor`, `mode` and `min_delta`: the model
            stops early and keeps its best weights. None, or no `patience`: it does not.
        warmup: Updates in which the learning rate rises, of `LinearDecay`, unless the optimizer
            has a schedule; None leaves the learning rate as it is.
        steps: Whether the model learns in steps, whose loss is looked at.

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
    if steps and absent(known.TerminateOnNaN):
        callbacks.insert(0, diverging.FiniteOnly())
    if averages_weights(optimizer) and absent(known.SwapEMAWeights):
        # First, so that the others see the averages.
        callbacks.insert(0, known.SwapEMAWeights(swap_on_epoch=True))
    for item in callbacks:
        if isinstance(item, KeepState):
            item.others = [other for other in callbacks if other is not item]
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


def kept_epoch(settings, curves):
    """The index of the epoch whose weights early stopping keeps, the best in what it watches.

    Args:
        settings: Dict of settings of training; see `monitored`.
        curves: Dict of metric to its values, one an epoch, as in `History.history`.

    Returns:
        The index, or None where what is watched was not recorded or is never a number.
    """
    monitor, mode = monitored(settings)
    values = np.array(curves.get(monitor, ()), "float64")
    if not np.isfinite(values).any():
        return None
    return int(np.nanargmax(values) if mode == "max" else np.nanargmin(values))


def averages_weights(optimizer):
    """Whether an optimizer keeps averages of the weights."""
    return optimizer is not None and optimizer.use_ema


def restart_averages(optimizer, variables):
    """Lets an optimizer's averages start from the weights that a training ended with."""
    if averages_weights(optimizer):
        averages = optimizer._model_variables_moving_average  # private up to Keras 3.15 at least
        for variable, average in zip(variables, averages, strict=True):
            average.assign(variable)


class BestSaved(keras.callbacks.ModelCheckpoint):
    """A checkpoint of the best epoch, which one whose value is not finite never is.

    Args:
        path: Path of a `.keras` file.
        settings: Settings of training; see `monitored`.
        whole: What is saved instead of the model in training, such as
            `rnnkit.models.members.SavesWhole`; or None.
    """

    def __init__(self, path, settings, whole=None):
        monitor, mode = monitored(settings)
        super().__init__(path, monitor=monitor, mode=mode, save_best_only=True)
        self.whole = whole

    def set_model(self, model):
        super().set_model(self.whole or model)

    def on_epoch_end(self, epoch, logs=None):
        value = (logs or {}).get(self.monitor)
        if value is None or math.isfinite(value):
            super().on_epoch_end(epoch, logs)


class BestKept:
    """Keeps the best weights so far when the `with` block is interrupted, or its loss diverges.

    When interrupted by Ctrl-C they are saved and it is said where. When the numbers of the training
    are not finite any more, the model gets them back. Either goes on as an exception; so does an
    assertion on data that streams, as one that names the example.

    Args:
        model: The model in training.
        callbacks: Its callbacks; an `EarlyStopping` among them knows the best weights, a
            `FiniteOnly` the last ones that were finite.
        path: Where to save; by default `<name>-interrupted.keras` in the current folder. What is
            there already is not replaced by weights of a first epoch that did not end. False saves
            nothing.
        data: The encoded data to train and to validate with, in which to look for reasons.
    """

    def __init__(self, model, callbacks=(), path=None, data=()):
        many = isinstance(callbacks, keras.callbacks.CallbackList)
        self.model, self.callbacks = model, callbacks.callbacks if many else callbacks
        self.path = path
        self.data = data

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        if isinstance(error, KeyboardInterrupt) and self.path is not False:
            self._interrupted()
        elif isinstance(error, diverging.Diverged):
            self._diverged(error)
        elif isinstance(error, tf.errors.InvalidArgumentError):
            for data in self.data:
                if isinstance(data, Streamed):
                    data.refuse()

    def _of(self, kind):
        """The first callback of a class, or None."""
        return next((item for item in self.callbacks if isinstance(item, kind)), None)

    def _best(self):
        """The best weights, or None; the optimizer has its own learning rate again."""
        decay, stopping = self._of(LinearDecay), self._of(keras.callbacks.EarlyStopping)
        if decay is not None:
            decay.restore()
        return None if stopping is None else stopping.best_weights

    def _interrupted(self):
        best, watch = self._best(), self._of(diverging.FiniteOnly)
        path = self.path or f"{self.model.recipe or self.model.name}-interrupted.keras"
        if best is not None:
            self.model.set_weights(best)
        if not replicas.is_chief(self.model.distribute_strategy):
            return
        if best is None and os.path.exists(path) and not (watch and watch.finished):
            tell(f"\nInterrupted before an epoch ended. {os.path.abspath(path)} is as it was")
            return
        self.model.save(path)
        which = "The weights so far are" if best is None else "The best weights so far are"
        tell(f"\nInterrupted. {which} in {os.path.abspath(path)}")

    def _diverged(self, error):
        model, best, watch = self.model, self._best(), self._of(diverging.FiniteOnly)
        if best is not None:
            weights, kept = best, "the weights of its best epoch"
        elif watch.finished:
            weights, kept = watch.good, "the weights of its last whole epoch"
        else:
            weights, kept = watch.good, "the weights it began with"
        model.set_weights(weights)
        full = diverging.explained(error, model, self.data[0], kept)
        diverging.mend(model.optimizer)
        restart_averages(model.optimizer, model.trainable_variables)
        raise full from None


def tell(text):
    """Says something to the person beside the output of a program."""
    print(text, file=sys.stderr, flush=True)
