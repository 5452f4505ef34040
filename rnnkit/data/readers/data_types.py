"""What each pair of data types, such as text and label, is read with: one row a pair."""

import dataclasses
import functools
import os
from collections.abc import Callable

import tensorflow as tf

from rnnkit.data import splits
from rnnkit.data.readers import catalogue
from rnnkit.data.readers.files import SPLITS
from rnnkit.data.readers.media import clips, images, music, recordings
from rnnkit.data.readers.sequences import events as histories
from rnnkit.data.readers.sequences import tagged
from rnnkit.data.readers.series import load as series
from rnnkit.data.readers.text import parallel
from rnnkit.data.readers.text import plain as plain_text
from rnnkit.formats.tables import Table, from_frame


@dataclasses.dataclass(frozen=True)
class Request:
    """What a user asks for beside the source; see `Recipe.data`.

    Attributes:
        recipe: A `Recipe`: its `dataset`, `data_types` and `columns` are used.
        name: Which set of a folder.
        given: Dict of `"input"`, `"target"` to the user's own column.
        encoding: Character encoding of files.
        skip_unreadable: Whether what cannot be read is left out.
        fold: Which fold is the test.
    """

    recipe: object
    name: str | None = None
    given: dict | None = None
    encoding: str = "utf-8"
    skip_unreadable: bool = False
    fold: object = None

    def columns(self, table):
        """Which column of a table plays which role, as a dict."""
        return {
            role: table.match(role, names, (self.given or {}).get(role))
            for role, names in self.recipe.columns.items()
        }


@dataclasses.dataclass(frozen=True)
class DataType:
    """How data of one pair of data types is read.

    Attributes:
        read: Function `(source, request)` that gives a `Data` of whatever is neither a TFDS name
            nor a `tf.data.Dataset`: paths, frames, arrays, a dict of splits.
        single: Function `(dataset, request)` that gives a dataset of single raw `(x, y)`, or
            raises a ValueError. None: `read` takes datasets too.
        catalogue: Function `(name, request)` that gives the `Data` of a TFDS name.
        skips: Whether there is something that may be unreadable, and can be left out.
        folds: Whether tables may have a column `fold`.
    """

    read: Callable
    single: Callable | None
    catalogue: Callable
    skips: bool = False
    folds: bool = False


# === TFDS ===


def _examples(name, request):
    return catalogue.load(name, *request.recipe.data_types, given=request.given)


def _series_examples(name, request):
    return series.from_examples(**catalogue.load_series(name, request.given))


def _texts(name, request):
    column = next((each for each in (request.given or {}).values() if each is not None), None)
    return catalogue.load_texts(name, column)


def _melodies(name, request):
    return music.of_catalogue(name, request.given)


# === Datasets ===


def _pairs(dataset, request):
    """Single raw pairs of a dataset of pairs, of dicts, or of batches of them."""
    spec = dataset.element_spec
    if isinstance(spec, dict):
        names = request.columns(Table({key: [] for key in spec}, source="the dataset"))
        dataset = dataset.map(lambda row: (row[names["input"]], row[names["target"]]))
        spec = dataset.element_spec
    pair = isinstance(spec, tuple) and len(spec) == 2
    if not pair or not all(isinstance(part, tf.TypeSpec) for part in spec):
        raise ValueError(f"The dataset must give pairs (x, y). Received: elements {spec}")
    # Single strokes are of rank 2; all else is of rank 0.
    batched = spec[1].shape.rank == 1 and spec[0].shape.rank in (1, 3)
    return dataset.unbatch() if batched else dataset


def _pictures(dataset, request):
    return images.of_pixels(_pairs(dataset, request))


def _series_pairs(dataset, request):
    return series.pairs(dataset)


def _clip_pairs(dataset, request):
    return clips.pairs(dataset)


def _styled_music(dataset, request):
    return music.of_dataset(dataset)


def _tagged_pairs(dataset, request):
    return tagged.pairs(dataset)


# === All else ===


def _in_memory(source, request, to_tensors):
    """A dict of splits, a pair of arrays or a frame as `Data`; None if the source is none."""
    if isinstance(source, dict):
        check_splits(source)
        parts = {}
        for split, value in source.items():
            if hasattr(value, "columns"):
                table = from_frame(value)
                parts[SPLITS[split]] = to_tensors(table, request.columns(table))
            else:
                parts[SPLITS[split]] = _arrays(value, to_tensors)
        return splits.from_columns(parts, "a dict")
    if isinstance(source, (tuple, list)):
        return splits.from_columns({"all": _arrays(source, to_tensors)}, "arrays")
    return None


def check_splits(parts):
    """Raises a ValueError unless a dict has the names of splits as its keys."""
    unknown = [key for key in parts if key not in SPLITS]
    if unknown or "train" not in parts:
        raise ValueError(
            "A dict of data must have the key 'train', and may have 'validation' and 'test'. "
            f"Received: keys {sorted(parts)}"
        )


def _arrays(pair, to_tensors):
    if len(pair) != 2:
        raise ValueError(f"Arrays are passed as a pair (x, y). Received: {len(pair)} parts")
    x, y = (list(part.numpy()) if isinstance(part, tf.Tensor) else list(part) for part in pair)
    if len(x) != len(y):
        raise ValueError(f"x and y must be of equal length. Received: {len(x):,} and {len(y):,}")
    table = Table({"input": x, "target": y}, range(len(x)), "arrays")
    return to_tensors(table, {"input": "input", "target": "target"})


