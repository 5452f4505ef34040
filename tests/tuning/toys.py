"""A tiny recipe, its data, and a counter of calls."""

import functools
import glob
import pathlib

import numpy as np

from rnnkit import registry

RECIPE = """
import os, signal, time
import rnnkit


class Tiny(rnnkit.Recipe):
    name = "tiny"
    title = "Tell two kinds of line apart"
    pattern = "one_to_one"
    input, output, cell = "text", "label", "dense"
    training = {"epochs": 3, "batch_size": 16, "patience": 2, "monitor": "val_loss"}

    def features(self, data, *, ngrams=1):
        text = rnnkit.features.Text(ngrams=ngrams, unique=True)
        label = rnnkit.features.Label()
        text.adapt(data.train.map(lambda x, y: x))
        label.adapt(data.train.map(lambda x, y: y))
        return text, label

    def build(self, text, label, *, units=4, learning_rate=0.01, trouble="none", seed=None):
        import keras

        if trouble == "raise":
            raise OSError(f"out of paper [tray {units}]")
        if trouble == "die":
            print("last words", flush=True)
            os._exit(7)
        if trouble == "slow":
            time.sleep(0.5)
        if trouble == "nan":
            learning_rate = float("nan")
        model = rnnkit.models.OneToOne(text, label, units=units, seed=seed, name=self.name)
        model.compile(optimizer=keras.optimizers.Adam(learning_rate), run_eagerly=True)
        return model

    def search_space(self, hp):
        return {"units": hp.Int("units", 2, 9)}
"""


def make_recipe(folder, space=None):
    """A recipe from a file, its search space replaced by the source of a dict."""
    path = pathlib.Path(folder) / "tiny.py"
    source = RECIPE.replace('{"units": hp.Int("units", 2, 9)}', space) if space else RECIPE
    path.write_text(source)
    return registry.get(str(path))


def examples(count=60, word="win"):
    rng = np.random.default_rng(3)
    words = np.array(["cash", "home", "now", "tea", "late", "prize", "see", "you"])
    x, y = [], []
    for index in range(count):
        kind = index % 2
        lead = [word, "claim"] if kind else ["hello", "dear"]
        x.append(" ".join([*rng.choice(words, 4), *(lead[:1] if rng.random() < 0.8 else [])]))
        y.append(["ham", "spam"][kind])
    return x, y


def count_calls(monkeypatch, owner, name):
    calls, original = [], getattr(owner, name)

    @functools.wraps(original)
    def counted(*args, **kwargs):
        calls.append(kwargs)
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, counted)
    return calls


def records(folder):
    return glob.glob(str(folder / "trial_*" / "record.json"))
