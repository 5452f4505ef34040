"""What the examples in docstrings take for granted, made small; see `tests.test_examples`."""

import functools
import pathlib

import numpy as np
import tensorflow as tf

import recipes
import rnnkit
from tests import helpers

TEXTS, _ = helpers.presence(40)
LABELS = ["negative", "positive"] * 20
ENGLISH = ["two dogs play .", "a dog runs .", "two cats sleep .", "a cat plays ."] * 4
FRENCH = ["deux chiens jouent .", "un chien court .", "deux chats dorment .", "un chat joue ."] * 4
PLAY = "ROMEO: is it you?\nJULIET: it is.\n" * 8
STYLES = ["march", "waltz"] * 8
MELODIES = ["C4:1 D4:1/2 R:1/2 E4:1", "G4:1 E4:1 C4:1 C5:1"] * 8
SENTENCES = [["They", "can", "fish", "."], ["Anna", "sees", "Bob", "."]] * 4
TAGS = [["PRON", "AUX", "VERB", "PUNCT"], ["NOUN", "VERB", "NOUN", "PUNCT"]] * 4


def _classifier():
    text = rnnkit.features.Text().adapt([*TEXTS, "not bad at all a delight"])
    label = rnnkit.features.Label().adapt(["negative", "positive"])
    options = {"units": 64, "embedding_size": 4, "bidirectional": True, "seed": 1}
    return rnnkit.models.ManyToOne(text, label, **options)


def _used():
    model = _classifier()
    model.infer(TEXTS[:1])
    return model


def _one_direction():
    text, label = helpers.features([*TEXTS, "not bad at all"], LABELS)
    return rnnkit.models.ManyToOne(text, label, units=64, embedding_size=4, seed=1)


def _saved(path):
    model = _classifier()
    model.save(path)
    return model


def _translator():
    text = rnnkit.features.Text(standardize="split_punctuation", max_length=8).adapt(
        ENGLISH + FRENCH
    )
    return rnnkit.models.EncoderDecoder(text, text, units=4, embedding_size=4, seed=1)


def _pairs(x, y):
    part = tf.data.Dataset.from_tensor_slices((x, y))
    return rnnkit.data.Data(part, part, part)


def _tagger():
    words = rnnkit.features.Words().adapt([["Ann", "left"]])
    return rnnkit.models.Tagger(words, rnnkit.features.Tags(["B-person", "O"]), crf=True, units=2)


def _composer():
    style = rnnkit.features.Style().adapt(STYLES)
    notes = rnnkit.features.Notes().adapt(MELODIES)
    return rnnkit.models.Composer(style, notes, units=4, embedding_size=4, seed=1)


def _sounds():
    """Two recordings, one of which lies in the current folder as `some.wav` too."""
    sounds = [
        rnnkit.formats.wav.write(rnnkit.datasets.morse.signal(text, seed=1), 8000)
        for text in ("e t", "t e")
    ]
    pathlib.Path("some.wav").write_bytes(sounds[0])
    return sounds


def _recogniser():
    audio = rnnkit.features.Audio(mels=8).adapt(_sounds())
    text = rnnkit.features.Text(level="character").adapt(["e t", "t e"])
    return rnnkit.models.CTC(audio, text, units=4, num_layers=1, seed=1)


def _pictures():
    return np.arange(2 * 8 * 8 * 3, dtype="uint8").reshape(2, 8, 8, 3)


def _captioner():
    image = rnnkit.features.Image().adapt(_pictures())
    text = rnnkit.features.Text(max_length=8).adapt(["a dog in the snow", "two cats"])
    return rnnkit.models.Captioner(image, text, units=4, embedding_size=4, seed=1)


def _dog():
    """A captioner; a picture for it lies in the current folder."""
    model = _captioner()
    pathlib.Path("dog.jpg").write_bytes(rnnkit.formats.pictures.to_bytes(_pictures()[0]))
    return model


def _rhymer():
    style = rnnkit.features.Style().adapt(STYLES)
    text = rnnkit.features.Text(level="character").adapt(["Left, right, left."])
    return rnnkit.models.Captioner(style, text, units=4, embedding_size=4, seed=1)


