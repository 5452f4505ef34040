"""Model files that somebody forged: refused with one message, in bounded time and memory.

`tests/benchmarks/battery.py` tries many more, on the files of all recipes.
"""

import json
import os
import re
import resource
import time

import keras
import numpy as np
import pytest

import rnnkit
from rnnkit import features, layers, models, registry
from rnnkit.cli import main
from rnnkit.models import ManyToOne
from rnnkit.saving import objects
from rnnkit.utils import docstrings
from tests import battery_models as battery
from tests import helpers

X, Y = helpers.presence(8)


@pytest.fixture(scope="module")
def model():
    model = ManyToOne(*helpers.features(X, Y), cell="lstm", units=4, embedding_size=4, name="m")
    model.recipe, model.score_names = "sentiment", ["accuracy"]
    model.fit_defaults = {"batch_size": 7, "patience": 1}
    return model


@pytest.fixture(scope="module")
def forger(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    model.save(path)
    return battery.Forger(path)


def fallen(attacks, path, **options):
    """What was not held: a list of the name, the result and the message."""
    tried = [(name, *battery.try_file(path, write, **options)) for name, write in attacks]
    assert tried
    return [each for each in tried if each[1] not in ("refused", "loaded")]


def not_refused(attacks, path):
    return [
        (name, *found)
        for name, write in attacks
        for found in [battery.try_file(path, write)]
        if found[0] != "refused"
    ]


def test_the_copy_without_changes_loads(forger, tmp_path):
    # Otherwise the refusals below would show nothing.
    path = tmp_path / "m.keras"
    assert battery.try_file(path, forger.with_config(lambda config: None)) == ("loaded", "")


def test_objects_that_are_not_allowed_at_any_place(forger, tmp_path):
    attacks = list(forger.gadgets(170))
    assert len({name.split(" at ")[0] for name, _ in attacks}) == len(battery.GADGETS)
    assert not_refused(attacks, tmp_path / "m.keras") == []


@pytest.mark.parametrize("kind", battery.GADGETS)
@pytest.mark.parametrize("place", ["cell", "input_feature", "compile_config"])
def test_what_is_not_allowed_is_named(forger, tmp_path, kind, place):
    def change(config):
        if place == "compile_config":
            config["compile_config"]["loss"] = {"deep": [battery.GADGETS[kind]]}
        else:
            config["config"][place] = battery.GADGETS[kind]

    forger.with_config(change)(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="m.keras was not loaded: it (holds|names)"):
        rnnkit.load_model(tmp_path / "m.keras")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_truncated_files_are_called_so(forger, tmp_path, share):
    path = tmp_path / "cut.keras"
    path.write_bytes(forger.raw[: int(share * len(forger.raw))])
    reason = "cut.keras was not loaded: it is truncated, damaged or no"
    with pytest.raises(ValueError, match=reason):
        rnnkit.load_model(path)


@pytest.mark.slow
def test_cut_and_damaged_files(forger, tmp_path):
    assert not_refused(forger.truncations(40), tmp_path / "m.keras") == []
    # Of a vocabulary or of numbers a flipped bit makes others: such a file loads.
    assert fallen(forger.flips(30), tmp_path / "m.keras", use=lambda m: m.infer(X[:1])) == []


@pytest.mark.slow
def test_bombs(forger, tmp_path):
    loaded = not_refused(forger.bombs(scale=0.04), tmp_path / "m.keras")
    # Arrays that the model does not ask for are left where they are.
    assert loaded == [("many sets, deflated", "loaded", "")]


SIZES = {
    "units": 1_000_000,
    "embedding_size": 10**6,
    "num_layers": 5_000,
    "vocabulary": [f"w{i}" for i in range(50_000)],
    "classes": [f"c{i}" for i in range(50_000)],
    "cell": battery.node("keras.layers", "GRUCell", "GRUCell", units=10**6),
    "metrics": [battery.node("keras.metrics", "MeanIoU", "MeanIoU", num_classes=100_000)],
}


@pytest.mark.parametrize("name", SIZES)
def test_declared_giants_are_refused_at_once(forger, tmp_path, name):
    def change(config):
        feature = {"vocabulary": "input_feature", "classes": "output_feature"}.get(name)
        if name == "metrics":
            config["compile_config"][name] = SIZES[name]
        elif feature:
            config["config"][feature]["config"][name] = SIZES[name]
        else:
            config["config"][name] = SIZES[name]

    path = tmp_path / "m.keras"
    forger.with_config(change)(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB
    start = time.process_time()
    with pytest.raises(ValueError, match="m.keras was not loaded: (it declares|its metrics)"):
        rnnkit.load_model(path)
    assert time.process_time() - start < 3  # about a second of processors
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"units": "four"}, "units must be|does not fit"),
        ({"bidirectional": 5}, "does not fit: bidirectional must be True or False"),
        ({"output_dropout": None}, "does not fit: output_dropout must be a number"),
        ({"num_layers": "1"}, "does not fit: num_layers must be a number"),
        ({"unheard_of": 1}, "could not be rebuilt"),
        ({"output_feature": None}, "output_feature must be a feature"),
        ({"settings": []}, "settings must be a dict"),
        ({"settings": {"predict": "x"}}, "settings has no 'predict'"),
        ({"settings": {"recipe": "/elsewhere/evil.py"}}, "recipe must be the name"),
        ({"settings": {"recipe": "evil.py"}}, "recipe must be a name, not a file"),
        ({"settings": {"recipe": "../x"}}, "recipe must be the name"),
        ({"settings": {"score_names": ["acuracy"]}}, "no score 'acuracy'. Did you mean 'accuracy'"),
        ({"settings": {"trained": []}}, "trained must be a dict"),
        ({"settings": {"trained": {"run": "x"}}}, "trained has no 'run'"),
        ({"settings": {"trained": {"data": ["x"]}}}, "data must be a name"),
        ({"settings": {"trained": {"scores": {"f1": "high"}}}}, "scores must be a dict of names"),
        ({"settings": {"trained": {"sizes": 3}}}, "sizes must be a dict of names"),
        ({"settings": {"trained": {"options": {"x": "y" * 70_000}}}}, "at most 65,536 characters"),
        ({"settings": {"fit_defaults": {"patiense": 1}}}, "fit_defaults has no 'patiense'"),
        ({"settings": {"fit_defaults": {"batch_size": 2**40}}}, "declares a size|batch_size"),
    ],
)
def test_settings_that_make_no_model(forger, tmp_path, change, reason):
    path = tmp_path / "m.keras"
    forger.with_config(lambda config: config["config"].update(change))(path)
    with pytest.raises(ValueError, match=f"m.keras was not loaded: it.*({reason})"):
        rnnkit.load_model(path)


