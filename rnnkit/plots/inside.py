"""Plots of what goes on inside a network; see `rnnkit.plots`, which has these functions too."""

import keras
import numpy as np
import pandas as pd
from scipy import sparse

from rnnkit import diagnostics
from rnnkit.diagnostics import recurrent_layers
from rnnkit.layers import ESNCell
from rnnkit.plots.attention_maps import token_labels
from rnnkit.plots.drawing import COLOURS, SLANTED, finish, look, new_axes

# Words on an axis at most; of longer sequences the numbers of the steps are shown.
WORDS = 60


def gradient_flow(result, batch=None, ax=None, align="time", **options):
    """The norm of the gradient of the loss with respect to the state, by time step.

    Args:
        result: What `rnnkit.diagnostics.gradient_flow` gave; a dict of name to such, to compare
            models; or a model, with `batch`.
        batch: With a model, the data; see `rnnkit.diagnostics.gradient_flow`.
        ax: Matplotlib Axes to draw on, or None for new ones.
        align: `"time"` has the time steps of the sequences on the axis; `"end"` how many steps a
            gradient has passed since the last step that the layer reads, which puts sequences of
            different lengths, and both directions, on each other.
        **options: With a model, other arguments of `rnnkit.diagnostics.gradient_flow`.

    Returns:
        The Axes, with a logarithmic scale. A line is the mean over the examples of a layer's hidden
        state, the band goes from their 10 % to their 90 % quantile, and the legend says by which
        factor a gradient changes at each step back.

    Raises:
        ValueError: If the result is none of these.

    Example:

    >>> rnnkit.plots.gradient_flow(rnnkit.diagnostics.gradient_flow(model, data.train))
    """
    if batch is not None:
        result = diagnostics.gradient_flow(result, batch, **options)
    if align not in ("time", "end"):
        raise ValueError(f"align must be 'time' or 'end'. Received: align={align!r}")
    several = isinstance(result, dict)
    flows = result if several else {"": result}
    if not flows or not all(isinstance(each, diagnostics.GradientFlow) for each in flows.values()):
        raise ValueError(
            "result must be what rnnkit.diagnostics.gradient_flow gave, a dict of these, or a "
            f"model with batch=... Received: {type(result).__name__}"
        )
    lines = [(name, layer) for name, flow in flows.items() for layer in flow.layers]
    ax = new_axes(ax, (6.4, 3.8))
    for index, (name, layer) in enumerate(lines):
        # Of several models with one layer each their own names say enough.
        alone = several and len(flows[name].layers) == 1
        label = name if alone else f"{name} {layer.name}".strip()
        values = next(iter(layer.norms.values()))  # [examples, time]
        if align == "end":
            values = _from_end(values, layer.backwards)
        steps = np.arange(values.shape[1]) + (align == "time")
        norms = pd.DataFrame(values).where(values > 0)  # neither padding nor zeros
        ax.plot(
            steps, norms.mean(), **look(index), lw=2, marker="o" if len(steps) <= 12 else None,
            ms=4, label=f"{label}: × {layer.factor:.3g} a step back",
        )  # fmt: skip
        if len(norms) > 1:
            _band(ax, steps, *norms.quantile([0.1, 0.9]).to_numpy(), index)
    ax.set_yscale("log")
    if not several:
        ax.set_title(f"{result.verdict} ({result.worst.name})", fontsize=10)
    x = "time step" if align == "time" else "steps back from the last one read"
    y = "norm of the gradient of the loss\nwith respect to the state"
    return finish(ax, x, y, whole=True, size=9)


