"""Plots of gradients, gates, states and memory show the numbers that were measured."""

import keras
import matplotlib.figure
import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnnkit import plots
from rnnkit.diagnostics import gate_activations, gradient_flow, memory_capacity, state_trajectory
from rnnkit.features import Label, Text
from rnnkit.models import ManyToOne
from rnnkit.tuning import TuningResult

TEXTS, LABELS = ["not bad at all", "bad"], ["yes", "no"]


@pytest.fixture(autouse=True)
def no_figure_is_left():
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def model():
    return ManyToOne(Text().adapt(TEXTS), Label().adapt(LABELS), units=3, seed=1)


@pytest.fixture(scope="module")
def flow(model):
    return gradient_flow(model, (TEXTS, LABELS))


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_gradients_by_time_and_from_the_end(model, flow):
    given = matplotlib.figure.Figure().subplots()
    assert flow.plot(ax=given) is given and plt.get_fignums() == []
    (line,) = given.get_lines()
    norms = flow.layers[0].norms["hidden"]
    np.testing.assert_allclose(line.get_ydata(), np.nanmean(norms, axis=0))
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4])
    assert given.get_yscale() == "log" and given.get_xlabel() == "time step"
    assert legend(given) == [f"encoder: × {flow.layers[0].factor:.3g} a step back"]
    ax = plots.gradient_flow(flow, align="end")
    values = ax.get_lines()[0].get_ydata()
    assert values[0] == pytest.approx((norms[0, 3] + norms[1, 0]) / 2)
    np.testing.assert_allclose(values[1:], norms[0, 2::-1])
    assert ax.get_xlabel() == "steps back from the last one read"
    ax = plots.gradient_flow({"one": flow, "other": flow})
    assert [text.split(":")[0] for text in legend(ax)] == ["one", "other"]
    direct = plots.gradient_flow(model, (TEXTS, LABELS), layer="encoder")
    np.testing.assert_allclose(direct.get_lines()[0].get_ydata(), line.get_ydata(), rtol=1e-5)
    with pytest.raises(ValueError, match="align must be 'time' or 'end'. Received: align='x'"):
        plots.gradient_flow(flow, align="x")
    for wrong in (3, {}, {"a": 1}):
        with pytest.raises(ValueError, match="must be what rnnkit.diagnostics.gradient_flow gave"):
            plots.gradient_flow(wrong)


def test_gates_over_a_sentence(model):
    trace = gate_activations(model, TEXTS[0])
    ax = plots.gates(model, TEXTS[0])
    assert labels(ax.xaxis) == ["not", "bad", "at", "all"]
    assert legend(ax) == ["input", "forget", "output"] and ax.get_ylim() == (0, 1)
    for line, name in zip(ax.get_lines(), ("input", "forget", "output"), strict=True):
        np.testing.assert_allclose(line.get_ydata(), trace[name].mean(axis=1))
    given = matplotlib.figure.Figure().subplots()
    assert plots.gates(model, TEXTS[0], gate="forget", ax=given) is given
    (image,) = given.get_images()
    np.testing.assert_allclose(image.get_array(), trace["forget"].T)
    assert image.get_clim() == (0, 1) and labels(given.xaxis) == ["not", "bad", "at", "all"]
    with pytest.raises(ValueError, match="gate must be one of .*'forget'.*Received: gate='reset'"):
        plots.gates(model, TEXTS[0], gate="reset")


def test_states_over_time(model):
    trace = state_trajectory(model, TEXTS[0])
    ax = plots.states(model, TEXTS[0], state="cell")
    (image,) = ax.get_images()
    order = [int(label) - 1 for label in labels(ax.yaxis)]
    np.testing.assert_allclose(image.get_array(), trace["cell"].T[order])
    low, high = image.get_clim()
    assert high == -low == pytest.approx(np.abs(trace["cell"]).max())
    ax.figure.canvas.draw()
    plain = keras.Sequential([keras.Input((None, 2)), keras.layers.GRU(40, go_backwards=True)])
    ax = plots.states(plain, np.ones((70, 2)))
    assert ax.get_xlabel() == "time step, read from the end" and labels(ax.yaxis) == []
    with pytest.raises(ValueError, match="state must be one of .'hidden'.. Received: state='cell'"):
        plots.states(plain, np.ones((7, 2)), state="cell")


def test_memory_by_delay():
    found = memory_capacity("esn", 4, topology="delay_line", length=400, input_scaling=0.01)
    ax = plots.memory({"line": found})
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), found.by_delay)
    assert legend(ax) == [f"line: capacity {found.capacity:.1f} of 4"]
    ax.figure.canvas.draw()
    assert ax.get_legend().get_window_extent().y0 >= ax.get_window_extent().y1  # hides no curve
    given = matplotlib.figure.Figure().subplots()
    assert found.plot(ax=given) is given
    with pytest.raises(ValueError, match="must be what rnnkit.diagnostics.memory_capacity gave"):
        plots.memory([1, 2])


def test_a_search_draws_itself():
    class Result(TuningResult):
        objective, direction = "val_loss", "min"

        def __init__(self):
            pass

        def table(self):  # best first, and the failed one last
            values = {3: 0.25, 1: 0.5, 2: 0.75, 4: None}
            return [
                {"trial": trial, "objective": value, "status": "completed" if value else "failed"}
                for trial, value in values.items()
            ]

    given = matplotlib.figure.Figure().subplots()
    assert Result().plot(given) is given
    drawn = {line.get_label(): line.get_xydata().tolist() for line in given.lines}
    assert drawn["trial"] == [[1, 0.5], [2, 0.75], [3, 0.25]]
    assert drawn["best so far"] == [[1, 0.5], [2, 0.5], [3, 0.25]]
    assert drawn["failed"] == [[4, 0.02]]
    with pytest.raises(ValueError, match="must be what recipe.tune gave. Received: int"):
        plots.tuning(3)