def test_no_numbers_are_missing_where_a_number_stands(forger, tmp_path):
    path = tmp_path / "m.keras"

    def lack_steps(config):
        config["compile_config"]["steps_per_execution"] = None

    def lack_limit(config):  # which may be None
        config["config"]["input_feature"]["config"]["vocabulary_size"] = None

    forger.with_config(lack_steps)(path)
    with pytest.raises(ValueError, match="m.keras was not loaded: it.*steps_per_execution must be"):
        rnnkit.load_model(path)
    assert battery.try_file(path, forger.with_config(lack_limit)) == ("loaded", "")


@pytest.mark.parametrize("steps", [-1, 0, [1]])
def test_steps_per_execution_is_a_number_of_steps(forger, tmp_path, steps):
    path = tmp_path / "m.keras"

    def change(config):
        config["compile_config"]["steps_per_execution"] = steps

    forger.with_config(change)(path)
    with pytest.raises(ValueError, match="m.keras was not loaded: it.*steps_per_execution must be"):
        rnnkit.load_model(path)


@pytest.mark.parametrize("values", [[None], [None, 1.0], "x", ["x"]])
def test_lists_of_numbers_are_whole(tmp_path, values):
    series = features.Series().adapt(np.arange(60.0))
    ahead = features.Forecast(horizon=2).adapt(np.arange(60.0))
    path = tmp_path / "m.keras"
    models.Forecaster(series, ahead, cell="gru", units=2).save(path)

    def change(config):
        config["config"]["input_feature"]["config"]["deviation"] = values

    battery.Forger(path).with_config(change)(path)
    with pytest.raises(ValueError, match="was not loaded: it.*deviation must be .*list of numbers"):
        rnnkit.load_model(path)


def test_other_than_numbers_where_docstrings_say_so():
    words = {type(None): "None", list: "names", dict: "keras.optimizers"}
    for (full, name), kind in objects.BESIDE_NUMBERS.items():
        texts = docstrings.arguments(keras.saving.get_registered_object(full).__doc__)
        assert re.search(words[kind], texts[name])


