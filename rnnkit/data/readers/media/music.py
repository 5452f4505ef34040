"""Music with its style: MIDI files, melodies written out in tables, piano rolls in npz files.

Music is learned in one of two forms: `"notes"`, one note at a time, or `"roll"`, which of the 88
keys of a piano are down in each step. `Data.info["form"]` says which it is.
"""

import dataclasses
import os
import pathlib
import warnings

import numpy as np
import tensorflow as tf

from rnnkit.data import splits
from rnnkit.data.readers import catalogue, files, tfds_features
from rnnkit.data.readers.examples import leave_out
from rnnkit.data.readers.media.rolls import read_npz
from rnnkit.data.splits import SPLITS
from rnnkit.formats import bounds, midi, notation, tables
from rnnkit.formats.cells import as_text, missing
from rnnkit.formats.tables import Table
from rnnkit.utils.progress import told

FORMS = ("notes", "roll")
ROLES = ("input", "target")
# The style of music that comes without one.
ANY = "any"
# MIDI files are read note by note if at most this fraction of notes begins while another goes on.
OVERLAP = 0.05
# Of a quarter note: sixteenths and triplets of eighths are exact in melodies.
STEPS_PER_BEAT = {"notes": 12, "roll": 4}
# How many times as large as their MIDI files rolls may be: a long chord takes a few bytes.
RATIO = 1000


def load(source, request):
    """A user's music as `Data`.

    Args:
        source: A folder of MIDI files, the style of each the name of its folder (in split folders
            such as `train/march/1.mid`, or not); one MIDI file is a folder of its own. A table
            with paths of MIDI files, or with melodies written out, and perhaps their styles; a
            folder of such tables by split. An npz file of piano rolls (see `rolls.read_npz`). A
            frame, a pair `(styles, music)`, or a dict of splits to these.
        request: A `Request`; `"notes"` or `"roll"` as `"target"` says in which form MIDI files are
            read. By default it is notes where nearly all have one note at a time. What cannot be
            read is MIDI files, those without notes too.

    Returns:
        A `Data` of raw `(style, melody)`, both texts, or `(style, roll)`, uint8 `[steps, 88]`. Its
        `info` has `form`, and for rolls `steps_per_beat`. Parts that are missing are split off.
        Times of MIDI files are rounded: see `STEPS_PER_BEAT`.

    Raises:
        ValueError: For what cannot be read; the message says what was found.
    """
    reader, path = _Reader(request), isinstance(source, (str, os.PathLike))
    if path:
        parts = reader.of_path(pathlib.Path(source))
    elif isinstance(source, dict):
        parts = {split: reader.of_memory(part) for split, part in splits.named(source).items()}
    else:
        parts = {"all": reader.of_memory(source)}
    return reader.data(parts, str(source) if path else "arrays")


