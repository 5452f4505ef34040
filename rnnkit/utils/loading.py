"""Where a class is defined, in a form that another process can load it from."""

import importlib
import importlib.util
import inspect
import os
import pathlib
import sys


def locate(cls):
    """Where a class is defined, as text: `"module:Class"`, or `"/path/file.py:Class"`.

    Args:
        cls: A class at the top of a module of a package, or of a file.

    Raises:
        ValueError: If the class is in no file, or inside a function or another class.

    Example:

    >>> from rnnkit.utils.tables import ResultTable
    >>> locate(ResultTable)
    'rnnkit.utils.tables:ResultTable'
    """
    if getattr(sys.modules.get(cls.__module__), "__package__", None):
        where = cls.__module__
    else:
        try:
            where = os.path.abspath(inspect.getsourcefile(cls))
        except (TypeError, OSError):  # of a notebook, or typed in
            where = ""
    found = where == cls.__module__ or os.path.isfile(where)
    if not found or cls.__name__ != cls.__qualname__:
        raise ValueError(
            f"The class must be at the top of an installed module or a file. Received: {cls!r}"
        )
    return f"{where}:{cls.__name__}"


def load(where):
    """The class that `locate` described. Its module is run."""
    module, _, name = where.rpartition(":")
    module = module_of(module) if module.endswith(".py") else importlib.import_module(module)
    return getattr(module, name)


def module_of(path):
    """The module of a Python file, which is run.

    Args:
        path: Path of the file.

    Raises:
        ValueError: If there is no such file.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ValueError(f"There is no file {str(path)!r}")
    name = f"rnnkit_recipe_file_{path.stem}"  # no module of the user's is called so
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where a class looks for its source
    spec.loader.exec_module(module)
    return module
