"""Datasets by their TFDS name, the embedded ones among them."""

import contextlib
import glob
import io
import logging
import os
import pathlib
import re
import shutil
import time
import urllib.error
import urllib.request

import numpy as np
import tensorflow as tf

from rnnkit.data.readers import tfds_features
from rnnkit.data.readers.media import clips, images, transcripts
from rnnkit.data.readers.sequences import tagged
from rnnkit.data.splits import SPLITS, Data
from rnnkit.utils.checks import nearest

NAME = re.compile(r"^[a-z0-9_]+(/[A-Za-z0-9_.\-]+)?(:\d+\.\d+\.\d+)?$")
# Any answer at all shows that there is a network; TFDS itself would retry for minutes.
PROBE = "https://storage.googleapis.com"
PROBE_SECONDS = 5
# Seconds after which nobody is still preparing an embedded dataset.
LEFT_BEHIND = 600


def is_name(source):
    """Whether a string is of the form of a TFDS name (`imdb_reviews`, `glue/sst2`)."""
    return bool(NAME.match(source))


def load(name, input_type, target_type, given=None, data_dir=None):
    """A TFDS dataset as raw `(x, y)` examples.

    Args:
        name: TFDS name, such as `"imdb_reviews"` or `"glue/sst2"`.
        input_type: Type of TFDS feature wanted as input: `"text"`, `"audio"` or `"strokes"`.
        target_type: Type wanted as target: `"label"`, or `"text"` for translations and the like.
            Class numbers become class names.
        given: Dict of `"input"`, `"target"` to the name of a feature, where several fit.
        data_dir: Folder of TFDS; by default its own (`TFDS_DATA_DIR`, `~/tensorflow_datasets`).

    Returns:
        A `Data`. Parts that the dataset lacks are split off: validation from the end of train,
        test from the end of train, or validation where the labels of test are withheld.

    Raises:
        ValueError: For an unknown name, features that do not fit, or without a network.
    """
    builder, prepare = _builder(name, data_dir)
    x, y = tfds_features.choose(builder, input_type, target_type, given, name)
    signals = {"words": tagged, "frames": clips, "image": images}
    signals |= dict.fromkeys(tfds_features.RECORDINGS, transcripts)
    reader = signals.get(input_type)
    signal = None if reader is None else reader.example(builder, x, y)
    prepare()
    return _split(builder, x, y, signal)


def load_texts(name, given=None, data_dir=None):
    """The texts of a TFDS dataset, without targets.

    Args:
        name: TFDS name, such as `"tiny_shakespeare"`, with a feature of text.
        given: The name of that feature, where there are several.
        data_dir: As in `load`.

    Returns:
        A `Data` whose examples are texts, its parts as in `load`.

    Raises:
        ValueError: As `load`.
    """
    builder, prepare = _builder(name, data_dir)
    key = tfds_features.one(builder, "text", "target", given, name)
    prepare()
    data = _split(builder, key, key)
    for split in ("train", "validation", "test"):
        setattr(data, split, getattr(data, split).map(lambda text, _: text))
    return data


def load_series(name, given=None, data_dir=None):
    """The series of a TFDS dataset.

    Args:
        name: TFDS name, such as `"rnnkit_series/lorenz"`, with a feature of numbers of shape
            `[time, columns]` or `[time]`.
        given: Dict of `"input"`, `"target"` to columns by position; `"input"` may also name the
            feature, where several fit.
        data_dir: As in `load`.

    Returns:
        The arguments of `series.from_examples`, as a dict.

    Raises:
        ValueError: As `load`.
    """
    builder, prepare = _builder(name, data_dir)
    features, given = builder.info.features, dict(given or {})
    chosen = given.get("input")
    if isinstance(chosen, str) and chosen in features:
        del given["input"]
    else:
        chosen = None
    key = tfds_features.one(builder, "series", "input", chosen, name)
    prepare()
    sizes = builder.info.splits
    ours = {split: SPLITS[split] for split in sizes if split in SPLITS}
    if "train" not in ours.values():
        raise ValueError(f"{builder.info.name} has no split 'train'. Found: {sorted(sizes)}")
    examples = {}
    for split, part in ours.items():
        rows = _rows(builder, split).as_numpy_iterator()
        arrays = [np.asarray(row[key], "float64") for row in rows]
        examples[part] = [array[:, None] if array.ndim == 1 else array for array in arrays]
    width = examples["train"][0].shape[1]
    names = list(getattr(builder.builder_config, "columns", ()))
    if len(names) != width:
        names = [str(index) for index in range(width)]
    found = {"examples": examples, "names": names, "given": given}
    info = builder.info
    return {**found, "source": info.full_name, "in_order": info.disable_shuffling}


