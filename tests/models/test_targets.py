"""Models of several targets: they learn each as well as models of it alone, and live on."""

import json

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import rnnkit
from rnnkit.features import Detection, Label, Number, OrderedLabel, Series, Targets, Text
from rnnkit.losses import TargetMetric, TargetsLoss
from rnnkit.models import EchoStateNetwork, ManyToOne, OneToOne
from rnnkit.utils.digits import short
from tests import helpers
from tests.tiers import slow

# The word says the label, the number of stars the score.
RNG = np.random.default_rng(5)
GOOD, STARS = RNG.random(240) < 0.6, RNG.integers(0, 5, 240)
X = [
    " ".join(RNG.permutation(["fine" if good else "poor", *["star"] * stars, "the", "film"]))
    for good, stars in zip(GOOD, STARS, strict=True)
]
LABELS = np.where(GOOD, "good", "bad").tolist()
SCORES = (100 + 20.0 * STARS).tolist()
Y = [list(row) for row in zip(LABELS, SCORES, strict=True)]
GAPS = [["", s] if i % 3 == 1 else [y, None] if i % 3 == 2 else [y, s]
        for i, (y, s) in enumerate(Y)]  # fmt: skip
TRAIN, TEST = slice(0, 160), slice(160, 240)


def build(pattern, y=Y, **options):
    targets = Targets({"label": Label(), "score": Number()}).adapt(y)
    return pattern(Text().adapt(X), targets, seed=1, **options)


def fit(model, y, epochs=12):
    model.compile(optimizer=keras.optimizers.Adam(0.02))
    held_out = (X[TEST], y[TEST])
    model.fit(X[TRAIN], y[TRAIN], validation_data=held_out, epochs=epochs, verbose=0)
    return model


