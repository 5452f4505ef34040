"""Examples with the same picture: it is encoded once, stands once in a batch, and none is lost."""

import numpy as np
import pytest
import tensorflow as tf

from rnnkit.data.pipeline import encoded as pipeline
from rnnkit.data.pipeline import shared
from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.data.pipeline.shared import Shared
from rnnkit.features import Image, Text
from rnnkit.models import Captioner

# The picture of each row.
WHICH = [0, 0, 1, 1, 0, 2, 1, 3, 3, 1, 1, 1]


def example(weights=None):
    """Four inputs with 3, 6, 1 and 2 rows; the target of row r is r + 1, r % 3 + 1 times."""
    inputs = tf.constant([[10.0], [11.0], [12.0], [13.0]])
    targets = tf.ragged.constant([[row + 1] * (row % 3 + 1) for row in range(12)], tf.int32)
    rest = () if weights is None else (tf.constant(weights, tf.float32),)
    return Shared(
        inputs, (tf.constant(WHICH, tf.int32), targets, *rest), (0, 0, 0)[: 2 + len(rest)]
    )


def seen(batches):
    """Rows of targets with their inputs, `(picture, row)`, padding left out."""
    found = []
    for inputs, targets, *_ in batches:
        inputs, targets = inputs.numpy()[:, 0] - 10, targets.numpy()
        times = len(targets) // len(inputs)
        assert len(targets) == times * len(inputs)
        for place, row in enumerate(targets):
            if row.any():
                row = row[row != 0]
                assert len(set(row)) == 1 and len(row) == (row[0] - 1) % 3 + 1
                found.append((int(inputs[place // times]), int(row[0]) - 1))
    return found


def test_every_row_stands_with_its_input_once():
    data = example()
    expected = sorted(zip(WHICH, range(12), strict=True))
    # Two rows (2.5, the median) are a group, so the six of picture 1 are three.
    assert data._usual == 2 and len(data) == 12
    assert sorted(seen(data.batches(4))) == expected
    for seed in (1, 2):
        mixed = data.batches(4, shuffle=True, seed=seed)
        first, second = seen(mixed), seen(mixed)
        assert sorted(first) == sorted(second) == expected and first != second
        assert len(list(mixed)) == int(mixed.cardinality())
    sizes = [(len(inputs), len(targets)) for inputs, targets in data.batches(4)]
    assert all(rows <= 4 for _, rows in sizes) and sum(n for n, _ in sizes) == 7


@pytest.mark.parametrize("size", [1, 4, 7, 100])
def test_results_come_back_in_the_order_of_the_rows(size):
    data = example()
    values = np.concatenate([t.numpy().max(axis=1) for _, t in data.batches(size)])
    assert data.restored(values, size).tolist() == list(range(1, 13))
    assert data.restored(values.tolist(), size) == list(range(1, 13))


def test_padding_has_no_weight():
    data = example(weights=np.arange(12) + 1.0)
    for _, targets, weights in data.batches(5):
        # The weight of a row is its target.
        assert weights.numpy().tolist() == targets.numpy().max(axis=1).tolist()


def test_inputs_alone():
    data = example()
    assert data.once().tensors[0].numpy().ravel().tolist() == [10, 11, 12, 13]
    assert data.each().tensors[0].numpy().ravel().tolist() == [10 + place for place in WHICH]
    assert [len(rows) for rows in data.rows] == [3, 6, 1, 2]


# === From raw examples ===


def pictures(count=3):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 8, 8, 1)).astype("uint8")


@pytest.fixture(scope="module")
def model():
    text = Text().adapt(["a b c"])
    return Captioner(Image().adapt(pictures()), text, units=4, embedding_size=4, seed=1)


def test_pictures_are_encoded_once(model):
    x, y = pictures()[[0, 1, 0, 2, 0]], ["a", "b", "a b", "c", "a b c"]
    data = shared.prepare(model, x, y)
    assert data.tensors[0].numpy().tolist() == [0, 1, 0, 2, 0]
    image = model.input_feature
    expected = image.encode(image.to_tensor(pictures()))
    np.testing.assert_allclose(data.inputs, expected, rtol=1e-5, atol=1e-6)
    assert [row[:-1] for row in data.tensors[1].to_list()] == [
        row for row in model.output_feature.encode(tf.constant(y)).to_list()
    ]
    weighted = shared.prepare(model, x, y, [1.0, 2.0, 3.0, 4.0, 5.0])
    assert weighted.tensors[2].numpy().tolist() == [1, 2, 3, 4, 5]
    # The same as of a dataset, batched or not.
    rows = tf.data.Dataset.from_tensor_slices((image.to_tensor(x), y))
    for dataset in (rows, rows.batch(2)):
        assert shared.prepare(model, dataset).tensors[0].numpy().tolist() == [0, 1, 0, 2, 0]


def test_what_is_not_shared_is_left_to_others(model, monkeypatch):
    x = pictures()
    assert shared.prepare(model, x, ["a", "b", "c"]) is None  # each its own
    assert type(model.prepare(x, ["a", "b", "c"])) is Encoded
    twice = model.input_feature.to_tensor(x[[0, 0, 1]])
    rows = tf.data.Dataset.from_tensor_slices((twice, ["a", "b", "c"]))
    assert shared.prepare(model, rows.repeat()) is None
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 300)  # one picture has 256 bytes
    assert shared.prepare(model, rows) is None


def test_a_damaged_picture_is_named_with_its_place(model):
    good = model.input_feature.to_tensor(pictures()).numpy().tolist()
    rows = tf.data.Dataset.from_tensor_slices(([good[0]] * 3 + [good[1][:40]], ["a"] * 4))
    with pytest.raises(ValueError, match="example 3: "):
        model.prepare(rows)
