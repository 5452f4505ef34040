"""Recipes with several labels an example: in columns, in lists, in cells with a separator."""

import json

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import recipes
import rnnkit
from rnnkit.cli import main
from rnnkit.formats import pictures
from rnnkit.training.plan import TrainingPlan

NAMES = ["rude", "loud", "about_food"]
ROWS = [
    (f"comment {i} {'fool ' * (i % 2)}{'LOUD ' * (i % 3 == 0)}{'soup' * (i % 5 == 0)}",
     [i % 2, int(i % 3 == 0), int(i % 5 == 0)])
    for i in range(60)
]  # fmt: skip
LISTS = [[name for name, each in zip(NAMES, row, strict=True) if each] for _, row in ROWS]
TEXTS = [text for text, _ in ROWS]


def columns(kind=str):
    frame = pd.DataFrame([row for _, row in ROWS], columns=NAMES)
    return pd.concat([pd.Series(TEXTS, name="text"), frame.map(kind)], axis=1)


def in_columns(folder):
    columns().to_csv(folder / "a.csv", index=False)
    return folder / "a.csv", {"target": NAMES}


def in_columns_by_text(folder):
    columns(lambda each: f"{each}.0").to_csv(folder / "a.tsv", index=False, sep="\t")
    return folder / "a.tsv", {"target": "Rude, loud,3"}


def in_a_frame(folder):
    return columns(bool), {"target": NAMES}


def beside(folder):
    return (TEXTS, columns(int)[NAMES]), {}


def in_jsonl(folder):
    rows = [json.dumps({"text": t, "label": r}) for t, r in zip(TEXTS, LISTS, strict=True)]
    (folder / "a.jsonl").write_text("\n".join(rows))
    return folder / "a.jsonl", {}


def in_json(folder):
    (folder / "a.json").write_text(json.dumps({"text": TEXTS, "label": LISTS}))
    return folder / "a.json", {}


def written(folder):
    pd.DataFrame({"text": TEXTS, "label": LISTS}).to_csv(folder / "a.csv", index=False)
    return folder / "a.csv", {}


def separated(folder):
    cells = [" | ".join(row) for row in LISTS]
    pd.DataFrame({"text": TEXTS, "label": cells}).to_csv(folder / "a.csv", index=False)
    return folder / "a.csv", {"label_separator": "|"}


def separated_frame(folder):
    cells = [";".join(row) or None for row in LISTS]  # as pandas reads empty cells
    return pd.DataFrame({"text": TEXTS, "label": cells}), {"label_separator": ";"}


def numbered(folder):
    numbers = [[NAMES.index(each) for each in row] for row in LISTS]
    return (TEXTS, numbers), {"names": NAMES}


def a_dataset(folder):
    cells = ["|".join(row) for row in LISTS]
    return tf.data.Dataset.from_tensor_slices((TEXTS, cells)).batch(9), {"label_separator": "|"}


def a_dataset_of_lists(folder):
    return tf.data.Dataset.from_tensor_slices((TEXTS, tf.ragged.constant(LISTS))).batch(9), {}


FORMS = [
    in_columns, in_columns_by_text, in_a_frame, beside, in_jsonl, in_json, written, separated,
    separated_frame, numbered, a_dataset, a_dataset_of_lists,
]  # fmt: skip
OF_COLUMNS = (in_columns, in_columns_by_text, in_a_frame, beside)


def examples(data):
    found = {}
    for part in (data.train, data.validation, data.test):
        found |= {x.decode(): sorted(map(bytes.decode, y)) for x, y in part.as_numpy_iterator()}
    return found


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read(form, tmp_path, capsys):
    source, options = form(tmp_path)
    data = recipes.get("sentiment").data(source, **options)
    assert examples(data) == dict(zip(TEXTS, map(sorted, LISTS), strict=True))
    _, label = recipes.get("sentiment").adapt(data)
    assert type(label) is rnnkit.features.Labels
    assert label.names == (NAMES if form in OF_COLUMNS else sorted(NAMES))
    assert label.separator == options.get("label_separator")
    said = capsys.readouterr().out
    assert "16 of 60 examples have no label" in said or "dataset" in form.__name__
    whole = rnnkit.data.readers.sources.load_whole(
        recipes.get("sentiment"),
        source,
        given={"target": options.pop("target")} if "target" in options else {},
        **options,
    )
    assert len(list(whole)) == 60


