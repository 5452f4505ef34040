"""Models that start from an older one: weights by the names of words and classes."""

import json

import keras
import numpy as np
import pytest

import recipes
import rnnkit
from rnnkit import features, models, registry
from rnnkit.cli import main
from rnnkit.saving.base import Base
from rnnkit.training.copying import copy_weights, joined
from tests import helpers
from tests.training import toys
from tests.training.interruptions import Stop

OLD = (["a red high one", "a blue low one"] * 6, ["yes", "no"] * 6)
NEW = (["green high ones", "a green low one", "what is it"] * 4, ["yes", "no", "maybe"] * 4)
TAGGED = ([["a", "cat"], ["a", "dog", "sat"]] * 4, [["DET", "NOUN"], ["DET", "NOUN", "VERB"]] * 4)
MORE = ([["a", "bat", "Quickly"], ["sat"]] * 4, [["DET", "NOUN", "ADV"], ["VERB"]] * 4)
SIZES = {"units": 4, "embedding_size": 6}


def data_of(recipe, pairs):
    return recipe.data({"train": pairs, "validation": pairs, "test": pairs})


def weight(model, layer, name):
    (found,) = [each for each in model.get_layer(layer).weights if each.path.endswith(name)]
    return np.array(found.value)


def rows(values, names):
    return dict(zip(names, values, strict=True))


