"""The pipeline: every example once an epoch, in batches that waste little, in an order that can
be repeated."""

import numpy as np
import pytest
import tensorflow as tf

import rnnkit
from rnnkit.data.pipeline import encoded as pipeline
from rnnkit.data.pipeline.encoded import Encoded, Streamed, prepare

SIZE = 500


@pytest.fixture(scope="module")
def raw():
    """Examples whose text spells their number: "7 7 7" is of length 1 + 7 % 40."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 40, SIZE)
    texts = [" ".join([str(i + 1)] * n) for i, n in enumerate(lengths)]
    targets = np.arange(1, SIZE + 1)
    return tf.data.Dataset.from_tensor_slices((texts, targets, targets / 2)), lengths


def encode(texts, *rest):
    ids = tf.strings.to_number(tf.strings.split(texts), tf.int32)
    return (ids, *rest)


@pytest.fixture(scope="module")
def encoded(raw):
    return prepare(raw[0], encode)


@pytest.fixture(scope="module")
def streamed(raw):
    return prepare(raw[0], encode, memory_limit=1000)


BOTH = pytest.mark.parametrize("kind", ["encoded", "streamed"])


def numbers(batches):
    """The examples' numbers in the order they come."""
    return [int(y) for _, targets, _ in batches for y in targets]


def test_the_memory_limit_decides(raw, encoded, streamed, monkeypatch):
    assert isinstance(encoded, Encoded) and len(encoded) == SIZE
    assert isinstance(streamed, Streamed)
    tokens = int(raw[1].sum())
    # ids int32, row splits int64, targets int64, weights float64
    exact = 4 * tokens + 8 * (SIZE + 1) + 8 * SIZE + 8 * SIZE
    assert isinstance(prepare(raw[0], encode, memory_limit=exact), Encoded)
    assert isinstance(prepare(raw[0], encode, memory_limit=exact - 1), Streamed)
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 1000)
    assert isinstance(prepare(raw[0], encode), Streamed)


@BOTH
@pytest.mark.parametrize("shuffle", [False, True])
def test_every_example_once_with_its_target_and_weight(kind, shuffle, raw, request):
    data, lengths = request.getfixturevalue(kind), raw[1]
    batches = list(data.batches(32, shuffle, seed=1))
    seen = []
    for ids, targets, weights in batches:
        assert 1 <= len(targets) <= 32
        ids, targets = ids.numpy(), targets.numpy()
        real = lengths[targets - 1]
        # The number stands in each real place, zeros on the right only, and no column is empty.
        places = np.arange(ids.shape[1]) < real[:, None]
        np.testing.assert_array_equal(ids, np.where(places, targets[:, None], 0))
        assert ids.shape[1] == real.max()
        np.testing.assert_array_equal(weights, targets / 2)
        seen += targets.tolist()
    assert sorted(seen) == list(range(1, SIZE + 1))
    assert sum(len(targets) < 32 for _, targets, _ in batches) == 1  # the last of 500


@BOTH
def test_little_padding(kind, raw, request):
    lengths = raw[1]
    data = request.getfixturevalue(kind)
    cells = sum(int(tf.size(ids)) for ids, _, _ in data.batches(32, shuffle=True, seed=1))
    waste = 1 - lengths.sum() / cells
    plain = sum(32 * lengths[i : i + 32].max() for i in range(0, SIZE, 32))
    assert waste < 0.1 < 0.4 < 1 - lengths.sum() / plain


@pytest.mark.slow
@BOTH
def test_orders_can_be_repeated(kind, request):
    data = request.getfixturevalue(kind)
    first = data.batches(16, shuffle=True, seed=3)
    epochs = [numbers(first) for _ in range(3)]
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    again = data.batches(16, shuffle=True, seed=3)
    assert [numbers(again) for _ in range(3)] == epochs
    assert numbers(data.batches(16, shuffle=True, seed=4)) not in epochs
    assert numbers(data.batches(16, shuffle=True)) != numbers(data.batches(16, shuffle=True))


def test_batches_are_mixed_anew(encoded, monkeypatch):
    # With pools, not only the order of the batches but their members change.
    monkeypatch.setattr(pipeline, "POOL", 5)
    batches = encoded.batches(16, shuffle=True, seed=3)
    first, second = (
        {frozenset(targets.numpy().tolist()) for _, targets, _ in batches} for _ in range(2)
    )
    assert len(first & second) < 3


def test_order_tells_where_each_example_went(encoded, raw):
    assert (numbers(encoded.batches(7)) == encoded.order(7) + 1).all()
    lengths = raw[1][encoded.order(7)]
    assert (np.diff(lengths) >= 0).all()


def test_streams_keep_the_order(streamed):
    assert numbers(streamed.batches(7)) == list(range(1, SIZE + 1))


@BOTH
def test_time_axes_of_a_multiple(kind, request):
    data = request.getfixturevalue(kind)
    for shuffle in (False, True):
        batches = list(data.batches(32, shuffle, 1, multiple=16))
        assert {ids.shape[1] for ids, _, _ in batches} <= {16, 32, 48}
        # The short batch may come anywhere in a shuffled epoch.
        assert sorted(len(targets) for _, targets, _ in batches) == [SIZE % 32] + [32] * (
            SIZE // 32
        )
        for ids, _, _ in batches:
            places = (ids != 0).numpy()
            assert places[:, 0].all()
            assert (places[:, :-1] >= places[:, 1:]).all()  # zeros on the right only


