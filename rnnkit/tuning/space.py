"""The search space: what is varied, what is fixed, and the options of a trial."""

import functools
import math

import keras_tuner

from rnnkit.utils.checks import integer

# What a search may vary beside the options of a recipe.
FOR_FIT = ("epochs", "batch_size")


class Space:
    """The search space of a recipe, some of whose options are fixed.

    Args:
        recipe: A `rnnkit.Recipe`.
        fixed: Dict of option to value; `epochs` and `batch_size` may be among them.
        seed: Integer for the option `seed` of the models, where the recipe has it, or None.
        max_epochs: With Hyperband, which sets the epochs of a trial itself, the most of them;
            None for other searches.
        usual: Dict of what is another default for the data than the recipe's, see
            `rnnkit.utils.small_data`; `epochs` and `batch_size` may be among it. It holds for what
            is neither varied nor fixed.
    """

    def __init__(self, recipe, fixed, seed=None, max_epochs=None, usual=None):
        self.recipe = recipe
        self.fixed = fixed
        self.seed = seed
        self.max_epochs = max_epochs
        self.usual = dict(usual or {})

    def options(self, hyperparameters):
        """The options of a trial; those that are fixed replace what the space would give.

        Raises:
            ValueError: For options that the recipe does not have or does not take.
        """
        sampled = self.recipe.search_space(hyperparameters)
        if not isinstance(sampled, dict):
            raise ValueError(
                f"search_space of the recipe {self.recipe.name!r} must return a dict of options. "
                f"Received: {sampled!r}"
            )
        options = {**sampled, **self.fixed}
        named = {key: options[key] for key in options if key not in FOR_FIT}
        self.recipe.check_options(named, of_cell=False)
        # A branch of the space may be of another cell than one that is fixed, and is then not used.
        self.recipe.check_options(
            {key: named[key] for key in named if key in self.fixed or key == "cell"},
            varied=[key for key in sampled if key not in self.fixed],
        )
        options = {**self.usual, **options}
        for name in FOR_FIT:
            integer(options.get(name, 1), name)
        if self.seed is not None and "seed" in self.recipe.options():
            options.setdefault("seed", self.seed)
        if self.max_epochs is not None:
            options.pop("epochs", None)
        return options

    def options_at(self, values):
        """The options at a point of the space, a dict of hyperparameter to value."""
        hp = self.hyperparameters.copy()
        hp.values = dict(values)
        return self.options(hp)

    def default_options(self):
        """The options at the start of the search, those of `recipe.train` where the space has
        them."""
        hp = keras_tuner.HyperParameters()
        hp.merge(self.hyperparameters)
        return self.options(hp)

    @functools.cached_property
    def hyperparameters(self):
        """The `keras_tuner.HyperParameters` of all branches of the space. Their defaults are those
        of `recipe.train`, where they are among their values."""
        names = {item.name for item in self._explore({}).space if not item.conditions}
        fixed = dict(self.fixed)
        if self.max_epochs is not None:
            fixed["epochs"] = self.max_epochs
        # Without this, trials would differ in a value that is then replaced by the fixed one.
        simple = (str, int, float, bool)
        fixed = {k: v for k, v in fixed.items() if k in names and isinstance(v, simple)}
        space = self._explore(fixed)
        free = [item for item in space.space if type(item).__name__ != "Fixed"]
        if not free:
            raise ValueError(
                f"There is nothing to search: search_space of the recipe {self.recipe.name!r} "
                f"leaves no choice. Received: fixed options {self.fixed}"
            )
        defaults = {**self.recipe.training, **self.recipe.options(), **self.usual}
        config = space.get_config()
        for item, entry in zip(space.space, config["space"], strict=True):
            if item in free and item.name in defaults and has(item, defaults[item.name]):
                entry["config"]["default"] = defaults[item.name]
        return keras_tuner.HyperParameters.from_config({**config, "values": {}})

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
            self.options(hp)
            space.merge(hp, overwrite=False)
            tried += hp.active_scopes
            for branch in hp.inactive_scopes:
                if branch not in tried:
                    tried.append(branch)
                    pending.append(branch)
        return space


def has(item, value):
    """Whether a value is one of those that a hyperparameter may have.

    Example:

    >>> hp = keras_tuner.HyperParameters()
    >>> hp.Choice("units", [16, 32]), hp.Float("dropout", 0.1, 0.5, step=0.1)
    (16, 0.1)
    >>> [has(item, value) for item, value in zip(hp.space, (32, 0.3))]
    [True, True]
    >>> [has(item, value) for item, value in zip(hp.space, (True, 0.35))]
    [False, False]
    """
    if not hasattr(item, "min_value"):
        return any(type(each) is type(value) and each == value for each in item.values)
    if type(value) is not type(item.min_value) or not item.min_value <= value <= item.max_value:
        return False
    return item.step is None or any(math.isclose(value, each) for each in item.values)
