"""Tagged sentences from whatever holds them, as raw examples (words, tags)."""

import collections.abc
import itertools
import re

import numpy as np
import tensorflow as tf

from rnnkit.data import splits, stored
from rnnkit.data.readers import class_names, tfds_features
from rnnkit.data.readers.examples import path_of
from rnnkit.data.readers.files import find_splits
from rnnkit.data.readers.sequences import conll, spans, word_rows
from rnnkit.data.readers.sequences import listed as lists
from rnnkit.formats import compressed
from rnnkit.formats.cells import as_text, missing
from rnnkit.formats.encodings import content, is_binary
from rnnkit.formats.sentences import Sentences, numbered
from rnnkit.formats.tables import FILES, SUFFIXES, Table, from_frame
from rnnkit.metrics.tag_schemes import PARTS, scheme_of, usual
from rnnkit.utils import memory
from rnnkit.utils.messages import listed, shorten

# Marks that are written in a way that no scheme has: B/PER, BEGIN-PER.
_ODD = re.compile(r"[BIbi][^\w-]\w|(?i:begin|beginning|inside|intermediate)[\W_]\w")
# Marks as others have them, which do not make a scheme with the other tags: b-PER beside X.
_MARKED = re.compile(r"[BIbi][-_]\w|.*\w[-_][BIbi]$")
ENDINGS = tuple(dict.fromkeys((*SUFFIXES, *conll.SUFFIXES)))


def load(source, request):
    """Tagged sentences for a recipe of words with tags or entities.

    Args:
        source: A file of columns (see `conll.read`), a table (csv, tsv, jsonl) with a row a
            sentence, a row a word (see `word_rows.gathered`) or texts with spans (see
            `spans.tagged`), a folder of splits of these, a pandas frame, a pair
            (sentences, tags), a list of pairs of a text and its spans, or a dict of splits of
            these.
        request: A `Request`.

    Returns:
        A `Data` whose examples are pairs of string tensors `[words]`.
    """
    if isinstance(source, dict):
        parts = {split: _in_memory(part, request) for split, part in splits.named(source).items()}
        return splits.from_columns(_tensors(parts, request), "a dict", request.split)
    if isinstance(source, (tuple, list)) or hasattr(source, "columns"):
        parts = {"all": _in_memory(source, request)}
        label = "a frame" if hasattr(source, "columns") else "arrays"
    else:
        label = path_of(source)
        paths = find_splits(label, request.name, ENDINGS)
        parts = {split: _read(path, request) for split, path in paths.items()}
    memory.give_back()
    found, groups = {}, None
    for split, (table, columns) in parts.items():
        if request.group is not None:
            groups = table.columns[table.match("group", (), request.group)]
        for part, rows in splits.by_split_column(table, split).items():
            found[part] = splits.take(table, rows), columns
    return splits.from_columns(_tensors(found, request), label, request.split, groups)


def _in_memory(source, request):
    """A frame, a pair of lists, or a list of texts with spans, as a `Table` and its columns."""
    if hasattr(source, "columns"):
        return _sentences(from_frame(source), request)
    if len(source) != 2 and all(map(_has_spans, source)):
        texts = {"text": [text for text, _ in source], "spans": [each for _, each in source]}
        texts["spans"] = [each["entities"] for each in texts["spans"]]
        return _sentences(Table(texts, range(len(source)), "the list", unit="position"), request)
    if len(source) != 2 or len(source[0]) != len(source[1]):
        raise ValueError(
            "Arrays are passed as a pair (sentences, tags) of equal length. "
            f"Received: lengths {shorten([_size(part) for part in source])}"
        )
    pair = {"words": list(source[0]), "tags": list(source[1])}
    return Table(pair, range(len(source[0])), "the pair", unit="position"), ("words", "tags")


def _has_spans(example):
    """Whether something is a text with `{"entities": [...]}`, as spaCy is trained with."""
    pair = isinstance(example, (tuple, list)) and len(example) == 2
    return pair and isinstance(example[1], dict) and "entities" in example[1]


def _size(part):
    return len(part) if hasattr(part, "__len__") else part


