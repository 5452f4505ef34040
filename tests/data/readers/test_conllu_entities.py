"""Entities of CoNLL-U, in a column or in MISC, and entities with small marks."""

import numpy as np
import pytest

import recipes
from rnnkit.data.readers.sequences.misc import attributes
from rnnkit.features import Tags

WORDS = ["Anna", "met", "Bob", "Ray", "in", "Rome", "."]
UPOS = ["PROPN", "VERB", "PROPN", "PROPN", "ADP", "PROPN", "PUNCT"]
TAGS = ["B-PER", "O", "B-PER", "I-PER", "O", "B-LOC", "O"]
ENTITIES = [("PER", 0, 1), ("PER", 2, 4), ("LOC", 5, 6)]


def conllu(misc, xpos=lambda tag: "_"):
    """Ten sentences; `misc` and `xpos` make cells of tags."""
    lines = [
        "\t".join([str(i), word, word, upos, xpos(tag), "_", "0", "root", "_", misc(tag)])
        for i, (word, upos, tag) in enumerate(zip(WORDS, UPOS, TAGS, strict=True), 1)
    ]
    return "\n".join(
        f"# sent_id = {k}\n# text = Anna {k}\n" + "\n".join(lines) + "\n" for k in range(10)
    )


@pytest.fixture
def read(tmp_path):
    """Function of a text that gives the words and tags of its first sentence."""

    def first(text, recipe="named_entities", name="file.conllu", **given):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        words, tags = next(iter(recipes.get(recipe).data(str(path), **given).train))
        assert [each.decode() for each in words.numpy()] == WORDS
        return [each.decode() for each in tags.numpy()]

    return first


# === MISC ===


def test_attributes():
    assert attributes(["_", "A=1|B=x=y", "A=2"]) == {
        "a": [None, "1", "2"],
        "b": [None, "x=y", None],
    }
    assert attributes(["B-PER", "O"]) == {}


@pytest.mark.parametrize(
    "misc",
    [
        lambda tag: f"NER={tag}",
        lambda tag: f"SpaceAfter=No|Name={tag}|Gloss=some",
        lambda tag: "SpaceAfter=No" if tag == "O" else f"Entity={tag}",  # none is outside
        lambda tag: tag,
    ],
)
def test_misc_holds_the_entities(read, misc, capsys):
    assert read(conllu(misc)) == TAGS
    assert ("in the column MISC" in capsys.readouterr().out) == ("=" in misc("B-PER"))
    # What a recipe of parts of speech wants stands where it stood.
    assert read(conllu(misc), "pos_tagging") == UPOS


def test_types_without_marks(read):
    found = read(conllu(lambda tag: "_" if tag == "O" else f"NER={tag[2:]}"))
    assert found == [tag.removeprefix("B-").removeprefix("I-") for tag in TAGS]


@pytest.mark.parametrize("target", ["misc", "MISC", 9, "NER", "ner"])
def test_misc_by_name(read, target):
    assert read(conllu(lambda tag: f"NER={tag}|Fine={tag}x" if target == "NER" else f"NER={tag}"),
                target=target) == TAGS  # fmt: skip


def test_other_columns(read):
    assert read(conllu(lambda tag: "_", xpos=lambda tag: tag)) == TAGS
    assert read(conllu(lambda tag: "_"), target="upos") == UPOS  # as was said


def test_two_readings_are_refused(read):
    both = conllu(lambda tag: f"NER={tag}", xpos=lambda tag: tag)
    with pytest.raises(ValueError, match=r"2 ways.*target=4 or target='ner' \(in the column MISC"):
        read(both)
    assert read(both, target=4) == read(both, target="ner") == TAGS
    with pytest.raises(ValueError, match="target='ner' .* or target='fine'"):
        read(conllu(lambda tag: f"NER={tag}|Fine={tag}"))
    with pytest.raises(ValueError, match="MISC holds ner=, fine= and several have tags"):
        read(conllu(lambda tag: f"NER={tag}|Fine={tag}"), target="misc")


