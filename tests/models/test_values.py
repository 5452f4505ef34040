"""The encoder-decoder whose targets are numbers: curves and strokes, written until they end."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.features import Series, Strokes, Text
from rnnkit.models import EncoderDecoder
from tests.tiers import slow

# A model that has hardly learned may not end.
may_not_end = pytest.mark.filterwarnings("ignore:.* did not end within")
CURVES = {"a": [0.0, 2.0, 4.0], "b": [5.0, 3.0], "c": [1.0, 1.0, -2.0, 1.0]}


def curves(size, seed=0):
    """Texts, and for each letter a piece of a curve in one column; the other is its negative."""
    rng = random.Random(seed)
    x = ["".join(rng.choices("abc", k=rng.randint(1, 3))) for _ in range(size)]
    y = [np.array([value for letter in text for value in CURVES[letter]]) for text in x]
    return x, [np.stack([each, -each], axis=1) for each in y]


def drawing(x, y, **options):
    options = {"units": 8, "embedding_size": 6, "seed": 1, **options}
    return EncoderDecoder(Text(level="character").adapt(x), Series(2).adapt(y), **options)


@pytest.fixture(scope="module")
def draws():
    """A model that has learned to draw the curves."""
    x, y = curves(900)
    model = drawing(x, y, units=48, embedding_size=24, decoder_layers=1)
    model.compile(optimizer=keras.optimizers.Adam(1e-2, clipnorm=1.0))
    model.fit(x, y, epochs=16, batch_size=32, verbose=0)
    return model


@pytest.mark.slow
def test_numbers_are_written_and_end(draws):
    x, y = curves(60, seed=5)
    scores = draws.score(x, y)
    # Always writing the mean of the columns would give a mean error of 1.5 and more.
    assert scores["mae"] < 0.5 and scores["length_error"] < 0.1
    curve = draws.infer("ab")
    assert curve.shape == (5, 2)
    np.testing.assert_allclose(curve[:, 0], CURVES["a"] + CURVES["b"], atol=1.0)
    details = draws.infer(["ab", "c"], details=True)
    assert [each["attention"].shape for each in details] == [(5, 2), (4, 1)]
    assert all(each["finished"] for each in details)
    # Some processors' kernels round a batch of one otherwise than one of two.
    np.testing.assert_allclose(details[0]["values"], curve, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@may_not_end
@pytest.mark.parametrize(
    "cell, attention",
    [
        ("lstm", "additive"),
        ("esn", "additive"),
        ("gru", None),
        slow("lstm", None),
        *(slow(cell, "additive") for cell in ("simple_rnn", "gru", "dense", "reference_gru")),
    ],
)
def test_written_numbers_equal_a_plain_loop(cell, attention):
    """By the graph of training alone, each step fed with those before."""
    x, y = curves(12)
    model = drawing(x, y, cell=cell, attention=attention)
    outputs = model.predict(x[:4], verbose=0, max_length=6)
    for row, text in zip(outputs, x, strict=False):
        source = model.prepare([text], targets=False).tensors[0].to_tensor()
        before = np.zeros((1, 1, 3), "float32")
        before[0, 0, 2] = 1.0
        for step in range(6):
            written = model([source, tf.constant(before)], training=False)[0, -1].numpy()
            np.testing.assert_allclose(row[step], written[:2], atol=1e-5)
            if written[2] > 0:
                assert np.isnan(row[step + 1 :]).all()
                break
            before = np.concatenate([before, [[[*written[:2], 0.0]]]], axis=1).astype("float32")


def test_teacher_forcing_of_numbers():
    x, y = ["ab"], [np.array([[1.0, np.nan], [3.0, 4.0]])]
    series = Series(2, normalize=False, missing=True).adapt(y)
    model = EncoderDecoder(Text(level="character").adapt(x), series, units=4, embedding_size=4)
    ((_, before), target), *_ = list(model._batches(model.prepare(x, y), 1))
    np.testing.assert_array_equal(before, [[[0, 0, 1], [1, 0, 0]]])
    np.testing.assert_array_equal(target, [[[1, np.nan, 0], [3, 4, 1]]])
    # By hand: squares 1, 9, 16 over three known numbers; logits of zero cost ln 2 a step.
    loss = model.loss(target, np.zeros((1, 2, 3), "float32"))
    np.testing.assert_allclose(float(loss), 26 / 3 + np.log(2), rtol=1e-6)
    # Steps after the end cost nothing.
    longer = np.concatenate([target, np.full((1, 3, 3), np.nan)], axis=1)
    np.testing.assert_allclose(float(model.loss(longer, np.zeros((1, 5, 3)))), float(loss))


@pytest.mark.slow
@may_not_end
def test_text_to_strokes_lives_on_in_its_file(tmp_path, fresh):
    texts = ["ab", "ba", "a", "bb"] * 4
    pens = [[[0, 0, 0], [1, i % 3, 0], [2, 1, 1]] for i in range(16)]
    strokes = Strokes(context=False).adapt(pens)
    text = Text(level="character").adapt(texts)
    model = EncoderDecoder(text, strokes, units=8, embedding_size=6, seed=1)
    model.fit(texts, pens, epochs=1, verbose=0)
    drawn = model.infer(texts[:2], max_length=4)
    assert all(each.shape[1] == 3 and set(each[:, 2]) <= {0.0, 1.0} for each in drawn)
    path = tmp_path / "drawing.keras"
    model.save(path)
    calls = [["predict", {"x": ["ab", "ba"], "verbose": 0, "max_length": 4}]]
    fresh.call("ask", path=str(path), calls=calls, out=str(tmp_path / "there.npz"))
    with np.load(tmp_path / "there.npz") as there:
        here = model.predict(["ab", "ba"], verbose=0, max_length=4)
        np.testing.assert_array_equal(there["predict_0"], here)


@pytest.mark.slow
def test_wrong_use_of_targets_that_are_numbers(draws):
    x, y = curves(8)
    text, series = Text(level="character").adapt(x), Series(2).adapt(y)
    with pytest.raises(ValueError, match="take max_length alone. Received: beam_size=3"):
        draws.infer(["ab"], beam_size=3)
    with pytest.raises(ValueError, match="max_length must be.*Received: max_length=0"):
        draws.infer(["ab"], max_length=0)
    with pytest.raises(ValueError, match="label_smoothing is for targets of tokens"):
        EncoderDecoder(text, series, label_smoothing=0.1)
    with pytest.raises(ValueError, match="shared_embedding needs"):
        EncoderDecoder(series, series, shared_embedding=True)
    times = [np.stack([np.arange(9.0) * 60, np.arange(9.0)], axis=1)]
    with pytest.raises(ValueError, match="values alone.*time=True"):
        EncoderDecoder(text, Series(time=True).adapt(times))
    with pytest.warns(UserWarning, match="1 of 1 outputs did not end within 1 steps"):
        assert draws.infer("ab", max_length=1).shape == (1, 2)