def _language_model():
    text = rnnkit.features.Text(level="character").adapt([PLAY])
    return rnnkit.models.LanguageModel(text, units=4, embedding_size=4, seed=1)


def _steps():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(6, 1)).astype("float32") for _ in range(4)]


def _series():
    return rnnkit.features.Series().adapt(_steps())


def _forecaster():
    time = np.arange(200)
    values = np.stack([np.sin(time / 4), np.cos(time / 4)], axis=1)
    series = rnnkit.features.Series(["sine", "cosine"]).adapt(values)
    ahead = rnnkit.features.Forecast(horizon=24).adapt(values[:, 1:])
    options = {"units": 20, "washout": 10, "seed": 1}
    model = rnnkit.models.EchoStateNetwork(series, ahead, **options)
    model.fit(values, values[:, 1:])
    return model


def _one_column():
    values = np.sin(np.arange(60.0))
    series = rnnkit.features.Series().adapt(values)
    ahead = rnnkit.features.Forecast(horizon=3).adapt(values)
    model = rnnkit.models.EchoStateNetwork(series, ahead, units=5, washout=5, seed=1)
    model.fit(values)
    return model


@functools.cache
def _embedded(name, examples=24):
    """The first examples of what a recipe's embedded sample has."""
    return helpers.small(recipes.get(name), (examples, examples, examples))


def _untrained(name, **options):
    return recipes.get(name).model(_embedded(name), units=4, seed=1, **options)


CLASSIFIED = {"model": _classifier, "data": lambda: _pairs(TEXTS, LABELS)}
TRANSLATED = {"model": _translator, "data": lambda: _pairs(ENGLISH, FRENCH)}
# What is documented, by the beginning of its name -> what its examples take for granted.
MAKERS = {
    "": {
        "texts": lambda: TEXTS,
        "labels": lambda: LABELS,
        "captions": lambda: ["a dog in the snow", "two cats"],
        "english": lambda: ENGLISH,
        "french": lambda: FRENCH,
        "play": lambda: PLAY,
        "styles": lambda: STYLES,
        "melodies": lambda: MELODIES,
        "sentences": lambda: SENTENCES,
        "tags_of_sentences": lambda: TAGS,
        "pictures": _pictures,
        "sounds": _sounds,
        "Style": lambda: rnnkit.features.Style,
        "Notes": lambda: rnnkit.features.Notes,
        **CLASSIFIED,
    },
    "rnnkit.diagnostics.activations": {"model": _one_direction},
    "rnnkit.diagnostics.gradients": {"model": _one_direction},
    "rnnkit.diagnostics.measured_mitigations": {
        "series": _series,
        "number": lambda: rnnkit.features.Number().adapt([0.0, 1.0]),
    },
    "rnnkit.models.composer": {"model": _composer},
    "rnnkit.models.ctc": {"model": _recogniser, "texts": lambda: ["e t", "t e"]},
    "rnnkit.models.export": {"model": _used},
    "rnnkit.models.generating.base": TRANSLATED,
    "rnnkit.models.generating.likelihoods": {"model": _captioner},
    "rnnkit.models.language_model": {"model": _language_model},
    "rnnkit.models.one_to_many.Conditional.infer": {"model": _rhymer},
    "rnnkit.models.one_to_many.Conditional.log_likelihoods": {"model": _captioner},
    "rnnkit.plots.attention_maps.attention": {"model": _translator},
    "rnnkit.plots.attention_maps.image_attention": {"model": _dog},
    "rnnkit.plots.forecasts": {
        "model": _forecaster,
        "data": lambda: _pairs(*[np.random.default_rng(0).normal(size=(1, 100, 2))] * 2),
    },
    "rnnkit.plots.backtests": {"model": _one_column, "table": lambda: np.sin(np.arange(60.0))},
    "rnnkit.plots.inside.eigenvalues": {"model": _forecaster},
    "rnnkit.plots.music": {"model": _composer},
    "rnnkit.plots.outliers": {"model": _one_column, "table": lambda: np.sin(np.arange(60.0))},
    "rnnkit.plots.pictures.images": {"data": lambda: _embedded("image_classification")},
    "rnnkit.plots.pictures.labelled_frames": {
        "data": lambda: _embedded("video_labeling"),
        "model": lambda: _untrained("video_labeling", frame_filters=[4], frame_units=4),
    },
    "rnnkit.plots.tags": {"model": _tagger},
    "rnnkit.plots.signals": {
        "data": lambda: _embedded("speech_to_text"),
        "model": lambda: _untrained("speech_to_text", filters=4, num_layers=1),
    },
    "rnnkit.plots.training.tuning": {
        "recipe": lambda: recipes.get("spam"),
        "data": lambda: _embedded("spam"),
    },
    "rnnkit.saving.loading.load_model": {},
    "rnnkit.training": {
        "data": lambda: tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)),
        "more_data": lambda: _pairs(TEXTS, LABELS).train,
    },
    "rnnkit.training.plan": {"data": lambda: _pairs(TEXTS, LABELS)},
}


