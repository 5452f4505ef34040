"""Plots draw what they are given, on the Axes they are given, and change nothing else."""

import keras
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnnkit import plots
from rnnkit.features import Number
from rnnkit.models import OneToOne
from tests import helpers

HISTORY = {"loss": [1.0, 0.5, 0.4], "val_loss": [1.1, 0.6, 0.8], "accuracy": [0.1, 0.2, 0.3]}


@pytest.fixture(autouse=True)
def nothing_else_changes():
    backend, settings = matplotlib.get_backend(), dict(matplotlib.rcParams)
    plt.close("all")
    yield
    assert matplotlib.get_backend() == backend
    assert dict(matplotlib.rcParams) == settings
    plt.close("all")


@pytest.fixture(scope="module")
def model():
    x, y = helpers.presence(20)
    return OneToOne(*helpers.features(x, y), units=2, seed=1)


def draw(name, model, ax=None):
    if name == "learning_curves":
        return plots.learning_curves(HISTORY, ax=ax)
    if name == "probabilities":
        result = {"probabilities": {"a": 0.7, "b": 0.3}}
        return plots.probabilities(result, ax=ax)
    return plots.confusion_matrix(model, *helpers.presence(20), ax=ax)


@pytest.mark.parametrize("name", ["learning_curves", "probabilities", "confusion_matrix"])
def test_axes_are_returned_and_no_figure_is_left(name, model):
    figure = matplotlib.figure.Figure()
    ax = figure.subplots()
    assert draw(name, model, ax) is ax
    assert plt.get_fignums() == []  # pyplot knows nothing of it
    assert ax.get_xlabel()
    ax = draw(name, model)
    assert isinstance(ax, matplotlib.axes.Axes)
    assert len(plt.get_fignums()) == 1
    ax.figure.canvas.draw()


def test_learning_curves_show_both_and_the_best():
    history = keras.callbacks.History()
    history.history = HISTORY
    ax = plots.learning_curves(history)
    training, validation, best = ax.get_lines()
    np.testing.assert_array_equal(training.get_xydata(), [[1, 1.0], [2, 0.5], [3, 0.4]])
    np.testing.assert_array_equal(validation.get_ydata(), HISTORY["val_loss"])
    np.testing.assert_array_equal(best.get_xydata(), [[2, 0.6]])
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words == ["training", "validation", "best epoch"]
    rising = {"accuracy": [0.1, 0.9], "val_accuracy": [0.8, 0.3]}
    *_, best = plots.learning_curves(rising, "accuracy").get_lines()
    np.testing.assert_array_equal(best.get_xydata(), [[1, 0.8]])
    assert len(plots.learning_curves(HISTORY, "accuracy").get_lines()) == 1


def test_confusion_matrix_by_hand(model):
    x = ["a", "b", "c", "d"]
    said = [result["label"] for result in model.infer(x)]
    other = {"no": "yes", "yes": "no"}
    truth = [said[0], said[1], other[said[2]], said[3]]
    names = ["no", "yes"]
    counts = [[0, 0], [0, 0]]
    for true, guess in zip(truth, said, strict=True):
        counts[names.index(true)][names.index(guess)] += 1
    ax = plots.confusion_matrix(model, x, truth, normalize=False)
    texts = {tuple(text.get_position()): text.get_text() for text in ax.texts}
    for row in range(2):
        for column in range(2):
            assert texts[(column, row)] == str(counts[row][column])
    assert [text.get_text() for text in ax.get_xticklabels()] == names
    shares = np.array(ax.images[0].get_array())
    sums = np.array(counts).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, np.array(counts) / np.maximum(sums, 1))


def test_probabilities_by_hand():
    ax = plots.probabilities({"probabilities": {"a": 0.75, "b": 0.25}})
    assert [bar.get_width() for bar in ax.patches] == [0.25, 0.75]  # the first one on top
    assert [text.get_text() for text in ax.get_yticklabels()] == ["b", "a"]
    assert [text.get_text() for text in ax.texts] == ["25.0%", "75.0%"]


def test_what_cannot_be_drawn(model):
    with pytest.raises(ValueError, match=r"no metric 'f1'. Received: \['accuracy', 'loss', 'val_l"):
        plots.learning_curves(HISTORY, "f1")
    with pytest.raises(ValueError, match="no metric 'loss'. Received: int"):
        plots.learning_curves(3)
    with pytest.raises(ValueError, match="must be what infer gives for a label. Received: 2.5"):
        plots.probabilities(2.5)
    number = OneToOne(Number(normalize=False), Number(normalize=False), units=2)
    with pytest.raises(ValueError, match="whose target is a Label. Received: a target of Number"):
        plots.confusion_matrix(number, [1.0], [1.0])
    assert plt.get_fignums() == []
