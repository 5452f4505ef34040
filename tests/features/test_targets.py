"""Several targets an example: what is encoded, what is not known, what is refused."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from rnnkit.features import Detection, Label, Labels, Number, OrderedLabel, Targets
from rnnkit.features.extending import extended

ROWS = [["bad", 1.0], ["good", 3.0], ["good", None], ["", 5.0]]


def feature(**options):
    return Targets({"label": Label(), "score": Number()}, **options)


@pytest.fixture
def adapted():
    return feature().adapt(ROWS)


def test_it_learns_from_what_is_known(adapted):
    assert adapted.known == [0.75, 0.75]
    label, score = adapted.fractions
    assert label == pytest.approx([1 / 3, 2 / 3]) and score == []
    assert adapted.targets["score"].mean == [3.0]  # of 1, 3 and 5
    assert adapted.targets["score"].deviation == pytest.approx([(8 / 3) ** 0.5])
    assert adapted.sizes == [2, 1] and adapted.types == ["classes", "numbers"]


def test_encoded_by_hand(adapted):
    found = adapted.encode(adapted.to_tensor(ROWS)).numpy()
    step = 2 / (8 / 3) ** 0.5
    nan = np.nan
    np.testing.assert_allclose(found, [[0, -step], [1, 0], [1, nan], [nan, step]], rtol=1e-6)


@pytest.mark.parametrize(
    "form",
    [
        lambda rows: [dict(zip(("label", "score"), row, strict=True)) for row in rows],
        lambda rows: [dict(zip(("score", "label"), row[::-1], strict=True)) for row in rows],
        lambda rows: pd.DataFrame(rows, columns=["label", "score"]).assign(more=1),
        lambda rows: {"score": [r[1] for r in rows], "label": np.array([r[0] for r in rows])},
        lambda rows: np.array(rows, object),
        lambda rows: [(b"" if r[0] == "" else r[0].encode(), r[1]) for r in rows],
        lambda rows: tf.constant([[r[0], "" if r[1] is None else str(r[1])] for r in rows]),
    ],
    ids=["dicts", "turned", "frame", "columns", "array", "bytes", "tensor"],
)
def test_every_form_is_the_same(adapted, form):
    expected = adapted.encode(adapted.to_tensor(ROWS)).numpy()
    found = adapted.encode(adapted.to_tensor(form(ROWS))).numpy()
    np.testing.assert_array_equal(found, expected)
    again = feature().adapt(form(ROWS))
    assert again.fractions == adapted.fractions and again.known == adapted.known


def test_a_dataset_is_learned_from_too(adapted):
    rows = adapted.to_tensor(ROWS)
    for data in (tf.data.Dataset.from_tensor_slices(rows), tf.data.Dataset.from_tensors(rows)):
        assert feature().adapt(data).get_config() == adapted.get_config()


def test_classes_keep_their_type():
    found = feature().adapt([[3, 1.0], [7, 2.0]])
    assert found.decode(np.array([[0.1, 0.9, 1.0]]))[0]["label"] == 7


def test_decoded_by_hand(adapted):
    row, other = adapted.decode(np.array([[0.75, 0.25, 0.0], [0.0, 1.0, 1.0]]))
    chances = {"label": {"bad": 0.75, "good": 0.25}}
    assert row == {"label": "bad", "score": 3.0, "probabilities": chances}
    assert other["label"] == "good" and other["score"] == pytest.approx(3 + (8 / 3) ** 0.5)
    numbers = Targets({"a": Number(), "b": Number()}).adapt([[1, 2], [3, 6]])
    assert numbers.decode(np.array([[1.0, -1.0]])) == [{"a": 3.0, "b": 2.0}]


def test_the_graph_decodes_as_python_does():
    parts = {"label": Detection(positive="b"), "grade": OrderedLabel(), "score": Number()}
    targets = Targets(parts).adapt([["a", 1, 0.5], ["b", 2, 1.5], ["a", 10, 2.5]])
    targets.targets["label"].threshold = 0.2
    outputs = np.array([[0.7, 0.3, 0.45, 0.2, 0.35, 1.0]], "float32")
    (row,) = targets.decode(outputs)
    served = targets.decode_graph(tf.constant(outputs))
    served = {name: each.numpy().tolist() for name, each in served.items()}
    # By the threshold, and the median.
    assert (row["label"], row["grade"]) == ("b", 2)
    assert (served["label"], served["grade"]) == ([b"b"], [b"2"])
    assert served["score"] == pytest.approx([row["score"]])
    assert served["grade_classes"] == [[b"1", b"2", b"10"]]
    assert served["label_probability"] == pytest.approx([0.3])


def test_it_lives_on_elsewhere(adapted, feature_in_fresh_process):
    found = np.array(feature_in_fresh_process(adapted, ROWS))
    np.testing.assert_array_equal(found, adapted.encode(adapted.to_tensor(ROWS)).numpy())
    config = keras.saving.serialize_keras_object(adapted)
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == adapted.get_config() and repr(again) == repr(adapted)


def test_what_training_did_not_see_is_refused(adapted):
    def check(rows):
        values = adapted.to_tensor(rows)
        adapted.check(values, adapted.encode(values))

    check(ROWS)
    with pytest.raises(ValueError, match="target 'label': .*training did not: 'new'.*first that"):
        check([["good", 1.0], ["new", 1.0]])
    with pytest.raises(ValueError, match="1 of 2 have none, first that at position 1"):
        check([["good", 1.0], ["", None]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="'label' holds a class that training"):
        adapted.guard(tf.constant([[-1.0, 0.0]]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="'score' holds a number that is inf"):
        adapted.guard(tf.constant([[np.nan, np.inf]]))
    assert np.isnan(adapted.guard(tf.constant([[0.0, np.nan]])).numpy()[0, 1])


@pytest.mark.parametrize(
    "rows, message",
    [
        ([["good", "4,2"]], "'score' takes finite numbers. Received: '4,2' at position 0"),
        ([["good", np.inf]], "'score' takes finite numbers"),
        ([["good"]], "'label', 'score'.*in that order. Received: .* at position 0"),
        (["good"], "as a dict or a list of values.*Received: 'good' at position 0"),
        ([{"label": "good"}], r"Example 0 lacks the targets \['score'\]. Found: \['label'\]"),
        (pd.DataFrame({"label": ["a"]}), "The frame lacks the targets"),
        ({"label": ["a"], "score": [1, 2]}, "columns of equal lengths.*'score': 2"),
        (tf.constant([["a", "b", "c"]]), r"takes strings \[2\], one for each"),
        ("good", "Received: 'good'"),
    ],
)
def test_values_that_do_not_fit(adapted, rows, message):
    with pytest.raises(ValueError, match=message):
        adapted.to_tensor(rows)


@pytest.mark.parametrize(
    "targets, message",
    [
        ({"label": Label()}, "at least two names"),
        ([("a", Label()), ("a", Number())], "at least two names"),
        ({"a": Label(), "b": Labels()}, "'b' must be a Label, .*Received: Labels"),
        ({"a": Label(), "b": Number(size=2)}, "'b' must be .*without a size"),
        ({"a": Label(), "b": Number(normalize=False)}, "'b' must be .*normalised"),
        ({"a": Label(), "probabilities": Number()}, "none of input, probabilities"),
        ({"a": Label(), 3: Number()}, "names that are texts.*Received: 3"),
        (dict.fromkeys(("a", "b"), Number()), "a feature of its own each"),
        ({"a": Label(), "a_classes": Number()}, "the name 'a_classes' beside 'a'"),
        (None, "must be a dict of at least two"),
    ],
)
def test_targets_that_do_not_fit(targets, message):
    with pytest.raises(ValueError, match=message):
        Targets(targets)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"weights": {"other": 1}}, r"of \['label', 'score'\]. Received: weights=\{'other'"),
        ({"weights": {"score": 0}}, r"weights\['score'\] must be a number above 0"),
        ({"weights": 2}, "weights must be a dict"),
        ({"fractions": [[0.5, 0.5]]}, "fractions must be a list"),
        ({"fractions": [[0.5, 0.6], []]}, "fractions must be a list"),
        ({"fractions": [[1.0], []]}, "fractions must be a list"),
        ({"known": [1.0]}, "known must be a list"),
        ({"known": [0.0, 1.0]}, "known must be a number above 0 and at most 1"),
    ],
)
def test_options_that_do_not_fit(options, message):
    with pytest.raises(ValueError, match=message):
        Targets({"label": Label(["a", "b"]), "score": Number()}, **options)


def test_learning_that_cannot_be():
    with pytest.raises(ValueError, match="No example has the target 'score'. Received: 2"):
        feature().adapt([["a", None], ["b", None]])
    with pytest.raises(ValueError, match="target 'label': A label needs at least two classes"):
        feature().adapt([["a", 1], ["a", 2]])
    with pytest.raises(ValueError, match="the type of the target 'a' must be one of"):
        Targets.of({"a": "klass", "b": "number"})


def test_of_types():
    found = Targets.of({"a": "class", "b": "ordered", "c": "number"}, {"c": 2}, Detection)
    assert [type(each) for each in found.targets.values()] == [Detection, OrderedLabel, Number]
    assert found.as_given == {"a": "class", "b": "ordered", "c": "number"}
    assert found.weights == {"c": 2.0} and found.calibrates and not found.adapted


def test_an_older_feature_goes_on_with_the_same_targets_alone(adapted):
    newer = feature(weights={"score": 3}).adapt([["good", 8.0], ["worse", 9.0]])
    found = extended(adapted, newer)
    assert found.fractions == adapted.fractions and found.weights == {"score": 3.0}
    assert found.targets["label"].names == ["bad", "good"]
    other = Targets({"score": Number(), "label": Label()}).adapt([[1.0, "a"], [2.0, "b"]])
    with pytest.raises(ValueError, match="its targets must be those here.*in this order"):
        extended(adapted, other)
