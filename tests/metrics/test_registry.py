"""Scores against scikit-learn's and numbers worked by hand."""

import numpy as np
import pytest
import scipy.sparse
import sklearn.metrics

from rnnkit import metrics
from rnnkit.datasets import dynamics
from rnnkit.features import Label, Number, Series, Text

RNG = np.random.default_rng(0)


def made_up(classes, size=200):
    truth = RNG.integers(0, classes, size)
    outputs = RNG.dirichlet(np.ones(classes), size)
    outputs[np.arange(size), truth] += 0.3
    return truth, outputs / outputs.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_labels_against_sklearn(classes):
    truth, outputs = made_up(classes)
    said = outputs.argmax(axis=1)
    area = (
        sklearn.metrics.roc_auc_score(truth, outputs[:, 1])
        if classes == 2
        else sklearn.metrics.roc_auc_score(truth, outputs, multi_class="ovr", average="macro")
    )
    expected = {
        "accuracy": sklearn.metrics.accuracy_score(truth, said),
        "f1": sklearn.metrics.f1_score(truth, said, average="macro"),
        "mcc": sklearn.metrics.matthews_corrcoef(truth, said),
        "log_loss": sklearn.metrics.log_loss(truth, outputs),
        "roc_auc": area,
    }
    label = Label([f"c{index}" for index in range(classes)])
    found = metrics.scores(label, truth, outputs, list(expected))
    assert found == pytest.approx(expected, rel=1e-9)
    assert list(found) == list(expected)  # in the order asked for
    assert all(type(value) is float for value in found.values())


def test_labels_by_hand():
    # Truth a a a b; said a a b b: 3 of 4; F1 of a is 4/5, of b 2/3.
    truth = np.array([0, 0, 0, 1])
    outputs = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    found = metrics.scores(Label(["a", "b"]), truth, outputs)
    # Matthews: (2 * 1 - 0 * 1) / sqrt(2 * 3 * 1 * 2)
    assert found == pytest.approx({"accuracy": 0.75, "f1": 11 / 15, "mcc": 2 / np.sqrt(12)})
    assert metrics.log_loss(truth, outputs) == pytest.approx(-np.log([0.9, 0.6, 0.2, 0.7]).mean())
    # Of the three pairs of an a and the b, the b stands higher in two.
    assert metrics.roc_auc(truth, outputs) == pytest.approx(2 / 3)


def test_one_class_in_the_truth():
    truth, outputs = np.array([1, 1]), np.array([[0.2, 0.8], [0.6, 0.4]])
    with pytest.warns(UserWarning, match="roc_auc is not defined"):
        assert np.isnan(metrics.roc_auc(truth, outputs))
    assert metrics.mcc(truth, outputs) == 0.0
    assert metrics.accuracy(truth, outputs) == 0.5
    # A certain mistake costs much, and stays finite.
    assert np.isfinite(metrics.log_loss(np.array([0]), np.array([[0.0, 1.0]])))


@pytest.mark.parametrize("size", [None, 3])
def test_numbers_in_their_own_unit(size):
    truth = RNG.normal(100, 20, size=(50, size or 1))
    said = truth + RNG.normal(0, 5, size=truth.shape)
    number = Number(size=size).adapt(truth if size else truth[:, 0])
    scale = [(values - number.mean) / number.deviation for values in (truth, said)]
    assert metrics.scores(number, *scale) == pytest.approx(
        {
            "mae": sklearn.metrics.mean_absolute_error(truth, said),
            "rmse": np.sqrt(sklearn.metrics.mean_squared_error(truth, said)),
            "r2": sklearn.metrics.r2_score(truth, said),
        },
        rel=1e-9,
    )


def test_numbers_by_hand():
    number = Number().adapt([8.0, 12.0])  # mean 10, deviation 2
    truth, said = np.array([[-1.0], [1.0]]), np.array([[-1.0], [0.0]])
    assert metrics.scores(number, truth, said) == {"mae": 1.0, "rmse": np.sqrt(2), "r2": 0.5}


def test_features_of_ones_own_score_like_their_base():
    class Price(Number):
        pass

    price = Price().adapt([8.0, 12.0])
    assert metrics.scores(price, np.array([[1.0]]), np.array([[0.0]]), ["mae"]) == {"mae": 2.0}


