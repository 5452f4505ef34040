"""keras-tuner's oracles, which propose the trials, made safe to stop and to resume at any time.

keras-tuner writes its files in place, and after a restart neither repeats the trial that was cut
off nor finds its place in a grid. It offers no public way to change that, so some private parts
are overridden here (`_save_trial`, `_retry_queue`, `_random_values`, and of the grid `_compare`,
`_ordered_ids` and `_populate_next`): as they are in keras-tuner 1.4.8.
"""

import functools
import json
import os
import sys

import keras_tuner

from rnnkit.utils.writing import write_json


class _Durable:
    """Saves atomically, and after a restart repeats exactly the trials that did not end."""

    folder = None  # the `rnnkit.tuning.folder.Folder`

    def _random_values(self):
        """Values of a trial; the first one has the defaults, as that of a grid has by itself."""
        if self.trials:
            return super()._random_values()
        start = keras_tuner.HyperParameters()
        start.merge(self.hyperparameters)
        return dict(start.values)

    @keras_tuner.synchronized
    def end_trial(self, trial):
        super().end_trial(trial)
        self.save()  # now without this trial among the running ones

    def save(self):
        write_json(self.folder.path("oracle.json"), self.get_state())

    def _save_trial(self, trial):
        folder = self.folder.path(f"trial_{trial.trial_id}")
        os.makedirs(folder, exist_ok=True)
        write_json(os.path.join(folder, "trial.json"), trial.get_state())

    def reload(self):
        super().reload()
        again = []
        for name, trial in self.trials.items():
            if trial.status in ("COMPLETED", "FAILED"):
                continue
            trial.metrics = type(trial.metrics)()
            # What counts is the record: it may be all that was written before a sudden end.
            record = self.folder.path(f"trial_{name}", "record.json")
            if not os.path.exists(record):
                again.append(name)
                continue
            with open(record, encoding="utf-8") as file:
                row = json.load(file)
            trial.status, trial.message = row["status"].upper(), row["error"]
            if row["error"] is None:
                trial.metrics.register(self.objective.name, self.objective.direction)
                trial.metrics.update(self.objective.name, row["objective"])
                self.score_trial(trial)
            self.end_order.append(name)
            self._save_trial(trial)
        self._retry_queue = sorted(again, reverse=True)  # taken from its end


class _Random(_Durable, keras_tuner.oracles.RandomSearchOracle):
    pass


class _Bayesian(_Durable, keras_tuner.oracles.BayesianOptimizationOracle):
    pass


class _Hyperband(_Durable, keras_tuner.oracles.HyperbandOracle):
    pass


class _Grid(_Durable, keras_tuner.oracles.GridSearchOracle):
    def reload(self):
        super().reload()
        # keras-tuner does not store how far it came in the grid.
        values = {name: trial.hyperparameters.values for name, trial in self.trials.items()}
        compare = functools.cmp_to_key(lambda a, b: self._compare(values[a], values[b]))
        self._ordered_ids = type(self._ordered_ids)()
        for name in sorted(values, key=compare):
            self._ordered_ids.insert(name)
        self._populate_next = sorted(values)


def make_oracle(job):
    """keras-tuner's oracle for a job."""
    common = {
        "objective": job.objective,
        "hyperparameters": job.space.hyperparameters.copy(),
        # keras-tuner takes 0 for "none given".
        "seed": None if job.seed is None else job.seed + 1,
        # Failures are judged here, see `Search`.
        "max_consecutive_failed_trials": sys.maxsize,
    }
    if job.tuner == "hyperband":
        oracle = _Hyperband(max_epochs=job.max_epochs, hyperband_iterations=None, **common)
        oracle.max_trials = job.max_trials  # brackets follow on each other until then
    else:
        found = {"random": _Random, "bayesian": _Bayesian, "grid": _Grid}[job.tuner]
        oracle = found(max_trials=job.max_trials, **common)
    oracle.verbose = 0
    oracle.folder = job.folder
    return oracle
