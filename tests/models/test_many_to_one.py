"""ManyToOne: every cell trains, takes its data in every form, and lives on in its file."""

import inspect

import keras
import numpy as np
import pytest

from rnnkit.datasets.motifs import reverse_complement
from rnnkit.features import Detection, Events, Image, Label, Nucleotides, Number, Strokes, Text
from rnnkit.layers import ReferenceGRUCell, cell_names
from rnnkit.losses.balanced import BalancedCrossEntropy
from rnnkit.models import ManyToOne
from rnnkit.saving import load_model
from tests import helpers
from tests.tiers import first

SMALL = {"units": 8, "embedding_size": 8, "seed": 1}

MODELS = {
    **{name: {"cell": name} for name in cell_names()},
    "bidirectional": {"cell": "lstm", "bidirectional": True, "pooling": "mean_max"},
    "deep reservoir": {"cell": "esn", "num_layers": 2, "bidirectional": True, "pooling": "mean"},
    "stack of a cell": {"cell": keras.layers.GRUCell(8), "num_layers": 2, "pooling": "max"},
    "dropouts": {
        "cell": "simple_rnn",
        "token_dropout": 0.2,
        "dropout": 0.2,
        "recurrent_dropout": 0.2,
    },
}


def build(texts, labels, **options):
    text, label = helpers.features(texts, labels)
    return ManyToOne(text, label, **{**SMALL, **options})


# === The one check ===


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


pending = {}  # what the fresh process still works on, by model
# That each cell comes out of a file as it went in, tests/layers/test_recurrent.py shows.
NAMES = first(MODELS, ["bidirectional", "deep reservoir", "stack of a cell", "dropouts"])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_one_check_for_every_model(name, fresh, folder):
    x, y = helpers.presence(64)
    model = build(x, y, **MODELS[name])
    pending[name] = helpers.check_model(model, x, y, folder / f"{name}.keras", fresh)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_model_lives_on_in_its_file(name):
    if name not in pending:
        pytest.fail("the check before has not come this far")
    pending.pop(name)()


@pytest.mark.slow
def test_numbers_as_targets(fresh, tmp_path):
    x, _ = helpers.presence(32)
    y = [100.0 + len(text.split()) for text in x]
    model = ManyToOne(Text().adapt(x), Number().adapt(y), cell="dense", **SMALL)
    helpers.check_model(model, x, y, tmp_path / "model.keras", fresh)()


@keras.saving.register_keras_serializable(package="tests")
class OwnCell(keras.layers.SimpleRNNCell):
    """A cell that rnnkit has never heard of."""


@pytest.mark.slow
def test_own_cell_through_custom_objects(fresh, tmp_path):
    x, y = helpers.presence(32)
    path = tmp_path / "model.keras"
    custom = {"tests>OwnCell": OwnCell}
    model = build(x, y, cell=OwnCell(8), dropout=0.1)
    model.save(path)
    # First in a process that does not know the class, where nobody vouches for it.
    with pytest.raises(RuntimeError, match="names the object 'tests>OwnCell'.*custom_objects="):
        fresh.call("infer", path=str(path), x=x)
    helpers.check_model(model, x, y, path, fresh, custom)()


# === Learning ===


@pytest.mark.slow
def test_order_is_learned():
    x, y = helpers.first_word(400)
    model = build(x, y, cell="lstm", units=16)
    model.compile(optimizer=keras.optimizers.Adam(0.02, clipnorm=1.0))
    model.fit(x, y, epochs=6, batch_size=32, verbose=0)
    assert model.score(*helpers.first_word(200, seed=9))["accuracy"] > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("toy, learned", [(helpers.first_word, False), (helpers.presence, True)])
def test_a_bag_of_words_knows_words_but_not_their_order(toy, learned):
    x, y = toy(400)
    model = build(x, y, cell="dense")
    model.compile(optimizer=keras.optimizers.Adam(0.02))
    model.fit(x, y, epochs=4, verbose=0)
    accuracy = model.score(*toy(200, seed=9))["accuracy"]
    assert accuracy > 0.95 if learned else accuracy < 0.7


# === Padding ===


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "pooling"), [("dense", "mean_max"), ("lstm", "last")])
def test_neighbours_in_a_batch_do_not_matter(cell, pooling):
    x, y = helpers.presence(20)
    model = build(x, y, cell=cell, pooling=pooling, bidirectional=True)
    short, long = ["high", "", "low red"], ["red green " * 8, "unknown " * 13]
    together = model.predict([*short, *long], batch_size=5, verbose=0)
    for index, text in enumerate([*short, *long]):
        alone = model.predict([text], verbose=0)[0]
        np.testing.assert_allclose(together[index], alone, atol=1e-6)
    codes = model.input_feature.encode(model.input_feature.to_tensor(short)).to_tensor()
    padded = np.pad(codes, [(0, 0), (0, 9)])
    for batch in (codes, padded):
        np.testing.assert_allclose(model(batch), together[:3], atol=1e-6)