def test_unknown_names():
    with pytest.raises(ValueError, match="Unknown score 'acuracy'; known: .*mean 'accuracy'"):
        metrics.scores(Label(["a", "b"]), np.array([0]), np.array([[1.0, 0.0]]), ["acuracy"])
    with pytest.raises(ValueError, match="no scores for a target of Series"):
        metrics.scores(Series(), np.array([0]), np.array([[1.0, 0.0]]))
    with pytest.raises(ValueError, match="Unknown score of texts 'bleau'; known: .*mean 'bleu'"):
        metrics.scores(Text(), ["a"], ["a"], ["bleau"])


def test_features_of_tokens_have_the_scores_of_texts():
    assert metrics.scores(Text(), ["a b"], ["a c"], ["wer"]) == {"wer": 0.5}


# === Forecasts ===


def test_nmse_by_hand():
    # Variances 1 and 4; squared errors of mean 1/4 and 2: (1/4 + 1/2) / 2.
    truth = np.array([[0.0, 1.0], [2.0, 5.0], [0.0, 1.0], [2.0, 5.0]])
    forecast = truth + [[1.0, 2.0], [0.0, 0.0], [0.0, -2.0], [0.0, 0.0]]
    assert metrics.nmse(truth, forecast) == pytest.approx(0.375)
    assert metrics.nrmse(truth, forecast) == pytest.approx(np.sqrt(0.375))
    # Two series of two steps are four rows; a unit of measurement changes nothing.
    assert metrics.nmse(truth.reshape(2, 2, 2), forecast.reshape(2, 2, 2)) == pytest.approx(0.375)
    assert metrics.nmse(truth * [9, 1], forecast * [9, 1]) == pytest.approx(0.375)
    assert metrics.nmse(truth[:, 1], forecast[:, 1]) == pytest.approx(0.5)
    assert metrics.nrmse(truth, np.tile([1.0, 3.0], (4, 1))) == pytest.approx(1.0)  # the mean


def test_nmse_of_one_column_is_what_r2_leaves():
    truth, forecast = RNG.normal(size=(2, 100))
    left = 1 - sklearn.metrics.r2_score(truth, forecast)
    assert metrics.nmse(truth, forecast) == pytest.approx(left)


def test_nmse_leaves_out_what_is_not_known():
    truth = np.array([[0.0, 1.0], [2.0, np.nan], [0.0, 1.0], [2.0, 5.0]])
    forecast = np.array([[1.0, 1.0], [2.0, np.nan], [0.0, 1.0], [2.0, 8.0]])
    # Second column: 1, 1, 5 has variance 32/9; errors 0, 0, 3 have the mean square 3.
    assert metrics.nmse(truth, forecast) == pytest.approx((1 / 4 + 3 / (32 / 9)) / 2)
    forecast[0, 0] = np.nan
    assert np.isnan(metrics.nrmse(truth, forecast))
    assert metrics.nrmse([0.0, 2.0], [0.0, 1e200]) == np.inf


@pytest.mark.parametrize(
    ("truth", "forecast", "message"),
    [
        (np.zeros(3), np.zeros((3, 1)), r"same shape. Received: \(3,\) and \(3, 1\)"),
        (1.0, 1.0, "must be arrays"),
        (np.array([[0.1, 1.0]] * 7 + [[0.1, 2.0]]), np.zeros((8, 2)), r"constant columns \[0\]"),
        (np.array([[1.0, np.nan], [2.0, np.nan]]), np.zeros((2, 2)), r"every column.*\[2, 0\]"),
        (np.array([1.0, np.inf]), np.zeros(2), "must not be infinite"),
        (np.zeros(0), np.zeros(0), "must have a number"),
    ],
)
def test_nmse_of_what_cannot_be_scored(truth, forecast, message):
    with pytest.raises(ValueError, match=message):
        metrics.nmse(truth, forecast)


def test_nrmse_is_a_score_by_name():
    number = Number().adapt([8.0, 12.0])
    truth, said = np.array([[-1.0], [1.0]]), np.array([[-1.0], [0.0]])
    found = metrics.scores(number, truth, said, ["nrmse", "nmse"])
    assert found == pytest.approx({"nrmse": np.sqrt(0.5), "nmse": 0.5})


