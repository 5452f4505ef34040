"""Searching a recipe's options with keras-tuner.

    result = recipe.tune(data, max_trials=20)
    result.table()
    model = result.best_model()

The search is kept in a folder, `tuning/<recipe>` by default: the same call resumes it, a larger
`max_trials` continues it. `rnnkit.tuning.job` has the search space and the folder,
`rnnkit.tuning.search` the trials, `rnnkit.tuning.worker` the search in several processes.
"""

import copy
import difflib
import os

import keras_tuner

from rnnkit.training import fitting
from rnnkit.tuning import job as tuning_job
from rnnkit.tuning import search as tuning_search
from rnnkit.tuning import worker as tuning_worker
from rnnkit.utils.pictures import draw
from rnnkit.utils.tables import ResultTable

TUNERS = ("hyperband", "random", "bayesian", "grid")


def tune(
    recipe,
    data,
    *,
    tuner="hyperband",
    max_trials=20,
    objective=None,
    epochs=None,
    batch_size=None,
    directory=None,
    seed=None,
    overwrite=False,
    executions_per_trial=1,
    callbacks=(),
    verbose=1,
    options=None,
    workers=0,
    data_arguments=None,
):
    """Searches a recipe's space; trials train on `data.train`, judged on `data.validation`.

    The data is encoded once for all trials that agree on the options of `recipe.features`. A trial
    that fails or whose objective is not a number is reported at once, kept in the table, and the
    search goes on; it ends if the first three all fail with the same exception.

    On several machines, run the same script on each with keras-tuner's environment variables and a
    shared folder: `KERASTUNER_TUNER_ID` (`chief` on one, `worker1`, ... on the others),
    `KERASTUNER_ORACLE_IP` and `KERASTUNER_ORACLE_PORT` (where the chief listens). The connection
    has no authentication: use a private network.

    Args:
        recipe: A `rnnkit.Recipe`. What its `search_space` returns is varied; `epochs` and
            `batch_size` may be among it.
        data: What `recipe.data` gave.
        tuner: `"hyperband"` (many short trials, the best trained on; it sets the epochs of a
            trial itself, up to `epochs`), `"random"`, `"bayesian"` or `"grid"`.
        max_trials: Trials in all, those of earlier calls included.
        objective: What to optimise, such as `"val_accuracy"`, or a `keras_tuner.Objective`; by
            default what the recipe stops early on.
        epochs: Passes over the data at most; by default the recipe's.
        batch_size: Examples in a step; by default the recipe's.
        directory: Folder of the search, by default `tuning/<recipe>` in the current folder. It
            holds the weights of every trial, and the best model so far in `best.keras`.
        seed: Integer that fixes the search and, where the recipe has an option `seed`, the models.
        overwrite: Whether to forget the search in the folder and start anew.
        executions_per_trial: Times each trial is trained. Its objective is the mean; its model is
            that of the best one.
        callbacks: Keras callbacks, copied for every trial.
        verbose: 0 prints nothing, 1 a line a trial, 2 also Keras' line an epoch.
        options: Dict of options of the recipe that are fixed, such as `{"cell": "gru"}`; they
            take precedence over the search space.
        workers: Processes on this machine that run trials at the same time, 2 or more; 0 for this
            process alone. They load the data themselves, so it must be the embedded sample, own
            files or a TFDS name. On a GPU, set `TF_FORCE_GPU_ALLOW_GROWTH=true` before the start.
        data_arguments: With workers, the arguments beside the source that `recipe.data` was given
            (`name`, `input`, `target`, `encoding`).

    Returns:
        A `TuningResult`.

    Raises:
        ValueError: If an argument is wrong, or the folder cannot be written or holds another
            search: other data, space, tuner, objective, recipe or fixed settings.
        RuntimeError: If all trials fail (the first exception is chained), or a worker ends early.
        KeyboardInterrupt: When interrupted; finished trials and `best.keras` are kept.

    Example:

    >>> recipe = recipes.get("sentiment")
    >>> result = recipe.tune(recipe.data(), max_trials=30, options={"cell": "gru"})
    >>> result.best_options()
    {'cell': 'gru', 'units': 64, ...}
    >>> result.best_model().save("sentiment.keras")
    """
    if os.environ.get(tuning_worker.CHILD):
        raise RuntimeError(
            "tune was called while a worker read the recipe's file: move the call under "
            "`if __name__ == '__main__':`, or the recipe to a file of its own"
        )
    if tuner not in TUNERS:
        close = difflib.get_close_matches(str(tuner), TUNERS, n=1, cutoff=0.5)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"tuner must be one of {', '.join(TUNERS)}.{hint} Received: tuner={tuner!r}"
        )
    _check_integer("max_trials", max_trials, 1)
    _check_integer("executions_per_trial", executions_per_trial, 1)
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if value is not None:
            _check_integer(name, value, 1)
    if seed is not None:
        _check_integer("seed", seed, 0)
    _check_integer("workers", workers, 0)
    if workers == 1:
        raise ValueError("workers must be 0 for none, or 2 or more. Received: workers=1")
    if not hasattr(data, "train") or not hasattr(data, "validation"):
        raise ValueError(f"data must be what recipe.data gave. Received: {type(data).__name__}")
    job = tuning_job.Job(
        recipe,
        data,
        tuner,
        max_trials,
        _objective(objective, recipe),
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        executions=executions_per_trial,
        options=_options(options),
        directory=os.fspath(directory or os.path.join("tuning", recipe.name)),
        callbacks=_callbacks(callbacks),
        verbose=int(verbose),
    )
    role = _role(workers)
    spec = tuning_worker.describe(job, data_arguments) if workers else None
    job.at_defaults()  # all branches of the space are drawn and checked
    new = role == "worker" or not os.path.exists(job.path("search.json")) or overwrite
    if new:
        job.check()
    if role != "worker":
        if not job.begin(overwrite):
            job.tell_resumed()
    error = saved = None
    if workers:
        tuning_worker.run(job, workers, spec)
    else:
        search = tuning_search.Search(job, role)
        if role == "chief" and job.verbose:
            print("This process is the chief of the search: it waits for workers", flush=True)
        search.search()
        error, saved = search.first_error, search.saved
    ranked, rows = job.ranked(), job.rows()
    if rows and not ranked:
        raise RuntimeError(
            f"All {len(rows)} trials failed, the first with {rows[0]['error']}. Once that is "
            "mended, pass overwrite=True"
        ) from error
    if ranked and role != "worker" and saved != ranked[0]["trial"]:
        job.save_best()
    return TuningResult(job)


