"""Finding the splits of a dataset among a user's files."""

import glob
import pathlib
import re

from rnnkit.data.splits import SPLITS, undivided
from rnnkit.formats.compressed import bare
from rnnkit.formats.encodings import decode
from rnnkit.formats.tables import FILES, SUFFIXES, Table

_STEM = re.compile(rf"^(?:(?P<set>.*?)[_.\-])?(?P<split>{'|'.join(SPLITS)})$", re.IGNORECASE)


# What files without a usual ending are called: `eng.train`, `train`, `train.english.v4_gold_conll`;
# with the parts of the shared tasks of CoNLL.
_UNUSUAL = {**SPLITS, "testa": "validation", "testb": "test"}


def find_splits(source, name=None, suffixes=SUFFIXES):
    """The files of a source by split.

    Args:
        source: A file; a folder with `train.*` and perhaps `validation.*` (or `val.*`, `dev.*`)
            and `test.*`, or with one file alone; or a prefix or pattern of such files
            (`folder/set`, `folder/set_*`). Where no file has a usual ending, those are meant whose
            name or ending is a part: `train`, `eng.train`, `eng.testa` (which validates).
        name: Which set, where a folder holds several (`set_train.*`, `other_train.*`).
        suffixes: Endings of the files that are read.

    Returns:
        Dict of `"train"`, `"validation"`, `"test"` to path; or `{"all": path}` for a single file.

    Raises:
        ValueError: If nothing fits, or more than one set does: the message says what to pass.
    """
    source = str(source)
    path = pathlib.Path(source)
    read = (*suffixes, *FILES) if SUFFIXES[0] in suffixes else suffixes
    if path.is_file():
        return {"all": path}
    if path.is_dir():
        every = sorted(item for item in path.iterdir() if item.is_file())
        where = f"the folder {source!r}"
    else:
        pattern = source if glob.has_magic(source) else glob.escape(source) + "*"
        every = [pathlib.Path(item) for item in sorted(glob.glob(pattern))]
        where = f"{source!r}"
    files = [item for item in every if bare(item).suffix.lower() in read]
    if not files:
        files = [item for item in every if _unusual(item)]
    if not files and not path.is_dir():
        raise ValueError(f"There is no file or folder {source!r}")
    sets, others = {}, []
    for item in files:
        name_of_set, split = _set_and_split(item)
        if split is not None:
            found = sets.setdefault(name_of_set, {})
            if split in found:
                raise ValueError(
                    f"{where} holds two files for {split}: {found[split].name} and {item.name}. "
                    "Keep one of them, or pass one file"
                )
            found[split] = item
        else:
            others.append(item)
    # What is said about data is often in json beside it.
    plain = [item for item in others if bare(item).suffix.lower() != ".json"]
    others = plain or others
    if name is not None:
        if name not in sets:
            raise ValueError(f"{where} holds no set {name!r}. Sets found: {sorted(sets) or 'none'}")
        return _complete(sets[name], where)
    if len(sets) > 1:
        names = sorted(sets)
        raise ValueError(
            f"{where} holds {len(names)} sets: {', '.join(names)}. Say which one: "
            f"name={names[0]!r} (on the command line --name {names[0]})"
        )
    if sets:
        return _complete(next(iter(sets.values())), where)
    if len(others) == 1:
        return {"all": others[0]}
    if others:
        raise ValueError(
            f"{where} holds {len(others)} files and none is called train: "
            f"{', '.join(item.name for item in others[:5])}. Pass one file, or name them "
            "train, validation and test"
        )
    raise ValueError(
        f"{where} holds no data that is read here: expected train.* with validation.* and test.*, "
        f"ending in {', '.join(suffixes)}, or one folder a class with .txt files"
    )


def _set_and_split(path):
    """Which set and which part a file is of, by its name; the pair of None for neither."""
    match = _STEM.match(bare(path).stem)
    if match:
        return match["set"] or "", SPLITS[match["split"].lower()]
    return _unusual(path) or (None, None)


def _unusual(path):
    """The set and the part of a file without a usual ending, or None."""
    first, _, last = bare(path).name.lower().partition(".")
    if first in _UNUSUAL:
        return "", _UNUSUAL[first]
    stem, _, last = bare(path).name.rpartition(".")
    return (stem, _UNUSUAL[last.lower()]) if last.lower() in _UNUSUAL and stem else None


def _complete(found, where):
    if "train" not in found and not undivided.get():
        raise ValueError(
            f"{where} has no training part. Files found: "
            f"{', '.join(path.name for path in found.values())}"
        )
    return found


def class_folders(folder, encoding="utf-8"):
    """Texts in one folder a class, in split folders or not, as `{split: Table}`.

    The layout of `keras.utils.text_dataset_from_directory`: `folder/class/*.txt`, or
    `folder/train/class/*.txt` and so on. A class folder `unsup` (unlabelled texts) is left out.

    Args:
        folder: The folder.
        encoding: Character encoding of the texts.

    Returns:
        Dict of split (or `"all"`) to `Table` with columns `text` and `label`; empty if the folder
        is not of this layout or has tables beside its folders.

    Raises:
        ValueError: If there are splits but no training part, or bytes that cannot be decoded.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir() or any(item.suffix.lower() in SUFFIXES for item in folder.iterdir()):
        return {}
    splits = {
        SPLITS[item.name.lower()]: item
        for item in sorted(folder.iterdir())
        if item.is_dir() and item.name.lower() in SPLITS
    }
    result = {}
    for split, root in (splits or {"all": folder}).items():
        texts, labels, files = [], [], []
        for group in sorted(item for item in root.iterdir() if item.is_dir()):
            if group.name == "unsup":
                continue
            for file in sorted(group.glob("*.txt")):
                texts.append(decode(file, encoding))
                labels.append(group.name)
                files.append(file.name)
        if texts:
            result[split] = Table({"text": texts, "label": labels}, files, str(root))
    if result and not (undivided.get() or result.keys() & {"train", "all"}):
        raise ValueError(
            f"the folder {str(folder)!r} has no training part: expected a folder 'train'. "
            f"Found: {sorted(result)}"
        )
    return result
