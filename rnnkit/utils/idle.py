"""Arguments of a class that another one switches off, as its docstring says."""

import contextvars
import functools

from rnnkit.utils.options import idle_options, options_of_class

# Who makes an object: None is a user's call; "recipe", which has checked its options, of which a
# search may vary some that are switched off at times; "file", which is taken as it is.
origin = contextvars.ContextVar("origin", default=None)


def made_by(who):
    """A decorator of functions in which objects are made by `"recipe"` or `"file"`."""

    def decorate(function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            # What a file holds is taken as it is, also where a recipe loads it.
            token = origin.set(who if who == "file" else origin.get() or who)
            try:
                return function(*args, **kwargs)
            finally:
                origin.reset(token)

        return call

    return decorate


def refuse_idle(cls, arguments):
    """Refuses arguments that a user gave a class and that would be ignored.

    Args:
        cls: The class, in whose docstring an argument says ``No effect with `filters=0`.``
        arguments: Dict of argument to value. What is as by default says nothing.

    Raises:
        ValueError: If one would be ignored; the message names the other.
    """
    if origin.get() is None:
        known = _known(cls)
        given = {name: value for name, value in arguments.items() if name in known}
        idle_options(known, given, cls.__name__)


@functools.cache
def _known(cls):
    return options_of_class(cls, "rnnkit.models")
