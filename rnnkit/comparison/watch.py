"""The callback of a comparison's trainings: their budget, their speed, their best weights."""

import math
import re
import statistics
import time

import keras

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600}
# The first steps of a training compile, allocate and fill the pipeline.
WARM_UP = 3


class Budget:
    """The limit of a training.

    Args:
        given: Updates of the weights, a whole number; or a time of training, such as `"90s"` or
            `"2m"`; or None for no limit.

    Attributes:
        updates, seconds: The limit, one of them None.
        progress: `rnnkit.utils.progress.Progress` of the training that is under way, or None.

    Raises:
        ValueError: For anything else, or what is not positive.
    """

    def __init__(self, given):
        self.updates = self.seconds = self.progress = None
        if given is None:
            return
        if isinstance(given, int) and not isinstance(given, bool) and given > 0:
            self.updates = given
            return
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h)\s*", str(given))
        seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
        if isinstance(given, str) and seconds > 0:
            self.seconds = seconds
            return
        raise ValueError(
            "budget must be a positive number of updates, such as 2000, or a time of training, "
            f"such as '90s' or '2m'. Received: budget={given!r}"
        )

    def tell(self, epoch, watch):
        """Tells how far the training is at the end of an epoch, counted from 0."""
        if self.progress is not None:
            used = watch.seconds if self.updates is None else watch.updates
            self.progress.at(epoch + 1 if self.updates is self.seconds is None else used)


class Watch(keras.callbacks.Callback):
    """Stops a training at its budget, times its steps, and keeps the best weights.

    Time is that of the steps alone: compilation, validation and the first steps are left out.

    Args:
        budget: A `Budget`.
        judge: Function of the model and the logs of an epoch to its score; None takes `monitor`
            from the logs.
        monitor: Name of a log.
        direction: `"min"` or `"max"`: which scores are better.
        enough: Function of a score: whether training may end; None goes on.
        keep: Whether the best weights are set at the end.

    Attributes:
        updates, seconds: Those of the training so far.
        best: The best score, None before the first.
        best_seconds, best_updates: Those of the training until the best score.
        diverged: Whether the loss became NaN or infinite.
    """

    def __init__(
        self, budget, *, judge=None, monitor=None, direction="min", enough=None, keep=True
    ):
        super().__init__()
        self.budget = budget
        self.judge = judge or (lambda model, logs: logs.get(monitor))
        self.sign = 1 if direction == "min" else -1
        self.enough = enough
        self.keep = keep
        self.updates, self.seconds, self.durations = 0, 0.0, []
        self.best = self.best_seconds = self.best_updates = self.weights = None
        self.diverged = False
        self._last = None

    @property
    def milliseconds(self):
        """Median time of a step in milliseconds, None where there were too few."""
        durations = self.durations[WARM_UP:] or self.durations
        return 1e3 * statistics.median(durations) if durations else None

    def on_train_begin(self, logs=None):
        self._begun = time.perf_counter()

    def on_epoch_begin(self, epoch, logs=None):
        self._last, self._done = None, 0  # validation lies between

    def on_train_batch_end(self, batch, logs=None):
        if "loss" in (logs or {}) and not math.isfinite(float(logs["loss"])):  # waits for a GPU too
            self.diverged = self.model.stop_training = True
        now, steps = time.perf_counter(), batch + 1 - self._done  # several with steps_per_execution
        if self._last is not None:
            self.durations.append((now - self._last) / steps)
            self.seconds += now - self._last
        elif self.updates:
            self.seconds += steps * self.milliseconds / 1e3 if self.durations else 0.0
        self._last, self._done, self.updates = now, batch + 1, self.updates + steps
        over = self.budget.updates is not None and self.updates >= self.budget.updates
        late = self.budget.seconds is not None and self.seconds >= self.budget.seconds
        if over or late:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        if not self.updates:  # solved in one pass, without steps
            self.seconds = time.perf_counter() - self._begun
        self.budget.tell(epoch, self)
        score = self.judge(self.model, logs or {})
        if score is None or not math.isfinite(score):
            return
        if self.best is None or self.sign * score < self.sign * self.best:
            self.best, self.best_seconds, self.best_updates = score, self.seconds, self.updates
            self.weights = self.model.get_weights() if self.keep else None
        if self.enough and self.enough(score):
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.weights is not None:
            self.model.set_weights(self.weights)
