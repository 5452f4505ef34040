"""Searching a recipe's options with keras-tuner.

    result = recipe.tune(data, max_trials=20)
    result.table()
    model = result.best_model()

The search is kept in a folder, `tuning/<recipe>` by default: the same call resumes it, a larger
`max_trials` continues it. The search space is in `rnnkit.tuning.space`, its folder in
`rnnkit.tuning.folder`, the trials in `rnnkit.tuning.search`, the search in several processes in
`rnnkit.tuning.worker`.
"""

import copy
import os

import keras_tuner

from rnnkit.data.splits import Data
from rnnkit.metrics import direction
from rnnkit.saving.base import Base
from rnnkit.training import several, stopping
from rnnkit.tuning import worker
from rnnkit.tuning.job import Job
from rnnkit.tuning.result import TuningResult
from rnnkit.tuning.search import Search
from rnnkit.utils.checks import integer, one_of
from rnnkit.utils.progress import asked

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
    folds=None,
    base=None,
):
    """Searches a recipe's space; trials train on `data.train`, judged on `data.validation`.

    With `folds` each trial is trained and judged several times, on other parts of `data.train` and
    `data.validation` together, and its objective is the mean. A validation part that you gave is
    divided like the rest. Features are adapted in each fold, to what trains there alone. Each
    training stops early by itself, and its value is that of its best epoch, so that means are a
    little too good, as they are without folds: `data.test`, which stays apart, tells the truth.
    All trials are judged by the same folds, all of them with the same `seed`. When the trials are
    done, a model with the best options is trained on `data.train` with `data.validation`; before
    that there is no `best.keras`.

    The first trial has the options that `recipe.train` has by default for the data, as far as the
    space has them, and so have all trials what is not varied: also those of a small data set (see
    `rnnkit.Recipe.small`).

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
        objective: What to optimise, such as `"val_accuracy"`, or, for a metric of one's own, a
            `keras_tuner.Objective`, which says whether less or more is better; by default what
            the recipe stops early on.
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
        folds: How often each trial is trained and judged, 2 or more. Series are by rolling origins:
            trained up to each, judged by as many rows after it as `data.validation` has, the later
            ones with more to train, the last as the data is split. Texts without targets are in
            pieces in a row. Other examples are in folds of equal size, each of which validates
            once while the others train; copies of an input, rows of a `group` (or of a value of the
            column `fold`) stay together, and classes have the same fraction in each. None judges
            by `data.validation` alone.
        base: Path of a saved model, or a model, that the model of each trial starts from, as in
            `rnnkit.Recipe.model`: what does not fit its options starts anew, so fix those of the
            base with `options`. With workers a path.

    Returns:
        A `TuningResult`.

    Raises:
        ValueError: If an argument is wrong, the data cannot be divided in `folds` (too few
            examples, groups or rows; examples that come in another order each time), or the folder
            cannot be written, is held by a search that another process runs, or holds another
            search: other data, space, tuner, objective, recipe, folds or fixed settings.
        RuntimeError: If all trials fail (the first exception is chained), a worker ends early, or
            after a search by folds the best options cannot be trained on all.
        KeyboardInterrupt: When interrupted; finished trials and `best.keras` are kept.

    Example:

    >>> recipe = recipes.get("sentiment")
    >>> result = recipe.tune(recipe.data(), max_trials=30, options={"cell": "gru"})
    >>> result.best_options()
    {'cell': 'gru', 'units': 64, ...}
    >>> result.best_model().save("sentiment.keras")
    """
    if os.environ.get(worker.CHILD):
        raise RuntimeError(
            "tune was called while a worker read the recipe's file: move the call under "
            "`if __name__ == '__main__':`, or the recipe to a file of its own"
        )
    one_of(tuner, "tuner", TUNERS)
    integer(max_trials, "max_trials")
    integer(executions_per_trial, "executions_per_trial")
    for name, value, least in (("epochs", epochs, 1), ("batch_size", batch_size, 1),
                               ("seed", seed, 0)):  # fmt: skip
        if value is not None:
            integer(value, name, least)
    if folds is not None:
        integer(folds, "folds", least=2)
    integer(workers, "workers", least=0)
    if workers == 1:
        raise ValueError("workers must be 0 for none, or 2 or more. Received: workers=1")
    if not isinstance(data, Data):
        raise ValueError(f"data must be what recipe.data gave. Received: {type(data).__name__}")
    job = Job(
        recipe,
        data,
        tuner,
        max_trials,
        _objective(objective, recipe, data.info.get("target_types", ())),
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        executions=executions_per_trial,
        options=_options(options),
        directory=os.fspath(directory or os.path.join("tuning", recipe.name)),
        callbacks=_callbacks(callbacks),
        verbose=int(verbose),
        folds=folds,
        base=None if base is None else Base.of(base),
    )
    role = _role(workers)
    spec = worker.describe(job, data_arguments) if workers else None
    job.space.default_options()  # all branches of the space are looked at and checked
    with asked(int(verbose)):
        _run(job, role, workers, spec, overwrite)
    return TuningResult(job)


def _run(job, role, workers, spec, overwrite):
    """Begins the search, or goes on with it."""
    folder = job.folder
    job.report_small()
    if job.folds:
        job.divide()
    new = role == "worker" or not os.path.exists(folder.path("search.json")) or overwrite
    if new:
        job.check()
    if role == "worker":  # of a chief elsewhere, which holds the folder for all of them
        _search(job, role)
    else:
        with folder.held():
            if not folder.begin(job.settings(), overwrite):
                job.report_resumed()
            _search(job, role, workers, spec)


def _search(job, role, workers=0, spec=None):
    """Runs the trials that are missing; leaves the best model in `best.keras`."""
    folder, error, saved = job.folder, None, None
    if workers:
        worker.run(job, workers, spec)
    else:
        search = Search(job, role)
        if role == "chief" and job.verbose:
            print("This process is the chief of the search: it waits for workers", flush=True)
        search.search()
        error, saved = search.first_error, search.saved
    ranked, rows = folder.ranked(), folder.rows()
    if rows and not ranked:
        raise RuntimeError(
            f"All {len(rows)} trials failed, the first with {rows[0]['error']}. Once that is "
            "mended, pass overwrite=True"
        ) from error
    if ranked and role != "worker" and saved != ranked[0]["trial"]:
        job.save_best()


def _objective(objective, recipe, targets=()):
    if isinstance(objective, keras_tuner.Objective):
        return objective
    if objective is None:
        settings = several.watched("targets" if targets else None, recipe.training)
        return keras_tuner.Objective(*stopping.monitored(settings))
    if not isinstance(objective, str):
        raise ValueError(
            "objective must be the name of a value such as 'val_loss', or a "
            f"keras_tuner.Objective. Received: objective={objective!r}"
        )
    return keras_tuner.Objective(objective, direction(objective, targets))


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
