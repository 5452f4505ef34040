"""Ensembles: each member learns as if it were alone, and the whole is the mean of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import recipes
import rnnkit
from rnnkit import registry
from rnnkit.comparison import subjects
from rnnkit.features import Forecast, Series, Tags, Words
from rnnkit.models import Forecaster, ManyToOne, OneToOne, Tagger
from tests import helpers
from tests.tiers import slow
from tests.training import toys
from tests.training.interruptions import Stop

TEXTS, LABELS = helpers.presence(48)
SENTENCES = [["they", "can", "fish"], ["dogs", "run"], ["can", "they", "run"]] * 8
TAGS = [["P", "A", "V"], ["N", "V"], ["A", "P", "V"]] * 8
LOAD = np.sin(np.arange(160) / 4)


def texts(**options):
    feature, label = helpers.features(TEXTS, LABELS)
    return ManyToOne(
        feature, label, **{"cell": "simple_rnn", "units": 4, "embedding_size": 4, **options}
    )


def tagger(**options):
    words, tags = Words().adapt(SENTENCES), Tags().adapt(TAGS)
    return Tagger(words, tags, units=4, embedding_size=4, character_filters=0, **options)


def forecaster(**options):
    series, ahead = Series().adapt(LOAD), Forecast(horizon=3).adapt(LOAD)
    return Forecaster(series, ahead, "gru", 4, window=30, washout=6, **options)


def mean(model, x):
    return np.mean([each.predict(x, verbose=0) for each in model.members], axis=0)


# === What it is ===


@pytest.mark.slow
def test_one_check_for_an_ensemble(fresh, tmp_path):
    x, y = TEXTS[:32], LABELS[:32]
    model = texts(ensemble=2, seed=1)
    helpers.check_model(model, x, y, tmp_path / "model.keras", fresh)()


@pytest.mark.slow
def test_each_member_learns_as_if_it_were_alone():
    """Also with early stopping, which ends each at its own time."""
    parts = (TEXTS[:32], LABELS[:32]), (TEXTS[32:], LABELS[32:])
    options = {"epochs": 6, "batch_size": 8, "validation_data": parts[1], "verbose": 0}

    def trained(model):
        model.compile(optimizer=keras.optimizers.Adam(0.1), metrics=["accuracy"])
        model.fit_defaults = {"patience": 1}
        return model, model.fit(*parts[0], **options)

    whole, history = trained(texts(ensemble=2, seed=3, dropout=0.2))
    assert history.epoch == [0] and [*history.history] == [
        "accuracy", "loss", "val_accuracy", "val_loss"
    ]  # fmt: skip
    for number, member in enumerate(whole.members):
        alone, curve = trained(texts(seed=3 + number, dropout=0.2))
        assert helpers.weights_equal(member.get_weights(), alone.get_weights())
        assert member.history.history == curve.history
    predicted = whole.predict(parts[1][0], verbose=0)
    np.testing.assert_allclose(predicted, mean(whole, parts[1][0]), atol=1e-6)
    truth = [whole.output_feature.classes.index(each) for each in parts[1][1]]
    expected = -np.log(predicted[np.arange(len(truth)), truth]).mean()
    assert history.history["val_loss"] == [pytest.approx(expected, rel=1e-5)]


def test_one_network_is_no_ensemble():
    model = texts(seed=1)
    assert model.ensemble == 1 and model.members == []
    assert model.get_layer("encoder").name == "encoder"


def test_members_differ_without_a_seed_too():
    first, second = texts(ensemble=2).members
    assert not helpers.weights_equal(first.get_weights(), second.get_weights())
    assert first.seed is None


@pytest.mark.parametrize("ensemble", [0, 1.5, True, "2"])
def test_a_wrong_number_is_refused(ensemble):
    with pytest.raises(ValueError, match="ensemble must be"):
        texts(ensemble=ensemble)


# === Tags and forecasts ===


@pytest.mark.slow
def test_scores_and_transitions_are_averaged_with_crf(tmp_path):
    """The log-probability of a sequence is the mean of those of the members, but for a constant."""
    model = tagger(crf=True, ensemble=2, seed=1)
    model.compile(optimizer=keras.optimizers.Adam(0.05))
    model.fit(SENTENCES, TAGS, epochs=2, verbose=0)
    codes = model.encode_served(tf.constant([["they", "can", "fish"]]))
    known = np.array([[0, 1, 2], [2, 1, 0], [3, 3, 0], [1, 1, 1]])

    def of(one):
        scores = np.repeat(one(codes), 4, axis=0)
        return one.head.crf.log_likelihood(scores, known).numpy()

    whole, expected = of(model), np.mean([of(each) for each in model.members], axis=0)
    np.testing.assert_allclose(whole - whole[0], expected - expected[0], atol=1e-4)
    assert np.abs(of(model.members[0]) - of(model.members[1])).max() > 1e-3
    model.save(tmp_path / "m.keras")
    again = rnnkit.load_model(tmp_path / "m.keras")
    assert again.infer(SENTENCES[:3]) == model.infer(SENTENCES[:3])
    assert again.score(SENTENCES, TAGS) == model.score(SENTENCES, TAGS)


def test_probabilities_of_tags_are_averaged():
    model = tagger(ensemble=2, seed=1)
    expected = mean(model, SENTENCES)
    np.testing.assert_allclose(model.predict(SENTENCES, verbose=0), expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("relative", [slow(False), True])
def test_forecasts_are_averaged(relative, tmp_path):
    model = forecaster(ensemble=2, relative=relative, seed=1)
    model.fit(LOAD[:120], epochs=1, verbose=0, validation_data=LOAD[80:])
    outputs, expected = model.predict(LOAD, verbose=0), mean(model, LOAD)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    found = model.infer(LOAD)
    # The intervals are those of the errors of the whole, not of a member.
    assert model.fitted and not np.array_equal(model.errors, model.members[0].errors)
    assert all(np.array(found["lower"]) < found["forecast"])
    if relative:
        shares = [each.get_layer("add_naive").shares.numpy() for each in model.members]
        np.testing.assert_array_equal(*shares)
        assert shares[0][0, 0] < 1
    model.save(tmp_path / "m.keras")
    loaded = rnnkit.load_model(tmp_path / "m.keras")
    assert helpers.weights_equal(loaded.get_weights(), model.get_weights())
    loaded = loaded.infer(LOAD)  # whose graph may add in another order
    for name in ("forecast", "lower", "upper"):
        np.testing.assert_allclose(loaded[name], found[name], rtol=1e-5)


# === Use ===


@pytest.mark.slow
def test_fine_tuning_trains_each_member_and_keeps_what_is_frozen():
    model = texts(ensemble=2, seed=1)
    kept = [each.get_layer("encoder").get_weights() for each in model.members]
    heads = [each.get_layer("output").get_weights() for each in model.members]
    model.fine_tune(TEXTS, LABELS, freeze="encoder", epochs=1, verbose=0)
    for member, encoder, head in zip(model.members, kept, heads, strict=True):
        assert helpers.weights_equal(member.get_layer("encoder").get_weights(), encoder)
        assert not helpers.weights_equal(member.get_layer("output").get_weights(), head)
        assert float(member.optimizer.learning_rate) == pytest.approx(1e-3)


@pytest.mark.slow
def test_the_exported_ensemble_gives_what_infer_gives(tmp_path):
    model = OneToOne(*helpers.features(TEXTS, LABELS), units=3, ensemble=2, seed=1)
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served"))
    found = served.serve(tf.constant(TEXTS[:4]))
    expected = [each["probability"] for each in model.infer(TEXTS[:4])]
    np.testing.assert_allclose(found["probability"], expected, rtol=1e-5)


def test_what_layers_add_to_the_loss_is_averaged():
    model = texts(ensemble=2, seed=1)
    for number, member in enumerate(model.members):
        layer = member.get_layer("output")
        layer.kernel_regularizer = keras.regularizers.L1(1.0)
        layer.kernel.regularizer = layer.kernel_regularizer
        layer.kernel.assign(np.full(layer.kernel.shape, number + 1.0))
    each = np.prod(layer.kernel.shape)
    assert float(sum(model.losses)) == pytest.approx(1.5 * each)


def test_callbacks_that_save_models_are_refused(tmp_path):
    saving = keras.callbacks.ModelCheckpoint(str(tmp_path / "m.keras"))
    with pytest.raises(ValueError, match="must not save models.*ModelCheckpoint"):
        texts(ensemble=2).fit(TEXTS, LABELS, callbacks=[saving], verbose=0)


def test_data_that_is_read_once_is_refused():
    batches = ((TEXTS[:8], LABELS[:8]) for _ in range(9))
    with pytest.raises(ValueError, match="leave steps_per_epoch out"):
        texts(ensemble=2).fit(batches, steps_per_epoch=2, verbose=0)


def test_where_there_are_no_ensembles_it_is_said_why():
    with pytest.raises(ValueError, match="no option 'ensemble'.*not where a text"):
        recipes.get("translation").check_options({"ensemble": 3})


def test_cells_are_compared_one_network_with_another():
    with pytest.raises(ValueError, match="ensemble must be 1.*ensemble=2"):
        subjects.refuse_ensemble(texts(ensemble=2))


def test_diagnostics_want_one_network():
    model = texts(ensemble=2, seed=1)
    with pytest.raises(ValueError, match=r"model\.members\[0\]"):
        rnnkit.diagnostics.layer_names(model)
    assert rnnkit.diagnostics.layer_names(model.members[0]) == ["encoder"]


def test_the_picture_says_how_many_there_are():
    ax = rnnkit.plots.unrolled(texts(ensemble=2, seed=1))
    assert "2 networks, averaged" in ax.get_title()


# === Recipes ===

PARTS = {
    "train": (TEXTS[:28], LABELS[:28]),
    "validation": (TEXTS[28:38], LABELS[28:38]),
    "test": (TEXTS[38:], LABELS[38:]),
}


@pytest.fixture(scope="module")
def recipe():
    return registry.get(toys.__file__)


@pytest.fixture(scope="module")
def data(recipe):
    return recipe.data(PARTS)


class StopMember(Stop):
    """Stops the training of a member, a number from 0."""

    def __init__(self, member, epoch):
        super().__init__(epoch)
        self.member, self.begun = member, -1

    def on_train_begin(self, logs=None):
        self.begun += 1

    def on_train_batch_end(self, batch, logs=None):
        if self.begun == self.member:
            super().on_train_batch_end(batch, logs)


@pytest.mark.slow
@pytest.mark.parametrize("member", [0, 1])
def test_training_goes_on_in_the_member_that_was_stopped(recipe, data, member, tmp_path, capsys):
    path = tmp_path / "m.keras"
    options = {"ensemble": 3, "epochs": 4, "out": path}
    with pytest.raises(KeyboardInterrupt):
        recipe.train(data, **options, verbose=0, callbacks=[StopMember(member, 2)])
    left = rnnkit.load_model(path)
    assert left.ensemble == 3
    # Those that are not trained yet are copies of those that are.
    copy = left.members[member + 1].get_weights()
    assert helpers.weights_equal(copy, left.members[0].get_weights())
    capsys.readouterr()
    model = recipe.train(data, **options, verbose=2, resume=True)
    said = capsys.readouterr().err
    assert f"Training of member {member + 1} of 3 goes on after epoch 2 of 4" in said
    assert "Member 3 of 3" in said
    whole = recipe.train(data, **{**options, "out": None}, verbose=0)
    assert helpers.weights_equal(model.get_weights(), whole.get_weights())
    assert model.history.history == whole.history.history
    assert not (tmp_path / "m.keras.training").exists()
    assert helpers.weights_equal(rnnkit.load_model(path).get_weights(), whole.get_weights())


@pytest.mark.slow
def test_interrupted_fit_leaves_the_members_that_are_trained(recipe, data, tmp_path):
    model = recipe.model(data, ensemble=2)
    path = tmp_path / "left.keras"
    with pytest.raises(KeyboardInterrupt):
        model.fit(
            data.train, epochs=2, verbose=0, callbacks=[StopMember(1, 0)], interrupted_path=path
        )
    first, second = rnnkit.load_model(path).members
    assert helpers.weights_equal(first.get_weights(), second.get_weights())


@pytest.mark.slow
def test_search_judges_the_whole(recipe, data, tmp_path):
    result = recipe.tune(
        data, max_trials=2, epochs=2, options={"ensemble": 2}, directory=tmp_path, verbose=0
    )
    model = result.best_model()
    assert model.ensemble == 2
    loss = model.evaluate(data.validation, verbose=0, return_dict=True)["loss"]
    best = min(row["objective"] for row in result.table())
    assert result.objective == "val_loss" and loss == pytest.approx(best, rel=1e-5)