@pytest.mark.slow
def test_empty_texts_are_trained_on_and_predicted():
    x, y = helpers.presence(32)
    x[:3] = ["", " ", "\n"]
    model = build(x, y, cell="lstm")
    history = model.fit(x, y, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    outputs = model.predict(["", "red high", ""], verbose=0)
    assert np.isfinite(outputs).all()
    np.testing.assert_array_equal(outputs[0], outputs[2])
    np.testing.assert_allclose(model.predict([""], verbose=0)[0], outputs[0], atol=1e-6)


# === Config and arguments ===


def test_config_has_every_argument():
    x, y = helpers.presence(8)
    options = {
        "cell": "gru",
        "units": 3,
        "num_layers": 2,
        "bidirectional": True,
        "pooling": "mean",
        "embedding_size": 5,
        "token_dropout": 0.2,
        "dropout": 0.3,
        "recurrent_dropout": 0.4,
        "seed": 7,
        "name": "mine",
    }
    model = build(x, y, **options)
    config = model.get_config()
    assert {key: config[key] for key in options} == options
    assert {key: getattr(model, key) for key in options} == options
    arguments = set(inspect.signature(ManyToOne.__init__).parameters) - {"self"}
    assert set(config) == arguments | {"settings"}
    # Embedding 5, two directions of 3 GRU units, two layers, 2 classes.
    gru = sum(2 * 3 * (width * 3 + 3 * 3 + 2 * 3) for width in (5, 6))
    tokens = model.input_feature.vocabulary_size
    assert model.count_params() == tokens * 5 + gru + 6 * 2 + 2


TEXT, LABEL = Text().adapt(["a b"]), Label(["x", "y"])


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"input_feature": Text()}, "input_feature has learned nothing yet: call its adapt"),
        ({"output_feature": Label()}, "output_feature has learned nothing yet"),
        ({"input_feature": "text"}, "input_feature must be a feature.*'text'"),
        ({"input_feature": Number(normalize=False)}, "sequences of tokens, such as Text.*Number"),
        (
            {"output_feature": TEXT},
            "output_feature must be a Label, Labels, Number or Targets. Received: Text",
        ),
        ({"pooling": "first"}, "pooling must be one of.*'last', 'mean'.*'first'"),
        ({"cell": "lsmt"}, "Did you mean 'lstm'.*'lsmt'"),
        ({"units": 0}, "units must be an integer.*0"),
        ({"num_layers": 0}, "must be an integer.*0"),
        ({"seed": -1}, "seed must be None or an integer >= 0. Received: seed=-1"),
        ({"seed": "a"}, "seed must be None or an integer"),
        ({"dropout": 1.5}, "1.5"),
        ({"filters": -1}, "filters must be at least 0.*filters=-1"),
        ({"input_feature": Nucleotides(), "bag_of_words": True}, "need sequences of tokens"),
        ({"token_dropout": 1.0}, "rate must be a number at least 0 and below 1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ManyToOne(**{"input_feature": TEXT, "output_feature": LABEL, **arguments})


def test_a_cell_given_as_object_is_left_as_it_was():
    cell = ReferenceGRUCell(4)
    ManyToOne(TEXT, LABEL, cell=cell)
    assert not cell.built


# === Numbers and events ===


@pytest.mark.slow
def test_two_strands_are_read_alike(fresh, tmp_path):
    rng = np.random.default_rng(0)
    x = ["".join(rng.choice(list("ACGTRN"), rng.integers(1, 9))) for _ in range(32)]
    y = ["site" if "A" in text else "other" for text in x]
    feature, label = Nucleotides(both_strands=True, positions=1), Label().adapt(y)
    model = ManyToOne(feature, label, filters=4, kernel_size=3, bidirectional=True, **SMALL)
    helpers.check_model(model, x, y, tmp_path / "model.keras", fresh)()
    turned = [reverse_complement(text) for text in x]
    np.testing.assert_allclose(
        model.predict(turned, verbose=0), model.predict(x, verbose=0), atol=1e-6
    )
    # The mean of the logits, from the model of one strand with the same weights.
    one = ManyToOne(
        Nucleotides(positions=1), label, filters=4, kernel_size=3, bidirectional=True, **SMALL
    )
    one.set_weights(model.get_weights())
    logs = (np.log(one.predict(x, verbose=0)) + np.log(one.predict(turned, verbose=0))) / 2
    expected = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-5)


