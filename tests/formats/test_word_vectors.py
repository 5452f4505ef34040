"""Files of word vectors: each kind is read as it is written, and what is wrong is named.

The cases are those that users of gensim, spaCy, torchtext and fastText have met.
"""

import bz2
import gzip
import lzma
import random
import struct
import warnings
import zipfile

import numpy as np
import pytest

from rnnkit.formats import bounds, vector_lines, word_vectors
from rnnkit.formats.word_vectors import WordVectors, read

GLOVE = b"the 0.5 -0.25 1\ncat 1.5 2 -3e-1\n"
VALUES = np.array([[0.5, -0.25, 1], [1.5, 2, -0.3]], np.float32)


@pytest.fixture
def file(tmp_path):
    """Writes a file; the next one has another name, and so is read anew."""
    count = iter(range(100))

    def write(content, name="vectors.txt"):
        path = tmp_path / f"{next(count)}_{name}"
        path.write_bytes(content)
        return path

    return write


def binary(words, rows, after=b"\n", header=None):
    count, size = header or (len(rows), len(rows[0]))
    body = b"".join(
        word.encode() + b" " + struct.pack(f"<{len(row)}f", *row) + after
        for word, row in zip(words, rows, strict=True)
    )
    return f"{count} {size}\n".encode() + body


def read_words(path, **options):
    return read(path, **options).words


# === The kinds ===


@pytest.mark.parametrize(
    "content",
    [
        GLOVE,
        GLOVE[:-1],  # the last line without an end
        GLOVE.replace(b"\n", b" \n"),  # as word2vec and fastText write lines
        GLOVE.replace(b"\n", b"\r\n"),
        GLOVE.replace(b" ", b"\t"),
        GLOVE.replace(b"the ", b"the\t"),
        GLOVE.replace(b" ", b"   "),
        GLOVE.replace(b"cat 1.5", b"cat   +1.50"),
        GLOVE.replace(b"0.5", b".5").replace(b" 2 ", b" 2. "),
        b" " + GLOVE,
        b"\t" + GLOVE,
        GLOVE + b"\n \r\n\n",
        b"\xef\xbb\xbf" + GLOVE,
        b"2 3\n" + GLOVE,
        b"2 3\r\n" + GLOVE.replace(b"\n", b"\r\n"),
        b"2\t3 \n" + GLOVE,
        b"\xef\xbb\xbf2 3\n" + GLOVE,
        binary(["the", "cat"], VALUES),
        binary(["the", "cat"], VALUES, after=b""),
        GLOVE.decode().encode("utf-16"),
    ],
)
def test_one_content_in_each_kind(file, content):
    vectors = read(file(content))
    assert vectors.words == ["the", "cat"]
    np.testing.assert_array_equal(vectors.values, VALUES)
    assert (vectors.size, len(vectors), vectors.repeated, vectors.unreadable) == (3, 2, 0, 0)
    assert vectors.values.dtype == np.float32
    assert not vectors.values.flags.writeable


@pytest.mark.parametrize("content", [GLOVE, b"2 3\n" + GLOVE, binary(["the", "cat"], VALUES)])
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, "zip"])
def test_packed(file, tmp_path, content, pack):
    if pack == "zip":
        path = tmp_path / "vectors.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("vectors.bin", content)
    else:
        ending = {gzip.compress: "gz", bz2.compress: "bz2", lzma.compress: "xz"}[pack]
        path = file(pack(content), f"vectors.{ending}")
    np.testing.assert_array_equal(read(path).values, VALUES)


def test_binary_numbers_whose_bytes_are_blanks(file):
    # 0x20202020 and 0x0a0a0a0a as floats: neither the end of a word nor that of the file.
    bytes_ = struct.pack("<f", 0.5) + b" " * 4 + b"\n" * 4
    blanks = struct.unpack("<3f", bytes_)
    for after in (b"", b"\n"):
        vectors = read(file(binary(["a", "b"], [blanks, blanks], after)))
        assert vectors.words == ["a", "b"]
        assert vectors.values.tobytes() == bytes_ * 2