def _read(path, request):
    """The `Table` of a file with a sentence a row, and its columns of words and tags."""
    suffix = compressed.bare(path).suffix.lower()
    if suffix not in FILES and is_binary(path):
        raise ValueError(
            f"{path} is of a type that is not read; expected one of {', '.join(ENDINGS)}"
        )
    if suffix in FILES and suffix not in conll.SUFFIXES:
        return _sentences(request.table(path), request)
    recipe = request.recipe
    if conll.looks_like(path, recipe.columns, content(path, request.encoding)):
        request.refuse(f"{path} is read as columns of words and tags", "separator", "header")
        table = conll.read(path, recipe.data_types[1], request.given, request.encoding)
        return table, ("words", "tags")
    return _sentences(request.table(path), request)


def _sentences(table, request):
    """A table as one with a sentence a row, and the names of its columns of words and tags."""
    columns = tuple(request.column(table, role) for role in ("input", "target"))
    if request.recipe.data_types[1] == "entities":
        columns = (_of_texts(table, columns[0], request), columns[1])
        table = spans.tagged(table, *columns)
    listed = {name: lists.column(table.columns[name]) for name in columns}
    table = Table(
        {**table.columns, **listed}, table.lines, table.source, table.positions, table.unit
    )
    return word_rows.gathered(table, *columns), columns


def _of_texts(table, column, request):
    """The column of texts where the one of words says where each word stands."""
    first = next(iter(table.columns[column]), None)
    tokens = isinstance(first, list) and bool(first) and isinstance(first[0], dict)
    if tokens and "input" not in request.given and "text" in table.columns:
        return "text"
    return column


def _tensors(parts, request):
    """Raw columns of tables with a sentence a row; their cells hold lists, or words with spaces.

    Args:
        parts: Dict of split to a `Table` and the names of its columns of words and of tags.
        request: A `Request`.
    """
    found = {}
    for split, (table, columns) in parts.items():
        words, tags = (_sides(table.columns[name], table.where) for name in columns)
        tags = _apart(words, tags, table)
        if request.names is not None:
            tags = [
                [class_names.name_of(tag, request.names, table.where(row)) for tag in each]
                for row, each in enumerate(tags)
            ]
        found[split] = words, tags, table
    if request.names is None:
        _check_tags(list(found.values()), request)
    return {
        split: _paired(words, tags, table.where) for split, (words, tags, table) in found.items()
    }


def _sides(values, where):
    """Each sentence of a column as a list of words."""
    if isinstance(values, Sentences):
        return values
    found = []
    for row, value in enumerate(values):
        try:
            found.append(_items(value))
        except ValueError as error:
            raise ValueError(f"{where(row)}: {error}") from None
    return found


def _items(value):
    if isinstance(value, str):
        return value.split()
    if type(value) is list and all(type(each) is str for each in value):
        return value
    if isinstance(value, collections.abc.Iterable) and not isinstance(value, (dict, bytes)):
        return [
            each if type(each) is str else as_text(each).decode("utf-8", "replace")
            for each in value
        ]
    if missing(value):
        return []
    raise ValueError(
        f"expected words with spaces between them, or a list of words. Received: "
        f"{shorten(repr(value), 80)}"
    )


def _apart(words, tags, table):
    """Tags that have commas between them, "B-PER,O", apart where they are as many as the words."""
    if np.array_equal(_sizes(words), _sizes(tags)):
        return tags
    apart = [each[0].split(",") if len(each) == 1 else each for each in tags]
    if any(len(side) != len(each) for side, each in zip(words, apart, strict=True)):
        return tags  # refused with its line
    print(f"{table.source}: the tags of a sentence are those between commas")
    return apart


