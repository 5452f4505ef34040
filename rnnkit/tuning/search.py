"""The trials of a search: run so that it can be stopped at any time."""

import contextlib
import gc
import io
import os
import statistics
import time
import warnings

import keras_tuner
from keras_tuner.engine.base_tuner import BaseTuner

from rnnkit.training.diverging import Diverged
from rnnkit.tuning.fitting import KeepBest, fit, load_weights
from rnnkit.tuning.oracles import make_oracle
from rnnkit.utils.messages import shorten
from rnnkit.utils.signals import interrupts_after
from rnnkit.utils.writing import write_json

# So many first trials with one and the same exception end a search.
SAME_FAILURES = 3


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
        self.fold = None  # which one the trial is in
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
        options = error = self.fold = None
        try:
            options = job.space.options(trial.hyperparameters)
            row |= judgement(self.run_trial(trial, options))
        except keras_tuner.errors.FatalError:
            raise
        except Exception as problem:
            # A failed trial is a result; it is reported at once and kept.
            error = problem
            reason = str(problem).strip()[:2000]
            if not isinstance(problem, Diverged):
                reason = f"{type(problem).__name__}: {reason}"
            if self.fold is not None:
                reason += f" (in fold {self.fold + 1} of {job.folds})"
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
            if not job.folds and job.folder.ranked()[0]["trial"] == row["trial"]:
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
        """Trains and judges one set of options; returns the objective's values.

        They are those of each fold, or the one of the data as it is split. With several executions
        each is the mean of their best values, and the weights kept are those of the best execution.
        """
        job = self.job
        if not job.folds:
            return [self._judged(trial, options)]
        values, epochs = [], 0
        for self.fold in range(job.folds):
            values.append(self._judged(trial, options, self.fold))
            keeper = self.running[1]
            keeper.epochs = epochs = max(epochs, keeper.epochs)
        self.fold = None
        return values

    def _judged(self, trial, options, fold=None):
        """The objective of a trial on the data as it is split, or on that of a fold."""
        job, values = self.job, []
        hp = trial.hyperparameters.values
        # The weights of folds are needed where Hyperband trains on.
        kept = fold is None or job.tuner == "hyperband"
        path = job.folder.weights_of(trial.trial_id, fold) if kept else None
        keeper = KeepBest(job.objective, path)
        self.running = (trial, keeper)
        for execution in range(job.executions):
            model = job.network(options, execution, fold)
            settings = {"epochs": options.get("epochs", job.max_epochs)}
            if "tuner/epochs" in hp:  # how many Hyperband gives this trial
                settings["epochs"] = hp["tuner/epochs"]
                if hp.get("tuner/trial_id"):
                    settings["initial_epoch"] = hp["tuner/initial_epoch"]
                    load_weights(model, job.folder.weights_of(hp["tuner/trial_id"], fold))
            place = [trial.trial_id, *([] if fold is None else [f"fold{fold + 1}"]), str(execution)]
            data = job.encoded(model, options, fold)
            settings["batch_size"] = options.get("batch_size")
            fit(job, model, data, keeper, place, apart=fold is not None, **settings)
            values.append(keeper.value)
            del model
        return sum(values) / len(values)

    def _interrupted(self):
        """Leaves the best model so far in best.keras, be it of the trial that was running."""
        job = self.job
        if self.running is not None and job.executions == 1 and not job.folds:
            trial, keeper = self.running
            ranked = job.folder.ranked()
            best = ranked[0]["objective"] if ranked else None
            if keeper.best is not None and (
                best is None or job.objective.better_than(keeper.best, best)
            ):
                row = {"id": trial.trial_id, "values": trial.hyperparameters.values}
                job.restore(row).save(job.folder.path("best.keras"))
        job.report_interrupted()


def judgement(values):
    """The objective of a trial for its record, of one value or of those of folds."""
    if len(values) == 1:
        return {"objective": values[0]}
    mean, spread = statistics.mean(values), statistics.stdev(values)
    return {"objective": mean, "std": spread, "folds": values}
