"""Word vectors that a feature brings along, for the words of its data and for words beyond it."""

import os

import numpy as np

from rnnkit.formats import word_vectors
from rnnkit.formats.word_vectors import WordVectors
from rnnkit.utils.checks import integer, one_of
from rnnkit.utils.messages import listed

# Words beyond the data that are taken on by default: those of a large file are rare.
MOST_WORDS = 200_000
# Numbers beyond this are not kept in 16 bits, nor those that hardly differ from 0.
LARGEST, SMALLEST_SPREAD = 65_000.0, 1e-4


class Pretrained:
    """Word vectors as a feature has them.

    Args:
        size: Numbers in a vector.
        beyond: How many words at the end of the vocabulary the data does not have.
        kept: Type of the values: `"float16"` where three digits of each are in its range, or
            `"float32"`.
        values: Array `[ids, size]`, zeros for ids without a vector; None in a feature that was
            loaded, as the network holds them.
        source: The file or `WordVectors` that they are made from; None in a loaded feature.
    """

    def __init__(self, size, beyond=0, kept="float16", values=None, source=None):
        self.size = size
        self.beyond = beyond
        self.kept = one_of(kept, "kept", ("float16", "float32"))
        self.values = values
        self.source = source

    @classmethod
    def of(cls, given, adapted=False):
        """From what a feature is given as `vectors`.

        Args:
            given: Path of a file, `WordVectors`, or the dict of a configuration; or None, which
                gives None.
            adapted: Whether the feature has learned its vocabulary already.
        """
        if given is None or isinstance(given, cls):
            return given
        if isinstance(given, dict):
            if set(given) != {"size", "beyond", "kept"}:
                raise ValueError(
                    f"vectors must have 'size', 'beyond' and 'kept'. Received: {given!r}"
                )
            return cls(
                integer(given["size"], "size of vectors"),
                integer(given["beyond"], "words beyond the data", least=0),
                given["kept"],
            )
        if not isinstance(given, (str, os.PathLike, WordVectors)):
            raise ValueError(
                "vectors must be the path of a file of word vectors (GloVe, word2vec, fastText), "
                f"or WordVectors. Received: {type(given).__name__}"
            )
        if adapted:  # also so that no model file can have a file read
            raise ValueError(
                "vectors are given before a feature learns its vocabulary: it is learned from the "
                "data and the vectors together, with adapt(). Received: vectors and a vocabulary"
            )
        return cls(None, source=given)

    def check(self, name):
        """Refuses a feature, called `name`, that was loaded: its vectors are in a model."""
        if self.source is None:
            raise ValueError(
                f"{name} has the vocabulary of word vectors without the vectors: these are weights "
                "of the model that it was loaded with. Adapt a new one, with vectors=..."
            )

    @property
    def config(self):
        """What a saved model keeps of it; the numbers are weights of the network."""
        return {"size": self.size, "beyond": self.beyond, "kept": self.kept}


def learn(given, vocabulary, counts, looked_up, special, most):
    """Vectors for a vocabulary, and the words that it grows by.

    A word of the file is one of the data if both are looked up as the same: in lower case, say, or
    with zeros for digits. Of several words of the file that is the one that is spelled so, else
    the first, as files begin with the most frequent words.

    Args:
        given: `Pretrained` with a `source`.
        vocabulary: Words of the data, without the special ones.
        counts: Dict of word of the data, as bytes, to how often it occurs.
        looked_up: Function from a list of words to what each is looked up as, None for what is no
            single word.
        special: Words that ids 0 and 1 stand for.
        most: How many words beyond the data are taken on at most.

    Returns:
        The pair of the words beyond the data and a `Pretrained`.

    Raises:
        ValueError: If the file is none of word vectors, or has no word of the data; and for a
            feature that was loaded, without its vectors.
    """
    given.check("A feature that learns anew")
    vectors = given.source
    if not isinstance(vectors, WordVectors):
        vectors = word_vectors.read(vectors)
    rows = {}
    for row, (word, key) in enumerate(zip(vectors.words, looked_up(vectors.words), strict=True)):
        if key is None or key in special:
            continue
        if key not in rows or (word == key != vectors.words[rows[key]]):
            rows[key] = row
    found = [rows.get(word) for word in vocabulary]
    known = sum(row is not None for row in found)
    seen = sum(n for word, n in counts.items() if word.decode("utf-8", "replace") in rows)
    if not seen:
        raise ValueError(
            f"{vectors.source} has no word of the data. Words of the data: "
            f"{listed(vocabulary[:5])}; of the vectors: {listed(vectors.words[:5])}. Are they of "
            "the same language, and looked up alike (see `lower` and `standardize`)?"
        )
    own = set(vocabulary)
    beyond = [key for key in sorted(rows, key=rows.get) if key not in own][:most]
    values = np.zeros((len(special) + len(found) + len(beyond), vectors.size), "float32")
    places = [place for place, row in enumerate(found, len(special)) if row is not None]
    values[places] = vectors.values[[row for row in found if row is not None]]
    if beyond:
        values[len(special) + len(found) :] = vectors.values[[rows[key] for key in beyond]]
    print(
        f"{vectors.source}: vectors of {vectors.size} numbers for {known:,} of {len(vocabulary):,} "
        f"words ({100 * seen / max(1, sum(counts.values())):.1f} % of the running words)"
        + (f", and for {len(beyond):,} beyond the data" if beyond else "")
    )
    fits = np.abs(values).max() <= LARGEST and values.std() >= SMALLEST_SPREAD
    kept = "float16" if fits else "float32"
    return beyond, Pretrained(vectors.size, len(beyond), kept, values.astype(kept), given.source)
