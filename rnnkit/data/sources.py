"""From what a user passes to `recipe.data` to a `Data`."""

import functools
import os

import tensorflow as tf

from rnnkit.data import (
    catalogue,
    clips,
    histories,
    images,
    parallel,
    plain_text,
    recordings,
    series,
    splits,
    tagged,
)
from rnnkit.data.files import SPLITS
from rnnkit.data.tables import SUFFIXES, Table, from_frame

# Kinds of (input, target) -> function (table, columns) that makes tensors of raw examples.
TO_TENSORS = {
    ("text", "label"): splits.text_and_label,
    ("events", "label"): histories.events_and_label,
    ("text", "text"): parallel.pairs_of_texts,
    ("audio", "text"): recordings.audio_and_text,
    ("strokes", "text"): recordings.strokes_and_text,
    ("image", "label"): images.image_and_label,
    ("image", "text"): images.image_and_text,
}
# Kinds whose tables may have a column `fold`.
FOLDED = (("text", "label"), ("events", "label"))


def load(
    recipe,
    source=None,
    *,
    name=None,
    given=None,
    encoding="utf-8",
    skip_unreadable=False,
    fold=None,
):
    """Loads data for a recipe; see `Recipe.data` for what `source` can be.

    Args:
        recipe: A `Recipe`: its `dataset`, `kinds` and `columns` are used.
        source: See `Recipe.data`.
        name: Which set of a folder.
        given: Dict of `"input"`, `"target"` to the user's own column.
        encoding: Character encoding of files.
        skip_unreadable: See `Recipe.data`.
        fold: See `Recipe.data`.

    Returns:
        A `Data`.
    """
    if skip_unreadable and recipe.kinds[0] not in ("audio", "strokes", "image"):
        raise ValueError(
            "skip_unreadable is for recipes whose input is audio, strokes or images. "
            f"Received: the recipe {recipe.name!r}, of {recipe.kinds[0]}"
        )
    is_table = hasattr(source, "columns") or _are_frames(source)
    if isinstance(source, (str, os.PathLike)):
        is_table = not _is_catalogue_name(os.fspath(source))
    if fold is not None and not (is_table and recipe.kinds in FOLDED):
        raise ValueError(
            "fold is for tables of examples with a label that have a column 'fold'. "
            f"Received: fold={fold!r}, source={str(source)[:60]!r}, for the recipe {recipe.name!r}"
        )
    if recipe.kinds[0] is None:
        return plain_text.load(recipe, source, name=name, given=given, encoding=encoding)
    if tuple(recipe.kinds) == ("series", "series"):
        return _load_series(recipe, source, name, given, encoding)
    if tuple(recipe.kinds) == ("frames", "tags"):
        return _load_clips(recipe, source, given, encoding)
    words = tuple(recipe.kinds) in tagged.KINDS
    to_tensors = TO_TENSORS.get(tuple(recipe.kinds))
    if skip_unreadable:
        to_tensors = functools.partial(to_tensors, skip_unreadable=True)
    if source is None:
        data = catalogue.load(recipe.dataset, *recipe.kinds)
        data.source = None
        return data
    if isinstance(source, splits.Data):
        return source
    if words and not (isinstance(source, str) and _is_catalogue_name(source)):
        return tagged.load(recipe, source, name, given, encoding)
    if recipe.kinds == ("text", "text"):
        data = parallel.load(source, recipe.columns, given, name, encoding)
        if data is not None:
            return data
    if isinstance(source, tf.data.Dataset):
        return splits.from_dataset(_unbatched(source, recipe, given))
    if isinstance(source, dict):
        return _from_dict(source, recipe, to_tensors, given)
    if recipe.kinds[0] == "events" and (hasattr(source, "columns") or _are_frames(source)):
        return histories.load(source, recipe, given=given, fold=fold)
    if isinstance(source, (tuple, list)):
        return splits.from_columns({"all": _tensors(source, to_tensors)}, "arrays")
    if hasattr(source, "columns"):
        return splits.read_files(source, recipe.columns, to_tensors, given=given, fold=fold)
    if not isinstance(source, (str, os.PathLike)):
        raise ValueError(
            "source must be a path, a TFDS name, a pandas frame, a tf.data.Dataset, a pair (x, y) "
            f"or a dict of splits. Received: {type(source).__name__}"
        )
    source = os.fspath(source)
    if _is_catalogue_name(source):
        return catalogue.load(source, *recipe.kinds, given=given)
    if recipe.kinds[0] == "events":
        return histories.load(source, recipe, name=name, given=given, encoding=encoding, fold=fold)
    if recipe.kinds[0] == "audio" and name is None:
        folders = recordings.wav_folders(source, encoding)
        if folders:
            columns = {"input": "path", "target": "text"}
            parts = {split: to_tensors(table, columns) for split, table in folders.items()}
            return splits.from_columns(parts, source)
    if recipe.kinds[0] == "image":
        return images.load(
            source,
            recipe.columns,
            recipe.kinds[1],
            given=given,
            name=name,
            encoding=encoding,
            skip_unreadable=skip_unreadable,
        )
    return splits.read_files(
        source, recipe.columns, to_tensors, name=name, given=given, encoding=encoding, fold=fold
    )


def _are_frames(source):
    pair = isinstance(source, (tuple, list)) and len(source) == 2
    return pair and all(hasattr(part, "columns") for part in source)


