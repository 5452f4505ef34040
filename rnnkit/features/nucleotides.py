"""The feature for DNA and RNA: letters as fractions of the four bases."""

import re

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.base import Feature
from rnnkit.features.conversion import asserted
from rnnkit.utils.checks import integer

BASES = "ACGT"
# What each letter of IUPAC's code may stand for.
CODES = {
    "A": "A", "C": "C", "G": "G", "T": "T", "U": "T", "R": "AG", "Y": "CT", "S": "CG", "W": "AT",
    "K": "GT", "M": "AC", "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
}  # fmt: skip
_ODD = re.compile(f"[^{''.join(CODES)}]", re.IGNORECASE)
# Letters in the shortest cycle of the columns of position; each further one is twice as long.
SHORTEST_CYCLE = 4


@keras.saving.register_keras_serializable(package="rnnkit")
class Nucleotides(Feature):
    """A nucleotide sequence: at each letter the fractions of A, C, G and T.

    A base is 1 in its own column. An ambiguity code is divided among the bases it may stand for: R
    is half A and half G, N a quarter of each. U counts as T, small letters as capitals, and white
    space is left out. Any other letter is refused, its position named. An empty sequence is
    encoded as one N.

    With `both_strands` each step also holds the letter at the same index of the reverse
    complement, the sequence as it is read from the other strand. `ManyToOne` reads both with the
    same weights and takes the mean of what it makes of them, so that a sequence and its reverse
    complement get the same answer.

    With `positions` each step also says where it is: sine and cosine of its distance from the
    middle of the sequence, in cycles of 4, 8, 16, ... letters. That is for windows cut around a
    site, where a letter means something else at each distance from it.

    Args:
        both_strands: Whether the reverse complement is given too.
        positions: Number of cycles, 0 for none.
        max_length: Most letters, or None. Longer sequences are cut at their end (a warning says
            how many).

    Attributes:
        strands: 2 with `both_strands`, otherwise 1.
        width: Numbers in an encoded step: 4 a strand, and 2 a cycle.

    Raises:
        ValueError: From `check` for a letter that is no nucleotide, and for arguments out of range.

    Example:

    >>> Nucleotides().encode(tf.constant(["AR"])).to_list()
    [[[1.0, 0.0, 0.0, 0.0], [0.5, 0.0, 0.5, 0.0]]]

    Reference: codes: Cornish-Bowden (1985), Nomenclature for incompletely specified bases in
    nucleic acid sequences, Nucleic Acids Research 13(9); strands: Zhou et al. (2022), Towards a
    better understanding of reverse-complement equivariance for deep learning models in genomics,
    MLCB (there "conjoined", trained and applied).
    """

    sequence = True
    padding = float("nan")
    adjustable = ("max_length",)

    def __init__(self, both_strands=False, positions=0, max_length=None):
        self.both_strands = bool(both_strands)
        self.positions = integer(positions, "positions", least=0)
        self.max_length = integer(max_length, "max_length", optional=True)

    @property
    def strands(self):
        return 2 if self.both_strands else 1

    @property
    def width(self):
        return 4 * self.strands + 2 * self.positions

    def encode(self, values, truncate=True):
        """Sequences, strings `[batch]`, to float32 `[batch, (time), width]`.

        The columns are A, C, G, T of the strand given, of the other, and sine and cosine of each
        cycle.
        """
        texts = tf.strings.regex_replace(values, r"\s+", "")
        texts = tf.where(tf.strings.length(texts) > 0, texts, "N")
        if truncate and self.max_length is not None:
            texts = tf.strings.substr(texts, 0, self.max_length)
        letters = tf.strings.bytes_split(texts)  # [batch, (time)]
        codes = tf.cast(tf.io.decode_raw(letters.flat_values, tf.uint8)[:, 0], tf.int32)  # [steps]
        columns = [tf.gather(tf.constant(_table()), codes)]  # [steps, 4]
        lengths = letters.row_lengths()
        begins = tf.gather(letters.row_starts(), letters.value_rowids())  # [steps]
        index = tf.range(tf.size(codes, tf.int64)) - begins
        length = tf.gather(lengths, letters.value_rowids())
        if self.both_strands:
            mirrored = tf.gather(columns[0], begins + length - 1 - index)
            columns.append(mirrored[:, ::-1])  # the complement of A, C, G, T is T, G, C, A
        if self.positions:
            distance = tf.cast(2 * index - length + 1, tf.float32) / 2  # [steps]
            cycles = SHORTEST_CYCLE * 2.0 ** np.arange(self.positions)
            angles = distance[:, None] * tf.constant(2 * np.pi / cycles, tf.float32)
            columns += [tf.sin(angles), tf.cos(angles)]
        rows = tf.concat(columns, axis=1)  # [steps, width]
        return tf.RaggedTensor.from_row_lengths(rows, lengths, validate=False)

    def check(self, values, encoded):
        for index, value in enumerate(values.numpy().tolist()):
            text = "".join(value.decode("utf-8", "replace").split())
            odd = _ODD.search(text)
            if odd:
                raise ValueError(
                    f"Sequence {index} holds {odd[0]!r} at position {odd.start()} (from 0), which "
                    f"is no nucleotide. Known letters: {' '.join(CODES)}. "
                    f"Received: {text[max(0, odd.start() - 10) : odd.start() + 10]!r}"
                )

    def guard(self, encoded):
        # A letter that is no nucleotide is encoded as no base at all.
        bases = encoded.flat_values[:, :4]
        sound = tf.reduce_sum(bases, axis=1) > 0
        return asserted(encoded, sound, "The data holds a letter that is no nucleotide")

    def decode(self, values):
        """Fractions `[batch, time, 4 or more]` to strings: the code of the bases above 0."""
        names = {frozenset(bases): code for code, bases in CODES.items() if code != "U"}
        results = []
        for rows in values:
            rows = np.asarray(rows)[:, :4]
            known = rows[np.isfinite(rows).all(axis=1)]  # without the padding
            found = (frozenset(BASES[i] for i in np.flatnonzero(row > 0)) for row in known)
            results.append("".join(names.get(bases, "N") for bases in found))
        return results


def _table():
    """Fractions of the bases by the code of a letter, float32 `[256, 4]`; 0 for other letters."""
    table = np.zeros((256, 4), "float32")
    for code, bases in CODES.items():
        for letter in (code, code.lower()):
            table[ord(letter), [BASES.index(base) for base in bases]] = 1 / len(bases)
    return table
