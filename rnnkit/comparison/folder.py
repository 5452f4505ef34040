"""The folder of a comparison: a JSON file for each run, found again by all its settings."""

import hashlib
import json
import os
import re

from rnnkit.utils.writing import plain, remove_left_behind, write_json


class Folder:
    """A folder of finished runs.

    The name of a file holds a hash of everything that decides the run, so that runs with other
    settings lie side by side and never mix.

    Args:
        path: The folder; made where it is missing.

    Raises:
        ValueError: If it cannot be written.
    """

    def __init__(self, path):
        self.path = os.fspath(path)
        try:
            os.makedirs(self.path, exist_ok=True)
        except OSError as error:
            raise ValueError(
                f"Cannot write the folder of the comparison: {error}. "
                f"Received: directory={self.path!r}"
            ) from None
        if not os.access(self.path, os.W_OK):
            raise ValueError(
                "Cannot write the folder of the comparison: no permission. "
                f"Received: directory={self.path!r}"
            )
        remove_left_behind(self.path)

    def _name(self, settings):
        text = json.dumps(settings, sort_keys=True, default=plain)
        parts = [settings["subject"], settings["cell"]]
        parts += [] if settings["lag"] is None else [f"lag{settings['lag']}"]
        parts += [f"seed{settings['seed']}", hashlib.sha256(text.encode()).hexdigest()[:12]]
        name = re.sub(r"[^A-Za-z0-9_.-]+", "_", "-".join(map(str, parts)))
        return os.path.join(self.path, f"{name}.json")

    def find(self, settings):
        """The result of a run with exactly these settings, as a dict, or None."""
        try:
            with open(self._name(settings), encoding="utf-8") as file:
                found = json.load(file)
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        same = json.loads(json.dumps(settings, default=plain))
        return found["result"] if found.get("settings") == same else None

    def store(self, settings, result):
        """Keeps the result of a finished run."""
        write_json(self._name(settings), {"settings": settings, "result": result})

    def forget(self, settings):
        """Removes the run with these settings, if there is one."""
        if self.find(settings) is not None:
            os.unlink(self._name(settings))
