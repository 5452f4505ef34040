"""What a search of `rnnkit.tuning` consists of: its space, what its trials share, its folder.

A search's folder holds `search.json` (the settings it was begun with), keras-tuner's own
`oracle.json`, a folder `trial_*` for each trial (`record.json`: its result;
`checkpoint.weights.h5`: the weights of its best epoch) and `best.keras`, the best model so far.
Every file is written beside its place and moved there when complete, so that a search can be
stopped at any time.
"""

import dataclasses
import difflib
import functools
import glob
import hashlib
import inspect
import itertools
import json
import os
import shutil
import sys
from contextlib import suppress

import keras
import keras_tuner
import tensorflow as tf

from rnnkit.utils.writing import atomically

# Examples of each split that tell one set of data from another.
SAMPLE = 256
# Sets of options about features whose encoded data is kept in memory.
KEPT = 4
# What a search writes to its folder.
OWN_FILES = ("search.json", "oracle.json", "*.json", "*.log", "best.keras")
FOR_FIT = ("epochs", "batch_size")


@dataclasses.dataclass
class Job:
    """Everything a search consists of; the same in each of its processes.

    Attributes:
        recipe, data: The recipe and a `rnnkit.data.Data`.
        tuner: `"hyperband"`, `"random"`, `"bayesian"` or `"grid"`.
        max_trials, epochs, batch_size, seed, executions: As in `rnnkit.tuning.tune`.
        objective: `keras_tuner.Objective`.
        options: Fixed options of the recipe.
        directory: Folder of the search.
        callbacks, verbose: As in `rnnkit.tuning.tune`.
    """

    recipe: object
    data: object
    tuner: str
    max_trials: int
    objective: keras_tuner.Objective
    epochs: int | None = None
    batch_size: int | None = None
    seed: int | None = None
    executions: int = 1
    options: dict = dataclasses.field(default_factory=dict)
    directory: str = ""
    callbacks: list = dataclasses.field(default_factory=list)
    verbose: int = 1

    def __post_init__(self):
        self.max_epochs = self.epochs or self.recipe.training["epochs"]
        self.fixed = dict(self.options)
        for name in FOR_FIT:
            if getattr(self, name) is not None:
                self.fixed[name] = getattr(self, name)
        self.prepared = {}  # what trials share, the least recently used first

    # === Search space ===

    def draw(self, hyperparameters):
        """The options of a trial; those that are fixed replace what the space would give."""
        drawn = self.recipe.search_space(hyperparameters)
        if not isinstance(drawn, dict):
            raise ValueError(
                f"search_space of the recipe {self.recipe.name!r} must return a dict of options. "
                f"Received: {drawn!r}"
            )
        options = {**drawn, **self.fixed}
        self.recipe.check_options({key: options[key] for key in options if key not in FOR_FIT})
        for name in FOR_FIT:
            value = options.get(name, 1)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be a positive integer. Received: {name}={value!r}")
        if self.seed is not None and "seed" in self.recipe.options():
            options.setdefault("seed", self.seed)
        if self.tuner == "hyperband":
            options.pop("epochs", None)  # its business
        return options

    @functools.cached_property
    def space(self):
        """The `HyperParameters` of all branches of the search space."""
        names = {item.name for item in self._explore({}).space if not item.conditions}
        fixed = dict(self.fixed)
        if self.tuner == "hyperband":
            fixed["epochs"] = self.max_epochs
        plain = (str, int, float, bool)
        # Without this, trials would differ in a value that is then replaced by the fixed one.
        fixed = {k: v for k, v in fixed.items() if k in names and isinstance(v, plain)}
        space = self._explore(fixed)
        free = [item for item in space.space if type(item).__name__ != "Fixed"]
        if not free:
            raise ValueError(
                f"There is nothing to search: search_space of the recipe {self.recipe.name!r} "
                f"leaves no choice. Received: fixed options {self.fixed}"
            )
        return space

    def _explore(self, fixed):
        space = keras_tuner.HyperParameters()
        for name, value in fixed.items():
            space.Fixed(name, value)
        pending, tried = [[]], []
        while pending:
            # Nested conditions: a list of them is a branch of the space.
            hp = space.copy()
            for condition in pending.pop(0):
                hp.values[condition.name] = condition.values[0]
            for item in hp.space:
                if hp.is_active(item):
                    hp.values.setdefault(item.name, item.default)
                else:
                    hp.values.pop(item.name, None)
            self.draw(hp)
            space.merge(hp, overwrite=False)
            tried += hp.active_scopes
            for branch in hp.inactive_scopes:
                if branch not in tried:
                    tried.append(branch)
                    pending.append(branch)
        return space

    def at_defaults(self):
        """The options of the first of all points in the space."""
        hp = keras_tuner.HyperParameters()
        hp.merge(self.space)
        return self.draw(hp)

    # === What trials share ===

    def _shared(self, options):
        names = inspect.signature(self.recipe.features).parameters
        chosen = {name: options[name] for name in sorted(names) if name in options}
        key = json.dumps(chosen, default=repr)
        # Moved to the end: the first are dropped first.
        entry = self.prepared.pop(key, None) or {
            "features": self.recipe.adapt(self.data, **options)
        }
        self.prepared[key] = entry
        while len(self.prepared) > KEPT:
            del self.prepared[next(iter(self.prepared))]
        return entry

    def network(self, options, execution=0):
        """An untrained model; its features are adapted once for all trials that agree on them."""
        if execution and isinstance(options.get("seed"), int):
            options = {**options, "seed": options["seed"] + execution}
        features = self._shared(options)["features"]
        rest = {key: value for key, value in options.items() if key not in FOR_FIT}
        model = self.recipe.network(features, **rest)
        if "batch_size" in options:
            model.fit_defaults["batch_size"] = options["batch_size"]
        return model

    def encoded(self, model, options):
        """The encoded pair `(train, validation)`, made once as the features are."""
        entry = self._shared(options)
        if "data" not in entry:
            entry["data"] = (
                model.prepare(self.data.train),
                model.prepare(self.data.validation),
            )
        return entry["data"]

    # === Results ===

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def rows(self):
        """The records of all trials that ended, in the order of their numbers."""
        rows = []
        for name in glob.glob(os.path.join(glob.escape(self.directory), "trial_*", "record.json")):
            with suppress(FileNotFoundError), open(name, encoding="utf-8") as file:
                rows.append(json.load(file))
        return sorted(rows, key=lambda row: row["trial"])

    def ranked(self):
        """The completed ones among `rows`, best first."""
        sign = -1 if self.objective.direction == "max" else 1
        done = [row for row in self.rows() if row["status"] == "completed"]
        return sorted(done, key=lambda row: (sign * row["objective"], row["trial"]))

    def options_of(self, row):
        """The options of a trial as the recipe takes them."""
        hp = self.space.copy()
        hp.values = dict(row["values"])
        return self.draw(hp)

    def restore(self, row):
        """The trained model of a trial, with the weights of its best epoch."""
        options = self.options_of(row)
        model = self.network(options)
        load_weights(model, self.path(f"trial_{row['id']}", "checkpoint.weights.h5"))
        if model.settles:  # what it chose, if it did, was for another trial's model
            model.settle(self.encoded(model, options)[1])
        return model

    def save_best(self):
        """Writes `best.keras`; returns the number of its trial."""
        while True:
            best = self.ranked()[0]
            self.restore(best).save(self.path("best.keras"))
            # Another process may have written in between.
            if self.ranked()[0]["trial"] == best["trial"]:
                return best["trial"]

    # === Identity ===

    def fingerprint(self):
        """What must not change when a search is resumed, as plain JSON."""
        given = {
            "recipe": {"name": self.recipe.name, "defaults": self.recipe.options()},
            "tuner": self.tuner,
            "objective": f"{self.objective.name} ({self.objective.direction})",
            "search space": self.space.get_config()["space"],
            "options": self.options,
            "epochs": self.max_epochs,
            "batch_size": self.batch_size,
            "executions_per_trial": self.executions,
            "seed": self.seed,
            "precision": keras.config.dtype_policy().name,
            "data": {
                "source": self.data.source,
                "sizes": self.data.sizes,
                "examples": digest(self.data),
            },
        }
        return json.loads(json.dumps(given, default=plain))

    def begin(self, overwrite):
        """Makes the folder, or checks that the search in it is this one.

        Returns:
            Whether there was none before.

        Raises:
            ValueError: If the folder cannot be written, holds other things or another search.
        """
        try:
            os.makedirs(self.directory, exist_ok=True)
            found = os.listdir(self.directory)
        except OSError as error:
            raise ValueError(
                f"Cannot write the folder of the search: {error}. "
                f"Received: directory={self.directory!r}"
            ) from None
        new = "search.json" not in found
        if new and found:
            raise ValueError(
                "The folder of a search must be new or empty: this one holds other things "
                f"({', '.join(sorted(found)[:3])}). Received: directory={self.directory!r}"
            )
        if overwrite and not new:
            self.clear()
            new = True
        if new:
            write_json(self.path("search.json"), self.fingerprint())
        else:
            self.compare()
        return new

    def compare(self):
        """Raises a ValueError if the search in the folder was begun with other settings."""
        with open(self.path("search.json"), encoding="utf-8") as file:
            before = json.load(file)
        now = self.fingerprint()
        changes = [
            f"{key} ({_change(before.get(key), now.get(key))})"
            for key in sorted({*before, *now})
            if before.get(key) != now.get(key)
        ]
        if changes:
            raise ValueError(
                f"The search in {self.directory} cannot be resumed, as this one differs in: "
                f"{'; '.join(changes)}. Pass overwrite=True to start anew, or another directory "
                "to keep both"
            )

    def clear(self):
        """Removes what a search wrote to its folder, and nothing else."""
        folder = glob.escape(self.directory)
        for pattern in OWN_FILES:
            for name in glob.glob(os.path.join(folder, pattern)):
                os.unlink(name)
        for name in glob.glob(os.path.join(folder, "trial_*")):
            shutil.rmtree(name)

    def check(self):
        """Raises what would make every trial fail, before the first.

        Raises:
            ValueError: If the models do not report the objective. Whatever else building a model
                with the defaults of the space raises comes as it is.
        """
        model = self.network(self.at_defaults())
        name = self.objective.name
        if name == self.recipe.training.get("monitor") or self.callbacks:
            return  # the recipe's own; or perhaps a callback's, which the first trial will tell
        try:
            logs = model.evaluate(self.data.validation.take(2), verbose=0, return_dict=True)
        except Exception as error:  # a model that cannot be judged untrained
            if self.verbose:
                reason = shorten(f"{type(error).__name__}: {error}")
                print(
                    f"Only the first trial will tell whether the models report {name!r}: one that "
                    f"is untrained cannot be judged ({reason})",
                    file=sys.stderr,
                    flush=True,
                )
            return
        reported = [f"val_{key}" for key in logs]
        if name not in reported:
            raise ValueError(unknown(name, reported))

    # === Progress ===

    def tell(self, row):
        """Prints one line about a trial that ended."""
        if not self.verbose:
            return
        shown = {k: v for k, v in row["options"].items() if k not in self.fixed and k != "seed"}
        head = f"Trial {row['trial']:{len(str(self.max_trials))}d}/{self.max_trials}"
        tail = f"{row['seconds']:.1f} s; {show(shown)}"
        if row["status"] != "completed":
            print(f"{head} failed: {shorten(row['error'])}; {tail}", file=sys.stderr, flush=True)
            return
        best = self.ranked()[0]
        print(
            f"{head}: {self.objective.name} {row['objective']:.5g} "
            f"(best {best['objective']:.5g}, trial {best['trial']}), "
            f"{row['epochs']} epochs, {tail}",
            flush=True,
        )

    def tell_resumed(self):
        """Prints how far an earlier call came."""
        rows, ranked = self.rows(), self.ranked()
        if self.verbose and rows:
            best = f", best {self.objective.name} {ranked[0]['objective']:.5g}" if ranked else ""
            print(
                f"Resumed: {len(rows)} trials are done{best}; up to {self.max_trials} in all",
                flush=True,
            )

    def tell_interrupted(self):
        """Says on stderr where the best model is."""
        path = os.path.abspath(self.path("best.keras"))
        where = f"The best model so far is in {path}" if os.path.exists(path) else "No model yet"
        print(
            f"\nInterrupted. {where}. The same call resumes the search.",
            file=sys.stderr,
            flush=True,
        )