def makers_of(name):
    """Functions that make what the examples of an object take for granted, by name."""
    found = {}
    for beginning in sorted(MAKERS, key=len):
        if name.startswith(beginning):
            found |= MAKERS[beginning]
    return found


# Files that lie in the current folder, by what is documented.
FILES = {"rnnkit.saving.loading.load_model": {"sentiment.keras": _saved}}
# What is documented -> pairs of what is replaced in its examples, as it would take minutes.
SHORTER = {
    "rnnkit.comparison.running.compare": [("lags=[5], budget=300", "lags=[2], budget=2")],
    "rnnkit.plots.comparisons.comparison": [("lags=[10, 50, 100]", "lags=[2, 3], budget=2")],
    "rnnkit.diagnostics.memory.memory_capacity": [('"lstm", 50', '"lstm", 10')],
    "rnnkit.plots.inside.memory": [("(name)", "(name, 10)")],
    "rnnkit.diagnostics.recall.recall_horizon": [("32, longest=100", "4, longest=5, updates=5")],
    "rnnkit.diagnostics.measured_mitigations.mitigations": [
        ("only=", "lag=3, updates=2, units=4, only=")
    ],
    "rnnkit.models.composer.Composer": [("units=256", "units=4"), ("epochs=20", "epochs=1")],
    "rnnkit.models.ctc.CTC": [('cell="gru"', "units=4"), ("epochs=20", "epochs=1")],
    "rnnkit.models.echo_state.EchoStateNetwork": [("units=400", "units=50")],
    "rnnkit.models.encoder_decoder.EncoderDecoder": [
        ("Subwords()", "Subwords(vocabulary_size=40)"),
        ("shared_embedding=True", "shared_embedding=True, units=4"),
        ("epochs=10", "epochs=1"),
    ],
    "rnnkit.models.forecaster.Forecaster": [("2_000", "400"), ("epochs=5", "epochs=1")],
    "rnnkit.models.language_model.LanguageModel": [
        ("Model(text)", "Model(text, units=8)"),
        ("epochs=10", "epochs=1"),
    ],
    "rnnkit.recipe.Recipe.hypermodel": [("max_trials=5", "max_trials=1"), ("epochs=3", "epochs=1")],
    "rnnkit.training.plan.TrainingPlan": [("epochs=5", "epochs=1"), ("recipe.data()", "data")],
    "rnnkit.tuning.run.tune": [
        ("max_trials=30", "max_trials=1, epochs=1"),
        ("recipe.data()", "data"),
        ('"cell": "gru"', '"cell": "gru", "units": 4'),
    ],
    "rnnkit.plots.training.tuning": [("max_trials=20", "max_trials=1, epochs=1")],
}
# What takes more than three seconds all the same.
SLOW = {
    "rnnkit.comparison.running.compare",
    "rnnkit.diagnostics.measured_mitigations.mitigations",
    "rnnkit.diagnostics.recall.recall_horizon",
    "rnnkit.models.captioner.Captioner",
    "rnnkit.models.composer.Composer",
    "rnnkit.models.ctc.CTC",
    "rnnkit.models.encoder_decoder.EncoderDecoder",
    "rnnkit.models.generating.base.Generating.fine_tune",
    "rnnkit.models.tagger.Tagger",
    "rnnkit.plots.comparisons.comparison",
    "rnnkit.recipe.Recipe.hypermodel",
    "rnnkit.plots.training.learning_curves",
    "rnnkit.plots.training.tuning",
    "rnnkit.tuning.run.tune",
}
