"""A search as all of its processes know it: its settings, its space, and what its trials share."""

import dataclasses
import functools
import json
import os
import sys

import keras
import keras_tuner

from rnnkit.data.readers import data_types
from rnnkit.tuning.fitting import KeepBest, fit, load_weights, unknown_objective
from rnnkit.tuning.folder import Folder
from rnnkit.tuning.shared import KEPT, Shared
from rnnkit.tuning.space import FOR_FIT, Space
from rnnkit.utils import small_data
from rnnkit.utils.messages import shorten
from rnnkit.utils.writing import plain


@dataclasses.dataclass
class Job:
    """Everything a search consists of; the same in each of its processes.

    Attributes:
        recipe, data: The recipe and a `rnnkit.data.Data`.
        tuner: `"hyperband"`, `"random"`, `"bayesian"` or `"grid"`.
        max_trials, epochs, batch_size, seed, executions: As in `rnnkit.tuning.tune`.
        objective: `keras_tuner.Objective`.
        options: Fixed options of the recipe.
        directory: Path of the folder of the search.
        callbacks, verbose, folds: As in `rnnkit.tuning.tune`.
        base: `rnnkit.saving.base.Base` that the models start from, or None.
        small: Dict of options and settings that are other defaults for the data, as it is small;
            None looks at the data, which a chief has none of.
        max_epochs: Passes over the data at most.
        fixed: `options`, with `epochs` and `batch_size` where they are given.
        space: `rnnkit.tuning.space.Space`.
        folder: `rnnkit.tuning.folder.Folder`.
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
    folds: int | None = None
    base: object = None
    small: dict | None = None

    def __post_init__(self):
        if self.small is None:
            given = (self.recipe, self.data, self.options)
            self.small = {} if self.base is not None else small_data.others(*given)
        settings = {key: self.small[key] for key in small_data.SETTINGS if key in self.small}
        usual = settings.pop("epochs", self.recipe.training["epochs"])
        self.max_epochs = self.epochs or usual
        self.fixed = dict(self.options)
        for name in FOR_FIT:
            if getattr(self, name) is not None:
                self.fixed[name] = getattr(self, name)
        most = self.max_epochs if self.tuner == "hyperband" else None
        usual = {key: value for key, value in self.small.items() if key != "patience"}
        self.space = Space(self.recipe, self.fixed, self.seed, most, usual)
        self.folder = Folder(self.directory, self.objective)
        self._settings = settings
        self.shared = Shared(self.recipe, self.data, base=self.base, settings=settings)

    def settings(self):
        """What must not change when a search is resumed, as plain JSON."""
        given = {
            "recipe": {"name": self.recipe.name, "defaults": self.recipe.options()},
            "tuner": self.tuner,
            "objective": f"{self.objective.name} ({self.objective.direction})",
            "search space": self.space.hyperparameters.get_config()["space"],
            "options": self.options,
            "epochs": self.max_epochs,
            "batch_size": self.batch_size,
            "executions_per_trial": self.executions,
            "seed": self.seed,
            "precision": keras.config.dtype_policy().name,
            "data": {
                "source": self.data.source,
                "sizes": self.data.sizes,
                "examples": self.data.digest(),
            },
        }
        if self.folds:
            given["folds"] = self.folds
        if self.base is not None:
            given["base"] = self.base.digest()
        if self.small:
            given["small"] = self.small
        return json.loads(json.dumps(given, default=plain))

    # === What trials share ===

    @functools.cached_property
    def _divided(self):
        """The data of the folds, and a line about them."""
        return data_types.of(self.recipe).into_folds(self.data, self.folds)

    @functools.cached_property
    def _of_folds(self):
        """What trials share in each fold: features are adapted to what it trains with alone."""
        kept = max(1, KEPT // self.folds)
        return [
            Shared(self.recipe, data, kept, self.base, self._settings) for data in self._divided[0]
        ]

    def divide(self):
        """Divides the data in folds, which is said.

        Raises:
            ValueError: If it cannot be.
        """
        if self.verbose:
            print(self._divided[1], flush=True)
        return self._divided[0]

    def _shared(self, fold):
        return self.shared if fold is None else self._of_folds[fold]

    def network(self, options, execution=0, fold=None):
        """An untrained model; its features are adapted once for all trials that agree on them."""
        if execution and isinstance(options.get("seed"), int):
            options = {**options, "seed": options["seed"] + execution}
        return self._shared(fold).network(options)

    def encoded(self, model, options, fold=None):
        """The encoded pair `(train, validation)`, made once as the features are."""
        return self._shared(fold).encoded(model, options)

    def restore(self, row):
        """The trained model of a trial, with the weights of its best epoch.

        That of a search by folds is trained here, when it is first asked for.
        """
        options = self.space.options_at(row["values"])
        path = self.folder.weights_of(row["id"])
        if self.folds and not os.path.exists(path):
            self._train(row, options, path)
        model = self.network(options)
        load_weights(model, path)
        if model.calibrates:  # what it chose, if it did, was for another trial's model
            model.calibrate(self.encoded(model, options)[1])
        return model

    def _train(self, row, options, path):
        """Trains with the options of a trial on the data as it is split, and keeps the weights."""
        if self.verbose:
            print(f"Training the best options, those of trial {row['trial']}, on all", flush=True)
        model = self.network(options)
        whole = self.folder.path(f"trial_{row['id']}", "whole.weights.h5")
        keeper = KeepBest(self.objective, whole)
        settings = {
            "epochs": row["values"].get("tuner/epochs", options.get("epochs", self.max_epochs)),
            "batch_size": options.get("batch_size"),
        }
        try:
            fit(self, model, self.encoded(model, options), keeper, [row["id"], "all"], **settings)
        except KeyboardInterrupt:
            self.report_interrupted()
            raise
        except Exception as error:
            raise RuntimeError(
                f"The best options, those of trial {row['trial']}, cannot be trained on all of the "
                f"training data: {shorten(error)}. The trials are kept"
            ) from error
        os.replace(whole, path)

    def save_best(self):
        """Writes `best.keras`; returns the number of its trial."""
        while True:
            best = self.folder.ranked()[0]
            self.restore(best).save(self.folder.path("best.keras"))
            # Another process may have written in between.
            if self.folder.ranked()[0]["trial"] == best["trial"]:
                return best["trial"]

    def check(self):
        """Raises what would make every trial fail, before the first.

        Raises:
            ValueError: If the models do not report the objective. Whatever else building a model
                with the defaults of the space raises comes as it is.
        """
        fold = 0 if self.folds else None
        model = self.network(self.space.default_options(), fold=fold)
        name = self.objective.name
        if name == self.recipe.training.get("monitor") or self.callbacks:
            return  # the recipe's own; or perhaps a callback's, which the first trial will tell
        try:
            data = self._shared(fold).data
            logs = model.evaluate(data.validation.take(2), verbose=0, return_dict=True)
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
            raise ValueError(unknown_objective(name, reported))

    @property
    def hidden(self):
        """Names of the options that are the same in all trials, a set."""
        varied = {item.name for item in self.space.hyperparameters.space}
        return {*self.fixed, "seed"} | {*self.space.usual} - varied

    # === Progress ===

    def report_small(self):
        """Prints what is another default, as the data is small."""
        if self.verbose and self.small:
            given = {key: value for key, value in self.small.items() if key not in self.fixed}
            print(small_data.in_words(self.data, {}, given, {}), flush=True)

    def report(self, row):
        """Prints one line about a trial that ended."""
        if not self.verbose:
            return
        shown = {k: v for k, v in row["options"].items() if k not in self.hidden}
        head = f"Trial {row['trial']:{len(str(self.max_trials))}d}/{self.max_trials}"
        tail = f"{row['seconds']:.1f} s; {as_line(shown)}"
        if row["status"] != "completed":
            print(f"{head} failed: {shorten(row['error'])}; {tail}", file=sys.stderr, flush=True)
            return
        best = self.folder.ranked()[0]
        spread = f" ± {row['std']:.2g}" if self.folds else ""
        print(
            f"{head}: {self.objective.name} {row['objective']:.5g}{spread} "
            f"(best {best['objective']:.5g}, trial {best['trial']}), "
            f"{row['epochs']} epoch{'s' * (row['epochs'] != 1)}, {tail}",
            flush=True,
        )

    def report_resumed(self):
        """Prints how far an earlier call came."""
        rows, ranked = self.folder.rows(), self.folder.ranked()
        if self.verbose and rows:
            best = self.folder.best_of(ranked[0]) if ranked else ""
            print(
                f"Resumed: {len(rows)} trials are done{best}; up to {self.max_trials} in all",
                flush=True,
            )

    def report_interrupted(self):
        """Prints on stderr where the best model is."""
        path = os.path.abspath(self.folder.path("best.keras"))
        where = f"The best model so far is in {path}" if os.path.exists(path) else "No model yet"
        print(
            f"\nInterrupted. {where}. The same call resumes the search.",
            file=sys.stderr,
            flush=True,
        )


def as_line(options):
    """Options in a line."""
    return ", ".join(
        f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in options.items()
    )
