"""Kills at random moments: trainings, searches and comparisons end as if they had never been.

    python -m tests.battery_kills

Every command is run once undisturbed. Then it is started again and again, and killed with SIGKILL
at a random moment, until it was killed often enough; the last time it runs to its end. What it
makes must be the same, no file may be half written at any time, and no scratch may be left.
"""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile

import h5py
import numpy as np

from tests import helpers
from tests.tuning import toys

# Recipes that are trained, each of another pattern: the name of its data file, and its options.
TRAINED = {
    "spam": ("pairs.csv", ["--set", "units=4", "--epochs", "40"]),
    "sentiment": ("pairs.csv", ["--set", "units=4", "--epochs", "20", "--batch-size", "8"]),
    "translation": ("texts.csv", ["--set", "units=8", "--epochs", "15", "--batch-size", "16"]),
    "text_generation": ("lines.txt", ["--set", "units=8", "--epochs", "20", "--batch-size", "4"]),
}
TUNERS = ("random", "hyperband", "grid")
# What a command says when its work has begun.
SAID = {"train": "Epoch", "tune": "Trial", "compare": "updates"}
LONGEST = 600  # seconds that a command may take


def run(seed=None, training=20, tuning=10, comparing=5):
    """Kills commands at random moments.

    Args:
        seed: Integer that fixes the moments, as far as the machine lets it.
        training, tuning, comparing: How many kills of each.

    Returns:
        List of rows `(part, tried, held, fell)`: the number of kills, how many of them changed
        nothing, and a text for each thing that was wrong.
    """
    return list(each(seed, training, tuning, comparing))


def each(seed=None, training=20, tuning=10, comparing=5):
    """The rows of `run`, as they come."""
    rng = random.Random(seed)
    plan = [
        *((f"train {name}", _train(name), count) for name, count in _shares(TRAINED, training)),
        *((f"tune {name}", _tune(name), count) for name, count in _shares(TUNERS, tuning)),
        ("compare", _compare, comparing),
    ]
    for part, command, count in plan:
        if count:
            yield _killed(part, command, count, rng)