def test_floats_are_those_of_python(file):
    draw = random.Random(1)
    tokens = [repr(draw.gauss(0, 1) * 10 ** draw.randint(-44, 37)) for _ in range(2000)]
    tokens += [f"{draw.gauss(0, 1):.{draw.randint(1, 40)}f}" for _ in range(2000)]
    tokens += [f"{draw.gauss(0, 1):.{draw.randint(1, 40)}E}" for _ in range(2000)]
    for _ in range(2000):  # halfway between two of 32 bits, or a little more
        low = np.float32(draw.gauss(0, 1))
        middle = (float(low) + float(np.nextafter(low, np.float32(9)))) / 2
        tokens.append(repr(middle) + draw.choice(["", "1", "0" * 20 + "1"]))
    expected = np.array([float(token) for token in tokens]).astype(np.float32).reshape(-1, 10)
    rows = [" ".join(tokens[start : start + 10]) for start in range(0, len(tokens), 10)]
    text = "".join(f"w{index} {row}\n" for index, row in enumerate(rows))
    for content in (text, text.replace(" ", "  ")):
        np.testing.assert_array_equal(
            read(file(content.encode())).values.view("u4"), expected.view("u4")
        )


def test_blocks_of_lines(file, monkeypatch):
    lines = [f"word{index} {index} {-index}.5\n".encode() for index in range(300)]
    monkeypatch.setattr(vector_lines, "BLOCK", 100)
    monkeypatch.setattr(vector_lines, "SAMPLE", 5)
    vectors = read(file(b"".join(lines)))
    assert vectors.words == [f"word{index}" for index in range(300)]
    expected = [[index, -(index + 0.5)] for index in range(300)]
    np.testing.assert_array_equal(vectors.values[1:], expected[1:])
    lines[250] = b"word250 250\n"
    with pytest.raises(ValueError, match="line 251, 'word250': it ends in 1 number; expected 2"):
        read(file(b"".join(lines)))
    lines[250] = b"word250 250 x\n"
    with pytest.raises(ValueError, match="line 252, 'word250': it ends in 0 .* 'x', which is none"):
        read(file(b"300 2\n" + b"".join(lines)))


# === Words ===


def test_words_that_pandas_takes_for_something_else(file):
    words = [
        "NA",
        "null",
        "nan",
        "NaN",
        "inf",
        '"',
        "'",
        '""',
        "#",
        "True",
        "None",
        "1",
        "0.5",
        ",",
    ]
    words += ["-", "1e5", "<unk>", "</s>", "\\", "1,5"]
    lines = "".join(f"{word} 0.5 {index}\n" for index, word in enumerate(words))
    for content in (lines, f"{len(words)} 2\n{lines}"):
        vectors = read(file(content.encode()))
        assert vectors.words == words
        assert vectors.values[:, 1].tolist() == list(range(len(words)))


def test_words_with_blanks(file):
    # Those of glove.840B.300d; the size is that of most lines.
    words = ["the", ". . .", "at name@domain.com", "cat", "to  name", "0 . .", "catch 22 cafe", "a"]
    content = "".join(f"{word} 0.1 0.2 0.3\n" for word in words).encode()
    assert read_words(file(content)) == words
    assert read_words(file(b"8 3\n" + content)) == words
    tabs = "".join(f"{word}\t0.1\t0.2\t0.3\n" for word in words).encode()
    assert read_words(file(tabs)) == words
    only = b"1 3\n. . . 0.1 0.2 0.3\n"
    assert read_words(file(only)) == [". . ."]


def test_blanks_that_are_not_ascii_are_letters(file):
    # Python splits at them; fastText, whose files have them, doesn't.
    words = ["\xa0", "a\x85b", "\u2028", "\u3000", ".\xa0.\xa0.", "\u200b", "\ufeff", "x"]
    content = "".join(f"{word} 0.1 0.2\n" for word in words).encode()
    assert read_words(file(content)) == words
    assert read_words(file(binary(words, [[1, 2]] * len(words)))) == words


def test_repeated_words(file):
    vectors = read(file(b"a 1 2\nb 3 4\na 5 6\na 7 8\nB 9 9\n"))
    assert (vectors.words, vectors.repeated) == (["a", "b", "B"], 2)
    assert vectors.values.tolist() == [[1, 2], [3, 4], [9, 9]]
    assert not vectors.values.flags.writeable


def test_encodings(file):
    content = "é 1 2\nü 3 4\nx 5 6\n"
    assert read_words(file(content.encode("latin-1")), encoding="latin-1") == ["é", "ü", "x"]
    assert read_words(file("é中 1 2\nü 3 4\n".encode("gb18030")), encoding="gb18030")[0] == "é中"
    for encoding in ("utf-16", "utf-16-le", "utf-8-sig"):
        assert read_words(file(content.encode(encoding)), encoding=encoding) == ["é", "ü", "x"]
    with pytest.raises(
        ValueError, match=r"2 of 3 words are not utf-8, the first b'\\xe9' at line 1\. .*latin-1"
    ):
        read(file(content.encode("latin-1")))
    with pytest.raises(ValueError, match=r"1 of 2 .* at word 2\. .*encoding="):
        read(file(binary(["a", "b"], [[1, 2]] * 2).replace(b"b", b"\xff")))
    with pytest.raises(ValueError, match="for example encoding='utf-16-le'"):
        read(file(content.encode("utf-16-le")))
    for encoding in ("no such", None, 3, [], "a\0", "base64"):
        with pytest.raises(ValueError, match="encoding must name a character encoding. Received"):
            read(file(GLOVE), encoding=encoding)


