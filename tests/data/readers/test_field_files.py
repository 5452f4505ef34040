"""Files as people have them: quotes, encodings, compression and labels that would be read wrongly
without a word."""

import collections
import gzip

import numpy as np
import pandas as pd
import pytest

import recipes

TEXTS = [f"{['good fun', 'dull and long'][i % 2]}, number {i}" for i in range(30)]
LABELS = ["pos", "neg"] * 15


@pytest.fixture
def load(tmp_path):
    """Function of a name and a content that gives the texts and how often each label occurs."""

    def read(name, content, **given):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        data = recipes.get("sentiment").data(str(path), **given)
        parts = (data.train, data.validation, data.test)
        found = [pair for part in parts for pair in part.as_numpy_iterator()]
        return {x.decode() for x, _ in found}, collections.Counter(y.decode() for _, y in found)

    return read


def rows(texts=TEXTS, labels=LABELS, separator="\t", head="text\tlabel\n"):
    return head + "".join(f"{x}{separator}{y}\n" for x, y in zip(texts, labels, strict=True))


# === Quotes in tsv ===


@pytest.mark.parametrize("head", ["text\tlabel\n", '"text"\t"label"\n'])
def test_quotes_around_all_cells_are_taken_off(load, head):
    quoted = [f'"{each}"' for each in TEXTS]
    texts, labels = load("a.tsv", rows(quoted, [f'"{each}"' for each in LABELS], head=head))
    assert texts == {*TEXTS} and labels == {"pos": 15, "neg": 15}
    inside = [f'"{each} ""so"""' for each in TEXTS[:10]] + quoted[10:]
    texts, _ = load("b.tsv", rows(inside, head="text\tlabel\n"))
    assert texts == {*TEXTS[10:], *(f'{each} "so"' for each in TEXTS[:10])}


def test_quotes_of_some_cells_are_their_own(load):
    some = ['"quoted"', *TEXTS[1:29], 'it is "so"']
    assert load("a.tsv", rows(some))[0] == {*some}


# === Encodings, compression, separators ===


def test_advice_on_encodings(load, capsys):
    curly = rows([f"“{each}” déjà" for each in TEXTS]).encode("cp1252")
    with pytest.raises(ValueError, match="line 2: .* not utf-8.*encoding='cp1252'"):
        load("a.tsv", curly)
    texts, _ = load("a.tsv", curly, encoding="cp1252")
    assert f"“{TEXTS[0]}” déjà" in texts
    capsys.readouterr()
    load("a.tsv", curly, encoding="latin-1")
    assert "byte 0x93 is a control character in latin-1" in capsys.readouterr().out
    pounds = rows([f"£ {each}" for each in TEXTS]).encode("latin-1")
    with pytest.raises(ValueError, match="encoding='latin-1'"):
        load("b.tsv", pounds)
    load("b.tsv", pounds, encoding="latin-1")
    assert "control character" not in capsys.readouterr().out


def test_compressed_without_saying_so(load):
    with pytest.raises(ValueError, match="is compressed, which its name does not say.*with .gz"):
        load("a.csv", gzip.compress(rows(separator="\t").encode()))


def test_another_separator_is_asked_for(load):
    caret = rows(separator="^", head="text^label\n")
    with pytest.raises(
        ValueError, match="line 2: expected 1 fields.*something else stands between"
    ):
        load("a.csv", caret)
    caret = caret.replace(",", "")
    with pytest.raises(ValueError, match="something else stands between its columns.*separator="):
        load("a.csv", caret)
    assert load("a.csv", caret, separator="^")[0] == {each.replace(",", "") for each in TEXTS}


# === Labels ===


def test_what_cannot_be_seen_makes_no_class(load):
    unseen = ["pos\u200b", "\ufeffneg", "pos", " neg\u00a0"] * 7 + ["pos", "neg"]
    assert load("a.tsv", rows(labels=unseen))[1] == {"pos": 15, "neg": 15}


def test_case_alone_is_said(load, capsys):
    _, labels = load("a.tsv", rows(labels=["Pos", "neg", "pos", "neg", "POS", "neg"] * 5))
    assert labels == {"Pos": 5, "pos": 5, "POS": 5, "neg": 15}
    said = capsys.readouterr().out
    assert "differ in case alone are kept apart: [\"'POS' and 'Pos' and 'pos'\"]" in said
    load("b.tsv", rows())
    assert "case alone" not in capsys.readouterr().out


def test_numbers_as_labels_of_frames_are_alike(tmp_path):
    """From text, whole numbers and floats, of files, frames and arrays."""
    numbers = [0, 1, 1] * 12
    frame = pd.DataFrame({"clip": np.repeat(range(12), 3), "x": np.arange(36.0), "label": numbers})
    recipe, found = recipes.get("video_labeling"), []
    (tmp_path / "a.csv").write_text(frame.astype({"label": float}).to_csv(index=False))
    arrays = [np.ones((3, 1))] * 12, np.array(numbers, float).reshape(12, 3)
    for source in (frame, frame.astype({"label": float}), str(tmp_path / "a.csv"), arrays):
        data = recipe.data(source)
        found.append({each for _, y in data.train.as_numpy_iterator() for each in y.tolist()})
    assert found == [{b"0", b"1"}] * 4


def test_old_line_ends_of_columns(tmp_path):
    sentence = "Anna NNP B-PER\rmet VBD O\rBob NNP B-PER\r"
    (tmp_path / "a.conll").write_bytes("\r".join([sentence] * 10).encode())
    data = recipes.get("named_entities").data(str(tmp_path / "a.conll"))
    words, tags = next(iter(data.train.as_numpy_iterator()))
    assert words.tolist() == [b"Anna", b"met", b"Bob"] and tags.tolist() == [
        b"B-PER",
        b"O",
        b"B-PER",
    ]
