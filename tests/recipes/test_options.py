"""The options of recipes: what they are, what they mean, and how they are shown."""

import inspect
import json
import subprocess
import sys

import pytest

import recipes
import rnnkit
from rnnkit import registry

NAMES = registry.names()


@pytest.mark.parametrize("name", NAMES)
def test_each_option_has_a_type_and_a_sentence(name):
    recipe = recipes.get(name)
    options = recipe.describe_options()
    assert {"seed", "learning_rate"} <= set(options)
    assert ("cell" in options) == (name != "spam")  # which is of a dense network alone
    for option in options.values():
        assert option.sentence, option
        assert option.type, option
        assert not option.allowed or option.default in option.allowed, option
    assert not {"input_feature", "output_feature", "name", *recipe.unused} & set(options)
    assert recipe.options() == {key: option.default for key, option in options.items()}
    for method in (recipe.model, recipe.train):
        parameters = inspect.signature(method).parameters
        assert [each for each in parameters if each in options] == list(options)
        assert f"    units: {options['units'].full_text}\n" in method.__doc__


def test_where_meanings_come_from():
    options = recipes.get("dna_classification").describe_options()
    assert options["units"].sentence == "Size of the state, in each direction."
    assert options["both_strands"].text == "Whether the reverse complement is given too."
    assert "direction matters" in options["both_strands"].advice
    assert options["pooling"].allowed == ("last", "mean", "max", "mean_max")
    assert {"lstm", "gru", "dense", "reference_gru"} <= set(options["cell"].allowed)
    options = recipes.get("fraud_detection").describe_options()
    assert options["max_events"].text.startswith("Most events")
    assert options["balance"].type == "float" and "rare class" in options["balance"].sentence
    options = recipes.get("translation").describe_options()
    assert options["attention"].allowed == ("additive", "multiplicative", None)
    assert options["shared_embedding"].text.startswith("Whether source and target")


def test_nothing_heavy_is_imported():
    code = (
        "import inspect, json, sys, recipes\n"
        "found = {}\n"
        "for row in recipes.list():\n"
        "    recipe = recipes.get(row['name'])\n"
        "    recipe.check_options({'seed': 1})\n"
        "    found[row['name']] = len(inspect.signature(recipe.model).parameters)\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "print(json.dumps(found))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    found = json.loads(run.stdout)
    assert set(found) == set(NAMES) and min(found.values()) > 6


class Own(rnnkit.Recipe):
    """A recipe of a user.

    Options:
        units: Few will do.
        warmth: How warm it is.
    """

    name, title, pattern, cell = "own", "Try it", "one_to_one", "dense"
    model_class = "OneToOne"
    defaults = {"units": 3, "learning_rate": 0.5}
    unused = ("token_dropout",)

    def features(self, data, *, min_count=1):
        text = rnnkit.features.Text(min_count=min_count)
        return self.adapt_features(data, text, rnnkit.features.Label())

    def compile(self, model, *, warmth=1.0, learning_rate=0.1):
        super().compile(model, learning_rate=learning_rate * warmth)

    def search_space(self, hp):
        return {"units": hp.Int("units", 2, 4)}


DATA = (["good", "bad", "fine", "poor"] * 10, ["yes", "no"] * 20)


def test_a_recipe_of_a_user():
    recipe = Own()
    assert recipe.options() == {
        **{"min_count": 1, "units": 3, "activation": "relu", "dropout": 0.0, "filters": ()},
        **{
            "augment": False,
            "network": None,
            "network_weights": None,
            "train_network": None,
            "seed": None,
            "ensemble": 1,
        },
        **{"warmth": 1.0, "learning_rate": 0.5},
    }
    assert recipe.describe_options()["warmth"].sentence == "How warm it is."
    assert recipe.describe_options()["units"].advice == "Few will do."
    model = recipe.model(recipe.data(DATA), warmth=2.0, dropout=0.25)
    assert (model.units, model.dropout, model.name) == (3, 0.25, "own")
    assert float(model.optimizer.learning_rate) == 1.0
    with pytest.raises(ValueError, match="no option 'token_dropout'. Did you mean"):
        recipe.model(recipe.data(DATA), token_dropout=0.1)


def test_a_class_of_a_user():
    class Wide(rnnkit.models.OneToOne):
        """As above.

        Args:
            input_feature, output_feature: Features.
            width: How wide.
        """

        def __init__(self, input_feature, output_feature, width=5, name=None):
            super().__init__(input_feature, output_feature, units=width, name=name)

    class Mine(Own):
        model_class = Wide
        defaults = {}

    recipe = Mine()
    assert list(recipe.options()) == ["min_count", "width", "warmth", "learning_rate"]
    assert recipe.describe_options()["width"].sentence == "How wide."
    assert recipe.model(recipe.data(DATA), width=7).units == 7


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"defaults": {"unit": 3}}, "name 'unit', which is no option. Did you mean 'units'"),
        ({"model_class": "OneToOn"}, "must be the name of a class in rnnkit.models"),
        ({"model_class": None}, "must define model_class"),
    ],
)
def test_mistakes_in_a_recipe(changes, message):
    wrong = type("Wrong", (Own,), changes)
    with pytest.raises(ValueError, match=message):
        wrong().options()


@pytest.mark.slow
def test_pictures_are_read_by_a_dense_network_or_row_by_row():
    recipe = recipes.get("image_classification")
    data = recipe.data()
    dense, rows = (recipe.model(data, cell=cell) for cell in ("dense", "gru"))
    assert type(dense).__name__ == "OneToOne" and dense.units == [512, 512] and dense.augment
    assert type(rows).__name__ == "ManyToOne" and (rows.units, rows.cell) == (128, "gru")
    assert [round(float(each.optimizer.learning_rate), 6) for each in (dense, rows)] == [1e-3, 2e-3]
    assert [each.dropout for each in (dense, rows)] == [0.3, 0.1]
    assert recipe.model(data, cell="gru", dropout=0.0).dropout == 0.0
    assert rows.get_layer("rows").output.shape == (None, 20, 20)
    recipe.check_options({"filters": [8], "network": "MobileNetV2", "activation": "tanh"})
    for option in ({"filters": [8]}, {"augment": True}):
        with pytest.raises(ValueError, match=next(iter(option))):
            recipe.model(data, cell="gru", **option)
    with pytest.raises(ValueError, match="num_layers"):
        recipe.model(data, num_layers=2)