class _Reader:
    """Reads music in any form as rows of style and music, and makes `Data` of them."""

    def __init__(self, request):
        form = request.given.get("target")
        self.form = form if form in FORMS else None
        if self.form:
            request = dataclasses.replace(request, given={**request.given, "target": None})
        self.request = request

    # === Sources to rows: lists of (style, music, where) by split ===

    def of_path(self, path):
        if path.suffix.lower() == ".npz":
            if self.form == "notes":
                raise ValueError(
                    f"{path} holds piano rolls, which are no notes. Received: target='notes'"
                )
            return {
                split: [(ANY, piece, f"{path}, piece {index}") for index, piece in enumerate(found)]
                for split, found in read_npz(path).items()
            }
        if path.suffix.lower() in midi.SUFFIXES:
            if not path.is_file():
                raise ValueError(f"There is no file {str(path)!r}")
            return {"all": [(ANY, path, str(path))]}
        if path.is_dir():
            is_table = any(item.suffix.lower() in tables.SUFFIXES for item in path.iterdir())
            found = {} if is_table else _midi_files(path)
            if found:
                return found
            if not is_table:
                raise ValueError(
                    f"The folder {str(path)!r} holds no music: expected MIDI files (.mid, .midi), "
                    "in a folder for each style or not, or tables"
                )
        rows = {}
        for split, file in files.find_splits(path, self.request.name).items():
            table = self.request.table(file)
            for part, kept in splits.by_split_column(table, split).items():
                found = self.of_table(table)
                rows[part] = found if kept is None else [found[row] for row in kept]
        return rows

    def of_memory(self, source):
        if hasattr(source, "columns"):
            return self.of_table(tables.from_frame(source))
        if not isinstance(source, (tuple, list)) or len(source) != 2:
            raise ValueError(
                "source must be a path, a TFDS name, a pandas frame, a tf.data.Dataset, a pair "
                f"(styles, music) or a dict of splits. Received: {type(source).__name__}"
            )
        styles, music = (list(part) for part in source)
        if len(styles) != len(music):
            raise ValueError(
                f"x and y must be of equal length. Received: {len(styles):,} and {len(music):,}"
            )
        return self.of_table(Table({"style": styles, "music": music}, range(len(music)), "arrays"))

    def of_table(self, table):
        target, names = self.request.column(table, "target"), self.request.recipe.columns["input"]
        known = {str(column).strip().lower() for column in table.columns}
        styles = [ANY] * table.size
        if "input" in self.request.given or known & set(names):
            styles = table.columns[self.request.column(table, "input")]
        folder, rows = pathlib.Path(table.source).parent, []
        of_file = os.path.isfile(table.source)
        for row, (style, music) in enumerate(zip(styles, table.columns[target], strict=True)):
            where = table.where(row)
            if missing(style) or not str(style).strip():
                raise ValueError(f"{where}: there is no style. Received: {style!r}")
            if isinstance(music, bytes):
                music = music.decode("utf-8", "replace")
            if isinstance(music, (str, os.PathLike)):
                if str(music).lower().endswith(midi.SUFFIXES):
                    music = _path(folder, music, where) if of_file else pathlib.Path(music)
            elif missing(music):
                raise ValueError(f"{where}: the column {target!r} holds no music")
            try:
                rows.append((as_text(style).decode("utf-8", "replace"), music, where))
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from None
        return rows

    # === Rows to tensors ===

    def data(self, parts, source):
        scores = self._scores([row for rows in parts.values() for row in rows])
        form = self.form or self._form(parts, scores)
        tensors, dropped, total = {}, 0, 0
        made = bounds.Made(source, "rolls", RATIO)
        for split, rows in parts.items():
            rows = [row for row in rows if row[2] in scores or not isinstance(row[1], pathlib.Path)]
            if not rows:
                raise ValueError(f"{source} has no music for {split} that can be read")
            found = []
            for _, music, where in rows:
                path = music if isinstance(music, pathlib.Path) else None
                if path is not None:
                    music, lost = self._read(scores[where], form)
                    dropped, total = dropped + lost, total + len(scores[where].notes)
                try:
                    found.append(_checked(music, form))
                except ValueError as error:
                    raise ValueError(f"{where}: {error}") from None
                if path is not None and form == "roll":
                    made.add(path, path.stat().st_size, found[-1].nbytes)
            styles = tf.constant([row[0].encode() for row in rows])
            if form == "notes":
                tensors[split] = (styles, tf.constant([text.encode() for text in found]))
            else:
                flat = np.concatenate(found)
                roll = tf.RaggedTensor.from_row_lengths(flat, [len(piece) for piece in found])
                tensors[split] = (styles, roll)
        if dropped:
            warnings.warn(
                f"{dropped:,} of {total:,} notes sound below others and are left out of the "
                "melodies. target='roll' keeps all",
                stacklevel=4,
            )
        data = splits.from_columns(tensors, source, self.request.split, styles=True)
        data.info["form"] = form
        if form == "roll":  # nothing is known about the steps of arrays: taken as beats
            data.info["steps_per_beat"] = STEPS_PER_BEAT[form] if scores else 1
        return data

    def _scores(self, rows):
        """What the MIDI files of rows hold, by where."""
        found, known, bad, count = {}, {}, [], 0
        for _, music, where in told(rows, "Reading music", len(rows)):
            if not isinstance(music, pathlib.Path):
                continue
            count += 1
            try:
                if music not in known:  # rows may share a file
                    known[music] = midi.read_midi(music)
                found[where] = known[music]
            except ValueError as error:
                bad.append(str(error) if str(music) in where else f"{where}: {error}")
        leave_out(bad, count, "MIDI files", self.request.skip_unreadable, 4)
        return found

    def _form(self, parts, scores):
        if scores:
            overlaps = [midi.overlap(score.notes) for score in scores.values()]
            return "notes" if np.mean(overlaps) <= OVERLAP else "roll"
        first = next(row[1] for rows in parts.values() for row in rows)
        if not isinstance(first, str):
            return "roll"
        return "notes" if ":" in first else "roll"

    def _read(self, score, form):
        steps = STEPS_PER_BEAT[form]
        if form == "roll":
            return midi.to_steps(score.notes, steps), 0
        melody, lost = midi.to_melody(score.notes, steps)
        return notation.spell_melody(melody), lost