def _check_path(source):
    if not isinstance(source, (str, os.PathLike)):
        raise ValueError(
            "source must be a path, a TFDS name, a pandas frame, a tf.data.Dataset, a pair (x, y) "
            f"or a dict of splits. Received: {type(source).__name__}"
        )


def _skipping(to_tensors, request):
    if request.skip_unreadable:
        return functools.partial(to_tensors, skip_unreadable=True)
    return to_tensors


def _read_tables(source, request, to_tensors):
    """Files and frames with an example in each row, and what `_in_memory` takes."""
    data = _in_memory(source, request, to_tensors)
    if data is not None:
        return data
    if not hasattr(source, "columns"):
        _check_path(source)
        source = os.fspath(source)
    return splits.read_files(
        source,
        request.recipe.columns,
        to_tensors,
        name=request.name,
        given=request.given,
        encoding=request.encoding,
        fold=request.fold,
    )


def _read_labelled(source, request):
    return _read_tables(source, request, splits.text_and_label)


def _read_parallel(source, request):
    recipe, given = request.recipe, request.given
    data = parallel.load(source, recipe.columns, given, request.name, request.encoding)
    return data or _read_tables(source, request, parallel.pairs_of_texts)


def _read_events(source, request):
    if not are_frames(source) and not hasattr(source, "columns"):
        data = _in_memory(source, request, histories.events_and_label)
        if data is not None:
            return data
        _check_path(source)
        source = os.fspath(source)
    return histories.load(
        source,
        request.recipe,
        name=request.name,
        given=request.given,
        encoding=request.encoding,
        fold=request.fold,
    )


def are_frames(source):
    """Whether a source is a pair of frames."""
    pair = isinstance(source, (tuple, list)) and len(source) == 2
    return pair and all(hasattr(part, "columns") for part in source)


def _read_audio(source, request):
    to_tensors = _skipping(recordings.audio_and_text, request)
    if request.name is None and isinstance(source, (str, os.PathLike)):
        folders = recordings.wav_folders(os.fspath(source), request.encoding)
        if folders:
            columns = {"input": "path", "target": "text"}
            parts = {split: to_tensors(table, columns) for split, table in folders.items()}
            return splits.from_columns(parts, os.fspath(source))
    return _read_tables(source, request, to_tensors)


def _read_strokes(source, request):
    return _read_tables(source, request, _skipping(recordings.strokes_and_text, request))


def _read_pictures(source, request):
    target = request.recipe.data_types[1]
    to_tensors = images.image_and_label if target == "label" else images.image_and_text
    if not isinstance(source, (str, os.PathLike)):
        return _read_tables(source, request, _skipping(to_tensors, request))
    return images.load(
        os.fspath(source),
        request.recipe.columns,
        target,
        given=request.given,
        name=request.name,
        encoding=request.encoding,
        skip_unreadable=request.skip_unreadable,
    )


def _read_tagged(source, request):
    return tagged.load(request.recipe, source, request.name, request.given, request.encoding)


def _read_clips(source, request):
    if isinstance(source, tuple):
        return clips.from_arrays(source)
    columns = request.recipe.columns
    return clips.load(source, columns, given=request.given, encoding=request.encoding)


def _read_series(source, request):
    return series.read(source, name=request.name, given=request.given, encoding=request.encoding)


def _read_texts(source, request):
    return plain_text.load(
        request.recipe,
        source,
        name=request.name,
        given=request.given,
        encoding=request.encoding,
    )


def _read_music(source, request):
    return music.load(
        source,
        request.recipe.columns,
        name=request.name,
        given=request.given,
        encoding=request.encoding,
        skip_unreadable=request.skip_unreadable,
    )


# === The table ===

TAGGED = DataType(_read_tagged, _tagged_pairs, _examples)
DATA_TYPES = {
    (None, "text"): DataType(_read_texts, None, _texts),
    ("text", "label"): DataType(_read_labelled, _pairs, _examples, folds=True),
    ("text", "text"): DataType(_read_parallel, _pairs, _examples),
    ("events", "label"): DataType(_read_events, _pairs, _examples, folds=True),
    ("audio", "text"): DataType(_read_audio, _pairs, _examples, skips=True),
    ("strokes", "text"): DataType(_read_strokes, _pairs, _examples, skips=True),
    ("image", "label"): DataType(_read_pictures, _pictures, _examples, skips=True),
    ("image", "text"): DataType(_read_pictures, _pictures, _examples, skips=True),
    ("words", "tags"): TAGGED,
    ("words", "entities"): TAGGED,
    ("frames", "tags"): DataType(_read_clips, _clip_pairs, _examples),
    ("style", "music"): DataType(_read_music, _styled_music, _melodies, skips=True),
    ("series", "series"): DataType(_read_series, _series_pairs, _series_examples),
}


def of(recipe):
    """The `DataType` of a recipe; a ValueError names those there are."""
    data_types = tuple(recipe.data_types)
    if data_types not in DATA_TYPES:
        raise ValueError(
            f"The recipe {recipe.name!r} must have one of the pairs of data types "
            f"{sorted(DATA_TYPES, key=str)}. Received: data_types={data_types}"
        )
    return DATA_TYPES[data_types]
