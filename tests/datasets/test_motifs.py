"""Motifs: both classes hold the same words, in another order."""

import hashlib
import random
import re

import pytest

from rnnkit.datasets import motifs

# SHA-256 of the first 100 sequences and labels of each split.
DIGESTS = {
    "train": "3621feba685860718d2bd5d6b99840d460e836ba633968880fbb2ff16297d64f",
    "validation": "6ee1b11d3cf926ff6df4141595c998841c498b8d88327f2f2a2d447ee343af10",
    "test": "8e74551aee0d270b8fc19cd89f8839020cf6ff589bd666ed2358eff2df4d2353",
}


@pytest.mark.parametrize("split", DIGESTS)
def test_same_bytes_everywhere(split):
    examples = list(motifs.generate(split))
    assert len(examples) == motifs.SIZES[split]
    labels = [label for _, label in examples]
    assert labels.count("site") == labels.count("other")
    text = "\n".join(f"{label}\t{sequence}" for sequence, label in examples[:100])
    assert hashlib.sha256(text.encode()).hexdigest() == DIGESTS[split]
    assert len({sequence for sequence, _ in examples}) == len(examples)
    assert all(60 <= len(sequence) <= 120 for sequence, _ in examples)


def test_the_order_of_the_motifs_decides():
    least, most = motifs.DISTANCES
    gap = f"{{{least},{most}}}"
    site = re.compile(f"{motifs.FIRST}.{gap}{motifs.SECOND}")
    mirror = re.compile(f"{motifs.SECOND}.{gap}{motifs.FIRST}")
    found = {"site": [0, 0], "other": [0, 0]}
    for sequence, label in motifs.generate("test"):
        found[label][0] += bool(site.search(sequence))
        found[label][1] += bool(mirror.search(sequence))
    # 0.7 ** 2 of the pairs are without error, less 11 % for ambiguity codes.
    assert found["site"][0] == pytest.approx(1000 * 0.49 * 0.89, rel=0.1)
    assert found["other"][1] == pytest.approx(1000 * 0.8 * 0.49 * 0.89, rel=0.1)
    assert found["site"][1] < 20 and found["other"][0] < 20  # by chance


def test_single_motifs_tell_little():
    def holds(word, label, examples):
        return sum(word in sequence for sequence, y in examples if y == label) / 1000

    examples = list(motifs.generate("test"))
    for word in (motifs.FIRST, motifs.SECOND):
        assert abs(holds(word, "site", examples) - holds(word, "other", examples)) < 0.13


def test_the_other_strand():
    assert motifs.reverse_complement("AACGTRYKMN") == "NKMRYACGTT"
    plain = motifs.generate("test")
    turned = motifs.generate("test", both_strands=True)
    assert next(plain)[1] == next(turned)[1]
    rng = random.Random(0)
    sequence = motifs._sequence(rng, True)
    assert motifs.reverse_complement(motifs.reverse_complement(sequence)) == sequence
    forward = sum(motifs.FIRST in s for s, _ in motifs.generate("test", both_strands=True))
    backward = sum(
        motifs.FIRST in motifs.reverse_complement(s)
        for s, _ in motifs.generate("test", both_strands=True)
    )
    assert forward == pytest.approx(backward, rel=0.2)