def _path(folder, name, where):
    """The path of a MIDI file that a table names."""
    try:
        return pathlib.Path(bounds.inside(folder, str(name)))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _checked(music, form):
    """Music in its raw form: a melody as text, or a roll as uint8 `[steps, 88]`."""
    if form == "notes":
        if not isinstance(music, str):
            raise ValueError(
                f"melodies must be texts such as 'C4:1 D4:1/2'. Received: {type(music).__name__}"
            )
        if not any(pitch is not None for pitch, _ in notation.parse_melody(music)):
            raise ValueError(f"the melody has no notes. Received: {music[:40]!r}")
        return str(music)
    piece = music
    if not _is_roll(music):
        from rnnkit.features.piano_roll import PianoRoll

        piece = PianoRoll().to_tensor([music]).flat_values.numpy()
    if not len(piece):
        raise ValueError("the piece has no steps")
    return piece


def _is_roll(music):
    """Whether music is in the raw form of a roll, as files of it are read."""
    array = isinstance(music, np.ndarray) and music.dtype == np.uint8
    return array and music.shape[1:] == (notation.KEYS,) and music.max(initial=0) <= 1


def _midi_files(folder):
    """Rows of the MIDI files of a folder by split: style, path, where."""
    found = {}
    for path in sorted(item for item in folder.rglob("*") if item.suffix.lower() in midi.SUFFIXES):
        folders = path.relative_to(folder).parts[:-1]
        split = SPLITS.get(folders[0].lower()) if folders else None
        if split:
            folders = folders[1:]
        found.setdefault(split or "all", []).append(
            (folders[-1] if folders else ANY, path, str(path))
        )
    if "all" in found and len(found) > 1:
        raise ValueError(
            f"The folder {str(folder)!r} holds MIDI files beside those in folders of splits, the "
            f"first is {found['all'][0][2]}: expected train, validation and test alone"
        )
    return found


# === Datasets ===


def of_catalogue(name, request):
    """A TFDS dataset of melodies as text with their styles, such as `rnnkit_melodies`."""
    builder, prepare = catalogue._builder(name, None)
    keys = builder.info.supervised_keys or (None, None)
    x, y = (request.given.get(role) or key for role, key in zip(ROLES, keys, strict=True))
    features = builder.info.features
    if x not in features or y not in features or features[y].np_dtype != np.object_:
        known = {key: type(value).__name__ for key, value in features.items()}
        raise ValueError(
            f"{name} has no melodies as text with their styles: say which features they are with "
            f"input=... and target=..., or read MIDI files. Found: {known}"
        )
    prepare()
    style = tfds_features.named(features[x])
    data = catalogue._split(builder, x, y, lambda row: (style(row[x]), row[y]))
    data.info["form"] = "notes"
    return data


def pairs(dataset, request):
    """A dataset of single raw pairs of a style and music, batched or not."""
    spec = getattr(dataset, "element_spec", None)
    pair = isinstance(spec, tuple) and len(spec) == 2
    if not pair or spec[0].shape.rank not in (0, 1) or spec[1].shape.rank not in (0, 1, 2, 3):
        raise ValueError(f"The dataset must give pairs (style, music). Received: elements {spec}")
    return dataset.unbatch() if spec[0].shape.rank else dataset
