"""Every recipe's model where it may go: reloaded, by Keras, exported without rnnkit, as ONNX.

`test_the_table` shows what each of the others found, a row a recipe.
"""

import json

import numpy as np
import pytest

import recipes
import rnnkit
from tests import helpers
from tests.recipes.test_recipes import INPUTS, ROWS

FAST = ("named_entities", "spam")  # one of each kind of endpoint; the others take minutes
NAMES = [
    name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in sorted(ROWS)
]
WAYS = ("reload", "keras", "export", "onnx")
# What is refused, and how the message puts it.
REFUSED = {
    **dict.fromkeys(
        ("chatbot", "translation", "image_captioning", "music_generation", "text_generation"),
        "decoding is a loop around it",
    ),
    "forecasting": "its windows begin before the series does",
    "named_entities": "crf=True chooses the tags of a sequence together",
}
SHAPES = {
    "image_classification": 4,
    "video_labeling": 5,
    "pos_tagging": 3,
    "sentiment": 2,
    "spam": 2,
}
table = {}


@pytest.fixture(scope="module")
def alone():
    """A process in which neither rnnkit nor Keras can be imported."""
    with helpers.Fresh(helpers.ROOT / "tests" / "serving.py") as process:
        yield process


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Function of a recipe's name that gives a tiny model of it and its file."""
    folder, known = tmp_path_factory.mktemp("models"), {}

    def make(name):
        if name not in known:
            recipe, path = recipes.get(name), folder / f"{name}.keras"
            data, options = helpers.small(recipe, (64, 16, 16)), ROWS[name][0]
            if recipe.cell == "esn":  # which is solved, not trained
                model = recipe.train(data, seed=1, verbose=0, **options)
            else:
                model = recipe.model(data, seed=1, **options)
            model.save(path)
            options = {"seed": 1} if model.samples else {}
            known[name] = model, path, json.loads(json.dumps(model.infer(INPUTS[name], **options)))
        return known[name]

    return make


def note(name, way, result):
    table.setdefault(name, {})[way] = result


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")  # the inputs are odd, and nothing is trained
@pytest.mark.parametrize("name", NAMES)
def test_reloaded_by_rnnkit_and_by_keras(name, made, fresh):
    model, path, expected = made(name)
    options = {"seed": 1} if model.samples else {}
    for way in ("reload", "keras"):
        found = fresh.call(
            "infer", path=str(path), x=INPUTS[name], with_keras=way == "keras", **options
        )
        assert found == expected  # to the last bit
        note(name, way, "equal")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", NAMES)
def test_exported_after_a_reload(name, made, fresh, alone, tmp_path):
    model, path, expected = made(name)
    fresh.call("export", path=str(path), out=str(tmp_path / "served"))
    seed = 1 if model.samples else None
    found = []
    for values, dtype, ragged in served(name):
        given = {"values": values, "dtype": dtype, "ragged": ragged, "seed": seed}
        found += readable(alone.call("serve", path=str(tmp_path / "served"), **given))
    if name == "forecasting":
        for got, result in zip(found, expected, strict=True):
            for key in got:
                # What the readout adds up is 1,000 times as large.
                np.testing.assert_allclose(got[key], result[key], rtol=1e-3, atol=1e-3)
    else:
        assert found == [brief(each) for each in expected]
    note(name, "export", "equal")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_onnx(name, made, tmp_path):
    import onnxruntime

    model, _, _ = made(name)
    path = tmp_path / "model.onnx"
    if name in REFUSED:
        with pytest.raises(ValueError, match=f"network alone, and {REFUSED[name]}"):
            model.export(path, format="onnx")
        assert not path.exists()
        note(name, "onnx", "refused")
        return
    model.export(path, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(path)
    (given,), (output,) = session.get_inputs(), session.get_outputs()
    assert (given.name, output.name) == (model.inputs[0].name, "outputs")
    assert given.shape[0] == output.shape[0] == "batch"
    assert len(given.shape) == SHAPES.get(name, 3)
    codes = model.prepare(INPUTS[name], targets=False).tensors[0]
    codes = rnnkit.models.export.padded(codes, model.input_feature).numpy()
    outputs = session.run(None, {given.name: codes})[0]
    expected = model(codes, training=False).numpy()
    np.testing.assert_allclose(outputs, expected, atol=1e-6 * max(1, np.abs(expected).max()) * 100)
    note(name, "onnx", "equal")


@pytest.mark.slow
def test_the_table():
    """After the others: nothing is missing, and what is refused is documented."""
    if len(table) < len(ROWS):
        pytest.skip("only some of the recipes were asked for")
    lines = [f"{'recipe':22}" + "".join(f"{way:9}" for way in WAYS)]
    for name in sorted(ROWS):
        lines.append(f"{name:22}" + "".join(f"{table[name].get(way, '-'):9}" for way in WAYS))
        expected = {way: "equal" for way in WAYS}
        expected["onnx"] = "refused" if name in REFUSED else "equal"
        assert table[name] == expected
    print("\n" + "\n".join(lines))


# === Raw values as an exported model takes them ===


def served(name):
    """The calls of `serve` for a recipe's inputs: values, their dtype and whether ragged."""
    x = INPUTS[name]
    if name == "forecasting":
        return [([[[value] for value in series] for series in x], "float64", False)]
    if name == "handwriting":
        points = [[list(map(float, point.split())) for point in row.split(";")] for row in x]
        return [(_filled(points, [float("nan")] * 3), "float32", False)]
    if name == "speech_to_text":
        return [(x, "float32", False)]
    if name == "fraud_detection":  # of one header
        events = "time,amount,shop,channel,place\n0,3.5,fuel,chip,Arlen"
        return [([events, x[1]], "string", False)]
    if name in ("image_captioning", "image_classification"):  # of one size a call
        return [(np.array(each).reshape(1, *np.shape(each)[:2], -1).tolist(), "uint8", False)
                for each in x]  # fmt: skip
    if name == "video_labeling":
        return [([np.array(clip)[..., None].tolist() for clip in x], "uint8", True)]
    if name == "named_entities":
        return [(_filled(x, ""), "string", False), (x, "string", True)][:1]
    return [(x, "string", False)]


def _filled(rows, value):
    longest = max(map(len, rows))
    return [list(row) + [value] * (longest - len(row)) for row in rows]


def readable(found):
    """What `serve` gives, as a list of what `brief` leaves of the results of `infer`."""
    if "tags" in found:
        return [row[:length] for row, length in zip(found["tags"], found["lengths"], strict=True)]
    if "forecast" in found:
        return [
            {key: [lead for (lead,) in leads] for key, leads in zip(found, each, strict=True)}
            for each in zip(*found.values(), strict=True)
        ]
    return found["text"] if "text" in found else found["label"]


def brief(result):
    """A result of `infer` without what `readable` leaves out."""
    if isinstance(result, dict):
        return str(result["label"])
    if isinstance(result, list):
        return [each[1] if isinstance(each, list) else each for each in result]
    return result
