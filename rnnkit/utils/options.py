"""Options that show themselves: name, default, type, allowed values and what each means."""

import ast
import dataclasses
import functools
import inspect
import re

from rnnkit.utils.docstrings import arguments, definition, passed_on, text_of

# How the text of an option begins whose default is None -> its type.
TYPES = (
    (r"Names of|Columns|List|Features of the convolutions", "list"),
    (r"Dict", "dict"),
    (r"File of", "file"),
    (r"Whether|.{,20}, whether", "bool"),
    (r"Name\b|The class\b", "str"),
    (r"Pair", "pair"),
    (r"Integer|Numbers? (of|in)|Steps|Samples|Past values|Most|Longest|Size|\d", "int"),
    (r"Probability|Fraction|Regularisation|Smallest value|The highest|How strongly", "float"),
    (r"The input weights are sampled evenly from", "float"),
)


@dataclasses.dataclass(frozen=True)
class Option:
    """An option of a recipe.

    Attributes:
        name, default: As `recipe.options()` has them.
        text: What the option means, of the class that owns it.
        advice: What the recipe says of it.
        allowed: Tuple of the values that are possible, empty where the text lists none.
    """

    name: str
    default: object
    text: str = ""
    advice: str = ""
    allowed: tuple = ()

    @property
    def type(self):
        """The type of its values in a word, such as `"int"` or `"float or None"`."""
        if self.default is None:
            texts = (re.sub(r"^Of [^:]+: ", "", self.text), self.advice)
            found = [
                name for text in texts for start, name in TYPES if text and re.match(start, text)
            ]
            return f"{found[0]} or None" if found else "any"
        name = "list" if isinstance(self.default, tuple) else type(self.default).__name__
        return f"{name} or None" if None in self.allowed else name

    @property
    def values(self):
        """The allowed values as text, or the type where any value of it may do."""
        return ", ".join(map(repr, self.allowed)) or self.type

    @property
    def idle(self):
        """When it would be ignored: a dict of other options to the values with which it is, as its
        text says, ``No effect with `filters=0`.``"""
        found = {}
        for listed in re.findall(r"No effect\s+with ((?:`[^`]+`(?:, | or )?)+)", self.full_text):
            for name, value in re.findall(r"`(\w+)=([^`]+)`", listed):
                found.setdefault(name, []).append(ast.literal_eval(value))
        return found

    @property
    def sentence(self):
        """What it means, in a sentence, and the recipe's advice."""
        first = re.split(r"(?<=[a-z)`\d]\.)\s+(?=[A-Z`\"])", self.text)[0]
        return f"{first} {self.advice}".strip()

    @property
    def full_text(self):
        """What it means, all of it."""
        return f"{self.text} {self.advice}".strip()

    def of_recipe(self, default, advice):
        """The option as a recipe has it, whose advice may name more values."""
        more = allowed_values(advice) if self.allowed else ()
        allowed = tuple(dict.fromkeys((*self.allowed, *more)))
        return dataclasses.replace(self, default=default, advice=advice, allowed=allowed)

    def check(self, value):
        """Raises a ValueError where the default shows that another type is wanted.

        Where the default is a string, an object may stand for it too (a cell); None says nothing.
        """
        default = self.default
        if default is None or type(value) is type(default):
            return
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if isinstance(default, bool):
            wanted = "True or False"
        elif isinstance(default, int):
            # Limits may be lifted with None, sizes be given as a list.
            if value is None or isinstance(value, (list, tuple)):
                return
            wanted = "a whole number"
        elif isinstance(default, float):
            if number:
                return
            wanted = "a number"
        elif isinstance(default, str) and (number or isinstance(value, bool)):
            wanted = "a name"
        else:
            return
        raise ValueError(
            f"The option {self.name!r} takes {wanted}. Received: {self.name}={value!r}"
        )