def _check_tags(parts, request):
    """Refuses tags that cannot be those of entities; says that numbers are tags.

    Args:
        parts: Words, tags and `Table` of each part.
        request: A `Request`. A column of tags that the user chose may hold any but numbers.
    """
    entities = request.recipe.data_types[1] == "entities"
    known = set().union(*(_different(tags) for _, tags, _ in parts))
    source = parts[0][2].source
    numbers = bool(known) and all(class_names.number(tag) is not None for tag in known)
    if numbers and entities:
        raise ValueError(
            f"{source}: the tags are numbers ({listed(sorted(known))}), which do not say what is "
            "an entity. Say the names of their classes, from 0 on, such as "
            "names=['O', 'B-PER', 'I-PER']"
        )
    if numbers:
        print(f"{source}: the tags are numbers; names=[...] says what they are called")
    if not entities or known <= {"O"}:
        return
    marked = any(tag[:2] in ("B-", "I-") for tag in known)
    bare = {tag for tag in known - {"O", ""} if not PARTS.match(tag)}
    odd = {tag for tag in bare if _ODD.match(tag)}
    scheme = scheme_of(known, entities=True)
    if scheme == "bare" and not marked:
        odd |= {tag for tag in bare if _MARKED.match(tag) or _without_mark(tag, bare)}
    _check_case(known, scheme, source)
    plain = scheme == "plain" and "target" not in request.given
    if not (plain or odd or (marked and bare)):
        return
    wrong = odd or bare or known
    table, row, tag = next(
        (table, row, tag)
        for _, tags, table in parts
        for row, each in enumerate(tags)
        for tag in each
        if tag in wrong
    )
    what = "has no mark B- or I- as others have" if marked else "is of no entity, and none is O"
    what = "has a mark that is not read" if odd else what
    raise ValueError(
        f"{table.where(row)}: the tag {shorten(repr(tag), 80)} {what}. Expected tags of entities "
        f"such as B-PER, I-PER and O. Tags found: {listed(sorted(known))}"
    )


def _without_mark(tag, tags):
    """Whether a tag seems to be a type with its mark before it: BPER, as there is IPER too."""
    name = tag[1:]
    return len(name) > 1 and tag[0] in "BI" and {f"B{name}", f"I{name}"} <= tags


def _check_case(tags, scheme, source):
    """Refuses types of entities that differ in nothing but their case: B-Per and I-PER."""
    if scheme == "plain":
        return
    found, tags = {}, sorted(tags)
    for tag, name in zip(tags, usual(tags, scheme), strict=True):
        name = name.partition("-")[2]
        before, first = found.setdefault(name.casefold(), (name, tag))
        if before != name:
            raise ValueError(
                f"{source}: the tags {first!r} and {tag!r} differ in case, and may be of one type "
                "or of two. Write them alike if they are of one, or with different words if of "
                f"two. Tags found: {listed(tags)}"
            )


def _paired(sentences, tags, where):
    """Columns of sentences and tags of the same lengths; empty sentences are left out."""
    sizes = _sizes(sentences)
    wrong = sizes != _sizes(tags)
    if wrong.any():
        row = int(np.argmax(wrong))
        words, marks = sentences[row], tags[row]
        raise ValueError(
            f"{where(row)}: a sentence of {len(words)} words has {len(marks)} tags. "
            f"Received: {' '.join(words)[:80]!r} and {' '.join(marks)[:80]!r}"
        )
    if not sizes.any():
        raise ValueError("The data holds no sentence")
    return tuple(_numbered(side, sizes[sizes > 0]) for side in (sentences, tags))


def _numbered(sentences, sizes):
    if isinstance(sentences, Sentences):
        codes, names = sentences.codes, sentences.names
    else:
        codes, names = numbered(itertools.chain.from_iterable(sentences))
    codes = tf.RaggedTensor.from_row_lengths(codes.astype("int32"), sizes, validate=False)
    return stored.Numbered(codes, names)


def _sizes(sentences):
    """Number of texts in each of some lists, int64."""
    if isinstance(sentences, Sentences):
        return sentences.sizes()
    return np.fromiter(map(len, sentences), "int64", len(sentences))


def _different(sentences):
    if isinstance(sentences, Sentences):
        return sentences.different()
    return set(itertools.chain.from_iterable(sentences))


def pairs(dataset, request):
    """A dataset of single raw pairs; a ValueError says what others hold."""
    spec = dataset.element_spec
    pair = isinstance(spec, tuple) and len(spec) == 2
    ranks = {part.shape.rank for part in spec} if pair else set()
    if pair and request.recipe.data_types[1] == "entities" and spec[1].dtype.is_integer:
        raise ValueError(
            "The tags of the dataset are numbers, which do not say what is an entity: map them to "
            "their names first, such as tf.gather(['O', 'B-PER', 'I-PER'], tags)"
        )
    if ranks not in ({1}, {2}):
        raise ValueError(
            "The dataset must give pairs (words, tags) of string tensors [words], or batches of "
            f"them. Received: elements {spec}"
        )
    return dataset.unbatch() if ranks == {2} else dataset


# === TFDS ===


def example(builder, x, y):
    """Function from a row of a TFDS dataset to raw `(words, tags)`, classes as their names."""
    name = tfds_features.named(builder.info.features[y].feature)
    return lambda row: (row[x], name(row[y]))
