"""Plots draw what they are given, on the Axes they are given, and change nothing else."""

import types

import keras
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnnkit import plots
from rnnkit.features import Forecast, Number, Series, Subwords, Text
from rnnkit.layers import ESN
from rnnkit.models import EchoStateNetwork, Forecaster, OneToOne
from rnnkit.models.generating.base import Generating
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


@pytest.mark.slow
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
    # The best epoch of nats is that with the fewest; of one's own metric none is known.
    *_, best = plots.learning_curves({"nats": [2, 1], "val_nats": [3, 2]}, "nats").get_lines()
    np.testing.assert_array_equal(best.get_xydata(), [[2, 2]])
    assert len(plots.learning_curves({"own": [2, 1], "val_own": [3, 2]}, "own").get_lines()) == 2


def test_one_best_epoch_in_the_curves_of_all_metrics(model):
    # The loss keeps falling after the accuracy cannot rise any more.
    curves = {"loss": [3, 2, 1], "accuracy": [0.8, 0.9, 1.0]}
    curves |= {"val_loss": [3.0, 2.0, 1.5], "val_accuracy": [0.9, 1.0, 1.0]}
    for metric, value in (("loss", 1.5), ("accuracy", 1.0)):
        *_, best = plots.learning_curves(curves, metric).get_lines()
        np.testing.assert_array_equal(best.get_xydata(), [[3, value]])
    history = keras.callbacks.History()
    history.history = curves
    # What the model's training watches decides.
    history.set_model(types.SimpleNamespace(fit_defaults={"monitor": "val_accuracy"}))
    for metric, value in (("loss", 2.0), ("accuracy", 1.0)):
        *_, best = plots.learning_curves(history, metric).get_lines()
        np.testing.assert_array_equal(best.get_xydata(), [[2, value]])
    # A loss that is never a number has no best epoch.
    lost = {"loss": [1, 1], "val_loss": [np.nan, np.nan]}
    assert len(plots.learning_curves(lost).get_lines()) == 2


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


def test_long_names_of_classes_do_not_run_into_each_other():
    x, y = helpers.presence(20)
    long = {"no": "no word of it", "yes": "one word of it at least"}
    y = [long[label] for label in y]
    model = OneToOne(*helpers.features(x, y), units=2, seed=1)
    ax = plots.confusion_matrix(model, x, y)
    ax.figure.canvas.draw()
    for label in ax.get_xticklabels():
        # Slanted, and its end below the tick.
        place = ax.transData.transform((label.get_position()[0], 0))[0]
        assert label.get_rotation() == 45
        assert abs(label.get_window_extent().x1 - place) < 12  # pixels


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


# === Series ===

DAYS = np.datetime64("2024-02-01", "s") + np.arange(60) * np.timedelta64(86_400, "s")


def two_columns(seed=0):
    """Two noisy waves with daily times, `[60, 3]`: seconds, load, wind."""
    noise = np.random.default_rng(seed).normal(size=(60, 2))
    waves = np.sin(np.arange(60)[:, None] / [3, 5]) * [10, 2] + [50, 5]
    seconds = DAYS.astype("datetime64[s]").astype("float64")
    return np.column_stack([seconds, waves + 0.1 * noise])


@pytest.fixture(scope="module")
def timed():
    """A fitted network that forecasts two columns with their times."""
    data = two_columns()
    series = Series(["load", "wind"], time=True, cycles=[]).adapt(data)
    ahead = Forecast(["load", "wind"], horizon=5).adapt(data[:, 1:])
    model = EchoStateNetwork(series, ahead, units=20, washout=10, seed=1)
    model.fit(data, data[:, 1:])
    return model


@pytest.fixture(scope="module")
def plain():
    """An untrained network that forecasts one column without times."""
    data = two_columns()[:, 1]
    return Forecaster(
        Series().adapt(data), Forecast(horizon=3, period=19).adapt(data), units=2, seed=1
    )


def line(ax, label):
    return next(each for each in ax.get_lines() if each.get_label() == label)


