"""Recordings with their texts: wav files by a manifest or in folders, and pen strokes in tables."""

import os
import pathlib
import re

import numpy as np
import tensorflow as tf

from rnnkit.data.readers.examples import leave_out
from rnnkit.data.readers.media import manifests
from rnnkit.data.splits import SPLITS
from rnnkit.formats import bounds, inkml, wav
from rnnkit.formats import points as pen
from rnnkit.formats.cells import as_text, missing
from rnnkit.formats.encodings import decode
from rnnkit.formats.tables import SUFFIXES, Table
from rnnkit.utils.progress import told

# === Rows to tensors ===


def audio_and_text(table, columns, skip_unreadable=False):
    """Raw tensors `(wav bytes, texts)` of a table with wav files and their texts.

    Args:
        table: A `Table` whose input column has paths (of a file's table: in its folder or below,
            see `manifests.Files`), bytes of files (wav, FLAC, Ogg, MP3), or pairs `(samples,
            rate)`.
        columns: Dict of `"input"`, `"target"` to the names of its columns.
        skip_unreadable: Whether rows whose audio cannot be read are left out, with a warning,
            instead of raising.

    Returns:
        Two string tensors `[rows]`. Samples finer than 16 bits are rounded to these.

    Raises:
        ValueError: If audio cannot be read or a text is missing. The message has the number of
            bad rows and the first of them.
    """
    folder = os.path.dirname(table.source) if os.path.isfile(table.source) else None
    files = None if folder is None else manifests.Files(folder)
    made = bounds.Made(table.source, "recordings")

    def sound(value):
        if isinstance(value, str):
            if not value.strip():
                raise ValueError("no path")
            value = value if files is None else files.find(value)
        return wav.to_wav(value)

    def count(content):
        made.add(content, len(content), len(content))

    return _rows(table, columns, sound, "recordings", skip_unreadable, tf.constant, count)


def strokes_and_text(table, columns, skip_unreadable=False):
    """Raw tensors `(points, texts)` of a table with handwriting and what it says.

    Args:
        table: A `Table` whose input column has strings `"x y up;x y up;..."`, arrays
            `[points, 3]`, lists of strokes or names of InkML files (of a file's table: in its
            folder or below); see `rnnkit.formats.points.parse`.
        columns: As in `audio_and_text`.
        skip_unreadable: As in `audio_and_text`.

    Returns:
        RaggedTensor float32 `[rows, (points), 3]`, string tensor `[rows]`.

    Raises:
        ValueError: As `audio_and_text`.
    """

    def ragged(pieces):
        return tf.RaggedTensor.from_row_lengths(np.concatenate(pieces), [len(p) for p in pieces])

    folder = os.path.dirname(table.source) if os.path.isfile(table.source) else None

    def points(value):
        named = isinstance(value, str) and value.strip().lower().endswith(inkml.SUFFIX)
        value = bounds.inside(folder, value) if named and folder is not None else value
        return pen.parse(value)

    return _rows(table, columns, points, "pieces of writing", skip_unreadable, ragged)


def _rows(table, columns, read, what, skip, join, count=None):
    values, texts = table.columns[columns["input"]], table.columns[columns["target"]]
    found, kept, bad = [], [], []
    rows = told(zip(values, texts, strict=True), f"Reading {what}", len(values))
    for row, (value, text) in enumerate(rows):
        where = table.where(row)
        if missing(text):
            raise ValueError(
                f"{where}: the column {columns['target']!r} holds no text (an empty text is fine)"
            )
        try:
            if missing(value):
                raise ValueError(f"the column {columns['input']!r} is empty")
            piece, text = read(value), as_text(text)
        except ValueError as error:
            bad.append(f"{where}: {error}")
            continue
        if count is not None:
            count(piece)
        found.append(piece)
        kept.append(text)
    leave_out(bad, len(values), what, skip, 2)
    return join(found), tf.constant(kept)


# === Folders of wav files ===


def wav_folders(folder, encoding="utf-8"):
    """Files of sound in folders without a manifest, as `{split: Table}`.

    The text of `name.wav` is in `name.txt` beside it; or in a `*.trans.txt` beside it, whose lines
    are `name TEXT` (as LibriSpeech has it); or, where there are no such files, it is the name of
    its folder. The folder may hold one folder a split, such as `train`, `dev` and `test`, or
    `train-clean`, `dev-clean` and `test-clean`.

    Args:
        folder: The folder.
        encoding: Character encoding of the texts.

    Returns:
        Dict of split (or `"all"`) to `Table` with columns `path` and `text`; empty if it is no
        folder, has a table (which is the manifest) or has no wav files.

    Raises:
        ValueError: If a wav file has no text though others have, or two folders are for one split.
    """
    return _folders(folder, wav.SUFFIXES, lambda root: _in_folder(root, encoding))


