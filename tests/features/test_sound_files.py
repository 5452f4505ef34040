"""Sound as libraries and people hand it over: stereo arrays, single paths, FLAC, Ogg and MP3."""

import io

import numpy as np
import pytest
import soundfile

import recipes
from rnnkit.features import Audio, Text
from rnnkit.formats import wav
from rnnkit.models import CTC

RATE = 16_000
TIME = np.arange(RATE) / RATE
LEFT, RIGHT = 0.4 * np.sin(2 * np.pi * 440 * TIME), 0.1 * np.sin(2 * np.pi * 660 * TIME)
STEREO = np.stack([LEFT, RIGHT], 1).astype("float32")
MEAN = (LEFT + RIGHT) / 2


def packed(format, samples=STEREO):
    content = io.BytesIO()
    soundfile.write(content, samples, RATE, format=format)
    return content.getvalue()


@pytest.fixture(scope="module")
def audio():
    return Audio(sampling_rate=RATE).adapt([MEAN, 0.1 * MEAN])


@pytest.fixture(scope="module")
def model(audio):
    return CTC(audio, Text().adapt(["a b"]), units=4, seed=0)


def encoded(audio, clips):
    return audio.encode(audio.to_tensor(clips)).to_tensor().numpy()


@pytest.mark.parametrize("format, tolerance", [("FLAC", 1e-3), ("OGG", 0.06), ("MP3", 0.06)])
def test_packed_files(format, tolerance):
    content = packed(format)
    samples, rate = wav.read(content)
    assert rate == RATE and samples.dtype == np.int16 and samples.shape == (RATE, 2)
    found = samples[2000:-2000] / wav.FULL_SCALE
    assert np.abs(found - STEREO[2000:-2000]).max() < tolerance
    assert wav.read(wav.to_wav(content))[0].tolist() == samples.tolist()


def test_a_stereo_array_is_one_clip_of_the_mean(audio):
    found = encoded(audio, STEREO)
    assert found.shape == encoded(audio, [MEAN]).shape
    (clip,) = audio.to_tensor(STEREO).numpy()
    assert np.abs(wav.mono(wav.read(clip)[0]) / wav.FULL_SCALE - MEAN).max() < 1e-4
    np.testing.assert_array_equal(found, encoded(audio, [STEREO]))
    np.testing.assert_array_equal(found, encoded(audio, (STEREO, RATE)))
    assert len(encoded(audio, np.stack([LEFT, RIGHT, LEFT]))) == 3  # [clips, samples]


@pytest.mark.slow
def test_single_paths_and_stereo_in_infer(model, tmp_path):
    path = tmp_path / "clip.flac"
    path.write_bytes(packed("FLAC", MEAN))
    assert isinstance(model.infer(path), str)
    assert model.infer([path]) == [model.infer(str(path))] == [model.infer(path)]
    with pytest.warns(UserWarning, match="have several channels, which are averaged"):
        assert model.infer(STEREO) == model.infer([STEREO])[0]


def test_what_cannot_be_read(tmp_path):
    for content in (b"fLaC" + bytes(100), b"OggS" + bytes(100), packed("OGG")[:40], b"ID3\4"):
        with pytest.raises(ValueError, match="a file of sound that cannot be read"):
            wav.read(content)
        path = tmp_path / "clip.ogg"
        path.write_bytes(content)
        with pytest.raises(ValueError, match="clip.ogg: a file of sound that cannot be read"):
            wav.to_wav(path)
    with pytest.raises(ValueError, match=r"no wav file \(nor FLAC, Ogg or MP3\)"):
        wav.read(b"\xff\xfea\0b\0" * 10)


def test_packed_files_are_bounded(monkeypatch):
    content = packed("FLAC", np.zeros((10 * RATE, 2)))
    monkeypatch.setattr(wav, "PACKED_RATIO", 2)
    monkeypatch.setattr(wav.bounds.check, "__defaults__", (20, 1000, ""))
    with pytest.raises(ValueError, match="a file of FLAC: .* bytes would become 640,000"):
        wav.read(content)


def test_packed_files_of_a_recipe(tmp_path):
    recipe = recipes.get("speech_to_text")
    rows = ["path,text"]
    for index in range(12):
        format = ("flac", "ogg", "mp3", "wav")[index % 4]
        pitched = 0.3 * np.sin(2 * np.pi * (300 + 20 * index) * TIME[:4000])
        (tmp_path / f"{index}.{format}").write_bytes(packed(format.upper(), pitched))
        rows.append(f"{index}.{format},word{index}")
        (tmp_path / f"{index}.txt").write_text(f"word{index}")
    texts = {f"word{index}" for index in range(12)}

    def read(source):
        data = recipe.data(source)
        pairs = [pair for part in (data.train, data.validation, data.test) for pair in part]
        assert all(x.numpy()[:4] == b"RIFF" for x, _ in pairs)
        return {y.numpy().decode() for _, y in pairs}

    assert read(tmp_path) == texts  # a text beside each
    (tmp_path / "table.csv").write_text("\n".join(rows) + "\n")
    assert read(tmp_path) == texts