def test_valid_prediction_time_by_hand():
    truth = np.zeros((5, 2))
    # In scales of (1, 2) the errors are sqrt((e1^2 + (e2 / 2)^2) / 2).
    error = np.array([[0.0, 0.0], [0.4, 0.0], [0.3, 0.6], [0.3, 0.7], [0.0, 0.0]])
    # 0, 0.283, 0.3, 0.325, 0: three rows are valid, and what comes after does not count.
    found = metrics.valid_prediction_time(
        truth, truth + error, step=0.1, lyapunov=2.0, threshold=0.3 + 1e-9, scale=[1.0, 2.0]
    )
    assert type(found) is float and found == pytest.approx(3 * 0.1 * 2.0)
    options = dict(step=0.5, scale=1.0)
    assert metrics.valid_prediction_time(truth, truth, **options) == pytest.approx(2.5)
    assert metrics.valid_prediction_time(truth, truth + 1, **options) == 0.0
    for broken in (np.nan, np.inf, 1e300):
        forecast = truth.copy()
        forecast[2, 1] = broken
        assert metrics.valid_prediction_time(truth, forecast, **options) == pytest.approx(1.0)


def test_valid_prediction_time_of_several_starts():
    truth = np.tile([0.0, 2.0], (3, 4))[..., None]  # deviation 1
    forecast = truth.copy()
    forecast[0, 3:] += 0.31
    forecast[1, 5:] -= 0.31
    forecast[2] += 0.29
    assert truth.shape == (3, 8, 1)
    found = metrics.valid_prediction_time(truth, forecast, step=1.0)
    assert found == pytest.approx([3, 5, 8])
    assert metrics.valid_prediction_time(truth[0, :, 0], forecast[0, :, 0], 1.0) == 3.0


def test_valid_prediction_time_of_a_small_error_in_the_start():
    # An error grows as exp(time in Lyapunov times): from 1e-6 to 0.3 takes ln(3e5) = 12.6 of them.
    truth = dynamics.lorenz63(2500, step=0.02)
    times = []
    for start in range(0, 1000, 100):
        forecast = dynamics.lorenz63(
            1200, step=0.02, discard=0, initial=truth[start] + 1e-6 * truth.std(axis=0)
        )
        times.append(
            metrics.valid_prediction_time(
                truth[start : start + 1200],
                forecast,
                0.02,
                dynamics.LYAPUNOV["lorenz63"],
                scale=truth.std(axis=0),
            )
        )
    assert np.mean(times) == pytest.approx(np.log(0.3 / 1e-6), rel=0.2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(forecast=np.zeros((4, 1))), "same shape"),
        (dict(truth=np.full((4, 2), np.nan)), "finite numbers only. Received: 0 finite of 8"),
        (dict(truth=np.ones((4, 2))), r"must vary in every column.*\[0, 1\]"),
        (dict(scale=[1.0, 0.0]), r"scale must be a positive number.*\[1.0, 0.0\]"),
        (dict(scale=[1.0] * 3), "each of the 2 dimensions"),
        (dict(step=0.0), "step must be a positive number"),
        (dict(lyapunov=-1.0), "lyapunov must be a positive number"),
        (dict(threshold=np.nan), "threshold must be a positive number"),
    ],
)
def test_valid_prediction_time_of_bad_input(change, message):
    given = dict(truth=np.arange(8.0).reshape(4, 2), forecast=np.zeros((4, 2)), step=1.0)
    with pytest.raises(ValueError, match=message):
        metrics.valid_prediction_time(**{**given, **change})


# === Reservoirs ===


def run(weights, drive, inputs):
    """States [time, units] of a linear reservoir."""
    states = [np.zeros(len(weights))]
    for value in inputs:
        states.append(weights @ states[-1] + drive * value)
    return np.array(states[1:])


def test_memory_capacity_of_a_delay_line_is_its_length():
    u, past = dynamics.memory_task(1000, delays=6)
    total, capacities = metrics.memory_capacity(past, u, delays=20)
    assert capacities[:6] == pytest.approx(np.ones(6))
    # Nothing is known of older inputs; chance leaves about 1 / 450 each.
    assert capacities.shape == (20,) and capacities[6:].max() < 0.03
    assert total == pytest.approx(6.0, abs=0.15) and total == pytest.approx(capacities.sum())


def test_memory_capacity_of_one_linear_unit():
    # x(t) = a x(t-1) + u(t) has corr^2(x(t), u(t-k)) = (1 - a^2) a^(2 k), together a^2.
    u = np.random.default_rng(0).uniform(-1, 1, 100_000)
    states = run(np.array([[0.8]]), np.ones(1), u)
    total, capacities = metrics.memory_capacity(states, u[:, None], delays=30)
    assert capacities[:10] == pytest.approx(0.36 * 0.64 ** np.arange(1, 11), abs=0.015)
    assert total == pytest.approx(0.64, abs=0.03)


