"""How readily entities are found: chosen by hand-made outputs, kept in files, of no probability."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.features import Tags, Words
from rnnkit.models import Tagger, entity_bias
from rnnkit.models.heads.steps import SoftmaxTags

CITIES = [["to", "New", "York"], ["Ann", "left", "Rome"], ["in", "New", "York"]]
MARKS = [["O", "B-c", "I-c"], ["B-p", "O", "B-c"], ["O", "B-c", "I-c"]]


def chosen(truth, probabilities, **options):
    """The bias for steps `[sequences, time]` with given probabilities of an entity."""
    feature = Tags(["B-c", "O"], **options)
    p = np.array(probabilities, "float32")
    outputs, head = tf.constant(np.stack([p, 1 - p], axis=-1)), SoftmaxTags(feature)
    reason = entity_bias.choose(feature, np.array(truth), lambda: head.best(outputs, None).numpy())
    return feature.bias, reason


@pytest.mark.parametrize(("probabilities", "bias"), [
    # Entity if log(p / (1 - p)) + bias > 0; the log odds are named.
    ([0.9, 0.4, 0.1, 0.1], 0.5),  # 2.2, -0.41, -2.2
    ([0.9, 0.9, 0.1, 0.1], 0.0),  # all right as it is
    ([0.9, 0.8, 0.6, 0.1], -0.5),  # 2.2, 1.39, 0.41
    ([0.9, 0.1, 0.2, 0.2], 0.0),  # 1 of 2 found: F1 2/3; with all four 2 * 2 / (4 + 2), no better
])  # fmt: skip
def test_the_bias_of_the_highest_f1_nearest_to_0(probabilities, bias):
    assert chosen([[0, 0, 1, 1]], [probabilities]) == (bias, None)


def test_steps_without_a_known_tag_do_not_count():
    assert chosen([[0, 0, -1, 1]], [[0.9, 0.4, 0.45, 0.1]]) == (0.5, None)


def test_nothing_is_chosen_without_an_entity():
    bias, reason = chosen([[1, 1, 1]], [[0.9, 0.1, 0.1]], bias=0.5)
    assert bias == 0.5 and reason == (
        "The bias of entities stays at 0.5, as the validation data has no entity"
    )


@pytest.mark.parametrize("crf", [False, True])
def test_a_bias_finds_more_and_lives_on(crf, tmp_path):
    words, tags = Words(max_word_length=0).adapt(CITIES), Tags(choose="f1").adapt(MARKS)
    model = Tagger(words, tags, units=3, embedding_size=3, crf=crf, seed=1)
    model.compile(keras.optimizers.Adam(0.01))

    def found():
        return sum(tag != "O" for row in model.infer(CITIES) for _, tag in row)

    before, probabilities = found(), model.predict(CITIES)
    metrics = model.evaluate(CITIES, MARKS, verbose=0)
    counts = []
    for tags.bias in (-9.0, 9.0):
        counts.append(found())
    assert counts == [0, 9] and 0 <= before <= 9
    np.testing.assert_array_equal(model.predict(CITIES), probabilities)
    assert model.evaluate(CITIES, MARKS, verbose=0) == metrics
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert again.output_feature.bias == 9.0 and again.infer(CITIES) == model.infer(CITIES)
    served = again.serve(words.encode(words.to_tensor(CITIES)).to_tensor())["tags"].numpy()
    assert [[each.decode() for each in row] for row in served] == [
        [tag for _, tag in row] for row in model.infer(CITIES)
    ]


def test_fit_chooses_where_it_is_asked_to():
    for choose, tags in (("f1", MARKS), (None, MARKS), ("f1", [["X", "Y", "Y"]] * 3)):
        x, y = Words(max_word_length=0).adapt(CITIES), Tags(choose=choose).adapt(tags)
        model = Tagger(x, y, units=3, embedding_size=3, seed=1)
        assert model.calibrates == (choose == "f1" and tags is MARKS)
        (output,) = [each for each in model.layers if isinstance(each, keras.layers.Dense)]
        output.bias.assign([0.0] * (y.size - 1) + [2.0])
        model.compile(keras.optimizers.Adam(1e-3))
        model.fit(CITIES, tags, validation_data=(CITIES, tags), epochs=1, verbose=0)
        # The last tag, O, is the best at first: without a bias there is nothing right.
        assert (y.bias != 0) == model.calibrates
        if model.calibrates:
            best, score = y.bias, model.score(CITIES, tags)["entity_f1"]
            for y.bias in entity_bias.BIASES.tolist():
                assert model.score(CITIES, tags)["entity_f1"] <= score, (best, y.bias)
    with pytest.raises(ValueError, match="choose must be .*'recall'"):
        Tags(choose="recall")
    with pytest.raises(ValueError, match="bias must be .*'much'"):
        Tags(bias="much")


def test_it_is_said_that_nothing_could_be_chosen():
    x, y = Words(max_word_length=0).adapt(CITIES), Tags(choose="f1").adapt(MARKS)
    model = Tagger(x, y, units=3, embedding_size=3, seed=1)
    model.compile()
    with pytest.warns(UserWarning, match="bias of entities stays at 0, as the validation data has"):
        model.fit(CITIES, MARKS, validation_data=(CITIES, [["O"] * 3] * 3), epochs=1, verbose=0)
