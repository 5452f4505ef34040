"""One training of a trial: its epochs, and the weights that are kept of it."""

import copy
import math
import os

import keras
import keras_tuner

from rnnkit.training.diverging import Diverged
from rnnkit.utils.checks import nearest
from rnnkit.utils.progress import Progress
from rnnkit.utils.writing import atomically


class KeepBest(keras.callbacks.Callback):
    """Keeps the weights of the best epoch in a file.

    Args:
        objective: `keras_tuner.Objective`.
        path: Path that ends in `.weights.h5`, or None, which keeps the value alone.
    """

    def __init__(self, objective, path=None):
        super().__init__()
        self.objective = objective
        self.path = path
        self.best = None  # over all executions of a trial
        self.value = None  # in this execution
        self.epochs = 0

    def on_train_begin(self, logs=None):
        self.value = None

    def on_epoch_end(self, epoch, logs=None):
        self.epochs = max(self.epochs, epoch + 1)
        self.offer(self.model, (logs or {}).get(self.objective.name))

    def offer(self, model, value):
        """Keeps the weights if a value is the best so far."""
        if value is None or not math.isfinite(value):
            return
        if self.value is None or self.objective.better_than(value, self.value):
            self.value = float(value)
        if self.best is None or self.objective.better_than(value, self.best):
            self.best = float(value)
            if self.path is not None:
                with atomically(self.path) as temporary:
                    model.save_weights(temporary)


def fit(job, model, data, keeper, place, apart=False, **settings):
    """Trains a model of a search.

    Args:
        job: `rnnkit.tuning.job.Job`.
        model: The model.
        data: The encoded pair `(train, validation)`.
        keeper: The `KeepBest`, in whose `value` the best value of the objective is then.
        place: Names of the folders in which TensorBoard writes.
        apart: Whether a model that learns from validation data too is not given it, so that it is
            judged by what it never saw.
        **settings: `epochs`, `batch_size` and `initial_epoch` as in `fit` of the model.

    Raises:
        Diverged: If the objective was a number in no epoch.
        FatalValueError: If the model does not report the objective.
    """
    name = job.objective.name
    train, validation = data
    apart = apart and model.learns_from_validation
    members = model.members  # each trained by itself: the whole is judged afterwards
    callbacks = copy.deepcopy(job.callbacks)
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.TensorBoard):
            callback.log_dir = os.path.join(callback.log_dir, *place)
    begun = settings.get("initial_epoch", 0)
    trial = Progress(f"Trial {int(place[0]) + 1}/{job.max_trials}", settings["epochs"] - begun)
    if not members:
        tell = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: trial.at(epoch + 1 - begun)
        )
        callbacks += [tell] if apart else [tell, keeper]
    try:
        with trial:
            history = model.fit(
                train,
                validation_data=None if apart else validation,
                callbacks=callbacks,
                verbose=2 if job.verbose > 1 else 0,
                interrupted_path=False,  # best.keras is kept instead
                **settings,
            ).history
    except Diverged:
        if keeper.value is None:
            raise
        return  # the epochs before count
    if apart:
        logs = model.evaluate(validation, verbose=0, return_dict=True)
        history = {**history, **{f"val_{key}": [value] for key, value in logs.items()}}
        keeper.value, keeper.epochs = None, 1
    if members:
        keeper.value = None
        keeper.epochs = max(keeper.epochs, *(len(each.history.epoch) for each in members))
    if name not in history:
        raise keras_tuner.errors.FatalValueError(unknown_objective(name, history))
    if keeper.value is None:  # also where a model calls no callbacks
        for value in history[name]:
            keeper.offer(model, value)
    if keeper.value is None:
        raise Diverged(f"{name} is {history[name][-1]} in every epoch")


def load_weights(model, path):
    """Loads weights and the optimizer's state."""
    model.build_optimizer()  # or its state would be left out
    model.load_weights(path)


def unknown_objective(name, known):
    """The message for an objective that training does not report."""
    known = [key for key in known if key.startswith("val_")]
    return (
        "objective must be a value that training reports on the validation data."
        f"{nearest(name, known)} Known: {', '.join(known)}. Received: objective={name!r}"
    )
