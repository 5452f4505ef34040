"""When the loops over time of a model are compiled, and that it learns the same."""

import os
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

from rnnkit.features import Label, Series, Text
from rnnkit.layers import time_loop
from rnnkit.models import Forecaster, LanguageModel, ManyToOne, loops
from tests.layers.test_gated import by_hand

RNG = np.random.default_rng(0)
X = [" ".join(RNG.choice(list("abcd"), size)) for size in RNG.integers(1, 40, 50)]
Y = ["yes" if "a b" in text else "no" for text in X]


@pytest.fixture
def compiled(monkeypatch):
    """A list of the loops that were compiled; every training is long enough."""
    monkeypatch.setattr(loops, "WORTH", 0)
    calls, plain = [], time_loop._in_pieces
    monkeypatch.setattr(time_loop, "_in_pieces", lambda *a: calls.append(1) or plain(*a))
    return calls


def build(**options):
    text, label = Text().adapt(X), Label().adapt(Y)
    return ManyToOne(text, label, embedding_size=4, units=3, seed=1, **options)


def fit(model, **options):
    model.fit(X, Y, batch_size=16, epochs=2, verbose=0, **options)
    return model.get_weights()


@pytest.mark.slow
@by_hand
def test_it_learns_the_same(compiled, monkeypatch, tmp_path):
    model = build(cell="lstm")
    found, before = fit(model, validation_data=(X, Y)), model.predict_function
    assert len(compiled) == 3  # forward and backward of training, and of validation
    path = tmp_path / "m.keras"
    model.save(path)
    outputs = model.predict(X, verbose=0)
    count = len(compiled)
    assert count > 3 and model.predict_function is before  # that of few inputs
    with monkeypatch.context() as patch:
        patch.setattr(loops, "WORTH", 10**9)
        for a, b in zip(found, fit(build(cell="lstm"), validation_data=(X, Y)), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)
        np.testing.assert_allclose(model.predict(X, verbose=0), outputs, atol=1e-6)
    assert len(compiled) == count
    again = keras.models.load_model(path)  # a file does not say what this machine does
    np.testing.assert_allclose(again.predict(X, verbose=0), outputs, atol=1e-6)
    assert len(compiled) > count


@pytest.mark.slow
@pytest.mark.parametrize("setting", [{"jit_compile": False}, {"run_eagerly": True}])
def test_what_the_user_says_has_its_way(compiled, setting):
    model = build(cell="lstm")
    model.compile(**setting)
    model.fit(X[:16], Y[:16], verbose=0)
    assert not compiled


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [(1, None), (10, True)],
)
def test_steps_over_all_epochs_decide(monkeypatch, epochs, expected):
    model = build(cell="gru")
    data = model.prepare(X, Y)
    assert data.steps == sum(len(text.split()) for text in X)
    monkeypatch.setattr(loops, "WORTH", 5 * data.steps / 16)
    with model.loops_for(data, 16, epochs):
        assert model._loop_size == (expected and (16, data.steps // 50))
    assert model._loop_size is None


def test_texts_in_a_row_and_pieces_of_series_are_counted_as_they_are_read(monkeypatch):
    """3,999 tokens in 4 streams of 40 at a time; 300 steps in 10 windows of 30."""
    monkeypatch.setattr(loops, "WORTH", 50)
    text = LanguageModel(Text(standardize=None, level="character").adapt(["ab"]), units=3,
                         sequence_length=40, cell="gru")  # fmt: skip
    data = text.prepare(["a" * 1999, "b" * 1999])
    with text.loops_for(data, 4, 1):
        assert text._loop_size == (4, 40)
    with text.loops_for(data, 80, 1):  # 3,999 / 80 < 50
        assert text._loop_size is None
    series = RNG.normal(size=(300, 1))
    feature, target = Series().adapt([series]), Series().adapt([series])
    model = Forecaster(feature, target, "gru", 3, window=30, washout=0)
    with model.loops_for(model.prepare([series], [series]), 5, 1):
        assert model._loop_size == (5, 30)


NOTES = """
import numpy as np
from rnnkit.layers import LSTM
from rnnkit.layers.time_loop import compiled_loops
import tensorflow as tf
with compiled_loops((4, 100)):
    tf.function(LSTM(3), autograph=False)(np.ones((4, 100, 2), "float32"))
"""


@pytest.mark.slow
@pytest.mark.parametrize("level", [None, "0"])
def test_what_tensorflow_notes_of_it_is_heard_by_who_asks_for_it(level):
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    environment |= {} if level is None else {"TF_CPP_MIN_LOG_LEVEL": level}
    done = subprocess.run(
        [sys.executable, "-c", NOTES], env=environment, capture_output=True, text=True, check=True
    )
    noted = re.findall(r"^I\d{4} .*(Compiled cluster using XLA|XLA service)", done.stderr, re.M)
    assert len(noted) == (0 if level is None else 2), done.stderr
