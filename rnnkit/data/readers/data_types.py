"""What each pair of data types, such as text and label, is read with: one row a pair."""

import dataclasses
import functools
import os
from collections.abc import Callable

from rnnkit.data.folds import by_rows
from rnnkit.data.readers import catalogue, examples
from rnnkit.data.readers.media import clips, images, manifests, music, recordings
from rnnkit.data.readers.sequences import events, tagged
from rnnkit.data.readers.series import load as series
from rnnkit.data.readers.series import origins
from rnnkit.data.readers.text import parallel
from rnnkit.data.readers.text import plain as plain_text
from rnnkit.data.splits import from_columns


@dataclasses.dataclass(frozen=True)
class DataTypes:
    """How data of one pair of data types is read.

    Attributes:
        read: Function `(source, request)` that gives a `Data` of whatever is neither a TFDS name
            nor a `tf.data.Dataset`: paths, frames, arrays, a dict of splits.
        single: Function `(dataset, request)` that gives a dataset of single raw `(x, y)`, or
            raises a ValueError. None: `read` takes datasets too.
        catalogue: Function `(name, request)` that gives the `Data` of a TFDS name.
        skips: Whether there is something that may be unreadable, and can be left out.
        folds: Whether tables may have a column `fold`.
        series: Whether a table may hold several series or recordings.
        numbers: Whether columns of tables are numbers.
        whole: Why rows of tables cannot be kept together by `group`, where they cannot.
        classes: Whether targets are classes that may be given by numbers and their names.
        into_folds: Function `(data, count)` that gives a list of a `Data` for each fold, and a line
            about them.
    """

    read: Callable
    single: Callable | None = examples.pairs
    catalogue: Callable = lambda name, request: catalogue.load(
        name, *request.recipe.data_types, given=request.given
    )
    skips: bool = False
    folds: bool = False
    series: bool = False
    numbers: bool = False
    classes: bool = False
    whole: str = ""
    into_folds: Callable = by_rows


def _skipping(to_tensors, request):
    return functools.partial(to_tensors, skip_unreadable=request.skip_unreadable)


def _read_labelled(source, request):
    return examples.load(source, request, examples.text_and_label)


def _read_parallel(source, request):
    data = parallel.load(source, request)
    return data or examples.load(source, request, parallel.pairs_of_texts)


def _read_audio(source, request):
    to_tensors = _skipping(recordings.audio_and_text, request)
    if request.name is None and isinstance(source, (str, os.PathLike)):
        folders = recordings.wav_folders(os.fspath(source), request.encoding)
        if folders:
            columns = {"input": "path", "target": "text"}
            parts = {split: to_tensors(table, columns) for split, table in folders.items()}
            request.refuse(f"{source} has no table, and so no columns", "group")
            return from_columns(parts, os.fspath(source), request.split)

    def table(path):
        return manifests.read(path, request) or request.table(path)

    return examples.load(source, request, to_tensors, table)


def _read_strokes(source, request):
    to_tensors = _skipping(recordings.strokes_and_text, request)
    if request.name is None and isinstance(source, (str, os.PathLike)):
        folders = recordings.ink_folders(os.fspath(source), request.encoding)
        if folders:
            columns = {"input": "points", "target": "text"}
            parts = {split: to_tensors(table, columns) for split, table in folders.items()}
            request.refuse(f"{source} has no table, and so no columns", "group")
            return from_columns(parts, os.fspath(source), request.split)
    return examples.load(source, request, to_tensors)


def _read_pictures(source, request):
    if isinstance(source, (str, os.PathLike)):
        return images.load(os.fspath(source), request)
    label = request.recipe.data_types[1] == "label"
    to_tensors = images.image_and_label if label else images.image_and_text
    return examples.load(source, request, _skipping(to_tensors, request))


def _pictures(dataset, request):
    return images.of_pixels(examples.pairs(dataset, request))


def _texts(name, request):
    return catalogue.load_texts(name, next(iter(request.given.values()), None))


def _series(name, request):
    return series.from_examples(**catalogue.load_series(name, request.given))


TAGGED = DataTypes(tagged.load, tagged.pairs, classes=True)
LABELLED_PICTURES = DataTypes(_read_pictures, _pictures, skips=True, classes=True)
DATA_TYPES = {
    (None, "text"): DataTypes(
        plain_text.load,
        None,
        _texts,
        whole="texts are split in order, by their characters",
        into_folds=plain_text.into_folds,
    ),
    ("text", "label"): DataTypes(_read_labelled, folds=True, classes=True),
    ("text", "text"): DataTypes(_read_parallel),
    ("events", "label"): DataTypes(events.load, folds=True, numbers=True, classes=True),
    ("audio", "text"): DataTypes(_read_audio, skips=True),
    ("strokes", "text"): DataTypes(_read_strokes, skips=True),
    ("image", "label"): LABELLED_PICTURES,
    ("image", "text"): DataTypes(_read_pictures, _pictures, skips=True),
    ("words", "tags"): TAGGED,
    ("words", "entities"): TAGGED,
    ("frames", "tags"): DataTypes(
        clips.load,
        clips.pairs,
        numbers=True,
        classes=True,
        series=True,
        whole="the frames of a clip stay together, by a column clip or video",
    ),
    ("style", "music"): DataTypes(
        music.load,
        music.pairs,
        music.of_catalogue,
        skips=True,
        whole="pieces have no groups",
        into_folds=functools.partial(by_rows, styles=True),
    ),
    ("series", "series"): DataTypes(
        series.load,
        series.pairs,
        _series,
        numbers=True,
        series=True,
        whole="a series is split in time",
        into_folds=origins.into_folds,
    ),
}


def of(recipe):
    """The `DataTypes` of a recipe; a ValueError names those there are."""
    pair = tuple(recipe.data_types)
    if pair not in DATA_TYPES:
        raise ValueError(
            f"The recipe {recipe.name!r} must have one of the pairs of data types "
            f"{sorted(DATA_TYPES, key=str)}. Received: data_types={pair}"
        )
    return DATA_TYPES[pair]
