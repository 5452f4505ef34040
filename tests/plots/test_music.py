"""The piano roll draws the notes it is given."""

import matplotlib
import numpy as np
import pytest

from rnnkit import plots
from rnnkit.features.music import Melody, Roll
from rnnkit.formats.midi import Note


def bars(ax):
    """Start, pitch and length of each bar."""
    found = []
    for collection in ax.collections:
        for path in collection.get_paths():
            (x0, y0), (x1, y1) = path.get_extents().get_points()
            found.append((float(x0), float((y0 + y1) / 2), float(x1 - x0)))
    return found


def axes():
    return matplotlib.figure.Figure().subplots()


def test_a_bar_for_each_note():
    ax = axes()
    assert plots.piano_roll(Melody("C4:1 R:1 E4:1/2"), ax=ax) is ax
    assert bars(ax) == pytest.approx(np.array([(0, 60, 1), (2, 64, 0.5)]))
    assert [text.get_text() for text in ax.texts] == ["C4", "E4"]
    # Names begin where their notes do, and none is left of the axis.
    assert [text.get_position()[0] for text in ax.texts] == [0, 2]
    assert {text.get_horizontalalignment() for text in ax.texts} == {"left"}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (beats)", "pitch")
    assert ax.get_legend() is None


def test_forms_of_music():
    array = np.zeros((4, 88), "uint8")
    array[1:3, 39] = 1
    ax = plots.piano_roll(array, ax=axes())
    assert bars(ax) == pytest.approx(np.array([(1, 60, 2)]))
    assert ax.get_xlabel() == "time (steps)"
    for music in (Roll(array), "R C4 C4 R", [Note(0.25, 0.75, 60)]):
        assert bars(plots.piano_roll(music, ax=axes())) == pytest.approx(
            np.array([(0.25, 60, 0.5)])
        )
    ax = plots.piano_roll({"given": "C4:1", "written": "R:1 D4:1"}, ax=axes(), labels=False)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["given", "written"]
    assert not ax.texts
    assert Melody("C4:1").plot(ax=axes()).collections


def test_what_is_no_music():
    with pytest.raises(ValueError, match="none that sounds"):
        plots.piano_roll(Melody("R:1"), ax=axes())
    for bad in (3, np.zeros((3, 7)), [1, 2], None):
        with pytest.raises(ValueError, match="music must be a Melody"):
            plots.piano_roll(bad, ax=axes())
