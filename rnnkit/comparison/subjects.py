"""The subjects of a comparison: a standard memory task, or a recipe with its data."""

import inspect
import math
import os

import keras

from rnnkit import registry
from rnnkit.comparison.cells import parameters_of
from rnnkit.comparison.sequences import read_in_order
from rnnkit.comparison.tasks import standard as memory_tasks
from rnnkit.comparison.tasks.base import WORTH_COMPILING, Task
from rnnkit.comparison.watch import Watch
from rnnkit.data.splits import Data
from rnnkit.metrics import direction
from rnnkit.recipe import Recipe
from rnnkit.training import stopping
from rnnkit.training.diverging import Diverged
from rnnkit.utils import small_data
from rnnkit.utils.checks import nearest
from rnnkit.utils.options import idle_options

LAGS = (10, 50, 100, 200)
# Of a memory task: updates where no budget is given, updates between two looks at the validation
# examples, and how many examples validate and test.
UPDATES, BETWEEN = 3_000, 100
VALIDATION, TEST = 500, 2_000
# Updates in one call of the compiled step: small networks would otherwise spend most of the time
# between the steps.
TOGETHER = 10
# A training ends when its error on validation examples is this fraction of what counts as solved.
MARGIN = 0.8


def find(given):
    """The task or recipe of a name: a class of `Task`, without a lag, a `Task` or a `Recipe`.

    Args:
        given: Name of a memory task or a recipe, the path of a recipe's file, a `Task` or a
            `Recipe`.

    Raises:
        ValueError: If there is none, with the nearest name.
    """
    if isinstance(given, Recipe):
        return given
    if isinstance(given, type) and issubclass(given, Recipe):
        return given if issubclass(given, Task) else given()
    if not isinstance(given, (str, os.PathLike)):
        raise ValueError(
            "task must be the name of a memory task or a recipe, or a Task or Recipe itself. "
            f"Received: task={given!r}"
        )
    name = os.fspath(given)
    if name in memory_tasks.TASKS:
        return memory_tasks.TASKS[name]
    if name in registry.names() or name.endswith(".py"):
        return registry.get(name)
    hint = nearest(name, [*memory_tasks.names(), *registry.names()])
    raise ValueError(
        f"There is neither a memory task nor a recipe {name!r}.{hint} "
        f"Tasks: {', '.join(memory_tasks.names())}. Recipes: {', '.join(registry.names())}"
    )


def is_task(found):
    """Whether what `find` gave is a memory task."""
    return isinstance(found, (Task, type))


