"""Checks of arguments: what passes, what is refused, and how that is said."""

import re

import numpy as np
import pytest

from rnnkit.utils.checks import integer, nearest, number, one_of
from rnnkit.utils.config import arguments_of


@pytest.mark.parametrize("value", [0, True, 1.0, "3", None, -2])
def test_no_integer(value):
    with pytest.raises(ValueError, match=re.escape(f"Received: units={value!r}")):
        integer(value, "units")


def test_integers_become_pythons():
    assert type(integer(np.int64(3), "units")) is int
    assert integer(0, "seed", least=0) == 0
    with pytest.raises(ValueError, match="at least 1 and at most 4"):
        integer(5, "layers", most=4)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "0.5", None, 1.5, -0.1])
def test_no_number(value):
    with pytest.raises(ValueError, match="dropout must be a number at least 0 and at most 1"):
        number(value, "dropout", least=0, most=1)


def test_numbers_and_their_bounds():
    assert type(number(np.float32(0.5), "dropout")) is float
    with pytest.raises(ValueError, match="rate must be a number above 0. Received: rate=0"):
        number(0, "rate", above=0)
    with pytest.raises(ValueError, match="scale must be a finite number"):
        number(float("nan"), "scale")


def test_one_of_names_the_nearest():
    assert one_of(None, "attention", ("additive", None)) is None
    with pytest.raises(ValueError, match="'additive', None. Did you mean 'additive'[?] Received"):
        one_of("aditive", "attention", ("additive", None))
    with pytest.raises(ValueError, match="Received: attention=\\[\\]"):
        one_of([], "attention", ("additive", None))


def test_nearest():
    assert nearest("unit", {"units": 1, "cell": 2}) == " Did you mean 'units'?"
    assert nearest("x", ["units"]) == ""


def test_arguments_of_a_class_alone():
    class Base:
        def __init__(self, name=None):
            self.name = name

    class Scale(Base):
        def __init__(self, factor, *, offset=0.0, **kwargs):
            super().__init__(**kwargs)
            self.factor, self.offset = factor, offset

    assert arguments_of(Scale(2.0, name="s"), Scale) == {"factor": 2.0, "offset": 0.0}
