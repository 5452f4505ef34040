"""Recipes with several targets an example, classes and numbers: how they are read, and refused."""

import json

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import recipes
import rnnkit
from rnnkit.cli import main
from rnnkit.features import Detection, Label, Labels, Number, OrderedLabel, Targets
from rnnkit.formats import pictures, several_targets
from rnnkit.training.plan import TrainingPlan
from tests.tiers import slow

TEXTS = [f"film {i} {('poor', 'fine')[i % 2]} {'star ' * (i % 5)}end" for i in range(60)]
LABELS = [("bad", "good")[i % 2] for i in range(60)]
SCORES = [1.25 + i % 5 for i in range(60)]
STARS = [i % 5 for i in range(60)]
FRAME = pd.DataFrame({"text": TEXTS, "label": LABELS, "score": SCORES, "stars": STARS})
TYPES = {"label": "class", "score": "number"}


def in_a_csv(folder):
    FRAME.to_csv(folder / "a.csv", index=False)
    return folder / "a.csv", {"target": ["label", "score"]}


def by_text(folder):
    FRAME.to_csv(folder / "a.tsv", index=False, sep="\t")
    return folder / "a.tsv", {"target": "Label, 2"}


def said_by_text(folder):
    return in_a_csv(folder)[0], {"target": "label:class, score : number"}


def said(folder):
    return FRAME, {"target": TYPES}


def in_jsonl(folder):
    FRAME.to_json(folder / "a.jsonl", orient="records", lines=True)
    return folder / "a.jsonl", {"target": ["label", "score"]}


def beside(folder):
    return (TEXTS, FRAME[["label", "score"]]), {}


def in_parts(folder):
    return {"train": FRAME[:40], "validation": FRAME[40:50], "test": FRAME[50:]}, {"target": TYPES}


def without_a_header(folder):
    FRAME.to_csv(folder / "a.csv", index=False, header=False)
    return folder / "a.csv", {"input": 0, "target": {1: "class", 2: "number"}}


FORMS = [
    in_a_csv, by_text, said_by_text, said, in_jsonl, beside, in_parts, without_a_header,
]  # fmt: skip


def examples(data):
    found = {}
    for part in (data.train, data.validation, data.test):
        found |= {x.decode(): [t.decode() for t in y] for x, y in part.as_numpy_iterator()}
    return found


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read(form, tmp_path, capsys):
    source, options = form(tmp_path)
    data = recipes.get("sentiment").data(source, **options)
    rows = [[label, repr(score)] for label, score in zip(LABELS, SCORES, strict=True)]
    assert examples(data) == dict(zip(TEXTS, rows, strict=True))
    assert list(data.info["target_types"].values()) == ["class", "number"]
    _, targets = recipes.get("sentiment").adapt(data)
    assert type(targets) is Targets
    assert [type(each) for each in targets.targets.values()] == [Label, Number]
    told = (
        "an example has several targets: label (class), score (number)" in capsys.readouterr().out
    )
    assert told == (form in (in_a_csv, by_text, in_jsonl, beside))
    given = {"target": options["target"]} if "target" in options else {}
    if "input" in options:
        given["input"] = options["input"]
    whole = rnnkit.data.readers.sources.load_whole(recipes.get("sentiment"), source, given=given)
    assert len(list(whole)) == 60


# === What columns are ===


@pytest.mark.parametrize(
    "columns, expected",
    [
        ({"a": ["x", "y", None], "b": [1.5, 2, None]}, {"a": "class", "b": "number"}),
        ({"a": ["x", "y", ""], "b": ["1", "2.5", "nan"]}, {"a": "class", "b": "number"}),
        ({"a": [True, False, True], "b": ["u", "v", "u"]}, {"a": "class", "b": "class"}),
        ({"a": ["yes", "no", "yes"], "b": ["u", "v", "u"]}, {"a": "class", "b": "class"}),
        ({"a": [0, 1, 1], "b": ["1", "0", "1"]}, None),
        ({"a": [True, False, True], "b": ["1.0", "false", "0"]}, None),
    ],
)
def test_what_columns_are(columns, expected):
    assert several_targets.told(columns, {}, "row {}".format) == expected


