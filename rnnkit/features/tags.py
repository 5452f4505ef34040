"""The feature for a tag at each step: parts of speech, entities, phases of a movement."""

import collections
import warnings

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.base import Feature
from rnnkit.features.conversion import free_token, strings, text_of
from rnnkit.features.words import ragged
from rnnkit.metrics.tag_schemes import (
    PARTS,
    SCHEMES,
    beginning,
    entities,
    notation_of,
    scheme_of,
    usual,
)
from rnnkit.utils.checks import one_of

# Ids of what is no tag that was learned.
UNLABELLED, UNSEEN = -1, -2


@keras.saving.register_keras_serializable(package="rnnkit")
class Tags(Feature):
    """A tag for each step of a sequence, and the tags of a sequence again.

    Tags may mark stretches of several words: `B-` at the first, `I-` at the others, `O` outside
    (BIO). An `I-` that continues nothing begins a stretch, as the usual scorers have it, and is
    encoded as `B-`; so the older way of writing `B-` only between neighbours is read too. Also
    with `E-` for the last and `S-` for a single word (BIOES), which others write `L-` and `U-`
    (BILOU). `B_city`, `city-B` and `city_B` are read as `B-city` is, where all tags but `O` are
    written so; tags stay as they are written. Tags of entities may have no marks at all: then a
    run of equal ones other than `O` is a stretch (`scheme="bare"`).

    The empty tag marks a step whose tag is not known: it does not count in training or scores. A
    tag that training did not have counts as an error in scores and not in the loss; a warning says
    how many there are.

    Args:
        classes: List of the tags in the order of their ids, or None to learn them with `adapt`.
        scheme: `"plain"`, `"bio"`, `"bioes"`, `"bare"`, or None to learn it with `adapt`, which
            takes tags without marks for plain; `"entities"` learns it too, and takes them for
            bare where one of them is `O`.

    Example:

    >>> tags = Tags().adapt([["B-city", "I-city", "O"]])
    >>> tags.encode(tags.to_tensor([["O", "I-city"]])).to_list()  # begins a stretch
    [[2, 0]]
    >>> tags.entities(["O", "B-city", "I-city"])
    [('city', 1, 3)]
    """

    raw_spec = tf.TensorSpec((None,), tf.string)
    sequence = True
    padding = UNLABELLED
    target_type = "tags"
    accepts_numbers = decodes_in_graph = True
    least = 2  # tags that there must be
    entries = ("classes",)

    def __init__(self, classes=None, scheme=None):
        self.scheme = one_of(scheme, "scheme", (None, *SCHEMES, "entities"))
        self.classes = None
        if classes is not None:
            self._set([str(each) for each in classes])

    def _set(self, classes):
        if len(set(classes)) != len(classes) or "" in classes:
            raise ValueError(f"classes must be different tags. Received: classes={classes}")
        if len(classes) < self.least:
            raise ValueError(f"Tags needs at least two tags to tell apart. Received: {classes}")
        if self.scheme in (None, "entities"):
            self.scheme = scheme_of(classes, self.scheme == "entities")
        self.classes = classes
        self.usual = usual(classes, self.scheme)
        self._lookup = keras.layers.StringLookup(
            vocabulary=classes, num_oov_indices=1, oov_token=free_token(classes)
        )

    @property
    def adapted(self):
        return self.classes is not None

    @property
    def size(self):
        return len(self.classes) if self.adapted else None

    @property
    def names(self):
        return self.classes

    # === Raw values ===

    def to_tensor(self, values):
        """Tags of sequences to a ragged string tensor `[batch, (time)]`.

        Args:
            values: List with a list of tags for each sequence (or a text with spaces between
                them), or a ragged tensor. Whole numbers are tags too; None is not known.
        """
        if isinstance(values, tf.RaggedTensor):
            return values.with_values(self.cast(values.flat_values))
        if isinstance(values, tf.Tensor) and values.shape.rank == 2:
            return tf.RaggedTensor.from_tensor(self.cast(values))
        if isinstance(values, (str, bytes)):
            raise ValueError(
                f"Tags takes a list with the tags of each sequence. Received: {values!r}"
            )
        rows = []
        for index, row in enumerate(values):
            row = text_of(row).split() if isinstance(row, (str, bytes)) else row
            if not hasattr(row, "__len__"):
                raise ValueError(
                    "Tags takes a list with the tags of each sequence, such as "
                    f"[['O', 'B-city'], ...]. Received: {row!r}"
                )
            row = np.array(["" if each is None else each for each in row], dtype=object)
            rows.append([text_of(each) for each in strings(row, f"Tags, sequence {index},")])
        return ragged(rows)

    def cast(self, values):
        flat = isinstance(values, tf.RaggedTensor)
        return (
            values.with_values(super().cast(values.flat_values)) if flat else super().cast(values)
        )

    # === Learning ===

    def adapt(self, data):
        """Learns the tags, sorted, and whether they mark stretches."""
        counts = collections.Counter()
        for values in self.batches(data):
            flat = values.flat_values if isinstance(values, tf.RaggedTensor) else values
            counts.update(text_of(each) for each in tf.reshape(flat, [-1]).numpy().tolist())
        counts.pop("", None)
        scheme = self.scheme
        if scheme in (None, "entities"):
            scheme = scheme_of(counts, scheme == "entities")
        notation = notation_of(counts)
        if scheme in ("bio", "bioes") and notation:  # what begins with I- may have to with B-
            names = {match[2] for match in map(PARTS.match, usual(counts, scheme)) if match}
            counts.update({beginning(notation, name): 0 for name in names})
        self.scheme = scheme
        self._set(sorted(counts))
        return self

    # === Encoding ===

    def encode(self, values, truncate=True):
        """Tags `[batch, (time)]` to ids, a ragged int32 tensor `[batch, (time)]`.

        -1 stands for a tag that is not known, -2 for one that training did not have.
        """
        del truncate
        if not isinstance(values, tf.RaggedTensor):
            values = tf.RaggedTensor.from_tensor(values)
        flat = self.cast(values.flat_values)
        ids = tf.cast(self._lookup(flat), tf.int32) - 1
        ids = tf.where(ids < 0, UNSEEN, ids)
        ids = tf.where(tf.equal(flat, ""), UNLABELLED, ids)
        if self.scheme in ("bio", "bioes"):
            ids = self._repaired(ids, values.value_rowids())
        return values.with_values(ids)

    def _repaired(self, ids, rows):
        """Ids `[steps]` in which what continues nothing begins a stretch."""
        continued, open_after, begins = (
            tf.constant([-1 if each is None else each for each in column], tf.int32)
            for column in zip(*map(self._transition, self.usual), strict=True)
        )
        safe = tf.maximum(ids, 0)
        after = tf.where(ids < 0, -1, tf.gather(open_after, safe))  # the stretch that goes on
        before = tf.concat([[-1], after[:-1]], axis=0)[: tf.size(ids)]
        first = tf.concat([[True], rows[1:] != rows[:-1]], axis=0)[: tf.size(ids)]
        wanted = tf.where(ids < 0, -1, tf.gather(continued, safe))
        lost = (wanted >= 0) & (first | (before != wanted))
        return tf.where(lost, tf.gather(begins, safe), ids)

    def _transition(self, tag):
        """How a tag, written as in `usual`, joins its neighbours.

        Returns:
            Number of the type of stretch that the tag continues, of the type that may go on after
            it, and the id of the tag with which its stretch would begin; None where there is none.
        """
        match = PARTS.match(tag)
        if not match:
            return None, None, None
        names = sorted({found[2] for found in map(PARTS.match, self.usual) if found})
        mark, number = match[1], names.index(match[2])
        single = f"S-{match[2]}"
        begin = single if mark == "E" and single in self.usual else f"B-{match[2]}"
        begins = self.usual.index(begin if begin in self.usual else tag)
        return (number if mark in "IE" else None, number if mark in "BI" else None, begins)

    def allowed(self):
        """Which tags may follow each other: the argument `allowed` of `rnnkit.layers.CRF`, or None
        where all may."""
        if self.scheme in ("plain", "bare"):
            return None
        transitions = [self._transition(tag)[:2] for tag in self.usual]
        closes = self.scheme == "bioes"  # then what has begun must end
        ends = [not (closes and goes_on is not None) for _, goes_on in transitions]
        starts = [continued is None for continued, _ in transitions]
        pairs = [
            [end if continued is None else continued == goes_on for continued, _ in transitions]
            for end, (_, goes_on) in zip(ends, transitions, strict=True)
        ]
        return [starts, pairs, ends]

    def check(self, values, encoded):
        """Warns of tags that training did not have, and of those that continue nothing."""
        codes = encoded.flat_values.numpy()
        unseen = codes == UNSEEN
        if unseen.any():
            flat = values.flat_values if isinstance(values, tf.RaggedTensor) else values
            raw = tf.reshape(self.cast(flat), [-1]).numpy()[unseen]
            names = sorted({text_of(each) for each in raw.tolist()})
            warnings.warn(
                f"{int(unseen.sum()):,} of {len(codes):,} steps have a tag that training did not: "
                f"{', '.join(map(repr, names[:10]))}. They count as errors in scores. Known tags: "
                f"{', '.join(map(repr, self.classes[:20]))}",
                stacklevel=2,
            )
        if self.scheme in ("plain", "bare"):
            return
        flat = values.flat_values if isinstance(values, tf.RaggedTensor) else values
        given = tf.cast(self._lookup(tf.reshape(self.cast(flat), [-1])), tf.int32).numpy() - 1
        lost = (given >= 0) & (given != codes)
        if lost.any():
            rows = np.unique(encoded.value_rowids().numpy()[lost])
            warnings.warn(
                f"{int(lost.sum()):,} tags in {len(rows):,} of {int(encoded.nrows()):,} sequences "
                "continue no stretch of their type, such as "
                f"{self.classes[given[np.argmax(lost)]]!r} in the one at position {rows[0]}. They "
                "are taken to begin one",
                stacklevel=2,
            )

    # === Decoding ===

    def decode(self, values):
        """Ids `[batch, time]` to a list of lists of tags; ids below 0 at the ends are left out,
        others are the empty tag."""
        results = []
        for row in values:
            row = np.asarray(row)
            known = np.flatnonzero(row != UNLABELLED)
            row = row[: known[-1] + 1] if len(known) else row[:0]
            results.append([self.classes[each] if each >= 0 else "" for each in row.tolist()])
        return results

    def decode_graph(self, outputs):
        """Tags of ids `[batch, time]` as TensorFlow operations, for export; `""` below 0."""
        names = tf.gather(tf.constant(self.classes), tf.maximum(outputs, 0))
        return {"tags": tf.where(outputs < 0, "", names)}

    def entities(self, tags):
        """Stretches that tags mark: a list of `(type, start, end)`, the end exclusive."""
        if self.scheme == "plain":
            return []
        if not self.adapted:
            return entities(tags)
        names = dict(zip(self.classes, self.usual, strict=True))
        return entities([names.get(tag, tag) for tag in tags])
