"""The parts of a model file, and how large they may be."""

import json
import shutil
import zipfile

# The parts of a model file, each with the most bytes it may take unpacked. What weights may take
# follows from the size of the file.
METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
LIMITS = {METADATA: 2**16, CONFIG: 2**24}
WORDS = {METADATA: "metadata", CONFIG: "configuration", WEIGHTS: "weights"}
# Weights hardly shrink. A part may be so many times as large as it is in the file, or this large.
MOST_EXPANSION, SMALL = 20, 2**24
# A configuration nests objects in objects. Its lists are many where a feature keeps pairs.
MOST_DEPTH, MOST_CONTAINERS, MOST_VALUES = 64, 2**20, 2**22


class Refused(ValueError):
    """What is wrong with a model file, as the end of a sentence: "it is encrypted"."""


def check_parts(archive):
    """Checks the parts of a model file by what the headers say, before anything is read.

    Args:
        archive: An open `zipfile.ZipFile`.

    Raises:
        Refused: With what is wrong.
    """
    entries = archive.infolist()
    if len(entries) > 64:
        raise Refused(f"it holds {len(entries):,} parts; a model file has {len(WORDS)}")
    names = [entry.filename for entry in entries]
    missing = sorted(set(WORDS) - set(names))
    if missing:
        raise Refused(f"it is no complete Keras model (without {', '.join(missing)})")
    unexpected = sorted(set(names) - set(WORDS))
    if unexpected:
        raise Refused(f"it holds unexpected parts: {unexpected[:5]}")
    if len(names) > len(WORDS):
        raise Refused("it holds a part twice")
    for entry in entries:
        if entry.flag_bits & 1:
            raise Refused(f"its part {entry.filename} is encrypted")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused(f"its part {entry.filename} is neither stored nor deflated")
        most = LIMITS.get(entry.filename)
        if most is not None and entry.file_size > most:
            raise Refused(
                f"its part {entry.filename} takes {entry.file_size:,} bytes; {most:,} are allowed"
            )
        if entry.file_size > max(SMALL, MOST_EXPANSION * entry.compress_size):
            raise Refused(
                f"its part {entry.filename} takes {entry.compress_size:,} bytes and unpacks to "
                f"{entry.file_size:,}, more than {MOST_EXPANSION} times as many"
            )


def unpack(archive, name, path):
    """Writes a part that `check_parts` has seen to a file; its checksum is compared."""
    with archive.open(name) as source, open(path, "wb") as file:
        shutil.copyfileobj(source, file, 2**20)  # no more than the header says


def read_json(archive, name):
    """A part as JSON, after counting what parsing it will make.

    Raises:
        Refused: As `check_parts`.
    """
    text = archive.read(name)
    containers = text.count(b"[") + text.count(b"{")
    if containers > MOST_CONTAINERS or containers + text.count(b",") > MOST_VALUES:
        raise Refused(f"its {WORDS[name]} holds more than {MOST_CONTAINERS:,} lists or values")
    try:
        value = json.loads(text)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, ValueError) as error:
        raise Refused(f"its {WORDS[name]} is damaged ({type(error).__name__})") from None
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [
            child
            for node in level
            if isinstance(node, (dict, list))
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return value
    raise Refused(f"its {WORDS[name]} is nested deeper than {MOST_DEPTH} levels")


def check_written(path):
    """Checks that a model file that was just written would be read again.

    Raises:
        ValueError: If not, with the reason.
    """
    with zipfile.ZipFile(path) as archive:
        try:
            check_parts(archive)
            read_json(archive, CONFIG)
        except Refused as error:
            raise ValueError(
                f"The model was not saved, as it could not be loaded again: {error}"
            ) from None
