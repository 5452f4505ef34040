"""The topologies against matrices written by hand and eigenvalues computed elsewhere."""

import keras
import numpy as np
import pytest

from rnnkit.layers import topology as topologies
from rnnkit.layers.topology import TOPOLOGIES, spectral_radius

SPARSE = [name for name, kind in TOPOLOGIES.items() if kind.sparse]
RANDOM = ["circulant", "random", "random_connectivity", "small_world", "dense", "orthogonal"]


def dense(indices, values):
    """Links as a matrix, one at a time; (i, j) is the weight from i to j."""
    degree, units = indices.shape
    matrix = np.zeros((units, units))
    for k in range(degree):
        for j in range(units):
            matrix[indices[k, j], j] += values[k, j]
    return matrix


def matrix_of(topology, units):
    return dense(*topology.links(units)) if topology.sparse else topology.matrix(units)


def largest(matrix):
    return np.abs(np.linalg.eigvals(matrix)).max()


# === Spectral radius ===


def test_the_measure():
    assert spectral_radius(np.array([[0.0, 2.0], [0.5, 0.0]])) == pytest.approx(1)
    assert spectral_radius(np.array([[0.0, -2.0], [2.0, 0.0]])) == pytest.approx(2)  # i2 and -i2
    assert spectral_radius(np.array([[0.0, 5.0], [0.0, 0.0]])) == 0
    assert spectral_radius(np.diag([1.0, -3.0])) == 3


