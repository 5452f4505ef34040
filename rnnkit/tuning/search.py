"""The trials of a search: run so that it can be stopped at any time."""

import contextlib
import copy
import gc
import io
import math
import os
import time
import warnings

import keras
import keras_tuner
from keras_tuner.engine.base_tuner import BaseTuner

from rnnkit.training.diverging import Diverged
from rnnkit.tuning.job import load_weights, unknown_objective
from rnnkit.tuning.oracles import make_oracle
from rnnkit.utils.messages import shorten
from rnnkit.utils.signals import interrupts_after
from rnnkit.utils.writing import atomically, write_json

# So many first trials with one and the same exception end a search.
SAME_FAILURES = 3


class KeepBest(keras.callbacks.Callback):
    """Keeps the weights of the best epoch in a file.

    Args:
        objective: `keras_tuner.Objective`.
        path: Path that ends in `.weights.h5`.
    """

    def __init__(self, objective, path):
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
            with atomically(self.path) as temporary:
                model.save_weights(temporary)


class Search(BaseTuner):
    """A keras-tuner tuner that runs the trials of a `Job`.

    Args:
        job: `rnnkit.tuning.job.Job`.
        role: None, `"chief"` or `"worker"`.
    """

    def __init__(self, job, role=None):
        self.job = job
        self.role = role
        self.first_error = None
        self.failures = []
        self.saved = None  # trial number of the model this process left in best.keras
        self.running = None  # the trial and its KeepBest
        name = os.environ.get("KERASTUNER_TUNER_ID", "tuner0")
        if role != "worker":
            # keras-tuner resumes where it finds a file by its own name, whatever process wrote
            # the trials.
            state = job.folder.path(f"{name}.json")
            if os.path.exists(job.folder.path("oracle.json")):
                write_json(state, {})
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(state)
        folder, project = os.path.split(os.path.abspath(job.directory))
        with contextlib.redirect_stdout(io.StringIO()):  # "Reloading Tuner from"
            super().__init__(make_oracle(job), directory=folder, project_name=project)

    def search(self):
        """Runs trials until there are `max_trials`."""
        if self.role == "chief":
            super().search(verbose=0)
            return
        checked = self.role != "worker"
        try:
            while True:
                trial = self._next()
                if trial.status == "STOPPED":
                    break
                if trial.status == "IDLE":
                    time.sleep(0.2)
                    continue
                if not checked:  # by now the chief has written search.json
                    self.job.folder.compare(self.job.settings())
                    checked = True
                self._run(trial)
        except KeyboardInterrupt:
            self._interrupted()
            raise

    def _next(self):
        with warnings.catch_warnings():
            # Of the Gaussian process, on few points.
            warnings.filterwarnings("ignore", module="sklearn")
            return self.oracle.create_trial(self.tuner_id)

    def _run(self, trial):
        job, begun = self.job, time.perf_counter()
        row = {
            "trial": int(trial.trial_id) + 1,
            "id": trial.trial_id,
            "status": "completed",
            "objective": None,
            "epochs": 0,
            "error": None,
        }
        options = error = None
        try:
            options = job.space.options(trial.hyperparameters)
            row["objective"] = self.run_trial(trial, options)
        except keras_tuner.errors.FatalError:
            raise
        except Exception as problem:
            # A failed trial is a result; it is reported at once and kept.
            error = problem
            reason = str(problem).strip()[:2000]
            if not isinstance(problem, Diverged):
                reason = f"{type(problem).__name__}: {reason}"
            row |= {"status": "failed", "error": reason}
        if self.running is not None:
            row["epochs"] = self.running[1].epochs
            self.running = None
        row["options"] = options or {}
        row["values"] = dict(trial.hyperparameters.values)
        row["seconds"] = round(time.perf_counter() - begun, 3)
        with interrupts_after():
            self._keep(trial, row)
            gc.collect()  # or the models of past trials would stay in memory
        job.report(row)
        if error is not None:
            self._judge(error, row["error"])

    def _keep(self, trial, row):
        """Makes the result of a trial last, here and in keras-tuner's files."""
        job = self.job
        job.folder.record(row)
        if row["error"] is None:
            if job.folder.ranked()[0]["trial"] == row["trial"]:
                self.saved = job.save_best()
            self.oracle.update_trial(trial.trial_id, {job.objective.name: row["objective"]})
            trial.status = "COMPLETED"
        else:
            trial.status, trial.message = "FAILED", row["error"]
        self.on_trial_end(trial)

    def _judge(self, error, text):
        """Ends a search whose trials all fail for one reason."""
        if self.first_error is None:
            self.first_error = error.with_traceback(None)
        self.failures.append(None if isinstance(error, Diverged) else text)
        first = self.failures[:SAME_FAILURES]
        same = len(first) == SAME_FAILURES and first[0] is not None and len(set(first)) == 1
        if same and not self.job.folder.ranked():
            raise RuntimeError(
                f"The first {SAME_FAILURES} trials all failed with {shorten(text)}. Once that is "
                "mended, pass overwrite=True"
            ) from error

    def run_trial(self, trial, options):
        """Trains and judges one set of options; returns the objective's value.

        With several executions it is the mean of their best values, and the weights kept are
        those of the best execution.
        """
        job, name, values = self.job, self.job.objective.name, []
        hp = trial.hyperparameters.values
        keeper = KeepBest(job.objective, job.folder.weights_of(trial.trial_id))
        self.running = (trial, keeper)
        for execution in range(job.executions):
            model = job.network(options, execution)
            train, validation = job.encoded(model, options)
            settings = {"epochs": options.get("epochs", job.max_epochs)}
            if "tuner/epochs" in hp:  # how many Hyperband gives this trial
                settings["epochs"] = hp["tuner/epochs"]
                if hp.get("tuner/trial_id"):
                    settings["initial_epoch"] = hp["tuner/initial_epoch"]
                    load_weights(model, job.folder.weights_of(hp["tuner/trial_id"]))
            callbacks = copy.deepcopy(job.callbacks)
            for callback in callbacks:
                if isinstance(callback, keras.callbacks.TensorBoard):
                    parts = (callback.log_dir, trial.trial_id, str(execution))
                    callback.log_dir = os.path.join(*parts)
            try:
                history = model.fit(
                    train,
                    validation_data=validation,
                    batch_size=options.get("batch_size"),
                    callbacks=[*callbacks, keeper],
                    verbose=2 if job.verbose > 1 else 0,
                    interrupted_path=False,  # best.keras is kept instead
                    **settings,
                ).history
            except Diverged:
                if keeper.value is None:
                    raise
                history = {name: [keeper.value]}  # the epochs before count
            if name not in history:
                raise keras_tuner.errors.FatalValueError(unknown_objective(name, history))
            if keeper.value is None:  # also where a model calls no callbacks
                for value in history[name]:
                    keeper.offer(model, value)
            if keeper.value is None:
                raise Diverged(f"{name} is {history[name][-1]} in every epoch")
            values.append(keeper.value)
            del model
        return sum(values) / len(values)

    def _interrupted(self):
        """Leaves the best model so far in best.keras, be it of the trial that was running."""
        job = self.job
        if self.running is not None and job.executions == 1:
            trial, keeper = self.running
            ranked = job.folder.ranked()
            best = ranked[0]["objective"] if ranked else None
            if keeper.best is not None and (
                best is None or job.objective.better_than(keeper.best, best)
            ):
                row = {"id": trial.trial_id, "values": trial.hyperparameters.values}
                job.restore(row).save(job.folder.path("best.keras"))
        job.report_interrupted()
