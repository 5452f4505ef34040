"""Pictures with labels or texts: class folders, tables beside pictures or zip files, npz files.

What is set apart for validation and test, where a source has no such parts, is a tenth each: of
every class alike where pictures have labels; and all texts of a picture together where they have
texts. Copies of a picture stay together. A class with a single picture is left to training, with a
warning.
"""

import collections
import pathlib
import tempfile
import warnings

import numpy as np
import tensorflow as tf

from rnnkit.data import splits
from rnnkit.data.partition import LEAST, PARTS
from rnnkit.data.readers import files, several_labels, several_targets, tfds_features
from rnnkit.data.readers.examples import leave_out
from rnnkit.data.readers.media import captions
from rnnkit.data.readers.media.picture_arrays import read_npz
from rnnkit.data.readers.media.picture_store import Store
from rnnkit.data.splits import SPLITS
from rnnkit.formats import archives, bounds, pictures
from rnnkit.formats.cells import as_label, missing
from rnnkit.formats.several import is_list
from rnnkit.formats.several_targets import Rows
from rnnkit.formats.tables import SUFFIXES, Table
from rnnkit.utils.progress import told

# === Rows to tensors ===


def image_and_label(table, columns, skip_unreadable=False):
    """Raw tensors `(picture bytes, labels)` of a table.

    Args:
        table: A `Table` whose input column has paths (relative to the table's file), bytes or
            arrays; see `pictures.to_bytes`.
        columns: Dict of `"input"`, `"target"` to the names of its columns.
        skip_unreadable: Whether rows whose picture cannot be read are left out, with a warning,
            instead of raising.

    Returns:
        Two string tensors `[rows]`.

    Raises:
        ValueError: If pictures cannot be read or a label is missing. The message has the number of
            bad rows and the first of them.
    """
    return _tensors(_read(table, columns, "label", skip_unreadable))


def image_and_text(table, columns, skip_unreadable=False):
    """Raw tensors `(picture bytes, texts)` of a table: a picture may have several rows.

    Args, returns and raises as `image_and_label`.
    """
    return _tensors(_read(table, columns, "text", skip_unreadable))


def _tensors(table):
    from rnnkit.features.conversion import convert

    if isinstance(table.columns["target"], Rows):
        return tf.constant(table.columns["image"]), several_targets.column(table.columns["target"])
    if table.size and is_list(table.columns["target"][0]):
        return tf.constant(table.columns["image"]), several_labels.column(table, "target")
    target = convert(table.columns["target"], tf.TensorSpec((), tf.string), "label")
    return tf.constant(table.columns["image"]), target


def _read(table, columns, what, skip, find=None, group=None):
    """A `Table` of the rows that can be read.

    Its columns are `image` (bytes), `target`, and `key`, which is the same where rows belong
    together: of one label, or texts of one picture. The column `split` is kept if there is one,
    and `group` is that of that name.
    """
    if find is None and pathlib.Path(table.source).is_file():
        find = Store(pathlib.Path(table.source).parent).find
    kept, found, bad, known = [], {"image": [], "target": [], "key": []}, [], {}
    made = bounds.Made(table.source, "pictures")  # each row has a copy
    values, targets = table.columns[columns["input"]], table.columns[columns["target"]]
    pairs = told(zip(values, targets, strict=True), "Reading pictures", len(values))
    for row, (value, target) in enumerate(pairs):
        where = table.where(row)
        empty = ("", "nan") if what == "label" else ("",)
        if missing(target) or str(target).strip().lower() in empty:
            raise ValueError(
                f"{where}: the column {columns['target']!r} holds no {what}. Received: {target!r}"
            )
        target = as_label(target) if what == "label" else target
        named = isinstance(value, str)
        try:
            if missing(value):
                raise ValueError(f"the column {columns['input']!r} is empty")
            if not named:
                content = pictures.to_bytes(value, find)
            else:  # texts of one picture share its bytes
                if value not in known:
                    known[value] = pictures.to_bytes(value, find)
                content = known[value]
        except ValueError as error:
            bad.append(f"{where}: {error}")
            continue
        made.add(content, len(content), len(content))
        key = str(target) if what == "label" else (value if named else row)
        key = "" if is_list(target) else key  # of several labels, which are no class
        for name, each in zip(found, (content, target, key), strict=True):
            found[name].append(each)
        kept.append(row)
    leave_out(bad, len(values), "pictures", skip, 4)
    if isinstance(targets, Rows):
        found["target"] = Rows(found["target"], targets.types)
    for name in table.columns:
        if str(name).strip().lower() == "split":
            found["split"] = [table.columns[name][row] for row in kept]
    if group is not None:
        name = table.match("group", (), group)
        found["group"] = [table.columns[name][row] for row in kept]
    return Table(found, [table.lines[row] for row in kept], table.source)


