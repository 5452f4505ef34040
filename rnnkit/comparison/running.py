"""Cells trained on one task and measured side by side.

    result = rnnkit.compare(["dense", "simple_rnn", "lstm", "gru"], "adding", lags=(10, 50))
    result.table()
    result.plot()

`rnnkit.comparison.subjects` has the tasks and recipes that cells are compared on,
`rnnkit.comparison.cells` the cells and their sizes, `rnnkit.comparison.watch` the budget,
`rnnkit.comparison.folder` the finished runs, `rnnkit.comparison.result` the result.
"""

import math
import os
import sys
import warnings

import keras

from rnnkit.comparison.cells import cells_of, fitting_units, parameters_of
from rnnkit.comparison.folder import Folder
from rnnkit.comparison.result import Comparison
from rnnkit.comparison.subjects import LAGS, UPDATES, OfRecipe, OfTask, find, is_task
from rnnkit.comparison.tasks.base import Task
from rnnkit.comparison.watch import Budget
from rnnkit.data.splits import Data
from rnnkit.utils import locks
from rnnkit.utils.checks import integer
from rnnkit.utils.messages import shorten
from rnnkit.utils.progress import Progress, asked

OWN = "own"


def compare(
    cells,
    task,
    data=None,
    *,
    budget=None,
    seeds=3,
    lags=None,
    parameters=None,
    options=None,
    epochs=None,
    batch_size=None,
    examples=None,
    directory=None,
    overwrite=False,
    verbose=1,
):
    """Trains cells on a memory task or a recipe, alike, and measures them.

    Every cell gets the units with which its model has the same number of parameters, the fixed
    ones of a reservoir included, and the same budget. A model is scored on test data with the
    weights that were best on validation data. In a recipe without memory a recurrent cell reads
    texts word by word and pictures row by row. The defaults for a small data set are those of
    `recipe.train` (`rnnkit.Recipe.small`), but for `ensemble`. A cell that the recipe cannot use
    (one without a state in a decoder, two directions where there is no such option) or that fails
    is a row with the reason; the others still run.

    Args:
        cells: List of names of cells (see `rnnkit.layers.cell_names`), `"bidirectional lstm"` and
            the like, or classes of Keras RNN cells. `"dense"` has no memory; `"esn"` is a fixed
            reservoir, whose readout is trained as the recipe does it.
        task: Name of a memory task (see `rnnkit.comparison.tasks`) or a recipe, the path
            of a recipe's file, or a `Task` or `Recipe`.
        data: Of a recipe: what `recipe.data` gave, or a source that it takes; by default the
            embedded sample. Memory tasks have their own.
        budget: What a run may use at most: updates of the weights, such as `2000`; or a time of
            training, such as `"90s"` or `"2m"`, without compilation and validation. By default
            3,000 updates of a memory task, and a recipe's own number of epochs. A memory task ends
            early once it is clearly solved, a recipe stops early as usual.
        seeds: How many (1, 2, ...), or a list of them. They fix weights and sampled data.
        lags: Of a memory task: list of lags, by default 10, 50, 100 and 200, or that of a `Task`.
        parameters: About how many the model of every cell has; by default as many as that of the
            default cell. `"own"` leaves every cell the default units.
        options: Dict of options of the recipe or task, the same for all cells. What only some of
            the cells have, such as `ridge`, is given to these, and a line says which do without;
            what none has is refused.
        epochs: Of a recipe: passes over the data at most.
        batch_size: Examples in a step; by default the recipe's or task's.
        examples: Of a recipe: only so many training examples, and a quarter to validate and test.
        directory: Folder of the finished runs, by default `comparison/<task>` in the current
            folder. The same call goes on where it was stopped; runs with other settings, lags,
            seeds or data stay beside them. One comparison at a time runs in a folder.
        overwrite: Whether finished runs are run again.
        verbose: 0 prints nothing, 1 a line a run.

    Returns:
        A `Comparison`: `table()`, `plot()`, `to_csv()`, `to_json()`, `records`.

    Raises:
        ValueError: If an argument is wrong, or another comparison runs in the folder.
        KeyboardInterrupt: When interrupted; finished runs are kept.

    Example:

    >>> result = rnnkit.compare(["simple_rnn", "lstm"], "delayed_recall", lags=[5], budget=300)
    >>> result.records[1]["cell"]
    'lstm'
    """
    # === Arguments ===
    cells = cells_of(cells)
    Budget(budget)
    seeds = _seeds(seeds)
    for name, value in (
        ("epochs", epochs), ("batch_size", batch_size), ("examples", examples),
    ):  # fmt: skip
        if value is not None:
            integer(value, name)
    if parameters not in (None, OWN) and (type(parameters) is not int or parameters < 1):
        raise ValueError(
            f"parameters must be a positive integer or 'own'. Received: parameters={parameters!r}"
        )
    if options is not None and not isinstance(options, dict):
        raise ValueError(f"options must be a dict. Received: options={options!r}")
    options = dict(options or {})
    for name in ("cell", "bidirectional", "seed"):
        if name in options:
            raise ValueError(
                f"options must be without {name!r}, which the arguments cells and seeds say. "
                f"Received: options={options!r}"
            )
    if "units" in options and parameters not in (None, OWN):
        raise ValueError(
            "Pass parameters or options={'units': ...}. Received: both, "
            f"parameters={parameters}, options={options!r}"
        )
    found = find(task)
    subjects = _subjects(found, data, lags, options, epochs, batch_size, examples)
    first = subjects[0]
    if not isinstance(first, OfTask) and budget is not None and epochs is not None:
        raise ValueError(f"Pass budget or epochs. Received: budget={budget!r}, epochs={epochs}")

    _tell_ignored(first, cells, verbose)
    if verbose and isinstance(first, OfRecipe) and first.in_words():
        print(first.in_words())
    if isinstance(first, OfTask) and budget is None:
        budget = UPDATES

    # === Runs ===
    folder = Folder(directory or os.path.join("comparison", first.name))
    job = _Job(subjects, cells, seeds, Budget(budget), parameters, folder, int(verbose))
    with locks.held(folder.path, "comparison"), asked(int(verbose)):
        runs = job.run(overwrite)
    about = {
        "task": first.name,
        "score": first.score_name,
        "direction": first.direction,
        "threshold": first.threshold,
        "baselines": {
            str(each.lag): each.recipe.baseline for each in subjects if isinstance(each, OfTask)
        },
        "budget": budget,
        "parameters": OWN if parameters == OWN or "units" in options else job.wanted,
        "seeds": seeds,
        "directory": folder.path,
    }
    return Comparison(about, runs)


