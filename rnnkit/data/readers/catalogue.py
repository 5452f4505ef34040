"""Datasets by their TFDS name, the embedded ones among them."""

import contextlib
import difflib
import io
import logging
import re
import urllib.error
import urllib.request

import numpy as np
import tensorflow as tf

from rnnkit.data.readers.media import clips, images, transcripts
from rnnkit.data.readers.sequences import tagged
from rnnkit.data.readers.text.parallel import choose
from rnnkit.data.splits import SPLITS, Data

NAME = re.compile(r"^[a-z0-9_]+(/[A-Za-z0-9_.\-]+)?(:\d+\.\d+\.\d+)?$")
# Any answer at all shows that there is a network; TFDS itself would retry for minutes.
PROBE = "https://storage.googleapis.com"
PROBE_SECONDS = 5
TFDS_FEATURES = {"text": "Text", "label": "ClassLabel", "image": "Image", "events": "Text"}


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
    features = builder.info.features
    if input_type == "words":
        x, y = tagged.choose(builder, target_type, given, name)
    elif input_type == target_type:
        x, y = _pair(builder, input_type, given, name)
    elif input_type in transcripts.INPUTS:
        x, y = transcripts.choose(builder, input_type, given, name)
    elif input_type == "frames":
        x, y = clips.choose(builder, given, name)
    else:
        x = _feature(features, input_type, "input", (given or {}).get("input"), name)
        y = _feature(features, target_type, "target", (given or {}).get("target"), name)
    signal = transcripts.example(builder, x, y) if input_type in transcripts.INPUTS else None
    if input_type == "words":
        signal = tagged.example(builder, x, y)
    if input_type == "frames":
        signal = clips.example(builder, x, y)
    if input_type == "image":
        signal = images.example(builder, x, y)
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
    key = _feature(builder.info.features, "text", "target", given, name)
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
    key = _feature(features, "series", "input", chosen, name)
    prepare()
    sizes = builder.info.splits
    ours = {split: SPLITS[split] for split in sizes if split in SPLITS}
    if "train" not in ours.values():
        raise ValueError(f"{builder.info.name} has no split 'train'. Found: {sorted(sizes)}")
    examples = {}
    for split, part in ours.items():
        rows = builder.as_dataset(split=split, shuffle_files=False).as_numpy_iterator()
        arrays = [np.asarray(row[key], "float64") for row in rows]
        examples[part] = [array[:, None] if array.ndim == 1 else array for array in arrays]
    width = examples["train"][0].shape[1]
    names = list(getattr(builder.builder_config, "columns", ()))
    if len(names) != width:
        names = [str(index) for index in range(width)]
    return {
        "examples": examples,
        "names": names,
        "given": given,
        "source": builder.info.full_name,
        "in_order": builder.info.disable_shuffling,
    }


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
        close = difflib.get_close_matches(name.split("/")[0], known, n=3)
        hint = f" Near names: {', '.join(close)}." if close else ""
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
        try:
            with _quietly(tfds, embedded):
                builder.download_and_prepare()
        except OSError as error:
            raise ValueError(
                f"The dataset {name} could not be written to {builder.data_dir} ({error}). Set "
                "TFDS_DATA_DIR to a folder that can be written"
            ) from error

    return builder, prepare


@contextlib.contextmanager
def _quietly(tfds, quiet):
    """Keeps TFDS' notes and bars away where they say nothing: a second's work needs none."""
    if not quiet:
        yield
        return
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    tfds.display_progress_bar(False)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        tfds.display_progress_bar(True)
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


def _feature(features, data_type, role, given, name):
    import tensorflow_datasets as tfds

    def fits(value):
        if data_type == "series":
            plain = type(value) in (tfds.features.Tensor, tfds.features.Sequence)
            shape = value.shape if plain else ()
            flat = isinstance(shape, tuple) and len(shape) in (1, 2)
            return flat and np.issubdtype(value.np_dtype, np.floating)
        return isinstance(value, getattr(tfds.features, TFDS_FEATURES[data_type]))

    found = {key: type(value).__name__ for key, value in features.items()}
    if given is not None:
        if given not in features:
            raise ValueError(f"{name} has no feature {given!r} for the {role}. Found: {found}")
        return given
    fitting = [key for key, value in features.items() if fits(value)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise ValueError(
            f"{name} has several features of data type {data_type}: say which is the {role} with "
            f"{role}={fitting[0]!r}. Found: {found}"
        )
    raise ValueError(
        f"{name} has no feature of data type {data_type} for the {role}. Found: {found}"
    )


def _pair(builder, data_type, given, name):
    """Which two features of one data type are input and target: as given, or as the dataset has it.

    The sides of a `Translation` are features by the names of their languages.
    """
    import tensorflow_datasets as tfds

    features, keys = builder.info.features, builder.info.supervised_keys
    wanted = getattr(tfds.features, TFDS_FEATURES[data_type])
    found = [key for key, value in features.items() if isinstance(value, wanted)]
    if len(found) < 2:
        known = {key: type(value).__name__ for key, value in features.items()}
        raise ValueError(f"{name} has no two features of data type {data_type}. Found: {known}")
    usual = {}
    if keys is not None and len(keys) == 2 and all(key in found for key in keys):
        usual = {role: (key,) for role, key in zip(("input", "target"), keys, strict=True)}
    return choose(found, usual, given, name, name)


def _split(builder, x, y, signal=None):
    labels = builder.info.features[y]
    names = getattr(labels, "names", None)
    sizes = {split: info.num_examples for split, info in builder.info.splits.items()}
    train = next((split for split in ("train", "training") if split in sizes), None)
    if train is None:
        raise ValueError(f"{builder.info.name} has no split 'train'. Found: {sorted(sizes)}")
    validation = next((s for s in ("validation", "valid", "dev") if s in sizes), None)
    test = next((s for s in ("test",) if s in sizes), None)
    if test and _withheld(builder, test, y):
        test = None
    if test is None and validation is not None:
        test, validation = validation, None
    wanted = {"validation": validation, "test": test}
    share = 100
    if validation is None:
        share -= 10
        wanted["validation"] = f"{train}[{share}%:{share + 10}%]"
    if test is None:
        share -= 10
        wanted["test"] = f"{train}[{share}%:{share + 10}%]"
    wanted["train"] = train if share == 100 else f"{train}[:{share}%]"
    table = None if names is None else tf.constant(names)

    def example(row):
        if signal is not None:
            return signal(row)
        target = row[y] if table is None else tf.gather(table, row[y])
        return row[x], target

    parts = {
        split: builder.as_dataset(split=spec, shuffle_files=False).map(
            example, num_parallel_calls=tf.data.AUTOTUNE
        )
        for split, spec in wanted.items()
    }
    counts = {split: builder.info.splits[spec].num_examples for split, spec in wanted.items()}
    return Data(**parts, source=builder.info.full_name, sizes=counts)


def _withheld(builder, split, y):
    """Whether a split's labels are kept secret, which TFDS marks with -1."""
    rows = builder.as_dataset(split=split, shuffle_files=False).take(20)
    labels = [int(row[y]) for row in rows if row[y].dtype.is_integer and row[y].shape.rank == 0]
    return bool(labels) and all(label < 0 for label in labels)