def _check_integer(name, value, least):
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be an integer >= {least}. Received: {name}={value!r}")


def _objective(objective, recipe):
    if isinstance(objective, keras_tuner.Objective):
        return objective
    if objective is None:
        objective = recipe.training.get("monitor", "val_loss")
    if not isinstance(objective, str):
        raise ValueError(
            "objective must be the name of a value such as 'val_loss', or a "
            f"keras_tuner.Objective. Received: objective={objective!r}"
        )
    return keras_tuner.Objective(objective, fitting.direction(objective))


def _options(options):
    if options is not None and not isinstance(options, dict):
        raise ValueError(f"options must be a dict. Received: options={options!r}")
    return dict(options or {})


def _callbacks(callbacks):
    callbacks = list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
    try:
        copy.deepcopy(callbacks)
    except Exception as error:
        raise ValueError(
            f"callbacks must be such that copy.deepcopy copies them, as each trial gets its own. "
            f"Received: callbacks={callbacks} ({error})"
        ) from error
    return callbacks


def _role(workers):
    """Part of this process in a search that the user spread over several: None if in none."""
    if "KERASTUNER_ORACLE_IP" not in os.environ:
        return None
    for name in ("KERASTUNER_ORACLE_PORT", "KERASTUNER_TUNER_ID"):
        if name not in os.environ:
            raise ValueError(
                f"The environment variable {name} must be set where KERASTUNER_ORACLE_IP is. "
                f"Received: KERASTUNER_ORACLE_IP={os.environ['KERASTUNER_ORACLE_IP']}"
            )
    if workers:
        raise ValueError(
            "Pass workers, or set KERASTUNER_ORACLE_IP for machines of your own. Received: both, "
            f"workers={workers}"
        )
    return "chief" if "chief" in os.environ["KERASTUNER_TUNER_ID"] else "worker"