@pytest.mark.parametrize("kind", ["text", "binary"])
def test_a_few_broken_words_are_left_out(file, kind):
    rows = [[index, 0.5] for index in range(200)]
    words = [f"w{index:03}" for index in range(200)]
    text = "".join(f"{word} {row[0]} 0.5\n" for word, row in zip(words, rows, strict=True)).encode()
    content = text if kind == "text" else binary(words, rows)
    path = file(content.replace(b"w007", b"w\xe9\xe9\xe9").replace(b"w100", b"w10\xc3"))
    with pytest.warns(UserWarning, match="2 of 200 words are not utf-8; they are left out"):
        vectors = read(path)
    assert vectors.unreadable == 2
    assert vectors.words == [word for word in words if word not in ("w007", "w100")]
    np.testing.assert_array_equal(vectors.values[:, 0], np.delete(np.arange(200), [7, 100]))
    assert not vectors.values.flags.writeable
    with warnings.catch_warnings():  # once
        warnings.simplefilter("error")
        assert read(path) is vectors
    if kind == "text":  # only where the line is fine
        with pytest.raises(ValueError, match="line 8, .*: it ends in 1 number"):
            read(file(text.replace(b"w007 7", b"w\xe9\xe9\xe9")))
    worse = content.replace(b"w007", b"w\xe9\xe9\xe9").replace(b"w10", b"\xff10")
    with pytest.raises(ValueError, match="11 of 200 words are not utf-8"):
        read(file(worse))