def allowed_values(text):
    """The values that a text lists, such as `"mean"` and `"max"`; a tuple, empty where it does not.

    Example:

    >>> allowed_values('How it is read: `"mean"`, `"max"` or None.')
    ('mean', 'max', None)
    >>> allowed_values("Steps that become one: 1, 2 or 4.")
    (1, 2, 4)
    """
    names = tuple(dict.fromkeys(re.findall(r'`"([^"`]+)"`', text)))
    if len(names) > 1:
        return (*names, None) if re.search(r"\bor None\b", text) else names
    numbers = re.search(r": ((?:\d+, )*\d+ or \d+)\.", text)
    return tuple(map(int, re.findall(r"\d+", numbers[1]))) if numbers else ()


class ShowsOptions:
    """A method whose signature and documentation show the options of a recipe.

    Stands in place of a method with `**options`, so that a notebook completes their names, and
    `help(recipe.model)` explains them.

    Args:
        method: The method. Its object has `describe_options()`, which gives a dict of `Option`.
    """

    def __init__(self, method):
        self.method = method
        self.__doc__ = method.__doc__

    def __get__(self, recipe, owner=None):
        if recipe is None:
            return self.method
        method = self.method.__get__(recipe)

        @functools.wraps(method)
        def call(*args, **kwargs):
            return method(*args, **kwargs)

        options = recipe.describe_options().values()
        signature = inspect.signature(method)
        own = [each for each in signature.parameters.values() if each.kind != each.VAR_KEYWORD]
        named = [
            inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default)
            for each in options
        ]
        call.__signature__ = signature.replace(parameters=[*own, *named])
        lines = [f"    {each.name}: {each.full_text}" for each in options]
        call.__doc__ = "\n".join([inspect.getdoc(method), "", "Options:", *lines])
        return call


# === Where options come from ===


def options_of_class(cls, package):
    """The arguments of a class that have a default, as a dict of name to `Option`.

    Args:
        cls: A class, or the name of one in a package, which is read and not imported.
        package: Name of the package.

    Returns:
        The dict, or None if the package has no such class.
    """
    if isinstance(cls, str):
        found = definition(package, cls)
        if found is None:
            return None
        defaults, texts = found.defaults, found.texts
    else:
        parameters = inspect.signature(cls).parameters.values()
        defaults = {each.name: each.default for each in parameters}
        texts = arguments(cls.__doc__)
    return {
        name: _option(name, default, texts.get(name, ""), package)
        for name, default in defaults.items()
        if default is not inspect.Parameter.empty
    }


def options_of_method(method, package):
    """The keyword arguments of a method, as a dict of name to `Option`.

    What they mean is what the classes of a package, to which the method hands them on, say of them.
    """
    owners, found = passed_on(method), {}
    for each in inspect.signature(method).parameters.values():
        if each.kind is each.KEYWORD_ONLY:
            text = text_of(package, *owners[each.name]) if each.name in owners else ""
            found[each.name] = _option(each.name, each.default, text, package)
    return found


def _option(name, default, text, package):
    seen = re.search(r"[Ss]ee `(?:[\w.]+\.)?(\w+)`", text)
    elsewhere = text_of(package, seen[1], name) if seen else ""
    listed = isinstance(default, (str, int)) or "or None" in text
    allowed = allowed_values(elsewhere) or allowed_values(text) if listed else ()
    return Option(name, default, text, allowed=allowed)


def takes_more(method):
    """Whether a method takes options that it does not name."""
    kinds = [each.kind for each in inspect.signature(method).parameters.values()]
    return inspect.Parameter.VAR_KEYWORD in kinds


def taken_by(method, options):
    """Those of the options that a method takes."""
    if takes_more(method):
        return options
    names = inspect.signature(method).parameters
    return {key: value for key, value in options.items() if key in names}