def gates(model, x, gate=None, layer=None, ax=None, y=None):
    """The values of the gates of a layer at each step of a sequence.

    Args:
        model: A model with an LSTM, a GRU or another cell with gates.
        x: One raw input, such as a text; for models that are not rnnkit's an array.
        gate: None shows all gates, each as the mean over its units with a band from the lower to
            the upper quartile. The name of one (`"forget"`) shows each of its units as a row.
        layer: Which layer; see `rnnkit.diagnostics.state_trajectory`.
        ax: Matplotlib Axes to draw on, or None for new ones.
        y: For layers of a decoder, the raw target that it reads.

    Returns:
        The Axes, with the words on the horizontal axis where there are any.

    Raises:
        ValueError: If there are no gates, or none of that name.

    Example:

    >>> rnnkit.plots.gates(model, "The trailer is dreadful, but the film is a delight.")
    """
    trace = diagnostics.gate_activations(model, x, layer, y=y)
    if gate is not None:
        if gate not in trace:
            raise ValueError(f"gate must be one of {list(trace)}. Received: gate={gate!r}")
        span = (-1, 1, "RdBu_r") if gate == "candidate" else (0, 1, "viridis")
        return _heat(trace, trace[gate], f"{gate} gate", span, ax)
    steps = len(next(iter(trace.values())))
    ax = new_axes(ax, (_width(trace, steps), 3.6))
    times = np.arange(1, steps + 1)
    shown = [name for name in trace if name != "candidate"]  # no gate, and on another scale
    for index, name in enumerate(shown):
        _band(ax, times, *np.quantile(trace[name], [0.25, 0.75], axis=1), index)
        ax.plot(
            times, trace[name].mean(axis=1), **look(index), lw=2,
            marker="o" if steps <= WORDS else None, ms=4, label=name,
        )  # fmt: skip
    ax.set_ylim(0, 1)
    finish(ax, "", "gate (0 shut, 1 open)", legend=False)
    _time_axis(ax, trace, times)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=len(shown), fontsize=9)
    return ax


def states(model, x, state="hidden", layer=None, ax=None, y=None):
    """The states of a layer over time: a row for each unit.

    Args:
        model: A model with a recurrent layer.
        x: One raw input, such as a text; for models that are not rnnkit's an array.
        state: Which state, `"hidden"` or of an LSTM `"cell"`.
        layer: Which layer; see `rnnkit.diagnostics.state_trajectory`.
        ax: Matplotlib Axes to draw on, or None for new ones.
        y: For layers of a decoder, the raw target that it reads.

    Returns:
        The Axes. Units are sorted by the step at which they are largest, so that units which are
        active together are next to each other; the axis has their numbers.

    Raises:
        ValueError: If there is no such state or layer.

    Example:

    >>> rnnkit.plots.states(model, "not bad at all")
    """
    trace = diagnostics.state_trajectory(model, x, layer, y=y)
    if state not in trace:
        raise ValueError(f"state must be one of {list(trace)}. Received: state={state!r}")
    values = trace[state]
    limit = max(float(np.abs(values).max(initial=0)), 1e-12)
    order = np.argsort(np.abs(values).argmax(axis=0), kind="stable")
    return _heat(trace, values, f"{state} state", (-limit, limit, "RdBu_r"), ax, order)


def memory(result, ax=None):
    """How well each delay is recalled: the squared correlations of a linear memory capacity.

    Args:
        result: What `rnnkit.diagnostics.memory_capacity` gave, or a dict of name to such.
        ax: Matplotlib Axes to draw on, or None for new ones.

    Returns:
        The Axes. The area under a line is the capacity.

    Raises:
        ValueError: For anything else.

    Example:

    >>> cells = {name: rnnkit.diagnostics.memory_capacity(name) for name in ("lstm", "esn")}
    >>> rnnkit.plots.memory(cells)
    """
    results = result if isinstance(result, dict) else {"": result}
    kind = diagnostics.MemoryCapacity
    if not results or not all(isinstance(each, kind) for each in results.values()):
        raise ValueError(
            "result must be what rnnkit.diagnostics.memory_capacity gave, or a dict of these. "
            f"Received: {type(result).__name__}"
        )
    ax = new_axes(ax)
    for index, (name, each) in enumerate(results.items()):
        label = f"{name or each.name}: capacity {each.capacity:.1f} of {each.states}"
        delays = np.arange(1, len(each.by_delay) + 1)
        ax.plot(delays, each.by_delay, **look(index), lw=2, label=label)
    ax.set_ylim(0, 1.03)
    return finish(ax, "delay (steps)", "squared correlation", above=True)


