"""The embedded melodies: the same everywhere, well formed, and no tune in two splits."""

import hashlib

import pytest

from rnnkit.datasets import melodies
from rnnkit.datasets.melodies.tunes import TEST, TUNES, VALIDATION
from rnnkit.features.music import Melody
from rnnkit.formats.notation import parse_melody, spell_melody
from rnnkit.metrics.music import in_key

# SHA-256 of the first 100 melodies of each split: a change must come with a new VERSION of the
# builder.
DIGESTS = {
    "train": "38a849fbdd3f117dc74a0f5c76e79ef382f6a22bfb368005332e5ecdec6f3e52",
    "validation": "2177ab6512e743a49a2166441fc4ffc5d675736f6ff41f686dd058fe1348ea3c",
    "test": "bb33d4a6d4c0ad1ac1ee6b725c23bb067efe78ccc5366c2a8d3dae7118ef44c4",
}


@pytest.fixture(scope="module")
def data():
    return {split: list(melodies.generate(split)) for split in melodies.SIZES}


def test_a_tune_by_hand():
    notes = melodies.tune("frere_jacques", key=67)
    assert spell_melody(notes[:10]) == "G4:1 A4:1 B4:1 G4:1 G4:1 A4:1 B4:1 G4:1 B4:1 C5:1"
    assert spell_melody(notes[14:18]) == "D5:1/2 E5:1/2 D5:1/2 C5:1/2"
    assert spell_melody(notes[-3:]) == "G4:1 D4:1 G4:2"
    # Minor, with the sixth and the seventh raised.
    found = spell_melody(melodies.tune("greensleeves", key=57)[2:9])
    assert found == "A3:1 C4:2 D4:1 E4:3/2 F#4:1/2 E4:1 D4:2"
    with pytest.raises(ValueError, match="no such tune"):
        melodies.tune("none")


def test_every_tune_can_be_read_and_is_in_a_key():
    names = [name for tunes in TUNES.values() for name, *_ in tunes]
    assert len(names) == len(set(names)) >= 80
    for name in names:
        notes = melodies.tune(name)
        pitches = [pitch for pitch, _ in notes if pitch is not None]
        assert len(pitches) >= 16
        assert max(pitches) - min(pitches) <= 24
        assert in_key([Melody(spell_melody(notes)).notes]) > 0.85, name


def test_the_splits(data):
    assert {split: len(found) for split, found in data.items()} == melodies.SIZES
    for split, found in data.items():
        assert len({text for _, text in found}) == len(found)
        assert {style for style, _ in found} == set(melodies.LABELS)
        for _, text in found:
            notes = parse_melody(text)
            assert spell_melody(notes) == text
            assert notes[0][0] is not None
            pitches = [pitch for pitch, _ in notes if pitch is not None]
            assert 40 <= min(pitches) and max(pitches) <= 96, split
    assert not set(VALIDATION) & set(TEST)


def shape(text):
    """A melody whatever its key: the steps between its notes, without repetition or rhythm."""
    pitches = [pitch for pitch, _ in parse_melody(text) if pitch is not None]
    steps = [after - before for before, after in zip(pitches, pitches[1:], strict=False)]
    return tuple(step for step in steps if step)


def test_no_test_melody_is_one_of_training_in_another_key(data):
    # Not even ten steps in a row of its beginning are those of the beginning of one.
    shapes = {split: {shape(text)[:10] for _, text in found} for split, found in data.items()}
    assert not shapes["train"] & shapes["test"]
    assert not shapes["train"] & shapes["validation"]
    assert not shapes["validation"] & shapes["test"]


def test_the_same_everywhere(data):
    again = list(melodies.generate("validation", seed=0))
    assert again == data["validation"]
    assert list(melodies.generate("validation", seed=1)) != again
    for split, found in data.items():
        digest = hashlib.sha256("\n".join(f"{a}\t{b}" for a, b in found[:100]).encode())
        assert digest.hexdigest() == DIGESTS[split]
    with pytest.raises(ValueError, match="split"):
        melodies.generate("dev")


def test_the_card_and_the_builder(data, tmp_path):
    import tensorflow_datasets as tfds

    import rnnkit.datasets.builders  # noqa: F401  registers

    assert melodies.CARD.startswith("# rnnkit_melodies\n")
    tunes = sum(map(len, TUNES.values()))
    for said in (f"{tunes} tunes", "Limits", *(f"{size}" for size in melodies.SIZES.values())):
        assert said in melodies.CARD
    splits = tfds.load("rnnkit_melodies", data_dir=tmp_path, as_supervised=True)
    for split, expected in data.items():
        read = [(melodies.LABELS[x], y.decode()) for x, y in tfds.as_numpy(splits[split])]
        assert read == expected
