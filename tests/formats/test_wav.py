"""Wav files: sampling rates that are no sound, odd ones, and clips that would become too long."""

import numpy as np
import pytest

from rnnkit.features import Audio
from rnnkit.formats import wav


def tone(rate, seconds=0.5):
    return np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate) / 2


def test_ratios_of_rates():
    assert wav._ratio(16_000, 44_100) == (160, 441)
    assert wav._ratio(48_000, 8_000) == (6, 1)
    for wanted, rate in ((16_000, 767_999), (767_999, 16_001)):
        up, down = wav._ratio(wanted, rate)
        assert max(up, down) <= wav.MOST_RATIO
        assert abs(up / down * rate / wanted - 1) < 1e-5


def test_a_tone_at_an_odd_rate_stays_what_it_is():
    samples = wav.read(wav.write(tone(191_999), 191_999))[0]
    found, expected = wav.mono(samples, 191_999, 16_000), wav.FULL_SCALE * tone(16_000)
    assert len(found) == len(expected)
    inner = slice(200, -200)
    assert np.abs(found[inner] - expected[inner]).max() < 40  # of 16,384


@pytest.mark.parametrize("rate", [1, 99, 768_001, 2**31 - 1])
def test_rates_that_are_no_sound(rate):
    content = wav.write(np.zeros(10), 8000)
    content = content[:24] + np.array([rate, 2 * rate], "<u4").tobytes() + content[32:]
    with pytest.raises(ValueError, match="a sampling rate of .* Hz; expected from 100 to 768,000"):
        wav.read(content)


def test_clips_that_conversion_would_make_too_long(monkeypatch):
    monkeypatch.setattr(wav, "MOST_CONVERTED", 10_000)
    samples = wav.read(wav.write(tone(8000), 8000))[0]
    assert len(wav.mono(samples, 8000, 16_000)) == 8000
    assert len(wav.mono(samples, 8000, 4000)) == 2000
    with pytest.raises(ValueError, match="4,000 samples at 8,000 Hz.* would become 24,000; at mos"):
        wav.mono(samples, 8000, 48_000)
    audio = Audio(sampling_rate=48_000)
    with pytest.raises(ValueError, match="position 1: 4,000 samples at 8,000 Hz, too many"):
        audio.adapt([tone(48_000), (tone(8000), 8000)])


def test_what_wav_files_cannot_hold():
    with pytest.raises(ValueError, match="more than a wav file"):
        wav.write(np.zeros(3), 2**31)
    with pytest.raises(ValueError, match="more than a wav file"):
        wav.write(np.zeros((1, 2**16)), 8000)
