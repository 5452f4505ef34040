"""The recipe `speech_to_text`: from a folder of wav files to a model that writes down texts."""

import io
import json
import wave

import numpy as np
import pytest

import recipes
import rnnkit
from rnnkit import cli
from rnnkit.datasets import morse
from rnnkit.formats import wav
from rnnkit.models import CTC

RECIPE = recipes.get("speech_to_text")
RATE = morse.RATE
TEXTS = [a + b for a in "etainms" for b in "etain"]
TINY = {"units": 8, "num_layers": 1, "filters": 8, "mels": 12, "seed": 1}


def keyed(text, seed=0, **options):
    """A text in Morse code, as the bytes of a wav file."""
    settings = {"words_per_minute": 36, "snr": 20.0, "margin": 0.1, "seed": seed, **options}
    return wav.write(morse.signal(text, **settings), RATE)


def write(folder, texts, split=None):
    """Wav files and a manifest of them; gives the folder."""
    name = split or "all"
    (folder / "clips").mkdir(parents=True, exist_ok=True)
    rows = ["path,text"]
    for index, text in enumerate(texts):
        path = f"clips/{name}_{index}.wav"
        (folder / path).write_bytes(keyed(text, seed=index))
        rows.append(f"{path},{text}")
    (folder / f"{split or 'manifest'}.csv").write_text("\n".join(rows) + "\n")
    return folder


def append(folder, text, content, name):
    """One more row of the manifest, with a file of its own."""
    (folder / "clips" / name).write_bytes(content)
    with open(folder / "manifest.csv", "a") as file:
        file.write(f"clips/{name},{text}\n")


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "sounds", TEXTS)


def clips(folder, count=4):
    return [str(folder / f"clips/all_{index}.wav") for index in range(count)]


# === From a folder to a file ===


@pytest.mark.slow
def test_from_a_folder_to_a_reloaded_model(folder, fresh, tmp_path):
    data = RECIPE.data(str(folder))
    model = RECIPE.train(data, epochs=1, verbose=0, **TINY)
    assert isinstance(model, CTC) and model.recipe == "speech_to_text"
    assert list(model.score(data.test)) == list(RECIPE.scores)
    # After one epoch all is blank; one that says something is compared.
    output = model.get_layer("output")
    kernel, bias = output.get_weights()
    output.set_weights([20 * kernel, bias - 2 * (np.arange(len(bias)) == 0)])
    texts = model.infer(clips(folder))
    assert any(texts)
    path = str(tmp_path / "speech.keras")
    model.save(path)
    assert fresh.call("infer", path=path, x=clips(folder)) == texts
    again = rnnkit.load_model(path)
    before = again.get_weights()
    again.fine_tune(data.train, epochs=1, verbose=0)
    moved = [np.any(a != b) for a, b in zip(before, again.get_weights(), strict=True)]
    assert any(moved)
    # Bytes, samples and paths are the same clip.
    content = (folder / "clips/all_0.wav").read_bytes()
    assert model.infer([content, (wav.read(content)[0], RATE)]) == 2 * texts[:1]
    assert model.infer(clips(folder)[0]) == texts[0]


def test_options_reach_features_and_network():
    sounds, said = [keyed("et", words_per_minute=60)] * 20, ["ET"] * 20
    options = {"window": 0.04, "hop": 0.02, "mels": 10, "subsampling": 2, "units": 5}
    options |= {"cell": "gru", "beam_size": 3, "max_seconds": 0.5, "normalize": "utterance"}
    model = RECIPE.model(RECIPE.data((sounds, said)), **options)
    audio = model.input_feature
    assert (audio.sampling_rate, audio.window, audio.hop, audio.mels) == (RATE, 0.04, 0.02, 10)
    assert (audio.normalize, audio.max_seconds) == ("utterance", 0.5)
    assert (model.cell, model.units, model.subsampling, model.beam_size) == ("gru", 5, 2, 3)
    assert model.output_feature.vocabulary == ["e", "t"]  # lower case


# === Command line ===


