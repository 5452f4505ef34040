"""One form of characters: against Python's unicodedata, and what models make of it."""

import random
import unicodedata

import numpy as np
import pytest
import tensorflow as tf

from rnnkit.features import Text, Words
from rnnkit.features import normalization as forms
from rnnkit.features.splitting import split_words

# What is made alike beyond Unicode's forms, tested by itself.
PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"  # one word, with a joiner
OURS = {*forms._ALIKE, *forms._INVISIBLE, 0x200C, 0x200D}


def plain(text):
    """Whether a text holds nothing that is made alike beyond Unicode's forms."""
    return not any(ord(sign) in OURS for sign in text + unicodedata.normalize("NFKD", text)) and (
        "\u00b4" not in unicodedata.normalize("NFC", text)
    )


def found(texts, form):
    return [
        each.decode()
        for each in forms.normalized(tf.constant([t.encode() for t in texts]), form).numpy()
    ]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["NFKC", "NFC"])
def test_equals_unicodedata(form):
    every = [chr(code) for code in range(0x80, 0x33000) if not 0xD800 <= code < 0xE000]
    rng = random.Random(0)
    marks = [chr(code) for code in range(0x300, 0x370)] * 20
    hangul = [chr(code) for code in (*range(0x1100, 0x1200), *range(0xAC00, 0xAD00))]
    pool = every[:0x3000] + marks + hangul * 3
    mixed = ["".join(rng.choices(pool, k=rng.randint(0, 12))) for _ in range(2000)]
    texts = [t for t in (*every, *mixed, *(unicodedata.normalize("NFD", m) for m in mixed))]
    texts = [text for text in texts if plain(text)]
    assert found(texts, form) == [unicodedata.normalize(form, text) for text in texts]


@pytest.mark.slow
def test_what_looks_alike_is_alike():
    pairs = {
        "wasn\u2019t": "wasn't", "\u2018a\u02bc": "'a'", "e\u2010mail \u2011 \u2212": "e-mail - -",
        "so\u00adft \u200ehi\u202c \ufeffa\u2060b": "soft hi ab", "ba\u200dd x\u200c1": "bad x1",
        # Joiners belong to the words of Persian, and to emoji.
        PERSIAN: PERSIAN,
        "\U0001f469\u200d\U0001f4bb": "\U0001f469\u200d\U0001f4bb",
        "\uff26\uff55\uff4c\uff4c\uff0d\ufb01": "Full-fi", "": "", "abc": "abc",
    }  # fmt: skip
    assert found(pairs, "NFKC") == list(pairs.values())
    assert found(["\uff26 \ufb01 e\u0301\u2019"], "NFC") == ["\uff26 \ufb01 \u00e9'"]
    assert found(["e\u0301\u2019"], None) == ["e\u0301\u2019"]
    bad = forms.normalized(tf.constant([[b"\xff\xc3\xa9"], [b"e\xcc\x81"]])).numpy()
    assert bad.tolist() == [["\ufffd\u00e9".encode()], ["\u00e9".encode()]]


def test_markup():
    texts = ["a<br />b &amp; c", "1 < 2 and 3 > 2", "<!-- x -->&#39;hi&#39; &lt;b&gt; &quot;"]
    result = forms.without_markup(tf.constant(texts)).numpy()
    assert result.tolist() == [b"a b & c", b"1 < 2 and 3 > 2", b" 'hi' <b> \""]


def test_the_same_ids_however_it_is_written():
    text = Text().adapt(["it wasn't bad", "tr\u00e8s r\u00e9ussi", "e-mail soft full"])
    for plain_form, other in (
        ("it wasn't bad", "it wasn\u2019t ba\u00add"),
        ("tr\u00e8s r\u00e9ussi", unicodedata.normalize("NFD", "tr\u00e8s r\u00e9ussi")),
        ("full e-mail", "\uff46\uff55\uff4c\uff4c e\u2011mail"),
    ):
        same = text.encode(tf.constant([plain_form, other])).to_list()
        assert same[0] == same[1] and 1 not in same[0]
    # What is learned from decomposed texts is composed, and the option is saved.
    again = Text.from_config(
        Text().adapt([unicodedata.normalize("NFD", "\u00e9t\u00e9 l\u2019eau")]).get_config()
    )
    assert again.normalize == "NFKC" and again.vocabulary == ["l'eau", "\u00e9t\u00e9"]
    left = Text(normalize=None).adapt(["l\u2019eau"])
    assert "l" in left.vocabulary and "\u2019" in left.vocabulary
    with pytest.raises(ValueError, match="normalize must be one of 'NFKC', 'NFC', None.*'NFKD'"):
        Text(normalize="NFKD")
    assert Text(html=True).adapt(["a<br>b"]).vocabulary == ["a", "b"]


def test_words_are_looked_up_in_one_form_and_given_back_as_they_are():
    words = Words(max_word_length=4).adapt([["wasn't", "\u00e9t\u00e9"]])
    given = [["wasn\u2019t", unicodedata.normalize("NFD", "\u00e9t\u00e9")]]
    expected = words.encode(words.to_tensor([["wasn't", "\u00e9t\u00e9"]])).to_list()
    assert words.encode(words.to_tensor(given)).to_list() == expected
    assert words.raw(given) == given


def test_scripts_without_spaces_are_characters_in_both():
    # "Wang Xiaoming is in Beijing." in Chinese; a Thai word, its vowel signs with their letters.
    chinese, thai = "\u738b\u5c0f\u660e\u5728\u5317\u4eac\u3002", "\u0e17\u0e35\u0e48\u0e19\u0e35"
    for sentence in (chinese, thai):
        text = Text().adapt([sentence])
        pieces = text.pieces(sentence)
        assert split_words(sentence) == pieces
        assert text.decode(text.encode(tf.constant([sentence])).to_list()) == [sentence]
    assert len(split_words(chinese)) == 7
    assert split_words(f"{PERSIAN} a") == [PERSIAN, "a"]


def test_in_a_dataset_and_for_every_shape():
    data = tf.data.Dataset.from_tensor_slices(["a", "\u00e9", "e\u0301"]).batch(2)
    rows = [row for batch in data.map(forms.normalized) for row in batch.numpy().tolist()]
    assert rows == [b"a", "\u00e9".encode(), "\u00e9".encode()]
    assert forms.normalized(tf.constant("e\u0301")).shape == ()
    assert forms.normalized(tf.zeros([0], tf.string)).shape == (0,)
    assert np.all(forms.normalized(tf.constant([["a"], ["b"]])).numpy() == [[b"a"], [b"b"]])
