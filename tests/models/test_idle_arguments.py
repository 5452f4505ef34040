"""Arguments of models that can have no effect are refused with what switches them off."""

import numpy as np
import pytest

import recipes
import rnnkit
from rnnkit import features, models
from tests import helpers

SMALL = {"units": 2, "embedding_size": 2, "seed": 1}


def text_and_label():
    return helpers.features(*helpers.presence(8))


def of_words(**options):
    words, tags = features.Words().adapt([["a", "b"]]), features.Tags().adapt([["A", "B"]])
    return models.Tagger(words, tags, **SMALL, **options)


def of_characters(**options):
    text = features.Text(level="character").adapt(["ab"])
    return models.LanguageModel(text, **SMALL, **options)


@pytest.mark.parametrize(
    "make, options, message",
    [
        (
            lambda **o: models.ManyToOne(*text_and_label(), **SMALL, **o),
            {"kernel_size": 9},
            "'kernel_size' of ManyToOne has no effect with filters=0.*kernel_size=9",
        ),
        (of_words, {"character_embedding_size": 3, "character_filters": 0}, "character_filters=0"),
        (of_characters, {"cache_weight": 0.7}, "'cache_weight' of LanguageModel.*cache_size=0"),
        (of_words, {"frame_units": 8}, "of a Video.*Received: Words.*frame_units=8"),
        (of_words, {"frame_filters": [4]}, "of a Video.*frame_filters=\\[4\\]"),
    ],
)
def test_what_would_be_ignored(make, options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_what_counts_later_or_is_by_default_is_not_refused(tmp_path):
    of_words(frame_units=64, frame_filters=[16, 32])
    model = of_characters(beam_size=3, length_penalty=0.5)  # infer(sample=False) uses them
    assert model.beam_size == 3
    model = models.ManyToOne(*text_and_label(), kernel_size=5, **SMALL)
    # What was saved before is loaded as it is.
    config = {**model.get_config(), "kernel_size": 9}
    assert models.ManyToOne.from_config(config).kernel_size == 9
    with pytest.raises(ValueError, match="no effect with filters=0"):
        models.ManyToOne(*text_and_label(), kernel_size=9, **SMALL)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*did not end")
def test_a_length_penalty_without_a_choice():
    x = y = ["a b", "b a"]
    text = [features.Text(level="character").adapt(x) for _ in range(2)]
    model = models.EncoderDecoder(*text, **SMALL, beam_size=1)
    for call in (model.infer, model.predict, lambda x, **o: model.score(x, y, **o)):
        with pytest.raises(ValueError, match="length_penalty.*no effect with beam_size=1.*=0.5"):
            call(x, length_penalty=0.5)
    assert len(model.infer(x, length_penalty=0.5, beam_size=2)) == 2
    scores = [model.infer("a b", details=True, length_penalty=p)["score"] for p in (0.0, 2.0)]
    assert scores[0] != scores[1]


def test_the_grid_of_melodies_is_not_of_rolls():
    roll = np.zeros((6, 88), "uint8")
    roll[:, 40] = 1
    recipe = recipes.get("music_generation")
    data = recipe.data((["march"] * 20, [np.roll(roll, i, axis=1) for i in range(20)]))
    with pytest.raises(ValueError, match="steps_per_beat is the grid of melodies.*=6"):
        recipe.model(data, steps_per_beat=6)
    assert rnnkit.models.Composer is type(recipe.model(data, units=2))