def test_steps_are_known(encoded):
    for size, steps in ((32, 16), (500, 1), (501, 1), (1, 500)):
        for shuffle in (False, True):
            assert int(encoded.batches(size, shuffle).cardinality()) == steps


@pytest.mark.parametrize("multiple", [1, 4])
def test_a_single_batch_is_as_one_of_many(raw, multiple):
    """Few examples take a shorter way; what is traced for the batches of many serves them too."""
    few = prepare(raw[0].take(7), encode)  # at once, without tf.data
    many = prepare(raw[0].repeat(3), encode)
    assert len(many) > pipeline.BLOCK
    one = few.batches(7, multiple=multiple)
    assert one.element_spec == few.batches(3, multiple=multiple).element_spec
    for batch in (one, many.batches(7, multiple=multiple)):
        assert batch.element_spec[0] == tf.TensorSpec([None, None], tf.int32)
    (ids, targets, weights), *rest = one
    assert not rest and (targets.numpy() == 1 + np.array(few.order(7))).all()
    tokens = pipeline.in_order(7, raw[1][:7])
    real = np.arange(ids.shape[1]) < raw[1][:7][tokens][:, None]
    np.testing.assert_array_equal(ids, np.where(real, targets.numpy()[:, None], 0))
    np.testing.assert_array_equal(weights, targets / 2)
    # As the same examples among many.
    alone = [list(part) for part in many.tensors[0].to_list()[:7]]
    assert few.tensors[0].to_list() == alone


def test_endless_data_streams():
    endless = tf.data.Dataset.from_tensor_slices((["1", "2 2"], [1, 2], [0.5, 1.0])).repeat()
    data = prepare(endless, encode)
    assert isinstance(data, Streamed)
    for shuffle in (False, True):
        # A whole pool: its batches are sorted by length, and come in any order.
        seen = numbers(data.batches(4, shuffle, seed=1).take(pipeline.POOL))
        assert len(seen) == 4 * pipeline.POOL and set(seen) == {1, 2}


def test_data_without_sequences():
    plain = tf.data.Dataset.from_tensor_slices((np.arange(10.0)[:, None], np.arange(10)))
    data = prepare(plain, lambda x, y: (x, y))
    assert data.lengths is None
    for shuffle in (False, True):
        batches = list(data.batches(4, shuffle, seed=1))
        assert [len(y) for _, y in batches].count(4) == 2
        assert all((x[:, 0] == tf.cast(y, x.dtype)).numpy().all() for x, y in batches)
        assert sorted(int(y) for _, ys in batches for y in ys) == list(range(10))
    assert numbers_of(data.batches(4)) == list(range(10))
    assert numbers_of(data.batches(4, True, 1)) != list(range(10))


def numbers_of(batches):
    return [int(y) for _, targets in batches for y in targets]


def test_no_examples():
    with pytest.raises(ValueError, match="The data has no examples. Received: an empty dataset"):
        prepare(tf.data.Dataset.from_tensor_slices((["a"], [1])).take(0), encode)


def test_cut_texts_are_counted_and_said_once():
    def truncate(encoded):
        ids, *rest = encoded
        return (ids[:, :3], *rest), tf.math.count_nonzero(ids.row_lengths() > 3)

    texts = ["1 1 1 1", "1 1 1", "1"] * 500  # more than one block
    data = tf.data.Dataset.from_tensor_slices((texts, range(1500)))
    with pytest.warns(UserWarning, match="^500 of 1,500 examples are longer.*cut to it") as caught:
        encoded = prepare(data, encode, truncate=truncate)
    assert len(caught) == 1
    assert encoded.lengths.numpy().max() == 3


def test_checks_see_raw_and_encoded():
    def check(raw, encoded):
        bad = [text for text, ids in zip(raw[0].numpy(), encoded[0], strict=True) if 3 in ids]
        if bad:
            raise ValueError(f"bad: {bad}")

    data = tf.data.Dataset.from_tensor_slices((["1", "3 1"], [0, 0]))
    with pytest.raises(ValueError, match="bad: .b'3 1'."):
        prepare(data, encode, check=check)


@pytest.mark.slow
def test_streamed_data_with_a_label_never_seen_is_refused(monkeypatch):
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 0)
    text = rnnkit.features.Text().adapt(["good film", "bad film"])
    label = rnnkit.features.Label(["bad", "good"])
    model = rnnkit.models.ManyToOne(text, label, units=2, embedding_size=2)
    model.fit(["good", "bad"], ["good", "bad"], verbose=0)
    # An assertion in the graph stops it; which example it was is looked for afterwards.
    words = "label that training did not: 'odd' .512 of 1024 examples, first that of 1.*'good'"
    with pytest.raises(ValueError, match=words):
        model.fit(
            tf.data.Dataset.from_tensor_slices((["good", "odd"], ["good", "odd"])).repeat(),
            steps_per_epoch=1,
            verbose=0,
        )
