"""What is done around the import of another package, whoever imports it."""

import importlib.abc
import importlib.util
import sys


def around(package, manager):
    """Has a package imported within a context manager, once, if it is not imported yet.

    Args:
        package: Name of a package.
        manager: Function without arguments that gives the context manager.

    Returns:
        Whether the package is still to be imported.

    Example:

    >>> import contextlib
    >>> around("sys", contextlib.nullcontext)
    False
    """
    if package in sys.modules:
        return False
    if not any(isinstance(each, _Finder) and each.package == package for each in sys.meta_path):
        sys.meta_path.insert(0, _Finder(package, manager))
    return True


class _Finder(importlib.abc.MetaPathFinder):
    """Waits for the import of a package, and is gone then.

    To be asked where the package is, as TensorFlow asks of Keras, is no import.
    """

    def __init__(self, package, manager):
        self.package, self.manager = package, manager
        self._asking = False

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self.package or self._asking:
            return None
        self._asking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._asking = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self)
        return spec


class _Loader(importlib.abc.Loader):
    """Imports a package as its own loader does, within the context manager."""

    def __init__(self, loader, finder):
        self._loader = loader
        self._finder = finder

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        with self._finder.manager():
            self._loader.exec_module(module)
