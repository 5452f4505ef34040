"""The folder of a search, from which it can be resumed at any time.

It holds `search.json` (the settings it was begun with), keras-tuner's own `oracle.json`, a folder
`trial_*` for each trial (`record.json`: its result; `checkpoint.weights.h5`: the weights of its
best epoch) and `best.keras`, the best model so far. With folds the best trial alone has weights,
and those that Hyperband may train on have some of each fold, `fold1.weights.h5` and so on. Every
file is written beside its place and moved there when complete. A file `.lock` is there while a
process runs the search.
"""

import collections
import contextlib
import glob
import json
import os
import shutil

from rnnkit.utils import locks
from rnnkit.utils.messages import changes
from rnnkit.utils.writing import remove_left_behind, write_json

# What a search writes to its folder.
OWN_FILES = ("search.json", "oracle.json", "*.json", "*.log", "best.keras")


class Folder:
    """The folder of a search.

    Args:
        path: Path of the folder.
        objective: `keras_tuner.Objective`, by which trials are ranked.
    """

    def __init__(self, path, objective):
        self.directory = path
        self.objective = objective

    def path(self, *parts):
        """Path of something in the folder."""
        return os.path.join(self.directory, *parts)

    def weights_of(self, trial, fold=None):
        """Path of the weights of a trial, whose id is given, or of those of a fold, from 0 on."""
        name = "checkpoint" if fold is None else f"fold{fold + 1}"
        return self.path(f"trial_{trial}", f"{name}.weights.h5")

    # === Trials ===

    def record(self, row):
        """Keeps the result of a trial, a dict."""
        write_json(self.path(f"trial_{row['id']}", "record.json"), row)

    def rows(self):
        """The records of all trials that ended, in the order of their numbers."""
        rows = []
        for name in glob.glob(os.path.join(glob.escape(self.directory), "trial_*", "record.json")):
            with contextlib.suppress(FileNotFoundError), open(name, encoding="utf-8") as file:
                rows.append(json.load(file))
        return sorted(rows, key=lambda row: row["trial"])

    def ranked(self):
        """The completed ones among `rows`, best first."""
        sign = -1 if self.objective.direction == "max" else 1
        done = [row for row in self.rows() if row["status"] == "completed"]
        return sorted(done, key=lambda row: (sign * row["objective"], row["trial"]))

    def summary(self):
        """How many trials there are of each status, and the best value, as text."""
        counts = collections.Counter(row["status"] for row in self.rows())
        text = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "none"
        ranked = self.ranked()
        return text + (self.best_of(ranked[0]) if ranked else "")

    def best_of(self, row):
        """The objective of a trial, as the end of a sentence."""
        return f", best {self.objective.name} {row['objective']:.5g}"

    # === Beginning and resuming ===

    @contextlib.contextmanager
    def held(self):
        """Makes the folder, and keeps it for this process while the block runs.

        Raises:
            ValueError: If it cannot be written, or another process runs a search there.
        """
        try:
            os.makedirs(self.directory, exist_ok=True)
        except OSError as error:
            raise ValueError(
                f"Cannot write the folder of the search: {error}. "
                f"Received: directory={self.directory!r}"
            ) from None
        with locks.held(self.directory, "search"):
            yield

    def begin(self, settings, overwrite):
        """Begins the search in the folder, or checks that the one in it is this one.

        Args:
            settings: What must not change when the search is resumed, as plain JSON.
            overwrite: Whether another search in the folder is removed.

        Returns:
            Whether there was none before.

        Raises:
            ValueError: If the folder holds other things or another search.
        """
        remove_left_behind(self.directory)
        found = set(os.listdir(self.directory)) - {locks.NAME}
        new = "search.json" not in found
        if new and found:
            raise ValueError(
                "The folder of a search must be new or empty: this one holds other things "
                f"({', '.join(sorted(found)[:3])}). Received: directory={self.directory!r}"
            )
        if overwrite and not new:
            self.clear()
            new = True
        if new:
            write_json(self.path("search.json"), settings)
        else:
            self.compare(settings)
        return new

    def compare(self, settings):
        """Raises a ValueError if the search in the folder was begun with other settings."""
        with open(self.path("search.json"), encoding="utf-8") as file:
            before = json.load(file)
        differences = changes(before, settings)
        if differences:
            raise ValueError(
                f"The search in {self.directory} cannot be resumed, as this one differs in: "
                f"{'; '.join(differences)}. Pass overwrite=True to start anew, or another "
                "directory to keep both"
            )

    def clear(self):
        """Removes what a search wrote to its folder, and nothing else."""
        folder = glob.escape(self.directory)
        for pattern in OWN_FILES:
            for name in glob.glob(os.path.join(folder, pattern)):
                os.unlink(name)
        for name in glob.glob(os.path.join(folder, "trial_*")):
            shutil.rmtree(name)