def test_without_a_word_a_cell_is_one_class(tmp_path, capsys):
    source, _ = separated(tmp_path)
    frame = pd.read_csv(source, keep_default_na=False)
    frame.label = frame.label.where(frame.label != "", "none")
    data = recipes.get("spam").data(frame)
    assert type(recipes.get("spam").adapt(data)[1]) is rnnkit.features.Label
    said = capsys.readouterr().out
    assert "read as one class, such as 'loud | about_food'; label_separator='|' makes" in said


def test_classes_with_signs_in_them_are_no_several_labels(capsys):
    classes = ["Smith, John", "Other; unspecified", "a|b", "plain"]
    recipes.get("spam").data(([f"text {n}" for n in range(40)], classes * 10))
    assert "label_separator" not in capsys.readouterr().out


def test_columns_without_an_example_are_labels_too():
    frame = columns(int).assign(calm=0)
    data = recipes.get("spam").data(frame, target=[*NAMES, "calm"])
    with pytest.warns(UserWarning, match="1 of 4 labels have no example.*'calm'"):
        _, label = recipes.get("spam").adapt(data)
    assert label.names == [*NAMES, "calm"]


def test_columns_by_position_without_a_header(tmp_path, capsys):
    columns(int).to_csv(tmp_path / "a.csv", index=False, header=False)
    data = recipes.get("spam").data(tmp_path / "a.csv", input=0, target=[1, 2, 3])
    assert sum(data.sizes.values()) == 60


def test_a_recipe_of_one_class_refuses_lists():
    recipe = recipes.get("fraud_detection")
    data = recipes.get("spam").data((TEXTS, LISTS))
    with pytest.raises(ValueError, match="targets are lists: use label_feature.*of Detection"):
        recipe.adapt(data)


@pytest.mark.parametrize(
    "name, source, options, message",
    [
        ("spam", columns(), {"target": ["rude", "text"]}, "line 0: several columns.*in 'text'"),
        ("spam", columns(), {"target": ["rude", "quiet"]}, "no column 'quiet'"),
        ("spam", (TEXTS, columns(int)[NAMES].to_numpy()), {}, "can be read in two ways"),
        ("spam", (TEXTS, [*LISTS[:-1], "rude"]), {}, "line 59.*lists of labels in other rows"),
        ("spam", (TEXTS, [*LISTS[:-1], [None]]), {}, "line 59.*must hold lists of labels"),
        ("spam", (TEXTS, LISTS), {"label_separator": "|"}, "label_separator is for texts"),
        ("spam", columns(), {"target": "rude", "label_separator": "|"}, "stands in no cell"),
        ("spam", columns(), {"target": "rude", "label_separator": ""}, "must be what stands"),
        ("spam", None, {"label_separator": "|"}, "of your own.*leave out label_separator"),
        ("pos_tagging", columns(), {"label_separator": "|"}, "leave out label_separator"),
        ("fraud_detection", columns(), {"target": NAMES, "input": "text"}, "one column is the tar"),
    ],
)  # fmt: skip
def test_refused(name, source, options, message):
    with pytest.raises(ValueError, match=message):
        recipes.get(name).data(source, **options)


