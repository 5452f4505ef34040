"""Keras' metrics on labels, against scikit-learn; those that would mislead are refused."""

import keras
import numpy as np
import pytest
import sklearn.metrics as scores

import rnnkit
from rnnkit.features import Detection, Label, Labels, Tags, Words
from rnnkit.losses import OfClasses, TagAccuracy
from rnnkit.losses.class_metrics import COLUMNS, OTHERS, POSITIVE, SPARSE, of_target
from rnnkit.models import OneToOne, Tagger
from tests import helpers

TWO, THREE = Label(["ham", "spam"]), Label(["a", "b", "c"])
RNG = np.random.default_rng(1)
TRUTH = RNG.integers(0, 2, 300)
CHANCES = np.clip(0.35 * TRUTH + RNG.uniform(0, 0.65, 300), 0.001, 0.999)
OUTPUTS = np.stack([1 - CHANCES, CHANCES], axis=1).astype("float32")
DECIDED = (OUTPUTS[:, 1] > 0.5).astype(int)
TRUTH_3 = RNG.integers(0, 3, 300)
OUTPUTS_3 = RNG.dirichlet(np.ones(3), 300).astype("float32")
OUTPUTS_3[np.arange(300), TRUTH_3] += 0.3
OUTPUTS_3 /= OUTPUTS_3.sum(1, keepdims=True)
DECIDED_3 = OUTPUTS_3.argmax(1)
CONFUSION = scores.confusion_matrix(TRUTH, DECIDED)
K = keras.metrics


def value(metric, truth, outputs, weights=None):
    """In two batches."""
    for part in (slice(0, 130), slice(130, None)):
        of = None if weights is None else weights[part]
        metric.update_state(truth[part], outputs[part], of)
    return float(metric.result())


@pytest.mark.parametrize(
    "metric, expected",
    [
        (K.AUC(num_thresholds=2000), scores.roc_auc_score(TRUTH, CHANCES)),
        ("AUC", scores.roc_auc_score(TRUTH, CHANCES)),
        (K.AUC, scores.roc_auc_score(TRUTH, CHANCES)),
        (
            K.AUC(num_thresholds=2000, multi_label=True, num_labels=2),
            scores.roc_auc_score(TRUTH, CHANCES),
        ),
        (K.AUC(num_thresholds=2000, curve="PR"), scores.average_precision_score(TRUTH, CHANCES)),
        (K.Precision(), scores.precision_score(TRUTH, DECIDED)),
        ("precision", scores.precision_score(TRUTH, DECIDED)),
        (K.Precision(thresholds=0.3), scores.precision_score(TRUTH, CHANCES > 0.3)),
        (K.Precision(class_id=0), scores.precision_score(TRUTH, DECIDED, pos_label=0)),
        (K.Recall(), scores.recall_score(TRUTH, DECIDED)),
        (K.Recall(class_id=0, top_k=1), scores.recall_score(TRUTH, DECIDED, pos_label=0)),
        (K.BinaryAccuracy(), scores.accuracy_score(TRUTH, DECIDED)),
        ("binary_accuracy", scores.accuracy_score(TRUTH, DECIDED)),
        (K.binary_accuracy, scores.accuracy_score(TRUTH, DECIDED)),
        (K.F1Score(), scores.f1_score(TRUTH, DECIDED)),
        ("f1_score", scores.f1_score(TRUTH, DECIDED)),
        (K.F1Score(threshold=0.3), scores.f1_score(TRUTH, CHANCES > 0.3)),
        (K.F1Score(average="macro"), scores.f1_score(TRUTH, DECIDED, average="macro")),
        (K.F1Score(average="weighted"), scores.f1_score(TRUTH, DECIDED, average="weighted")),
        (K.FBetaScore(beta=2.0), scores.fbeta_score(TRUTH, DECIDED, beta=2)),
        (K.BinaryCrossentropy(), scores.log_loss(TRUTH, CHANCES)),
        (K.CategoricalCrossentropy(), scores.log_loss(TRUTH, CHANCES)),
        (K.CategoricalAccuracy(), scores.accuracy_score(TRUTH, DECIDED)),
        (K.TrueNegatives(), CONFUSION[0, 0]),
        (K.FalsePositives(), CONFUSION[0, 1]),
        (K.FalseNegatives(), CONFUSION[1, 0]),
        (K.TruePositives(), CONFUSION[1, 1]),
    ],
)
def test_two_classes(metric, expected):
    metric = of_target(metric, TWO)
    assert value(metric, TRUTH, OUTPUTS) == pytest.approx(expected, rel=5e-3)
    assert type(metric) is OfClasses and metric.name == metric.metric.name
    metric.reset_state()
    turned = value(metric, 1 - TRUTH, OUTPUTS)
    assert turned != pytest.approx(expected, rel=5e-3)  # it looks at which class is which


