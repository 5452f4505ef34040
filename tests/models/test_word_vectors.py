"""Models that begin with word vectors: what they know of words that no example had."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import recipes
from rnnkit.features import Label, Tags, Text, Words, WordVectors
from rnnkit.models import EncoderDecoder, LanguageModel, ManyToOne, OneToOne, Tagger
from tests import battery_models as battery
from tests import helpers

# Animals and plants lie apart; only the first five of each are in the data.
ANIMALS = "cat dog cow pig hen fox owl bee".split()
PLANTS = "oak elm ash fir fig yew ivy hop".split()
SEEN = 5


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(0)
    centres = np.repeat([[1, 0, 1, 0], [0, 1, 0, 1]], 8, axis=0)
    values = centres + rng.normal(scale=0.1, size=(16, 4))
    return WordVectors([*ANIMALS, *PLANTS], values.astype("float32"))


def examples():
    kinds = {"animal": ANIMALS[:SEEN], "plant": PLANTS[:SEEN]}
    pairs = [(f"a {name}", kind) for kind, names in kinds.items() for name in names]
    return [text for text, _ in pairs], [kind for _, kind in pairs]


def tagged(vectors, **options):
    texts, kinds = examples()
    sentences, tags = [text.split() for text in texts], [["O", kind] for kind in kinds]
    words = Words(vectors=vectors, max_word_length=0).adapt(sentences)
    model = Tagger(words, Tags().adapt(tags), units=8, seed=1, **options)
    return model, sentences, tags


def judged(vectors, cls=ManyToOne, **options):
    texts, kinds = examples()
    text, label = Text(vectors=vectors).adapt(texts), Label().adapt(kinds)
    return cls(text, label, units=8, seed=1, **options), texts, kinds


@pytest.mark.slow
@pytest.mark.parametrize("options", [
    {}, {"train_vectors": False}, {"vector_pull": 0.1}, {"crf": True, "vector_pull": 0.1},
])  # fmt: skip
def test_words_never_seen_are_told_apart(vectors, options):
    model, sentences, tags = tagged(vectors, **options)
    model.compile(keras.optimizers.Adam(0.03))
    model.fit(sentences, tags, epochs=30, verbose=0)
    new = [["a", name] for name in [*ANIMALS[SEEN:], *PLANTS[SEEN:]]]
    found = [tags[-1][1] for tags in model.infer(new)]
    assert found == ["animal"] * 3 + ["plant"] * 3


@pytest.mark.slow
@pytest.mark.parametrize(("cls", "options"), [
    (ManyToOne, {}), (ManyToOne, {"bag_of_words": True}), (OneToOne, {}),
])  # fmt: skip
def test_texts_of_words_never_seen(vectors, cls, options):
    model, texts, kinds = judged(vectors, cls, **options)
    model.compile(keras.optimizers.Adam(0.01))
    model.fit(texts, kinds, epochs=60, verbose=0)
    found = model.infer([f"a {name}" for name in [*ANIMALS[SEEN:], *PLANTS[SEEN:]]])
    assert [each["label"] for each in found] == ["animal"] * 3 + ["plant"] * 3


@pytest.mark.slow
def test_frozen_vectors_stay_and_pulled_ones_stay_near(vectors):
    moved = {}
    for name, options in {
        "trained": {}, "pulled": {"vector_pull": 100.0}, "frozen": {"train_vectors": False},
    }.items():  # fmt: skip
        model, sentences, tags = tagged(vectors, crf=True, **options)
        model.compile(keras.optimizers.Adam(0.03))
        layer = model.get_layer("embedding")
        before = layer(np.arange(17)[None]).numpy()
        model.fit(sentences, tags, epochs=20, verbose=0)
        change = np.abs(layer(np.arange(17)[None]).numpy() - before)[0].max(axis=1)
        known = layer.start.numpy().any(axis=1)[:17]
        moved[name] = change[known].max()
        assert change[1:][~known[1:]].max() > 0  # words without a vector are trained
    assert moved["frozen"] == 0.0 < moved["pulled"] < moved["trained"] / 2


@pytest.mark.slow
@pytest.mark.parametrize("make", [tagged, judged])
def test_every_form_of_data_and_a_file(vectors, make, tmp_path, fresh):
    model, x, y = make(vectors)
    model.compile()
    finish = helpers.check_model(model, x, y, tmp_path / "m.keras", fresh)
    finish()


@pytest.mark.parametrize("make", [tagged, judged])
def test_a_dropped_word_is_read_as_its_vector(vectors, make):
    model, x, _ = make(vectors, token_dropout=0.9)
    names = [layer.name for layer in model.layers]
    assert model.get_layer("embedding").dropout == 0.9 and "token_dropout" not in names
    if make is judged:  # the bag knows the words of the data alone
        bag, *_ = judged(vectors, token_dropout=0.9, bag_of_words=True)
        assert bag.get_layer("embedding").dropout == bag.get_layer("token_dropout").rate == 0.9
        plain = ManyToOne(Text().adapt(x), model.output_feature, units=8, token_dropout=0.9)
        assert plain.get_layer("token_dropout").rate == 0.9


def test_named_entities_has_other_defaults_with_vectors(vectors):
    recipe = recipes.get("named_entities")
    texts, kinds = examples()
    rows = [text.split() for text in texts], [["O", f"B-{kind}"] for kind in kinds]
    data = recipe.data(rows)
    found = {}
    for name, options in {
        "none": {}, "vectors": {"vectors": vectors},
        "own": {"vectors": vectors, "vector_pull": 0.5},
        "frozen": {"vectors": vectors, "train_vectors": False, "output_dropout": 0.1},
    }.items():  # fmt: skip
        model = recipe.model(data, units=2, **options)
        found[name] = model.output_dropout, model.vector_pull
    assert found == {"none": (0.5, 0), "vectors": (0.3, 1), "own": (0.3, 0.5), "frozen": (0.1, 0)}


def test_generated_words_begin_as_vectors_too(vectors, tmp_path):
    texts = [f"{a} {b}" for a, b in zip(ANIMALS[:SEEN], PLANTS[:SEEN], strict=True)]
    source = Text(vectors=vectors).adapt(texts)
    target = Text(vectors=vectors, vector_words=0).adapt(texts)
    model = EncoderDecoder(source, target, units=8, embedding_size=4, seed=1)
    rows = model.decoder.head.embedding.embeddings.numpy()
    assert rows.shape == (14, 4)
    known = np.array([target.vectors.values[index] for index in range(2, 12)], "float64")
    cosine = (rows[2:12] * known).sum(1) / np.linalg.norm(rows[2:12], axis=1)
    np.testing.assert_allclose(cosine / np.linalg.norm(known, axis=1), 1.0, atol=1e-3)
    assert LanguageModel(target, units=8, embedding_size=4).count_params()
    with pytest.raises(ValueError, match="embedding_size must be that of .* 4. Received: .*=8"):
        EncoderDecoder(source, target, units=8, embedding_size=8)
    with pytest.raises(ValueError, match="Pass vector_words=0 with vectors. Received: 6 such"):
        EncoderDecoder(source, source, units=8, embedding_size=4)


def test_a_loaded_vocabulary_has_no_vectors_for_another_model(vectors, tmp_path):
    model, texts, kinds = judged(vectors)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert loaded.infer(texts[0])["label"] == model.infer(texts[0])["label"]
    with pytest.raises(ValueError, match="input_feature.*the model that it was loaded with. Adapt"):
        ManyToOne(loaded.input_feature, loaded.output_feature)
    target = Text(vectors=vectors, vector_words=0).adapt(texts)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(target))
    with pytest.raises(ValueError, match="output_feature.*the model that it was loaded with"):
        LanguageModel(again, units=8, embedding_size=4)


def test_options_of_vectors_without_any(vectors):
    texts, kinds = examples()
    features = Text().adapt(texts), Label().adapt(kinds)
    for options in ({"train_vectors": False}, {"vector_pull": 0.1}):
        with pytest.raises(ValueError, match="are for word vectors .* Received: .*Text without"):
            ManyToOne(*features, **options)
    with pytest.raises(ValueError, match="vector_pull.*has no effect with train_vectors=False"):
        judged(vectors, train_vectors=False, vector_pull=0.1)


def test_a_file_cannot_lie_about_its_vectors(vectors, tmp_path):
    model, _, _ = judged(vectors)
    path = tmp_path / "m.keras"
    model.save(path)
    forger, tried = battery.Forger(path), 0
    for what, write in forger.arguments(set(), values=(7, 10**6, "x", None)):
        if "vectors" in what:
            tried += 1
            found, said = battery.try_file(path, write, lambda loaded: loaded.infer("a cat"))
            assert found in ("refused", "loaded"), f"{what}: {said}"
    assert tried >= 12


@pytest.mark.slow
def test_exported_it_knows_words_that_no_example_had(vectors, tmp_path):
    model, sentences, tags = tagged(vectors, crf=True)
    model.compile(keras.optimizers.Adam(0.03))
    model.fit(sentences, tags, epochs=30, verbose=0)
    model.save(tmp_path / "m.keras")
    keras.models.load_model(tmp_path / "m.keras").export(tmp_path / "served", verbose=0)
    new = [["a", ANIMALS[-1]], ["a", PLANTS[-1]]]
    served = tf.saved_model.load(tmp_path / "served")
    found = served.serve(tf.constant(new))["tags"]
    assert found.numpy().tolist() == [[b"O", b"animal"], [b"O", b"plant"]]
