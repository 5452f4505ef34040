"""Docstrings read from sources."""

import inspect

from rnnkit.utils import docstrings


def test_arguments_of_a_docstring():
    text = """Does it.

    Args:
        first, second: Two things,
            told together: both.
        *rest: Others.

    Returns:
        first: Not an argument.
    """
    assert docstrings.arguments(text) == {
        "first": "Two things, told together: both.",
        "second": "Two things, told together: both.",
        "rest": "Others.",
    }
    assert docstrings.arguments(text, "Options") == docstrings.arguments(None) == {}


def test_a_definition_without_importing_it(tmp_path, monkeypatch):
    (tmp_path / "unheard").mkdir()
    (tmp_path / "unheard" / "__init__.py").write_text("raise RuntimeError\n")
    (tmp_path / "unheard" / "sizes.py").write_text(
        '''
SIZES = (1, 2)
POWERS = tuple(2**n for n in range(3))


def helper(units, *, rate=0.5):
    """Helps.

    Args:
        units: How many.
        rate: How fast.
    """


class Base:
    """Is below.

    Args:
        size: How large.
    """

    def __init__(self, size, name=None):
        pass


class Upper(Base):
    """Is above.

    Args:
        units: Here and there, as in `helper`.
        sizes: All of them.
    """

    def __init__(self, size, units=-1, sizes=SIZES, powers=POWERS, *, seed, **kwargs):
        pass


class Same(Base):
    """As below."""
'''
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = docstrings.definition("unheard", "Upper")
    empty = inspect.Parameter.empty
    assert found.defaults == {
        **{"size": empty, "name": None, "units": -1, "sizes": (1, 2), "powers": ...},
        "seed": empty,
    }
    assert found.texts == {
        "size": "How large.",
        "units": "Here and there: How many.",
        "sizes": "All of them.",
    }
    assert docstrings.definition("unheard", "Same").defaults == {"size": empty, "name": None}
    assert docstrings.definition("unheard", "Other") is None
    assert docstrings.text_of("unheard", "helper", 1) == "How fast."
    assert docstrings.text_of("unheard", "Other", "x") == ""


def test_what_arguments_become():
    def features(self, data, *, most=3, spacing=0.2, lost=1):
        text = self.made.Text("x", most)
        return text, self.made.Strokes(spacing=spacing or None, last=1 if lost else 2)

    found = docstrings.passed_on(features)
    assert found == {"most": ("Text", 1), "spacing": ("Strokes", "spacing")}
    assert docstrings.passed_on(print) == {}