@pytest.mark.parametrize(
    "metric, expected",
    [
        (
            K.AUC(num_thresholds=2000, multi_label=True, num_labels=3),
            scores.roc_auc_score(TRUTH_3, OUTPUTS_3, multi_class="ovr"),
        ),
        (K.F1Score(average="macro"), scores.f1_score(TRUTH_3, DECIDED_3, average="macro")),
        (K.F1Score(average="micro"), scores.f1_score(TRUTH_3, DECIDED_3, average="micro")),
        (
            K.Precision(class_id=2, top_k=1),
            scores.precision_score(TRUTH_3, DECIDED_3, average=None)[2],
        ),
        (K.CategoricalAccuracy(), scores.accuracy_score(TRUTH_3, DECIDED_3)),
        (K.SparseCategoricalAccuracy(), scores.accuracy_score(TRUTH_3, DECIDED_3)),
    ],
)
def test_three_classes(metric, expected):
    assert value(of_target(metric, THREE), TRUTH_3, OUTPUTS_3) == pytest.approx(expected, rel=5e-3)


SEVERAL = Labels(["a", "b", "c"])
TRUTH_OF_SEVERAL = RNG.integers(0, 2, (300, 3)).astype("int8")
OUTPUTS_OF_SEVERAL = np.clip(RNG.normal(0.3 + 0.3 * TRUTH_OF_SEVERAL, 0.2), 0.01, 0.99)
HAVE = OUTPUTS_OF_SEVERAL >= 0.5


@pytest.mark.parametrize(
    "metric, expected",
    [
        ("AUC", scores.roc_auc_score(TRUTH_OF_SEVERAL.ravel(), OUTPUTS_OF_SEVERAL.ravel())),
        (
            K.AUC(multi_label=True, num_labels=3),
            scores.roc_auc_score(TRUTH_OF_SEVERAL, OUTPUTS_OF_SEVERAL),
        ),
        ("precision", scores.precision_score(TRUTH_OF_SEVERAL, HAVE, average="micro")),
        (K.Recall(), scores.recall_score(TRUTH_OF_SEVERAL, HAVE, average="micro")),
        (K.Recall(class_id=1), scores.recall_score(TRUTH_OF_SEVERAL[:, 1], HAVE[:, 1])),
        ("binary_accuracy", 1 - scores.hamming_loss(TRUTH_OF_SEVERAL, HAVE)),
        ("crossentropy", scores.log_loss(TRUTH_OF_SEVERAL.ravel(), OUTPUTS_OF_SEVERAL.ravel())),
        (
            K.F1Score(average="macro", threshold=0.5),
            scores.f1_score(TRUTH_OF_SEVERAL, HAVE, average="macro"),
        ),
    ],
)
def test_several_labels(metric, expected):
    metric = of_target(metric, SEVERAL)
    assert value(metric, TRUTH_OF_SEVERAL, OUTPUTS_OF_SEVERAL) == pytest.approx(expected, rel=5e-3)


def test_weights():
    weights = RNG.uniform(0, 2, 300).astype("float32")
    for metric, expected in (
        (K.Precision(), scores.precision_score(TRUTH, DECIDED, sample_weight=weights)),
        (K.F1Score(), scores.f1_score(TRUTH, DECIDED, sample_weight=weights)),
    ):
        found = value(of_target(metric, TWO), TRUTH, OUTPUTS, weights)
        assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "metric, feature, message",
    [
        ("AUC", THREE, r"for 3 classes: use keras.metrics.AUC\(multi_label=True"),
        (K.Precision(), THREE, r"use keras.metrics.Precision\(class_id=..., top_k=1\)"),
        (K.Recall(), THREE, r"use keras.metrics.Recall\(class_id"),
        (K.F1Score(), THREE, r"F1Score\(average='macro'\)"),
        (K.BinaryAccuracy(), THREE, "use 'accuracy'"),
        (K.SensitivityAtSpecificity(0.5), THREE, "use model.score"),
        (K.MeanSquaredError(), TWO, "MeanSquaredError is not of labels: use 'accuracy'"),
        (["accuracy", K.Accuracy()], TWO, "Accuracy is not of labels.*'ham', 'spam'"),
        ({"output": [K.MeanIoU(2)]}, TWO, "MeanIoU is not of labels"),
        ("mean_absolute_error", TWO, "MeanAbsoluteError is not of labels"),
        ("SensitivityAtSpecificity", TWO, r"SensitivityAtSpecificity\(specificity=...\)"),
        ("mse", TWO, "MeanSquaredError is not of labels"),
        ("acuracy", TWO, "There is no metric 'acuracy'. Did you mean 'accuracy'"),
        ("Precison", TWO, "There is no metric 'Precison'. Did you mean 'Precision'"),
        ("accuracy", SEVERAL, "in two ways.*use 'binary_accuracy'.*subset_accuracy"),
        ("F1Score", SEVERAL, r"most probable label alone.*rnnkit.losses.MicroF1\(\)"),
        (K.F1Score(threshold=0.5), SEVERAL, "gives no one number"),
        (K.CategoricalAccuracy(), SEVERAL, "CategoricalAccuracy is not of several labels"),
        (["binary_accuracy", "mse"], SEVERAL, "MeanSquaredError is not of several labels"),
        ("AUC", Tags(["A", "B"]), "must leave padding out.*TagAccuracy.*Received: AUC"),
        (K.SparseCategoricalAccuracy(), Tags(["A", "B"]), "use rnnkit.losses.TagAccuracy"),
    ],
)
def test_refused_with_what_to_use(metric, feature, message):
    with pytest.raises(ValueError, match=message):
        of_target(metric, feature)


