"""The configuration of an object, from the arguments of its constructor."""

import inspect


def arguments_of(item, cls):
    """The arguments that a class adds, as an object has them: what `get_config` gives.

    Args:
        item: Object whose attributes are called as the arguments are.
        cls: The class whose `__init__` is looked at; `**kwargs` is left to its base.

    Returns:
        Dict of the argument's name to the attribute's value.

    Example:

    >>> class Scale:
    ...     def __init__(self, factor=2.0, **kwargs):
    ...         self.factor = factor
    >>> arguments_of(Scale(3.0), Scale)
    {'factor': 3.0}
    """
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return {each.name: getattr(item, each.name) for each in parameters if each.kind in named}


def given(names):
    """The arguments of a constructor, from its `locals()` in its first line.

    Args:
        names: `locals()` before any other name is bound.

    Returns:
        Dict of the argument's name to its value.

    Example:

    >>> class Scale:
    ...     def __init__(self, factor=2.0):
    ...         self.arguments = given(locals())
    >>> Scale(3.0).arguments
    {'factor': 3.0}
    """
    return {name: value for name, value in names.items() if name not in ("self", "__class__")}