@pytest.mark.slow
def test_the_command_line(folder, tmp_path, capsys):
    out = str(tmp_path / "speech.keras")
    settings = [f"--set={name}={value}" for name, value in TINY.items()]
    assert cli.main(["train", "speech_to_text", "--data", str(folder), "--epochs", "1",
                     "--out", out, "--json", *settings]) == 0  # fmt: skip
    trained = json.loads(capsys.readouterr().out)
    assert list(trained["scores"]) == list(RECIPE.scores)
    assert cli.main(["infer", out, *clips(folder, 2)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["input"] for line in lines] == clips(folder, 2)
    assert cli.main(["infer", out, str(folder / "clips" / "none.wav")]) == 2
    assert "none.wav" in capsys.readouterr().err


@pytest.mark.slow
def test_unreadable_files_on_the_command_line(folder, tmp_path, capsys):
    append(folder, "e", b"RIFFnothing", "broken.wav")
    command = ["train", "speech_to_text", "--data", str(folder), "--epochs", "1"]
    command += ["--out", str(tmp_path / "speech.keras")]
    command += [f"--set={name}={value}" for name, value in TINY.items()]
    assert cli.main(command) == 2
    assert "1 of 36 recordings cannot be read" in capsys.readouterr().err
    assert cli.main([*command, "--skip-unreadable"]) == 0
    said = capsys.readouterr().err
    assert "1 of 36 recordings cannot be read and are left out" in said and "broken.wav" in said
    assert cli.main(["train", "spam", "--skip-unreadable"]) == 2
    assert "skip_unreadable is for recipes" in capsys.readouterr().err


# === Bad input ===


def test_unreadable_files_are_named_and_skipped_only_on_request(folder):
    append(folder, "e", keyed("e")[:200], "cut.wav")
    append(folder, "t", b"", "empty.wav")
    with pytest.raises(ValueError, match=r"2 of 37 recordings cannot be read.*cut\.wav"):
        RECIPE.data(str(folder))
    with pytest.warns(UserWarning, match=r"2 of 37 recordings cannot be read and are left out"):
        data = RECIPE.data(str(folder), skip_unreadable=True)
    parts = (data.train, data.validation, data.test)
    assert sum(int(part.cardinality()) for part in parts) == 35


@pytest.mark.slow
@pytest.mark.parametrize("impossible", ["raise", "skip"])
def test_targets_longer_than_their_input(impossible):
    # A quarter of a second is 23 windows and 12 frames, which do not hold 14 letters.
    sounds = [keyed("a")] * 20 + [wav.write(np.full(2000, 9, "int16"), RATE)] * 2
    said = ["a"] * 20 + ["etainmsetainms"] * 2
    model = RECIPE.model(RECIPE.data((sounds, said)), impossible=impossible, subsampling=2, **TINY)
    told = r"2 of 22 targets are too long .*'etainmsetainms'.*needs 14 frames.*gives 12"
    if impossible == "raise":
        with pytest.raises(ValueError, match=told):
            model.fit(sounds, said, verbose=0)
    else:
        with pytest.warns(UserWarning, match=told):
            model.fit(sounds, said, epochs=1, verbose=0)


def stereo(samples, rate):
    """The bytes of a wav file with the same samples in both channels."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((2, 2, rate, 0, "NONE", ""))
        out.writeframes(np.repeat(samples, 2).astype("<i2").tobytes())
    return file.getvalue()


@pytest.mark.slow
def test_odd_sounds_are_told_and_read(folder):
    samples = morse.signal("te", 36, seed=1)
    loud = np.clip(50.0 * samples, -32768, 32767).astype("int16")
    odd = {
        "silent": (wav.write(np.zeros(4000, "int16"), RATE), "silent"),
        "clipped": (wav.write(loud, RATE), "clipped"),
        "stereo": (stereo(samples, RATE), "several channels"),
        "coarse": (wav.write(samples[::2], RATE // 2), "coarsely"),
        "fine": (wav.write(np.repeat(samples, 2), 2 * RATE), None),
    }
    model = RECIPE.model(RECIPE.data(str(folder)), **TINY)
    for name, (content, told) in odd.items():
        if told is None:
            texts = model.infer([content])
        else:
            with pytest.warns(UserWarning, match=rf"1 of 1 clips .*{told}"):
                texts = model.infer([content])
        assert len(texts) == 1, name
        append(folder, "te", content, f"{name}.wav")
    with pytest.warns(UserWarning):
        model.fit(RECIPE.data(str(folder)).train, epochs=1, verbose=0)
    assert np.isfinite(model.history.history["loss"][0])
    with pytest.raises(ValueError, match="no wav file"):
        model.infer([b"RIFF and no more"])
