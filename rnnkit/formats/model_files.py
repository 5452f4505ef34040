"""The parts of a model file, and how large they may be."""

import shutil

from rnnkit.formats import json_rows
from rnnkit.formats.archives import Archive

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
WORDS = {METADATA: "metadata", CONFIG: "configuration", WEIGHTS: "weights"}
# The most bytes a part may take unpacked. What weights may take follows from the size of the file.
LIMITS = {METADATA: 2**16, CONFIG: 2**23}
# A configuration nests objects in objects. Its lists are many where a feature keeps pairs.
MOST_DEPTH, MOST_CONTAINERS, MOST_VALUES = 64, 2**20, 2**22


class Refused(ValueError):
    """What is wrong with a model file, as the end of a sentence: "it holds a part twice"."""


class ModelFile(Archive):
    """A model file, of which nothing is read before its headers are found right.

    Args:
        path: Path of the file.

    Raises:
        ValueError: As `rnnkit.formats.archives.Archive`.
        Refused: If it has other parts than a model file, or one that is too large.
    """

    def __init__(self, path):
        super().__init__(path)
        try:
            self._check_parts()
        except Refused:
            self.close()
            raise

    def _check_parts(self):
        missing = sorted(set(WORDS) - set(self.names))
        if missing:
            raise Refused(f"it is no complete Keras model (without {', '.join(missing)})")
        unexpected = sorted(set(self.names) - set(WORDS))
        if unexpected:
            raise Refused(f"it holds unexpected parts: {unexpected[:5]}")
        for name, most in LIMITS.items():
            if self.size(name) > most:
                raise Refused(
                    f"its {WORDS[name]} takes {self.size(name):,} bytes; {most:,} are allowed"
                )

    def unpack(self, name, path):
        """Writes a part to a file; its checksum is compared."""
        with self.open(name) as source, open(path, "wb") as file:
            shutil.copyfileobj(source, file, 2**20)  # no more than the header says

    def read_json(self, name):
        """A part as JSON, after counting what parsing it will make.

        Raises:
            Refused: If it is no JSON, or makes too much.
        """
        raw, word = self.read(name), f"its {WORDS[name]}"
        containers = raw.count(b"[") + raw.count(b"{")
        if containers > MOST_CONTAINERS or containers + raw.count(b",") > MOST_VALUES:
            raise Refused(f"{word} holds more than {MOST_CONTAINERS:,} lists or values")
        try:
            return json_rows.parse(raw.decode(), word, MOST_DEPTH)
        except UnicodeDecodeError:
            raise Refused(f"{word} is no text") from None
        except ValueError as error:
            raise Refused(str(error)) from None


def check_written(path):
    """Checks that a model file that was just written would be read again.

    Raises:
        ValueError: If not, with the reason.
    """
    try:
        with ModelFile(path) as file:
            file.read_json(CONFIG)
    except ValueError as error:
        raise ValueError(
            f"The model was not saved, as it could not be loaded again: {error}"
        ) from None