def _tell_ignored(subject, cells, verbose):
    """Says which of the options some cells do not have; refuses one that none has."""
    if isinstance(subject, OfTask):  # whose options are of all cells
        return
    ignored = {cell.name: subject.ignored_by(cell) for cell in cells}
    for option, value in subject.options.items():
        without = [name for name, options in ignored.items() if option in options]
        if len(without) == len(cells):
            raise ValueError(
                f"options has {option!r}, which none of the cells compared has: it would be "
                f"ignored. Leave it out, or compare a cell that has it. Received: "
                f"{option}={value!r} with cells={without}"
            )
        if without and verbose:
            others = ", ".join(name for name in ignored if name not in without)
            have = "have" if len(without) > 1 else "has"
            print(f"{option}={value!r} is for {others}: {', '.join(without)} {have} no such option")


def _seeds(seeds):
    if isinstance(seeds, int) and not isinstance(seeds, bool) and seeds > 0:
        return list(range(1, seeds + 1))
    whole = isinstance(seeds, (list, tuple, range)) and all(
        isinstance(each, int) and not isinstance(each, bool) and each >= 0 for each in seeds
    )
    if not whole or not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(
            "seeds must be how many, at least 1, or a list of different integers >= 0. "
            f"Received: seeds={seeds!r}"
        )
    return list(seeds)


def _subjects(found, data, lags, options, epochs, batch_size, examples):
    """A list of subjects, one a lag."""
    if not is_task(found):
        if lags is not None:
            raise ValueError(
                f"lags must be left out for the recipe {found.name!r}: memory tasks have them. "
                f"Received: lags={lags!r}"
            )
        if not isinstance(data, Data):
            data = found.data(data)
        return [
            OfRecipe(found, data, options, epochs=epochs, batch_size=batch_size, examples=examples)
        ]
    for name, value in (("data", data), ("epochs", epochs), ("examples", examples)):
        if value is not None:
            raise ValueError(
                f"{name} must be left out for the memory task {found.name!r}, which samples new "
                f"examples for every update: say with budget how many. Received: {name}={value!r}"
            )
    if lags is None:
        lags = [found.lag] if isinstance(found, Task) else LAGS
    lags = [lags] if isinstance(lags, int) else lags
    if not isinstance(lags, (list, tuple, range)) or not lags or len(set(lags)) < len(lags):
        raise ValueError(
            f"lags must be a list of at least one lag, all different. Received: lags={lags!r}"
        )
    kind = type(found) if isinstance(found, Task) else found
    return [OfTask(kind(lag), options, batch_size) for lag in sorted(lags)]


