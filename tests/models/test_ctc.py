"""CTC: the loss is a sum over alignments, padding changes nothing, and models live on."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.data.pipeline import encoded as pipeline
from rnnkit.features import Label, Series, Text
from rnnkit.layers import FrameLogProbabilities, MaskedConv1D
from rnnkit.losses.ctc import CTCLoss
from rnnkit.models import CTC
from rnnkit.utils.digits import short
from tests import helpers
from tests.decoding.test_ctc import all_labels, log_probabilities
from tests.tiers import first, slow

SMALL = {"units": 6, "num_layers": 1, "seed": 1}
# Of the convolutions that subsample.
FEW = {"filters": 4, "kernel_size": 3}
# Quick to build, where the cell does not matter.
PLAIN = {**SMALL, "cell": "dense", "bidirectional": False}
SIGNS = {"a": (1.0, 0.0, 0.0), "b": (0.0, 1.0, 0.0), "c": (0.0, 0.0, 1.0)}


def signals(size, seed=0):
    """Series of 3 columns in which each letter of a text lasts 2 to 4 steps, after a pause."""
    rng = np.random.default_rng(seed)
    series, texts = [], []
    for _ in range(size):
        text = "".join(rng.choice(list(SIGNS), rng.integers(1, 6)))
        steps = []
        for letter in text:
            steps += [(0.0, 0.0, 0.0)] * rng.integers(1, 3)
            steps += [SIGNS[letter]] * rng.integers(2, 5)
        steps = np.array(steps)
        series.append(steps + 0.1 * rng.normal(size=steps.shape))
        texts.append(text)
    return series, texts


def equal_signals(size, steps=12):
    """Series of one length, as nested lists, and texts of three letters."""
    rng = np.random.default_rng(1)
    texts = ["".join(rng.choice(list(SIGNS), 3)) for _ in range(size)]
    return rng.normal(size=(size, steps, 3)).round(3).tolist(), texts


def features(series, texts):
    return Series(columns=3).adapt(series), Text(level="character").adapt(texts)


def build(series, texts, **options):
    few = FEW if options.get("subsampling", 1) > 1 else {}
    return CTC(*features(series, texts), **{**SMALL, **few, **options})


X, Y = signals(24)


@pytest.fixture(scope="module")
def trained():
    """A model that has learned the signals."""
    x, y = signals(400, seed=3)
    model = build(x, y, cell="gru", units=24, subsampling=2, filters=24)
    model.compile(optimizer=keras.optimizers.Adam(0.01, clipnorm=1.0))
    model.fit(x, y, epochs=6, batch_size=16, verbose=0)
    return model


# === The one check ===

MODELS = {
    "lstm": {"cell": "lstm", "num_layers": 2},
    "subsampled": {"cell": "gru", "subsampling": 4, "bidirectional": False},
    "reservoir": {"cell": "esn", "bidirectional": False},
    "no memory": {"cell": "dense", "dropout": 0.2, "output_dropout": 0.2},
    "a cell": {"cell": keras.layers.SimpleRNNCell(6), "bidirectional": False},
}
pending = {}
NAMES = first(MODELS, ["subsampled", "no memory"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_one_check_for_every_model(name, fresh, folder):
    x, y = equal_signals(36, 28)
    model = build(x, y, **MODELS[name])
    pending[name] = helpers.check_model(model, x, y, folder / f"{name}.keras", fresh)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_model_lives_on_in_its_file(name):
    if name not in pending:
        pytest.fail("the check before has not come this far")
    pending.pop(name)()


@pytest.mark.slow
def test_texts_as_inputs(fresh, tmp_path):
    x = ["a" * 7 + "b" * 5, "b b b b b", "c a b d e f", "a b c d e f g"] * 8
    y = ["ab", "bb", "ca", ""] * 8
    text = Text(level="character")
    model = CTC(text.adapt(x), Text(level="character").adapt(y), embedding_size=4, **PLAIN)
    finish = helpers.check_model(model, x, y, tmp_path / "model.keras", fresh)
    assert isinstance(model.infer("abc"), str)
    finish()


def test_every_argument_is_in_the_config():
    model = build(X, Y, **PLAIN, subsampling=2, beam_size=3, impossible="skip", token_dropout=0.1)
    names = [name for name in inspect.signature(CTC.__init__).parameters if name != "self"]
    assert set(model.get_config()) == {*names, "settings"}
    assert (model.beam_size, model.impossible) == (3, "skip")


# === Loss ===


@pytest.mark.slow
@pytest.mark.parametrize("native", [True, False, "xla"])
def test_the_loss_is_a_sum_over_all_alignments(native):
    values = log_probabilities(5, 5, 3)
    labels = [(1, 2), (1, 1, 2), (2,), (), (1, 2, 1)]
    loss = CTCLoss(reduction="none")
    loss.native = native is True
    padded = np.zeros((5, 3), "int32")
    for row, each in enumerate(labels):
        padded[row, : len(each)] = each
    call = tf.function(loss, jit_compile=True) if native == "xla" else loss
    expected = [
        -dict(all_labels(frames))[each] for frames, each in zip(values, labels, strict=True)
    ]
    np.testing.assert_allclose(call(padded, values.astype("float32")), expected, rtol=1e-5)
    empty = np.zeros((5, 0), "int32")
    blank = -values[:, :, 0].sum(axis=1)
    np.testing.assert_allclose(call(empty, values.astype("float32")), blank, rtol=1e-5)


@pytest.mark.parametrize("native", [True, False])
def test_frames_after_the_end_change_neither_loss_nor_gradients(native):
    logits = np.random.default_rng(0).normal(size=(3, 6, 4)).astype("float32")
    labels, lengths = np.array([[1, 2, 0], [3, 3, 0], [2, 0, 0]]), [6, 4, 2]
    layer, loss = FrameLogProbabilities(), CTCLoss(reduction="none")
    loss.native = native

    def run(logits, labels, mask):
        logits = tf.constant(logits)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            values = loss(labels, layer(logits, mask=mask))
        return values.numpy(), tape.gradient(values, logits).numpy()

    mask = np.arange(11) < np.array(lengths)[:, None]
    longer = np.concatenate([logits, np.full((3, 5, 4), 7.0, "float32")], axis=1)
    together, slopes = run(longer, np.pad(labels, [(0, 0), (0, 4)]), mask)
    for row, length in enumerate(lengths):
        alone, slope = run(logits[row : row + 1, :length], labels[row : row + 1], None)
        np.testing.assert_allclose(together[row], alone[0], rtol=1e-5)
        np.testing.assert_allclose(slopes[row, :length], slope[0], atol=1e-4)
        assert not slopes[row, length:].any()


def test_the_fast_kernel_is_taken_where_it_runs():
    model = build(X, Y, **PLAIN)
    on_cpu = not tf.config.list_physical_devices("GPU")
    assert model.loss.native == on_cpu
    model.compile(jit_compile=True)
    assert not model.loss.native


# === Padding ===


@pytest.mark.slow
@pytest.mark.parametrize("subsampling", [slow(1), slow(2), 4])
def test_neighbours_in_a_batch_do_not_matter(subsampling):
    model = build(X, Y, subsampling=subsampling)
    x = [X[0][:1], X[1][:6], X[2][:7], np.tile(X[3], (3, 1))]
    together = model.predict(x, verbose=0)
    frames = [-(-len(each) // subsampling) for each in x]
    assert together.shape == (4, max(frames), model.output_feature.vocabulary_size)
    for row, each in enumerate(x):
        alone = model.predict([each], verbose=0)[0]
        assert alone.shape[0] == frames[row]
        np.testing.assert_allclose(np.exp(alone).sum(-1), 1.0, atol=1e-5)
        np.testing.assert_allclose(together[row, : frames[row]], alone, atol=1e-5)
        after = together[row, frames[row] :]
        assert (after[:, 0] == 0).all() and (after[:, 1:] == -1e4).all()
    np.testing.assert_allclose(model.predict(x, batch_size=1, verbose=0), together, atol=1e-5)
    codes = model.input_feature.encode(model.input_feature.to_tensor(x)).to_tensor(np.nan)
    wider = np.pad(codes, [(0, 0), (0, 9), (0, 0)], constant_values=np.nan)
    outputs = model(wider).numpy()[:, : together.shape[1]]
    np.testing.assert_allclose(outputs, together, atol=1e-5)


@pytest.mark.slow
def test_losses_and_texts_do_not_depend_on_the_batch():
    model = build(X, Y, subsampling=2)
    whole = [model.evaluate(X, Y, batch_size=size, verbose=0) for size in (1, 24)]
    assert whole[0] == pytest.approx(whole[1], rel=1e-4)
    assert model.infer(X, batch_size=1) == model.infer(X, batch_size=24)


def test_convolution_by_hand():
    layer = MaskedConv1D(2, kernel_size=4, strides=3)
    x = np.random.default_rng(0).normal(size=(1, 8, 3)).astype("float32")
    mask = np.arange(8)[None] < 6
    found = layer(x, mask=mask).numpy()
    kernel, bias = (weight.numpy() for weight in layer.weights)  # [steps, features, filters]
    steps = np.concatenate([np.zeros((1, 3)), x[0, :6], np.zeros((9, 3))])
    expected = [np.einsum("tf,tfo->o", steps[t : t + 4], kernel) + bias for t in (0, 3, 6)]
    np.testing.assert_allclose(found[0], expected, atol=1e-5)
    assert np.array(layer.compute_mask(x, mask)).tolist() == [[True, True, False]]
    assert layer.compute_output_shape((None, 8, 3)) == (None, 3, 2)
    with pytest.raises(ValueError, match="padding must be left out.*'same'"):
        MaskedConv1D(2, 3, padding="same")


# === Learning and reading ===


@pytest.mark.slow
def test_signals_are_learned(trained):
    x, y = signals(100, seed=9)
    scores = trained.score(x, y)
    assert list(scores) == ["wer", "cer"] and scores["cer"] < 0.05
    wrong = np.mean([a != b for a, b in zip(trained.infer(x), y, strict=True)])
    assert scores["wer"] == short(wrong)
    assert trained.score(x, y, beam_size=1)["cer"] < 0.05
    trained.score_names = ["exact_match"]
    assert trained.score(x, y)["exact_match"] == pytest.approx(1 - scores["wer"])
    trained.score_names = None


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"jit_compile": True}, {"policy": "mixed_float16"}])
def test_compiled_and_in_half_precision(settings):
    settings = dict(settings)
    policy = settings.pop("policy", None)
    cell = "gru" if policy else "dense"  # loops take XLA seconds to compile
    if policy:
        keras.config.set_dtype_policy(policy)
    try:
        x, y = equal_signals(16)
        model = build(x, y, subsampling=2, bidirectional=False, cell=cell)
    finally:
        keras.config.set_dtype_policy("float32")
    if policy:
        assert model.get_layer("subsampling_0").compute_dtype == "float16"
    model.compile(**settings)
    losses = model.fit(x, y, epochs=2, batch_size=16, verbose=0).history["loss"]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    assert model.predict(x, verbose=0).dtype == "float32"
    assert len(model.infer(x)) == 16


@pytest.mark.slow
def test_what_infer_gives(trained):
    x, y = signals(5, seed=11)
    assert trained.infer([]) == [] and trained.predict([]).shape == (0, 0, 5)
    assert trained.infer(x) == y
    details = trained.infer(x, details=True)
    assert [each["text"] for each in details] == y
    loss = CTCLoss(reduction="none")
    targets = trained.output_feature.encode(tf.constant(y)).to_tensor()
    exact = -loss(targets, trained.predict(x, verbose=0)).numpy()
    np.testing.assert_allclose([d["log_probability"] for d in details], exact, atol=1e-3)
    assert trained.output_feature.decode([each["tokens"] for each in details]) == y
    best = trained.infer(x, details=True, beam_size=1)  # of one path alone
    assert all(
        a["log_probability"] < b["log_probability"] for a, b in zip(best, details, strict=True)
    )
    several = trained.infer(x, n_best=3)
    for each, text in zip(several, y, strict=True):
        probabilities = [one["log_probability"] for one in each]
        assert each[0]["text"] == text and probabilities == sorted(probabilities, reverse=True)
        assert len({one["text"] for one in each}) == 3 and np.exp(probabilities).sum() <= 1 + 1e-5
    pairs = tf.data.Dataset.from_generator(
        lambda: zip(x, y, strict=True),
        output_signature=(tf.TensorSpec([None, 3], tf.float64), tf.TensorSpec([], tf.string)),
    )
    assert trained.infer(pairs) == y


def test_references_are_the_raw_texts():
    series = X[:4]
    text = Text(level="character", standardize="lower").adapt(["abc"])
    model = CTC(Series(columns=3).adapt(series), text, **PLAIN)
    model.infer = lambda *args, **kwargs: ["ab", "b", "", "c"]
    raw = ["AB", "b", "c", "c"]
    assert model.score(series, raw)["wer"] == 0.5  # case is what was asked for
    assert model.score(series, raw, lowercase=True)["wer"] == 0.25
    assert model.score(pipeline.Encoded(model.prepare(series, raw).tensors))["wer"] == 0.25


@pytest.mark.slow
def test_scores_of_shuffled_and_of_endless_data(trained):
    x, y = signals(40, seed=13)
    pairs = tf.data.Dataset.from_generator(
        lambda: zip(x, y, strict=True),
        output_signature=(tf.TensorSpec([None, 3], tf.float64), tf.TensorSpec([], tf.string)),
    )
    # Each time it is read the order is another.
    assert trained.score(pairs.shuffle(40))["cer"] < 0.05
    with pytest.raises(ValueError, match="score needs data that ends"):
        trained.score(pairs.repeat())


@pytest.mark.slow
def test_warm_start_of_the_output_alone(trained):
    model = CTC.from_config(trained.get_config())
    model.set_weights(trained.get_weights())
    model.fine_tune(X, Y, freeze="encoder", epochs=1, verbose=0)
    changed = [
        layer.name
        for layer, old in zip(model.layers, trained.layers, strict=True)
        if layer.weights and not helpers.weights_equal(layer.get_weights(), old.get_weights())
    ]
    assert changed == ["output"]


# === Targets ===


def test_targets_too_long_are_told():
    # 3 steps each: "aa" takes 3 frames, a blank between; "abca" 4.
    x, y = [np.ones((3, 3))] * 4, ["aa", "abca", "abc", "aab"]
    series = Series(columns=3).adapt(X)
    text = Text(level="character").adapt(Y)
    model = CTC(series, text, **PLAIN)
    told = "2 of 4 targets are too long.*example 1 .*'abca', needs 4 frames.*its input gives 3"
    for use in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match=told):
            use(x, y, verbose=0)
    assert set(model.score(x, y)) == {"wer", "cer"}  # decoding can have them
    half = CTC(series, text, subsampling=2, **PLAIN)
    with pytest.raises(ValueError, match="4 of 4.*needs 3 frames.*gives 2.*subsampling=2 here"):
        half.fit(x, y)
    with pytest.raises(ValueError, match="4 of 4"):  # prepared by a model that had more frames
        half.fit(model.prepare(x[:1] * 4, ["abc"] * 4), verbose=0)


def test_targets_too_long_are_skipped_on_request():
    x, y = [np.full((3, 3), i) for i in range(4)], ["aa", "abca", "abc", "aab"]
    model = build(X, Y, **PLAIN, impossible="skip")
    with pytest.warns(UserWarning, match="2 of 4 targets are too long.*They are left out"):
        data = model.prepare(x, y, np.arange(4.0))
    assert len(data) == 2
    assert model.output_feature.decode(data.tensors[1].to_list()) == ["aa", "abc"]
    assert data.tensors[2].numpy().tolist() == [0.0, 2.0]
    model.fit(data, verbose=0)
    with pytest.raises(ValueError, match="None is left"):
        model.prepare(x[1:2], y[1:2])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_targets_too_long_in_a_stream(monkeypatch):
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 0)
    x, y = tf.zeros((6, 3, 3), tf.float64), ["aa", "abca", "abc", "aab", "a", "ab"]
    pairs = tf.data.Dataset.from_tensor_slices((x, y))
    model = build(X, Y, **PLAIN)
    assert isinstance(model.prepare(pairs), pipeline.Streamed)
    with pytest.raises(tf.errors.InvalidArgumentError, match="too long for its input"):
        model.fit(pairs, verbose=0)
    model = build(X, Y, **PLAIN, impossible="skip")
    batches = model._batches(model.prepare(pairs), 4)
    assert sum(len(labels) for _, labels in batches) == 4
    model.fit(pairs, batch_size=4, verbose=0)


def test_empty_texts_as_targets():
    model = build(X, Y, **PLAIN)
    data = model.prepare(X[:3], ["", "ab", "?"])
    assert data.tensors[1].row_lengths().numpy().tolist() == [0, 2, 1]  # the last is unknown
    for targets in (["", "ab"], ["", ""]):
        assert np.isfinite(model.evaluate(X[:2], targets, verbose=0))
    # Of no words there are infinitely many errors, or none.
    expected = np.inf if any(model.infer(X[:2], beam_size=1)) else 0.0
    assert model.score(X[:2], ["", ""], beam_size=1)["wer"] == expected


# === Bad input ===


def test_bad_arguments():
    series, text = features(X, Y)
    for options, message in (
        ({"subsampling": 3}, "subsampling must be one of 1, 2, 4, 8.*subsampling=3"),
        ({"impossible": "drop"}, "impossible must be one of .*impossible='drop'"),
        ({"filters": 0}, "filters must be an integer of at least 1.*filters=0"),
        ({"beam_size": 0}, "beam_size must be an integer of at least 1 and at most 1000"),
        ({"beam_size": 10**6}, "beam_size must be an integer of at least 1 and at most 1000"),
    ):
        with pytest.raises(ValueError, match=message):
            CTC(series, text, **options)
    with pytest.raises(ValueError, match="output_feature must give sequences of tokens.*Series"):
        CTC(series, series)
    with pytest.raises(ValueError, match="input_feature must give sequences.*Label"):
        CTC(Label(["a", "b"]), text)
    with pytest.raises(ValueError, match="has learned nothing yet"):
        CTC(series, Text())
    model = CTC(series, text, **PLAIN)
    with pytest.raises(ValueError, match="n_best must be at most beam_size"):
        model.infer(X, beam_size=2, n_best=3)
    with pytest.raises(ValueError, match="n_best must be an integer of at least 1"):
        model.infer(X, n_best=0)