# === What is refused ===


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; expected words and their vectors"),
        (b"\xef\xbb\xbf\r\n \n", "is empty"),
        # Lines of different lengths.
        (b"a 1 2 3\nb 1 2\nc 1 2 3\n", "line 2, 'b': it ends in 2 numbers; expected 3, as most"),
        (b"a 1 2 3\nb 1 2 3 4\nc 1 2 3\n", "line 2: before the last 3 .* 'b 1'.*; expected 3"),
        (b"a 1 2\nb 1 2 c 1 2\nd 1 2\n", "line 2: before the last 2 numbers stands 'b 1 2 c'"),
        (b"a 1 2 3\nNew York 1 2\nc 1 2 3\n", "line 2, 'New': it ends in 2 .*'York', which is"),
        (b"a 1 2 3\nb 1 2 3\nc 1 2", "line 3, 'c': it ends in 2 numbers"),
        (b"a 1 2 3\n\nb 1 2 3\n", "line 2 is blank; expected a word and 3 numbers"),
        (b"a 1 2 3\n 1 2 3\nb 1 2 3\n", "line 2 has 3 numbers and no word before them"),
        (b"a 1 2 3\n1 2 3\nb 1 2 3\n", "line 2, '1': it ends in 2 numbers; expected 3"),
        (
            b"a 0.1 0.2\rb 0.3 0.4\rc 0.5 0.6",
            "line 1: a carriage return stands within it; exp",
        ),
        # What is no number.
        (b"a 1 2\nb 1 x\nc 3 4\n", "line 2, 'b': it ends in 0 numbers, after 'x', which is none"),
        (b"a 1 2\nb x 2\nc 3 4\n", "line 2, 'b': it ends in 1 number, after 'x', which is none"),
        (b"a 1 2\nb 1 0x10\nc 3 4\n", "line 2, 'b': .* after '0x10'"),
        (b"a 1 2\nb 1_0 1\nc 3 4\n", "line 2, 'b': .* after '1_0'"),
        (b"a 1 2\nb 1.2.3 4\nc 3 4\n", "line 2, 'b': .* after '1.2.3'"),
        (b"a 1 2\nb 9:0.02 4\nc 3 4\n", "line 2, 'b': .* after '9:0.02'"),
        ("a 1 2\nb ١ 4\nc 3 4\n".encode(), "line 2, 'b': .* after '١'"),
        (b"a 1 2\nb 1 nan\nc 3 4\n", "line 2: 'nan' is not finite"),
        (b"a 1 2\nb -inf 1\nc 3 4\n", "line 2: '-inf' is not finite"),
        (b"a 1 2\nb 1 1e39\nc 3 4\n", "line 2: '1e39' is too large for a 32-bit number"),
        (b"a 1 2\nb 1e999 1\n", "line 2: '1e999' is too large"),
        (b"a 0,1 0,2\nb 0,3 0,4\n", "line 1: '0,2' has a decimal comma; expected a point"),
        (b"a 1 2\nb 0,3 4\n", "line 2: '0,3' has a decimal comma"),
        # Other files.
        (
            b"the 123\nof 45\n",
            "such as 'the 123', end in one number. .* words and how often they",
        ),
        (b"3 4\n5 6\n7 8\n", "end in one number. It seems to be a list of words and how often"),
        (b"2 1\na 0.5\nb 0.25\n", "such as 'a 0.5', end in one number"),
        (b"word,x,y\na,0.1,0.2\n", "end in no number. It seems to be a table separated by ','"),
        (b"a, 0.1, 0.2\nb, 0.1, 0.2\n", "end in one number. It seems to be .* separated by ','"),
        (b"a;0,1;0,2\nb;0,1;0,2\n", "end in no number"),
        (b"word\tx\ty\na\t1\t2\nb\t1\t2\n", "line 1, 'word': it ends in 0 .*'y', which is none"),
        (b"This is a text.\nIt has lines.\n", "end in no number. Expected a word and its numbers"),
        (b'{"a": [0.1, 0.2]}', "end in no number"),
        (b"<<<<<<< HEAD\na 1 2\nb 1 2\n", "line 1, '<<<<<<<': it ends in 0 numbers"),
        (b"\x80\x04\x95\x10\0\0\0cgensim", "holds bytes that no text has: Expected a word"),
        (b"\x93NUMPY\1\0v\0{'descr': '<f4'}\n" + b"\0" * 9, "holds bytes that no text has"),
        (b"\xba\x16\x4f\x2f\x0c\0\0\0\x64\0\0\0", "a model of fastText, whose vectors are in"),
        (
            gzip.compress(GLOVE, mtime=0),
            "is compressed, which its name does not say: name it with .gz at",
        ),
        # First lines that say something else than what is there.
        (b"3 3\n" + GLOVE, "says 3 vectors of 3 numbers; 2 lines follow it: the file is cut short"),
        (b"1 3\n" + GLOVE, "the first line says 1 vectors of 3 numbers; 2 lines follow it$"),
        (b"2 2\n" + GLOVE, "says 2 vectors of 2 numbers; most lines below it have 3"),
        (b"2 4\n" + GLOVE, "says 2 vectors of 4 numbers; most lines below it have 3"),
        (b"0 0\n" + GLOVE, "says 0 vectors of 0 numbers; most lines below it have 3"),
        (b"2 3\n", "says 2 vectors of 3 numbers, and nothing follows it"),
        (b"2 3", "says 2 vectors of 3 numbers, and nothing follows it"),
        (b"2 3\nabc\ndef\n", "such as 'abc', end in no number"),
        (b"2 3\nthe 0,5 1 2\na 1 2 3\n", "line 2: '0,5' has a decimal comma"),
        (b"9" * 18 + b" " + b"9" * 18 + b"\n" + GLOVE, "says 999,.* most lines below it have 3"),
        (b"2 3\na 1 2 3\nb 1 2\n", "line 3, 'b': it ends in 2 numbers; expected 3, as the first"),
    ],
)
def test_text_that_is_refused(file, content, message):
    path = file(content)
    with pytest.raises(ValueError, match=message) as error:
        read(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            binary(["aaaaaaaaaa", "b"], VALUES)[:-8],
            "2 vectors of 3 numbers; 1 are there",
        ),
        (binary(["a", "b"], VALUES, header=(9, 3)), "at least 126 bytes; 30 follow: .* cut short"),
        (
            binary(["longer", "b"], VALUES, header=(3, 2)),
            "of 2 numbers; (2 are|where word)",
        ),
        (binary(["a" * 20, "b" * 20], VALUES, header=(3, 3)), "; 2 are there: the file is cut"),
        (binary(["a", "b"], VALUES, header=(1, 3)), "says 1 vectors.*; 16 bytes follow them"),
        (binary(["a", "b"], VALUES, header=(10**17, 10**17)), "says 100,000,.* 30 follow"),
        (binary(["a", "b"], VALUES, header=(0, 3)), "expected at least 1 vector of 2 numbers"),
        (binary(["a", "b"], [[0.1], [0.2]]), "2 vectors of 1 numbers; expected at least 1 vector"),
        (binary(["a", "b"], [[1, 2], [1, np.nan]]), "word 2, 'b', has a number that is not finite"),
        (binary(["a", "b"], [[np.inf, 2], [1, 0]]), "word 1, 'a', has a number that is not finite"),
        (binary(["a", ""], VALUES), "where word 2 should be there is no word"),
        (b"2 3\n" + b"\xff" * 11_000, "where word 1 should be there is no blank in 10,000 bytes"),
    ],
)
def test_binary_that_is_refused(file, content, message):
    path = file(content, "vectors.bin")
    with pytest.raises(ValueError, match=message) as error:
        read(path)
    assert str(path) in str(error.value)