def trained(model, pairs):
    """A model whose weights are all other than they were made, biases too."""
    rng = np.random.default_rng(3)
    model.set_weights([w + rng.normal(size=w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def sentiment():
    return recipes.get("sentiment")


@pytest.fixture(scope="module")
def old(sentiment, tmp_path_factory):
    """The path of a trained model of sentiment."""
    path = tmp_path_factory.mktemp("old") / "old.keras"
    model = trained(sentiment.model(data_of(sentiment, OLD), seed=1, **SIZES), OLD)
    model.save(path)
    return str(path)


# === By name ===


def test_values_move_with_their_names():
    old, new = np.array([[1, 2], [3, 4]]), np.full((3, 3), 9)
    found = joined(old, [["a", "b"], ["x", "y"]], new, [["b", "c", "a"], ["y", "z", "x"]])
    assert found.tolist() == [[4, 9, 3], [9, 9, 9], [2, 9, 1]]
    assert joined(old, [["a", "b"], None], new[:, :2], [["c", "a", "d"], None]).tolist() == [
        [9, 9], [1, 2], [9, 9],
    ]  # fmt: skip
    assert joined(old, [None, None], new, [None, None]) is None
    assert joined(old, [None, None], new[0], [None]) is None


@pytest.mark.slow
def test_a_label_more_and_words_more(sentiment, old, fresh, capsys):
    before = rnnkit.load_model(old)
    anew = sentiment.model(data_of(sentiment, NEW), base=old, seed=2, **SIZES)
    assert capsys.readouterr().out == (
        f"Started from {old}: embedding, encoder, bag_embedding, output, bag_output; new: 5 words, "
        "classes ['maybe']\n"
    )
    assert anew.output_feature.classes == ["no", "yes", "maybe"]
    for layer in ("embedding", "bag_embedding"):
        mine = rows(weight(before, layer, "embeddings"), before.input_feature.token_names)
        here = rows(weight(anew, layer, "embeddings"), anew.input_feature.token_names)
        assert set(here) - set(mine) == {"green", "ones", "what", "is", "it"}
        assert all(np.array_equal(here[name], mine[name]) for name in mine)
    for layer in ("output", "bag_output"):
        kernel, bias = weight(anew, layer, "kernel"), weight(anew, layer, "bias")
        assert np.array_equal(kernel[:, :2], weight(before, layer, "kernel"))
        assert np.array_equal(bias[:2], weight(before, layer, "bias")) and bias[2] == 0
    # The ratio of the classes that there were is as it was.
    was, now = before.predict(OLD[0][:2], verbose=0), anew.predict(OLD[0][:2], verbose=0)
    np.testing.assert_allclose(now[:, 1] / now[:, 0], was[:, 1] / was[:, 0], rtol=1e-4)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights(sentiment, old):
    first, second, other = (
        sentiment.model(data_of(sentiment, NEW), base=old, seed=seed, **SIZES).get_weights()
        for seed in (2, 2, 3)
    )
    assert helpers.weights_equal(first, second) and not helpers.weights_equal(first, other)


@pytest.mark.slow
def test_it_is_trained_saved_and_loaded_as_any_model(sentiment, old, fresh, tmp_path):
    model = sentiment.train(data_of(sentiment, NEW), base=old, epochs=1, verbose=0, **SIZES)
    model.save(tmp_path / "m.keras")
    model.export(tmp_path / "served", verbose=False)
    again = fresh.call("infer", path=str(tmp_path / "m.keras"), x=["green ones"])
    assert again[0]["label"] == model.infer("green ones")["label"]
    assert set(again[0]["probabilities"]) == {"no", "yes", "maybe"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pos_tagging", "named_entities"])
def test_tags_words_and_characters_more(name):
    recipe = recipes.get(name)
    marked = [
        [["O" if tag == "DET" else f"B-{tag}" for tag in tags] for tags in pairs[1]]
        if name == "named_entities" else pairs[1] for pairs in (TAGGED, MORE)
    ]  # fmt: skip
    sizes = {**SIZES, "character_filters": 3, "character_embedding_size": 2, "seed": 1}
    before = trained(recipe.model(data_of(recipe, (TAGGED[0], marked[0])), **sizes), TAGGED)
    anew = recipe.model(data_of(recipe, (MORE[0], marked[1])), base=before, **sizes)
    known = before.output_feature.classes
    assert anew.output_feature.classes == [*known, "ADV" if name == "pos_tagging" else "B-ADV"]
    pairs = (("embedding", lambda f: f.token_names),
             ("characters", lambda f: ["", "?", *f.characters]))  # fmt: skip
    for layer, names in pairs:
        mine, here = (
            rows(weight(model, layer, "embeddings"), names(model.input_feature))
            for model in (before, anew)
        )
        assert len(here) > len(mine)
        assert all(np.array_equal(here[name], mine[name]) for name in mine)
    if name == "named_entities":
        size = before.output_feature.size
        for part in ("transitions", "start", "end"):
            was, now = weight(before, "crf_output", part), weight(anew, "crf_output", part)
            assert np.array_equal(now[(slice(size),) * was.ndim], was)
    for mine, here in zip(
        before.get_layer("encoder").get_weights(), anew.get_layer("encoder").get_weights(),
        strict=True,
    ):  # fmt: skip
        assert np.array_equal(mine, here)


@pytest.mark.parametrize("tied", [True, False])
def test_tokens_that_are_generated_keep_their_start_and_end(tied):
    recipe = recipes.get("text_generation")
    options = {"level": "word", "units": 4, "embedding_size": 6, "tied_output": tied}
    parts = [
        recipe.data({"train": texts, "validation": texts, "test": texts})
        for texts in (["a cat sat", "a dog sat"], ["a bat sat on a mat"])
    ]
    before = trained(recipe.model(parts[0], **options), None)
    anew = recipe.model(parts[1], base=before, **options)
    for part, turn in (("/embeddings", np.array), ("reverse_embeddings", np.transpose))[: 2 - tied]:
        mine, here = (
            rows(turn(weight(m, "target_embedding", part)), [*m.output_feature.token_names, 1, 2])
            for m in (before, anew)
        )
        assert set(here) - set(mine) == {"bat", "mat", "on"}
        assert all(np.array_equal(here[name], mine[name]) for name in mine)


@pytest.mark.parametrize("train_vectors", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_word_vectors_come_with_the_base(sentiment, train_vectors, tmp_path):
    given = features.WordVectors(
        ["red", "green", "what", "far"], np.random.default_rng(0).normal(size=(4, 6))
    )
    options = {"units": 4, "embedding_size": 6, "train_vectors": train_vectors}
    before = trained(sentiment.model(data_of(sentiment, OLD), vectors=given, **options), None)
    before.save(tmp_path / "m.keras")
    anew = sentiment.model(data_of(sentiment, NEW), base=tmp_path / "m.keras", **options)
    assert anew.input_feature.vocabulary[-1] == "far" and anew.input_feature.vectors.beyond == 1
    texts = ["a red high one", "far red low blue"]
    layers = [model.get_layer("embedding") for model in (before, anew)]
    for text in [*texts, "green what"]:  # these were beyond the data, and begin as they were
        was, now = (
            np.array(layer(model.input_feature.encode(np.array([text])).to_tensor()))
            for layer, model in zip(layers, (before, anew), strict=True)
        )
        np.testing.assert_array_equal(was, now)
    with pytest.raises(ValueError, match="vectors must be left out beside a base"):
        sentiment.model(data_of(sentiment, NEW), base=before, vectors=given, **options)


# === What does not fit ===


def test_layers_of_other_sizes_start_anew_and_it_is_said(sentiment, old, capsys):
    model = sentiment.model(data_of(sentiment, NEW), base=old, units=3, embedding_size=6)
    out = capsys.readouterr().out
    assert "Started from" in out and "encoder (of 6x16 and 4x16 and 16" in out
    assert "It has units=4" in out
    assert model.get_layer("encoder").weights[0].shape == (6, 12)


@pytest.mark.parametrize(("name", "pairs", "options", "said"), [
    ("sentiment", OLD, {"units": 3, "embedding_size": 5, "bag_of_words": False, "pooling": "last"},
     "base has no layer that fits"),
    ("spam", OLD, {}, "must encode values as the one here does, digits=False, .*ngrams=2"),
    ("spam", OLD, {"ngrams": 1}, "base does not fit: .*here is Text → Label"),
    ("pos_tagging", TAGGED, {}, "its feature must be Words, as here. Received: Text. The base is "
     ".*old.keras, a ManyToOne of Text → Label; here is Words → Tags"),
])  # fmt: skip
def test_a_base_that_does_not_fit_is_refused(old, name, pairs, options, said):
    recipe = recipes.get(name)
    with pytest.raises(ValueError, match=said):
        recipe.model(data_of(recipe, pairs), base=old, **options)


def test_data_of_one_class_is_refused_with_what_does_learn_it(sentiment, old):
    alone = sentiment.data({"train": (["fine words"] * 8, ["good"] * 8)} | {
        part: (["fine words"] * 2, ["good"] * 2) for part in ("validation", "test")
    })  # fmt: skip
    with pytest.raises(ValueError, match=r"only 'good'.*fine_tune\(data.train, extend=True\)"):
        sentiment.model(alone, base=old)
    with pytest.raises(ValueError, match="only 'good'") as refused:
        sentiment.model(alone)
    assert "fine_tune" not in str(refused.value)


def test_a_base_of_another_class(sentiment):
    text, label = helpers.features(*OLD, keep="both", max_length=400)
    base = models.OneToOne(text, label)
    with pytest.raises(ValueError, match="must be a ManyToOne, .*a OneToOne of Text → Label"):
        sentiment.model(data_of(sentiment, OLD), base=base)


def test_what_is_no_base(sentiment, tmp_path):
    with pytest.raises(ValueError, match="base must be the path of a '.keras' file, or a model"):
        sentiment.model(None, base=3)
    with pytest.raises(ValueError, match="There is no file"):
        sentiment.model(None, base=tmp_path / "none.keras")
    plain = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    plain.save(tmp_path / "plain.keras")
    with pytest.raises(ValueError, match="a plain graph of layers"):
        sentiment.model(None, base=tmp_path / "plain.keras")
    forecasting = recipes.get("forecasting")
    series = np.sin(np.arange(60.0))
    data = data_of(forecasting, series)
    network = forecasting.model(data, units=10)
    with pytest.raises(
        ValueError, match="of class EchoState.*, whose readout is solved from all data"
    ):
        forecasting.model(data, base=network)


# === Training, searching, the command line ===


@pytest.mark.slow
def test_a_training_with_a_base_goes_on(tmp_path):
    recipe = registry.get(toys.__file__)
    texts, labels = helpers.presence(24)
    data = data_of(recipe, (texts, labels))
    base = trained(recipe.model(data_of(recipe, (texts[:6], labels[:6]))), None)
    other = trained(recipe.model(data_of(recipe, (texts[:8], labels[:8]))), None)
    assert Base(base).digest() == Base(base).digest() != Base(other).digest()
    whole = recipe.train(data, out=tmp_path / "whole.keras", base=base, verbose=0)
    with pytest.raises(KeyboardInterrupt):
        recipe.train(data, out=tmp_path / "m.keras", base=base, verbose=0, callbacks=[Stop(2)])
    for wrong in (None, other):
        with pytest.raises(ValueError, match="base"):
            recipe.train(data, out=tmp_path / "m.keras", base=wrong, resume=True, verbose=0)
    again = recipe.train(data, out=tmp_path / "m.keras", base=base, resume=True, verbose=0)
    assert helpers.weights_equal(again.get_weights(), whole.get_weights())


class Varied(toys.Toy):
    def search_space(self, hp):
        return {"dropout": hp.Float("dropout", 0.0, 0.4)}


@pytest.mark.slow
def test_a_search_starts_each_trial_from_it(tmp_path, capsys):
    recipe = Varied()
    texts, labels = helpers.presence(24)
    data = data_of(recipe, (texts, [{"no": "no", "yes": "sure"}[each] for each in labels]))
    base = trained(recipe.model(data_of(recipe, (texts[:6], labels[:6])), units=3), None)
    settings = {"tuner": "random", "epochs": 1, "seed": 1}
    folder = tmp_path / "search"
    result = recipe.tune(data, base=base, max_trials=2, directory=folder, **settings)
    assert result.best_model().output_feature.classes == ["no", "yes", "sure"]
    assert capsys.readouterr().out.count("Started from the base") == 1
    with pytest.raises(ValueError, match="base"):
        recipe.tune(data, max_trials=2, directory=folder, **settings)
    with pytest.raises(ValueError, match="base must be the path of a file that other processes"):
        recipes.get("spam").tune(base=base, directory=tmp_path / "w", workers=2, **settings)


@pytest.mark.slow
def test_on_the_command_line(old, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = [f"{each},{label},train" for each, label in zip(*NEW, strict=True)]
    lines += [line.replace("train", part) for line in lines for part in ("validation", "test")]
    (tmp_path / "new.csv").write_text("\n".join(["text,label,split", *lines]))
    options = ["--epochs", "1", "--set", "units=4", "--set", "embedding_size=6", "--base", old]
    assert main(["train", "sentiment", "--data", "new.csv", "--json", *options]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["model"] == "sentiment.keras" and f"Started from {old}: " in err
    assert rnnkit.load_model("sentiment.keras").output_feature.size == 3
    assert main(["train", "spam", "--data", "new.csv", "--base", old]) == 2
    assert "base does not fit" in capsys.readouterr().err


def test_what_is_copied_is_told(sentiment):
    first, second = (sentiment.model(data_of(sentiment, OLD), **SIZES) for _ in range(2))
    found = copy_weights(first, second)
    assert found.taken == ["embedding", "encoder", "bag_embedding", "output", "bag_output"]
    assert found.left == {} and helpers.weights_equal(first.get_weights(), second.get_weights())
