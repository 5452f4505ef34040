"""Decimal commas and groups of thousands: told, or refused where they may be read in two ways."""

import pytest

from rnnkit.formats import decimals
from rnnkit.formats.tables import Table


def read(decimal=None, apart=(), **columns):
    table = Table(columns, range(2, 2 + len(next(iter(columns.values())))), "a.csv")
    return decimals.with_points(table, decimal, apart).columns


@pytest.mark.parametrize(
    "cells, expected",
    [
        (["50,09", "6", ""], ["50.09", "6", ""]),
        (["1.234,5", "1.234"], ["1234.5", "1234"]),
        (["0,125", "1,125"], ["0.125", "1.125"]),
        (["1,234.5", "1,234"], ["1234.5", "1234"]),
        (["1,234,567", "2"], ["1234567", "2"]),
        (["1 234,5", "-2\u202f345,25"], ["1234.5", "-2345.25"]),
        (["1,5e3", "+2,5"], ["1.5e3", "+2.5"]),
    ],
)
def test_the_mark_is_told_from_what_has_one_reading(cells, expected, capsys):
    assert read(x=cells)["x"] == expected
    assert "a.csv, line" in capsys.readouterr().out


def test_one_mark_is_for_the_whole_table(capsys):
    """1.234 is 1234 beside 2,5, and 1,234 is 1234 beside 2.5."""
    assert read(x=["1.234"], y=["2,5"]) == {"x": ["1234"], "y": ["2.5"]}
    assert read(x=["1,234"], y=["2.5"]) == {"x": ["1234"], "y": ["2.5"]}
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2 and "'1,234' is read as 1234, with a decimal point" in said[1]


def test_what_may_be_read_in_two_ways_is_refused():
    with pytest.raises(ValueError, match="a.csv, line 2: '1,234'.* 1.234 with .* or 1234 with"):
        read(x=["1,234", "5"])
    with pytest.raises(ValueError, match="line 3: '1,5' .*comma, but a.csv, line 2: '2.5'"):
        read(x=["", "1,5"], y=["2.5", "3.5"])
    assert read(",", x=["1,234", "5"]) == {"x": ["1.234", "5"]}
    assert read(".", x=["1,234", "5"]) == {"x": ["1234", "5"]}
    with pytest.raises(ValueError, match="decimal must be"):
        read(";", x=["1"])


def test_texts_labels_and_plain_numbers_are_left(capsys):
    columns = {"text": ["1,5", "well, yes"], "label": ["1,0", "2,0"], "x": ["1.5", "1.234"]}
    assert read(apart=("label",), **columns) == columns
    assert capsys.readouterr().out == ""