def ink_folders(folder, encoding="utf-8"):
    """InkML files in folders without a manifest, as `{split: Table}`, or one alone.

    The text of a file is in it (see `rnnkit.formats.inkml.read`), or in `name.txt` beside it.

    Args, returns and raises as `wav_folders`.
    """
    if str(folder).lower().endswith(inkml.SUFFIX) and os.path.isfile(folder):
        return {"all": _inks([pathlib.Path(folder)], encoding)}
    return _folders(
        folder, (inkml.SUFFIX,), lambda root: _inks(_found(root, (inkml.SUFFIX,)), encoding)
    )


def _folders(folder, suffixes, read):
    """What a function reads of the folders of splits, or of one folder, by split."""
    folder = pathlib.Path(folder)
    if not folder.is_dir() or any(item.suffix.lower() in SUFFIXES for item in folder.iterdir()):
        return {}
    splits = {}
    for item in sorted(folder.iterdir()):
        split = SPLITS.get(re.split(r"[-_.]", item.name.lower())[0])
        if item.is_dir() and split:
            if split in splits:
                raise ValueError(
                    f"the folder {str(folder)!r} holds two folders for {split}: "
                    f"{splits[split].name} and {item.name}. Pass one that holds one of each"
                )
            splits[split] = item
    if splits and "train" not in splits and _found(folder, suffixes):
        raise ValueError(
            f"the folder {str(folder)!r} has no training part: expected a folder 'train' with "
            f"{suffixes[0]} files. Found: {sorted(root.name for root in splits.values())}"
        )
    parts = {split: read(root) for split, root in splits.items()}
    parts = {split: table for split, table in parts.items() if table}
    if not parts:
        table = read(folder)
        return {"all": table} if table else {}
    return parts


def _found(root, suffixes):
    """The files of a kind in a folder and below, in the order of their names."""
    return sorted(item for item in root.rglob("*") if item.suffix.lower() in suffixes)


def _inks(files, encoding):
    """InkML files as a `Table`, or None without any."""
    if not files:
        return None
    columns = {"points": [], "text": []}
    for file in files:
        try:
            strokes, text = inkml.read(file)
            points = pen.of_strokes(strokes)
        except ValueError:  # raised again where unreadable pieces are counted
            points, text = str(file), ""
        beside = file.with_suffix(".txt")
        if text is None and beside.is_file():
            text = decode(beside, encoding).strip()
        if text is None:
            raise ValueError(
                f'{file} does not say what is written: expected <annotation type="truth"> in it, '
                f"{beside.name} beside it, or a table with the columns points and text"
            )
        columns["points"].append(points)
        columns["text"].append(text)
    return Table(columns, list(map(str, files)), "InkML", unit="file")


def _in_folder(root, encoding):
    """The wav files of one folder and those below as a `Table`, or None without any."""
    files = _found(root, wav.SUFFIXES)
    if not files:
        return None
    told = {}
    for item in sorted(root.rglob("*.trans.txt")):
        for line in decode(item, encoding).splitlines():
            name, _, text = line.strip().partition(" ")
            told[item.parent / name] = text.strip()
    texts = []
    for file in files:
        beside = file.with_suffix(".txt")
        if file.with_suffix("") in told:
            texts.append(told[file.with_suffix("")])
        else:
            texts.append(decode(beside, encoding).strip() if beside.is_file() else None)
    without = [file for file, text in zip(files, texts, strict=True) if text is None]
    if len(without) == len(files) and all(file.parent != root for file in files):
        texts = [file.parent.name for file in files]
    elif without:
        raise ValueError(
            f"{len(without)} of {len(files)} wav files in {str(root)!r} have no text, the first "
            f"is {without[0].name}: expected {without[0].stem}.txt beside it, or a manifest (a "
            f"table {', '.join(SUFFIXES)} with the columns path and text)"
        )
    paths = [str(file) for file in files]
    return Table({"path": paths, "text": texts}, [file.name for file in files], str(root))
