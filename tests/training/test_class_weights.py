"""Weights of classes: of labels and of tags, by hand and as scikit-learn balances them."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.utils.class_weight import compute_class_weight

import rnnkit
from rnnkit.data.pipeline import encoded as pipeline
from rnnkit.data.pipeline.shared import Shared
from rnnkit.features import Image, Label, Number, Tags, Text, Words
from rnnkit.losses import BalancedCrossEntropy
from rnnkit.models import Captioner, EncoderDecoder, LanguageModel, OneToOne, Tagger
from rnnkit.training.class_weights import balanced, class_weights
from tests import helpers

X, Y = helpers.presence(40)
Y = [*Y[:30], *(["no"] * 10)]  # not even: 25 no, 15 yes
SENTENCES = [["the", "can", "fell"], ["they", "run"], ["the", "dog", "ran", "off"]]
TAGS = [["D", "N", "V"], ["", "V"], ["D", "N", "V", "P"]]  # one is not known
SGD = keras.optimizers.SGD


@pytest.fixture(scope="module")
def labels():
    """A classifier whose weights stay as they are."""
    model = OneToOne(*helpers.features(X, Y), units=4, seed=1)
    model.compile(optimizer=SGD(0.0))
    return model


@pytest.fixture(scope="module")
def tags():
    """A tagger whose weights stay as they are."""
    words, of_words = Words(max_word_length=5).adapt(SENTENCES), Tags().adapt(TAGS)
    model = Tagger(words, of_words, units=4, embedding_size=4, character_filters=3, seed=1)
    model.compile(optimizer=SGD(0.0))
    return model


def loss(model, x, y, **arguments):
    """The loss of one epoch of one batch."""
    fitted = model.fit(x, y, batch_size=64, verbose=0, shuffle=False, **arguments)
    return fitted.history["loss"][0]


def label_losses(model):
    names = model.output_feature.names
    outputs = model.predict(X, verbose=0)
    return -np.log(outputs[np.arange(len(Y)), [names.index(each) for each in Y]])


def tag_losses(model):
    """The losses of all steps whose tag is known, and their tags, in order."""
    outputs, names = model.predict(SENTENCES), model.output_feature.names
    found = [
        (-np.log(outputs[row, step, names.index(tag)]), tag, row, step)
        for row, sentence in enumerate(TAGS)
        for step, tag in enumerate(sentence)
        if tag
    ]
    return [np.array(part) for part in zip(*found, strict=True)]


# === By hand ===


def test_balanced_is_scikit_learns():
    for names in (Y, list(itertools.chain(*TAGS)), ["a"] * 7 + ["b"] * 2 + ["c"]):
        classes, found = np.unique(names, return_counts=True)
        expected = compute_class_weight("balanced", classes=classes, y=np.array(names))
        np.testing.assert_allclose(balanced(found), expected)
    np.testing.assert_allclose(balanced([3, 0, 1]), [4 / 6, 1, 2])  # one that is missing


@pytest.mark.parametrize(
    "given", [{"yes": 5.0}, {1: 5.0}, {np.int64(1): 5}, {b"yes": 5}, {"no": 1, "yes": 5.0}]
)
def test_labels(labels, given):
    expected = label_losses(labels) * np.where(np.array(Y) == "yes", 5.0, 1.0)
    assert loss(labels, X, Y, class_weight=given) == pytest.approx(expected.mean(), rel=1e-4)


def test_labels_balanced_and_times_sample_weights(labels):
    weights = {"no": 40 / (2 * 25), "yes": 40 / (2 * 15)}
    by_class = np.array([weights[each] for each in Y])
    expected = (label_losses(labels) * by_class).mean()
    assert loss(labels, X, Y, class_weight="balanced") == pytest.approx(expected, rel=1e-4)
    own = np.linspace(0.5, 2, len(Y))
    expected = (label_losses(labels) * by_class * own).mean()
    found = loss(labels, X, Y, class_weight="balanced", sample_weight=own)
    assert found == pytest.approx(expected, rel=1e-4)
    data = tf.data.Dataset.from_tensor_slices((X, Y, own.astype("float32")))
    assert loss(labels, data, None, class_weight=weights) == pytest.approx(expected, rel=1e-4)


def test_what_is_validated_has_no_class_weights(labels):
    found = labels.fit(X, Y, class_weight={"yes": 9.0}, validation_data=(X, Y), verbose=0)
    expected = label_losses(labels).mean()
    assert found.history["val_loss"][0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("own", [None, "sequences", "steps"])
@pytest.mark.parametrize("given", [{"N": 3.0, "V": 0.5}, "balanced"])
def test_tags(tags, given, own):
    values, names, rows, steps = tag_losses(tags)
    weights = given if isinstance(given, dict) else {"D": 1.0, "N": 1.0, "V": 8 / 12, "P": 2.0}
    weights = np.array([weights.get(each, 1.0) for each in names])
    arguments = {}
    if own == "sequences":
        arguments["sample_weight"] = [1.0, 2.0, 0.5]
        weights = weights * np.array([1.0, 2.0, 0.5])[rows]
    elif own == "steps":
        table = np.random.default_rng(1).uniform(0, 2, (3, 4))
        arguments["sample_weight"] = table
        weights = weights * table[rows, steps]
    # A step counts by its weight, of all steps of the batch.
    expected = (values * weights).sum() / weights.sum()
    found = loss(tags, SENTENCES, TAGS, class_weight=given, **arguments)
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
def test_tags_of_a_chain(tags):
    """Each tag given those before it, by its weight; all weights alike are none."""
    model = Tagger(tags.input_feature, tags.output_feature, units=2, crf=True, seed=1)
    model.compile(optimizer=SGD(0.0))
    rng = np.random.default_rng(0)
    crf = model.head.crf
    crf.set_weights([rng.normal(size=weight.shape) for weight in crf.get_weights()])
    data = model.prepare(SENTENCES, TAGS)
    x, truth = (part.to_tensor(padding).numpy()
                for part, padding in zip(data.tensors, data.padding[:2], strict=True))  # fmt: skip
    inside = np.arange(truth.shape[1]) < [[len(each)] for each in SENTENCES]
    found = crf.step_log_likelihoods(model(x), truth, inside).numpy()
    names = model.output_feature.names
    weights = np.where([[name == "V" for name in names]], 4.0, 1.0)[0]
    weights = np.where(truth >= 0, weights[truth], 0.0)
    expected = -(weights * found).sum() / weights.sum()
    assert loss(model, SENTENCES, TAGS, class_weight={"V": 4}) == pytest.approx(expected, rel=1e-4)
    plain = loss(model, SENTENCES, TAGS)
    even = loss(model, SENTENCES, TAGS, class_weight=dict.fromkeys(filter(None, names), 3.0))
    assert even == pytest.approx(plain, rel=1e-4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_streams(labels, tags, monkeypatch):
    arguments = ((labels, X, Y), (tags, SENTENCES, TAGS))
    expected = [loss(*each, class_weight="balanced") for each in arguments]
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 1)
    found = [loss(*each, class_weight="balanced") for each in arguments]
    assert found == pytest.approx(expected, rel=1e-5)
    endless = tf.data.Dataset.from_tensor_slices((X, Y)).repeat()
    with pytest.raises(ValueError, match="has no end: give a dict of weights"):
        labels.fit(endless, class_weight="balanced", steps_per_epoch=1)
    labels.fit(endless, class_weight={"yes": 2}, steps_per_epoch=1, verbose=0)


@pytest.mark.slow
def test_heavier_classes_are_found_more():
    """What cannot be told apart is given the class that weighs more."""
    found = []
    for weight in (0.05, 20.0):
        model = OneToOne(*helpers.features(X, Y), units=4, seed=1)
        model.compile(optimizer=keras.optimizers.Adam(0.05))
        model.fit(["red"] * 40, Y, class_weight={"yes": weight}, epochs=20, verbose=0)
        found.append(model.infer("red")["label"])
    assert found == ["no", "yes"]


# === Tokens of generated texts ===


@pytest.mark.slow
def test_tokens():
    """The loss of each token times the weight of that token, as a mean."""
    texts = ["red blue green", "red", "blue red"]
    text = Text().adapt(texts)
    model = EncoderDecoder(text, text, units=4, embedding_size=4, seed=1)
    model.compile(optimizer=SGD(0.0))
    own = [1.0, 2.0, 0.5]
    data = model.prepare(texts, texts, own)
    inputs, targets, own_of_rows = next(iter(model._batches(data, 8)))
    ids = targets.numpy()  # [batch, time], with the end
    outputs = keras.ops.softmax(model(inputs, training=False)).numpy()
    values = -np.log(np.take_along_axis(outputs, ids[..., None], -1)[..., 0])
    counts = np.bincount(ids[ids > 0], minlength=text.vocabulary_size + 2)
    even = balanced(counts)
    of_red = np.ones(len(counts))
    of_red[text.token_names.index("red")] = 5.0
    for given, table in (({"red": 5.0}, of_red), ("balanced", even)):
        weights = table[ids] * (ids > 0)
        expected = (values * weights).sum() / weights.sum()
        assert loss(model, texts, texts, class_weight=given) == pytest.approx(expected, rel=1e-4)
        weights = weights * own_of_rows.numpy()[:, None]
        expected = (values * weights).sum() / weights.sum()
        found = loss(model, texts, texts, class_weight=given, sample_weight=own)
        assert found == pytest.approx(expected, rel=1e-4)
    for wrong in ({"rad": 2.0}, {2: 2.0}, {"": 2.0}):
        with pytest.raises(ValueError, match="names the token .* which is not in the vocabulary"):
            model.fit(texts, texts, class_weight=wrong)
    with pytest.raises(ValueError, match="judged as a whole by its reward"):
        model.fine_tune(texts, texts, reward="bleu", learning_rate=0.1, class_weight="balanced")


@pytest.mark.slow
def test_tokens_of_a_language_model():
    texts = ["abab cab" * 20]
    model = LanguageModel(Text(level="character").adapt(texts), units=4, embedding_size=4, seed=1)
    model.compile(optimizer=SGD(0.0))
    nats = {}
    for token in "ab":  # a weight that drowns the others leaves the loss of this token
        nats[token] = loss(model, texts, None, class_weight={token: 1e6})
    plain = loss(model, texts, None)
    ids = model.prepare(texts).tokens
    names = model.output_feature.token_names
    others = {each: loss(model, texts, None, class_weight={each: 1e6}) for each in "c "}
    fractions = {each: (ids == names.index(each)).mean() for each in "abc "}
    expected = sum(fractions[each] * {**nats, **others}[each] for each in fractions)
    assert plain == pytest.approx(expected, rel=1e-3)
    even = sum({**nats, **others}.values()) / 4
    assert loss(model, texts, None, class_weight="balanced") == pytest.approx(even, rel=1e-3)


@pytest.mark.slow
def test_tokens_of_several_captions_of_a_picture():
    """A picture is kept once, and the weights are those of its captions."""
    pictures = [np.full((8, 8, 3), value, "uint8") for value in (10, 10, 200)]
    captions = ["a red dog", "a dog", "two red cats"]
    features = Image().adapt(pictures), Text().adapt(captions)
    model = Captioner(*features, units=4, embedding_size=4, seed=1)
    model.compile(optimizer=SGD(0.0))
    assert isinstance(model.prepare(pictures, captions), Shared)
    plain, red, found = (
        loss(model, pictures, captions, class_weight=given)
        for given in (None, {"red": 1e7}, {"red": 5.0})
    )
    tokens, reds = 11, 2  # the ends included
    others = plain * tokens - red * reds
    expected = (others + 5 * red * reds) / (tokens - reds + 5 * reds)
    assert found == pytest.approx(expected, rel=1e-3) and found != pytest.approx(plain, rel=1e-3)


# === Which class is meant ===


def test_classes_that_are_numbers():
    assert class_weights({7: 4}, Label([3, 7])) == [1.0, 4.0]
    assert class_weights({7.0: 4, "3": 2}, Label([3, 7])) == [2.0, 4.0]
    assert class_weights({1: 4}, Label([3, 7])) == [1.0, 4.0]  # 1 is no class: the index
    assert class_weights({1: 4, 2: 3}, Label([1, 2, 3])) == [4.0, 3.0, 1.0]  # as Keras has it
    assert class_weights({True: 4}, Label([False, True])) == [1.0, 4.0]
    assert class_weights({"1": 4}, Label(["1", "2"])) == [4.0, 1.0]
    assert class_weights({1: 4, 2: 3}, Label(["1", "2"])) == [4.0, 3.0]  # there is no index 2
    assert class_weights({0: 4, 1: 3}, Label(["0", "1"])) == [4.0, 3.0]  # both say the same


@pytest.mark.parametrize(
    "given, message",
    [
        ({"hat": 2}, "names the class 'hat'. Did you mean 'ham'. Known classes: 'ham', 'spam'"),
        ({2: 1.0}, "names the class 2."),
        ({True: 1.0}, "names the class True"),
        ({-1: 1.0}, "names the class -1"),
        ({"spam": 0}, r"class_weight\['spam'\] must be a number above 0. Received"),
        ({"spam": -1}, "must be a number above 0"),
        ({"spam": float("nan")}, "must be a number above 0"),
        ({"spam": float("inf")}, "must be a number above 0"),
        ({"spam": "3"}, "must be a number above 0"),
        ({"spam": 1, b"spam": 2}, "names a class twice"),
        ({}, "must be 'balanced' or a dict of weight by class, such as {'ham': 2.0}"),
        ("balance", "must be 'balanced' or a dict.*class_weight='balance'"),
        ([1, 2], "must be 'balanced' or a dict"),
    ],
)
def test_bad_weights(given, message):
    with pytest.raises(ValueError, match=message):
        class_weights(given, Label(["ham", "spam"]))


def test_what_could_be_one_of_two_classes():
    with pytest.raises(ValueError, match=r"two ways, as classes \['1'\].*which are \['2'\]"):
        class_weights({1: 4}, Label(["1", "2"]))


# === Where they cannot count ===


def test_refused_before_any_work(tags):
    number = OneToOne(Number(normalize=False), Number(normalize=False), units=2)
    with pytest.raises(
        ValueError, match="needs a Label, Tags or tokens as target.*target of Number"
    ):
        number.fit([1.0], [1.0], class_weight={0: 1})
    model = OneToOne(*helpers.features(X, Y), units=2)
    model.compile(loss=BalancedCrossEntropy([1.0, 4.0]))
    with pytest.raises(ValueError, match="the loss weighs classes itself"):
        model.fit(X, Y, class_weight="balanced")
    model.compile(loss=BalancedCrossEntropy([1.0, 1.0]))  # it does not
    model.fit(X, Y, class_weight="balanced", verbose=0)


# === Recipes ===


class Small(rnnkit.Recipe):
    name, title, pattern, cell = "small", "Try it", "one_to_one", "dense"
    model_class = "OneToOne"
    defaults = {"units": 2, "seed": 1, "learning_rate": 0.0}
    training = {"epochs": 1, "batch_size": 64}

    def features(self, data):
        return self.adapt_features(data, rnnkit.features.Text(), Label())


@pytest.mark.slow
def test_a_recipe_trains_with_them(tmp_path):
    recipe = Small()
    data = recipe.data({"train": (X, Y), "validation": (X, Y), "test": (X, Y)})
    path = tmp_path / "m.keras"
    found, plain = (
        recipe.train(data, verbose=0, class_weight=given, out=path).history.history["loss"][0]
        for given in ({"yes": 3.0}, None)
    )
    values = label_losses(recipe.model(data))
    assert plain == pytest.approx(values.mean(), rel=1e-4)
    values = values * np.where(np.array(Y) == "yes", 3.0, 1.0)
    assert found == pytest.approx(values.mean(), rel=1e-4)
    with pytest.raises(ValueError, match="Did you mean 'yes'"):
        recipe.train(data, verbose=0, class_weight={"yess": 3.0})
