"""Options that there are not, and options that would be ignored, are refused by name."""

import inspect

import keras
import numpy as np
import pytest

import recipes
import rnnkit
from rnnkit import registry
from rnnkit.cli import main
from rnnkit.features import Forecast, Series, Tags, Text, Words
from rnnkit.models.generating.decoding import Decoding
from rnnkit.models.generating.token_decoding import TokenDecoding
from rnnkit.utils.calls import UnknownOption
from rnnkit.utils.idle import made_by
from rnnkit.utils.options import takes_more
from tests import helpers

CELLS = ("dense", "lstm", "esn")


# === Options of recipes ===


def other(option):
    """Another value than the default of an option."""
    if option.name == "units":
        return 7
    found = [each for each in option.allowed if each not in (option.default, None)]
    if found:
        return found[0]
    default = option.default
    if isinstance(default, bool):
        return not default
    if isinstance(default, str):
        return "another"
    return default + 1 if isinstance(default, (int, float)) else 1


@pytest.mark.parametrize("name", registry.names())
def test_each_option_counts_or_is_refused(name):
    """With every cell: what is not refused is an argument of the class that is built, or of one of
    the recipe's own methods."""
    recipe = recipes.get(name)
    known = recipe.describe_options()
    refused = set()
    for cell in CELLS if "cell" in known else (None,):
        for horizon in (1, 24) if "horizon" in known else (None,):
            given = {} if cell is None else {"cell": cell}
            given |= {} if horizon is None else {"horizon": horizon}
            counts = set().union(
                {"cell"}, *(inspect.signature(each).parameters for each in methods(recipe))
            )
            if takes_more(recipe.build):
                classes = recipe.model_class
                if isinstance(classes, dict):
                    key = f"{cell} with horizon={horizon}"
                    classes = classes.get(key, classes.get(cell, classes[None]))
                built = getattr(rnnkit.models, classes)
                counts |= {*inspect.signature(built).parameters} - {*recipe.unused}
            counts -= {*recipe.without.get(cell, recipe.without.get(None, ()))}
            free = {key: option for key, option in known.items() if key not in given}
            counting = {key: other(free[key]) for key in free if key in counts}
            recipe.check_options({**given, **without_idle(known, {**given, **counting})})
            recipe.check_options({**{key: free[key].default for key in free}, **given})
            for key in sorted(free.keys() - counts):
                message = f"The option {key!r} of the recipe {name!r} is of (the|cells) .*cell"
                with pytest.raises(ValueError, match=message):
                    recipe.check_options({**given, key: other(free[key])})
                refused.add(key)
    if name == "forecasting":
        assert {"washout", "window", "learning_rate", "leak_spread", "ridge", "lags"} <= refused
    elif name == "image_classification":  # dense, or row by row
        assert {"filters", "network", "num_layers", "bidirectional"} <= refused
    elif name != "text_generation":
        assert not refused


def without_idle(known, options):
    """Options without those that others among them, or defaults, switch off."""
    values = {**{key: option.default for key, option in known.items()}, **options}
    return {
        key: value
        for key, value in options.items()
        if not any(values.get(other) in off for other, off in known[key].idle.items())
    }


@pytest.mark.parametrize("name", registry.names())
def test_options_that_others_switch_off(name):
    """Each is refused with the value that does so, be it the default; and with no other one."""
    recipe = recipes.get(name)
    known = recipe.describe_options()
    for key, option in known.items():
        for switch, values in option.idle.items():
            on = {
                each: other(known[each]) if known[each].default in off else known[each].default
                for each, off in option.idle.items()
            }
            on |= {"cell": "esn", "horizon": 1} if name == "forecasting" else {}
            recipe.check_options({**on, key: other(option)})
            for value in values:
                off = without_idle(known, {**on, switch: value})
                recipe.check_options({**off, key: option.default})
                by = "|".join(option.idle)
                message = f"The option {key!r} of the recipe {name!r} has no effect with ({by})="
                with pytest.raises(ValueError, match=f"{message}.*: give another"):
                    recipe.check_options({**off, key: other(option)})
                recipe.check_options({**off, key: other(option)}, of_cell=False)
                recipe.check_options({**off, key: other(option)}, varied=[*option.idle])


