"""Lists of recordings and of pictures as the data sets of the field have them."""

import json

import numpy as np
import pytest
import tensorflow as tf

import recipes
from rnnkit.formats import wav

SPEECH, CAPTIONS = recipes.get("speech_to_text"), recipes.get("image_captioning")
COUNT = 20


def parts(data):
    return [list(part.as_numpy_iterator()) for part in (data.train, data.validation, data.test)]


def sounds(folder, names):
    """A file of sound for each name, whose first sample is its number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        samples = np.zeros(800, "int16")
        samples[0] = number
        (folder / name).write_bytes(wav.write(samples, 8000))


def spoken(data):
    """Dict of the number of a recording to its text."""
    return {int(wav.read(x)[0][0, 0]): y.decode() for part in parts(data) for x, y in part}


# === Speech ===


def ljspeech(folder, end=""):
    sounds(folder / "wavs", [f"LJ001-{i:04d}.wav" for i in range(COUNT)])
    lines = [f'LJ001-{i:04d}|He said, "{i}|He said, "number {i}{end}\n' for i in range(COUNT)]
    (folder / "metadata.csv").write_text("".join(lines))


@pytest.mark.parametrize("name", ["", "metadata.csv"])
def test_bars_between_identity_text_and_normalized_text(tmp_path, name, capsys):
    ljspeech(tmp_path)
    data = SPEECH.data(tmp_path / name)
    assert spoken(data) == {i: f'He said, "number {i}' for i in range(COUNT)}
    assert "the texts are those of the last column" in capsys.readouterr().out
    data = SPEECH.data(tmp_path / name, target=1)
    assert spoken(data) == {i: f'He said, "{i}' for i in range(COUNT)}


def test_bars_in_some_texts_are_refused(tmp_path):
    ljspeech(tmp_path)
    with (tmp_path / "metadata.csv").open("a") as file:
        file.write("LJ001-0001|one|two|three\n")
    with pytest.raises(ValueError, match="metadata.csv, line 21: expected 3 columns.*found 4"):
        SPEECH.data(tmp_path)


def test_lists_of_training_with_two_columns(tmp_path):
    sounds(tmp_path / "wavs", [f"{i}.wav" for i in range(COUNT)])
    (tmp_path / "list.txt").write_text("".join(f"wavs/{i}.wav|Say {i}.\n" for i in range(COUNT)))
    assert spoken(SPEECH.data(tmp_path / "list.txt")) == {i: f"Say {i}." for i in range(COUNT)}


def common_voice(folder):
    sounds(folder / "clips", [f"c{i}.wav" for i in range(COUNT)])
    rows = "".join(f"u{i // 2}\tc{i}.wav\ts{i}\tSay {i}.\t2\n" for i in range(COUNT))
    head = "client_id\tpath\tsentence_id\tsentence\tup_votes\n"
    (folder / "validated.tsv").write_text(head + rows)


def test_common_voice(tmp_path):
    common_voice(tmp_path)
    assert spoken(SPEECH.data(tmp_path)) == {i: f"Say {i}." for i in range(COUNT)}
    with (tmp_path / "validated.tsv").open("a") as file:
        file.write("u\t../c1.wav\ts\tSay.\t2\n")
    with pytest.raises(ValueError, match=r"line 22: the path '../c1.wav' leads out of the folder"):
        SPEECH.data(tmp_path)


# === Captions ===


def picture(number):
    return tf.io.encode_png(np.full((4, 4, 3), number, "uint8")).numpy()


def captions(folder, name, text):
    (folder / "Images").mkdir()
    for i in range(COUNT):
        (folder / "Images" / f"{i}.png").write_bytes(picture(i))
    (folder / name).write_text(text)
    return folder / name


def shown(data):
    """Sets of the pairs of a picture's number and its text, by part."""
    return [
        {(int(tf.io.decode_image(x)[0, 0, 0]), y.decode()) for x, y in part} for part in parts(data)
    ]


PAIRS = {(i, f"A dog, {i}, text {k} .") for i in range(COUNT) for k in range(2)}
ROWS = [(f"{i}.png", k, f"A dog, {i}, text {k} .") for i in range(COUNT) for k in range(2)]
LISTS = {
    "Flickr8k.token.txt": "".join(f"{image}#{k}\t{text}\n" for image, k, text in ROWS),
    "captions.txt": "image,caption\n" + "".join(f"{i},{text}\n" for i, _, text in ROWS),
    "quoted.csv": "image,caption\n" + "".join(f'{i},"{text}"\n' for i, _, text in ROWS),
    "results.csv": "image_name| comment_number| comment\n"
    + "".join(f"{image}| {k}| {text}\n" for image, k, text in ROWS),
    "captions.json": json.dumps(
        {
            "images": [{"id": 7 * i, "file_name": f"{i}.png"} for i in range(COUNT)],
            "annotations": [
                {"image_id": 7 * int(image[:-4]), "caption": text} for image, _, text in ROWS
            ],
        }
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_captions(tmp_path, name):
    """All captions, and those of a picture in one part."""
    path = captions(tmp_path, name, LISTS[name])
    for source in (path, tmp_path):
        found = shown(CAPTIONS.data(source))
        assert set.union(*found) == PAIRS and [len(part) for part in found] == [32, 4, 4]
        assert len({(i, n) for n, part in enumerate(found) for i, _ in part}) == COUNT


@pytest.mark.parametrize(
    "name, row, message",
    [
        ("Flickr8k.token.txt", "a dog\n", "line 41: expected the name of a picture and its"),
        ("captions.txt", "a dog\n", "line 42: expected the name of a picture and its"),
        ("captions.txt", "99.png,a dog\n", "line 42: there is no picture '99.png'"),
    ],
)
def test_lines_that_do_not_fit(tmp_path, name, row, message):
    path = captions(tmp_path, name, LISTS[name] + row)
    with pytest.raises(ValueError, match=message):
        CAPTIONS.data(path)


def test_annotations_of_no_picture(tmp_path):
    text = LISTS["captions.json"].replace('"image_id": 133', '"image_id": 1')
    with pytest.raises(ValueError, match="annotation 39 must have a caption and an image_id"):
        CAPTIONS.data(captions(tmp_path, "captions.json", text))


def test_several_lists_in_a_folder(tmp_path):
    captions(tmp_path, "a.txt", LISTS["captions.txt"])
    (tmp_path / "b.token").write_text(LISTS["Flickr8k.token.txt"])
    with pytest.raises(ValueError, match="several lists of captions, a.txt, b.token: pass one"):
        CAPTIONS.data(tmp_path)