SMALL = {"units": 8, "embedding_size": 8}
MODELS = {
    "one to one": (OneToOne, {"units": 8}),
    "many to one": (ManyToOne, SMALL),
    "ensemble": (ManyToOne, {**SMALL, "ensemble": 2}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["one to one", "many to one", slow("ensemble")])
def test_one_check_for_every_model(name, fresh, tmp_path):
    pattern, options = MODELS[name]
    model = build(pattern, **options)
    helpers.check_model(model, X[:64], Y[:64], tmp_path / "model.keras", fresh)()


@pytest.fixture(scope="module")
def trained():
    return fit(build(OneToOne, units=16), Y)


@pytest.mark.slow
def test_each_target_is_learned_as_well_as_alone(trained):
    text = Text().adapt(X)
    label = fit(OneToOne(text, Label().adapt(LABELS), units=16, seed=1), LABELS)
    score = fit(OneToOne(text, Number().adapt(SCORES), units=16, seed=1), SCORES)
    alone = {
        "label_accuracy": label.score(X[TEST], LABELS[TEST])["accuracy"],
        "score_mae": score.score(X[TEST], SCORES[TEST])["mae"],
    }
    found = trained.score(X[TEST], Y[TEST])
    assert list(found) == [
        *("label_accuracy", "label_f1", "label_mcc"), *("score_mae", "score_rmse", "score_r2")
    ]  # fmt: skip
    assert found["label_accuracy"] >= alone["label_accuracy"] - 0.02
    assert found["score_mae"] <= alone["score_mae"] + 2
    # Beside the naive answers.
    majority = max(np.mean(np.array(LABELS)[TEST] == each) for each in ("good", "bad"))
    mean = np.mean(np.abs(np.array(SCORES)[TEST] - np.mean(SCORES[TRAIN])))
    assert found["label_accuracy"] > 0.95 > majority + 0.2
    assert found["score_mae"] < mean / 4


def test_scores_are_those_of_what_is_inferred(trained):
    results = trained.infer(X[TEST])
    one = trained.infer(X[TEST][0])
    assert one["label"] == results[0]["label"]
    assert one["score"] == pytest.approx(results[0]["score"], rel=1e-5)
    found = trained.score(X[TEST], Y[TEST])
    right = [row["label"] == label for row, label in zip(results, LABELS[TEST], strict=True)]
    assert found["label_accuracy"] == short(np.mean(right))
    errors = np.abs([row["score"] - s for row, s in zip(results, SCORES[TEST], strict=True)])
    assert found["score_mae"] == pytest.approx(errors.mean(), rel=1e-6)
    assert json.loads(json.dumps(results[0])) == results[0]
    assert set(results[0]) == {"label", "score", "probabilities"}
    trained.score_names = ["score_r2", "label_roc_auc"]
    assert set(trained.score(X, Y)) == {"score_r2", "label_roc_auc"}
    trained.score_names = ["accuracy"]
    with pytest.raises(ValueError, match="called by the target and the score, such as 'label_acc"):
        trained.score(X, Y)
    trained.score_names = None


def test_targets_in_every_form_are_the_same(trained):
    expected = trained.score(X, Y)
    frame = pd.DataFrame(Y, columns=["label", "score"])
    rows = trained.output_feature.to_tensor(Y)
    for form in (
        (X, frame),
        (X, frame.to_dict("records")),
        (X, frame.to_dict("list")),
        (tf.data.Dataset.from_tensor_slices((X, rows)).batch(7),),
        (zip(X, frame.to_dict("records"), strict=True),),
    ):
        assert trained.score(*form) == expected


@pytest.mark.slow
def test_what_is_not_known_is_left_out():
    model = fit(build(OneToOne, y=GAPS, units=16), GAPS, epochs=20)
    found = model.score(X[TEST], Y[TEST])
    assert found["label_accuracy"] > 0.9 and found["score_mae"] < 10
    # As if those examples were not there.
    x, y = X[TEST], GAPS[TEST]
    known = [i for i, (label, _) in enumerate(y) if label]
    alone = model.score([x[i] for i in known], [[y[i][0], 0.0] for i in known])
    assert model.score(x, y)["label_accuracy"] == alone["label_accuracy"]
    with pytest.warns(UserWarning, match="No example has the target 'score': its scores are NaN"):
        none = model.score(X[:2], [["good", None]] * 2)
    assert np.isnan(none["score_mae"]) and np.isfinite(none["label_accuracy"])
    assert np.isfinite(model.evaluate(X[:2], [["good", None]] * 2, verbose=0)).all()


def test_weights_of_targets_and_of_examples():
    model = build(OneToOne, units=4)
    plain = model.evaluate(X, Y, verbose=0, return_dict=True)["loss"]
    parts = TargetsLoss.of(model.output_feature).scales
    outputs, truth = model.predict(X, verbose=0), model.prepare(X, Y).tensors[1].numpy()
    nats = -np.log(outputs[np.arange(len(X)), truth[:, 0].astype(int)])
    expected = parts[0] * nats + parts[1] * (outputs[:, 2] - truth[:, 1]) ** 2
    assert plain == pytest.approx(expected.mean(), rel=1e-4)
    weights = RNG.random(len(X))
    found = model.evaluate(X, Y, sample_weight=weights, verbose=0, return_dict=True)["loss"]
    assert found == pytest.approx((weights * expected).mean(), rel=1e-4)


@pytest.mark.slow
def test_it_is_served_with_tensorflow_alone(trained, tmp_path):
    path = tmp_path / "served"
    trained.export(path, verbose=False)
    with helpers.Fresh(helpers.ROOT / "tests" / "serving.py") as served:
        found = served.call("serve", path=str(path), values=X[:5], dtype="string")
    for index, row in enumerate(trained.infer(X[:5])):
        assert found["label"][index] == row["label"]
        assert found["score"][index] == pytest.approx(row["score"], rel=1e-5)
        chances = dict(
            zip(found["label_classes"][index], found["label_probabilities"][index], strict=True)
        )
        assert chances == pytest.approx(row["probabilities"]["label"], abs=1e-6)


@pytest.mark.slow
def test_detections_and_grades_beside_numbers(tmp_path):
    grades = (1 + STARS).tolist()
    y = list(zip(LABELS, grades, SCORES, strict=True))
    parts = {"label": Detection("bad"), "grade": OrderedLabel(), "score": Number()}
    model = OneToOne(Text().adapt(X), Targets(parts).adapt(y), units=16, seed=1)
    before = model.output_feature.targets["label"].threshold
    fit(model, y)
    assert model.output_feature.targets["label"].threshold != before
    found = model.score(X[TEST], y[TEST])
    assert found["label_f1"] > 0.95 and found["grade_mae"] < 0.3 and found["score_mae"] < 10
    model.save(tmp_path / "m.keras")
    again = rnnkit.load_model(tmp_path / "m.keras")
    assert again.infer(X[:9]) == model.infer(X[:9])
    held_out = [[label, None, 1.0] for label in ["good"] * 4]
    with pytest.warns(UserWarning, match="label: The threshold stays at .*no example of 'bad'"):
        model.fit(X[:4], held_out, validation_data=(X[:4], held_out), verbose=0)


def test_trained_further(trained):
    model = OneToOne.from_config(trained.get_config())
    model.set_weights(trained.get_weights())
    with pytest.raises(ValueError, match="target 'label'.*training did not: 'awful'"):
        model.fine_tune(X[:2], [["awful", 1.0], ["good", 2.0]], verbose=0, extend=True)
    output = [each for each in model.layers if each.name == "output"][0].get_weights()
    others = [each.get_weights() for each in model.encoder_layers]
    model.fine_tune(X, Y, freeze="encoder", epochs=1, verbose=0)
    assert not helpers.weights_equal(output, model.get_layer("output").get_weights())
    for old, layer in zip(others, model.encoder_layers, strict=True):
        assert helpers.weights_equal(old, layer.get_weights())


def test_what_cannot_be_is_refused(trained):
    with pytest.raises(ValueError, match="several targets, each with a loss.*target_weights"):
        trained.fit(X, Y, class_weight="balanced")
    with pytest.raises(ValueError, match="confusion_matrix needs a model whose target is a Label"):
        rnnkit.plots.confusion_matrix(trained, X, Y)
    model = build(OneToOne, units=2)
    for loss in ("mse", keras.losses.MeanSquaredError(), None):
        with pytest.raises(ValueError, match="loss must be left out, or be a rnnkit.losses"):
            model.compile(loss=loss)
    for metrics in (["accuracy"], {"label": "accuracy"}, [[keras.metrics.AUC()]]):
        with pytest.raises(ValueError, match="metrics must be left out, or be .*several ways"):
            model.compile(metrics=metrics)
    with pytest.raises(ValueError, match="metrics must be left out"):
        model.compile(weighted_metrics=["accuracy"])
    columns = {"label": LABELS, "score": SCORES}
    with pytest.raises(ValueError, match="needs targets that are a list.*dict of .'label'"):
        model.fit(X, columns, validation_split=0.2)
    model.compile(metrics=TargetMetric.all_of(model.output_feature)[:1])
    assert set(model.evaluate(X, Y, verbose=0, return_dict=True)) == {"loss", "label_accuracy"}
    series = Series().adapt([[[1.0], [2.0]], [[1.0]]])
    with pytest.raises(ValueError, match="output_feature must be.*Received: Targets"):
        EchoStateNetwork(series, trained.output_feature, units=4)


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config["targets"].pop(),
        lambda config: config["targets"][0].pop(),
        lambda config: config["targets"][0].__setitem__(1, "Label"),
        lambda config: config.__setitem__("known", ["a", "b"]),
        lambda config: config.__setitem__("fractions", [[0.5, 0.4], []]),
        lambda config: config.__setitem__("weights", {"score": -1}),
        lambda config: config["targets"][0][1]["config"].__setitem__("classes", ["a"] * 9),
    ],
    ids=["one", "no feature", "a name", "known", "fractions", "weights", "classes"],
)
def test_damaged_files_are_refused(change, tmp_path):
    import zipfile

    model = build(OneToOne, units=2)
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        parts = {name: file.read(name) for name in file.namelist()}
    config = json.loads(parts["config.json"])
    change(config["config"]["output_feature"]["config"])
    parts["config.json"] = json.dumps(config)
    with zipfile.ZipFile(tmp_path / "bad.keras", "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
    with pytest.raises(ValueError, match="was not loaded"):
        rnnkit.load_model(tmp_path / "bad.keras")