@pytest.mark.parametrize(
    "name, options, message",
    [
        (
            "sentiment",
            {"kernel_size": 9},
            "no effect with filters=0, its default: give another fil",
        ),
        ("speech_to_text", {"subsampling": 1, "kernel_size": 3}, "no effect with subsampling=1:"),
        ("named_entities", {"max_word_length": 0, "character_filters": 8}, "max_word_length=0:"),
        ("text_generation", {"level": "subword", "min_count": 2}, "no effect with level='subword'"),
        ("text_generation", {"beam_size": 4}, "no effect with sample=True, its default"),
        ("image_captioning", {"augment": False, "flip": True}, "no effect with augment=False"),
        ("chatbot", {"beam_size": 1, "length_penalty": 0.5}, "no effect with beam_size=1"),
        ("forecasting", {"horizon": 1, "upper_scaling": 2.0}, "num_layers=1, its default"),
    ],
)
def test_what_would_be_ignored(name, options, message):
    recipe = recipes.get(name)
    for call in (recipe.check_options, lambda given: recipe.model("no data", **given)):
        with pytest.raises(ValueError, match=message):
            call(options)


def test_a_switch_does_what_the_text_says():
    """The networks are the same, whatever the option is."""
    texts, labels = helpers.presence(8)
    features = helpers.features(texts, labels)

    @made_by("recipe")  # a user's call is refused
    def shapes(**options):
        made = rnnkit.models.ManyToOne(*features, units=2, embedding_size=2, **options)
        return [weight.shape for weight in made.weights]

    assert shapes(kernel_size=9) == shapes(kernel_size=3)
    assert shapes(kernel_size=9, filters=4) != shapes(kernel_size=3, filters=4)
    words, tags = Words().adapt([["a", "b"]]), Tags().adapt([["A", "B"]])

    @made_by("recipe")
    def sizes(**options):
        made = rnnkit.models.Tagger(words, tags, units=2, embedding_size=2, **options)
        return [weight.shape for weight in made.weights]

    assert sizes(character_filters=0) == sizes(character_filters=0, character_embedding_size=5)
    assert sizes(character_filters=2) != sizes(character_filters=2, character_embedding_size=5)


def methods(recipe):
    return recipe.features, recipe.build, recipe.compile


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("forecasting", {"washout": 3}, "of the cell 'esn with horizon=1' and of cells other than"),
        ("forecasting", {"cell": "gru", "ridge": 0.1}, "is of the cell 'esn' or 'esn with hor.*"),
        ("forecasting", {"learning_rate": 0.1}, "of cells other than 'esn'.*with cell='esn'"),
        ("text_generation", {"cell": "dense", "cache_size": 9}, "of cells other than 'dense'"),
        ("spam", {"epochs": 3}, r"It is an argument of train \(epochs=..., --epochs\)"),
        ("spam", {"epoch": 3}, "no option 'epoch'. Did you mean 'epochs'"),
        ("spam", {"unit": 3}, "no option 'unit'. Did you mean 'units'"),
    ],
)
def test_of_recipes(name, options, message):
    recipe = recipes.get(name)
    for call in (recipe.check_options, lambda given: recipe.train(**given)):
        if call != recipe.check_options and "epochs" in options:
            continue  # there it is an argument
        with pytest.raises(ValueError, match=message):
            call(options)


def test_of_data_and_tune():
    recipe = recipes.get("spam")
    with pytest.raises(UnknownOption, match="data has no option 'targt'. Did you mean 'target'"):
        recipe.data(targt="kind")
    with pytest.raises(UnknownOption, match="tune has no option 'max_trial'. Did you mean 'max_"):
        recipe.tune("no data", max_trial=3)


# === Options of models ===

TEXTS, LABELS = helpers.presence(8)


def label():
    return rnnkit.models.OneToOne(*helpers.features(TEXTS, LABELS), units=2)


def tagger():
    words, tags = Words().adapt([["a", "b"]]), Tags().adapt([["A", "B"]])
    return rnnkit.models.Tagger(words, tags, units=2, embedding_size=2, character_filters=2)


def translator():
    text = Text().adapt(TEXTS)
    return rnnkit.models.EncoderDecoder(text, text, units=2, embedding_size=2)


def language():
    return rnnkit.models.LanguageModel(Text(level="character").adapt(TEXTS), units=2)