class OfTask:
    """A memory task at one lag, on which cells are compared.

    Args:
        task: A `Task`.
        options: Dict of options of the task that are the same for all cells.
        batch_size: Examples in a step, or None for the task's.
    """

    def __init__(self, task, options, batch_size=None):
        task.check_options(options)
        self.recipe, self.options = task, options
        self.batch_size = batch_size or task.training["batch_size"]
        self.lag, self.name = task.lag, task.name
        self.score_name, self.direction = task.scores[0], task.direction
        self.threshold, self.columns = task.threshold, task.columns_of_input
        self._model = self._key = self._start = None

    def fingerprint(self):
        """The settings of a run beside cell, units, budget and seed; plain JSON."""
        return {
            "options": {**self.recipe.options(), **self.options, "cell": None, "units": None},
            "batch_size": self.batch_size,
        }

    def model(self, **options):
        return self.recipe.model(None, **{**self.options, **options})

    def run(self, budget, seed, **options):
        """Trains and scores a model; see `OfRecipe.run`.

        All seeds of a cell share one compiled model, whose weights are set to those of the seed.
        """
        key = repr(sorted(options.items(), key=lambda item: item[0]))
        new = self.model(seed=seed, **options)
        refuse_ensemble(new)
        if self._key != key:
            self._key, self._model = key, new
            if budget.updates is not None and budget.updates <= WORTH_COMPILING:
                new.jit_compile = False
            self._model.build_optimizer()
            self._start = [each.numpy() for each in self._model.optimizer.variables]
        model = self._model
        updates = budget.updates or 10**9
        together = math.gcd(BETWEEN, updates, TOGETHER)
        if model.steps_per_execution != together:
            model.steps_per_execution = together
            model.make_train_function(force=True)
        model.set_weights(new.get_weights())
        for variable, value in zip(model.optimizer.variables, self._start, strict=True):
            variable.assign(value)
        task = self.recipe
        x, y = task.draw(VALIDATION, seed, "validation")
        watch = Watch(
            budget,
            judge=lambda model, logs: task.measure(model, x, y),
            direction=self.direction,
            enough=self._clearly_solved,
        )
        keras.Model.fit(
            model,
            task.batches(self.batch_size, seed),
            steps_per_epoch=min(BETWEEN, updates),
            epochs=-(-updates // BETWEEN),
            shuffle=False,
            verbose=0,
            callbacks=[watch],
        )
        score = None
        if watch.best is not None:
            score = task.measure(model, *task.draw(TEST, seed, "test"))
        return watch, score, parameters_of(model), score is not None and task.solved(score)

    def _clearly_solved(self, score):
        task = self.recipe
        if self.direction == "min":
            return score <= MARGIN * task.threshold
        return 1 - score <= MARGIN * (1 - task.threshold)


class OfRecipe:
    """A recipe with its data, on which cells are compared.

    The data is read and encoded once for all cells. Of a small data set the defaults are those of
    `recipe.train`, see `rnnkit.Recipe.small`, but for `ensemble`: networks are compared.

    Args:
        recipe: A `Recipe`.
        data: `rnnkit.data.Data`.
        options: Dict of options of the recipe that are the same for all cells.
        epochs: Passes over the data at most, or None for the recipe's.
        batch_size: Examples in a step, or None for the recipe's.
        examples: Training examples, the first ones, or None for all; a quarter as many validate
            and test.
    """

    lag = threshold = columns = None

    def __init__(self, recipe, data, options, *, epochs=None, batch_size=None, examples=None):
        recipe.check_options(options, of_cell=False)
        idle_options(recipe.describe_options(), options, recipe.name)
        self.recipe, self.options = recipe, options
        self.batch_size = batch_size
        self.name = recipe.name
        several = recipe.data_types[1] == "label"  # perhaps
        scores = recipe.scores_of(recipe.label_feature(data)) if several else recipe.scores
        self.score_name = scores[0]
        types = data.info.get("target_types", ()) if several else ()
        self.direction = direction(self.score_name, types)
        self.data = data if examples is None else part_of(data, examples)
        self.examples = examples
        chosen, settings = small_data.chosen(recipe, self.data, options)
        self.usual = {key: chosen[key] for key in chosen if key not in (*options, "ensemble")}
        given = {"epochs": epochs, "batch_size": batch_size}
        self.settings = {key: value for key, value in settings.items() if not given.get(key)}
        self.epochs = epochs or settings.get("epochs", recipe.training["epochs"])
        self._features = None
        self._encoded = {}

    def in_words(self):
        """What is another default, as the data is small; empty where it is not."""
        if not self.usual and not self.settings:
            return ""
        return small_data.in_words(self.data, {}, self.usual, self.settings)

    def fingerprint(self):
        return {
            "options": {
                **self.recipe.options(),
                **self.usual,
                **self.options,
                "cell": None,
                "units": None,
            },
            "training": {**self.recipe.training, **self.settings, "epochs": self.epochs},
            "batch_size": self.batch_size,
            "examples": self.examples,
            "data": {"source": str(self.data.source), "digest": self.data.digest()},
        }

    def model(self, **options):
        model = self._model({**self.usual, **self.options, **options})
        known = {name: value for name, value in self.settings.items() if name != "epochs"}
        model.fit_defaults = {**model.fit_defaults, **known}
        return model

    def _model(self, options):
        if "seed" not in self.recipe.options():
            options.pop("seed", None)
        own = {"cell", "bidirectional", "units"} if self.in_order(options) else set()
        rest = {key: options[key] for key in options if key not in own}
        self.recipe.check_options(rest, of_cell=False)
        if self._features is None:  # the options that may differ are those of the network
            self._features = self.recipe.adapt(self.data, **options)
        if own:
            return read_in_order(self.recipe, self._features, self.data, **options)
        return self.recipe.network(self._features, **options)

    def ignored_by(self, cell):
        """Names of the options given that a cell does not have, as a list.

        Args:
            cell: `rnnkit.comparison.cells.Cell`.
        """
        defaults = self.recipe.options()
        given = [name for name, value in self.options.items() if value != defaults[name]]
        if "cell" in defaults:
            counting = self.recipe.options_that_count({**self.options, "cell": cell.cell})
        elif cell.name == self.recipe.cell:
            counting = defaults
        else:  # see `read_in_order`
            features = {*inspect.signature(self.recipe.features).parameters} - {"ngrams"}
            counting = {*features, "units", "dropout", "learning_rate"}
        return [name for name in given if name not in counting]

    def in_order(self, options):
        """Whether a recurrent cell takes the place of a network without memory."""
        return self.recipe.pattern == "one_to_one" and "cell" in options

    def run(self, budget, seed, **options):
        """Trains and scores a model.

        Args:
            budget: A `Budget`.
            seed: Integer that fixes weights and data.
            **options: `cell`, `units` and the like.

        Returns:
            The tuple of the `Watch` of the training, the score on test data (None without one),
            the parameters, and whether the task counts as solved (None of a recipe).
        """
        model = self.model(seed=seed, **options)
        refuse_ensemble(model)
        kind = type(model).__name__
        if kind not in self._encoded:
            self._encoded[kind] = [
                model.prepare(split)
                for split in (self.data.train, self.data.validation, self.data.test)
            ]
        train, validation, test = self._encoded[kind]
        monitor, mode = stopping.monitored(model.fit_defaults)
        watch = Watch(budget, monitor=monitor, direction=mode, keep=False)
        try:
            model.fit(
                train,
                validation_data=validation,
                epochs=10**6 if budget.updates or budget.seconds else self.epochs,
                batch_size=self.batch_size,
                callbacks=[watch],
                verbose=0,
                interrupted_path=False,
            )
        except Diverged:
            watch.diverged = True
        score = None if watch.diverged else float(model.score(test)[self.score_name])
        return watch, score, parameters_of(model), None


def part_of(data, examples):
    """`Data` with the first examples of each split: a quarter as many to validate and test."""
    few = max(1, examples // 4)
    most = {"train": examples, "validation": few, "test": few}
    sizes = {part: min(most[part], size) for part, size in data.sizes.items() if size is not None}
    return Data(
        data.train.take(examples),
        data.validation.take(few),
        data.test.take(few),
        source=data.source,
        sizes=sizes,
        info=data.info,
    )


def refuse_ensemble(model):
    """Refuses a model of several networks, of which each would have the budget of one."""
    if model.members:
        raise ValueError(
            "ensemble must be 1 where cells are compared, one network with another. "
            f"Received: ensemble={model.ensemble}"
        )
