"""From what a user passes to `recipe.data` to a `Data`."""

import contextlib
import os

import tensorflow as tf

from rnnkit.data import splits
from rnnkit.data.partition import check_fractions
from rnnkit.data.readers import (
    catalogue,
    class_names,
    data_types,
    several_labels,
    several_targets,
)
from rnnkit.data.readers.request import Request
from rnnkit.data.readers.sequences import events
from rnnkit.data.readers.text import plain as plain_text
from rnnkit.formats import compressed, decimals, several, wav
from rnnkit.utils.messages import shorten

MOST_CHARACTERS = 2000  # of a message
# Endings that say that a file is meant, whether it is there or not.
SUFFIXES = (
    *plain_text.SUFFIXES, *compressed.SUFFIXES, ".json", ".npz", *wav.SUFFIXES, ".mid", ".midi",
)  # fmt: skip

# What may be said of series beside their inputs and targets.
_BESIDE = {
    "future": "columns that are known ahead of what is forecast",
    "static": "columns that tell how several series differ",
    "holidays": "days that are known ahead",
}


def load(recipe, source=None, **options):
    """Loads data for a recipe.

    Args:
        recipe: A `Recipe`: its `dataset`, `data_types` and `columns` are used.
        source: See `Recipe.data`.
        **options: Of a `Request`.

    Returns:
        A `Data`.

    Raises:
        ValueError: For what does not fit: the message says what was found and what is expected.
    """
    found = data_types.of(recipe)
    given = {
        role: column for role, column in options.pop("given", {}).items() if column is not None
    }
    request = Request(recipe, given=given, **options)
    _check_options(found, request, source)
    if isinstance(source, splits.Data):
        return source
    if source is None:
        data = found.catalogue(recipe.dataset, request)
        data.source = None
        return data
    if is_catalogue_name(source):
        return found.catalogue(os.fspath(source), request)
    if found.single is not None:
        if isinstance(source, tf.data.Dataset):
            data = splits.from_dataset(found.single(source, request))
            data.info |= several_labels.of_request(request)
            return data
        if isinstance(source, dict) and any(
            isinstance(value, tf.data.Dataset) for value in source.values()
        ):
            return _of_datasets(source, found, request)
    with _named(source):
        return found.read(source, request)


@contextlib.contextmanager
def _named(source):
    """Puts the name of a file or folder in front of an error that does not have it, and cuts the
    content of files in it."""
    try:
        yield
    except MemoryError:
        raise ValueError(f"{str(source)[:200]}: the data does not fit into memory") from None
    except ValueError as error:
        if not isinstance(source, (str, os.PathLike)):
            raise
        said, names = str(error), [os.fspath(source), *os.fspath(source).split(",")]
        names = [name.strip().rstrip(os.sep) for name in names]
        if not any(name and name in said for name in names):
            said = f"{os.fspath(source)}: {said}"
        if said == str(error) and len(said) <= MOST_CHARACTERS:
            raise
        cut = said if len(said) <= MOST_CHARACTERS else shorten(said, MOST_CHARACTERS)
        raise ValueError(cut) from error


def load_whole(recipe, source, part=None, **options):
    """What a user has, to be scored: all examples of a source, or those of one part.

    Args:
        recipe, source, **options: As in `load`.
        part: `"train"`, `"validation"` or `"test"`, as the source has it, or as rnnkit would split
            it; None for all examples.

    Returns:
        `tf.data.Dataset` of raw `(x, y)`.

    Raises:
        ValueError: As `load`, and if the source has no such part.
    """
    if part is not None:
        return getattr(load(recipe, source, **options), part)
    token = splits.undivided.set(True)
    try:
        data = load(recipe, source, **options)
    finally:
        splits.undivided.reset(token)
    found = [data.train, data.validation, data.test]
    whole = found[0]
    for each in found[1:]:
        if each is not found[0]:
            whole = whole.concatenate(each)
    return whole