# === Sources ===


def load(source, request):
    """A user's pictures as `Data`.

    Args:
        source: A folder of class folders (`cat/1.png`), in split folders (`train/cat/1.png`) or
            not, for labels; a folder or zip file with pictures and a table of their paths, or one
            table a split; such a table alone, or a list of captions (see `captions.read`); or an
            npz file with `x` and `y`, or `x_train`, `y_train`, `x_test`, `y_test` and so on.
        request: A `Request`; its data types say whether labels or texts belong to the pictures.

    Returns:
        A `Data` of raw `(picture bytes, label or text)`.

    Raises:
        ValueError: For what cannot be read; the message says what was found.
    """
    path, what = pathlib.Path(source), request.recipe.data_types[1]
    info = {}
    if path.suffix.lower() == ".npz":
        several_targets.refuse(request, "npz files have no columns")
        parts = read_npz(path, what)
        parts = {split: request.classes(table, "target") for split, table in parts.items()}
    else:
        parts, info = _of_files(path, what, request)
    return _data(parts, what, str(source), request.split, info)


def _of_files(path, what, request):
    """Pictures in a folder or a zip file, by split, see `_read`; and what is said of labels."""
    archive = path.suffix.lower() == ".zip" and path.is_file()
    store = Store(path if path.is_dir() or archive else path.parent)
    find = store.find
    tables = _tables(path, archive, request)
    if tables:
        chosen = {split: request.columns(table) for split, table in tables.items()}
        if path.is_dir() or archive:
            _warn_of_unnamed(store, tables, chosen, what)
    else:
        request.refuse("Folders of pictures say their classes", "label_separator")
        several_targets.refuse(request, "Folders of pictures say their classes")
        find, tables = store.read, _class_folders(store, what)
        chosen = dict.fromkeys(tables, {"input": "path", "target": "label"})
    parts, info = {}, []
    for split, table in tables.items():
        info.append(several_targets.info(request, table, chosen[split]["target"]))
        table = request.classes(table, chosen[split]["target"])
        read = _read(table, chosen[split], what, request.skip_unreadable, find, request.group)
        for part, rows in splits.by_split_column(read, split).items():
            parts[part] = splits.take(read, rows)
    return parts, several_targets.merged(info)


def _tables(path, archive, request):
    """Tables of pictures by split; empty if there are none."""
    of_texts = request.recipe.data_types[1] == "text"
    if not archive:
        if path.is_dir() and not any(f.suffix.lower() in SUFFIXES for f in path.iterdir()):
            lists = captions.in_folder(path) if of_texts else []
            found = [captions.read(file, request) for file in lists]
            found = [table for table in found if table is not None]
            if len(found) > 1:
                names = ", ".join(pathlib.Path(table.source).name for table in found)
                raise ValueError(
                    f"{str(path)!r} holds several lists of captions, {names}: pass one"
                )
            return {"all": found[0]} if found else {}
        found = files.find_splits(path, request.name)
        lists = {split: captions.read(file, request) for split, file in found.items() if of_texts}
        return {split: lists.get(split) or request.table(file) for split, file in found.items()}
    with archives.Archive(path) as inside, tempfile.TemporaryDirectory() as folder:
        members = [m for m in inside.names if m.lower().endswith(SUFFIXES)]
        members = [m for m in members if "__MACOSX" not in m and m.count("/") <= 1]
        if not members:
            return {}
        for member in members:
            file = pathlib.Path(folder) / member.rpartition("/")[2]
            if file.exists():
                raise ValueError(
                    f"{path} holds two tables {file.name!r}: expected one of each name"
                )
            content = inside.read(member)
            with bounds.foreign(f"{path}, {member!r} cannot be unpacked", OSError):
                file.write_bytes(content)
        try:
            found = files.find_splits(folder, request.name)
            tables = {split: request.table(file) for split, file in found.items()}
        except ValueError as error:
            raise ValueError(str(error).replace(folder, str(path))) from None
    for split, table in tables.items():
        table.source = f"{path}/{found[split].name}"
    return tables