# Small enough to have all eigenvalues computed, and large enough not to be.
@pytest.mark.slow
@pytest.mark.parametrize("units, radius", [(40, 1.25), (310, 0.9)])
@pytest.mark.parametrize(
    "name", [name for name in TOPOLOGIES if name not in ("delay_line", "delay_line_feedback")]
)
def test_spectral_radius_is_the_one_asked_for(name, radius, units):
    for seed in range(2):
        matrix = matrix_of(topologies.get(name, spectral_radius=radius, seed=seed), units)
        assert largest(matrix) == pytest.approx(radius, rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize("name", ["circulant", "random"])
def test_spectral_radius_of_few_links(name, degree):
    # Several eigenvalues of nearly the same absolute value, which is hard for iterations.
    matrix = matrix_of(topologies.get(name, degree=degree, seed=1), 310)
    assert largest(matrix) == pytest.approx(0.9, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["circulant", "random"])
def test_spectral_radius_of_a_large_net(name):
    matrix = matrix_of(topologies.get(name, seed=1), 1000)
    assert largest(matrix) == pytest.approx(0.9, rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["circulant", "random", "random_connectivity"])
def test_spectral_radius_of_a_larger_net_by_other_iterations(name):
    from scipy import sparse
    from scipy.sparse.linalg import eigs

    # Another operator (the transpose), start, and many more eigenvalues than are wanted.
    indices, values = topologies.get(name, seed=2).links(2000)
    targets = np.broadcast_to(np.arange(2000), indices.shape)
    matrix = sparse.csc_array((values.ravel(), (targets.ravel(), indices.ravel())))
    start = np.random.default_rng(7).normal(size=2000)
    found, vectors = eigs(matrix, k=25, ncv=150, v0=start, tol=1e-12)
    assert np.abs(matrix @ vectors - vectors * found).max() < 1e-9
    assert np.abs(found).max() == pytest.approx(0.9, rel=1e-9)


@pytest.mark.parametrize("feedback", [0.05, 0.3, 1.0, 2.0])
@pytest.mark.parametrize("units", [2, 7, 350])
def test_spectral_radius_of_a_delay_line_with_feedback(units, feedback):
    # Far from normal, so that its own eigenvalues cannot be computed: those of the symmetric
    # matrix that is similar to it can.
    matrix = matrix_of(topologies.get("delay_line_feedback", feedback=feedback), units)
    forward, backward = np.diag(matrix, 1), np.diag(matrix, -1)
    np.testing.assert_array_equal(matrix, np.diag(forward, 1) + np.diag(backward, -1))
    np.testing.assert_allclose(backward, feedback * forward, rtol=1e-12)
    beside = np.sqrt(forward * backward)
    symmetric = np.diag(beside, 1) + np.diag(beside, -1)
    assert np.abs(np.linalg.eigvalsh(symmetric)).max() == pytest.approx(0.9, rel=1e-12)
    k = np.arange(1, units + 1)
    by_formula = 2 * forward[0] * np.sqrt(feedback) * np.cos(np.pi * k / (units + 1))
    np.testing.assert_allclose(
        np.sort(by_formula), np.linalg.eigvalsh(symmetric), rtol=0, atol=1e-12
    )


def test_a_delay_line_forgets_all_and_its_radius_is_its_weight():
    matrix = matrix_of(topologies.get("delay_line", spectral_radius=0.7), 6)
    np.testing.assert_array_equal(matrix, 0.7 * np.eye(6, k=1))
    assert np.linalg.matrix_power(matrix, 5).any()
    assert not np.linalg.matrix_power(matrix, 6).any()


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_radius_zero_is_no_memory(name):
    assert not matrix_of(topologies.get(name, spectral_radius=0), 40).any()


# === Who hears whom ===


def test_links_and_matrix_are_the_same():
    for name in SPARSE:
        topology = topologies.get(name, seed=3)
        indices, values = topology.links(40)
        assert indices.dtype == "int32" and values.dtype == "float64"
        assert indices.shape == values.shape == (topology.in_degree(40), 40)
        assert indices.min() >= 0 and indices.max() < 40
        np.testing.assert_allclose(
            topology.matrix(40), dense(indices, values), rtol=0, atol=1e-15, err_msg=name
        )


@pytest.mark.parametrize("units, degree", [(200, 7), (200, 150), (200, 200), (30, 10), (1000, 3)])
def test_random_degree_hears_so_many_others(units, degree):
    indices, values = topologies.get("random", degree=degree, seed=1).links(units)
    assert indices.shape == (degree, units)
    assert all(len(set(heard)) == degree for heard in indices.T)
    assert values.all()
    assert np.count_nonzero(dense(indices, values), axis=0).tolist() == [degree] * units


@pytest.mark.parametrize("units, degree", [(200, 7), (200, 200), (30, 10), (5, 1)])
def test_circulant_hears_units_at_the_same_distances(units, degree):
    indices, values = topologies.get("circulant", degree=degree, seed=1).links(units)
    distances = (np.arange(units) - indices) % units
    np.testing.assert_array_equal(distances, np.repeat(distances[:, :1], units, axis=1))
    assert len(set(distances[:, 0])) == degree
    assert np.count_nonzero(dense(indices, values), axis=0).tolist() == [degree] * units
    assert np.count_nonzero(dense(indices, values), axis=1).tolist() == [degree] * units


@pytest.mark.parametrize("name", [name for name in SPARSE if TOPOLOGIES[name].shifts])
def test_every_row_of_links_is_one_shift(name):
    # What the product by slices relies on.
    indices, _ = topologies.get(name).links(40)
    distances = (np.arange(40) - indices) % 40
    np.testing.assert_array_equal(distances, np.repeat(distances[:, :1], 40, axis=1))


@pytest.mark.slow
@pytest.mark.parametrize("units, connectivity", [(300, 0.02), (300, 0.1), (100, 0.5), (60, 0.97)])
def test_random_connectivity_is_a_binomial_draw(units, connectivity):
    topology = topologies.get("random_connectivity", connectivity=connectivity, seed=1)
    exists = matrix_of(topology, units) != 0
    possible = units * units
    deviation = np.sqrt(possible * connectivity * (1 - connectivity))
    assert abs(exists.sum() - possible * connectivity) < 5 * deviation
    for axis in (0, 1):  # in-degrees and out-degrees both vary, as those of a binomial draw
        variance = exists.sum(axis=axis).var()
        expected = units * connectivity * (1 - connectivity)
        assert 0.5 * expected < variance < 1.7 * expected


def test_random_connectivity_prefers_no_unit():
    # The share of 400 nets in which each unit is heard, beside that of an even draw.
    units, nets = 60, 400
    heard = np.zeros((units, units))
    topology = topologies.get("random_connectivity", connectivity=0.2)
    for seed in range(nets):
        indices, values = topology.sample(units, np.random.default_rng(seed))
        heard += dense(indices, values) != 0
    deviation = np.sqrt(0.2 * 0.8 / nets / units)
    by_source = heard.mean(axis=1) / nets
    assert np.abs(by_source - 0.2).max() < 4.5 * deviation
    assert np.abs(heard / nets - 0.2).max() < 5.5 * deviation * np.sqrt(units)


def test_random_connectivity_of_one_is_full():
    matrix = matrix_of(topologies.get("random_connectivity", connectivity=1.0), 30)
    assert np.count_nonzero(matrix) == 900


def test_small_world_that_is_not_rewired_is_a_lattice():
    matrix = matrix_of(topologies.get("small_world", degree=4, rewire=0), 9)
    j = np.arange(9)
    distance = np.minimum((j[:, None] - j) % 9, (j - j[:, None]) % 9)
    np.testing.assert_array_equal(matrix != 0, (distance == 1) | (distance == 2))


def test_small_world_rewires_so_many():
    units, degree = 500, 10
    indices, _ = topologies.get("small_world", degree=degree, rewire=0.2, seed=1).links(units)
    distance = (np.arange(units) - indices) % units
    far = np.minimum(distance, units - distance) > degree // 2
    deviation = np.sqrt(0.2 * 0.8 / far.size)
    assert abs(far.mean() - 0.2) < 5 * deviation
    everywhere, _ = topologies.get("small_world", degree=degree, rewire=1.0, seed=1).links(units)
    distance = (np.arange(units) - everywhere) % units
    assert 0.4 < (distance < units / 2).mean() < 0.6
    assert (np.minimum(distance, units - distance) > degree // 2).mean() > 0.95


@pytest.mark.parametrize("name", RANDOM)
def test_weights_are_normal(name):
    matrix = matrix_of(topologies.get(name, seed=1), 300)
    weights = matrix[matrix != 0]
    weights = weights / weights.std()
    assert abs(weights.mean()) < 5 / np.sqrt(weights.size)
    assert abs((np.abs(weights) < 1).mean() - 0.6827) < 0.03  # 0.577 if drawn evenly


def test_full_and_orthogonal():
    assert np.count_nonzero(topologies.get("dense").matrix(30)) == 900
    matrix = topologies.get("orthogonal", spectral_radius=0.8).matrix(30)
    np.testing.assert_allclose(matrix @ matrix.T, 0.64 * np.eye(30), rtol=0, atol=1e-12)
    np.testing.assert_allclose(np.abs(np.linalg.eigvals(matrix)), np.full(30, 0.8), rtol=1e-10)


def test_orthogonal_has_no_favoured_direction():
    # Plain QR favours one sign of the diagonal; here rotations and reflections come alike.
    signs = [np.linalg.det(topologies.get("orthogonal", seed=s).matrix(5)) > 0 for s in range(200)]
    corners = [topologies.get("orthogonal", seed=s).matrix(5)[0, 0] > 0 for s in range(200)]
    assert 60 < sum(signs) < 140 and 60 < sum(corners) < 140


# === By hand ===


def test_ring_by_hand():
    r = 0.9
    expected = [
        [0, r, 0, 0, 0, 0],
        [0, 0, r, 0, 0, 0],
        [0, 0, 0, r, 0, 0],
        [0, 0, 0, 0, r, 0],
        [0, 0, 0, 0, 0, r],
        [r, 0, 0, 0, 0, 0],
    ]
    np.testing.assert_array_equal(matrix_of(topologies.get("ring"), 6), expected)


def test_delay_line_with_feedback_by_hand():
    r, b = 1.0, 0.25
    expected = np.array(
        [
            [0, r, 0, 0, 0, 0],
            [b, 0, r, 0, 0, 0],
            [0, b, 0, r, 0, 0],
            [0, 0, b, 0, r, 0],
            [0, 0, 0, b, 0, r],
            [0, 0, 0, 0, b, 0],
        ]
    )
    matrix = matrix_of(topologies.get("delay_line_feedback", feedback=0.25), 6)
    np.testing.assert_allclose(matrix / matrix[0, 1], expected, rtol=1e-12)


# Jumps of 3 between 8 units: 0 - 3 - 6, and from there not round to the start. Of 2 between 6
# units: 0 - 2 - 4 - 0, which closes. Of 3 between 6: 0 - 3 alone, as the way back is the same.
R, J = 1.0, 0.5
JUMPS = {
    (8, 3): [
        [0, R, 0, J, 0, 0, 0, 0],
        [0, 0, R, 0, 0, 0, 0, 0],
        [0, 0, 0, R, 0, 0, 0, 0],
        [J, 0, 0, 0, R, 0, J, 0],
        [0, 0, 0, 0, 0, R, 0, 0],
        [0, 0, 0, 0, 0, 0, R, 0],
        [0, 0, 0, J, 0, 0, 0, R],
        [R, 0, 0, 0, 0, 0, 0, 0],
    ],
    (6, 2): [
        [0, R, J, 0, J, 0],
        [0, 0, R, 0, 0, 0],
        [J, 0, 0, R, J, 0],
        [0, 0, 0, 0, R, 0],
        [J, 0, J, 0, 0, R],
        [R, 0, 0, 0, 0, 0],
    ],
    (6, 3): [
        [0, R, 0, J, 0, 0],
        [0, 0, R, 0, 0, 0],
        [0, 0, 0, R, 0, 0],
        [J, 0, 0, 0, R, 0],
        [0, 0, 0, 0, 0, R],
        [R, 0, 0, 0, 0, 0],
    ],
}


@pytest.mark.parametrize("units, jump", JUMPS)
def test_cycle_jumps_by_hand(units, jump):
    topology = topologies.get("cycle_jumps", jump=jump, jump_weight=0.5, spectral_radius=0.9)
    expected = np.array(JUMPS[units, jump])
    scaled = 0.9 / largest(expected) * expected
    np.testing.assert_allclose(matrix_of(topology, units), scaled, rtol=1e-12)


# === Seeds ===


@pytest.mark.parametrize("name", RANDOM)
def test_seeds(name):
    def draw(seed):
        topology = topologies.get(name, seed=seed)
        return matrix_of(topology, 60)

    np.testing.assert_array_equal(draw(4), draw(4))
    assert not np.allclose(draw(4), draw(5))
    assert not np.allclose(draw(None), draw(None))
    if TOPOLOGIES[name].sparse:
        for first, second in zip(*(topologies.get(name, seed=4).links(60),) * 2, strict=True):
            np.testing.assert_array_equal(first, second)


# === Keras ===


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_config_round_trip_and_initializer(name):
    options = {"spectral_radius": 0.8, "seed": 3}
    options |= {
        "circulant": {"degree": 5},
        "random": {"degree": 5},
        "random_connectivity": {"connectivity": 0.3},
        "small_world": {"degree": 4, "rewire": 0.5},
        "delay_line_feedback": {"feedback": 0.2},
        "cycle_jumps": {"jump": 4, "jump_weight": 0.1},
    }.get(name, {})
    topology = topologies.get(name, **options)
    assert topology.get_config() == options
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(topology))
    assert type(again) is TOPOLOGIES[name] and again.get_config() == options
    assert keras.saving.get_registered_name(type(again)) == f"rnnkit>{type(again).__name__}"
    copied = topologies.get(topology, spectral_radius=0.4)
    assert copied.get_config() == {**options, "spectral_radius": 0.4}
    assert topology.get_config() == options

    kernel = again((20, 20))
    assert kernel.dtype == "float32" and again((20, 20), dtype="float64").dtype == "float64"
    np.testing.assert_allclose(kernel, matrix_of(topology, 20), rtol=1e-6)
    layer = keras.layers.SimpleRNN(20, recurrent_initializer=topology)
    layer.build((None, None, 3))
    np.testing.assert_array_equal(layer.cell.recurrent_kernel, kernel)
    layer = keras.layers.SimpleRNN.from_config(layer.get_config())
    layer.build((None, None, 3))
    np.testing.assert_array_equal(layer.cell.recurrent_kernel, kernel)


# === Errors ===


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("circulant", {"degree": 0}, "degree must be an integer of at least 1. Rec.*degree=0"),
        ("random", {"degree": 2.5}, r"degree must be an integer.*degree=2\.5"),
        ("random", {"degree": True}, "degree must be an integer.*degree=True"),
        ("small_world", {"degree": 5}, "degree must be even. Received: degree=5"),
        ("small_world", {"degree": 0}, "degree must be an integer of at least 2"),
        ("small_world", {"rewire": 1.5}, r"rewire must be .*at most 1\. Rec.*rewire=1\.5"),
        ("random_connectivity", {"connectivity": 0}, "connectivity must be a number above 0"),
        ("random_connectivity", {"connectivity": 1.5}, r"connectivity must be .*=1\.5"),
        ("random_connectivity", {"connectivity": -0.1}, r"connectivity must be .*=-0\.1"),
        ("delay_line_feedback", {"feedback": 0}, "feedback must be above 0.*DelayLine"),
        ("delay_line_feedback", {"feedback": -1}, "feedback must be .*feedback=-1"),
        ("cycle_jumps", {"jump": 1}, "jump must be an integer of at least 2. Rec.*jump=1"),
        ("cycle_jumps", {"jump_weight": np.nan}, "jump_weight must be .*=nan"),
        ("ring", {"spectral_radius": -0.1}, r"spectral_radius must be .*=-0\.1"),
        ("dense", {"spectral_radius": np.nan}, "spectral_radius must be .*=nan"),
        ("dense", {"spectral_radius": np.inf}, "spectral_radius must be .*=inf"),
        ("dense", {"spectral_radius": "0.9"}, "spectral_radius must be .*='0.9'"),
        ("rnig", {}, r"topology must be one of \['circulant'.*Did you mean 'ring'\?.*'rnig'"),
        ("x", {}, r"topology must be one of .*or a Topology\. Received: topology='x'"),
        (None, {}, "topology must be one of .*Received: topology=None"),
        ("ring", {"degree": 3}, r"degree does not fit topology='ring', which takes \['spectral"),
        ("circulant", {"connectivity": 0.1}, "connectivity does not fit topology='circulant'"),
    ],
)
def test_bad_options(name, options, message):
    with pytest.raises(ValueError, match=message):
        topologies.get(name, **options)


