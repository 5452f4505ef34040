"""The options of a recipe: from its model's class and its own methods, described and checked."""

import dataclasses
import inspect

from rnnkit.utils.checks import nearest
from rnnkit.utils.docstrings import arguments
from rnnkit.utils.options import (
    SpaceInWords,
    counting_options,
    idle_options,
    ignored_options,
    options_of_class,
    options_of_method,
    takes_more,
)

# Classes of models whose layers `pretrain` trains, and what recipes of them read then.
PRETRAINED, TEXTS = ("ManyToOne", "Tagger"), ("text", "words")


class RecipeOptions:
    """What a recipe says of its options, for `rnnkit.Recipe`, which has the attributes."""

    def options(self):
        """The recipe's options and their defaults, as a dict."""
        return {name: option.default for name, option in self.describe_options().items()}

    def describe_options(self):
        """The recipe's options, as a dict of name to `rnnkit.utils.options.Option`: default, type,
        allowed values and what it means. Nothing heavy is imported."""
        found = options_of_method(self.features, "rnnkit.features")
        if takes_more(self.build):
            found = {**found, **self._options_of_model(), **found}  # those of features first
        for name, option in options_of_method(self.build, "rnnkit.models").items():
            if name in found:  # it changes one of the class
                option = dataclasses.replace(found[name], default=option.default)
            found[name] = option
        if takes_more(self.build):
            found |= options_of_method(self.compile, "rnnkit.models")
        defaults = {"cell": self.cell} if "cell" in found and self.cell else {}
        defaults |= self.defaults
        for name in defaults:
            if name not in found:
                raise ValueError(
                    f"The defaults of the recipe {self.name!r} name {name!r}, which is no option."
                    f"{nearest(name, found)}"
                )
        advice = {}
        for each in reversed(type(self).__mro__):
            advice |= arguments(each.__doc__, "Options")
        for name, option in found.items():
            default = defaults.get(name, None if option.default is ... else option.default)
            found[name] = option.of_recipe(default, advice.get(name, ""))
        return found

    def check_options(self, options, of_cell=True, varied=()):
        """Checks the options that a user gives.

        Args:
            options: Dict of option to value.
            of_cell: Whether one that means nothing with the cell, or with the value of another one,
                is refused. Where cells are compared, some options are of one of them; where options
                are searched, some are switched off at times.
            varied: Names of options that a search varies, beside these.

        Raises:
            ValueError: For an option the recipe does not have, naming the nearest one; for one
                that it does not have with this cell, or that another one switches off (such as
                `kernel_size` with `filters=0`); and for a value of another type than the default's.
        """
        known = self.describe_options()
        for key, value in options.items():
            if key not in known:
                raise ValueError(
                    f"The recipe {self.name!r} has no option {key!r}.{self._meant(key, known)} "
                    f"Options: {', '.join(known)}"
                )
            known[key].check(value)
        if of_cell:
            defaults = {name: each.default for name, each in known.items()}
            ignored_options(defaults, options, self._options_by_cell(), self.name)
            idle_options(known, options, f"the recipe {self.name!r}", varied)

    def check_pretraining(self):
        """Raises a ValueError for a recipe whose network has no recurrent layers that read texts:
        `pretrain` would have none to train. Nothing heavy is imported."""
        what = ""
        if self.model_class not in PRETRAINED:
            what = "its network has no recurrent layers that read texts"
        elif self.data_types[0] not in TEXTS:
            what = "it reads no texts"
        if what:
            raise ValueError(
                f"The recipe {self.name!r} cannot be pretrained: {what}. Recipes that can: "
                "sentiment, pos_tagging, named_entities"
            )

    def options_that_count(self, options):
        """Names of the options that mean something with the cell among some options, as a set."""
        return counting_options(self.options(), options, self._options_by_cell())

    def _meant(self, key, known):
        """The nearest name to one that is no option, be it an argument of `train`."""
        taken = inspect.signature(type(self).train).parameters
        if key in taken:
            flag = key.replace("_", "-")
            return f" It is an argument of train ({key}=..., --{flag})."
        if key == "ensemble":
            return (
                " Networks are averaged where the outputs are labels, numbers, tags or forecasts, "
                "not where a text or music is generated, nor with CTC, where each finds the "
                "characters at other frames."
            )
        return nearest(key, [*known, *taken])

    def _options_by_cell(self):
        """The names of the options that mean something with a cell, as a dict of cell (and
        perhaps an option's value, as in `model_class`) to a set; None stands for all others."""
        classes = self.model_class if isinstance(self.model_class, dict) else {}
        methods = (self.features, self.build, self.compile)
        own = {name for each in methods for name in inspect.signature(each).parameters}
        result = {}
        for key in dict.fromkeys((None, *classes, *self.without)):
            cell = None if key is None else key.partition(" with ")[0]
            names = {"cell", *own}
            if takes_more(self.build):
                names |= {*self._class_options(classes.get(key) or self._model_class(cell))}
            result[key] = names - {*self.without.get(cell, self.without.get(None, ()))}
        return result

    def describe_search(self):
        """What `search_space` varies, as a dict of option to a description, without keras-tuner."""
        return self.search_space(SpaceInWords())

    def _model_class(self, cell):
        """The class of the model for a cell, or its name in `rnnkit.models`."""
        found = self.model_class
        if isinstance(found, dict):
            found = found.get(cell, found[None])
        if found is None:
            raise ValueError(f"The recipe {self.name!r} must define model_class, or build()")
        return found

    def _options_of_model(self):
        """The options of the model's class; of several classes, their texts name the cell."""
        cells = list(self.model_class) if isinstance(self.model_class, dict) else [None]
        classes = {cell: self._class_options(self._model_class(cell)) for cell in cells}
        found = {}
        for cell, options in classes.items():
            for name, option in options.items():
                if name != "cell" and not all(name in each for each in classes.values()):
                    named = ", ".join(repr(each) for each in cells if each is not None)
                    whose = f"Of other cells than {named}" if cell is None else f"Of {cell!r}"
                    option = dataclasses.replace(option, text=f"{whose}: {option.text}")
                found.setdefault(name, option)
        return found

    def _class_options(self, model_class):
        """The arguments of a model's class that are options, as a dict of name to `Option`."""
        found = options_of_class(model_class, "rnnkit.models")
        if found is None:
            raise ValueError(
                f"model_class of the recipe {self.name!r} must be the name of a class in "
                f"rnnkit.models. Received: model_class={model_class!r}"
            )
        return {key: found[key] for key in found if key != "name" and key not in self.unused}