def test_every_metric_of_keras_is_known():
    """A new one has to be looked at: whether it is right on labels."""
    found = {name for name in dir(K) if isinstance(getattr(K, name), type)}
    others = {"Mean", "MeanMetricWrapper", "Metric", "Sum", "MeanRelativeError"}
    others |= {"ConcordanceCorrelation", "PearsonCorrelation"}
    assert found - others == POSITIVE | COLUMNS | OTHERS | SPARSE


@pytest.mark.slow
def test_in_models(tmp_path):
    x, y = helpers.presence(40)
    model = OneToOne(*helpers.features(x, y), units=4, seed=1)
    names = ["accuracy", "AUC", K.Precision(name="sure"), "f1_score", K.AUC(curve="PR", name="pr")]
    model.compile(keras.optimizers.Adam(0.02), metrics=names, weighted_metrics=["recall"])
    stop = keras.callbacks.EarlyStopping("val_auc", patience=3)  # which way is better, it finds
    history = model.fit(x, y, validation_data=(x, y), epochs=2, callbacks=[stop], verbose=0).history
    assert {"auc", "val_sure", "val_f1_score", "val_pr", "val_recall"} <= set(history)
    outputs, truth = model.predict(x, verbose=0)[:, 1], np.array(y) == "yes"
    found = model.evaluate(x, y, return_dict=True, verbose=0)
    assert found["auc"] == pytest.approx(float(K.AUC()(truth, outputs)), abs=1e-6)
    assert found["f1_score"] == pytest.approx(scores.f1_score(truth, outputs > 0.5), abs=1e-6)
    assert found["recall"] == pytest.approx(scores.recall_score(truth, outputs > 0.5), abs=1e-6)
    model.save(tmp_path / "m.keras")
    again = rnnkit.load_model(tmp_path / "m.keras")
    assert again.evaluate(x, y, return_dict=True, verbose=0) == pytest.approx(found, abs=1e-6)


def test_the_positive_class_of_a_detection():
    x, y = helpers.presence(20)
    label = Detection("no").adapt(y)
    assert label.names == ["yes", "no"]
    model = OneToOne(helpers.features(x, y)[0], label, units=2, seed=1)
    model.compile(metrics=["Recall"])
    outputs = model.predict(x, verbose=0)[:, 1]
    expected = scores.recall_score(np.array(y) == "no", outputs > 0.5)
    found = model.evaluate(x, y, return_dict=True, verbose=0)["recall"]
    assert found == pytest.approx(expected)


def test_of_tags():
    words, tags = Words().adapt([["a", "b"]]), Tags().adapt([["A", "B"]])
    model = Tagger(words, tags, units=2, embedding_size=2, character_filters=2)
    model.compile(metrics=["accuracy"])
    assert type(of_target("accuracy", tags)) is TagAccuracy
    with pytest.raises(ValueError, match="must leave padding out"):
        model.compile(metrics=["AUC"])


def test_what_is_no_metric_of_keras_stays():
    class Own(K.AUC):
        pass

    for metric in (Own(), "accuracy", None, TagAccuracy()):
        assert of_target(metric, TWO) is metric
    with pytest.raises(ValueError, match="metric must be a metric"):
        OfClasses.from_config({"metric": 3, "classes": 2})
