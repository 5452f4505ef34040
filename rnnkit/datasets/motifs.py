"""DNA in which two motifs stand, and their order decides. Only Python is needed."""

import random
from collections.abc import Iterator

from rnnkit.datasets.samples import generator

SIZES = {"train": 6_000, "validation": 1_000, "test": 2_000}
LABELS = ("other", "site")

CARD = """\
# rnnkit_motifs

Nucleotide sequences, half of which hold a site: 6,000 to train, 1,000 to validate, 2,000 to test.
All of it is synthetic: drawn offline at random.

**Sequences.** 60 to 120 letters. The fraction of G and C differs from sequence to sequence,
from 35 to 65 %. One letter in a hundred is an ambiguity code that stands for the true base and
others.

**Site.** The motif `TTGACA`, and 8 to 32 letters after its end the motif `TATAAT`. In three of ten
motifs one letter is another. Sequences without a site hold the same two motifs at the same
distances in the other order (eight in ten), or one of them twice (two in ten). So both classes hold
the same short words as often, and only the combination decides.

**Strand.** All sites are written in the direction in which they are read. `generate(split,
both_strands=True)` gives every other sequence as its reverse complement, for models that shall know
a site from either strand.

**Scores.** The recipe with default settings (GRU, seed 1) reaches an accuracy of 0.942 on the test
split. With `cell="dense"`, whose convolution sees 9 letters at a time and which has no memory
beyond them, it stays at chance: 0.51 on the validation split after 13 epochs.

**Limits.** Two exact motifs with few errors, where real ones are vague and many. A score here shows
that a model combines what stands far apart, not that it knows genes.
"""

FIRST, SECOND = "TTGACA", "TATAAT"
DISTANCES = (8, 32)
_COMPLEMENT = str.maketrans("ACGTRYSWKMBDHVN", "TGCAYRSWMKVHDBN")
_CODES = {"A": "RWMN", "C": "YSMN", "G": "RSKN", "T": "YWKN"}


def reverse_complement(sequence: str) -> str:
    """The sequence as it is read from the other strand."""
    return sequence.translate(_COMPLEMENT)[::-1]


def _written(rng: random.Random, motif: str) -> str:
    """A motif, in three of ten cases with one letter that is another."""
    if rng.random() < 0.3:
        place = rng.randrange(len(motif))
        other = rng.choice([base for base in "ACGT" if base != motif[place]])
        motif = motif[:place] + other + motif[place + 1 :]
    return motif


def _sequence(rng: random.Random, site: bool) -> str:
    length = rng.randint(60, 120)
    rich = rng.uniform(0.35, 0.65)
    weights = [(1 - rich) / 2, rich / 2, rich / 2, (1 - rich) / 2]
    letters = rng.choices("ACGT", weights, k=length)
    if site:
        motifs = [FIRST, SECOND]
    elif rng.random() < 0.8:
        motifs = [SECOND, FIRST]
    else:
        motifs = [rng.choice((FIRST, SECOND))] * 2
    gap = rng.randint(*DISTANCES)
    planted = len(FIRST) + gap + len(SECOND)
    start = rng.randint(0, length - planted)
    for motif, place in zip(motifs, (start, start + len(FIRST) + gap), strict=True):
        letters[place : place + len(motif)] = _written(rng, motif)
    for place in range(length):
        if rng.random() < 0.01:
            letters[place] = rng.choice(_CODES[letters[place]])
    return "".join(letters)


@generator
def generate(split: str, seed: int = 0, both_strands: bool = False) -> Iterator[tuple[str, str]]:
    """Yields the sequences of one split with their labels, in a mixed order.

    Args:
        split: `"train"`, `"validation"` or `"test"`.
        seed: Any integer; the same seed gives the same sequences on every machine.
        both_strands: Whether about half of them are given as their reverse complements.

    Yields:
        `(sequence, label)` pairs, `label` being `"site"` or `"other"`.

    Raises:
        ValueError: If `split` is none of the three.

    Example:
        >>> sequence, label = next(generate("test"))
        >>> set(sequence) <= set("ACGTRYSWKMN")
        True
    """
    rng = random.Random(f"rnnkit_motifs/{seed}/{split}")
    size = SIZES[split]
    for site in sorted([False, True] * (size // 2), key=lambda _: rng.random()):
        sequence = _sequence(rng, site)
        turned = both_strands and rng.random() < 0.5
        yield reverse_complement(sequence) if turned else sequence, LABELS[site]