def test_memory_capacity_is_not_raised_by_overfitting():
    u, states = RNG.normal(size=1000), RNG.normal(size=(1000, 200))
    total, _ = metrics.memory_capacity(states, u, delays=50)
    assert total < 0.3  # fitted and tested on the same rows it would be about 50 * 200 / 450
    ring = np.roll(np.eye(20), 1, axis=0) * 0.9
    states = run(ring, np.eye(20)[0], u)
    assert metrics.memory_capacity(states, u)[0] < 20


def test_memory_capacity_falls_with_the_penalty():
    u, past = dynamics.memory_task(1000, delays=5)
    noisy = past + RNG.normal(0, 0.3, past.shape) @ RNG.normal(size=(5, 5))
    plain, penalised = (
        metrics.memory_capacity(noisy, u, delays=5, ridge=ridge)[1] for ridge in (0.0, 1e4)
    )
    assert not np.allclose(plain, penalised)
    # A readout of nothing at all has recalled nothing.
    assert metrics.memory_capacity(np.ones((1000, 3)), u, delays=5)[0] == 0.0
    # Against the closed form of ridge regression with a bias.
    first, half = 100, 450
    x, y = noisy[first : first + half], past[first : first + half]
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    readout = np.linalg.solve(x.T @ x + 1e4 * np.eye(5), x.T @ y)
    said = noisy[first + half :] @ readout
    expected = [np.corrcoef(said[:, k], past[first + half :, k])[0, 1] ** 2 for k in range(5)]
    assert penalised == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(inputs=np.zeros(99)), r"states of shape \(100, 2\), inputs of shape \(99,\)"),
        (dict(states=np.zeros(100)), "states must be"),
        (dict(inputs=np.full(100, np.nan)), "must be finite"),
        (dict(inputs=np.ones(100)), "inputs must vary. Received: 1 in all"),
        (dict(delays=0), "delays=0"),
        (dict(ridge=-1.0), "ridge=-1.0"),
        (dict(washout=95), "at least 103 rows for 2 units.*Received: 100"),
    ],
)
def test_memory_capacity_of_bad_input(change, message):
    given = dict(states=np.ones((100, 2)), inputs=np.arange(100.0), washout=10)
    with pytest.raises(ValueError, match=message):
        metrics.memory_capacity(**{**given, **change})


def test_effective_spectral_radius_by_hand():
    rotation = np.array([[0.0, -0.9], [0.9, 0.0]])  # eigenvalues +-0.9 i
    assert metrics.effective_spectral_radius(rotation) == pytest.approx(0.9)
    # (1 - a) +- 0.9 a i
    expected = np.hypot(0.7, 0.27)
    assert metrics.effective_spectral_radius(rotation, 0.3) == pytest.approx(expected)
    sparse = scipy.sparse.csr_matrix(rotation)
    assert metrics.effective_spectral_radius(sparse, 0.3) == pytest.approx(expected)
    # Diagonal weights: 1 - a + a w for each unit.
    found = metrics.effective_spectral_radius(np.diag([0.5, 0.2]), [0.5, 0.1])
    assert found == pytest.approx(0.92)


def test_effective_spectral_radius_is_the_rate_of_decay():
    rng = np.random.default_rng(0)
    weights, leak = rng.normal(size=(12, 12)), rng.uniform(0.2, 1.0, 12)
    radius = metrics.effective_spectral_radius(weights, leak)
    assert metrics.effective_spectral_radius(weights.T, leak) == pytest.approx(radius)
    state, sizes = np.ones(12), []
    for _ in range(4000):
        state = (1 - leak) * state + leak * (weights @ state)
        sizes.append(np.log(np.linalg.norm(state)))
        state /= np.linalg.norm(state)
    assert np.exp(np.mean(sizes[500:])) == pytest.approx(radius, rel=1e-3)


@pytest.mark.parametrize(
    ("matrix", "leak_rate", "message"),
    [
        (np.zeros((2, 3)), 1.0, r"\[units, units\]. Received: shape \(2, 3\)"),
        (np.zeros(4), 1.0, "matrix must be"),
        (np.full((2, 2), np.inf), 1.0, "matrix must be finite"),
        (np.eye(2), 0.0, "above 0 and at most 1. Received: 0.0"),
        (np.eye(2), 1.2, "at most 1. Received: 1.2"),
        (np.eye(2), [0.5, 0.5, 0.5], "each of the 2 units"),
    ],
)
def test_effective_spectral_radius_of_bad_input(matrix, leak_rate, message):
    with pytest.raises(ValueError, match=message):
        metrics.effective_spectral_radius(matrix, leak_rate)