MANY = [f"t{i}" for i in range(30)]


@pytest.mark.parametrize(
    "columns, message",
    [
        ({"a": ["x", "y"], "b": [1, 2]}, "'b' holds whole numbers, which may be classes or a numb"),
        ({"a": ["x", "y"], "b": [0, 1]}, "'b' holds whole numbers"),
        ({"a": [1, 0], "b": [1, 2]}, "labels that an example has.*'a' holds whole numbers"),
        (
            {"a": ["x", "y"], "b": ["1.5", "two"]},
            r"holds numbers, and what is none \('two', row 1\)",
        ),
        ({"a": ["x", "y"], "b": ["1,5", "2,5"]}, "or numbers with a decimal comma"),
        ({"a": ["x", "y"] * 15, "b": MANY}, "30 different values in 30 rows, which as classes"),
        ({"a": ["x", "y"], "b": [None, None]}, "'b' holds nothing"),
        ({"a": ["yes", "no"], "b": [True, False]}, "'a' holds words such as yes and no, which may"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(columns, message):
    with pytest.raises(ValueError, match=message) as raised:
        several_targets.told(columns, {}, "row {}".format)
    # Both readings, and how to say which is meant.
    said = str(raised.value)
    assert "are labels that an example has (1)" in said and "targets of several kinds" in said
    assert "Say what each is, such as target={" in said and "or 'number' for" in said


def test_a_word_decides():
    columns = {"a": [0, 1], "b": [1, 2]}
    types = {"a": "class", "b": "ordered"}
    assert several_targets.told(columns, types, "row {}".format) == types
    with pytest.raises(ValueError, match="Of several targets 'b' holds whole numbers"):
        several_targets.told(columns, {"a": "class"}, "row {}".format)


def test_two_columns_of_0_and_1_are_labels_unless_it_is_said(capsys):
    frame = FRAME.assign(rude=[i % 2 for i in range(60)], loud=[int(i % 3 == 0) for i in range(60)])
    recipe = recipes.get("spam")
    data = recipe.data(frame, target=["rude", "loud"])
    assert "target_types" not in data.info and type(recipe.adapt(data)[1]) is Labels
    data = recipe.data(frame, target={"rude": "class", "loud": "class"})
    assert [type(each) for each in recipe.adapt(data)[1].targets.values()] == [Label, Label]
    assert "labels" not in data.info


def test_grades_and_weights():
    recipe = recipes.get("spam")
    data = recipe.data(FRAME, target={"stars": "ordered", "score": "number"})
    _, targets = recipe.adapt(data, target_weights={"score": 3})
    assert type(targets.targets["stars"]) is OrderedLabel
    assert targets.targets["stars"].names == ["0", "1", "2", "3", "4"]
    assert targets.weights == {"score": 3.0}
    model = recipe.model(data, units=2, target_weights={"score": 3})
    assert model.loss.scales[1] == pytest.approx(0.75)
    assert model.score_names[:3] == [
        "stars_mae",
        "stars_quadratic_weighted_kappa",
        "stars_accuracy",
    ]


# === What is not known ===


def test_gaps_are_said_and_left_out(tmp_path, capsys):
    frame = FRAME.copy()
    frame.loc[[3, 4], "score"] = None
    frame.loc[7, "label"] = None
    for source in (frame, tmp_path / "a.csv"):
        frame.to_csv(tmp_path / "a.csv", index=False)
        data = recipes.get("spam").data(source, target=["label", "score"])
        said = capsys.readouterr().out
        assert "2 of 60 rows have no 'score'" in said and "1 of 60 rows have no 'label'" in said
        found = examples(data)
        assert found[TEXTS[3]] == ["good", ""] and found[TEXTS[7]] == ["", repr(SCORES[7])]
    frame.loc[7, "score"] = None
    with pytest.raises(ValueError, match="line 7: the row has none of the targets.*label.*score"):
        recipes.get("spam").data(frame, target=["label", "score"])


def test_parts_have_each_class(capsys):
    """As with one class: what is rare is in training, and the others are alike everywhere."""
    labels = ["rare" if i == 11 else each for i, each in enumerate(LABELS)]
    data = recipes.get("spam").data(FRAME.assign(label=labels), target=["label", "score"])
    assert "too rare for every part: 'label: rare' (1)" in capsys.readouterr().out
    train = [y[0].decode() for _, y in data.train.as_numpy_iterator()]
    assert "rare" in train
    for part in (data.validation, data.test):
        found = [y[0].decode() for _, y in part.as_numpy_iterator()]
        assert sorted(found) == ["bad"] * 3 + ["good"] * 3


def test_classes_are_alike_in_all_forms(tmp_path):
    """Pandas makes floats of whole numbers where some are missing."""
    frame = FRAME.assign(label=[0, 1, None] * 20)
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    for source in (frame, tmp_path / "a.csv", tmp_path / "a.jsonl"):
        data = recipes.get("spam").data(source, target=TYPES)
        assert {y[0] for _, y in data.train.as_numpy_iterator()} == {b"", b"0", b"1"}


# === Refused ===


@pytest.mark.parametrize(
    "name, source, options, message",
    [
        ("spam", FRAME, {"target": {"label": "class"}}, "must name at least two columns"),
        ("spam", FRAME, {"target": {"label": "klass", "score": "number"}}, "each 'class' or"),
        ("spam", FRAME, {"target": "score:number"}, "one target alone is a label here"),
        ("spam", FRAME, {"target": "label:class,quiet:number"}, "no column 'quiet'"),
        ("spam", FRAME, {"target": ["label:class", "label:class"]}, "each column once"),
        ("spam", FRAME, {"target": ["label", "label"]}, "each column once"),
        ("spam", (TEXTS, list(zip(LABELS, SCORES, strict=True))), {}, "targets of several kinds"),
        ("spam", (TEXTS, FRAME[["label", "score"]].to_dict("list")), {}, "y of a pair.*one column"),
        ("spam", (FRAME[["text", "label"]], LABELS), {}, "x of a pair.*a DataFrame with .'text'"),
        ("spam", FRAME, {"target": {"label": "number", "score": "number"}}, "line 0.*finite"),
        ("spam", FRAME, {"target": TYPES, "names": ["a", "b"]}, "in a column: leave out names"),
        ("spam", FRAME, {"target": TYPES, "label_separator": "|"}, "leave out label_separator"),
        ("spam", None, {"target": TYPES}, "This is the embedded sample: target as a dict"),
        ("spam", (TEXTS, LABELS), {"target": TYPES}, "needs a frame of targets, or a table"),
        ("pos_tagging", FRAME, {"target": TYPES}, "'pos_tagging' are no labels"),
        (
            "spam",
            tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)),
            {"target": TYPES},
            "target as a dict of columns to types is for tables",
        ),
        (
            "spam",
            {"train": FRAME, "test": FRAME.assign(label=SCORES)},
            {"target": ["label", "score"]},
            "same types in each part.*'class'.*'number'",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_refused(name, source, options, message):
    with pytest.raises(ValueError, match=message):
        recipes.get(name).data(source, **options)


@pytest.mark.parametrize("feature", [Label, Labels])
def test_features_of_one_target_alone_are_refused(feature):
    recipe = recipes.get("spam")
    data = recipe.data(FRAME, target=TYPES)
    text = rnnkit.features.Text()
    with pytest.raises(ValueError, match="several targets here.*label_feature.*in place of Label"):
        recipe.adapt_features(data, text, feature())


def test_folders_of_classes_have_no_columns(tmp_path):
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        for index in range(10):
            (tmp_path / name / f"{index}.txt").write_text(f"{name} {index}")
    with pytest.raises(ValueError, match="Folders of texts say their classes: target as a dict"):
        recipes.get("spam").data(tmp_path, target=TYPES)


def test_options_of_one_target_alone_are_refused():
    recipe = recipes.get("spam")
    with pytest.raises(ValueError, match="target_weights is for several targets.*here is one"):
        recipe.model(recipe.data(FRAME[["text", "label"]]), target_weights={"label": 2})
    data = recipe.data(FRAME, target=TYPES)
    with pytest.raises(ValueError, match="ordered is for one class an example.*'ordered'"):
        recipe.model(data, ordered=True)
    with pytest.raises(ValueError, match=r"weights must be a dict of target.*\['label', 'score'\]"):
        recipe.model(data, target_weights={"grade": 2})


def test_several_targets_are_trained_for_longer(monkeypatch):
    found = []
    monkeypatch.setattr(TrainingPlan, "fit", lambda plan, model, data: found.append(plan.epochs))
    recipe = recipes.get("spam")
    for target in ("label", ["label", "score"]):
        recipe.train(recipe.data(FRAME, target=target))
    recipe.train(recipe.data(FRAME, target=["label", "score"]), epochs=3)
    assert found == [recipe.training["epochs"], 60, 3]


# === Other inputs ===


@pytest.mark.slow
def test_pictures_in_a_table(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(60):
        pixels = rng.integers(0, 255, (4, 4, 1)).astype("uint8")
        (tmp_path / f"{i}.png").write_bytes(pictures.to_bytes(pixels))
    frame = FRAME.drop(columns="text").assign(path=[f"{i}.png" for i in range(60)])
    frame.to_csv(tmp_path / "labels.csv", index=False)
    recipe = recipes.get("image_classification")
    data = recipe.data(tmp_path, target=["label", "score"])
    assert data.sizes == {"train": 48, "validation": 6, "test": 6}
    model = recipe.model(data, units=4, seed=1)
    model.fit(data.train, validation_data=data.validation, epochs=1, verbose=0)
    assert list(model.score(data.test)) == model.score_names
    assert set(model.infer(str(tmp_path / "0.png"))) == {"label", "score", "probabilities"}


EVENTS = pd.DataFrame(
    [
        {"card_id": f"c{card}", "time": 100 * card + step, "amount": 1.0 + step, "shop": "ab"[step]}
        for card in range(30)
        for step in (0, 1)
    ]
)
CARDS = pd.DataFrame(
    {
        "card_id": [f"c{card}" for card in range(30)],
        "label": ["fraud" if card % 3 == 0 else "ok" for card in range(30)],
        "loss": [card / 4 for card in range(30)],
    }
)


@pytest.mark.slow
@pytest.mark.parametrize("carried", [False, slow(True)], ids=["apart", "carried"])
def test_histories_of_events(carried):
    recipe = recipes.get("fraud_detection")
    source = EVENTS.merge(CARDS, on="card_id") if carried else (EVENTS, CARDS)
    data = recipe.data(source, target=["label", "loss"])
    found = examples(data)
    assert sorted(found.values()) == sorted([a, repr(b)] for a, b in CARDS.values[:, 1:].tolist())
    assert all("loss" not in text and "label" not in text for text in found)
    model = recipe.model(data, units=2, seed=1, balance=1.0)
    label = model.output_feature.targets["label"]
    assert type(label) is Detection and label.positive == "fraud"
    assert model.loss.class_weights == [label.weights(1.0), []]
    model.fit(data.train, validation_data=data.validation, epochs=1, verbose=0)
    assert list(model.score(data.test)) == model.score_names
    assert model.score_names[0] == "label_average_precision"
    with pytest.raises(ValueError, match="one column is the target here"):
        recipe.data((EVENTS, CARDS.assign(a=1, b=0)), target=["a", "b"])


@pytest.mark.slow
def test_nucleotides():
    rng = np.random.default_rng(1)
    frame = FRAME.assign(sequence=["".join(rng.choice(list("ACGT"), 12)) for _ in range(60)])
    recipe = recipes.get("dna_classification")
    data = recipe.data(frame, target=["label", "score"])
    model = recipe.model(data, units=4, filters=4, ensemble=1, both_strands=True, seed=1)
    model.fit(data.train, validation_data=data.validation, epochs=1, verbose=0)
    assert set(model.infer("ACGT")) == {"label", "score", "probabilities"}


# === From end to end ===


@pytest.mark.slow
def test_from_the_command_line_to_a_file_and_back(tmp_path, capsys):
    source, _ = in_a_csv(tmp_path)
    path, out = str(tmp_path / "m.keras"), str(tmp_path / "out.csv")
    main(
        ["train", "sentiment", "--data", str(source), "--target", "label,score", "--epochs", "1",
         "--set", "units=4", "--set", "target_weights={'score': 2}", "--seed", "1", "--out", path,
         "--json"]
    )  # fmt: skip
    result = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert list(result["scores"])[::3] == ["label_accuracy", "score_mae"]
    # The types of the targets are those of the model, and need not be said.
    FRAME.assign(score=STARS).to_csv(tmp_path / "whole.csv", index=False)
    main(["evaluate", path, "--data", str(tmp_path / "whole.csv"), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == 60 and list(found["scores"]) == list(result["scores"])
    main(["infer", path, "a fine film"])
    shown = json.loads(capsys.readouterr().out)
    assert set(shown) == {"input", "label", "score", "probabilities"}
    main(["infer", path, str(source), "--input", "text", "--out", out])
    table, model = pd.read_csv(out), rnnkit.load_model(path)
    results = model.infer(TEXTS)
    assert list(table.columns)[4:] == ["label_prediction", "label_probability", "score_prediction"]
    assert table.label_prediction.tolist() == [each["label"] for each in results]
    assert table.score_prediction.tolist() == pytest.approx([each["score"] for each in results])
    chances = [each["probabilities"]["label"][each["label"]] for each in results]
    assert table.label_probability.tolist() == pytest.approx(chances)
    assert "Targets(label=Label(" in rnnkit.card(model)


@pytest.mark.slow
def test_it_goes_on_from_an_older_model(capsys):
    recipe = recipes.get("sentiment")
    data = recipe.data(FRAME, target=TYPES)
    base = recipe.model(data, units=2, seed=1)
    model = recipe.model(data, base=base, units=2, seed=2)
    assert "Started from the base" in capsys.readouterr().out
    assert model.output_feature.fractions == base.output_feature.fractions
    turned = recipe.data(FRAME, target={"score": "number", "label": "class"})
    with pytest.raises(ValueError, match="base does not fit: its targets must be those here"):
        recipe.model(turned, base=base, units=2)


@pytest.mark.slow
def test_search_by_folds_and_comparison(tmp_path):
    recipe = recipes.get("spam")
    data = recipe.data(FRAME, target=TYPES)
    result = recipe.tune(
        data, max_trials=1, epochs=1, folds=2, options={"units": 4}, seed=1, verbose=0,
        directory=tmp_path / "search", objective="val_label_accuracy",
    )  # fmt: skip
    assert result.direction == "max"
    assert result.best_model().score_names[0] == "label_accuracy"
    assert rnnkit.metrics.direction("val_score_mae", ["label", "score"]) == "min"
    table = rnnkit.compare(
        ["dense"], "spam", data=data, seeds=1, epochs=1, verbose=0,
        directory=str(tmp_path / "compared"),
    )  # fmt: skip
    assert table.about["score"] == "label_accuracy"