def _warn_of_unnamed(store, tables, chosen, what):
    named = [
        str(value)
        for split, table in tables.items()
        for value in table.columns[chosen[split]["input"]]
    ]
    extra = store.unnamed(named)
    if extra:
        warnings.warn(
            f"{len(extra)} of {len(store.index)} pictures in {str(store.path)!r} have no {what} in "
            f"the table and are left out. The first is {extra[0]}",
            stacklevel=3,
        )


def _class_folders(store, what):
    """Pictures in a folder a class as `{split: Table}`, read off their paths."""
    rows = {}
    for path in store.index:
        folders = path.split("/")[:-1]
        inside = [i for i, each in enumerate(folders[:-1]) if each.lower() in SPLITS]
        split = SPLITS[folders[inside[0]].lower()] if inside else "all"
        rows.setdefault(split, []).append((path, folders[-1] if folders else None))
    found = [each for part in rows.values() for each in part]
    if not found:
        raise ValueError(
            f"{str(store.path)!r} holds no pictures ({', '.join(pictures.SUFFIXES)}): expected one "
            "folder a class, or a table with the paths of pictures"
        )
    loose = [path for path, label in found if label is None]
    if what != "label" or loose:
        lacking, other = f"{what} for any of its {len(found)} pictures", ""
        if what == "label":
            lacking = f"class for {len(loose)} of {len(found)} pictures, the first is {loose[0]}"
            other = ", or one folder a class"
        raise ValueError(
            f"{str(store.path)!r} has no {lacking}: expected a table ({', '.join(SUFFIXES)}) with "
            f"the columns path and {what}{other}"
        )
    if "all" in rows and len(rows) > 1:
        path = rows["all"][0][0]
        raise ValueError(
            f"{str(store.path)!r} has folders {sorted(set(rows) - {'all'})} and pictures beside "
            f"them, such as {path}. Put these into one of the folders"
        )
    if not rows.keys() & {"all", "train"}:
        raise ValueError(
            f"{str(store.path)!r} has no training part: expected a folder 'train'. "
            f"Found: {sorted(rows)}"
        )
    tables = {}
    for split, pairs in rows.items():
        paths, labels = zip(*pairs, strict=True)
        tables[split] = Table({"path": list(paths), "label": list(labels)}, paths, str(store.path))
    return tables


# === Parts ===


def _data(parts, what, source, fractions, info):
    """`Data` of tables by part, those that are missing taken from the others."""
    whole = parts.get("all", parts.get("train"))
    groups = whole.columns.get("group") if whole is not None else None
    if whole is not None and set(parts) != set(PARTS) and not splits.undivided.get():
        counts = collections.Counter(whole.columns["key"])
        single = [key for key, count in counts.items() if count == 1]
        if what == "label" and single:
            warnings.warn(
                f"{len(single)} of {len(counts)} classes have one picture alone, which is left to "
                f"training: {', '.join(map(repr, single[:5]))}",
                stacklevel=4,
            )
        units = len(counts) if what == "text" else whole.size - len(single)
        if units < LEAST:
            wanted = [part for part in ("test", "validation") if part not in parts]
            raise ValueError(
                f"{whole.source} has {units} pictures to set some apart for "
                f"{' and '.join(wanted)}: expected at least {LEAST}, or parts for train, "
                "validation and test"
            )
    tensors = {part: _tensors(table) for part, table in parts.items()}
    return splits.from_columns(tensors, source, fractions, groups, info=info)


# === Datasets ===


def of_pixels(dataset):
    """A dataset of `(pixels uint8, y)`, batched or not, as `(bytes, y)`; others unchanged."""
    x, y = dataset.element_spec
    if x.dtype != tf.uint8:
        return dataset
    if x.shape.rank == 4:
        dataset = dataset.unbatch()

    def pair(pixels, y):
        pixels = pixels if pixels.shape.rank == 3 else pixels[..., None]
        return tf.io.encode_png(pixels), y

    return dataset.map(pair, num_parallel_calls=tf.data.AUTOTUNE)


def example(builder, x, y):
    """A function from a TFDS example to raw `(picture bytes, label or text)`."""
    feature = builder.info.features[x]
    if feature.np_dtype != np.uint8:
        raise ValueError(
            f"{builder.info.name}: pictures of whole numbers from 0 to 255 are read. "
            f"Received: the feature {x!r} of {feature.np_dtype}"
        )
    name = tfds_features.named(builder.info.features[y])
    return lambda row: (tf.io.encode_png(row[x]), name(row[y]))