def eigenvalues(reservoir, ax=None):
    """The eigenvalues of recurrent weights in the complex plane, with the unit circle.

    Args:
        reservoir: Recurrent weights, `[units, units]` (dense or a SciPy sparse matrix); or a built
            `ESN` layer or cell, or an `EchoStateNetwork`, whose first reservoir is taken.
        ax: Matplotlib Axes, or None for new ones.

    Returns:
        The Axes.

    Example:

    >>> rnnkit.plots.eigenvalues(model)
    """
    matrix = reservoir
    if isinstance(matrix, keras.Model):
        matrix = recurrent_layers.find(matrix)[0].layer
    matrix = matrix.cell if isinstance(matrix, keras.layers.RNN) else matrix
    if isinstance(matrix, ESNCell):
        if not matrix.built:
            raise ValueError("eigenvalues needs weights: build the layer first, by calling it")
        matrix = matrix.recurrent_matrix()
    matrix = np.asarray(matrix.toarray() if sparse.issparse(matrix) else matrix, "float64")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise ValueError(
            "reservoir must be a square matrix of finite numbers, an ESN layer or a model of "
            f"them. Received: {type(reservoir).__name__} of shape {matrix.shape}"
        )
    found = np.linalg.eigvals(matrix)
    radius = np.abs(found).max()
    ax = new_axes(ax, (4.4, 4.0))
    angle = np.linspace(0, 2 * np.pi, 400)
    ax.plot(np.cos(angle), np.sin(angle), "-", color="black", lw=1, label="unit circle")
    ax.plot(
        radius * np.cos(angle), radius * np.sin(angle), "--", color=COLOURS[2], lw=1.2,
        label=f"spectral radius {radius:.3g}",
    )  # fmt: skip
    ax.plot(found.real, found.imag, ".", color=COLOURS[0], ms=5, alpha=0.8, label="eigenvalues")
    ax.set_aspect("equal")
    finish(ax, "real part", "imaginary part", legend=False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, fontsize=8)
    return ax


# === Shared ===


def _band(ax, x, low, high, index):
    ax.fill_between(x, low, high, color=COLOURS[index % len(COLOURS)], alpha=0.15, lw=0)


def _from_end(values, backwards):
    """Rows `[examples, time]` that begin where reading ends, filled up with NaN."""
    result = np.full(values.shape, np.nan)
    for row, each in zip(result, values, strict=True):
        there = each[~np.isnan(each)]
        row[: len(there)] = there if backwards else there[::-1]
    return result


def _heat(trace, values, label, span, ax, order=None):
    """A row for each unit of `[time, units]`, a column for each step."""
    steps, units = values.shape
    order = np.arange(units) if order is None else order
    ax = new_axes(ax, (_width(trace, steps) + 0.8, float(np.clip(1.4 + 0.09 * units, 2.6, 6.0))))
    low, high, colours = span
    image = ax.imshow(
        values[:, order].T, cmap=colours, vmin=low, vmax=high, aspect="auto",
        interpolation="nearest", extent=(0.5, steps + 0.5, units - 0.5, -0.5),
    )  # fmt: skip
    if units <= 24:
        ax.set_yticks(range(units), order + 1)
    else:
        ax.set_yticks([])
    ax.set_ylabel(f"unit (of {units})")
    _time_axis(ax, trace, np.arange(1, steps + 1))
    ax.figure.colorbar(image, ax=ax, label=label)
    return ax


def _width(trace, steps):
    worded = trace.words is not None and steps <= WORDS
    return float(np.clip(1.5 + 0.42 * steps, 4.5, 12.0)) if worded else 6.4


def _time_axis(ax, trace, times):
    direction = "read from the end" if trace.backwards else ""
    if trace.words is not None and len(times) <= WORDS:
        ax.set_xticks(times, token_labels(trace.words), **SLANTED)
        ax.set_xlim(0.5, len(times) + 0.5)
        ax.set_xlabel(direction)
        return
    ax.set_xlabel(f"time step, {direction}" if direction else "time step")
    ax.xaxis.get_major_locator().set_params(integer=True)
