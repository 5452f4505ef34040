"""Measures of reservoirs, against what is known of them."""

import numpy as np
import pytest
import scipy.sparse

from rnnkit import metrics
from rnnkit.datasets import dynamics

RNG = np.random.default_rng(0)


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
