"""From what a user passes to `recipe.data` to a `Data`."""

import os

import tensorflow as tf

from rnnkit.data import splits
from rnnkit.data.readers import catalogue, data_types
from rnnkit.data.readers.files import SPLITS
from rnnkit.data.readers.text import plain as plain_text

# Endings that say that a file is meant, whether it is there or not.
SUFFIXES = (*plain_text.SUFFIXES, ".npz", ".zip", ".wav", ".mid", ".midi")


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
        recipe: A `Recipe`: its `dataset`, `data_types` and `columns` are used.
        source: See `Recipe.data`.
        name: Which set of a folder.
        given: Dict of `"input"`, `"target"` to the user's own column.
        encoding: Character encoding of files.
        skip_unreadable: See `Recipe.data`.
        fold: See `Recipe.data`.

    Returns:
        A `Data`.

    Raises:
        ValueError: For what does not fit: the message says what was found and what is expected.
    """
    data_type = data_types.of(recipe)
    request = data_types.Request(recipe, name, given, encoding, skip_unreadable, fold)
    _check_options(data_type, request, source)
    if isinstance(source, splits.Data):
        return source
    if source is None:
        data = data_type.catalogue(recipe.dataset, request)
        data.source = None
        return data
    if is_catalogue_name(source):
        return data_type.catalogue(os.fspath(source), request)
    if data_type.single is not None:
        if isinstance(source, tf.data.Dataset):
            return splits.from_dataset(data_type.single(source, request))
        if isinstance(source, dict) and any(
            isinstance(value, tf.data.Dataset) for value in source.values()
        ):
            return _of_datasets(source, data_type, request)
    return data_type.read(source, request)


def _check_options(data_type, request, source):
    recipe = request.recipe
    if request.skip_unreadable and not data_type.skips:
        raise ValueError(
            "skip_unreadable is for recipes of audio, strokes, images or music. "
            f"Received: the recipe {recipe.name!r}, of {recipe.data_types[0]}"
        )
    table = hasattr(source, "columns") or data_types.are_frames(source)
    path = isinstance(source, (str, os.PathLike)) and not is_catalogue_name(source)
    if request.fold is not None and not (data_type.folds and (table or path)):
        raise ValueError(
            "fold is for tables of examples with a label that have a column 'fold'. Received: "
            f"fold={request.fold!r}, source={str(source)[:60]!r}, for the recipe {recipe.name!r}"
        )


def is_catalogue_name(source):
    """Whether a source is meant as a TFDS name: of that form, and neither file nor pattern."""
    if not isinstance(source, (str, os.PathLike)):
        return False
    source = os.fspath(source)
    if not catalogue.is_name(source) or os.path.exists(source) or source.endswith(SUFFIXES):
        return False
    folder = os.path.dirname(source)
    return not (folder and os.path.isdir(folder))


def _of_datasets(parts, data_type, request):
    data_types.check_splits(parts)
    parts = {SPLITS[key]: value for key, value in parts.items()}
    lacking = {"train", "validation", "test"} - set(parts)
    if lacking or not all(isinstance(value, tf.data.Dataset) for value in parts.values()):
        found = {split: type(value).__name__ for split, value in parts.items()}
        raise ValueError(
            "A dict of tf.data.Datasets must have train, validation and test, all of them "
            f"tf.data.Datasets. Received: {found}"
            + (f". Missing: {sorted(lacking)}" if lacking else "")
        )
    single = {split: data_type.single(value, request) for split, value in parts.items()}
    return splits.Data(**single, source="datasets")