def ignored_options(defaults, given, by_cell, owner):
    """Refuses options that mean nothing with the cell that is given beside them.

    Args:
        defaults: Dict of option to default.
        given: Dict of option to value. What is as by default says nothing.
        by_cell: Dict of cell, such as `"esn"` or `"esn with horizon=1"`, to the set of its options;
            with None for all other cells.
        owner: Name of the recipe, for the message.

    Raises:
        ValueError: If one would be ignored; the message says with which cells it counts.

    Example:

    >>> by_cell = {None: {"cell", "units"}, "esn": {"cell", "units", "ridge"}}
    >>> ignored_options({"cell": "lstm"}, {"cell": "esn", "ridge": 0.1}, by_cell, "forecasting")
    """
    options = {**defaults, **given}
    here = counting_options(defaults, given, by_cell)
    for name, value in given.items():
        same = name in defaults and _same(value, defaults[name])
        if name in here or same:
            continue
        cells = [repr(key) for key in by_cell if key is not None and name in by_cell[key]]
        whose = [f"the cell {' or '.join(cells)}"] if cells else []
        if name in by_cell[None]:
            others = [repr(key) for key in by_cell if key is not None and name not in by_cell[key]]
            whose.append(f"cells other than {', '.join(others)}")
        raise ValueError(
            f"The option {name!r} of the recipe {owner!r} is of {' and of '.join(whose)}: here it "
            f"would be ignored. Received: {name}={value!r} with cell={options.get('cell')!r}"
        )


def counting_options(defaults, given, by_cell):
    """The set of the options that count with the cell that is given, or is the default; arguments
    as in `ignored_options`.

    >>> by_cell = {None: {"cell", "units"}, "esn": {"cell", "units", "ridge"}}
    >>> sorted(counting_options({"cell": "lstm"}, {"cell": "esn"}, by_cell))
    ['cell', 'ridge', 'units']
    """
    return by_cell[_key(by_cell, {**defaults, **given})]


def idle_options(known, given, owner, varied=()):
    """Refuses options that the value of another one switches off.

    Args:
        known: Dict of name to `Option`.
        given: Dict of option to value. What is as by default says nothing.
        owner: What they are of, for the message.
        varied: Names of options that take other values at other times, and so switch nothing off.

    Raises:
        ValueError: If one would be ignored; the message names the other.

    Example:

    >>> size = Option("kernel_size", 5, "Steps that it sees. No effect with `filters=0`.")
    >>> known = {"filters": Option("filters", 0), "kernel_size": size}
    >>> idle_options(known, {"filters": 8, "kernel_size": 3}, "the recipe 'sentiment'")
    """
    options = {**{name: each.default for name, each in known.items()}, **given}
    for name, value in given.items():
        if _same(value, known[name].default):
            continue
        for other, values in known[name].idle.items():
            off = options.get(other, ...)
            if other in varied or not any(_same(off, each) for each in values):
                continue
            said = "" if other in given else ", its default"
            raise ValueError(
                f"The option {name!r} of {owner} has no effect with "
                f"{other}={off!r}{said}: give another {other} too, or leave {name} out. "
                f"Received: {name}={value!r}"
            )


def _same(one, other):
    """Whether two values are equal and of one type."""
    return type(one) is type(other) and one == other


def _key(by_cell, options):
    """The key that some options come under, the one that says most."""
    cell = options.get("cell")
    for key in filter(None, by_cell):
        name, _, condition = key.partition(" with ")
        option, _, value = condition.partition("=")
        if condition and name == cell and str(options.get(option)) == value:
            return key
    return cell if isinstance(cell, str) and cell in by_cell else None


class SpaceInWords:
    """Stands in for keras-tuner's HyperParameters and gives back what was asked for, in words."""

    def Choice(self, name, values, **_):
        return " or ".join(map(str, values))

    def Int(self, name, min_value, max_value, step=None, sampling=None, **_):
        return self._range(min_value, max_value, step, sampling)

    Float = Int

    def Boolean(self, name, **_):
        return "True or False"

    def Fixed(self, name, value, **_):
        return str(value)

    @staticmethod
    def _range(least, most, step, sampling):
        text = f"{least} to {most}"
        text += f" in steps of {step}" if step else ""
        return text + (f" ({sampling} scale)" if sampling else "")
