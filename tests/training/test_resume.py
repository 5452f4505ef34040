"""Training that goes on where it was stopped, to the same bits, and what it does not go on with."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

import recipes
import rnnkit
from rnnkit import registry
from rnnkit.cli import main
from rnnkit.training.keeping import KeepState, read
from rnnkit.training.state import HEADER, StateFile
from rnnkit.utils.signals import Terminated
from tests import helpers, tiers
from tests.training import toys
from tests.training.interruptions import Stop, interrupt, terminate

FILE = toys.__file__
TEXTS, LABELS = helpers.presence(40)
PARTS = {
    "train": (TEXTS[:28], LABELS[:28]),
    "validation": (TEXTS[28:34], LABELS[28:34]),
    "test": (TEXTS[34:], LABELS[34:]),
}


@pytest.fixture(scope="module")
def recipe():
    return registry.get(FILE)


@pytest.fixture(scope="module")
def data(recipe):
    return recipe.data(PARTS)


@pytest.fixture(scope="module")
def undisturbed(recipe, data, tmp_path_factory):
    """The weights, the optimizer's variables and the curves of a training in one go."""
    path = tmp_path_factory.mktemp("undisturbed") / "m.keras"
    return result(recipe.train(data, out=path, verbose=0))


def result(model):
    variables = [each.numpy() for each in model.optimizer.variables]
    return model.get_weights(), variables, model.history.history, model.history.epoch


def same(first, second):
    return (
        helpers.weights_equal(first[0], second[0])
        and helpers.weights_equal(first[1], second[1])
        and first[2:] == second[2:]
    )


@pytest.fixture(scope="module")
def stopped_once(recipe, data, tmp_path_factory):
    """The path of a model whose training was stopped in its fourth epoch."""
    path = tmp_path_factory.mktemp("stopped") / "m.keras"
    with pytest.raises(KeyboardInterrupt):
        recipe.train(data, out=path, verbose=0, callbacks=[Stop(3)])
    return path