class TuningResult:
    """What a search found.

    Attributes:
        directory: Folder of the search.
        objective: Name of what was optimised.
        direction: `"min"` or `"max"`.
    """

    def __init__(self, job):
        self._job = job
        self.directory = job.directory
        self.objective = job.objective.name
        self.direction = job.objective.direction

    def _best(self):
        ranked = self._job.ranked()
        if not ranked:
            raise ValueError(f"No trial in {self.directory} is completed yet")
        return ranked[0]

    def best_model(self):
        """The trained model of the best trial, with the weights of its best epoch.

        Returns:
            A `rnnkit.models.Model` with its features, ready to infer, to save or to train on.
        """
        return self._job.restore(self._best())

    def best_options(self):
        """The options of the best trial, as keyword arguments of `recipe.train`."""
        return self._job.options_of(self._best())

    def table(self):
        """All trials, best first, as a `TrialTable`: failed ones come last."""
        ranked = self._job.ranked()
        rows = ranked + [row for row in self._job.rows() if row["status"] != "completed"]
        keys = ("trial", "options", "objective", "epochs", "seconds", "status", "error")
        table = TrialTable(
            {"rank": rank if rank <= len(ranked) else None} | {key: row[key] for key in keys}
            for rank, row in enumerate(rows, start=1)
        )
        table.objective = self.objective
        table.fixed = {*self._job.fixed, "seed"}
        return table

    def plot(self, ax=None):
        """The objective of each trial and the best so far; see `rnnkit.plots.tuning`."""
        return draw("tuning", self, ax=ax)

    def __repr__(self):
        counts = tuning_job.brief(self._job.rows())
        ranked = self._job.ranked()
        best = f", best {self.objective} {ranked[0]['objective']:.5g}" if ranked else ""
        return f"<TuningResult {self.directory}: {counts}{best}>"


class TrialTable(ResultTable):
    """Trials (a list of dicts `rank`, `trial`, `options`, `objective`, `epochs`, `seconds`,
    `status`, `error`) that shows as a table: as text, with rich, and as HTML in a notebook.

    Shown are the options that were searched; the dicts have all.
    """

    objective = "objective"
    fixed = frozenset()

    @property
    def COLUMNS(self):
        names = ("rank", "trial", self.objective, "epochs", "seconds", "options")
        return (*names, "error") if any(row["error"] for row in self) else names

    def _rows(self):
        for row in self:
            options = {k: v for k, v in row["options"].items() if k not in self.fixed}
            value = row["objective"]
            cells = (
                "" if row["rank"] is None else str(row["rank"]),
                str(row["trial"]),
                row["status"] if value is None else f"{value:.5g}",
                str(row["epochs"]),
                f"{row['seconds']:.1f}",
                tuning_job.show(options),
                tuning_job.shorten(row["error"] or ""),
            )
            yield cells[: len(self.COLUMNS)]

    def __rich_console__(self, console, options):
        from rich.table import Table
        from rich.text import Text

        table = Table()
        for column in self.COLUMNS:
            text = column in ("options", "error")
            table.add_column(Text(column), justify="left" if text else "right", overflow="fold")
        for row in self._rows():
            table.add_row(*map(Text, row))  # an error's brackets are no markup
        yield table
