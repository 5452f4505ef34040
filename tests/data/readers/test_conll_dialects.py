"""Files of columns as people have them: other tags, columns of numbers, comments."""

import pytest

import recipes
from rnnkit.data.readers.sequences import conll
from rnnkit.features import Tags

POS, NER = recipes.get("pos_tagging"), recipes.get("named_entities")
WORDS = ["Anna", "met", "Bob", "Ray", "in", "São", "Paulo", ",", "today", "."]
CHUNKS = ["B-NP", "B-VP", "B-NP", "I-NP", "B-PP", "B-NP", "I-NP", "O", "B-NP", "O"]
MARKS = ["B-per", "O", "B-per", "I-per", "O", "B-geo", "I-geo", "O", "B-tim", "O"]
FOUND = [("per", 0, 1), ("per", 2, 4), ("geo", 5, 7), ("tim", 8, 9)]


def write(folder, *columns, name="a.conll", separator=" ", times=20):
    lines = "".join(separator.join(each) + "\n" for each in zip(*columns, strict=True))
    path = folder / name
    path.write_text((lines + "\n") * times, encoding="utf-8")
    return path


# === How entities are written ===

WAYS = {
    "bare": [mark.partition("-")[2] or "O" for mark in MARKS],
    "suffix": ["-".join(reversed(mark.split("-"))) for mark in MARKS],
    "underscore": [mark.replace("-", "_") for mark in MARKS],
    "bioes": ["S-per", "O", "B-per", "E-per", "O", "B-geo", "E-geo", "O", "S-tim", "O"],
    "bilou": ["U-per", "O", "B-per", "L-per", "O", "B-geo", "L-geo", "O", "U-tim", "O"],
    "iob1": [mark.replace("B-", "I-") for mark in MARKS],
}


@pytest.mark.parametrize("way", WAYS)
def test_the_last_column_is_learned_as_it_is_written(tmp_path, way):
    path = write(tmp_path, WORDS, ["X"] * 10, CHUNKS, WAYS[way])
    table = conll.read(path, "entities")
    assert table.columns["words"] == [WORDS] * 20
    assert table.columns["tags"] == [WAYS[way]] * 20
    tags = Tags(scheme="entities").adapt(table.columns["tags"])
    assert tags.entities(WAYS[way]) == FOUND


def test_a_column_before_the_last_is_not_taken_silently(tmp_path):
    path = write(tmp_path, WORDS, CHUNKS, [str(each) for each in range(10)])
    with pytest.raises(ValueError, match=r"no column of entity tags.*at its end.*target=1"):
        conll.read(path, "entities")
    assert conll.read(path, "entities", {"target": 1}).columns["tags"] == [CHUNKS] * 20


# === Columns of numbers ===


@pytest.mark.parametrize("kind", ["tags", "entities"])
@pytest.mark.parametrize("first", [0, 1])
def test_numbers_that_count_are_no_words(tmp_path, kind, first):
    numbers = [str(each) for each in range(first, 10 + first)]
    table = conll.read(write(tmp_path, numbers, WORDS, MARKS, separator="\t"), kind)
    assert table.columns == {"words": [WORDS] * 20, "tags": [MARKS] * 20}


def test_numbers_that_count_through_the_file(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("1\ta\tX\n2\tb\tY\n\n3\tc\tX\n4\td\tY\n")
    assert conll.read(path).columns["words"] == [["a", "b"], ["c", "d"]]


@pytest.mark.parametrize(
    "text",
    [
        "7\ta\tX\n7\tb\tY\n\n8\tc\tX\n",  # the sentence
        "1\tX\n2\tY\n",  # words, or tags of none
        "1984\tyear\tX\n7\tday\tY\n",
        "1\t1\tX\n2\t2\tY\n",
    ],
)
def test_other_numbers_are_refused(tmp_path, text):
    path = tmp_path / "a.tsv"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"input=0, target=1.*input=1, target=2"):
        conll.read(path)
    words = conll.read(path, given={"input": 0, "target": 1}).columns["words"]
    assert words[0][0] == text.partition("\t")[0]


# === Comments ===


def test_comments_between_sentences_and_the_sign_as_a_word(tmp_path):
    text = "".join(
        f"# id {each} domain=en\n# text\nanna _ _ B-PER\n# _ _ O\nsaw _ _ O\n\n"
        for each in range(20)
    )
    path = tmp_path / "a.conll"
    path.write_text(text)
    table = conll.read(path, "entities")
    assert table.columns["words"] == [["anna", "#", "saw"]] * 20
    assert table.columns["tags"] == [["B-PER", "O", "O"]] * 20
    assert list(table.lines)[:2] == [3, 9]


def test_the_sign_at_the_start_of_a_sentence(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(
        "-DOCSTART- O\n\n# O\nanna B-PER\n\n#tag O\n#other X-new\n\n# one two three\na O\n"
    )
    assert conll.read(path).columns["words"] == [["#", "anna"], ["#tag", "#other"], ["a"]]


def test_a_comment_within_a_sentence_is_named(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("anna B-PER\n# a comment here\nsaw O\n")
    with pytest.raises(ValueError, match=r"line 2: expected 2 columns"):
        conll.read(path)


def test_conllu_has_no_entities_unless_named(tmp_path):
    path = tmp_path / "a.conllu"
    path.write_text(
        "# x = y\n1\tAnn\t_\tX\tN\t_\t0\troot\t_\tB-PER\n1.1\tz\t_\tX\tN\t_\t_\t_\t_\t_\n"
    )
    assert conll.read(path, "entities").columns["tags"] == [["B-PER"]]
    path.write_text(path.read_text().replace("B-PER", "_"))
    with pytest.raises(ValueError, match="no column of entity tags"):
        conll.read(path, "entities")