def histories(size):
    """Texts of events in which the last shop decides, with amounts and gaps of chance."""
    rng = np.random.default_rng(1)
    texts, labels = [], []
    for index in range(size):
        shops = rng.choice(["a", "b"], rng.integers(0, 5)).tolist() + ["ab"[index % 4 == 0]]
        times = np.cumsum(rng.integers(1, 1000, len(shops)))
        rows = [f"{t}\t{rng.integers(1, 99)}\t{s}" for t, s in zip(times, shops, strict=True)]
        texts.append("\n".join(["time\tamount\tshop", *rows]))
        labels.append("fraud" if shops[-1] == "b" else "ok")
    return texts, labels


@pytest.mark.slow
def test_events_and_a_threshold_that_is_saved(fresh, tmp_path):
    x, y = histories(64)
    label = Detection().adapt(y)
    model = ManyToOne(Events().adapt(x), label, cell="gru", **SMALL)
    loss = BalancedCrossEntropy(label.weights())
    model.compile(optimizer=keras.optimizers.Adam(0.03), loss=loss)
    helpers.check_model(model, x, y, tmp_path / "model.keras", fresh)()
    assert label.threshold == 0.5  # nothing was validated
    model.fit(x, y, epochs=8, validation_data=histories(40), verbose=0)
    assert label.threshold != 0.5 and model.score(x, y)["f1"] > 0.9
    model.save(tmp_path / "settled.keras")
    results = model.infer(x[:4])
    assert [result["label"] for result in results] == y[:4]
    assert fresh.call("infer", path=str(tmp_path / "settled.keras"), x=x[:4]) == results
    with pytest.warns(UserWarning, match="threshold stays at .*no example of 'fraud'"):
        model.fit(x, y, validation_data=([x[1]], ["ok"]), verbose=0)


@pytest.mark.slow
def test_strokes_are_taken():
    x = ["0 0 0;9 0 1", "0 0 0;0 9 1"] * 8
    label, strokes = Label(["across", "down"]), Strokes().adapt(x)
    model = ManyToOne(strokes, label, cell="gru", **SMALL)
    model.compile(optimizer=keras.optimizers.Adam(0.05))
    model.fit(x, ["across", "down"] * 8, epochs=6, verbose=0)
    assert [result["label"] for result in model.infer(x[:2])] == ["across", "down"]


@pytest.mark.slow
def test_events_are_served_as_they_are_inferred(tmp_path):
    import tensorflow as tf

    x, y = histories(16)
    label = Detection(threshold=0.4).adapt(y)
    model = ManyToOne(Events().adapt(x), label, cell="gru", **SMALL)
    model.export(tmp_path / "served", verbose=False)
    module = tf.saved_model.load(str(tmp_path / "served"))
    served = module.serve(tf.constant(x))
    expected = model.infer(x)
    assert [name.decode() for name in served["label"].numpy()] == [e["label"] for e in expected]
    found = served["probability"].numpy()
    np.testing.assert_allclose(found, [each["probability"] for each in expected], atol=1e-6)


def test_a_picture_is_read_row_by_row(tmp_path):
    pictures = np.random.default_rng(1).integers(0, 256, (12, 5, 4, 3)).astype("uint8")
    image = Image().adapt(pictures)
    model = ManyToOne(image, Label(["a", "b"]), cell="simple_rnn", units=3, seed=1)
    kernel, recurrent, bias = model.get_layer("encoder").get_weights()
    rows = image.encode(image.to_tensor(pictures)).numpy().reshape(12, 5, 4 * 3)
    state = np.zeros((12, 3))
    for step in range(5):
        state = np.tanh(rows[:, step] @ kernel + state @ recurrent + bias)
    weights, shift = model.get_layer("output").get_weights()
    expected = keras.ops.softmax(state @ weights + shift)
    np.testing.assert_allclose(model.predict(pictures, verbose=0), expected, atol=1e-5)
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert loaded.infer(pictures[0]) == model.infer(pictures[0])
    assert len(model.infer(list(pictures))) == 12


def test_options_of_tokens_are_refused_with_pictures():
    image = Image().adapt(np.zeros((2, 4, 4), "uint8"))
    with pytest.raises(ValueError, match="need sequences of tokens, such as Text. Received: Image"):
        ManyToOne(image, Label(["a", "b"]), bag_of_words=True)
