"""Plots of sound and of handwriting; see `rnnkit.plots`, which has these functions too."""

import numpy as np

from rnnkit.features import Audio
from rnnkit.formats import points as pen
from rnnkit.plots.drawing import COLOURS, finish, look, new_axes, readable


def spectrogram(feature, wav, text=None, ax=None):
    """The input that a model gets of a clip: its log-mel spectrogram over time and frequency.

    Args:
        feature: An `Audio` feature whose sampling rate is known.
        wav: One clip in any form that `feature.to_tensor` takes: bytes or path of a wav file, an
            array of samples, or a pair `(samples, rate)`.
        text: Its words, for the title, or None.
        ax: Matplotlib Axes to draw on, or None for new ones.

    Returns:
        The Axes. Brighter is louder, in decibels below the clip's loudest.

    Raises:
        ValueError: If the feature is no `Audio` or has no sampling rate yet.

    Example:

    >>> wav, text = next(data.test.as_numpy_iterator())
    >>> rnnkit.plots.spectrogram(model.input_feature, wav, text)
    """
    if not isinstance(feature, Audio) or feature.sampling_rate is None:
        raise ValueError(
            "spectrogram needs an Audio feature that has been adapted or was given its "
            f"sampling rate. Received: {type(feature).__name__}"
        )
    loudness, edges = feature.spectrogram(wav)  # [frames, mels], [mels + 1]
    loudness = 10 / np.log(10) * (loudness - loudness.max())  # decibels
    times = feature.hop * np.arange(len(loudness) + 1)
    ax = new_axes(ax, (7.0, 3.2))
    image = ax.pcolormesh(
        times, np.arange(len(edges)), loudness.T, cmap="viridis", rasterized=True,
        vmin=max(-60.0, loudness.min()), vmax=0.0,
    )  # fmt: skip
    # Channels are equally high; the ticks say which frequencies they are at.
    octaves = (125, 250, 500, 1000, 2000, 4000, 8000, 16_000)
    shown = [hertz for hertz in octaves if edges[0] <= hertz <= edges[-1]]
    ticks = np.interp(shown, edges, np.arange(len(edges)))
    ax.set_yticks(ticks, [f"{hertz:,}" for hertz in shown])
    ax.set_xlabel("time (s)")
    ax.set_ylabel("frequency (Hz)")
    if text is not None:
        ax.set_title(readable(text))
    ax.figure.colorbar(image, ax=ax, label="dB below the loudest")
    return ax


def strokes(points, text=None, ax=None, upwards=False):
    """Handwriting, each stroke of the pen a line.

    Args:
        points: One piece of writing: `[points, 3]` or a string `"x y up;x y up;..."`.
        text: What it says, for the title, or None.
        ax: Matplotlib Axes, or None for new ones.
        upwards: Whether y grows upwards, as in mathematics, rather than downwards, as on screens
            and tablets.

    Returns:
        The Axes.

    Raises:
        ValueError: For what are no pen points.

    Example:

    >>> rnnkit.plots.strokes(rnnkit.datasets.letters.draw("word", slant=0.3), "word")
    """
    points = pen.parse(points)
    span = np.ptp(points[:, :2], axis=0)
    ax = new_axes(ax, (float(np.clip(0.6 + 1.6 * span[0] / max(span[1], 1e-9), 2.0, 9.0)), 2.2))
    ends = np.flatnonzero(points[:-1, 2] == 1) + 1
    for line in np.split(points, ends):
        dot = len(line) == 1
        ax.plot(
            line[:, 0], line[:, 1], "o" if dot else "-", color="black", lw=2, ms=3,
            solid_capstyle="round", solid_joinstyle="round",
        )  # fmt: skip
        ax.plot(line[0, 0], line[0, 1], ".", color=COLOURS[0], ms=5)  # where the stroke begins
    ax.set_aspect("equal")
    ax.axis("off")
    if not upwards and not ax.yaxis_inverted():
        ax.invert_yaxis()
    if text is not None:
        ax.set_title(readable(text))
    return ax


def error_against_noise(levels, errors, ax=None, level="signal-to-noise ratio (dB)"):
    """Error rates at several levels of noise.

    Args:
        levels: Levels of noise, `[levels]`.
        errors: Error rates at these, `[levels]`, as fractions; or a dict of name to such.
        ax: Matplotlib Axes, or None for new ones.
        level: What the levels are, for the axis.

    Returns:
        The Axes.

    Raises:
        ValueError: If there are not as many errors as levels.
    """
    curves = errors if isinstance(errors, dict) else {"": errors}
    ax = new_axes(ax)
    for index, (name, values) in enumerate(curves.items()):
        if len(values) != len(levels):
            raise ValueError(
                f"errors must be as many as levels. Received: {len(values)} and {len(levels)}"
            )
        ax.plot(
            levels, 100 * np.asarray(values, "float64"), **look(index), marker="o",
            label=name or None,
        )  # fmt: skip
    ax.set_ylim(bottom=0)
    return finish(ax, level, "error rate (%)", legend=isinstance(errors, dict))
