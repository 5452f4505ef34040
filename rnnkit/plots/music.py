"""Plots of music; see `rnnkit.plots`, which has this function too."""

import numpy as np

from rnnkit.features.music import Melody, Music, Roll
from rnnkit.formats import midi, notation
from rnnkit.plots.drawing import COLOURS, new_axes

# Patterns of several voices of music beside their colours, for readers without colour.
HATCHES = ("", "////", "....", "xxxx")


def piano_roll(music, ax=None, labels=None):
    """Which notes sound when: a bar for each note, pitch upwards, time to the right.

    Args:
        music: A `rnnkit.features.Melody` or `Roll` (what `infer` gives), the text of one, an array
            `[steps, 88]` (above 0 where a key is down), or a list of `rnnkit.formats.midi.Note`. Or
            a dict of name to any of these, which are drawn over each other in the order given.
        ax: Matplotlib Axes to draw on, or None for new ones.
        labels: Whether each bar has its note's name; by default where there are at most 40 notes.

    Returns:
        The Axes. Time is in beats, or in steps for an array; a line marks each C.

    Raises:
        ValueError: If it is no music, or has no notes.

    Example:

    >>> rnnkit.plots.piano_roll(model.infer("march", seed=1))
    """
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    parts = music if isinstance(music, dict) else {"notes": music}
    found = {name: _notes(part) for name, part in parts.items()}
    every = [note for notes, _ in found.values() for note in notes]
    if not every:
        raise ValueError("piano_roll needs music with notes. Received: none that sounds")
    low, high = min(note.pitch for note in every), max(note.pitch for note in every)
    last = max(note.end for note in every)
    ax = new_axes(ax, (float(np.clip(1.5 + 0.22 * last, 6, 14)), 3.4))
    labels = len(every) <= 40 if labels is None else labels
    for octave in range(low // 12, high // 12 + 2):
        ax.axhline(12 * octave - 0.5, color="0.8", lw=0.8, zorder=0)
    for index, (name, (notes, _)) in enumerate(found.items()):
        style = {
            "facecolor": COLOURS[index % len(COLOURS)], "hatch": HATCHES[index % len(HATCHES)],
            "edgecolor": "white",
        }  # fmt: skip
        bars = [
            Rectangle((note.start, note.pitch - 0.45), note.end - note.start, 0.9) for note in notes
        ]
        alpha = 0.9 if len(found) == 1 else 0.65
        ax.add_collection(PatchCollection(bars, **style, lw=0.6, alpha=alpha))
        if len(found) > 1:  # a collection of patches shows none in a legend
            ax.add_patch(Rectangle((0, 0), 0, 0, **style, label=name))
        if labels:
            for note in notes:
                ax.text(
                    note.start, note.pitch + 0.5, notation.pitch_name(note.pitch),
                    ha="left", va="bottom", fontsize=8,
                )  # fmt: skip
    ax.set_xlim(0, last)
    ax.set_ylim(low - 1.5, high + 2.5)
    names = [pitch for pitch in range(low - 1, high + 3) if pitch % 12 in (0, 4, 7)]
    ax.set_yticks(names, [notation.pitch_name(pitch) for pitch in names])
    ax.set_xlabel("time (steps)" if all(steps for _, steps in found.values()) else "time (beats)")
    ax.set_ylabel("pitch")
    if len(found) > 1:
        ax.legend(loc="upper right", fontsize=9)
    return ax


def _notes(music):
    """The notes of music in any form, and whether their times are steps."""
    if isinstance(music, Music):
        return music.notes, False
    if isinstance(music, str):
        return (Melody if ":" in music else Roll)(music).notes, False
    if isinstance(music, (list, tuple)) and all(isinstance(each, midi.Note) for each in music):
        return list(music), False
    try:
        array = np.asarray(music)
    except ValueError:
        array = np.zeros(0)
    if array.ndim != 2 or array.shape[1] != notation.KEYS or array.dtype.kind not in "biuf":
        raise ValueError(
            "music must be a Melody or Roll, the text of one, an array [steps, 88], or a list of "
            f"notes. Received: {type(music).__name__} of shape {array.shape}"
        )
    return midi.of_steps(array, 1), True