@pytest.fixture
def stopped(stopped_once, tmp_path):
    """The path of a copy of it."""
    shutil.copytree(stopped_once.parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / "m.keras"


# === The same weights ===


@pytest.mark.slow
def test_stopped_twice_it_ends_as_if_it_never_had_been(
    recipe, data, undisturbed, stopped, tmp_path, capfd
):
    assert sorted(os.listdir(tmp_path)) == ["m.keras", "m.keras.training"]
    best = rnnkit.load_model(stopped)  # the best epoch so far
    assert best.infer("a high one")["label"] in ("yes", "no")
    with pytest.raises(KeyboardInterrupt):
        recipe.train(data, out=stopped, resume=True, callbacks=[Stop(4, 2)])
    out, err = capfd.readouterr()
    assert "Training goes on after epoch 3 of 5, from " in err
    assert f"The best model so far is in {stopped}; with resume=True" in err
    model = recipe.train(data, out=stopped, resume=True, verbose=0)
    assert same(result(model), undisturbed)
    assert os.listdir(tmp_path) == ["m.keras"]
    assert helpers.weights_equal(rnnkit.load_model(stopped).get_weights(), undisturbed[0])


@pytest.mark.slow
def test_early_stopping_and_a_plateau_know_what_was_before(recipe, data, tmp_path):
    """Both count epochs without progress, over the interruption."""

    def train(name, stop=None, resume=False):
        plateau = keras.callbacks.ReduceLROnPlateau("val_loss", patience=1, min_delta=9.0)
        stopping = keras.callbacks.EarlyStopping(
            "val_loss", patience=3, min_delta=9.0, restore_best_weights=True
        )
        return recipe.train(
            data, epochs=9, out=tmp_path / name, resume=resume, verbose=0, learning_rate=0.5,
            callbacks=[plateau, stopping, *([stop] if stop else [])],
        )  # fmt: skip

    whole = train("whole.keras")
    with pytest.raises(KeyboardInterrupt):
        train("m.keras", Stop(2))
    again = train("m.keras", resume=True)
    assert len(whole.history.epoch) == 4 and same(result(again), result(whole))
    assert whole.history.history["learning_rate"] == pytest.approx([0.5, 0.5, 0.05, 0.005])


@pytest.mark.slow
def test_killed_and_terminated_in_other_processes(recipe, data, undisturbed, tmp_path):
    path = tmp_path / "m.keras"
    for stop, code in (("Stop(2, 1, kill)", -signal.SIGKILL), ("Stop(3, 0, terminate)", 1)):
        run = subprocess.run(
            [sys.executable, "-c", ALONE.format(path=str(path), stop=stop)],
            cwd=helpers.ROOT,
            capture_output=True,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        assert run.returncode == code, run.stderr
    assert (
        "ended by Terminated" in run.stderr and "Interrupted. The best model so far" in run.stderr
    )
    model = recipe.train(data, out=path, resume=True, verbose=0)
    assert same(result(model), undisturbed)


ALONE = """
import sys
from rnnkit import registry
from tests.training.interruptions import Stop, kill, terminate
from tests.training.test_resume import FILE, PARTS
recipe = registry.get(FILE)
try:
    recipe.train(recipe.data(PARTS), out={path!r}, resume=True, verbose=0, callbacks=[{stop}])
except KeyboardInterrupt as stop:
    sys.exit("ended by " + type(stop).__name__)
"""


@pytest.mark.slow
def test_a_full_disk(recipe, data, undisturbed, tmp_path, monkeypatch):
    path, write, written = tmp_path / "m.keras", StateFile.write, []

    def until_full(self, *args):
        written.append(1)
        if len(written) == 3:
            monkeypatch.setattr(np.lib.format, "write_array", full)
        write(self, *args)

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(StateFile, "write", until_full)
    with pytest.raises(OSError, match="the state of the training could not be.*m.keras.training"):
        recipe.train(data, out=path, verbose=0)
    monkeypatch.undo()
    assert sorted(os.listdir(tmp_path)) == ["m.keras", "m.keras.training"]
    assert StateFile(path).header()["epoch"] == 2
    assert same(result(recipe.train(data, out=path, resume=True, verbose=0)), undisturbed)


# Of each pattern; where a training is of two parts it is stopped in the second.
CASES = {
    "spam": ((200, 40, 40), {"units": 4}),
    "image_classification": ((100, 20, 20), {}),
    "sentiment": ((100, 30, 20), {"units": 4}),
    "pos_tagging": ((60, 20, 20), {"units": 4}),
    "forecasting": ((5, 5, 5), {"units": 4, "cell": "lstm"}),
    "text_generation": ((20, 5, 5), {"units": 8}),
    "music_generation": ((40, 10, 10), {"units": 8}),
    "image_captioning": ((60, 20, 20), {"units": 8, "reward_epochs": 3, "batch_size": 24}),
    "translation": ((80, 20, 20), {"units": 8}),
    "speech_to_text": ((24, 8, 8), {"units": 8}),
    "handwriting": ((24, 8, 8), {"units": 8}),
}


@pytest.mark.filterwarnings("ignore:The threshold stays")
@pytest.mark.parametrize("name", tiers.first(CASES, ()))
def test_each_pattern(name, tmp_path):
    sizes, options = CASES[name]
    recipe = recipes.get(name)
    data = helpers.small(recipe, sizes)
    arguments = {"epochs": 4, "seed": 1, "verbose": 0, "batch_size": 8, **options}
    whole = recipe.train(data, out=tmp_path / "whole.keras", **arguments)
    path, stop = tmp_path / "m.keras", Stop(2)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            recipe.train(data, out=path, resume=True, callbacks=[stop], **arguments)
    assert len(StateFile(path).header()["curves"]) == 1
    if "reward_epochs" in options:
        with pytest.raises(KeyboardInterrupt):
            recipe.train(data, out=path, resume=True, callbacks=[InLater(1)], **arguments)
        assert len(StateFile(path).header()["curves"]) == 2
    assert same(result(recipe.train(data, out=path, resume=True, **arguments)), result(whole))


class InLater(Stop):
    """Stops in an epoch of the part that has no loss but a reward."""

    def on_train_batch_end(self, batch, logs=None):
        if "reward" in logs:
            super().on_train_batch_end(batch, logs)


@pytest.mark.slow
def test_a_solved_model_starts_anew(tmp_path, capfd):
    recipe = recipes.get("forecasting")
    t = np.arange(300.0)
    data, path = recipe.data(np.sin(t / 5) + np.sin(t / 7)), tmp_path / "m.keras"
    arguments = {"units": 10, "horizon": 2, "seed": 1, "out": path}
    whole = recipe.train(data, verbose=0, **arguments)
    again = recipe.train(data, resume=True, **arguments)
    assert helpers.weights_equal(whole.get_weights(), again.get_weights())
    assert (
        f"There is no {path}.training to go on from: training starts anew" in capfd.readouterr()[1]
    )


# === The command line ===


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A csv file of the same data, in the current folder."""
    monkeypatch.chdir(tmp_path)
    rows = [
        f"{text},{label},{split}"
        for split, (texts, labels) in PARTS.items()
        for text, label in zip(texts, labels, strict=True)
    ]
    (tmp_path / "data.csv").write_text("\n".join(["text,label,split", *rows]))
    return tmp_path


@pytest.fixture
def stop_at(monkeypatch):
    """Function that makes the training stop as soon as the state of an epoch is kept."""
    begin = KeepState.on_epoch_begin

    def set_to(wanted, how):
        def stop(self, epoch, logs=None):
            begin(self, epoch, logs)
            if epoch == wanted:
                how()

        monkeypatch.setattr(KeepState, "on_epoch_begin", stop)

    yield set_to


@pytest.mark.slow
def test_the_command_line(table, undisturbed, stop_at, capsys):
    call = ["train", FILE, "--data", "data.csv", "--json"]
    before = signal.getsignal(signal.SIGTERM)
    stop_at(2, terminate)
    assert main(call) == 143
    stop_at(3, interrupt)
    assert main([*call, "--resume"]) == 130
    assert signal.getsignal(signal.SIGTERM) == before == signal.SIG_DFL
    assert sorted(os.listdir()) == ["data.csv", "toy.keras", "toy.keras.training"]
    stop_at(9, interrupt)
    assert main([*call, "--resume"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out.splitlines()[-1])["model"] == "toy.keras"
    assert "Training goes on after epoch 3 of 5, from toy.keras.training" in err
    weights = rnnkit.load_model("toy.keras").get_weights()
    assert helpers.weights_equal(weights, undisturbed[0])
    assert sorted(os.listdir()) == ["data.csv", "toy.keras"]


def test_which_training_goes_on_is_never_guessed(table, stop_at, capsys):
    call = ["train", FILE, "--data", "data.csv"]
    for number in ("", "-2"):
        StateFile(f"toy{number}.keras").write({"run": {}}, {})
    assert main([*call, "--resume"]) == 2
    assert "say which with --out, one of ['toy-2.keras', 'toy.keras']" in capsys.readouterr().err
    os.unlink("toy-2.keras.training")
    (table / "toy.keras").write_text("")
    assert main([*call, "--resume"]) == 2
    assert "The training in toy.keras.training cannot go on" in capsys.readouterr().err
    os.unlink("toy.keras.training")
    assert main([*call, "--resume", "--out", "toy.keras"]) == 2
    assert "toy.keras exists: pass --overwrite" in capsys.readouterr().err


# === What lies at the path ===


@pytest.mark.slow
@pytest.mark.parametrize("how", [interrupt, terminate])
def test_a_first_epoch_that_does_not_end_leaves_what_is_there(how, recipe, data, tmp_path, capfd):
    path, before = tmp_path / "m.keras", signal.getsignal(signal.SIGTERM)
    for text in (None, "an old model"):
        if text:
            path.write_text(text)
        with pytest.raises(KeyboardInterrupt) as stop:
            recipe.train(data, out=path, verbose=0, callbacks=[Stop(0, 2, how)])
        assert (stop.type is Terminated) == (how is terminate)
        err = capfd.readouterr().err
        kept = f"{path} is as it was" if text else "Nothing was saved"
        assert f"Interrupted before an epoch ended. {kept}" in err
    assert path.read_text() == "an old model"
    assert os.listdir(tmp_path) == ["m.keras"]
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.slow
def test_without_resume_it_starts_anew(recipe, data, undisturbed, stopped, tmp_path):
    kept = StateFile(stopped).header()
    with pytest.warns(UserWarning, match="resume=True .* goes on with it. This one starts anew"):
        with pytest.raises(KeyboardInterrupt):
            recipe.train(data, out=stopped, verbose=0, units=2, callbacks=[Stop(0)])
    assert StateFile(stopped).header() == kept  # until an epoch has ended
    with pytest.warns(UserWarning, match="starts anew"):
        with pytest.raises(KeyboardInterrupt):
            recipe.train(data, out=stopped, verbose=0, units=2, callbacks=[Stop(1)])
    found = StateFile(stopped).header()
    assert found["epoch"] == 1 and found["run"]["options"]["units"] == 2
    with pytest.warns(UserWarning, match="starts anew"):
        assert same(result(recipe.train(data, out=stopped, verbose=0)), undisturbed)
    assert os.listdir(tmp_path) == ["m.keras"]


# === What it refuses ===


@pytest.mark.slow
@pytest.mark.parametrize(
    "change, words",
    [
        ({"units": 2}, r"options \(units: 3 before, 2 now\)"),
        ({"epochs": 6}, r"epochs \(5 before, 6 now\)"),
        ({"batch_size": 4}, r"batch_size \(None before, 4 now\)"),
        (
            {"learning_rate": 0.2},
            "optimizer .learning_rate.*options .learning_rate: 0.05 before, 0.2",
        ),
        ({"data": 1}, "differs in: data "),
        ({"callbacks": [keras.callbacks.ReduceLROnPlateau()]}, "with other callbacks"),
    ],
    ids=["units", "epochs", "batch size", "learning rate", "data", "callbacks"],
)
def test_another_training_does_not_go_on(change, words, recipe, data, stopped):
    change = dict(change)
    if change.pop("data", None):
        texts, labels = PARTS["train"]
        other = {**PARTS, "train": ([*texts[:-1], "high red"], labels)}
        data = recipe.data(other)
    before = stopped.read_bytes(), StateFile(stopped).header()
    with pytest.raises(ValueError, match=words) as error:
        recipe.train(data, out=stopped, resume=True, verbose=0, **change)
    assert f"{stopped}.training" in str(error.value)
    assert (stopped.read_bytes(), StateFile(stopped).header()) == before


def test_resume_needs_a_file(recipe, data):
    with pytest.raises(ValueError, match="pass its path as out. Received: out=None"):
        recipe.train(data, resume=True)


def rewritten(path, change):
    """Writes a state anew, with the parts that a function makes of its parts."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    kind = change(parts) or zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def header_with(**values):
    def change(parts):
        parts[HEADER] = json.dumps({**json.loads(parts[HEADER]), **values}).encode()

    return change


def grown(parts):
    head = parts["model/0"]
    parts["model/0"] = head.replace(b"'shape': (", b"'shape': (9", 1).replace(b"   \n", b"  \n", 1)


DAMAGES = {
    "compressed": lambda parts: zipfile.ZIP_DEFLATED,
    "no header": lambda parts: parts.pop(HEADER) and None,
    "no JSON": lambda parts: parts.update({HEADER: b"\xff{"}),
    "nested": lambda parts: parts.update({HEADER: b"[" * 100_000}),
    "other format": header_with(format="?"),
    "no epoch": header_with(epoch=None),
    "far epoch": header_with(epoch=5),
    "no curves": header_with(curves=[]),
    "odd curves": header_with(curves=[{"history": {"loss": ["x"]}, "epoch": [0]}]),
    "odd callbacks": header_with(callbacks=[{"class": "EarlyStopping", "values": {}, "best": 1}]),
    "missing array": lambda parts: parts.pop("optimizer/0") and None,
    "another array": lambda parts: parts.update({"other": b""}),
    "grown": grown,
    "cut": lambda parts: parts.update({"model/0": parts["model/0"][:-1]}),
    "pickle": lambda parts: parts.update({"model/0": b"\x80\x04." + bytes(200)}),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_state_that_is_damaged(damage, stopped):
    file = StateFile(stopped)
    run, wanted = file.header()["run"], arrays_of(stopped)
    rewritten(file.path, DAMAGES[damage])
    with pytest.raises(
        ValueError, match="m.keras.training is damaged.*Remove it, or train without"
    ):
        read(file, run, [5])
        file.arrays(wanted)


def test_a_state_that_is_cut_or_changed(recipe, data, stopped):
    file = StateFile(stopped)
    wanted = arrays_of(stopped)
    with open(file.path, "rb") as stream:
        whole = stream.read()
    middle = whole.index(b"'shape'") + 150  # a number of the first array: the check sum tells
    changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    for content in (b"", whole[:100], whole[: len(whole) // 2], whole[:-1], changed):
        with open(file.path, "wb") as stream:
            stream.write(content)
        with pytest.raises(ValueError, match="m.keras.training is damaged"):
            file.header()
            file.arrays(wanted)
    with pytest.raises(ValueError, match="m.keras.training is damaged"):
        recipe.train(data, out=stopped, resume=True, verbose=0)


def arrays_of(path):
    """The arrays of a state by name."""
    found = {}
    with zipfile.ZipFile(f"{path}.training") as archive:
        for name in {*archive.namelist()} - {HEADER}:
            with archive.open(name) as part:
                found[name] = np.lib.format.read_array(part)
    return found


def test_another_version_is_told(recipe, data, stopped):
    rewritten(f"{stopped}.training", header_with(versions="keras 9"))
    with pytest.warns(UserWarning, match="was written by keras 9, this is keras 3"):
        with pytest.raises(KeyboardInterrupt):
            recipe.train(data, out=stopped, resume=True, verbose=0, callbacks=[Stop(3)])


def test_types_that_numpy_has_no_name_for(tmp_path):
    """Such as bfloat16, and scalars and empty arrays."""
    state = StateFile(tmp_path / "m.keras")
    half = keras.ops.convert_to_numpy(keras.ops.cast([1.5, -3.0], "bfloat16"))
    arrays = {"a": half, "b": np.array(3, "int64"), "c": np.zeros((0, 2), "float32")}
    state.write({"x": np.float32(2)}, arrays)
    found = state.arrays(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()
    assert state.header()["x"] == 2.0
