"""Strokes: moves worked by hand, invariances, and the way back to points."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.data.pipeline import encoded as pipeline
from rnnkit.datasets import letters
from rnnkit.features import Strokes

PLAIN = {"mean": [0.0] * 3, "deviation": [1.0] * 3}
# An L of two strokes, and a dot.
WORD = "0 0 0;3 4 0;3 9 1;7 9 0;7 6 1;20 2 1"
POINTS = np.array(
    [[0, 0, 0], [3, 4, 0], [3, 9, 1], [7, 9, 0], [7, 6, 1], [20, 2, 1]], "float32"
)  # fmt: skip


def rows(feature, piece):
    (found,) = feature.encode(feature.to_tensor([piece]))
    return found.numpy()


def drawn(word="quay", seed=3, **options):
    return letters.draw(word, slant=0.2, jitter=0.8, seed=seed, **options)


# === Moves ===


def test_moves_by_hand():
    found = rows(Strokes(unit=None, **PLAIN), WORD)
    # Each point's height counts by the ink before and after it.
    ink = np.array([0, 5, 5, 0, 3, 0])
    weight = ink + np.append(ink[1:], 0)
    middle = (weight * POINTS[:, 1]).sum() / weight.sum()
    expected = [
        # dx, dy, up, cos, sin, y, down
        [0, 0, 0, 0, 0, 0, 1],
        [3, 4, 0, 0.6, 0.8, 4, 0],
        [0, 5, 1, 0, 1, 9, 0],
        [4, 0, 0, 1, 0, 9, 1],
        [0, -3, 1, 0, -1, 6, 0],
        [13, -4, 1, 13 / np.hypot(13, 4), -4 / np.hypot(13, 4), 2, 1],
    ]
    expected = np.array(expected, "float64")
    expected[:, 5] -= middle
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)
    bare = Strokes(unit=None, context=False, **PLAIN)
    assert (bare.width, Strokes().width) == (3, 7)
    np.testing.assert_allclose(rows(bare, WORD), expected[:, :3], atol=1e-6)


def test_size_by_hand():
    # A square of side 2: ink is spread evenly, from -1 to 1 on two sides, at the ends on two.
    square = [[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0], [0, 0, 1]]
    moves = rows(Strokes(unit="height", context=False, **PLAIN), square)[1:, :2]
    np.testing.assert_allclose(moves, [[1, 0], [0, 1], [-1, 0], [0, -1]], atol=1e-6)
    # Each corner has the same ink around it, so the heights have the deviation 1: the size is 2.
    moves = rows(Strokes(unit="spread", context=False, **PLAIN), square)[1:, :2]
    np.testing.assert_allclose(moves, [[1, 0], [0, 1], [-1, 0], [0, -1]], atol=1e-6)
    # A flat line has no height: its length is the size. A dot has none at all.
    dash = rows(Strokes(context=False, **PLAIN), [[5, 5, 0], [7, 5, 0], [15, 5, 1]])
    np.testing.assert_allclose(dash, [[0, 0, 0], [0.2, 0, 0], [0.8, 0, 1]], atol=1e-6)
    dot = rows(Strokes(context=False, **PLAIN), [[5, 5, 0], [5, 5, 1]])
    np.testing.assert_array_equal(dot, [[0, 0, 1]])


@pytest.mark.parametrize("options", [{}, {"unit": "height"}, {"spacing": 0.2}])
def test_neither_place_nor_size_matters(options):
    feature = Strokes(**options, **PLAIN)
    points = drawn()
    changed = points * np.array([3.7, 3.7, 1], "float32") + np.array([500, -80, 0], "float32")
    np.testing.assert_allclose(rows(feature, changed), rows(feature, points), atol=1e-3)


def test_repeated_points_and_a_last_flag_of_zero_change_nothing():
    feature = Strokes(**PLAIN)
    expected = rows(feature, WORD)
    repeated = "0 0 0;0 0 0;3 4 0;3 4 0;3 9 0;3 9 1;7 9 0;7 9 0;7 6 1;20 2 0;20 2 0"
    np.testing.assert_allclose(rows(feature, repeated), expected, atol=1e-6)
    # The same place again in another stroke is a point of its own.
    again = rows(feature, "0 0 0;0 4 1;0 4 0;2 4 1")
    assert len(again) == 4 and again[2, :2].tolist() == [0, 0] and again[2, 6] == 1


# === Spacing ===


def test_points_at_equal_distances_by_hand():
    feature = Strokes(unit=None, spacing=2.5, context=False, **PLAIN)
    found = rows(feature, WORD)
    # The first stroke is 10 long: four pieces. The second 4 + ... is 3 long: two. The dot stays.
    at = np.cumsum(found[:, :2], axis=0)
    expected = [[0, 0], [1.5, 2], [3, 4], [3, 6.5], [3, 9], [7, 9], [7, 7.5], [7, 6], [20, 2]]
    np.testing.assert_allclose(at, expected, atol=1e-5)
    assert found[:, 2].tolist() == [0, 0, 0, 0, 1, 0, 0, 1, 1]


def test_speed_and_sampling_rate_do_not_matter():
    feature = Strokes(spacing=0.1, **PLAIN)
    fine = letters.draw("quay", slant=0.2, density=0.01)
    # Every other point of each stroke, its ends kept.
    ends = fine[:, 2] == 1
    first = np.roll(ends, 1)
    coarse = fine[ends | first | (np.arange(len(fine)) % 2 == 0)]
    one, other = rows(feature, fine), rows(feature, coarse)
    assert abs(len(one) - len(other)) <= 2
    pieces = feature.decode(np.stack([one[:10], other[:10]]))
    np.testing.assert_allclose(pieces[0], pieces[1], atol=0.02)


def test_resampled_points_lie_on_the_line():
    feature = Strokes(unit=None, spacing=5.0, **PLAIN)
    points = drawn()
    found = rows(feature, points)
    at = np.cumsum(found[:, :2], axis=0) + points[0, :2]
    starts = np.flatnonzero(found[:, 6])
    ends = np.flatnonzero(found[:, 2])
    true_ends = np.flatnonzero(points[:, 2])
    assert len(starts) == len(ends) == len(true_ends)
    np.testing.assert_allclose(at[ends], points[true_ends, :2], atol=1e-3)
    np.testing.assert_allclose(at[starts[1:]], points[true_ends[:-1] + 1, :2], atol=1e-3)
    steps = np.linalg.norm(found[found[:, 6] == 0][:, :2], axis=1)
    assert steps.max() <= 5.0 + 1e-4  # a chord is no longer than the line it cuts off
    # Distance of every new point to the nearest segment of the drawing.
    segments = np.stack([points[:-1, :2], points[1:, :2]], axis=1)[points[:-1, 2] == 0]
    a, d = segments[:, 0], segments[:, 1] - segments[:, 0]
    t = np.einsum("psk,sk->ps", at[:, None] - a, d) / np.maximum((d**2).sum(1), 1e-12)
    near = a + np.clip(t, 0, 1)[..., None] * d
    assert np.linalg.norm(at[:, None] - near, axis=2).min(axis=1).max() < 1e-3


# === Learning and the way back ===


def test_what_is_learned_is_over_all_points():
    pieces = [drawn(seed=seed) for seed in range(5)]
    feature = Strokes(spacing=0.2).adapt(pieces)
    moves = np.concatenate([rows(Strokes(spacing=0.2, **PLAIN), piece) for piece in pieces])
    np.testing.assert_allclose(feature.mean, moves[:, [0, 1, 5]].mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(feature.deviation, moves[:, [0, 1, 5]].std(axis=0), atol=1e-5)
    assert not Strokes().adapted
    dataset = tf.data.Dataset.from_generator(
        lambda: iter(pieces), output_signature=feature.raw_spec
    )
    again = Strokes(spacing=0.2).adapt(dataset)
    np.testing.assert_allclose(again.mean, feature.mean, rtol=1e-6)


@pytest.mark.parametrize("context", [True, False])
def test_decode_gives_the_points_back(context):
    pieces = [drawn(seed=seed) for seed in range(3)]
    feature = Strokes(context=context).adapt(pieces)
    outputs = feature.encode(feature.to_tensor(pieces)).to_tensor(np.nan).numpy()
    for points, found in zip(pieces, feature.decode(outputs), strict=True):
        assert found.shape == points.shape and found.dtype == np.float32
        at = points[:, :2] - points[0, :2]
        size = np.abs(at).max() / np.abs(found[:, :2]).max()
        np.testing.assert_allclose(size * found[:, :2], at, atol=0.02)
        np.testing.assert_array_equal(found[:, 2], points[:, 2])


def test_longest_sequence():
    feature = Strokes(max_length=4, **PLAIN)
    assert len(rows(feature, WORD)) == 4
    assert feature.encode(feature.to_tensor([WORD]), truncate=False).row_lengths() == [6]


# === Forms and bad input ===


def test_forms():
    feature = Strokes(**PLAIN)
    expected = rows(feature, WORD)
    for form in (
        WORD, WORD + ";", WORD.encode(), POINTS, POINTS.tolist(), POINTS.astype("float64"),
        tf.constant(POINTS),
    ):  # fmt: skip
        np.testing.assert_array_equal(rows(feature, form), expected)
    np.testing.assert_array_equal(feature.encode(feature.to_tensor(POINTS))[0], expected)
    dense = feature.encode(tf.constant(np.stack([POINTS, POINTS])))
    np.testing.assert_array_equal(dense[1], expected)


@pytest.mark.parametrize(
    "piece, message",
    [
        ("1 2 1", "at least two points. Received: 1"),
        ("", "at least two points. Received: 0"),
        ([], "at least two points. Received: 0"),
        ("0 0 0;1 2", r"three numbers each.*\['1', '2'\] at point 1"),
        ("0 0 0;1 x 1", "points must be numbers"),
        ([[0, 0, 0], [np.nan, 1, 1]], r"finite numbers. Received: \[nan, 1.0, 1.0\] at point 1"),
        ([[0, 0, 0], [1, np.inf, 1]], "finite numbers.*at point 1"),
        ([[0, 0, 0.5], [1, 1, 1]], r"flag of 0 or 1. Received: \[0.0, 0.0, 0.5\] at point 0"),
        (np.zeros((4, 2)), r"Received: an array of shape \(4, 2\)"),
        (np.zeros(6), r"Received: an array of shape \(6,\)"),
    ],
)
def test_what_are_no_points_is_named(piece, message):
    feature = Strokes(**PLAIN)
    with pytest.raises(ValueError, match=f"piece 1: .*{message}"):
        feature.to_tensor([WORD, piece])


@pytest.mark.parametrize(
    "place, value, message",
    [(0, np.nan, "finite numbers"), (1, np.inf, "finite numbers"), (2, 2.0, "flag of 0 or 1")],
)
@pytest.mark.parametrize("spacing", [None, 0.3])
def test_bad_points_in_a_dataset_are_named(place, value, message, spacing):
    bad = POINTS.copy()
    bad[3, place] = value
    feature = Strokes(spacing=spacing, **PLAIN)
    raw = tf.RaggedTensor.from_row_lengths(np.concatenate([POINTS, bad]), [6, 6])
    encoded = feature.encode(raw)
    with pytest.raises(ValueError, match=f"piece 1: .*{message}.*at point 3"):
        feature.check(raw, encoded)
    with pytest.raises(tf.errors.InvalidArgumentError, match="no pen points"):
        feature.guard(encoded)
    with pytest.raises(ValueError, match=f"piece 1: .*{message}"):
        Strokes().adapt(raw)
    # The good piece beside it is as it is alone.
    np.testing.assert_allclose(encoded[0], rows(feature, WORD), atol=1e-6)
    feature.check(raw[:1], encoded[:1])
    feature.guard(encoded[:1])


def test_too_few_points_in_a_dataset_are_named():
    feature = Strokes(**PLAIN)
    raw = tf.RaggedTensor.from_row_lengths(np.concatenate([POINTS, POINTS[:1]]), [6, 1, 0])
    with pytest.raises(ValueError, match="piece 1: .*at least two points. Received: 1"):
        feature.check(raw, feature.encode(raw))
    with pytest.raises(tf.errors.InvalidArgumentError, match="without points"):
        feature.guard(feature.encode(raw))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"unit": "width"}, "unit must be one of"),
        ({"spacing": 0}, "spacing must be None or a number above 0"),
        ({"max_length": 0}, "max_length must be None or an integer"),
    ],
)
def test_bad_settings(options, message):
    with pytest.raises(ValueError, match=message):
        Strokes(**options)


# === In use ===


def test_in_the_pipeline_and_in_a_fresh_process(feature_in_fresh_process):
    pieces = [drawn(word) for word in ("a", "hat", "quite", "no")]
    feature = Strokes(spacing=0.2, max_length=70).adapt(pieces)
    raw = feature.to_tensor(pieces)
    expected = feature.encode(raw)
    data = pipeline.prepare(
        tf.data.Dataset.from_tensor_slices((raw,)).map(lambda x: (x,)),
        lambda values: (feature.encode(values),),
        padding=(feature.padding,),
    )
    np.testing.assert_allclose(data.tensors[0].flat_values, expected.flat_values, atol=1e-6)
    (batch,) = next(iter(data.batches(4)))
    assert np.isnan(batch[0, -1]).all() and not np.isnan(batch[:, 0]).any()
    again = feature_in_fresh_process(feature, [piece.tolist() for piece in pieces])
    for one, other in zip(expected.to_list(), again, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    config = keras.saving.serialize_keras_object(feature)
    copy = keras.saving.deserialize_keras_object(config)
    assert copy.get_config() == feature.get_config()
