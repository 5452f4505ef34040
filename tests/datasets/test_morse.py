"""Morse: timing by the standard, noise and fading as stated, and splits that share no text."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from rnnkit.datasets import morse
from rnnkit.formats import wav

SPLITS = ("train", "validation", "test")
# SHA-256 of the first 100 texts of each split. The samples come out of sines, whose last digits
# may differ among machines.
DIGESTS = {
    "train": "174791ca4de2eaddd8efa19d3758a9f804016d7ddb29c34aa038e885e31ab1f6",
    "validation": "a46a0a8b9f04d358f897bbe16c29c735721ad020687aa299c034d51c66ff5ccc",
    "test": "200dbb801954d663bd0ff69a1c3fe0451f30ab105ab3389ec3832fd1c063ca83",
}


@pytest.fixture(scope="module")
def data():
    """{split: [(wav, text), ...]}, the first hundred of each."""
    return {
        split: [x for x, _ in zip(morse.generate(split), range(100), strict=False)]
        for split in SPLITS
    }


def envelope(samples, rate=morse.RATE, pitch=600.0):
    """Amplitude at a pitch, of full scale, by a window of 10 ms."""
    values = samples / 2**15 * np.exp(-2j * np.pi * pitch * np.arange(len(samples)) / rate)
    size = rate // 100
    return 2 * np.abs(np.convolve(values, np.ones(size) / size, mode="same"))


def key_of(samples, level=0.5, **options):
    """When the key goes down and up, in seconds: where the envelope passes half its height."""
    down = envelope(samples, **options) > level / 2
    return np.flatnonzero(np.diff(down.astype(int))) / options.get("rate", morse.RATE)


# === Timing ===


def test_every_letter_by_the_standard():
    # ITU-R M.1677-1, part I, section 1, as one types it.
    table = """a .- b -... c -.-. d -.. e . f ..-. g --. h .... i .. j .--- k -.- l .-.. m -- n -.
        o --- p .--. q --.- r .-. s ... t - u ..- v ...- w .-- x -..- y -.-- z --.. 1 .----
        2 ..--- 3 ...-- 4 ....- 5 ..... 6 -.... 7 --... 8 ---.. 9 ----. 0 -----""".split()
    assert dict(zip(table[::2], table[1::2], strict=True)) == morse.CODE


def test_paris_is_fifty_dots():
    units = [units for _, units in morse.schedule("paris")]
    # .--. .- .-. .. ...
    letters = [[1, 3, 3, 1], [1, 3], [1, 3, 1], [1, 1], [1, 1, 1]]
    by_hand = sum(sum(marks) + len(marks) - 1 for marks in letters) + 4 * 3
    assert sum(units) == by_hand == 50 - 7
    assert morse.schedule("PARIS") == morse.schedule("paris")
    # The next word begins after seven.
    two = morse.schedule("paris paris")
    assert sum(units for _, units in two) == 50 + 43
    assert two[len(units)] == (False, 7)


def test_marks_and_gaps():
    assert morse.schedule("an e") == [
        (True, 1), (False, 1), (True, 3), (False, 3), (True, 3), (False, 1), (True, 1), (False, 7),
        (True, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("speed", [12.0, 20.0, 35.0])
def test_key_moves_at_the_stated_times(speed):
    samples = morse.signal("paris e", speed, margin=0.3)
    dot = 1.2 / speed  # 60 s of 50 dots a word
    edges = 0.3 + dot * np.concatenate([[0], np.cumsum([u for _, u in morse.schedule("paris e")])])
    np.testing.assert_allclose(key_of(samples), edges, atol=0.002)
    assert len(samples) == round(8000 * (0.6 + (50 + 1) * dot))


def test_a_word_a_minute_is_a_word_a_minute():
    text = " ".join(["paris"] * 8)
    samples = morse.signal(text, 24.0, margin=0.0)
    # Eight words and the gap after the last are a third of a minute.
    assert len(samples) / 8000 + 7 * 1.2 / 24 == pytest.approx(20.0, abs=1e-3)


def test_jitter_changes_lengths_by_its_share():
    text = "paris " * 20
    units = np.array([units for _, units in morse.schedule(text)])
    exact, shaken = (key_of(morse.signal(text, 20, jitter=j, seed=1)) for j in (0.0, 0.1))
    assert len(exact) == len(shaken) == len(units) + 1
    spread = np.log(np.diff(shaken) / (0.06 * units))
    assert np.log(np.diff(exact) / (0.06 * units)).std() < 0.02
    assert spread.std() == pytest.approx(0.1, rel=0.15)
    assert abs(spread.mean()) < 0.03


# === Sound ===


def test_pitch_level_and_soft_edges():
    samples = morse.signal("ttt", 12, pitch=713.0, level=0.25)
    assert np.abs(samples).max() == pytest.approx(0.25 * 2**15, rel=0.01)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * 8000 / len(samples) == pytest.approx(713.0, abs=2)
    # An edge of 5 ms keeps clicks away: 500 Hz off there is next to nothing.
    hard = np.abs(np.fft.rfft(morse.signal("ttt", 12, pitch=713.0, level=0.25, edge=1e-9)))
    far = slice(int(1213 / 8000 * len(samples)), int(2500 / 8000 * len(samples)))
    assert 20 * np.log10(spectrum[far].max() / spectrum.max()) < -60
    assert hard[far].max() > 10 * spectrum[far].max()
    silent = samples[: round(0.19 * 8000)]
    assert not silent.any()


@pytest.mark.parametrize("snr", [-5.0, 0.0, 10.0])
def test_noise_is_at_the_stated_ratio(snr):
    clean, noisy = (
        morse.signal("e", 20, snr=s, margin=4.0, level=0.5) / 2**15 for s in (None, snr)
    )
    quiet = np.r_[0:30_000, 40_000:60_000]
    noise = noisy[quiet].std()
    # White: the same power in every eighth of the band.
    power = np.abs(np.fft.rfft(noisy[:30_000])[1:-7]) ** 2
    bands = power[: len(power) // 8 * 8].reshape(8, -1).mean(axis=1)
    np.testing.assert_allclose(bands / bands.mean(), 1, atol=0.15)
    # The tone, found by its pitch in the middle of a long dash.
    long = morse.signal("t" * 6, 3, snr=snr, seed=5) / 2**15
    amplitude = envelope(long * 2**15)[2400:8000].mean()  # the first dash lasts 1.2 s
    ends = long[:1500].std()
    assert 10 * np.log10(0.5 * amplitude**2 / ends**2) == pytest.approx(snr, abs=0.7)
    assert noise > 10 * clean[quiet].std()


def test_fading_takes_the_stated_share():
    samples = morse.signal("t" * 60, 20, fading=0.6, fading_rate=0.25, seed=2)
    found = envelope(samples)
    marks = key_of(morse.signal("t" * 60, 20)).reshape(-1, 2).mean(axis=1)  # middle of each dash
    heights = found[np.rint(marks * 8000).astype(int)]
    assert heights.min() / heights.max() == pytest.approx(0.4, abs=0.03)
    # 24 s hold six fadings.
    swing = np.abs(np.fft.rfft(heights - heights.mean()))
    assert np.argmax(swing) == round(0.25 * (marks[-1] - marks[0]))


def test_noise_changes_nothing_but_noise():
    settings = {"jitter": 0.1, "fading": 0.5, "seed": 7, "level": 0.5}
    clean = morse.signal("abc", 20, **settings)
    weak = morse.signal("abc", 20, snr=50.0, **settings)
    assert len(clean) == len(weak)
    assert np.abs(clean - weak.astype(float)).max() < 500
    assert np.array_equal(
        morse.signal("abc", 20, snr=5.0, seed=1), morse.signal("abc", 20, snr=5.0, seed=1)
    )


# === Examples ===


def test_same_texts_everywhere(data):
    for split in SPLITS:
        texts = "\n".join(text for _, text in data[split])
        assert hashlib.sha256(texts.encode()).hexdigest() == DIGESTS[split], split


def test_clips_are_as_stated(data):
    for split in SPLITS:
        for clip, text in data[split]:
            samples, rate = wav.read(clip)
            assert rate == 4000 and samples.shape[1] == 1
            assert 0.2 < len(samples) / rate < 6.5
            assert set(text) <= set(morse.CODE) | {" "} and text == " ".join(text.split())
            assert 0.09 < np.abs(samples).max() / 2**15 < 0.91
    kinds = [text for split in SPLITS for _, text in data[split]]
    assert any(text.isdigit() for text in kinds) and any(" " in text for text in kinds)


def test_no_text_is_in_two_splits(monkeypatch, data):
    monkeypatch.setattr(morse, "signal", lambda *_, **__: np.zeros(1, "int16"))  # texts alone
    texts = {split: [text for _, text in morse.generate(split)] for split in SPLITS}
    for split in SPLITS:
        assert len(texts[split]) == morse.SIZES[split]
        assert texts[split][:100] == [text for _, text in data[split]]
    # Half of what is learned from is of one or two characters, and may come again.
    short = [text for text in texts["train"] if len(text) <= morse.SHORT]
    assert len(short) / morse.SIZES["train"] == pytest.approx(0.5, abs=0.05)
    texts["train"] = [text for text in texts["train"] if len(text) > morse.SHORT]
    everything = sum(texts.values(), [])
    assert len(set(everything)) == len(everything)


def test_other_noise_is_of_the_same_texts(data):
    quiet = [x for x, _ in zip(morse.generate("test", snr=60.0), range(20), strict=False)]
    for (clip, text), (drawn, same) in zip(quiet, data["test"], strict=False):
        assert text == same and len(clip) == len(drawn)
        samples = wav.read(clip)[0][:, 0] / 2**15
        assert samples[:350].std() < 0.003 * np.abs(samples).max()  # the margin is silent
    assert list(zip(range(3), morse.generate("test", seed=1), strict=False)) != list(
        zip(range(3), morse.generate("test"), strict=False)
    )


# === Bad input ===


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"text": "ä"}, "letters a to z, digits and spaces. Received: 'ä' in 'ä'"),
        ({"text": " "}, "must have a letter"),
        ({"text": "a", "words_per_minute": 0}, "words_per_minute must be a number"),
        ({"text": "a", "pitch": 4000}, "pitch must be a number"),
        ({"text": "a", "fading": 1}, "fading must be a number"),
        ({"text": "a", "jitter": -0.1}, "jitter must be a number"),
        ({"text": "a", "level": 2}, "level must be a number"),
    ],
)
def test_bad_settings(arguments, message):
    with pytest.raises(ValueError, match=message):
        morse.signal(**arguments)


def test_the_card_needs_no_tensorflow():
    code = (
        "import sys; from rnnkit.datasets import morse, letters; next(morse.generate('test')); "
        "next(letters.generate('test')); assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