class _Job:
    """The runs of a comparison, in order of lag, cell and seed."""

    def __init__(self, subjects, cells, seeds, budget, parameters, folder, verbose):
        self.subjects, self.cells, self.seeds = subjects, cells, seeds
        self.budget, self.folder, self.verbose = budget, folder, verbose
        self.wanted = parameters
        self.total = len(subjects) * len(cells) * len(seeds)
        self.done = 0
        self.units = {}

    def run(self, overwrite):
        """Does all runs that are not finished; returns a list of dicts, one a run."""
        results = []
        try:
            for subject in self.subjects:
                for cell in self.cells:
                    results += self._of_cell(subject, cell, overwrite)
        except KeyboardInterrupt:
            print(
                f"\nInterrupted. {self.done} of {self.total} runs are in "
                f"{os.path.abspath(self.folder.path)}; the same call goes on from there.",
                file=sys.stderr,
                flush=True,
            )
            raise
        return results

    def _of_cell(self, subject, cell, overwrite):
        """The runs of a cell on a subject, over the seeds."""
        head = {"cell": cell.name, "lag": subject.lag}
        try:
            options = self._options(subject, cell)
        except Exception as error:
            result = {**head, "seed": None, "status": "incompatible", "reason": _reason(error)}
            self.done += len(self.seeds)
            self._tell(result)
            return [result]
        results = []
        for seed in self.seeds:
            settings = {
                "subject": subject.name, "cell": cell.name, "lag": subject.lag, "seed": seed,
                "units": options.get("units"),
                "budget": [self.budget.updates, self.budget.seconds],
                "precision": keras.config.dtype_policy().name,
                **subject.fingerprint(),
            }  # fmt: skip
            if overwrite:
                self.folder.forget(settings)
            result = self.folder.find(settings)
            if result is None:
                result = {**head, "seed": seed, **self._one(subject, cell, seed, options)}
                if result["status"] != "failed":  # what failed may be mended by another call
                    self.folder.store(settings, result)
            results.append(result)
            self.done += 1
            self._tell(result)
        return results

    def _options(self, subject, cell):
        """The options of a cell's models on a subject: cell, direction and units.

        Raises:
            Exception: What keeps the cell from being used there.
        """
        known, options = subject.recipe.options(), {}
        in_order = "cell" not in known and cell.name != subject.recipe.cell
        if in_order and subject.recipe.pattern != "one_to_one":
            raise ValueError(
                f"the recipe {subject.name!r} takes no cell but its own, {subject.recipe.cell!r}"
            )
        if in_order:  # a network without memory reads all steps at once
            known = {**known, "cell": None, "units": None, "bidirectional": False}
        if "cell" in known:
            options["cell"] = cell.cell
        if "bidirectional" in known:
            options["bidirectional"] = cell.bidirectional
        elif cell.bidirectional:
            raise ValueError(
                f"the recipe {subject.name!r} has no option 'bidirectional': it reads one way"
            )
        default = known.get("units")
        sized = "units" in known and (default is None or isinstance(default, int))
        if not sized or self.wanted == OWN or "units" in subject.options:
            subject.model(seed=1, **options)  # raises what does not go together
            return options
        if self.wanted is None:
            self.wanted = parameters_of(subject.model(seed=1))

        def count(units):
            return parameters_of(subject.model(**options, units=units, seed=1))

        # In most tasks the model does not depend on the lag.
        key = (cell.name, subject.columns)
        if key not in self.units:
            self.units[key], found = fitting_units(count, self.wanted)
            if found > 1.1 * self.wanted:
                warnings.warn(
                    f"The nearest that {cell.name} comes to parameters={self.wanted:,} on "
                    f"{subject.name} is {found:,}, with units={self.units[key]}: the layers around "
                    "the cell take most of them.",
                    stacklevel=5,
                )
        return {**options, "units": self.units[key]}

    def _one(self, subject, cell, seed, options):
        """Trains and scores one model; returns what was measured as a dict."""
        head = f"{self.done + 1}/{self.total} {cell.name}, seed {seed}"
        most = self.budget.updates or self.budget.seconds or getattr(subject, "epochs", None)
        try:
            with Progress(head, most) as self.budget.progress:
                watch, score, parameters, solved = subject.run(self.budget, seed, **options)
        except Exception as error:
            return {"status": "failed", "reason": _reason(error)}
        result = {
            "status": "finished",
            "reason": None,
            "score": score,
            "solved": solved,
            "units": options.get("units"),
            "parameters": parameters,
            "milliseconds": watch.milliseconds,
            "updates": watch.updates,
            "seconds": watch.seconds,
            "best_updates": watch.best_updates,
            "best_seconds": watch.best_seconds,
            "validation": watch.best,
        }
        if score is None or not math.isfinite(score):
            result |= {"score": None, "solved": False if solved is not None else None}
            if watch.diverged:
                reason = f"the loss was no finite number after {watch.updates} updates"
                return result | {"status": "diverged", "reason": reason}
            reason = f"the {self.subjects[0].score_name} of the test data is no finite number"
            return result | {"status": "failed", "reason": reason}
        return result

    def _tell(self, result):
        if not self.verbose:
            return
        head = f"{self.done:{len(str(self.total))}d}/{self.total} {result['cell']}"
        head += "" if result["lag"] is None else f", lag {result['lag']}"
        head += "" if result["seed"] is None else f", seed {result['seed']}"
        if result["status"] != "finished":
            print(f"{head}: {result['status']}: {shorten(result['reason'])}", flush=True)
            return
        score = f"{self.subjects[0].score_name} {result['score']:.4g}"
        score += " (solved)" if result["solved"] else ""
        tail = f"{result['parameters']:,} parameters, {result['updates']:,} updates"
        print(f"{head}: {score}, {tail}, {result['seconds']:.1f} s", flush=True)


def _reason(error):
    text = shorten(str(error)) or type(error).__name__
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"
