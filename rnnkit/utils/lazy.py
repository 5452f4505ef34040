"""Public names that import their module when they are first used.

Importing TensorFlow takes seconds. A package that lists its public names here stays importable in
milliseconds, and still completes names with `dir()`.
"""

import importlib
import sys


def attach(package, names):
    """Gives a package a lazy `__getattr__`, a `__dir__` and its `__all__` (PEP 562).

    Args:
        package: `__name__` of the package.
        names: dict of public name to the module (relative, such as `".text"`) that defines it.
            A module that has the name itself (`{"layers": ".layers"}`) is returned whole.

    Returns:
        The triple `(__getattr__, __dir__, __all__)`.
    """

    def __getattr__(name):
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(names[name], package)
        value = module if names[name] == f".{name}" else getattr(module, name)
        setattr(sys.modules[package], name, value)  # found at once the next time
        return value

    return __getattr__, listing(package, sorted(names)), sorted(names)


def listing(package, names):
    """A `__dir__` of public names alone: what is completed is no module or helper that happens to
    have been imported.

    Args:
        package: `__name__` of the package.
        names: Its public names.
    """

    def __dir__():
        return sorted({*names, *(name for name in vars(sys.modules[package]) if name[:2] == "__")})

    return __dir__
