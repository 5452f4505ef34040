"""Calls with an option that a method does not have are refused, with the nearest that it has."""

import functools
import inspect

from rnnkit.utils.checks import nearest


class UnknownOption(TypeError, ValueError):
    """An option that there is not: a TypeError, as Python's own, and a ValueError, as all that
    rnnkit refuses."""


def known_options(owner, name, further=()):
    """The names that a method takes, those included that it hands on as `**kwargs`.

    Args:
        owner: The object.
        name: Name of the method. What it has as `**kwargs` goes to those of this name in the base
            classes.
        further: Names of other methods that it hands `**kwargs` to as well.

    Returns:
        List of names.

    Example:

    >>> known_options(rnnkit.features.Label(), "encode")
    ['values', 'truncate']
    """
    found = {}
    for method in (name, *further):
        for each in type(owner).__mro__:
            function = vars(each).get(method)
            if function is None:
                continue
            parameters = list(inspect.signature(function).parameters.values())[1:]
            found |= {part.name: None for part in parameters if part.kind in _NAMED}
            if all(part.kind is not inspect.Parameter.VAR_KEYWORD for part in parameters):
                break
    return list(found)


def check_call(given, known, what):
    """Raises an `UnknownOption` for a name that is not known.

    Args:
        given: Names, or a dict by name.
        known: Names that there are.
        what: What has them, for the message, such as `"infer"`.
    """
    for option in given:
        if option not in known and not option.startswith("_"):  # those are Keras' own
            raise UnknownOption(
                f"{what} has no option {option!r}.{nearest(option, known)} "
                f"Options: {', '.join(known)}"
            )


def checked_call(function, further=(), options_of=None):
    """A method that refuses options which neither it nor those it hands them on to have.

    Args:
        function: The method.
        further: As in `known_options`.
        options_of: Function of the object and the method's name that gives more names that it
            has, or None.
    """
    parameters = inspect.signature(function).parameters.values()
    own = {part.name for part in parameters if part.kind in _NAMED}

    @functools.wraps(function)
    def call(self, *args, **kwargs):
        if not own.issuperset(kwargs):
            name = function.__name__
            known = known_options(self, name, further)
            known += list(options_of(self, name)) if options_of else []
            check_call(kwargs, known, name)
        return function(self, *args, **kwargs)

    return call


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