def speller():
    series, text = Series(1).adapt([np.zeros((9, 1))]), Text(level="character").adapt(TEXTS)
    return rnnkit.models.CTC(series, text, units=2)


def network():
    series = [np.arange(9.0)[:, None]]
    x, y = Series(1).adapt(series), Forecast(1, horizon=1).adapt(series)
    return rnnkit.models.EchoStateNetwork(x, y, units=3)


@pytest.mark.parametrize(
    "build, calls",
    [
        (
            label,
            [
                ("fit", "epoch", "epochs"),
                ("fit", "class_weights", "class_weight"),
                ("fit", "callback", "callbacks"),
                ("predict", "batchsize", "batch_size"),
                ("evaluate", "sample_weights", "sample_weight"),
                ("compile", "metric", "metrics"),
                ("compile", "weighted_metric", "weighted_metrics"),
                ("score", "batchsize", "batch_size"),
                ("infer", "batchsize", "batch_size"),
                ("fine_tune", "freezes", "freeze"),
                ("fine_tune", "callback", "callbacks"),
            ],
        ),
        (tagger, [("infer", "detail", "details"), ("predict", "callback", "callbacks")]),
        (
            translator,
            [
                ("infer", "beams", "beam_size"),
                ("infer", "n_bests", "n_best"),
                ("infer", "replace_unknowns", "replace_unknown"),
                ("predict", "max_lenght", "max_length"),
                ("score", "tokenise", "tokenize"),
                ("fine_tune", "rewards", "reward"),
            ],
        ),
        (language, [("infer", "temprature", "temperature"), ("fit", "epoch", "epochs")]),
        (speller, [("infer", "beams", "beam_size"), ("score", "lower_case", "lowercase")]),
        (
            network,
            [
                ("fit", "epoch", "epochs"),
                ("predict", "batchsize", "batch_size"),
                ("evaluate", "batchsize", "batch_size"),
                ("score", "batchsize", "batch_size"),
            ],
        ),
    ],
)
def test_of_models(build, calls):
    model = build()
    for method, option, nearest in calls:
        arguments = () if method == "compile" else (["a"],)
        message = f"{method} has no option '{option}'. Did you mean '{nearest}'"
        for kind in (TypeError, ValueError):  # both
            with pytest.raises(kind, match=message):
                getattr(model, method)(*arguments, **{option: 3})


def test_signatures_and_texts_stay():
    for cls in (rnnkit.models.OneToOne, rnnkit.models.EchoStateNetwork):
        assert "class_weight" in inspect.signature(cls.fit).parameters
        assert cls.infer.__doc__.startswith("Raw in, readable out")
    taken = inspect.signature(TokenDecoding.options).parameters
    assert Decoding.names == tuple(taken)[1:]


def test_a_model_of_a_user():
    @keras.saving.register_keras_serializable(package="test")
    class Own(rnnkit.models.OneToOne):
        def infer(self, x, batch_size=None, *, upper=False):
            found = super().infer(x, batch_size)
            return [each["label"].upper() for each in found] if upper else found

    model = Own(*helpers.features(TEXTS, LABELS), units=2)
    assert {*model.infer(TEXTS, upper=True)} <= {"YES", "NO"}
    with pytest.raises(UnknownOption, match="infer has no option 'uper'. Did you mean 'upper'"):
        model.infer(TEXTS, uper=True)


def test_of_the_command_line(tmp_path, capsys):
    paths = {name: str(tmp_path / f"{name}.keras") for name in ("label", "series", "text")}
    label().save(paths["label"])
    network().save(paths["series"])
    translator().save(paths["text"])
    for path, option, message in (
        (
            paths["label"],
            "details=True",
            "infer of this model has no option 'details'. It has none",
        ),
        (paths["series"], "washout=3", "has no option 'washout'. Options: quantiles"),
        (paths["text"], "beams=3", "no option 'beams'. Did you mean 'beam_size'?"),
    ):
        assert main(["infer", path, "a", "--set", option]) == 2
        assert message in capsys.readouterr().err
    assert main(["train", "forecasting", "--cell", "lstm", "--set", "ridge=0.1"]) == 2
    assert "is of the cell 'esn' or 'esn with horizon=1'" in capsys.readouterr().err
