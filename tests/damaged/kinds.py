"""Valid files of every kind of data that a recipe reads, as small as they can be.

`KINDS` has a function for each: it writes into an empty folder and gives the name of the recipe
that reads it, the source to pass, and the files that are to be damaged.
"""

import io
import json
import zipfile

import numpy as np
import PIL.Image

from rnnkit.formats import midi, wav

TEXTS = [f"the {colour} {thing}" for colour in ("red", "blue", "green", "old") for thing in
         ("house", "tree", "river", "road", "bird")]  # fmt: skip
COUNT = len(TEXTS)  # 20 examples
SIZE = (6, 8)  # of pictures


def pixels(index, channels=3):
    """A picture, uint8 `[height, width, channels]`, another one for each index."""
    return np.random.RandomState(index).randint(0, 255, (*SIZE, channels), "uint8")


def picture(index, form="PNG"):
    """The bytes of a picture."""
    found = io.BytesIO()
    PIL.Image.fromarray(pixels(index)).save(found, form)
    return found.getvalue()


def sound(index, rate=8000):
    """The bytes of a short wav file."""
    times = np.arange(rate // 10) / rate
    return wav.write(0.4 * np.sin(2 * np.pi * (300 + 40 * index) * times), rate)


def points(index):
    """A piece of writing as text."""
    rows = [f"{x + index} {(x * (index + 3)) % 7} {int(x == 5)}" for x in range(6)]
    return ";".join(rows)


def put(folder, name, content):
    """Writes a file; gives its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _table(rows, comma=","):
    return "\n".join(comma.join(map(str, row)) for row in rows) + "\n"


# === Text ===


def csv(folder):
    rows = [("text", "label"), *((text, "ab"[i % 2]) for i, text in enumerate(TEXTS))]
    path = put(folder, "mails.csv", _table(rows))
    return "spam", path, [path]


def quoted_csv(folder):
    rows = [(f'"{text}, ""so"" they\nsay"', "ab"[i % 2]) for i, text in enumerate(TEXTS)]
    path = put(folder, "mails.csv", _table([("text", "label"), *rows]))
    return "spam", path, [path]


def tsv(folder):
    rows = [("text", "label"), *((text, "ab"[i % 2]) for i, text in enumerate(TEXTS))]
    path = put(folder, "reviews.tsv", _table(rows, "\t"))
    return "sentiment", path, [path]


def jsonl(folder):
    rows = [{"text": text, "label": i % 2} for i, text in enumerate(TEXTS)]
    path = put(folder, "reviews.jsonl", "\n".join(map(json.dumps, rows)) + "\n")
    return "sentiment", path, [path]


def class_folders(folder):
    files = [put(folder, f"{'ab'[i % 2]}/{i}.txt", text) for i, text in enumerate(TEXTS)]
    return "sentiment", folder, files[:3]


def plain_text(folder):
    path = put(folder, "story.txt", "\n".join(TEXTS * 3) + "\n")
    return "text_generation", path, [path]


def parallel(folder):
    first = put(folder, "pairs.en", "\n".join(TEXTS) + "\n")
    second = put(folder, "pairs.fr", "\n".join(text[::-1] for text in TEXTS) + "\n")
    return "translation", folder, [first, second]


def tagged(folder):
    sentences = ["\n".join(f"{word}\tO\tB-X" for word in text.split()) for text in TEXTS]
    path = put(folder, "words.conll", "\n\n".join(sentences) + "\n")
    return "named_entities", path, [path]


def tagged_jsonl(folder):
    rows = [{"words": text.split(), "tags": ["DET", "ADJ", "NOUN"]} for text in TEXTS]
    path = put(folder, "words.jsonl", "\n".join(map(json.dumps, rows)) + "\n")
    return "pos_tagging", path, [path]


# === Numbers ===


def series(folder):
    rows = [(f"2024-01-{day + 1:02}", round(np.sin(day), 3), day % 7) for day in range(31)]
    path = put(folder, "loads.csv", _table([("date", "load", "weekday"), *rows]))
    return "forecasting", path, [path]


def numbers(folder):
    path = put(folder, "loads.txt", "\n".join(f"{np.sin(i):.4f} {i % 5}" for i in range(40)))
    return "forecasting", path, [path]


def events(folder):
    rows = [("card", "time", "amount", "shop")]
    rows += [(i, 86_400 * k, f"{3.5 * k + i}", "xyz"[k % 3]) for i in range(COUNT) for k in (1, 2)]
    first = put(folder, "events.csv", _table(rows))
    second = put(
        folder, "labels.csv", _table([("card", "fraud"), *((i, i % 2) for i in range(COUNT))])
    )
    return "fraud_detection", folder, [first, second]


def vectors(folder):
    rows = [
        ("time", "x", "y", "phase"),
        *((i, 0.1 * i, i % 3, "ab"[i // 6 % 2]) for i in range(24)),
    ]
    files = [put(folder, f"{name}.csv", _table(rows)) for name in "cd"]
    return "video_labeling", folder, files


def strokes(folder):
    rows = [("points", "word"), *((points(i), text) for i, text in enumerate(TEXTS))]
    path = put(folder, "words.tsv", _table(rows, "\t"))
    return "handwriting", path, [path]


def strokes_jsonl(folder):
    rows = [
        {"points": [list(map(float, row.split())) for row in points(i).split(";")], "text": text}
        for i, text in enumerate(TEXTS)
    ]
    path = put(folder, "words.jsonl", "\n".join(map(json.dumps, rows)) + "\n")
    return "handwriting", path, [path]


# === Arrays ===


def pictures_npz(folder):
    arrays = {"x": np.stack([pixels(i) for i in range(COUNT)]), "y": np.arange(COUNT) % 2}
    np.savez_compressed(folder / "pictures.npz", **arrays)
    return "image_classification", folder / "pictures.npz", [folder / "pictures.npz"]


def rolls_npz(folder):
    rolls = np.random.RandomState(0).randint(0, 20, (120, 88)) == 0
    np.savez(folder / "rolls.npz", train=rolls, train_offset=np.arange(0, 120, 10))
    return "music_generation", folder / "rolls.npz", [folder / "rolls.npz"]


# === Sound and music ===


def sounds(folder):
    files = [put(folder, f"{i}.wav", sound(i)) for i in range(COUNT)]
    texts = [put(folder, f"{i}.txt", text) for i, text in enumerate(TEXTS)]
    return "speech_to_text", folder, [files[0], texts[1]]


def float_sounds(folder):
    import soundfile

    for i in range(COUNT):
        put(folder, f"{i}.txt", TEXTS[i])
        samples = np.random.RandomState(i).uniform(-0.5, 0.5, (800, 2))
        soundfile.write(folder / f"{i}.wav", samples, 16_000, subtype="FLOAT")
    return "speech_to_text", folder, [folder / "0.wav"]


def speech_table(folder):
    files = [put(folder, f"clips/{i}.wav", sound(i)) for i in range(COUNT)]
    rows = [("path", "text"), *((f"clips/{i}.wav", text) for i, text in enumerate(TEXTS))]
    return "speech_to_text", folder, [put(folder, "clips.csv", _table(rows)), files[0]]


def tunes(folder):
    files = []
    for i in range(COUNT):
        notes = [midi.Note(k, k + 0.5 * (1 + k % 2), 60 + (i + k) % 12) for k in range(6)]
        path = folder / "ab"[i % 2] / f"{i}.mid"
        path.parent.mkdir(exist_ok=True)
        midi.write_midi(notes, path)
        files.append(path)
    return "music_generation", folder, files[:2]


def melodies(folder):
    rows = [
        ("style", "melody"),
        *(("ab"[i % 2], f"C4:1 D4:1/2 R:1/2 E{i % 5}:1") for i in range(20)),
    ]
    path = put(folder, "tunes.csv", _table(rows))
    return "music_generation", path, [path]


# === Pictures ===


def _classes(form):
    def write(folder):
        files = [
            put(folder, f"{'ab'[i % 2]}/{i}.{form.lower()}", picture(i, form)) for i in range(COUNT)
        ]
        return "image_classification", folder, files[:2]

    return write


def captions(folder):
    files = [put(folder, f"pictures/{i}.png", picture(i)) for i in range(COUNT)]
    rows = [("image", "caption"), *((f"pictures/{i}.png", text) for i, text in enumerate(TEXTS))]
    return (
        "image_captioning",
        folder,
        [put(folder, "captions.tsv", _table(rows, "\t")), files[0]],
    )


def zipped(folder):
    rows = [("image", "caption"), *((f"{i}.png", text) for i, text in enumerate(TEXTS))]
    path = folder / "scenes.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("captions.csv", _table(rows))
        for i in range(COUNT):
            archive.writestr(f"{i}.png", picture(i))
    return "image_captioning", path, [path]


def frames(folder):
    files = [put(folder, f"{i}.png", picture(i)) for i in range(12)]
    rows = [("frame", "label"), *((f"{i}.png", "ab"[i // 3 % 2]) for i in range(12))]
    tables = [put(folder, f"clip{k}.csv", _table(rows)) for k in range(2)]
    return "video_labeling", folder, [tables[0], files[0]]


KINDS = {
    "csv": csv, "csv with quotes": quoted_csv, "tsv": tsv, "jsonl": jsonl,
    "folders of texts": class_folders, "plain text": plain_text, "parallel text": parallel,
    "columns of words": tagged, "jsonl of words": tagged_jsonl, "series": series,
    "txt of numbers": numbers, "events": events, "vectors": vectors, "strokes": strokes,
    "jsonl of strokes": strokes_jsonl, "npz of pictures": pictures_npz, "npz of rolls": rolls_npz,
    "wav": sounds, "wav of floats": float_sounds, "table of sounds": speech_table, "midi": tunes,
    "melodies": melodies, "png": _classes("PNG"), "jpeg": _classes("JPEG"), "gif": _classes("GIF"),
    "bmp": _classes("BMP"), "table of pictures": captions, "zip": zipped, "frames": frames,
}  # fmt: skip
