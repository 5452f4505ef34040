"""The command line, as a person and as a program call it."""

import datetime
import io
import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
import time

import pytest
import rich.console

import recipes
from rnnkit.cli import main
from rnnkit.cli.suggestions import to_infer


@pytest.fixture
def messages(tmp_path):
    """A small, learnable csv file in the current folder's `data.csv`."""
    rows = ["text,label"]
    for index in range(60):
        rows.append(f"win a free prize number {index},spam")
        rows.append(f"see you at {index} for dinner,ham")
    (tmp_path / "data.csv").write_text("\n".join(rows), encoding="utf-8")
    return tmp_path


@pytest.fixture
def here(messages, monkeypatch):
    monkeypatch.chdir(messages)
    return messages


def last_json(capsys):
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def train(capsys, *more):
    status = main(
        ["train", "spam", "--data", "data.csv", "--epochs", "6", "--seed", "1", "--json", *more]
    )
    assert status == 0
    return last_json(capsys)


@pytest.mark.slow
def test_train_evaluate_infer(here, capsys, monkeypatch):
    result = train(capsys, "--out", "model.keras", "--set", "units=8")
    assert set(result) == {"recipe", "scores", "options", "parameters", "seconds", "model"}
    assert result["recipe"] == "spam"
    assert result["options"]["units"] == 8
    assert result["options"]["seed"] == 1
    assert result["model"] == "model.keras"
    assert result["scores"]["accuracy"] == 1.0  # one word tells the classes apart

    # All rows of what is given, or the part that training left aside.
    assert main(["evaluate", "model.keras", "--data", "data.csv", "--json"]) == 0
    assert last_json(capsys) == {"scores": result["scores"], "n": 120}
    part = ["evaluate", "model.keras", "--data", "data.csv", "--json", "--split", "test"]
    assert main(part) == 0
    assert last_json(capsys) == {"scores": result["scores"], "n": 12}
    # A few rows, a table that is all test, a folder with a test file alone.
    (here / "few.csv").write_text("text,label\nwin a free prize number 3,spam\nsee you,spam\n")
    (here / "all.csv").write_text("text,label,split\na free prize,spam,test\ndinner,ham,test\n")
    (here / "only").mkdir()
    (here / "only" / "test.csv").write_text((here / "few.csv").read_text())
    for source, accuracy in (("few.csv", 0.5), ("all.csv", 1.0), ("only", 0.5)):
        assert main(["evaluate", "model.keras", "--data", source, "--json"]) == 0
        found = last_json(capsys)
        assert (found["n"], found["scores"]["accuracy"]) == (2, accuracy)
    assert main(["evaluate", "model.keras", "--data", "only", "--split", "test"]) == 2
    assert "has no training part" in capsys.readouterr().err

    assert main(["infer", "model.keras", "a free prize", "see you for dinner"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["label"] for line in lines] == ["spam", "ham"]
    assert lines[0]["input"] == "a free prize"

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"prize\n\ndinner")))
    assert main(["infer", "model.keras"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["input"] for line in lines] == ["prize", "", "dinner"]


@pytest.mark.slow
def test_class_weights_of_the_command_line(here, capsys):
    # A class that hardly weighs is not found.
    for given, accuracy in (("spam=1e-6", 0.5), ("balanced", 1.0)):
        assert train(capsys, "--class-weight", given)["scores"]["accuracy"] == accuracy
    for wrong, message in (
        (["spam"], "--class-weight takes CLASS=WEIGHT"),
        (["spam=0"], "with a weight above 0"),
        (["spam=x"], "takes CLASS=WEIGHT"),
        (["balanced", "spam=2"], "or balanced alone. Received: 'balanced'"),
        (["spam=2", "spam=3"], "names the class 'spam' twice"),
        (["spm=2"], "names the class 'spm'. Did you mean 'spam'?"),
    ):
        given = [part for each in wrong for part in ("--class-weight", each)]
        assert main(["train", "spam", "--data", "data.csv", *given]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.slow
def test_default_output_never_replaces_a_file(here, capsys):
    assert train(capsys)["model"] == "spam.keras"
    before = (here / "spam.keras").read_bytes()
    assert train(capsys)["model"] == "spam-2.keras"
    assert (here / "spam.keras").read_bytes() == before


@pytest.mark.slow
def test_seed_gives_the_same_scores(here, capsys):
    first, second = train(capsys, "--set", "dropout=0.5"), train(capsys, "--set", "dropout=0.5")
    assert first["scores"] == second["scores"]


def test_list_and_show(capsys):
    assert main(["list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"spam", "sentiment"} <= {row["name"] for row in listed}
    assert main(["list"]) == 0
    assert "many-to-one" in capsys.readouterr().out
    assert main(["show", "sentiment"]) == 0
    shown = capsys.readouterr().out
    assert "vocabulary_size" in shown and "synthetic" in shown.lower()
    assert main(["show", "sentiment", "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["options"]["cell"] == "lstm"
    assert "units" in about["search_space"]
    assert about["small"] == recipes.get("sentiment").small


def test_show_has_the_defaults_for_small_data(capsys):
    assert main(["show", "dna_classification"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"(?m)^small data: batch_size +8 +.*fewer than 500 examples", shown)
    assert re.search(r"(?m)^small data: ensemble +5 ", shown)


@pytest.mark.parametrize("name", [each["name"] for each in recipes.list()])
def test_the_next_command_is_that_of_the_recipe(name):
    call = to_infer(recipes.get(name), "my model.keras")
    program, infer, path, *inputs = shlex.split(call)
    assert (program, infer, path) == ("rnnkit", "infer", "my model.keras")
    assert inputs or name == "chatbot"  # which then asks


@pytest.mark.slow
def test_each_line_of_a_training_is_ours(tmp_path):
    """Also where TensorFlow prints all it has to say, as it does by default."""
    words = "train spam --epochs 1 --out m.keras".split()
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-m", "rnnkit.cli", *words],
        cwd=tmp_path,
        env=environment,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    ours = r"Epoch 1/1|\d+/\d+ - .* - loss: .*|Trained .*|Scores on .*|Saved to m.keras. Try: .*|"
    assert [line for line in done.stdout.splitlines() if not re.fullmatch(ours, line)] == []


def test_piped_output_is_plain_and_a_line_a_row(capsys):
    assert main(["list"]) == 0
    names, *rows = capsys.readouterr().out.splitlines()
    assert names.split() == ["name", "pattern", "input", "→", "output", "cell", "dataset"]
    assert [row.split()[0] for row in rows] == [each["name"] for each in recipes.list()]
    assert main(["show", "spam"]) == 0
    shown = capsys.readouterr().out
    assert not set("│┃━─") & set(shown)
    assert re.search(r"(?m)^ngrams +2 +Longest word n-gram, .* words\.$", shown)
    assert re.search(r"(?m)^vectors +None +File of word vectors", shown) and "file or None" in shown


@pytest.mark.parametrize("command", ["list", "show spam"])
def test_a_reader_who_has_enough_is_no_failure(command):
    program = f"{sys.executable} -m rnnkit.cli {command} | head -1"
    call = ["bash", "-o", "pipefail", "-c", program]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr == "" and len(done.stdout.splitlines()) == 1


def test_names_are_whole_in_a_window_of_80_columns():
    text = io.StringIO()
    rich.console.Console(file=text, width=80, force_terminal=True, color_system=None).print(
        recipes.list()
    )
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    words = {word for line in lines for word in line.split()}
    for row in recipes.list():
        assert {row["name"], row["pattern"], row["cell"]} <= words
        assert {row["dataset"], row["dataset"].split("/")[-1]} & words
    wide = io.StringIO()
    rich.console.Console(file=wide, width=140).print(recipes.list())
    assert "│ rnnkit_series/mackey_glass_17 │" in wide.getvalue()


@pytest.mark.slow
def test_copy_runs_and_does_not_replace(here, capsys):
    assert main(["copy", "spam", "mine.py"]) == 0
    assert main(["copy", "spam", "mine.py"]) == 2
    assert "exists" in capsys.readouterr().err
    assert main(["show", "mine.py", "--json"]) == 0
    status = main(
        ["train", "mine.py", "--data", "data.csv", "--epochs", "1", "--out", "mine.keras", "--json"]
    )
    assert status == 0
    assert main(["evaluate", "mine.keras", "--recipe", "mine.py", "--data", "data.csv"]) == 0


@pytest.mark.slow
def test_tune(here, capsys):
    call = ["tune", "spam", "--data", "data.csv", "--tuner", "random", "--max-trials", "2"]
    assert main([*call, "--epochs", "2", "--seed", "1", "--out", "best.keras", "--json"]) == 0
    result = last_json(capsys)
    assert result["trials"] == 2
    assert set(result["options"]) >= {"units", "ngrams"}
    assert main(["evaluate", "best.keras", "--data", "data.csv", "--json"]) == 0
    assert last_json(capsys)["scores"] == result["scores"]


@pytest.mark.slow
def test_tune_by_folds(here, capsys):
    call = ["tune", "spam", "--data", "data.csv", "--tuner", "random", "--max-trials", "1"]
    call += ["--epochs", "1", "--folds", "2", "--seed", "1"]
    assert main(call) == 0
    out = capsys.readouterr().out
    assert "Folds: 2, of" in out and " ± " in out and "std" in out and "Saved to spam.keras" in out
    assert main([*call[:-4], "--folds", "3", "--seed", "1"]) == 2
    assert "folds (2 before, 3 now)" in capsys.readouterr().err


@pytest.mark.slow
def test_a_text_that_is_cut_is_said_once_and_plainly(here, capsys):
    (here / "long.csv").write_text(
        "text,label\n" + "good good good,yes\n" * 20 + "bad bad bad,no\n" * 20
    )
    call = ["train", "sentiment", "--data", "long.csv", "--epochs", "1", "--out", "m.keras"]
    assert main([*call, "--set", "max_length=2", "--set", "units=2"]) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "max_length" in line]
    assert notes and all(line.startswith("rnnkit: note: ") for line in notes)
    assert sum("32 of 32" in line for line in notes) == 1


BAD_CALLS = [
    (["train", "spm"], "Did you mean 'spam'"),
    (["train", "spam", "--set", "unit=3"], "Did you mean 'units'"),
    (["train", "spam", "--set", "units=many"], "whole number"),
    (["train", "spam", "--set", "units"], "OPTION=VALUE"),
    (["train", "sentiment", "--cell", "ltsm", "--data", "data.csv"], "Did you mean 'lstm'"),
    (["train", "spam", "--data", "missing.csv"], "missing.csv"),
    (["train", "spam", "--data", "data.csv", "--epochs", "0"], "--epochs must be at least 1"),
    (["train", "spam", "--data", "data.csv", "--batch-size", "-1"], "--batch-size"),
    (["train", "spam", "--data", "data.csv", "--input", "body"], "no column 'body'"),
    (["train", "spam", "--data", "data.csv", "--out", "nowhere/m.keras"], "does not exist"),
    (["train", "spam", "--data", "data.csv", "--out", "m.h5"], "'.keras'"),
    (["train", "spam", "--data", "data.csv", "--out", "data.csv"], "'.keras'"),
    (["train", "spam", "--data", "empty.csv"], "empty"),
    (["train", "spam", "--data", "one.csv"], "only 'ham'"),
    (["train", "spam", "--data", "bytes.csv"], "line 2"),
    (["evaluate", "data.csv"], "'.keras'"),
    (["evaluate", "none.keras"], "no file"),
    (["infer", "none.keras", "a"], "no file"),
    (["tune", "spam", "--data", "data.csv", "--tuner", "bayes"], "bayesian"),
    (["tune", "spam", "--data", "data.csv", "--max-trials", "0"], "--max-trials"),
    (["tune", "spam", "--data", "data.csv", "--workers", "1"], "--workers"),
    (
        ["tune", "spam", "--data", "data.csv", "--folds", "1"],
        "integer of at least 2",
    ),
]


@pytest.mark.parametrize("call, message", BAD_CALLS, ids=lambda value: str(value)[:60])
def test_a_wrong_call_gets_one_plain_message(here, capsys, call, message):
    (here / "empty.csv").write_text("")
    (here / "one.csv").write_text("text,label\n" + "hello,ham\n" * 30)
    (here / "bytes.csv").write_bytes(b"text,label\n\xff\xfe,ham\n")
    before = sorted(os.listdir(here))
    assert main(call) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert len([line for line in error.splitlines() if line.startswith("rnnkit: error")]) == 1
    assert sorted(os.listdir(here)) == before  # nothing half written


def test_an_existing_output_is_kept(here, capsys):
    (here / "model.keras").write_text("precious")
    assert main(["train", "spam", "--data", "data.csv", "--out", "model.keras"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (here / "model.keras").read_text() == "precious"


def test_unknown_words_of_the_command_line_end_with_2(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["trian"])
    assert stop.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
def test_labels_never_seen_are_named(here, capsys):
    train(capsys, "--out", "model.keras")
    rows = "text,label\n" + "hello,phishing\n" * 30 + "hi,ham\n" * 30
    (here / "other.csv").write_text(rows)
    assert main(["evaluate", "model.keras", "--data", "other.csv"]) == 2
    error = capsys.readouterr().err
    assert "'phishing'" in error and "'ham', 'spam'" in error


# === Series ===


@pytest.fixture(scope="module")
def forecasting(tmp_path_factory):
    """A folder with `load.csv`, 200 days of a week's cycle, and a small network for it."""
    folder = tmp_path_factory.mktemp("series")
    rows = [
        f"{datetime.date(2024, 1, 1) + datetime.timedelta(days)},{50 + 9 * math.sin(days / 1.114)}"
        for days in range(200)
    ]
    (folder / "load.csv").write_text("day,load\n" + "\n".join(rows) + "\n")
    call = ["train", "forecasting", "--data", str(folder / "load.csv"), "--seed", "1"]
    call += ["--set", "horizon=3", "--set", "units=30", "--out", str(folder / "load.keras")]
    assert main(call) == 0
    return folder


@pytest.mark.slow
def test_forecasts_from_files_and_from_standard_input(forecasting, capsys, monkeypatch):
    monkeypatch.chdir(forecasting)
    assert main(["infer", "load.keras", "load.csv", "load.csv"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == second
    assert list(first) == ["input", "forecast", "lower", "upper", "time"]
    assert first["input"] == "load.csv"
    assert first["time"] == ["2024-07-19", "2024-07-20", "2024-07-21"]
    expected = [50 + 9 * math.sin(days / 1.114) for days in (200, 201, 202)]
    assert first["forecast"] == pytest.approx(expected, abs=1.0)
    assert all(low < high for low, high in zip(first["lower"], first["upper"], strict=True))
    text = (forecasting / "load.csv").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert main(["infer", "load.keras"]) == 0
    assert last_json(capsys) == {**first, "input": None}
    # Only the columns of the model are looked at.
    lines = [line + f",{index}" for index, line in enumerate(text.decode().splitlines())]
    (forecasting / "wide.csv").write_text("\n".join(lines))
    assert main(["infer", "load.keras", "wide.csv"]) == 0
    assert last_json(capsys)["forecast"] == first["forecast"]
    assert main(["evaluate", "load.keras", "--data", "load.csv", "--json"]) == 0
    scores = last_json(capsys)["scores"]
    assert list(scores)[:3] == ["mse", "mae", "nrmse"]
    assert scores["mse"] < 1e-4 < scores["persistence_mse"]
    assert scores["seasonal_mse"] < 1e-4  # the season is exact here


@pytest.mark.slow
def test_a_network_trained_by_gradient(forecasting, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    call = ["train", "forecasting", "--data", str(forecasting / "load.csv"), "--cell", "lstm"]
    call += ["--input", "load", "--target", "load", "--set", "units=3", "--set", "horizon=2"]
    assert main([*call, "--epochs", "1", "--json", "--out", "lstm.keras"]) == 0
    assert last_json(capsys)["options"]["cell"] == "lstm"
    assert main(["infer", "lstm.keras", str(forecasting / "load.csv")]) == 0
    assert len(last_json(capsys)["forecast"]) == 2


TRAIN = ["train", "forecasting", "--set", "units=9", "--data"]
BAD_SERIES = [
    ([*TRAIN, "load.csv", "--set", "horizon=150"], "longer than the horizon of 150"),
    (
        [*TRAIN, "load.csv", "--set", "horizon=1", "--set", "washout=190"],
        "first 190 are washout",
    ),
    ([*TRAIN, "load.csv", "--set", "leak_rate=2"], "leak_rate=2"),
    ([*TRAIN, "load.csv", "--set", "spectral_radius=-1"], "spectral_radius=-1"),
    ([*TRAIN, "load.csv", "--cell", "lstm", "--set", "window=9", "--set", "washout=9"], "window"),
    ([*TRAIN, "load.csv", "--target", "wind"], "no column 'wind'"),
    ([*TRAIN, "still.csv"], "'load' never changes"),
    ([*TRAIN, "twice.csv"], "2024-01-02 occurs twice"),
    ([*TRAIN, "words.csv"], "'many'"),
    ([*TRAIN, "few.csv"], "8 rows"),
    (["infer", "load.keras", "none.csv"], "none.csv"),
    (["infer", "load.keras", "other.csv"], "no column 'load'"),
    (["infer", "load.keras", "words.csv"], "'many'"),
]


@pytest.mark.slow
@pytest.mark.parametrize("call, message", BAD_SERIES, ids=lambda value: str(value)[-40:])
def test_series_that_do_not_fit_get_one_plain_message(
    forecasting, capsys, monkeypatch, call, message
):
    monkeypatch.chdir(forecasting)
    days = [str(datetime.date(2024, 1, 1) + datetime.timedelta(day)) for day in range(40)]

    def write(name, days, values, header="day,load"):
        rows = [header, *(f"{day},{value}" for day, value in zip(days, values, strict=False))]
        (forecasting / name).write_text("\n".join(rows))

    write("still.csv", days, [5] * 40)
    write("twice.csv", [*days[:2], *days[1:]], range(40))
    write("words.csv", days, ["many"] * 40)
    write("few.csv", days, range(8))
    write("other.csv", days, range(40), "day,wind")
    before = sorted(os.listdir(forecasting))
    assert main(call) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len([line for line in error.splitlines() if line.startswith("rnnkit: error")]) == 1
    assert sorted(os.listdir(forecasting)) == before


def test_list_show_and_help_are_quick_and_light():
    code = (
        "import sys, rnnkit.cli as cli\n"
        "cli.main(['list']); cli.main(['show', 'sentiment']); cli.main(['show', 'forecasting'])\n"
        "try: cli.main(['train', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'keras', 'matplotlib', 'sklearn'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.slow
def test_interrupted_training_leaves_the_best_model(messages):
    # Much data, so that training goes on for long after the first epoch is saved.
    head, *rows = (messages / "data.csv").read_text().splitlines()
    (messages / "long.csv").write_text("\n".join([head, *rows * 30]))
    command = [sys.executable, "-m", "rnnkit.cli", "train", "spam", "--data", "long.csv"]
    process = subprocess.Popen(
        [*command, "--epochs", "100000", "--out", "model.keras", "--batch-size", "2"],
        cwd=messages,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in the background, Ctrl-C is ignored, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        wait_for(messages / "model.keras", process)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert str(messages / "model.keras") in error
    assert "Traceback" not in error
    assert main(["infer", str(messages / "model.keras"), "prize"]) == 0


def wait_for(path, process, seconds=90):
    stop = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < stop, "no checkpoint was written"
        time.sleep(0.1)
