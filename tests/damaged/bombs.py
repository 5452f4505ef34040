"""Small files that ask for all time or memory, and tables that name what they should not.

`BOMBS` has a function for each: it writes into an empty folder and gives the name of the recipe
that reads it, the source to pass, and the file that a refusal must name. None may be read.
"""

import io
import json
import os
import struct
import zipfile
import zlib

import numpy as np
import PIL.Image

from rnnkit.formats import wav
from tests.damaged import kinds
from tests.damaged.zips import deflated, npy, zeros, zip_of

MANY = 100_000


def _file(folder, name, content, recipe):
    path = kinds.put(folder, name, content)
    return recipe, path, path


def _npz(recipe, *members):
    def write(folder):
        return _file(folder, "arrays.npz", zip_of(members), recipe)

    return write


def _csv(text, name="data.csv", recipe="spam"):
    def write(folder):
        return _file(folder, name, text() if callable(text) else text, recipe)

    return write


# === Pictures ===


def _among_pictures(content, name="0.png"):
    """A picture in a class folder."""

    def write(folder):
        kinds.KINDS["png"](folder)
        made = content() if callable(content) else content
        path = kinds.put(folder, f"a/{name}", made)
        return "image_classification", folder, path

    return write


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(height, width, body):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _png_of_zeros():
    return _png(12_000, 12_000, zlib.compress(bytes(12_000 * 36_001), 1))


def _jpeg(height, width, scans=0):
    """A picture whose frame header is another one; `scans` make it progressive."""
    content = kinds.picture(0, "JPEG")
    at = content.index(b"\xff\xc0")
    head = struct.pack(">HH", height, width)
    content = content[: at + 5] + head + content[at + 9 :]
    if scans:
        start = content.index(b"\xff\xda")
        body = content[start:-2]
        content = content[: at + 1] + b"\xc2" + content[at + 2 : start] + body * scans + b"\xff\xd9"
    return content


def _gif(width, height, frames):
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    one = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"
    return head + one * frames + b"\x3b"


def _bmp(height, width):
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head


# === Zip files ===


def _zipped(*members, table="path,label\n1.png,a\n"):
    def write(folder):
        parts = [("table.csv", *deflated(table.encode()))] if table else []
        return _file(folder, "set.zip", zip_of([*parts, *members]), "image_classification")

    return write


def _overlapping(folder):
    """Two thousand members that share the bytes of one, each within its own bound."""
    one = deflated(kinds.picture(0) + bytes(8 * 2**20))
    content = zip_of([(f"a/{i}.png", *one) for i in range(2000)], shared=True)
    return _file(folder, "set.zip", content, "image_classification")


def _contents(folder):
    """A million members without any bytes."""
    entry = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, *[0] * 14)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0, 0, len(entry) * 10**6, 0, 0)
    return _file(folder, "set.zip", entry * 10**6 + end, "image_classification")


def _outside_member(folder):
    with zipfile.ZipFile(folder / "set.zip", "w") as archive:
        for i in range(kinds.COUNT):
            archive.writestr(f"../{'ab'[i % 2]}/{i}.png", kinds.picture(i))
    return "image_classification", folder / "set.zip", folder / "set.zip"


# === Sound and music ===


def _among_sounds(content):
    def write(folder):
        kinds.KINDS["wav"](folder)
        return "speech_to_text", folder, kinds.put(folder, "0.wav", content)

    return write


def _wav(**changed):
    """A wav file with other numbers in its header."""
    content = bytearray(kinds.sound(0))
    places = {"channels": ("<H", 22), "rate": ("<I", 24), "bits": ("<H", 34), "size": ("<I", 40)}
    for name, value in changed.items():
        form, at = places[name]
        struct.pack_into(form, content, at, value)
    return bytes(content)


def _midi(body, division=480):
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, division)
    return head + b"MTrk" + struct.pack(">I", len(body)) + body


def _tune(*parts, division=480):
    content = _midi(b"".join(parts) + b"\x00\xff\x2f\x00", division)
    return lambda folder: _file(folder, "tune.mid", content, "music_generation")


NOTE = b"\x00\x90\x3c\x40\x83\x60\x80\x3c\x40"

# === Tables that name files ===


