"""Music with its style: MIDI files, melodies written out in tables, piano rolls in npz files.

Music is learned in one of two forms: `"notes"`, one note at a time, or `"roll"`, which of the 88
keys of a piano are down in each step. `Data.info["form"]` says which it is.
"""

import os
import pathlib
import warnings

import numpy as np
import tensorflow as tf

from rnnkit.data import splits
from rnnkit.data.readers import catalogue, files
from rnnkit.data.readers.files import SPLITS
from rnnkit.data.readers.media.rolls import read_npz
from rnnkit.formats import midi, notation, tables
from rnnkit.formats.cells import missing
from rnnkit.formats.tables import Table

FORMS = ("notes", "roll")
# The style of music that comes without one.
ANY = "any"
# MIDI files are read note by note if at most this share of notes begins while another goes on.
OVERLAP = 0.05
STEPS_PER_BEAT = {"notes": 12, "roll": 4}


def load(
    source,
    roles,
    *,
    name=None,
    given=None,
    encoding="utf-8",
    skip_unreadable=False,
    steps_per_beat=None,
):
    """A user's music as `Data`.

    Args:
        source: A folder of MIDI files, the style of each the name of its folder (in split folders
            such as `train/march/1.mid`, or not); one MIDI file is a folder of its own. A table
            with paths of MIDI files, or with melodies written out, and perhaps their styles; a
            folder of such tables by split. An npz file of piano rolls (see `rolls.read_npz`). A
            frame, a pair `(styles, music)`, or a dict of splits to these.
        roles: Dict of `"input"`, `"target"` to the column names taken for styles and music.
        name: Which set of a folder.
        given: Dict of role to the user's own column; `"notes"` or `"roll"` as `"target"` says in
            which form MIDI files are read. By default it is notes where nearly all have one note
            at a time.
        encoding: Character encoding of tables.
        skip_unreadable: Whether MIDI files that cannot be read, or have no notes, are left out,
            with a warning that counts them, instead of raising.
        steps_per_beat: Of MIDI files, to which times are rounded: by default 12 for notes (so that
            sixteenths and triplets of eighths are exact), 4 for rolls.

    Returns:
        A `Data` of raw `(style, melody)`, both texts, or `(style, roll)`, uint8 `[steps, 88]`. Its
        `info` has `form`, and for rolls `steps_per_beat`. Parts that are missing are split off.

    Raises:
        ValueError: For what cannot be read; the message says what was found.
    """
    given = {role: value for role, value in (given or {}).items() if value is not None}
    form = given.pop("target") if given.get("target") in FORMS else None
    reader = _Reader(roles, given, form, skip_unreadable, steps_per_beat)
    if isinstance(source, (str, os.PathLike)):
        parts = reader.of_path(pathlib.Path(source), name, encoding)
    elif isinstance(source, dict):
        unknown = [key for key in source if key not in SPLITS]
        if unknown or "train" not in {SPLITS.get(key) for key in source}:
            raise ValueError(
                "A dict of data must have the key 'train', and may have 'validation' and 'test'. "
                f"Received: keys {sorted(map(str, source))}"
            )
        parts = {SPLITS[key]: reader.of_memory(value) for key, value in source.items()}
    else:
        parts = {"all": reader.of_memory(source)}
    return reader.data(parts, str(source) if isinstance(source, (str, os.PathLike)) else "arrays")


