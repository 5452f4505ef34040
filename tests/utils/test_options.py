"""Options that show themselves."""

import inspect

import pytest

import recipes
from rnnkit import registry
from rnnkit.utils.options import Option, ShowsOptions, allowed_values


@pytest.mark.parametrize(
    "text, values",
    [
        ('`"mean"`, `"max"` or None: `"mean"` first.', ("mean", "max", None)),
        ('`"cnn"`, or the name of a network.', ()),
        ("Steps that become one frame: 1, 2, 4 or 8.", (1, 2, 4, 8)),
        ("Whether 1 or 2.", ()),
    ],
)
def test_allowed_values(text, values):
    assert allowed_values(text) == values


def test_types():
    def types(default, text="", allowed=()):
        return Option("x", default, text, allowed=allowed).type

    assert [types(each) for each in (1, 0.5, "a", True, [1])] == [
        "int",
        "float",
        "str",
        "bool",
        "list",
    ]
    assert types("a", allowed=("a", None)) == "str or None"
    assert types(None, "Integer that fixes weights.") == "int or None"
    assert types(None, "Whether it is so.") == "bool or None"
    assert types(None, "The class to be found.") == "str or None"
    assert types(None, "What it is.") == "any"


def test_sentence_and_values():
    option = Option("x", 3, "Steps of `a.b`, e.g. 1.5. See more.", "Few will do.")
    assert option.sentence == "Steps of `a.b`, e.g. 1.5. Few will do."
    assert option.values == "int"
    assert Option("x", "a", allowed=("a", "b")).values == "'a', 'b'"


def test_check():
    Option("units", 8).check([1, 2])
    Option("cell", "gru").check(object())
    Option("rate", 0.5).check(1)
    for default, value, wanted in ((8, "x", "whole number"), (0.5, "x", "a number"),
                                   (True, 1, "True or False"), ("gru", 3, "a name")):  # fmt: skip
        with pytest.raises(ValueError, match=f"{wanted}. Received: x={value!r}"):
            Option("x", default).check(value)


def test_a_method_shows_the_options():
    class Thing:
        def describe_options(self):
            return {"units": Option("units", 8, "Size of the state.", "More is slower.")}

        @ShowsOptions
        def model(self, data, **options):
            """Makes it."""
            return data, options

    model = Thing().model
    assert str(inspect.signature(model)) == "(data, *, units=8)"
    assert model.__doc__.endswith("units: Size of the state. More is slower.")
    assert model.__name__ == "model" and model(1, units=2) == (1, {"units": 2})
    assert Thing.model.__doc__ == "Makes it."


@pytest.mark.parametrize("name", registry.names())
def test_every_option_of_a_recipe_has_a_type_and_a_sentence(name):
    for option in recipes.get(name).describe_options().values():
        assert option.type != "any", option
        assert option.text or option.advice, option