@pytest.mark.parametrize(
    "name, options, units, message",
    [
        ("circulant", {"degree": 11}, 10, "degree must be at most the number of units, 10.*=11"),
        ("random", {"degree": 11}, 10, "degree must be at most the number of units, 10.*=11"),
        ("small_world", {"degree": 10}, 10, "degree must be below the number of units, 10.*=10"),
        ("cycle_jumps", {"jump": 10}, 10, "jump must be below the number of units, 10.*jump=10"),
        ("random_connectivity", {"connectivity": 0.01}, 3, "with 3 units has no loop"),
        ("delay_line_feedback", {}, 1, "must be at most the number of units, 1"),
    ],
)
def test_too_few_units(name, options, units, message):
    topology = topologies.get(name, seed=1, **options)
    for call in (topology.links, topology.matrix, lambda units: topology((units, units))):
        with pytest.raises(ValueError, match=message):
            call(units)


@pytest.mark.parametrize("shape", [(4, 5), (4,), (4, 4, 4)])
@pytest.mark.parametrize("name", ["ring", "orthogonal"])
def test_kernels_are_square(name, shape):
    with pytest.raises(ValueError, match=r"square recurrent kernels.*Received: shape=\(4"):
        topologies.get(name)(shape)


@pytest.mark.parametrize("name", ["dense", "orthogonal"])
def test_dense_topologies_have_no_links(name):
    topology = topologies.get(name)
    with pytest.raises(ValueError, match="take matrix\\(units\\). Received: units=5"):
        topology.links(5)
    topology.check(5)