def test_a_forecast_of_several_columns_with_times(timed):
    data = two_columns()
    axes = plots.forecast(timed, data[:50], actual=data[50:, 1:], history=12)
    result = timed.infer(data[:50])
    for name, column, ax in zip(("load", "wind"), (1, 2), axes, strict=True):
        assert ax.get_ylabel() == name
        np.testing.assert_allclose(line(ax, "past").get_ydata(), data[38:50, column])
        np.testing.assert_array_equal(line(ax, "past").get_xdata(), DAYS[38:50])
        said = [lead[name] for lead in result["forecast"]]
        np.testing.assert_allclose(line(ax, "forecast").get_ydata(), said)
        np.testing.assert_array_equal(line(ax, "forecast").get_xdata(), DAYS[50:55])
        np.testing.assert_allclose(line(ax, "actual").get_ydata(), data[50:55, column])
    assert axes[-1].get_xlabel() == "time"
    words = [text.get_text() for text in axes[0].get_legend().get_texts()]
    assert words == ["past", "80% interval", "forecast", "actual"]
    axes[0].figure.canvas.draw()
    figure = matplotlib.figure.Figure()
    ax = figure.subplots()
    assert plots.forecast(timed, data, column="wind", ax=ax) is ax
    assert len(ax.get_lines()) == 2  # no true values