def _shares(names, total):
    """How many of a total fall to each name."""
    names = list(names)
    return [
        (name, total // len(names) + (index < total % len(names)))
        for index, name in enumerate(names)
    ]


# === Commands, each in a folder of its own ===


def _train(name):
    file, options = TRAINED[name]

    def command():
        options_ = ["--data", file, "--seed", "1", "--out", "m.keras", "--resume", "--overwrite"]
        return ["train", name, *options_, *options], _weights

    return command


def _tune(tuner):
    def command():
        recipe = toys.make_recipe(".", '{"units": hp.Int("units", 2, 9)}')
        options = ["--tuner", tuner, "--max-trials", "8", "--seed", "1", "--epochs", "9"]
        options += ["--directory", "search", "--out", "m.keras", "--overwrite"]
        return ["tune", recipe.source_file(), "--data", "pairs.csv", *options], _search

    return command


def _compare():
    options = ["--cells", "dense,gru", "--lags", "3,4", "--seeds", "2", "--budget", "60"]
    return ["compare", "parity", *options, "--parameters", "150", "--directory", "runs"], _runs


def _write_data():
    texts, labels = helpers.presence(120)
    rows = [f"{text},{label}" for text, label in zip(texts, labels, strict=True)]
    pathlib.Path("pairs.csv").write_text("\n".join(["text,label", *rows]))
    rows = [f"{text},{' '.join(reversed(text.split()))}" for text in texts]
    pathlib.Path("texts.csv").write_text("\n".join(["source,target", *rows]))
    pathlib.Path("lines.txt").write_text("\n".join(texts * 4))


# === What they make ===


def _weights():
    """The weights of the model, of its optimizer too."""
    with zipfile.ZipFile("m.keras") as archive, archive.open("model.weights.h5") as stream:
        found = {}
        with h5py.File(stream) as file:
            file.visititems(
                lambda name, item: (
                    found.update({name: item[()].tolist()})
                    if isinstance(item, h5py.Dataset)
                    else None
                )
            )
        return found


def _search():
    """What every trial tried and came to, and the best weights."""
    records = sorted(pathlib.Path("search").glob("trial_*/record.json"))
    rows = [json.loads(path.read_text()) for path in records]
    keys = ("trial", "values", "objective", "status", "epochs")
    return [{key: row[key] for key in keys} for row in rows], _weights()


def _runs():
    """The scores of all runs."""
    rows = [json.loads(path.read_text()) for path in sorted(pathlib.Path("runs").glob("*.json"))]
    keys = ("cell", "lag", "seed", "score", "updates", "status")
    return [{key: row["result"][key] for key in keys} for row in rows]


# === Killing ===


def _killed(part, command, count, rng):
    """A row of `run`."""
    fell, home = [], os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        try:
            places = [os.path.join(folder, name) for name in ("whole", "killed")]
            for place in places:
                os.mkdir(place)
            os.chdir(places[0])
            _write_data()
            arguments, result = command()
            begun = time.monotonic()
            code, output = _start(arguments, None)
            seconds = time.monotonic() - begun
            if code != 0:
                return part, 0, 0, [f"undisturbed it ended with {code}: {output[-500:]}"]
            expected = result()
            os.chdir(places[1])
            _write_data()
            arguments, result = command()
            tried = 0
            while tried < count and len(fell) == 0:
                # Some moments are anywhere, most are when the work itself has begun.
                after = SAID[part.split()[0]] if rng.random() < 0.7 else ""
                moment = rng.uniform(0, 0.3 if after else 1) * seconds
                code, output = _start(arguments, moment, after)
                fell += [f"after kill {tried + 1}: {each}" for each in _broken()]
                if code == 0:  # it was quicker: the next begins anew
                    fell += [] if _same(result(), expected) else ["its result is another one"]
                    _clear()
                elif code == -9:
                    tried += 1
                else:
                    fell.append(f"it ended with {code}: {output[-500:]}")
            code, output = _start(arguments, None)
            if code != 0:
                fell.append(f"at last it ended with {code}: {output[-500:]}")
            elif not _same(result(), expected):
                fell.append("its result is another one")
            fell += _broken()
            left = [path for path in _files() if os.path.basename(path).startswith(".")]
            if left or os.path.exists("m.keras.training"):
                fell.append(f"scratch is left: {left}")
        finally:
            os.chdir(home)
    return part, tried, 0 if fell else tried, fell


def _start(arguments, kill_after, said=""):
    """Runs a command; kills it so many seconds after it has begun, or after it said something.

    Returns:
        The exit status, -9 where it was killed, and what it printed.
    """
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(helpers.ROOT)}
    with open("output.txt", "w+b") as file:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "rnnkit.cli", *arguments],
            stdout=file, stderr=file, stdin=subprocess.DEVNULL, env=environment,
        )  # fmt: skip
        begun = time.monotonic()
        try:
            while said and process.poll() is None and time.monotonic() - begun < LONGEST:
                if said in pathlib.Path("output.txt").read_text("utf-8", "replace"):
                    break
                time.sleep(0.02)
            begun = time.monotonic() if said else begun
            left = LONGEST if kill_after is None else kill_after - (time.monotonic() - begun)
            process.wait(max(0.01, left))
        except subprocess.TimeoutExpired:
            pass
        finally:
            process.kill()
            process.wait()
        file.seek(0)
        return process.returncode, file.read().decode("utf-8", "replace")


def _files():
    return [
        os.path.join(folder, name)
        for folder, folders, names in os.walk(".")
        for name in [*names, *folders]
    ]


def _broken():
    """What is half written: a text each. What lies in a scratch folder is."""
    found = []
    for path in _files():
        if any(part.startswith(".") for part in pathlib.Path(path).parts):
            continue
        try:
            if path.endswith((".keras", ".keras.training")):
                with zipfile.ZipFile(path) as archive:
                    assert archive.testzip() is None
            elif path.endswith(".json"):
                json.loads(pathlib.Path(path).read_text())
            elif path.endswith(".h5"):
                with h5py.File(path) as file:
                    file.visititems(lambda _, item: getattr(item, "size", None))
        except Exception as error:
            found.append(f"{path} is not whole: {type(error).__name__}: {error}")
    return found


def _same(found, expected):
    """Whether two results are the same to the bit."""
    text = [json.dumps(each, sort_keys=True) for each in (found, expected)]
    return text[0] == text[1]


def _clear():
    """Removes what was made, so that the next call begins anew."""
    for name in ("m.keras", "m.keras.training"):
        if os.path.exists(name):
            os.unlink(name)
    for name in ("search", "runs"):
        shutil.rmtree(name, ignore_errors=True)


def main():
    """Prints the rows as they come."""
    seed = int(np.random.default_rng().integers(2**31))
    print(f"seed {seed}", flush=True)
    for part, tried, held, fell in each(seed):
        print(f"{part:24} tried {tried:3} held {held:3} {fell or ''}", flush=True)


if __name__ == "__main__":
    main()
