"""Tables with a row a word: sentences are found by their column, or the table is refused."""

import numpy as np
import pandas as pd
import pytest

import recipes

POS, NER = recipes.get("pos_tagging"), recipes.get("named_entities")
WORDS = ["Anna", "met", "Bob", "Ray", "in", "São", "Paulo", ",", "today", "."]
KINDS = ["NNP", "VBD", "NNP", "NNP", "IN", "NNP", "NNP", ",", "NN", "."]
MARKS = ["B-per", "O", "B-per", "I-per", "O", "B-geo", "I-geo", "O", "B-tim", "O"]


def frame(name="Sentence #", filled=False, times=20, names=("Word", "POS", "Tag")):
    numbers = []
    for each in range(times):
        value = f"Sentence: {each + 1}"
        numbers += [value] * 10 if filled else [value] + [""] * 9
    columns = dict(zip(names, (WORDS * times, KINDS * times, MARKS * times), strict=True))
    return pd.DataFrame({name: numbers, **columns})


def rows(data):
    return [
        tuple([each.decode() for each in part.tolist()] for part in pair)
        for split in (data.train, data.validation, data.test)
        for pair in split.as_numpy_iterator()
    ]


@pytest.mark.slow
@pytest.mark.parametrize("filled", [False, True])
@pytest.mark.parametrize("name", ["Sentence #", "sentence_id", "sent", "Doc ID"])
def test_sentences_of_a_file(tmp_path, name, filled):
    for ending, separator in ((".csv", ","), (".tsv", "\t")):
        path = tmp_path / f"a{ending}"
        frame(name, filled).to_csv(path, index=False, sep=separator)
        assert rows(NER.data(path)) == [(WORDS, MARKS)] * 20
    assert rows(POS.data(path)) == [(WORDS, KINDS)] * 20


def test_sentences_of_a_frame():
    table = frame()
    for each in (table, table.replace("", np.nan), frame(filled=True)):
        assert rows(NER.data(each)) == [(WORDS, MARKS)] * 20
    parts = NER.data({"train": frame(times=20), "test": frame(times=2)})
    assert parts.sizes["test"] == 2


def test_several_columns_and_a_column_of_splits(tmp_path):
    table = frame(filled=True).rename(columns={"Sentence #": "doc"})
    table["sent"] = [f"{each // 5 % 2}" for each in range(200)]
    table["split"] = np.repeat(["train", "dev", "test", "train"], 50)
    path = tmp_path / "a.csv"
    table.to_csv(path, index=False)
    data = NER.data(path)
    assert data.sizes == {"train": 20, "validation": 10, "test": 10}
    assert rows(data)[:2] == [(WORDS[:5], MARKS[:5]), (WORDS[5:], MARKS[5:])]


def test_a_word_may_have_a_space_inside():
    table = frame()
    table["Word"] = table["Word"].replace("Paulo", "Paulo do Sul")
    assert "Paulo do Sul" in rows(NER.data(table))[0][0]


def test_a_row_a_sentence_stays_one(tmp_path):
    table = pd.DataFrame({"sentence_id": range(20), "text": "a b", "tags": "X Y"})
    assert rows(POS.data(table)) == [(["a", "b"], ["X", "Y"])] * 20
    table["doc"] = 1  # where the sentences are from
    assert rows(POS.data(table)) == [(["a", "b"], ["X", "Y"])] * 20
    lists = pd.DataFrame({"sent": 1, "tokens": [["a"]] * 20, "tags": [["X"]] * 20})
    assert rows(POS.data(lists)) == [(["a"], ["X"])] * 20


# === Refused ===


def test_words_without_a_column_of_sentences(tmp_path):
    path = tmp_path / "a.csv"
    frame().drop(columns="Sentence #").to_csv(path, index=False)
    both = "one word in each of 200 rows.*Anna, met, Bob.*no column that says.*sentence_id.*lists"
    for source in (path, pd.read_csv(path)):
        with pytest.raises(ValueError, match=both):
            NER.data(source)
    table = frame(filled=True)
    table["Sentence #"] = range(200)
    with pytest.raises(ValueError, match=r"\['Sentence #'\] differ in every row"):
        NER.data(table)


@pytest.mark.parametrize(
    "numbers, message",
    [
        (["", "1", "", "2"], "line 0: 'sent' is empty in the first row"),
        (["1", "1", "2", "1"], "line 3: a sentence with sent='1' began in line 0 already"),
        (["1", "1", "", "2"], "filled in some rows and empty in others"),
    ],
)
def test_columns_that_do_not_tell(numbers, message):
    table = pd.DataFrame({"sent": numbers, "word": list("abcd"), "tag": list("XYXY")})
    with pytest.raises(ValueError, match=message):
        POS.data(table)


@pytest.mark.parametrize("name", ["Word", "Tag"])
def test_empty_words_are_named(name):
    table = frame()
    table.loc[13, name] = None
    with pytest.raises(ValueError, match=f"line 13: '{name}' is empty.*keep_default_na=False"):
        NER.data(table)