def test_parts_of_speech_are_no_entities(read):
    for misc in (lambda tag: "_", lambda tag: "SpaceAfter=No"):
        with pytest.raises(
            ValueError, match="no column of entity tags.*UPOS and XPOS are parts of"
        ):
            read(conllu(misc))
    with pytest.raises(ValueError, match="MISC holds spaceafter= and none has tags"):
        read(conllu(lambda tag: "SpaceAfter=No"), target="misc")
    with pytest.raises(ValueError, match="no column 'ner'.*or an attribute of MISC"):
        read(conllu(lambda tag: "SpaceAfter=No"), target="ner")
    with pytest.raises(ValueError, match=r"entity= .* holds brackets.*not read.*'\(e1-person\)'"):
        read(conllu(lambda tag: "Entity=(e1-person)"))


# === Small marks and others ===


def columns(tag):
    lines = [f"{w} {p} {tag(t)}\n" for w, p, t in zip(WORDS, UPOS, TAGS, strict=True)]
    return "\n".join("".join(lines) for _ in range(10))


@pytest.mark.parametrize(
    "form",
    [
        str.lower,
        lambda tag: tag if tag == "O" else tag.lower(),
        lambda tag: tag[0].lower() + tag[1:],
        lambda tag: tag.lower().replace("-", "_"),
        lambda tag: "-".join(reversed(tag.lower().split("-"))),
        lambda tag: tag.replace("I-", "E-").replace("B-LOC", "S-LOC").lower(),
    ],
)
def test_small_marks_are_marks(read, form):
    found = read(columns(form), name="file.conll")
    assert found == [form(tag) for tag in TAGS]
    tags = Tags(scheme="entities").adapt([found])
    assert tags.scheme in ("bio", "bioes")
    small = [(name.lower(), *where) for name, *where in ENTITIES]
    assert [(name.lower(), *where) for name, *where in tags.entities(found)] == small
    starts, pairs, _ = tags.allowed()
    inside = next(i for i, tag in enumerate(tags.usual) if tag[:2] in ("I-", "E-"))
    assert not starts[inside] and not pairs[tags.usual.index("O")][inside]
    ids = tags.encode(tags.to_tensor([found]))
    assert tags.decode(ids.to_tensor(-1).numpy()) == [found]


def test_a_begin_that_was_not_there_is_small_too():
    tags = Tags(scheme="entities").adapt([["i-per", "o"]])
    assert tags.classes == ["b-per", "i-per", "o"] and tags.usual == ["B-per", "I-per", "O"]
    np.testing.assert_array_equal(tags.encode(tags.to_tensor([["i-per"]])).values, [0])


@pytest.mark.parametrize(
    "form, message",
    [
        (lambda tag: tag.replace("B-PER", "b-per"), "'b-per' has no mark B- or I- as others"),
        (lambda tag: tag.replace("B-PER", "B-Per"), "'B-Per' and 'I-PER' differ in case"),
        (lambda tag: tag.replace("-", "/"), "'B/PER' has a mark that is not read"),
        (
            lambda tag: tag.replace("B-", "BEGIN-").replace("I-", "INSIDE-"),
            "'BEGIN-PER' has a mark",
        ),
        (
            lambda tag: tag.replace("B-", "Begin_").replace("I-", "Inside_"),
            "'Begin_PER' has a mark",
        ),
        (lambda tag: tag.replace("-", ""), "'BPER' has a mark that is not read"),
        (lambda tag: {"O": tag, "B-LOC": "X"}.get(tag, tag[0].lower() + tag[1:]), "'b-PER' has a"),
        (lambda tag: "0" if tag == "O" else tag, "'0' has no mark B- or I- as others"),
        (lambda tag: "NONE" if tag == "O" else tag, "'NONE' has no mark"),
        (lambda tag: "o" if tag == "O" else tag, "'o' has no mark"),
    ],
)
def test_mixed_dialects_are_refused(read, form, message):
    with pytest.raises(ValueError, match=message):
        read(columns(form), name="file.conll")
