"""The stories: the same everywhere, no leaks among splits, and as dependent as they claim."""

import hashlib
import re

import pytest

from rnnkit.datasets import stories

# SHA-256 of all stories of a split: a change of one character must come with a new VERSION.
DIGESTS = {
    "train": "6ece2f7f1ad005dad6436dd6c72b7bbd1e5370c3fb80928a2c759e21b029a5de",
    "validation": "688d48a6d322e4fca6cd25a29622330c834e49bffff55ecfaeafa44509be3874",
    "test": "bb0a328f40797b31772acdcdf22faf86d35247d5490e0322b5919e5734d51c70",
}
PEOPLE = {**dict.fromkeys(stories._WOMEN, "She"), **dict.fromkeys(stories._MEN, "He")}


@pytest.fixture(scope="module")
def data():
    return {split: list(stories.generate(split)) for split in stories.SIZES}


def parts(story):
    """Who has what, and who comes, by the first two lines."""
    first = r"(\w+) was a (\w+) in (\w+)\. (She|He) had a (\w+ \w+), and"
    hero = re.match(first, story).groups()
    guest = re.search(r", and (\w+), a (\w+), came to (her|his) door", story).groups()
    return hero, guest


@pytest.mark.parametrize("split", stories.SIZES)
def test_same_bytes_everywhere(data, split):
    assert hashlib.sha256("".join(data[split]).encode()).hexdigest() == DIGESTS[split]
    assert len(data[split]) == len(set(data[split])) == stories.SIZES[split]


def test_another_seed_tells_others(data):
    assert next(stories.generate("test", seed=1)) not in data["test"]


def test_what_comes_together_in_the_test_does_not_in_training(data):
    def keys(split):
        return {(hero[0], hero[4], hero[2]) for hero, _ in map(parts, data[split])}

    assert not keys("test") & keys("train") and not keys("validation") & keys("train")
    assert set("".join(data["test"])) <= set("".join(data["train"]))


def test_stories_keep_to_what_they_said(data):
    for story in data["train"]:
        (name, job, town, pronoun, thing), (guest, trade, his) = parts(story)
        assert PEOPLE[name] == pronoun and PEOPLE[guest] != pronoun
        assert his == {"She": "her", "He": "his"}[pronoun]
        last = story.splitlines()[-1]
        assert f" {guest} left {town} with the {thing}, and {name} the {job} looked " in last
        assert last.endswith("(but nothing was there).") and trade in story
        days = [stories._DAYS.index(day) for day in re.findall(r"\bon (\w+day)\b", story, re.I)]
        assert days == [(days[0] + step) % 7 for step in range(3)]
        had, given, kept = re.search(
            r"had (\w+) coins?\. \w+ gave \w+ (\w+) .*kept (\w+)", story
        ).groups()
        number = stories._NUMBERS.index
        assert number(had) == number(given) + number(kept)


def test_quotations_close_and_alternate(data):
    for story in data["train"][:100]:
        _, (guest, *_) = parts(story)
        (name, *_), _ = parts(story)
        said = [line for line in story.splitlines() if '"' in line]
        assert all(line.count('"') == 2 for line in said)
        for question, answer in zip(said[::2], said[1::2], strict=True):
            assert question.endswith(f'?" asked {guest}.')
            assert answer.endswith(f'," said {name}.') or answer.startswith(f'{name} said, "')


def test_songs_rhyme_in_pairs(data):
    ends = [{line.split()[-1] for line in rhymes} for rhymes in stories._RHYMES]
    for story in data["test"]:
        song = [re.findall(r"\w+", line)[-1] for line in story.splitlines() if line[0] == " "]
        assert len(song) == 4
        for pair in (song[:2], song[2:]):
            assert pair[0] != pair[1] and any(set(pair) <= each for each in ends)


def test_builder_round_trip(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    import rnnkit.datasets.builders  # noqa: F401  registers

    monkeypatch.setattr(stories, "SIZES", {"train": 12, "validation": 3, "test": 4})
    splits = tfds.load("rnnkit_stories", data_dir=tmp_path)
    for split in stories.SIZES:
        read = [row["text"].decode() for row in tfds.as_numpy(splits[split])]
        assert read == list(stories.generate(split))