def _load_clips(recipe, source, given, encoding):
    """As `load`, for sequences of frames; see `clips.load`."""
    if isinstance(source, splits.Data):
        return source
    if source is None:
        data = catalogue.load(recipe.dataset, *recipe.kinds)
        data.source = None
        return data
    if isinstance(source, (str, os.PathLike)) and _is_catalogue_name(os.fspath(source)):
        return catalogue.load(os.fspath(source), *recipe.kinds, given=given)
    if isinstance(source, tf.data.Dataset):
        return splits.from_dataset(clips.pairs(source))
    if isinstance(source, dict) and isinstance(source.get("train"), tf.data.Dataset):
        parts = {SPLITS.get(key, key): clips.pairs(value) for key, value in source.items()}
        if set(parts) != {"train", "validation", "test"}:
            raise ValueError(
                "A dict of tf.data.Datasets must have train, validation and test. "
                f"Received: {sorted(source)}"
            )
        return splits.Data(**parts, source="datasets")
    if isinstance(source, tuple):
        return clips.from_arrays(source)
    return clips.load(source, recipe.columns, given=given, encoding=encoding)


def _load_series(recipe, source, name, given, encoding):
    """As `load`, for series of numbers; see `series.read`."""
    if isinstance(source, splits.Data):
        return source
    if source is None:
        data = series.from_examples(**catalogue.load_series(recipe.dataset, given))
        data.source = None
        return data
    if isinstance(source, (str, os.PathLike)):
        source = os.fspath(source)
        if not source.endswith(".txt") and _is_catalogue_name(source):
            return series.from_examples(**catalogue.load_series(source, given))
    elif isinstance(source, tf.data.Dataset):
        return splits.from_dataset(_series_pairs(source))
    elif isinstance(source, dict) and isinstance(source.get("train"), tf.data.Dataset):
        parts = {SPLITS.get(key, key): _series_pairs(value) for key, value in source.items()}
        if set(parts) != {"train", "validation", "test"}:
            raise ValueError(
                "A dict of tf.data.Datasets must have train, validation and test. "
                f"Received: {sorted(source)}"
            )
        return splits.Data(**parts, source="datasets")
    return series.read(source, name=name, given=given, encoding=encoding)


def _series_pairs(dataset):
    """A dataset of single raw `(x, y)`, each `[time, columns]`."""
    spec = getattr(dataset, "element_spec", None)
    pair = isinstance(spec, tuple) and len(spec) == 2
    if not pair or not all(getattr(part, "shape", None) is not None for part in spec):
        raise ValueError(f"The dataset must give pairs (x, y) of series. Received: {spec}")
    ranks = {part.shape.rank for part in spec}
    if ranks not in ({2}, {3}):
        raise ValueError(
            "The series of a dataset must be pairs (x, y) of shapes (time, columns) and (time, "
            f"targets), or batches of them. Received: shapes {[part.shape for part in spec]}"
        )
    return dataset.unbatch() if ranks == {3} else dataset


def _is_catalogue_name(source):
    """Whether a string is meant as a TFDS name: of that form, and neither file nor pattern."""
    if not catalogue.is_name(source) or os.path.exists(source) or source.endswith(SUFFIXES):
        return False
    folder = os.path.dirname(source)
    return not (folder and os.path.isdir(folder))


def _unbatched(dataset, recipe, given):
    spec = dataset.element_spec
    if isinstance(spec, dict):
        keys = Table({key: [] for key in spec}, source="the dataset")
        names = _columns(keys, recipe, given)
        dataset = dataset.map(lambda row: (row[names["input"]], row[names["target"]]))
        spec = dataset.element_spec
    pair = isinstance(spec, tuple) and len(spec) == 2
    if not pair or not all(isinstance(part, tf.TypeSpec) for part in spec):
        raise ValueError(f"The dataset must give pairs (x, y). Received: elements {spec}")
    # Single strokes are of rank 2; all else is of rank 0.
    batched = spec[1].shape.rank == 1 and spec[0].shape.rank in (1, 3)
    dataset = dataset.unbatch() if batched else dataset
    return images.of_pixels(dataset) if recipe.kinds[0] == "image" else dataset


def _columns(table, recipe, given):
    """Which column plays which role, as a dict."""
    return {
        role: table.match(role, names, (given or {}).get(role))
        for role, names in recipe.columns.items()
    }


def _tensors(pair, to_tensors):
    if len(pair) != 2:
        raise ValueError(f"Arrays are passed as a pair (x, y). Received: {len(pair)} parts")
    x, y = (list(part.numpy()) if isinstance(part, tf.Tensor) else list(part) for part in pair)
    if len(x) != len(y):
        raise ValueError(f"x and y must be of equal length. Received: {len(x):,} and {len(y):,}")
    table = Table({"input": x, "target": y}, range(len(x)), "arrays")
    return to_tensors(table, {"input": "input", "target": "target"})


def _from_dict(parts, recipe, to_tensors, given):
    unknown = [key for key in parts if key not in SPLITS]
    if unknown or "train" not in parts:
        raise ValueError(
            "A dict of data must have the key 'train', and may have 'validation' and 'test'. "
            f"Received: keys {sorted(parts)}"
        )
    parts = {SPLITS[key]: value for key, value in parts.items()}
    if not any(isinstance(value, tf.data.Dataset) for value in parts.values()):
        tensors = {}
        for split, value in parts.items():
            if hasattr(value, "columns"):
                table = from_frame(value)
                tensors[split] = to_tensors(table, _columns(table, recipe, given))
            else:
                tensors[split] = _tensors(value, to_tensors)
        return splits.from_columns(tensors, "a dict")
    missing = {"train", "validation", "test"} - set(parts)
    if missing:
        raise ValueError(
            "A dict of tf.data.Datasets must have train, validation and test. "
            f"Missing: {sorted(missing)}"
        )
    return splits.Data(
        **{split: _unbatched(value, recipe, given) for split, value in parts.items()},
        source="datasets",
    )
