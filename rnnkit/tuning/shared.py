"""What the trials of a search share: the features, and the encoded data."""

import inspect
import json

from rnnkit.tuning.space import FOR_FIT

# Sets of options about features whose encoded data is kept in memory.
KEPT = 4


class Shared:
    """Features and encoded data of trials, made once for all that agree on the options of
    `recipe.features`.

    Args:
        recipe: A `rnnkit.Recipe`.
        data: `rnnkit.data.Data`.
        most: How many sets of options about features are kept at a time.
        base: `rnnkit.saving.base.Base` that the models start from, or None.
        settings: Dict of settings of training that are others than the recipe's, or None.
    """

    def __init__(self, recipe, data, most=KEPT, base=None, settings=None):
        self.recipe, self.data, self.most, self.base = recipe, data, most, base
        self.settings = dict(settings or {})
        self._kept = {}  # the least recently used first

    def network(self, options):
        """An untrained model for the options of a trial."""
        features = self._entry(options)["features"]
        rest = {key: value for key, value in options.items() if key not in FOR_FIT}
        if self.base is not None:
            rest["base"] = self.base
        model = self.recipe.network(features, **rest)
        model.fit_defaults = {**model.fit_defaults, **self.settings}
        if "batch_size" in options:
            model.fit_defaults["batch_size"] = options["batch_size"]
        return model

    def encoded(self, model, options):
        """The encoded pair `(train, validation)`, made once as the features are."""
        entry = self._entry(options)
        if "data" not in entry:
            entry["data"] = (
                model.prepare(self.data.train),
                model.prepare(self.data.validation),
            )
        return entry["data"]

    def _entry(self, options):
        names = inspect.signature(self.recipe.features).parameters
        chosen = {name: options[name] for name in sorted(names) if name in options}
        key = json.dumps(chosen, default=repr)
        # Moved to the end: the first are dropped first.
        entry = self._kept.pop(key, None)
        if entry is None:
            entry = {"features": self.recipe.adapt(self.data, self.base, **options)}
        self._kept[key] = entry
        while len(self._kept) > self.most:
            del self._kept[next(iter(self._kept))]
        return entry
