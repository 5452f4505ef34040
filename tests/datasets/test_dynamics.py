"""Benchmark series against closed forms, independent integrators and published exponents."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.signal import lfilter

import rnnkit.data
from rnnkit.datasets import dynamics
from rnnkit.datasets.dynamics import driven

# === Mackey-Glass ===


def method_of_steps(tau, end, history=1.2):
    """Mackey-Glass by an adaptive integrator of eighth order, one delay after the other."""
    pieces = [lambda t: np.full(np.shape(t), history)]
    start = history
    for index in range(round(end / tau)):
        begin = index * tau

        def slope(t, x, past=pieces[-1]):
            delayed = past(t - tau)
            return 0.2 * delayed / (1 + delayed**10) - 0.1 * x

        solution = solve_ivp(
            slope, (begin, begin + tau), [start], "DOP853", rtol=1e-12, atol=1e-12,
            dense_output=True, max_step=0.5,
        )  # fmt: skip
        start = solution.y[0, -1]
        pieces.append(lambda t, piece=solution.sol: piece(t)[0])
    return [float(pieces[int(t // tau) + 1](t)) for t in range(int(end))]


@pytest.mark.parametrize("tau", [17, 30])
def test_mackey_glass_against_the_method_of_steps(tau):
    expected = method_of_steps(tau, 10 * tau)
    found = dynamics.mackey_glass(10 * tau, tau, discard=0)[:, 0]
    assert found == pytest.approx(expected, abs=1e-8)
    # A closer grid reaches the integrator's own tolerance.
    found = dynamics.mackey_glass(10 * tau, tau, discard=0, substeps=100)[:, 0]
    assert found == pytest.approx(expected, abs=1e-11)


def test_mackey_glass_is_of_fourth_order():
    exact = dynamics.mackey_glass(300, discard=0, substeps=160)
    errors = [
        np.abs(dynamics.mackey_glass(300, discard=0, substeps=substeps) - exact).max()
        for substeps in (5, 10, 20)
    ]
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.15)
    assert errors[1] / errors[2] == pytest.approx(16, rel=0.15)


def test_mackey_glass_before_the_first_delay_is_a_decay():
    # While the delayed value is still 1.2: x(t) = c / gamma + (1.2 - c / gamma) exp(-gamma t).
    limit = 0.2 * 1.2 / (1 + 1.2**10) / 0.1
    found = dynamics.mackey_glass(18, discard=0)[:, 0]
    assert found == pytest.approx(limit + (1.2 - limit) * np.exp(-0.1 * np.arange(18)), abs=1e-8)


def test_mackey_glass_of_a_fractional_delay_and_step():
    coarse = dynamics.mackey_glass(100, 17.5, discard=0)
    fine = dynamics.mackey_glass(200, 17.5, discard=0, step=0.5, substeps=5)
    assert coarse == pytest.approx(fine[::2], abs=1e-12)


# === Flows ===


def lorenz63_slope(t, s):
    return [10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2]]


def rossler_slope(t, s):
    return [-s[1] - s[2], s[0] + 0.2 * s[1], 0.2 + s[2] * (s[0] - 5.7)]


def lorenz96_slope(t, x):
    return [(x[(i + 1) % len(x)] - x[i - 2]) * x[i - 1] - x[i] + 8 for i in range(len(x))]


FLOWS = {
    # name: generator, slope, time, step, allowed error
    "lorenz63": (dynamics.lorenz63, lorenz63_slope, 2.0, 0.01, 1e-6),
    "rossler": (dynamics.rossler, rossler_slope, 20.0, 0.1, 1e-5),
    "lorenz96": (dynamics.lorenz96, lorenz96_slope, 1.0, 0.01, 5e-5),
}


@pytest.mark.parametrize("name", FLOWS)
def test_flows_against_an_adaptive_integrator(name):
    make, slope, end, step, error = FLOWS[name]
    rows = round(end / step) + 1
    start = make(1, step=step)[0]
    times = np.arange(rows) * step
    exact = solve_ivp(slope, (0, end), start, "DOP853", times, rtol=1e-12, atol=1e-12).y.T
    found = make(rows, step=step, discard=0, initial=start)
    assert found.shape == exact.shape and found.dtype == np.float64
    assert np.array_equal(found[0], start)
    assert np.abs(found - exact).max() < error
    # Fourth order: half the step, a sixteenth of the error.
    errors = [
        np.abs(make(rows, step=step, discard=0, initial=start, substeps=n) - exact).max()
        for n in (4, 8)
    ]
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.25)


def test_flows_rest_where_they_should():
    edge = np.sqrt(8 / 3 * 27)  # Lorenz' fixed points: (+-sqrt(beta (rho - 1)), same, rho - 1)
    found = dynamics.lorenz63(20, initial=(edge, edge, 27.0), discard=0)
    assert found == pytest.approx(np.tile([edge, edge, 27.0], (20, 1)), abs=1e-9)
    assert np.array_equal(dynamics.lorenz96(5, 6, initial=[8.0] * 6, discard=9), np.full((5, 6), 8))


# === Maps ===


def test_henon_by_hand():
    found = dynamics.henon(4, discard=0)
    assert found == pytest.approx(np.array([[0, 0], [1, 0], [-0.4, 0.3], [1.076, -0.12]]))
    assert np.array_equal(dynamics.henon(4, discard=2)[:2], found[2:])


def test_logistic_map_has_a_closed_form():
    # x(n) = sin^2(2^n arcsin sqrt(x(0))); an error doubles at every step.
    angle = np.arcsin(np.sqrt(0.3)) * 2.0 ** np.arange(20)
    found = dynamics.logistic_map(20, discard=0, initial=0.3)[:, 0]
    assert found == pytest.approx(np.sin(angle) ** 2, abs=1e-9)
    # At r = 2: x(n) = (1 - (1 - 2 x(0))^(2^n)) / 2
    found = dynamics.logistic_map(6, r=2.0, discard=0, initial=0.3)[:, 0]
    assert found == pytest.approx((1 - 0.4**2.0 ** np.arange(6)) / 2)


# === Lyapunov exponents ===


def exponent(series, jacobian, step=None):
    """Mean growth of a small difference along the series: maps, or flows where `step` is given."""
    difference = np.full(series.shape[1], 1.0)
    growth = []
    jacobians = [jacobian(state) for state in series]
    for now, following in zip(jacobians, jacobians[1:], strict=False):
        if step is None:
            difference = now @ difference
        else:
            middle = (now + following) * (step / 2)
            first = middle @ difference
            second = middle @ first / 2
            difference = difference + first + second + middle @ second / 3
        size = np.linalg.norm(difference)
        growth.append(np.log(size))
        difference /= size
    return np.mean(growth[len(growth) // 20 :]) / (step or 1.0)


def lorenz96_jacobian(x):
    size = len(x)
    i = np.arange(size)
    matrix = -np.eye(size)
    matrix[i, (i + 1) % size] += x[i - 1]
    matrix[i, i - 2] -= x[i - 1]
    matrix[i, i - 1] += x[(i + 1) % size] - x[i - 2]
    return matrix


EXPONENTS = {
    # name: series, Jacobian, step, relative error that so short a series allows
    "henon": (
        lambda: dynamics.henon(20_000),
        lambda s: np.array([[-2.8 * s[0], 1.0], [0.3, 0.0]]), None, 0.01,
    ),
    "logistic": (
        lambda: dynamics.logistic_map(20_000),
        lambda s: np.array([[4 - 8 * s[0]]]), None, 0.01,
    ),
    "lorenz63": (
        lambda: dynamics.lorenz63(40_000, substeps=2),
        lambda s: np.array([[-10, 10, 0], [28 - s[2], -1, -s[0]], [s[1], s[0], -8 / 3]]), 0.01,
        0.02,
    ),
    "rossler": (
        lambda: dynamics.rossler(20_000, substeps=4),
        lambda s: np.array([[0, -1, -1], [1, 0.2, 0], [s[2], 0, s[0] - 5.7]]), 0.1, 0.08,
    ),
    "lorenz96": (
        lambda: dynamics.lorenz96(6_000, step=0.02, discard=1000), lorenz96_jacobian, 0.02, 0.08,
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPONENTS)
def test_lyapunov_exponents(name):
    make, jacobian, step, error = EXPONENTS[name]
    assert exponent(make(), jacobian, step) == pytest.approx(dynamics.LYAPUNOV[name], rel=error)


@pytest.mark.slow
@pytest.mark.parametrize("tau", [17, 30])
def test_lyapunov_exponents_of_mackey_glass(tau):
    # The equation and its linearisation, 64 series at once and a delay at a time: within one the
    # delayed terms are known, and what is left is a linear filter.
    h, copies, transient, blocks = 0.5, 64, 10_000 // tau, 40_000 // tau
    z = 0.1 * h
    decay = 1 - z + z**2 / 2 - z**3 / 6 + z**4 / 24
    weights = np.array([1 - z + z**2 / 2 - z**3 / 4, 4 - 2 * z + z**2 / 2, 1.0]) * h / 6

    def advance(start, at, halfway):
        drive = weights[0] * at[:-1] + weights[1] * halfway + weights[2] * at[1:]
        later = lfilter([1], [1, -decay], drive, axis=0, zi=decay * start[None])[0]
        x = np.concatenate([start[None], later])
        slope = at - 0.1 * x
        return x, (x[:-1] + x[1:]) / 2 + h / 8 * (slope[:-1] - slope[1:])

    rng = np.random.default_rng(0)
    x = np.tile(rng.uniform(0.7, 1.3, copies), (round(tau / h) + 1, 1))
    difference = rng.standard_normal(x.shape)
    x, difference = ((v, (v[:-1] + v[1:]) / 2) for v in (x, difference))
    growth = []
    for _ in range(transient + blocks):
        drives = [
            0.2 * (1 - 9 * past**10) / (1 + past**10) ** 2 * small
            for past, small in zip(x, difference, strict=True)
        ]
        x = advance(x[0][-1], *(0.2 * past / (1 + past**10) for past in x))
        difference = advance(difference[0][-1], *drives)
        size = np.linalg.norm(difference[0], axis=0)
        difference = [part / size for part in difference]
        growth.append(np.log(size).mean())
    found = np.mean(growth[transient:]) / tau
    assert found == pytest.approx(dynamics.LYAPUNOV[f"mackey_glass_{tau}"], rel=0.02)


# === Driven and periodic series ===


@pytest.mark.parametrize("order", [10, 30])
def test_narma_rows_obey_the_equation(order):
    a, b, d = {10: (0.3, 0.05, 0.1), 30: (0.2, 0.04, 0.001)}[order]
    u, y = (column[:, 0] for column in dynamics.narma(200, order, seed=3))
    assert u.min() >= 0 and u.max() <= 0.5 and u.mean() == pytest.approx(0.25, abs=0.03)
    for t in range(order, 200):
        # y[t] is y(t+1): the newest output it is made of is y[t - 1], the newest input u[t].
        total = sum(y[t - 1 - i] for i in range(order))
        expected = a * y[t - 1] + b * y[t - 1] * total + 1.5 * u[t - order + 1] * u[t] + d
        assert y[t] == pytest.approx(expected, rel=1e-12)


def test_narma_from_rest_by_hand():
    u, y = (column[:, 0] for column in dynamics.narma(50, discard=0))
    # No product of inputs before the tenth: 0.1, then 0.3 * 0.1 + 0.05 * 0.1 * 0.1 + 0.1
    assert y[:2] == pytest.approx([0.1, 0.1305])
    third = 0.3 * 0.1305 + 0.05 * 0.1305 * 0.2305 + 0.1
    assert y[2] == pytest.approx(third)
    later = dynamics.narma(30, discard=20)
    assert np.array_equal(later[0][:, 0], u[20:]) and np.array_equal(later[1][:, 0], y[20:])


def test_narma_draws_again_where_it_diverges():
    seed = 4
    u = np.random.default_rng(seed).uniform(0, 0.5, 10_200)
    y = [0.0] * 10
    for t in range(len(u)):
        product = u[t - 9] * u[t] if t >= 9 else 0.0
        y.append(0.3 * y[-1] + 0.05 * y[-1] * sum(y[-10:]) + 1.5 * product + 0.1)
        if y[-1] > 1e6:
            break
    assert y[-1] > 1e6
    found, following = dynamics.narma(10_000, seed=seed), dynamics.narma(10_000, seed=seed + 1)
    assert np.array_equal(found, following)
    assert np.abs(found[1]).max() < 2


def test_narma_gives_up(monkeypatch):
    monkeypatch.setattr(driven, "_DIVERGED", 0.01)
    with pytest.raises(ValueError, match="all of 100 samples of order 10 diverged. .*steps=20"):
        dynamics.narma(20)


def test_memory_task_delays_the_input():
    u, targets = dynamics.memory_task(2000, delays=7, amplitude=0.5, seed=4)
    assert u.shape == (2000, 1) and targets.shape == (2000, 7)
    for k in range(1, 8):
        assert np.array_equal(targets[k:, k - 1], u[:-k, 0])
    assert np.isfinite(targets).all() and np.abs(targets).max() <= 0.5
    assert u.std() == pytest.approx(0.5 / np.sqrt(3), rel=0.03)  # of a uniform distribution


def test_superimposed_oscillators_by_hand():
    found = dynamics.superimposed_oscillators(3, count=2)[:, 0]
    assert found == pytest.approx([0, np.sin(0.2) + np.sin(0.311), np.sin(0.4) + np.sin(0.622)])
    assert dynamics.superimposed_oscillators(2, count=8)[1, 0] == pytest.approx(
        sum(map(np.sin, (0.2, 0.311, 0.42, 0.51, 0.63, 0.74, 0.85, 0.97)))
    )


def test_noisy_sines_have_the_stated_periods_and_noise():
    options = dict(periods=(10.0, 25.0), amplitudes=(1.0, 3.0), seed=2)
    clean = dynamics.noisy_sines(5000, noise=0.0, **options)[:, 0]
    assert clean[50:] == pytest.approx(clean[:-50], abs=1e-9)  # the common period
    power = np.abs(np.fft.rfft(clean)) / 2500
    assert power[[500, 200]] == pytest.approx([1.0, 3.0])  # 5000 / 10 and 5000 / 25 turns
    noise = dynamics.noisy_sines(5000, noise=0.2, **options)[:, 0] - clean
    assert noise.std() == pytest.approx(0.2, rel=0.03) and abs(noise.mean()) < 0.01


# === All of them ===

SEEDED = {
    "mackey_glass": 1, "lorenz63": 3, "lorenz96": 40, "rossler": 3, "henon": 2, "logistic_map": 1,
    "noisy_sines": 1,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SEEDED)
def test_a_seed_fixes_the_series(name):
    make = getattr(dynamics, name)
    first = make(50, seed=1)
    assert first.shape == (50, SEEDED[name]) and first.dtype == np.float64
    assert np.array_equal(first, make(50, seed=1))
    assert not np.array_equal(first, make(50, seed=2))
    assert np.array_equal(make(50), make(50))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dynamics.mackey_glass(0), "steps must be an integer of at least 1.*=0"),
        (lambda: dynamics.mackey_glass(9.5), "steps must be an integer.*=9.5"),
        (lambda: dynamics.mackey_glass(9, 17.03), "tau must be a whole number of.*0.1.*17.03"),
        (lambda: dynamics.mackey_glass(9, 0.01), "tau must be a whole number of integration"),
        (lambda: dynamics.mackey_glass(9, -1), "tau must be a number above 0.*-1"),
        (lambda: dynamics.mackey_glass(9, history=0.0), "history must be a number above 0"),
        (lambda: dynamics.mackey_glass(9, substeps=0), "substeps must be an integer"),
        (lambda: dynamics.lorenz63(9, initial=(1, 2)), r"initial must be 3 finite.*\(1, 2\)"),
        (lambda: dynamics.lorenz63(9, initial=(1, 2, np.nan)), "initial must be 3 finite"),
        (lambda: dynamics.lorenz63(9, step=-0.1), "step must be a number above 0.*-0.1"),
        (lambda: dynamics.lorenz63(99, step=1.0, substeps=1), "left all bounds.*row 0"),
        (lambda: dynamics.lorenz96(9, 3), "dimension must be an integer of at least 4"),
        (lambda: dynamics.rossler(9, discard=-1), "discard must be an integer of at least 0"),
        (lambda: dynamics.henon(99, a=3.0), "a, b and initial .*left all bounds"),
        (lambda: dynamics.logistic_map(9, r=4.1), "r must be a number above 0 and at most 4.*4.1"),
        (lambda: dynamics.logistic_map(9, initial=1.0), "initial must be between 0 and 1.*1.0"),
        (lambda: dynamics.narma(9, order=20), "order must be one of 10, 30.*20"),
        (lambda: dynamics.narma(9, seed=None), "seed must be an integer.*None"),
        (lambda: dynamics.memory_task(9, delays=0), "delays must be an integer"),
        (lambda: dynamics.memory_task(9, amplitude=0), "amplitude must be a number above 0"),
        (lambda: dynamics.superimposed_oscillators(9, 9), "count must be .* at most 8.*=9"),
        (lambda: dynamics.noisy_sines(9, periods=(5, 0)), r"periods must be.*\[5.0, 0.0\]"),
        (lambda: dynamics.noisy_sines(9, amplitudes=(1, 2, 3)), r"amplitudes must be.*\(2\)"),
        (lambda: dynamics.noisy_sines(9, noise=-1), "noise must be a number at least 0"),
        (lambda: dynamics.splits("lorenz"), "name must be one of 'mackey_glass_17', .*'lorenz'"),
    ],
)
def test_bad_settings_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# === Ready-made sets ===


@pytest.mark.slow
@pytest.mark.parametrize("name", dynamics.SETS)
def test_sets_are_consecutive_pieces(name):
    chosen = dynamics.SETS[name]
    pieces = dynamics.splits(name)
    assert {split: rows.shape for split, rows in pieces.items()} == {
        split: (size, len(chosen.columns)) for split, size in dynamics.SIZES.items()
    }
    whole = np.concatenate(list(pieces.values()))
    assert np.isfinite(whole).all() and (whole.std(axis=0) > 0.05).all()
    # No transient: the first tenth is spread as all of it is.
    assert whole[:1000].std(axis=0) == pytest.approx(whole.std(axis=0), rel=0.35)
    assert chosen.lyapunov == dynamics.LYAPUNOV.get(name)
    assert f"| `{name}`" in dynamics.CARD


@pytest.mark.parametrize("name", FLOWS)
def test_the_step_of_a_set_is_that_of_its_rows(name, monkeypatch):
    monkeypatch.setattr(dynamics, "SIZES", {"train": 20, "validation": 2, "test": 2})
    rows, step = dynamics.splits(name)["train"], dynamics.SETS[name].step
    slope = FLOWS[name][1]
    for row, following in zip(rows, rows[1:], strict=False):
        found = solve_ivp(slope, (0, step), row, "DOP853", rtol=1e-10, atol=1e-10).y[:, -1]
        assert following == pytest.approx(found, abs=1e-6)


def test_dynamics_is_found_lazily_and_needs_no_tensorflow():
    assert rnnkit.datasets.dynamics is dynamics
    code = (
        "import sys, rnnkit.data; rnnkit.datasets.dynamics.splits('henon'); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_card_says_what_it_is():
    assert dynamics.CARD.startswith("# rnnkit_series\n")
    sizes = (f"{size:,}" for size in dynamics.SIZES.values())
    for said in ("synthetic", "Limits", "Runge-Kutta", *sizes):
        assert said in dynamics.CARD