def _check_options(found, request, source):
    recipe = request.recipe
    if request.skip_unreadable and not found.skips:
        raise ValueError(
            "skip_unreadable is for recipes of audio, strokes, images or music. "
            f"Received: the recipe {recipe.name!r}, of {recipe.data_types[0]}"
        )
    if not _of_files(source):
        what = "columns and characters of a file are told by separator, header and encoding; "
        why = f"{what}this is {_described(source)}"
        request.refuse(why, "separator", "header", "encoding")
    if not found.numbers or source is None or is_catalogue_name(source):
        why = f"decimal is for tables of numbers; the recipe is {recipe.name!r}, the data "
        request.refuse(why + _described(source), "decimal")
    decimals.check(request.decimal)
    class_names.check(request.names)
    if (
        not found.classes
        or source is None
        or isinstance(source, tf.data.Dataset)
        or (is_catalogue_name(source))
    ):
        why = (
            "names is for files, frames and lists whose labels or tags are numbers; the recipe is "
        )
        request.refuse(f"{why}{recipe.name!r}, the data {_described(source)}", "names")
    several.check_separator(request.label_separator, "label_separator")
    if not request.may_have_several or source is None or is_catalogue_name(source):
        why = "label_separator is for texts or images whose targets are labels, of your own; the "
        why += f"recipe is {recipe.name!r}, the data {_described(source)}"
        request.refuse(why, "label_separator")
    several_targets.check_given(request)
    named = source is None or is_catalogue_name(source)
    if named or isinstance(source, (tf.data.Dataset, splits.Data)):
        several_targets.refuse(request, f"This is {_described(source)}")
    table = hasattr(source, "columns") or events.are_frames(source)
    path = isinstance(source, (str, os.PathLike)) and not is_catalogue_name(source)
    received = f"{_described(source)} for the recipe {recipe.name!r}"
    if request.fold is not None and not (found.folds and (table or path)):
        raise ValueError(
            "fold is for tables of examples with a label that have a column 'fold'. Received: "
            f"fold={request.fold!r}, {received}"
        )
    if request.group is not None and (found.whole or not (table or path)):
        why = f"; {found.whole}" * bool(found.whole)
        raise ValueError(
            f"group is for tables with a row an example and a column of groups{why}. Received: "
            f"group={request.group!r}, {received}"
        )
    frames = isinstance(source, dict) and all(hasattr(each, "columns") for each in source.values())
    if request.series is not None and not (found.series and (table or path or frames)):
        raise ValueError(
            "series names the column that tells several series, or recordings, of a table apart. "
            f"Received: series={request.series!r}, source={str(source)[:60]!r}, for the recipe "
            f"{recipe.name!r}"
        )
    beside = {"future": request.future, "static": request.static, "holidays": request.holidays}
    for name, given in beside.items():
        if given is not None and recipe.data_types[1] != "series":
            raise ValueError(
                f"{name} is for series that are forecast: {_BESIDE[name]}. Received: "
                f"{name}={given!r}, for the recipe {recipe.name!r}"
            )
    if request.split is not None:
        check_fractions(request.split)
        if (
            source is None
            or is_catalogue_name(source)
            or isinstance(source, (tf.data.Dataset, splits.Data))
        ):
            raise ValueError(
                "split is for files, frames and lists that are not in parts yet. Received: "
                f"split={request.split!r}, {received}"
            )
    if request.split is not None and found.whole and min(request.split) == 0:
        raise ValueError(
            f"each part needs some of the data, as {found.whole}. Received: "
            f"split={request.split!r}, {received}"
        )
    if request.fold is not None and (request.split is not None or request.group is not None):
        raise ValueError("fold says which rows are the test: pass it without split and group")


def _of_files(source):
    """Whether a source is a path, or holds paths alone, of which one is there."""
    if isinstance(source, dict):
        return bool(source) and all(map(_of_files, source.values()))
    if isinstance(source, (tuple, list)):
        paths = all(isinstance(each, (str, os.PathLike)) for each in source)
        return paths and any(map(os.path.exists, source))
    return isinstance(source, (str, os.PathLike)) and not is_catalogue_name(source)


def _described(source):
    """What a source is, in words."""
    if source is None:
        return "the embedded sample"
    if isinstance(source, (str, os.PathLike)):
        return f"{shorten(source, 100)!r}"
    return "a frame" if hasattr(source, "columns") else f"a {type(source).__name__}"


def is_catalogue_name(source):
    """Whether a source is meant as a TFDS name: of that form, and neither file nor pattern."""
    if not isinstance(source, (str, os.PathLike)):
        return False
    source = os.fspath(source)
    if not catalogue.is_name(source) or os.path.exists(source) or source.endswith(SUFFIXES):
        return False
    folder = os.path.dirname(source)
    return not (folder and os.path.isdir(folder))


def _of_datasets(parts, found, request):
    parts = splits.named(parts)
    lacking = {"train", "validation", "test"} - set(parts)
    if lacking or not all(isinstance(value, tf.data.Dataset) for value in parts.values()):
        received = {split: type(value).__name__ for split, value in parts.items()}
        raise ValueError(
            "A dict of tf.data.Datasets must have train, validation and test, all of them "
            f"tf.data.Datasets. Received: {received}"
            + (f". Missing: {sorted(lacking)}" if lacking else "")
        )
    single = {split: found.single(value, request) for split, value in parts.items()}
    return splits.Data(**single, source="datasets", info=several_labels.of_request(request))