def _naming(kind, replace, by, link=None, outside=None):
    """A table of a kind in which one file's name is another, which is there."""

    def write(folder):
        inside = folder / "inside"
        inside.mkdir()
        recipe, source, (table, named, *_) = kinds.KINDS[kind](inside)
        secret = folder / "secret" / named.name
        secret.parent.mkdir()
        secret.write_bytes(named.read_bytes())
        if link:
            os.symlink(secret.parent if link == "folder" else secret, inside / by.partition("/")[0])
        text = table.read_text().replace(replace, by.format(secret=secret), 1)
        table.write_text(text)
        return recipe, source, table

    return write


def _tune_outside(folder):
    inside = folder / "inside"
    inside.mkdir()
    kinds.KINDS["midi"](folder)
    rows = "".join("march,../a/0.mid\n" for _ in range(kinds.COUNT))
    return _file(inside, "tunes.csv", "style,path\n" + rows, "music_generation")


def _again_and_again(kind, rows, line):
    """A table that names one large file in many rows."""

    def write(folder):
        recipe, source, (table, named, *_) = kinds.KINDS[kind](folder)
        large = named.read_bytes()
        if kind == "table of sounds":
            large = wav.write(np.ones(2**20, "int16"), 8000)
        elif kind == "table of pictures":
            large += bytes(2**20)  # what follows the picture stays with it
        else:
            found = io.BytesIO()
            PIL.Image.new("RGB", (500, 500)).save(found, "PNG")
            large = found.getvalue()
        named.write_bytes(large)
        head = table.read_text().partition("\n")[0]
        table.write_text(head + "\n" + line * rows)
        return recipe, table if kind == "frames" else source, table

    return write


def _pipe(folder):
    """A table that names a pipe, which nobody ever writes to."""
    recipe, source, (table, named) = kinds.KINDS["table of pictures"](folder)
    named.unlink()
    os.mkfifo(named)
    return recipe, source, table


def _nested(depth, recipe="sentiment"):
    text = json.dumps({"text": "a", "label": "x"}) + "\n"
    return _csv(
        text * 20 + '{"label":"x","text":' + "[" * depth + "]" * depth + "}\n", "a.jsonl", recipe
    )


def _wide_npz(folder):
    """Sixteen million pictures of a pixel each."""
    count = 2**24
    found = io.BytesIO()
    np.savez_compressed(found, x=np.zeros((count, 1, 1), "uint8"), y=np.zeros(count, "uint8"))
    return _file(folder, "arrays.npz", found.getvalue(), "image_classification")


GIGA = 2**30
PICTURES = "image_classification"


def _arrays(head, body=b""):
    """An npz file of pictures with an array that begins with `head`."""
    return _npz(PICTURES, ("x.npy", *deflated(head + body)))


def _captions(name, link=None):
    return _naming("table of pictures", "pictures/0.png", name, link)


def _sounds(name, link=None):
    return _naming("table of sounds", "clips/0.wav", name, link)


