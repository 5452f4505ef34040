"""Rows: what is missing among them is filled, inserted or refused by name."""

import re

import numpy as np
import pandas as pd
import pytest

from tests.data.readers.test_series import (
    DAYS,
    NAN,
    SECONDS,
    TOY,
    WHOLE,
    A,
    B,
    frame,
    parts,
    table,
    whole,
)

# === Missing values ===


def test_short_gaps_are_filled_as_inputs_and_left_out_as_targets(write):
    cells = list(range(40))
    for row, word in zip((3, 4, 20, 21, 22, 23, 24), ["", "NA", *["nan"] * 5], strict=True):
        cells[row] = word
    with pytest.warns(UserWarning, match="line 5: the column 'a' misses 7 of 40 values"):
        data = TOY.data(write(table(DAYS, cells)))
    x, y = parts(data)["train"]
    np.testing.assert_allclose(x[:, 1], np.arange(28.0))
    expected = np.arange(28.0)
    expected[[3, 4, 20, 21, 22, 23, 24]] = NAN
    np.testing.assert_array_equal(y[:, 0], expected)


def test_long_gaps_are_filled_by_the_seasons_around_them(write):
    """Season of 7: a line through the known values of the same day of the week."""
    values = [float(day % 7 + day // 7) for day in range(40)]  # each week is 1 above the last
    cells = ["" if 10 <= day < 20 or day >= 34 else value for day, value in enumerate(values)]
    with pytest.warns(UserWarning, match="misses 16 of 40 values.*interpolation, as targets left"):
        data = TOY.data(write(table(DAYS, cells)))
    x, y = whole(data)
    np.testing.assert_allclose(x[:34, 1], values[:34])
    np.testing.assert_allclose(x[34:, 1], values[27:33])  # the end: the week before
    assert np.flatnonzero(np.isnan(y[:, 0])).tolist() == [*range(10, 20), *range(34, 40)]


def test_columns_of_which_too_little_is_known(write):
    cells = [*range(10), *[""] * 29, 5]
    with pytest.raises(ValueError, match="line 12: the column 'a' misses 29 of 40 values.*input="):
        TOY.data(write(table(DAYS, cells)))
    cells[12] = "inf"
    with pytest.raises(ValueError, match="line 14: the column 'a' holds inf; expected a finite"):
        TOY.data(write(table(DAYS, cells)))


# === Missing rows ===


def test_missing_rows_are_inserted_with_one_warning(write):
    kept = [row for row in range(40) if row not in (10, 11, 20)]
    path = write(table([DAYS[row] for row in kept], *np.take([A, B], kept, axis=1)))
    with pytest.warns(UserWarning) as caught:
        data = TOY.data(path)
    (warning,) = caught
    assert re.search(
        r"data.csv, line 12: the row for 2024-01-11 is missing before this one. It is the first of "
        "3 missing rows, inserted among 37. As inputs .* interpolation, as targets left out",
        str(warning.message),
    )
    x, y = whole(data)
    np.testing.assert_array_equal(x[:, 0], SECONDS)
    np.testing.assert_array_equal(x[kept], WHOLE[kept])
    np.testing.assert_allclose(x[20, 1:], (WHOLE[19, 1:] + WHOLE[21, 1:]) / 2)
    assert np.isnan(y[[10, 11, 20]]).all()
    np.testing.assert_array_equal(y[kept], WHOLE[kept, 1:])
    assert [len(part) for part, _ in parts(data).values()] == [28, 32, 40]


def test_missing_months_are_inserted():
    frame = pd.DataFrame({"a": A}, pd.date_range("1949-01-31", periods=40, freq="ME"))
    with pytest.warns(UserWarning, match="row 10: the row for 1949-11-30 .* first of 2 missing"):
        x, _ = whole(TOY.data(frame.drop(frame.index[[10, 11]])))
    np.testing.assert_array_equal(x[:, 0], frame.index.astype("datetime64[s]").astype("int64"))


def test_rows_missing_between_parts_are_those_of_the_later_one():
    one = frame()
    with pytest.warns(UserWarning, match="row 0: the row for 2024-01-29 is missing"):
        data = TOY.data({"train": one[:28], "val": one[30:34], "test": one[34:]})
    found = parts(data)
    assert [len(x) for x, _ in found.values()] == [28, 34, 40]
    assert np.isnan(found["validation"][1][28:30]).all()
    np.testing.assert_array_equal(found["validation"][1][30:], WHOLE[30:34, 1:])


def test_lines_are_right_after_inserted_rows(write):
    kept = [row for row in range(40) if row not in (10, 11)]
    cells = {row: float(row) for row in kept}
    # Row 20 is line 20 of the file: the header and 18 rows precede it.
    path = write(table([DAYS[row] for row in kept], [*{**cells, 20: "inf"}.values()]))
    with (
        pytest.warns(UserWarning, match="line 12"),
        pytest.raises(ValueError, match="line 20: the column 'a' holds inf"),
    ):
        TOY.data(path)
    path = write(table([DAYS[row] for row in kept], [*{**cells, 20: ""}.values()]))
    with pytest.warns(UserWarning) as caught:
        x, _ = whole(TOY.data(path))
    assert len(caught) == 2 and "line 20: the column 'a' misses 1 of 38" in str(caught[1].message)
    np.testing.assert_allclose(x[:, 1], range(40))