def _builder(name, data_dir):
    """The TFDS builder of a name, and a function that makes its files where they are missing."""
    import tensorflow_datasets as tfds

    from rnnkit.datasets import builders  # noqa: F401  registers the embedded datasets

    embedded = name.startswith("rnnkit_")
    try:
        with _quietly(tfds, True):
            builder = tfds.builder(name, data_dir=data_dir)
            prepared = builder.is_prepared()
    except tfds.core.DatasetNotFoundError:
        known = tfds.list_builders(with_community_datasets=False)
        hint = nearest(name.split("/")[0], known)
        raise ValueError(f"{name!r} is neither a file nor a TFDS dataset.{hint}") from None
    except ValueError as error:  # an unknown configuration of a known dataset
        raise ValueError(f"TFDS has no {name!r}: {str(error).splitlines()[0]}") from None

    def prepare():
        if prepared:
            return
        if not embedded:
            _need_network(name)
            size = builder.info.download_size
            print(f"Downloading {name}{f' ({size})' if size else ''} to {builder.data_dir} ...")
        else:
            _remove_left_behind(builder.data_dir)
        try:
            with _quietly(tfds, embedded):
                builder.download_and_prepare()
        except OSError as error:
            raise ValueError(
                f"The dataset {name} could not be written to {builder.data_dir} ({error}). Set "
                "TFDS_DATA_DIR to a folder that can be written"
            ) from error

    return builder, prepare


def _remove_left_behind(path):
    """Removes what preparing an embedded dataset, which takes seconds, left when it was killed.

    TFDS writes to a folder `incomplete.*` beside the one that it makes, whose name does not say
    which process it is of.
    """
    folder, version = os.path.split(os.path.normpath(os.fspath(path)))
    for left in glob.glob(os.path.join(glob.escape(folder), f"incomplete.??????_{version}")):
        with contextlib.suppress(OSError):
            written = max(
                entry.stat().st_mtime for entry in [*os.scandir(left), pathlib.Path(left)]
            )
            if time.time() - written > LEFT_BEHIND:
                shutil.rmtree(left)


@contextlib.contextmanager
def _quietly(tfds, quiet):
    """Keeps TFDS' notes and bars away where they say nothing: a second's work needs none."""
    if not quiet:
        yield
        return
    tfds.display_progress_bar(False)
    try:
        with contextlib.redirect_stdout(io.StringIO()), _without_warnings():
            yield
    finally:
        tfds.display_progress_bar(True)


@contextlib.contextmanager
def _without_warnings():
    """Keeps what TFDS logs away but for errors."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _need_network(name):
    try:
        urllib.request.urlopen(PROBE, timeout=PROBE_SECONDS).close()
    except urllib.error.HTTPError:
        return
    except OSError as error:
        raise ValueError(
            f"The dataset {name} is not on this machine and there is no network to download it "
            f"({getattr(error, 'reason', error)})"
        ) from None


def _split(builder, x, y, signal=None):
    name = tfds_features.named(builder.info.features[y])
    sizes = {split: info.num_examples for split, info in builder.info.splits.items()}
    train = next((split for split in ("train", "training") if split in sizes), None)
    if train is None:
        raise ValueError(f"{builder.info.name} has no split 'train'. Found: {sorted(sizes)}")
    validation = next((s for s in ("validation", "valid", "dev") if s in sizes), None)
    test = "test" if "test" in sizes else None
    if test and _withheld(builder, test, y):
        test = None
    if test is None and validation is not None:
        test, validation = validation, None
    wanted = {"validation": validation, "test": test}
    kept = 100  # per cent of train that is left to it
    for part in ("validation", "test"):
        if wanted[part] is None:
            kept -= 10
            wanted[part] = f"{train}[{kept}%:{kept + 10}%]"
    wanted["train"] = train if kept == 100 else f"{train}[:{kept}%]"
    signal = signal or (lambda row: (row[x], name(row[y])))
    parts = {
        split: _rows(builder, spec).map(signal, num_parallel_calls=tf.data.AUTOTUNE)
        for split, spec in wanted.items()
    }
    counts = {split: builder.info.splits[spec].num_examples for split, spec in wanted.items()}
    return Data(**parts, source=builder.info.full_name, sizes=counts)


def _withheld(builder, split, y):
    """Whether a split's labels are kept secret, which TFDS marks with -1."""
    rows = _rows(builder, split).take(20)
    labels = [int(row[y]) for row in rows if row[y].dtype.is_integer and row[y].shape.rank == 0]
    return bool(labels) and all(label < 0 for label in labels)


def _rows(builder, split):
    """The examples of a split in order, a `tf.data.Dataset`.

    None are cached: of a cache that is not read to its end TensorFlow says that it throws it away,
    and what is read is encoded once. What TFDS logs while it decodes is of its own code.
    """
    import tensorflow_datasets as tfds

    config = tfds.ReadConfig(try_autocache=False)
    with _without_warnings():
        return builder.as_dataset(split=split, shuffle_files=False, read_config=config)