@pytest.mark.slow
def test_images_in_a_table_of_several_columns(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(60):
        (tmp_path / f"{i}.png").write_bytes(
            pictures.to_bytes(rng.integers(0, 255, (4, 4, 1)).astype("uint8"))
        )
    frame = columns(int).drop(columns="text").assign(path=[f"{i}.png" for i in range(60)])
    frame.to_csv(tmp_path / "labels.csv", index=False)
    recipe = recipes.get("image_classification")
    data = recipe.data(tmp_path, target=NAMES)
    assert data.sizes == {"train": 48, "validation": 6, "test": 6}
    model = recipe.model(data, units=4, seed=1)
    model.fit(data.train, validation_data=data.validation, epochs=1, verbose=0)
    assert list(model.score(data.test)) == model.score_names
    assert set(model.infer(str(tmp_path / "0.png"))["probabilities"]) == set(NAMES)


@pytest.mark.slow
def test_a_sequence_of_nucleotides_with_several_labels():
    rng = np.random.default_rng(1)
    x = ["".join(rng.choice(list("ACGT"), 12)) for _ in range(40)]
    y = [[m for m in ("AC", "GT") if m in each] for each in x]
    recipe = recipes.get("dna_classification")
    data = recipe.data((x, y))
    model = recipe.model(data, units=4, filters=4, seed=1)
    model.fit(data.train, validation_data=data.validation, epochs=1, verbose=0)
    assert set(model.infer("ACGT")) == {"labels", "probabilities"}


@pytest.mark.slow
def test_from_the_command_line_to_a_file_and_back(tmp_path, capsys):
    source, _ = in_columns(tmp_path)
    path, out = str(tmp_path / "m.keras"), str(tmp_path / "out.csv")
    main(
        ["train", "spam", "--data", str(source), "--target", ",".join(NAMES), "--epochs", "2",
         "--set", "units=4", "--seed", "1", "--out", path, "--json"]
    )  # fmt: skip
    result = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert list(result["scores"])[:2] == ["micro_f1", "macro_f1"]
    main(["evaluate", path, "--data", str(source), "--target", ",".join(NAMES), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == 60 and list(found["scores"]) == list(result["scores"])
    main(["infer", path, "you fool"])
    shown = json.loads(capsys.readouterr().out)
    assert set(shown) == {"input", "labels", "probabilities"}
    main(["infer", path, str(source), "--input", "text", "--out", out])
    cells = [json.loads(cell) for cell in pd.read_csv(out).prediction]
    model = rnnkit.load_model(path)
    assert cells == [each["labels"] for each in model.infer(TEXTS)]


@pytest.mark.parametrize("targets, most", [(LISTS, 60), ([str(len(each)) for each in LISTS], 20)])
def test_several_labels_are_trained_for_longer(targets, most, monkeypatch):
    found = []
    monkeypatch.setattr(TrainingPlan, "fit", lambda plan, model, data: found.append(plan.epochs))
    recipe = recipes.get("spam")
    data = recipe.data((TEXTS, targets))
    recipe.train(data, ensemble=1)
    recipe.train(data, epochs=3)
    assert found == [most, 3]


@pytest.mark.slow
def test_folds_and_comparison(tmp_path):
    recipe = recipes.get("spam")
    data = recipe.data((TEXTS, LISTS))
    result = recipe.tune(
        data, max_trials=1, epochs=1, folds=2, options={"units": 4}, seed=1, verbose=0,
        directory=tmp_path / "search", objective="val_micro_f1",
    )  # fmt: skip
    assert result.best_model().score_names[0] == "micro_f1"
    table = rnnkit.compare(
        ["dense"], "spam", data=data, seeds=1, epochs=1, verbose=0,
        directory=str(tmp_path / "compared"),
    )  # fmt: skip
    assert table.about["score"] == "micro_f1"


def test_every_recipe_keeps_its_own_scores():
    for name in ("sentiment", "fraud_detection", "text_generation"):
        recipe = recipes.get(name)
        feature = rnnkit.features.Label() if name != "text_generation" else rnnkit.features.Text()
        assert recipe.scores_of(feature) == list(recipe.scores)