def test_a_forecast_without_times(plain):
    data = two_columns()[:, 1]
    ax = plots.forecast(plain, data[:50], actual=data[50:])
    np.testing.assert_array_equal(line(ax, "past").get_xdata(), np.arange(-23, 1))
    np.testing.assert_array_equal(line(ax, "forecast").get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(line(ax, "actual").get_ydata(), data[50:53])
    assert ax.get_xlabel() == "steps from the last one seen"
    ax.figure.canvas.draw()


def test_forecast_errors_by_hand(plain):
    data = two_columns()[:, 1]
    ax = plots.forecast_errors(plain, data)
    labels = [each.get_label() for each in ax.get_lines()]
    assert labels == [plain.name, "persistence", "seasonal"]
    steps = np.arange(16, 57)  # where the season before is known for all leads
    for lead in (1, 2, 3):
        gap = np.abs(data[steps + lead] - data[steps]).mean()
        assert line(ax, "persistence").get_ydata()[lead - 1] == pytest.approx(gap, rel=0.1)
        assert line(ax, plain.name).get_ydata()[lead - 1] == pytest.approx(gap, rel=0.1)
    assert ax.get_xlabel() == "lead (steps ahead)" and ax.get_ylim()[0] == 0
    ax = plots.forecast_errors({"one": plain, "two": plain}, data)
    np.testing.assert_array_equal(line(ax, "one").get_ydata(), line(ax, "two").get_ydata())


def test_eigenvalues_of_all_that_has_them(timed):
    turn = np.array([[0.0, -0.5], [0.5, 0.0]])
    ax = plots.eigenvalues(turn)
    points = line(ax, "eigenvalues").get_xydata()
    np.testing.assert_allclose(points[points[:, 1].argsort()], [[0, -0.5], [0, 0.5]], atol=1e-12)
    assert line(ax, "spectral radius 0.5")
    layer = ESN(20, spectral_radius=0.8, seed=1)
    with pytest.raises(ValueError, match="build the layer first"):
        plots.eigenvalues(layer)
    layer(np.zeros((1, 2, 1), "float32"))
    figure = matplotlib.figure.Figure()
    ax = figure.subplots()
    for each in (layer, layer.cell):
        assert plots.eigenvalues(each, ax=ax) is ax
        assert line(ax, "spectral radius 0.8")
    assert line(plots.eigenvalues(timed), "spectral radius 0.9")
    with pytest.raises(ValueError, match=r"square matrix.*shape \(2, 3\)"):
        plots.eigenvalues(np.zeros((2, 3)))


def test_series_that_cannot_be_drawn(model, timed, plain):
    data = two_columns()
    for draw_it in (plots.forecast, plots.forecast_errors):
        with pytest.raises(ValueError, match="whose output is a Forecast.*Label"):
            draw_it(model, data)
    with pytest.raises(ValueError, match="column must be one of .'load', 'wind'.*'rain'"):
        plots.forecast(timed, data, column="rain")
    with pytest.raises(ValueError, match="one series. Received: 2"):
        plots.forecast(timed, [data, data])
    with pytest.raises(ValueError, match="ax must be 2 Axes.*1"):
        plots.forecast(timed, data, ax=matplotlib.figure.Figure().subplots())
    with pytest.raises(ValueError, match="all of one horizon"):
        plots.forecast_errors({"a": timed, "b": plain}, data)
    assert plt.get_fignums() == []


# === Sound and handwriting ===


def test_spectrogram_has_seconds_and_hertz():
    from rnnkit.datasets import morse
    from rnnkit.features import Audio

    clip = (morse.signal("et", 12, pitch=1000.0, margin=0.1), 8000)
    ax = plots.spectrogram(Audio(8000), clip, b"et")
    (mesh,) = ax.collections
    shown = mesh.get_array().reshape(40, -1)  # [mels, frames]
    assert shown.max() == 0 and shown.min() >= -60 or mesh.get_clim() == (-60, 0)
    edges = mesh.get_coordinates()[0, :, 0]
    assert edges[0] == 0 and edges[-1] == pytest.approx(len(clip[0]) / 8000, abs=0.025)
    ticks = {
        tick.get_text(): place
        for tick, place in zip(ax.get_yticklabels(), ax.get_yticks(), strict=True)
    }
    assert list(ticks) == ["125", "250", "500", "1,000", "2,000"]
    # The tone is where the axis says: at a dot's middle, 0.15 s.
    loudest = shown[:, np.searchsorted(edges, 0.15) - 1].argmax()
    assert loudest < ticks["1,000"] < loudest + 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (s)", "frequency (Hz)")
    assert ax.get_title() == "et"
    with pytest.raises(ValueError, match="needs an Audio feature.*Received: Audio"):
        plots.spectrogram(Audio(), clip)


def test_strokes_are_drawn_as_written():
    points = [[0, 0, 0], [3, -4, 0], [3, 9, 1], [7, 9, 1]]
    ax = plots.strokes(points, "x")
    lines = [line for line in ax.get_lines() if line.get_color() == "black"]
    assert [line.get_xydata().tolist() for line in lines] == [[[0, 0], [3, -4], [3, 9]], [[7, 9]]]
    assert lines[1].get_marker() == "o"  # a dot can be seen
    assert ax.yaxis_inverted() and ax.get_aspect() == 1 and ax.get_title() == "x"
    assert not plots.strokes(points, upwards=True).yaxis_inverted()
    assert len(plots.strokes("0 0 0;1 1 1").get_lines()) == 2
    figure = matplotlib.figure.Figure()
    given = figure.subplots()
    assert plots.strokes(points, ax=given) is given
    assert plots.strokes(points, ax=given).yaxis_inverted()  # drawn on twice
    with pytest.raises(ValueError, match="at least two points"):
        plots.strokes([[0, 0, 1]])


class Attending:
    """Stands for a model: it generates known tokens, and attended to known steps."""

    __class__ = Generating  # for isinstance

    def __init__(self, feature, tokens, weights):
        self.decoder = types.SimpleNamespace(attention="additive")
        self.input_feature = self.output_feature = feature
        self.result = {"tokens": tokens, "attention": np.asarray(weights, "float32")}

    def infer(self, x, details, n_best=1):
        assert details and len(x) == 1
        return [[self.result, {}] if n_best > 1 else self.result]


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_attention_has_a_row_a_token():
    words = Text().adapt(["a cat, no dog"])
    weights = [[0.7, 0.2, 0.1], [0.0, 0.5, 0.5]]
    (dog,) = words.encode(words.to_tensor(["dog"])).to_list()
    ax = plots.attention(Attending(words, [1, *dog], weights), "no cat ,")
    (image,) = ax.get_images()
    np.testing.assert_allclose(image.get_array(), weights, rtol=1e-6)
    assert image.get_clim() == (0, 1)
    assert labels(ax.xaxis) == ["no", "cat", ","] and labels(ax.yaxis)[1] == "dog"
    assert ax.yaxis_inverted()  # the first is above
    figure = matplotlib.figure.Figure()
    given = figure.subplots()
    several = plots.attention(Attending(words, dog, weights[:1]), "no cat ,", ax=given, n_best=2)
    assert several is given and given.get_images()[0].get_array().shape == (1, 3)
    ax = plots.attention(Attending(words, [], np.zeros((0, 3))), "no cat ,")
    assert labels(ax.yaxis) == ["(nothing)"]


def test_attention_shows_where_words_go_on():
    text = Subwords(vocabulary_size=15).adapt(["low lower lowest", "new newer newest"])
    pieces = text.pieces("newest low")
    (ids,) = text.encode(text.to_tensor(["newest low"])).to_list()
    model = Attending(text, ids, np.eye(len(ids)))
    ax = plots.attention(model, "newest low")
    assert pieces.count("\u2581low") == 1 and len(pieces) > 2  # or there is nothing to test
    shown = labels(ax.xaxis)
    assert shown == labels(ax.yaxis)
    assert shown[-1] == "low" and all(label.startswith("-") for label in shown[1:-1])
    assert "".join(shown[:-1]).replace("-", "") == "newest"


def test_attention_is_refused_without_any():
    model = Attending(Text().adapt(["a"]), [2], [[1.0]])
    model.decoder.attention = None
    with pytest.raises(ValueError, match="needs a model that has it.*Received: Attending"):
        plots.attention(model, "a")


def test_error_against_noise_in_percent():
    ax = plots.error_against_noise([0, 10], {"a": [0.5, 0.1], "b": [0.2, 0.0]})
    assert [line.get_ydata().tolist() for line in ax.get_lines()] == [[50, 10], [20, 0]]
    assert ax.get_ylabel() == "error rate (%)" and "dB" in ax.get_xlabel()
    (line,) = plots.error_against_noise([0, 1, 2], [0.1, 0.2, 0.3], level="noise").get_lines()
    assert line.get_xdata().tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="as many as levels. Received: 1 and 2"):
        plots.error_against_noise([0, 1], [0.1])