BOMBS = {
    "npz of a gigabyte of zeros": _npz(
        PICTURES, zeros("x.npy", GIGA, npy((GIGA // 10_000, 100, 100), "|u1")),
        ("y.npy", *deflated(npy((3,), "|u1") + bytes(3))),
    ),
    "npz of rolls, a gigabyte of zeros": _npz(
        "music_generation", zeros("train.npy", 88 * 2**23, npy((2**23, 88), "|u1"))
    ),
    "npz of many tiny pictures": _wide_npz,
    "npz that declares 1e15": _arrays(npy((10**15, 1, 1), "<f8"), bytes(99)),
    "npz that declares more than a number holds": _arrays(npy((10**4000, 10**4000), "<f8")),
    "npz of texts without width": _arrays(npy((10**15,), "<U0")),
    "npz with a negative shape": _arrays(npy((-1, -8), "|u1"), bytes(8)),
    "npz of objects": _arrays(npy((1,), "|O"), b"\x80\x04K\x01."),
    "npz with a nested header": _arrays(npy("(" * 9000, "|u1")),
    "npz with a header of signs": _arrays(npy("-" * 9000 + "1", "|u1")),
    "npz with a part that is no array": _npz(PICTURES, ("x.txt", *deflated(b"hello"))),
    "npz that says it is longer": _npz(PICTURES, ("x.npy", deflated(b"\x93NUMPY")[0], 10**6, 0)),
    "zip with a picture of a gigabyte": _zipped(zeros("1.png", GIGA)),
    "zip with a table of a gigabyte": _zipped(zeros("table.csv", GIGA, b"path,label\n"), table=""),
    "zip whose members share bytes": _overlapping,
    "zip with a million members": _contents,
    "zip with a member outside": _outside_member,
    "png that declares 60,000 pixels": _among_pictures(_png(60_000, 60_000, b"")),
    "png that declares 2^31 pixels": _among_pictures(_png(2**31 - 1, 2**31 - 1, b"")),
    "png of 144 million zeros": _among_pictures(_png_of_zeros),
    "jpeg that declares 65,500 pixels": _among_pictures(_jpeg(65_500, 65_500), "0.jpg"),
    "jpeg of 5,000 scans": _among_pictures(_jpeg(4_000, 4_000, 5000), "0.jpg"),
    "gif that declares 65,535 pixels": _among_pictures(_gif(65_535, 65_535, 1), "0.gif"),
    "gif of 100,000 frames": _among_pictures(_gif(2000, 2000, MANY), "0.gif"),
    "bmp that declares 2^31 pixels": _among_pictures(_bmp(2**31 - 1, 2**31 - 1), "0.bmp"),
    "wav of 4 GB in 2 kB": _among_sounds(_wav(size=2**32 - 16)),
    "wav of 4 billion Hz": _among_sounds(_wav(rate=2**32 - 1)),
    "wav of 1 Hz": _among_sounds(_wav(rate=1)),
    "wav of 65,535 channels": _among_sounds(_wav(channels=65_535)),
    "wav of lengths unknown": _among_sounds(_wav(size=0)[:36] + b"data\0\0\0\0" * MANY),
    "midi with a tempo of 0": _tune(b"\x00\xff\x51\x03\0\0\0", NOTE),
    "midi of 2^28 beats": _tune(b"\x00\x90\x3c\x40\xff\xff\xff\x7f\x80\x3c\x40", division=1),
    "midi with a number that does not end": _tune(b"\xff" * 2**20),
    "midi with numbers of 30 bytes": _tune((b"\xff" * 30 + b"\x7f" + NOTE[1:]) * 100),
    "midi of 9 MB": _tune(NOTE * 10**6),
    "csv of 2 million columns": _csv(lambda: "," * 2_000_000 + "\n1"),
    "csv of one wide row": _csv(lambda: '"' + 'a","' * MANY + 'b"\n' + "x\n" * MANY),
    "csv of one wide row after narrow ones": _csv(lambda: 'x\n"y"\n' + "x\n" * MANY + "," * MANY),
    "csv with a quote that stays open": _csv(lambda: 'text,label\n"' + "a,b\n" * 10**6),
    "tsv of one wide row": _csv(lambda: "x\n" * MANY + "a\t" * MANY, "data.tsv"),
    "jsonl nested 100,000 deep": _nested(MANY),
    "jsonl nested 900 deep": _nested(900),
    "jsonl nested 30 deep": _nested(30, "pos_tagging"),
    "jsonl with a number of a million digits": _csv(
        '{"text": "a", "label": ' + "9" * 10**6 + "}\n", "a.jsonl", "sentiment"
    ),
    "jsonl of 100,000 keys": _csv(
        lambda: json.dumps(dict.fromkeys(map(str, range(MANY)), 0)), "a.jsonl", "sentiment"
    ),
    "jsonl with numbers as sentences": _csv(
        '{"words": 7, "tags": 7}\n' * 20, "a.jsonl", "pos_tagging"
    ),
    "series of huge numbers": _csv(
        lambda: "".join(f'{{"date": {day}, "load": {10**999}}}\n' for day in range(1900, 1940)),
        "a.jsonl", "forecasting",
    ),
    "captions of a picture above": _captions("../secret/0.png"),
    "captions of a picture elsewhere": _captions("{secret}"),
    "captions with backslashes": _captions("..\\secret\\0.png"),
    "captions of a link": _captions("link.png", "file"),
    "captions of a linked folder": _captions("link/0.png", "folder"),
    "sounds above": _sounds("../secret/0.wav"),
    "sounds elsewhere": _sounds("{secret}"),
    "sounds of a link": _sounds("link.wav", "file"),
    "frames above": _naming("frames", "0.png", "../secret/0.png"),
    "tunes above": _tune_outside,
    "captions of one picture again and again": _again_and_again(
        "table of pictures", MANY, "pictures/0.png\ta text\n"
    ),
    "texts of one recording again and again": _again_and_again(
        "table of sounds", MANY, "clips/0.wav,a text\n"
    ),
    "labels of one frame again and again": _again_and_again("frames", MANY, "0.png,a\n"),
    "captions of a pipe": _pipe,
}  # fmt: skip
# What can be read as it is, in little time.
MAY_BE_READ = {"wav of lengths unknown"}
