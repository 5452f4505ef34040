"""The search in several processes, and over several machines."""

import glob
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import keras
import pytest

import rnnkit
from rnnkit.tuning import worker
from tests.tuning.toys import examples, make_recipe, records


@pytest.fixture
def table_file(tmp_path):
    path = tmp_path / "lines.csv"
    rows = [f"{text},{label}" for text, label in zip(*examples(), strict=True)]
    path.write_text("\n".join(["words,kind", *rows]))
    return str(path)


def _processes(folder):
    """Numbers of the processes that take part in a search."""
    found = []
    for name in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            words = pathlib.Path(name).read_bytes().decode().split("\0")
        except OSError:
            continue
        if str(folder / "workers.json") in words:
            found.append(int(name.split("/")[2]))
    return found


@pytest.mark.slow
def test_workers(tmp_path, table_file, capsys):
    recipe = make_recipe(
        tmp_path,
        '{"units": hp.Int("units", 2, 9), '
        '"learning_rate": hp.Float("learning_rate", 1e-3, 1e-1, sampling="log")}',
    )
    columns = {"input": "words", "target": "kind"}
    data = recipe.data(table_file, **columns)
    folder = tmp_path / "search"
    settings = {
        "tuner": "random",
        "seed": 0,
        "epochs": 2,
        "directory": folder,
        "data_arguments": {"source": table_file, **columns},
    }

    # Begun in this process, then with workers until Ctrl-C: they end, and what is finished is kept.
    recipe.tune(data, max_trials=1, **settings)

    def interrupt():
        deadline = time.monotonic() + 60
        while len(_processes(folder)) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        started.extend(_processes(folder))
        signal.raise_signal(signal.SIGINT)

    started = []
    thread = threading.Thread(target=interrupt)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            recipe.tune(data, max_trials=30, workers=2, **settings)
    finally:
        thread.join()
        signal.signal(signal.SIGINT, handler)
    assert len(started) == 3 and not _processes(folder)
    assert "best.keras" in capsys.readouterr().err
    done = {row: pathlib.Path(row).read_text() for row in records(folder)}
    assert len(done) == 1

    # The search goes on with workers, and then in this process again.
    count = 4
    result = recipe.tune(data, max_trials=count, workers=2, **settings)
    assert not _processes(folder)
    out = capsys.readouterr().out
    assert len(result.table()) == count and f"/{count}: val_loss" in out
    for row, text in done.items():
        assert pathlib.Path(row).read_text() == text
    best = result.table()[0]
    for model in (result.best_model(), rnnkit.load_model(folder / "best.keras")):
        judged = model.evaluate(data.validation, verbose=0, return_dict=True)
        assert judged["loss"] == pytest.approx(best["objective"], rel=1e-5)
    table = recipe.tune(data, max_trials=count + 1, **settings).table()
    assert len(table) == count + 1
    points = {(row["options"]["units"], row["options"]["learning_rate"]) for row in table}
    assert len(points) == count + 1


@pytest.mark.slow
def test_a_worker_that_dies_ends_the_search(tmp_path, table_file):
    recipe = make_recipe(
        tmp_path,
        '{"units": hp.Choice("units", [2, 3]), "trouble": hp.Choice("trouble", ["none", "die"])}',
    )
    columns = {"input": "words", "target": "kind"}
    data = recipe.data(table_file, **columns)
    folder = tmp_path / "search"
    with pytest.raises(RuntimeError, match=r"worker\d of the search ended early \(7\)") as error:
        recipe.tune(
            data, tuner="grid", epochs=1, directory=folder, workers=2, data_arguments=columns
        )
    assert "last words" in str(error.value)
    kept = [json.loads(pathlib.Path(name).read_text()) for name in records(folder)]
    assert {row["options"]["trouble"] for row in kept} <= {"none"}
    assert not _processes(folder)


MACHINE = """
import sys
from rnnkit import registry

recipe = registry.get(sys.argv[1])
data = recipe.data(sys.argv[2], input="words", target="kind")
result = recipe.tune(data, tuner="random", max_trials=2, epochs=1, directory=sys.argv[3])
print(sorted(row["trial"] for row in result.table()))
"""


@pytest.mark.slow
def test_a_chief_and_a_worker_of_one_search_share_the_folder(tmp_path, table_file):
    make_recipe(tmp_path, '{"units": hp.Int("units", 2, 9)}')
    folder = tmp_path / "search"
    call = [sys.executable, "-c", MACHINE, str(tmp_path / "tiny.py"), table_file, str(folder)]
    settings = {
        **os.environ,
        "KERASTUNER_ORACLE_IP": worker.ADDRESS,
        "KERASTUNER_ORACLE_PORT": str(worker._free_port()),
    }

    def start(name):
        return subprocess.Popen(
            call,
            env={**settings, "KERASTUNER_TUNER_ID": name},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    chief = start("chief")
    try:
        while not (folder / "search.json").exists() and chief.poll() is None:
            time.sleep(0.1)
        # Another search of the same folder is refused while the chief waits for its worker.
        second = start("chief")
        _, said = second.communicate(timeout=120)
        assert (
            second.returncode == 1
            and f"Another search runs in this folder: process {chief.pid}" in said
        )
        one = start("worker0")
        out, said = one.communicate(timeout=120)
        assert one.returncode == 0, said
        out, said = chief.communicate(timeout=120)
        assert chief.returncode == 0 and out.strip().endswith("[1, 2]"), said
    finally:
        chief.kill()
        chief.communicate()
    assert not (folder / ".lock").exists()


def test_workers_need_what_can_be_passed_on(run, tmp_path, table_file, recipe):
    data = recipe.data(table_file, input="words", target="kind")
    for arguments, words in (
        ({"callbacks": [keras.callbacks.TerminateOnNaN()]}, "callbacks cannot be passed on"),
        ({"options": {"learning_rate": object()}}, "options must be plain values"),
    ):
        with pytest.raises(ValueError, match=words):
            run(data=data, workers=2, **arguments)


def test_environment_of_several_machines_is_checked(run, monkeypatch):
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    with pytest.raises(ValueError, match="KERASTUNER_ORACLE_PORT must be set"):
        run()
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "1234")
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "worker1")
    with pytest.raises(ValueError, match="Received: both"):
        run(workers=2)


def test_a_call_in_a_worker_is_refused(run, monkeypatch):
    monkeypatch.setenv(worker.CHILD, "1")
    with pytest.raises(RuntimeError, match="__main__"):
        run()