def test_images_in_rows_with_what_they_show():
    pictures = [np.full((3, 2), 20 * index, "uint8") for index in range(5)]
    ax = plots.images(pictures, list("abcde"), list("abxde"), columns=3)
    shown = ax.get_images()
    assert [image.get_array()[0, 0, 0] for image in shown] == [0, 20, 40, 60, 80]
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c / x", "d", "e"]
    assert ax.texts[2].get_color() != ax.texts[0].get_color()
    assert {text.get_fontsize() for text in ax.texts} == {9}  # to be read in a notebook
    places = [image.get_extent() for image in shown]
    assert places[3][0] == places[0][0] and places[3][2] > places[0][2]  # the fourth is below
    with pytest.raises(ValueError, match="labels must be as many as pictures. Received: 1 for 5"):
        plots.images(pictures, ["a"])
    with pytest.raises(ValueError, match="cannot read picture 0"):
        plots.images([b"none"])


def test_frames_with_their_labels():
    clip = 10 * np.arange(6, dtype="uint8")[:, None, None, None] * np.ones((1, 4, 4, 1), "uint8")
    ax = plots.labelled_frames(clip, [b"a", b"b"] * 3, every=2)
    assert [image.get_array()[0, 0, 0] for image in ax.get_images()] == [0, 20, 40]
    assert [text.get_text() for text in ax.texts] == ["a"] * 3
    with pytest.raises(ValueError, match="predicted must be as many as frames"):
        plots.labelled_frames(clip, ["a"] * 6, ["a"])


def test_pictures_with_what_was_attended_to():
    from rnnkit.features import Image

    class Looking(Attending):
        def __init__(self, weights):
            super().__init__(Text().adapt(["a dog"]), [2, 3], weights)
            self.input_feature = Image(size=4, channels=1, normalize=False)

        def get_layer(self, name):
            assert name == "grid"
            return type("Grid", (), {"input": np.zeros((1, 2, 2, 5))})

    picture = np.full((4, 4), 55, "uint8")
    model = Looking([[1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])
    for ax in (plots.image_attention(model, picture), plots.attention(model, picture)):
        alone, first, second = (image.get_array()[..., 0] for image in ax.get_images())
        assert [text.get_text() for text in ax.texts] == ["", "a", "dog"]
        assert (alone == 55).all() and (second == 55).all()  # all of it alike
        # The corner is as it was, the opposite one nearly white: 255 - 0.1 * 200.
        assert first[0, 0] == 55 and first[3, 3] == 235 and (np.diff(first[0]) >= 0).all()
    model.decoder.attention = None
    with pytest.raises(ValueError, match="needs a model that attends to pictures.*of Image"):
        plots.image_attention(model, picture)
    with pytest.raises(ValueError, match="needs a model that attends to pictures.*of Text"):
        plots.image_attention(Attending(Text().adapt(["a"]), [2], [[1.0]]), picture)
