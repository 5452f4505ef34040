"""Importing is cheap and has no effect, and public names are where they are looked for."""

import importlib
import json
import subprocess
import sys

import keras
import pytest

import recipes
from rnnkit import registry

LIGHT = """
import json, logging, os, random, sys, time, warnings
start, level, filters = time.process_time(), logging.getLogger().level, list(warnings.filters)
state, environment = random.getstate(), dict(os.environ)
import rnnkit, recipes
table = repr(recipes.list())
recipes.get("sentiment").options()
print(json.dumps({
    "seconds": time.process_time() - start,
    "heavy": sorted({name.split(".")[0] for name in sys.modules} & {
        "tensorflow", "keras", "matplotlib", "numpy", "pandas", "sklearn", "scipy",
        "tensorflow_datasets", "keras_tuner",
    }),
    "unchanged": [logging.getLogger().level == level, warnings.filters == filters,
                  random.getstate() == state, dict(os.environ) == environment],
    "names": dir(rnnkit),
    "table": table,
}))
"""


def test_importing_is_light():
    run = subprocess.run(
        [sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True, timeout=60
    )
    found = json.loads(run.stdout)
    assert found["heavy"] == []
    assert found["unchanged"] == [True, True, True, True]
    assert found["seconds"] < 2  # 0.2 where nothing else runs
    assert {"features", "layers", "models", "load_model", "Recipe"} <= set(found["names"])
    for name in ("sentiment", "spam"):
        assert name in found["table"]
    assert run.stderr == ""


@pytest.mark.parametrize(
    "package", ["rnnkit", "rnnkit.data", "rnnkit.features", "rnnkit.layers", "rnnkit.metrics"]
)
def test_every_public_name_is_there_and_no_other(package):
    module = importlib.import_module(package)
    assert {name for name in dir(module) if not name.startswith("__")} == {*module.__all__}
    for name in module.__all__:
        assert getattr(module, name) is not None
        assert name in dir(module)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        _ = module.nothing


@pytest.mark.parametrize("package", ["rnnkit.features", "rnnkit.layers", "rnnkit.models"])
def test_every_class_has_a_name_for_saving(package):
    module = importlib.import_module(package)
    for name in module.__all__:
        item = getattr(module, name)
        if isinstance(item, type) and item.__module__.startswith("rnnkit"):
            if name not in ("Feature", "Melody", "Roll", "WordVectors"):  # no part of a file
                assert keras.saving.get_registered_name(item) == f"rnnkit>{name}"
            assert item.__doc__


def test_recipes_by_name():
    assert recipes.sentiment.name == recipes.get("sentiment").name == "sentiment"
    assert {name for name in dir(recipes) if name[0] != "_"} == {"get", "list", *registry.names()}
    with pytest.raises(AttributeError, match="has no attribute 'sentimant'"):
        _ = recipes.sentimant
    with pytest.raises(ValueError, match="no recipe 'sentimant'. Did you mean 'sentiment'"):
        recipes.get("sentimant")