# === Plain data ===


def plain(value):
    """What stands in JSON for an object: its class and configuration."""
    if hasattr(value, "get_config"):
        return [type(value).__name__, value.get_config()]
    return value.item() if hasattr(value, "item") else f"{type(value).__name__}"


def digest(data):
    """Hash of the first examples of the training and validation data."""
    result = hashlib.sha256()
    for split in (data.train, data.validation):
        for example in split.take(SAMPLE):
            for tensor in tf.nest.flatten(example, expand_composites=True):
                result.update(tf.io.serialize_tensor(tensor).numpy())
        result.update(b"|")
    return result.hexdigest()[:16]


def write_json(path, value):
    """Writes JSON so that the file is whole at any time."""
    with atomically(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, default=plain)


def load_weights(model, path):
    """Loads weights and the optimizer's state."""
    if model.optimizer is not None:
        model.optimizer.build(model.trainable_variables)  # or its state would be left out
    model.load_weights(path)


def show(options):
    """Options in a line."""
    return ", ".join(
        f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in options.items()
    )


def shorten(text):
    line = " ".join(str(text).split())
    return line if len(line) <= 300 else line[:297] + "..."


def _change(before, now):
    if isinstance(before, list) and isinstance(now, list):  # search spaces: name what differs
        items = [item for item in before + now if (item in before) != (item in now)]
        names = dict.fromkeys(item["config"]["name"] for item in items)
        return ", ".join(names) or "order"
    if isinstance(before, dict) and isinstance(now, dict):
        keys = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
        return ", ".join(f"{k}: {_change(before.get(k), now.get(k))}" for k in keys)
    return f"{shorten(repr(before))[:80]} before, {shorten(repr(now))[:80]} now"


def unknown(name, known):
    known = [key for key in known if key.startswith("val_")]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return (
        f"objective must be a value that training reports on the validation data.{hint} "
        f"Known: {', '.join(known)}. Received: objective={name!r}"
    )


def brief(rows):
    """Counts of rows by status, as text."""
    groups = itertools.groupby(sorted(row["status"] for row in rows))
    return ", ".join(f"{len(list(group))} {status}" for status, group in groups) or "none"