def test_files_that_are_not_there_or_no_files(file, tmp_path):
    with pytest.raises(ValueError, match=r"vectors 'none\.txt' is not there"):
        read("none.txt")
    with pytest.raises(ValueError, match="is a folder, no file"):
        read(tmp_path)
    for wrong in (None, 3, b"a.txt", ["a.txt"]):
        with pytest.raises(ValueError, match="path must be that of a file. Received: "):
            read(wrong)
    with pytest.raises(ValueError, match="cannot be unpacked"):
        read(file(gzip.compress(GLOVE)[:-9], "cut.gz"))
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        for name in ("glove.50d.txt", "glove.100d.txt"):
            archive.writestr(name, GLOVE)
    with pytest.raises(
        ValueError, match="holds 2 files; expected one file of word vectors. .*'glove.100d.txt'"
    ):
        read(tmp_path / "two.zip")
    with pytest.raises(ValueError, match="at most 67,108,864 are allowed"):
        read(file(gzip.compress(bytes(bounds.FREE + 1)), "bomb.gz"))


def test_many_short_lines_take_no_more_than_their_bytes(file):
    wide = b"w" + b" 1" * 2000 + b"\n"  # an array of as many rows as lines would take 8 GB
    with pytest.raises(ValueError, match="line 301, 'x': it ends in 0 numbers; expected 2,000"):
        read(file(wide * 300 + b"x\n" * 1_000_000))


# === What is kept ===


def test_the_latest_file_is_kept(file, tmp_path, monkeypatch):
    path, other = file(GLOVE), file(b"a 1 2\n")
    vectors = read(path)
    monkeypatch.chdir(tmp_path)
    assert read(path.name) is read(str(path)) is vectors
    assert read(path, encoding="latin-1") is not vectors
    vectors = read(path)
    read(other)
    assert len(word_vectors._latest) == 1
    assert read(path) is not vectors
    path.write_bytes(GLOVE + b"dog 1 2 3\n")
    assert read(path).words == ["the", "cat", "dog"]


# === WordVectors ===


def test_arrays_are_copied_and_protected():
    values = np.array([[1.0, 2], [3, 4]], np.float32)
    vectors = WordVectors(["a", "b"], values)
    values[0] = 9
    assert vectors.values.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match="read-only"):
        vectors.values[0] = 9
    assert WordVectors(("a",), [[1]]).size == 1
    assert repr(vectors) == "WordVectors(2 words, size 2, of the vectors)"


@pytest.mark.parametrize(
    ("words", "values", "message"),
    [
        ([], np.zeros((0, 2)), "words must be a list of texts, at least one. Received: \\[\\]"),
        ("ab", [[1], [2]], "words must be a list of texts.*'ab'"),
        (None, [[1]], "words must be a list of texts.*None"),
        (["a", 3], [[1], [2]], "words must be a list of texts.* 3"),
        (["a"], [1, 2], "values must be an array of numbers .*int64 of shape \\(2,\\)"),
        (["a"], [[]], "values must be .*shape \\(1, 0\\)"),
        (["a"], [["x"]], "values must be an array of numbers"),
        (["a", "b"], [[1], [1, 2]], "values must be an array of numbers"),
        (["a"], [[1], [2]], "here: 1 words have 2 rows of values"),
        (["a", "b"], [[1], [np.nan]], "all finite in 32 bits. Those of 'b' are not"),
        (["a"], [[1e39]], "all finite in 32 bits. Those of 'a' are not"),
        (["a"], [[True]], "values must be an array of numbers"),
    ],
)
def test_arrays_that_are_refused(words, values, message):
    with pytest.raises(ValueError, match=message):
        WordVectors(words, values, source="here")