class _Reader:
    """Reads music in any form as rows of style and music, and makes `Data` of them."""

    def __init__(self, roles, given, form, skip, steps_per_beat):
        self.roles = roles
        self.given = given
        self.form = form
        self.skip = skip
        self.steps_per_beat = steps_per_beat
        self.npz = False

    # === Sources to rows: lists of (style, music, place) by split ===

    def of_path(self, path, name, encoding):
        if path.suffix.lower() == ".npz":
            if self.form == "notes":
                raise ValueError(
                    f"{path} holds piano rolls, which are no notes. Received: target='notes'"
                )
            self.npz = True
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
        for split, file in files.find_splits(path, name).items():
            table = tables.read_table(file, encoding)
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
        target = table.match("target", self.roles["target"], self.given.get("target"))
        known = {str(column).strip().lower() for column in table.columns}
        styles = [ANY] * table.size
        if "input" in self.given or known & set(self.roles["input"]):
            column = table.match("input", self.roles["input"], self.given.get("input"))
            styles = table.columns[column]
        folder, rows = pathlib.Path(table.source).parent, []
        for row, (style, music) in enumerate(zip(styles, table.columns[target], strict=True)):
            place = f"{table.source}, line {table.lines[row]}"
            if missing(style) or not str(style).strip():
                raise ValueError(f"{place}: there is no style. Received: {style!r}")
            if isinstance(music, bytes):
                music = music.decode("utf-8", "replace")
            if isinstance(music, (str, os.PathLike)):
                if str(music).lower().endswith(midi.SUFFIXES):
                    music = folder / music
            elif missing(music):
                raise ValueError(f"{place}: the column {target!r} holds no music")
            style = style.decode("utf-8", "replace") if isinstance(style, bytes) else str(style)
            rows.append((style, music, place))
        return rows

    # === Rows to tensors ===

    def data(self, parts, source):
        scores = self._scores([row for rows in parts.values() for row in rows])
        form = self.form or self._form(parts, scores)
        tensors, dropped, total = {}, 0, 0
        for split, rows in parts.items():
            rows = [row for row in rows if row[2] in scores or not isinstance(row[1], pathlib.Path)]
            if not rows:
                raise ValueError(f"{source} has no music for {split} that can be read")
            found = []
            for _, music, place in rows:
                if isinstance(music, pathlib.Path):
                    music, lost = self._read(scores[place], form)
                    dropped, total = dropped + lost, total + len(scores[place].notes)
                try:
                    found.append(_checked(music, form))
                except ValueError as error:
                    raise ValueError(f"{place}: {error}") from None
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
        data = splits.from_columns(tensors, source)
        data.info["form"] = form
        if form == "roll":  # nothing is known about the steps of arrays: taken as beats
            steps = self.steps_per_beat or (STEPS_PER_BEAT[form] if scores else 1)
            data.info["steps_per_beat"] = steps
        return data

    def _scores(self, rows):
        """What the MIDI files of rows hold, by place."""
        found, bad, count = {}, [], 0
        for _, music, place in rows:
            if not isinstance(music, pathlib.Path):
                continue
            count += 1
            try:
                found[place] = midi.read_midi(music)
            except ValueError as error:
                bad.append(str(error) if str(music) in place else f"{place}: {error}")
        if bad:
            said = f"{len(bad)} of {count} MIDI files cannot be read"
            if not self.skip:
                raise ValueError(
                    f"{said}. The first is {bad[0]}. To leave them out pass skip_unreadable=True"
                )
            if not found:
                raise ValueError(f"{said}, so that none is left. The first is {bad[0]}")
            warnings.warn(f"{said} and are left out. The first is {bad[0]}", stacklevel=5)
        return found

    def _form(self, parts, scores):
        if scores:
            shares = [midi.overlap(score.notes) for score in scores.values()]
            return "notes" if np.mean(shares) <= OVERLAP else "roll"
        first = next(row[1] for rows in parts.values() for row in rows)
        if not isinstance(first, str):
            return "roll"
        return "notes" if ":" in first else "roll"

    def _read(self, score, form):
        steps = self.steps_per_beat or STEPS_PER_BEAT[form]
        if form == "roll":
            return midi.to_steps(score.notes, steps), 0
        melody, lost = midi.to_melody(score.notes, steps)
        return notation.spell_melody(melody), lost


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
    from rnnkit.features.piano_roll import PianoRoll

    piece = PianoRoll().to_tensor([music]).flat_values.numpy()
    if not len(piece):
        raise ValueError("the piece has no steps")
    return piece


def _midi_files(folder):
    """Rows of the MIDI files of a folder by split: style, path, place."""
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


def of_catalogue(name, given=None):
    """A TFDS dataset of melodies as text with their styles, such as `rnnkit_melodies`."""
    builder, prepare = catalogue._builder(name, None)
    keys = builder.info.supervised_keys or (None, None)
    x = (given or {}).get("input") or keys[0]
    y = (given or {}).get("target") or keys[1]
    features = builder.info.features
    if x not in features or y not in features or features[y].np_dtype != np.object_:
        known = {key: type(value).__name__ for key, value in features.items()}
        raise ValueError(
            f"{name} has no melodies as text with their styles: say which features they are with "
            f"input=... and target=..., or read MIDI files. Found: {known}"
        )
    prepare()
    names = getattr(features[x], "names", None)
    table = None if names is None else tf.constant(names)

    def example(row):
        return (row[x] if table is None else tf.gather(table, row[x])), row[y]

    data = catalogue._split(builder, x, y, example)
    data.info["form"] = "notes"
    return data


def of_dataset(dataset):
    """A dataset of single raw pairs of a style and music, batched or not."""
    spec = getattr(dataset, "element_spec", None)
    pair = isinstance(spec, tuple) and len(spec) == 2
    if not pair or spec[0].shape.rank not in (0, 1) or spec[1].shape.rank not in (0, 1, 2, 3):
        raise ValueError(f"The dataset must give pairs (style, music). Received: elements {spec}")
    return dataset.unbatch() if spec[0].shape.rank else dataset