@pytest.mark.parametrize("rates", [0.5, (0.5, 0.9, 0.7, 0.3), np.array([0.5, 0.9, 0.7, 0.3])])
def test_numbers_of_each_unit(tmp_path, rates):
    path = tmp_path / "m.keras"
    inputs = keras.Input((None, 2))
    keras.Model(inputs, layers.ESN(4, leak_rate=rates)(inputs)).save(path)
    assert rnnkit.load_model(path).count_params() > 0


# === Nothing that a file says is run ===


def test_evaluate_runs_no_file_that_a_model_names(forger, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.py").write_text("open('ran', 'w').close()")
    (tmp_path / "data.csv").write_text("text,label\na,no\nb,yes\n")
    for name in ("evil.py", str(tmp_path / "evil.py"), "./evil"):
        settings = {"recipe": name, "score_names": None, "fit_defaults": {}}
        forger.with_config(lambda c, s=settings: c["config"].update(settings=s))("m.keras")
        assert main(["evaluate", "m.keras", "--data", "data.csv"]) == 2
        assert "was not loaded" in capsys.readouterr().err
    assert not os.path.exists("ran")
    with pytest.raises(ValueError, match="no recipe '.*evil.py'"):
        registry.installed(str(tmp_path / "evil.py"))


def test_a_recipe_that_is_not_installed_is_asked_for(forger, tmp_path, capsys):
    path, data = str(tmp_path / "m.keras"), tmp_path / "data.csv"
    data.write_text("text,label\na,no\nb,yes\n")
    forger.with_config(lambda config: config["config"]["settings"].update(recipe="mine"))(path)
    assert main(["evaluate", path, "--data", str(data)]) == 2
    message = capsys.readouterr().err
    assert "says that its recipe is 'mine'" in message and "--recipe" in message


# === Nothing is saved that could not be loaded ===


def test_weights_that_are_nan_are_not_saved(model, tmp_path):
    weights = model.get_weights()
    try:
        model.set_weights([np.full_like(weights[0], np.nan), *weights[1:]])
        with pytest.raises(ValueError, match="not saved, as its weights .*embedding.* NaN"):
            model.save(tmp_path / "m.keras")
    finally:
        model.set_weights(weights)
    assert os.listdir(tmp_path) == []


def test_settings_that_could_not_be_loaded_are_not_saved(model, tmp_path):
    model.score_names = ["acuracy"]
    try:
        with pytest.raises(ValueError, match="no score 'acuracy'"):
            model.save(tmp_path / "m.keras")
    finally:
        model.score_names = ["accuracy"]


def test_an_optimizer_that_lost_its_state_is_refused(model, forger, tmp_path):
    def lose(file):
        names = sorted(file["optimizer/vars"])
        del file[f"optimizer/vars/{names[-1]}"]

    trained = ManyToOne.from_config(model.get_config())
    trained.fit(X, Y, verbose=0)
    trained.save(tmp_path / "trained.keras")
    path = tmp_path / "m.keras"
    battery.Forger(tmp_path / "trained.keras").with_weights(lose)(path)
    with pytest.raises(ValueError, match="was not loaded: it could not be rebuilt"):
        rnnkit.load_model(path)


def test_every_count_of_layers_is_bounded():
    """A new argument that says how many layers there are must be named where they are counted."""
    from rnnkit import models
    from rnnkit.saving.sizes import LAYER_COUNTS
    from rnnkit.utils.options import options_of_class

    found = {
        name
        for kind in models.__all__
        if isinstance(getattr(models, kind), type) and kind != "Model"
        for name, option in (options_of_class(kind, "rnnkit.models") or {}).items()
        if name.endswith("layers") or "Number of" in option.text and "layer" in option.text
    }
    assert {"num_layers", "decoder_layers"} <= found <= set(LAYER_COUNTS)


def test_the_message_names_file_and_reason_and_the_status_is_2(forger, tmp_path, capsys):
    path = str(tmp_path / "m.keras")
    forger.with_config(lambda config: config["config"].update(units=10**9))(path)
    assert main(["infer", path, "red"]) == 2
    error = capsys.readouterr().err.strip()
    assert "m.keras was not loaded: it declares a size of 1,000,000,000" in error
    assert "Traceback" not in error
    assert json.loads(forger.parts[battery.CONFIG])["config"]["units"] == 4
    assert keras.saving.get_registered_name(ManyToOne) == "rnnkit>ManyToOne"
