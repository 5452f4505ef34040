"""Audio: spectra against NumPy's, and every kind of clip that a microphone can leave."""

import io
import struct
import warnings
import wave

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.io import wavfile

from rnnkit.data.pipeline import encoded as pipeline
from rnnkit.features import Audio
from rnnkit.formats import wav

RATE = 8000
# The end of the identifier of PCM in an extensible header.
GUID = bytes.fromhex("000000001000800000aa00389b71")


def tone(seconds=0.5, pitch=440.0, rate=RATE, loudness=0.5):
    time = np.arange(round(seconds * rate)) / rate
    return loudness * np.sin(2 * np.pi * pitch * time)


def noise(samples=4000, seed=0, loudness=0.1):
    return loudness * np.random.default_rng(seed).normal(size=samples).clip(-3, 3)


def log_mel(samples, rate=RATE, window=200, hop=80, size=256, mels=40, low=60.0, high=None):
    """As the docstring has it, with loops: spectra `[frames, mels]` of samples in [-1, 1]."""
    high = high or rate / 2
    to_mel = lambda f: 1127 * np.log(1 + f / 700)  # noqa: E731
    corners = np.linspace(to_mel(low), to_mel(high), mels + 2)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    rows = []
    for start in range(0, len(samples) - window + 1, hop):
        spectrum = np.fft.rfft(hann * samples[start : start + window], size)
        power = np.abs(spectrum) ** 2
        row = []
        for left, middle, right in zip(corners, corners[1:], corners[2:], strict=False):
            total = 0.0
            for k in range(1, len(power)):  # the constant is no sound
                mel = to_mel(k * rate / size)
                rise, fall = (mel - left) / (middle - left), (right - mel) / (right - middle)
                total += max(0.0, min(rise, fall)) * power[k]
            row.append(np.log(max(total, 1e-8)))
        rows.append(row)
    return np.array(rows)


def plain(**options):
    return Audio(**{"sampling_rate": RATE, "normalize": None, **options})


def encoded(feature, clips):
    return feature.encode(feature.to_tensor(clips))


# === Spectra ===


@pytest.mark.slow
@pytest.mark.parametrize(
    "rate, options, numbers",
    [
        (8000, {}, {}),
        (8000, {"mels": 20, "low": 100.0, "high": 3000.0},
         {"mels": 20, "low": 100.0, "high": 3000.0}),
        (16000, {"mels": 80, "window": 0.032, "hop": 0.016},
         {"rate": 16000, "mels": 80, "window": 512, "hop": 256, "size": 512}),
    ],
)  # fmt: skip
def test_spectra_are_those_of_numpy(rate, options, numbers):
    samples = (2**15 * (noise() + tone())).round().astype("int16")
    found = encoded(plain(sampling_rate=rate, **options), [samples])
    expected = log_mel(samples / 2**15, **numbers)
    assert found.dtype == tf.float32 and found.shape == (1, None, options.get("mels", 40))
    np.testing.assert_allclose(found[0], expected, atol=2e-3)


def test_a_tone_is_in_the_channel_around_its_pitch():
    feature = plain()
    for pitch in (300.0, 1000.0, 2500.0):
        loudness, edges = feature.spectrogram(tone(pitch=pitch))
        channel = loudness.mean(axis=0).argmax()
        assert edges[channel] - 20 < pitch < edges[channel + 1] + 20
    # Ten times the amplitude is ln(100) more, where rounding to 16 bits is no matter.
    loud, _ = feature.spectrogram(tone(pitch=pitch, loudness=0.5))
    soft, _ = feature.spectrogram(tone(pitch=pitch, loudness=0.05))
    np.testing.assert_allclose((loud - soft)[:, channel], np.log(100), atol=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    "samples, frames", [(0, 1), (1, 1), (200, 1), (279, 1), (280, 2), (8000, 98)]
)
def test_number_of_steps(samples, frames):
    feature = plain()
    rows = encoded(feature, [noise(samples), noise(4000)])
    assert rows.row_lengths().numpy().tolist() == [frames, 48]
    assert np.isfinite(rows.flat_values).all()
    for stack in (2, 3):
        stacked = encoded(plain(stack=stack), [noise(samples)])
        assert stacked.shape == (1, None, 40 * stack)
        assert stacked.row_lengths().numpy().tolist() == [-(-frames // stack)]


def test_stacked_steps_hold_the_spectra_in_order():
    one, three = (encoded(plain(stack=n), [noise(1000), noise(600)]) for n in (1, 3))
    for single, stacked in zip(one, three, strict=True):
        single = single.numpy()
        repeated = np.concatenate([single, *[single[-1:]] * (-len(single) % 3)])
        np.testing.assert_array_equal(stacked, repeated.reshape(-1, 120))


def test_longest_clip_in_seconds():
    feature = plain(max_seconds=0.1)
    assert feature.max_length == 8  # 25 ms, and seven times 10 ms
    assert plain(max_seconds=0.1, stack=3).max_length == 3
    whole = encoded(plain(), [noise(4000)])
    np.testing.assert_array_equal(encoded(feature, [noise(4000)])[0], whole[0][:8])
    kept = feature.encode(feature.to_tensor([noise(4000)]), truncate=False)
    assert kept.row_lengths() == [48]


# === Normalisation ===


def test_global_normalisation_is_over_all_frames():
    clips = [noise(4000), noise(2000, seed=1, loudness=0.01)]
    feature = Audio(RATE).adapt(clips)
    rows = np.concatenate([log_mel(wav.to_16_bits(clip) / 2**15) for clip in clips])
    np.testing.assert_allclose(feature.mean, rows.mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(feature.deviation, rows.std(axis=0), atol=1e-3)
    values = encoded(feature, clips).flat_values.numpy()
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(values.std(axis=0), 1, atol=1e-4)


def test_normalisation_by_utterance_removes_loudness():
    clips = [noise(4000), noise(4000, loudness=0.02)]
    feature = Audio(RATE, normalize="utterance").adapt(clips)
    loud, soft = encoded(feature, clips)
    np.testing.assert_allclose(tf.reduce_mean(loud, axis=0), np.zeros(40), atol=1e-4)
    np.testing.assert_allclose(loud, soft, atol=0.05)
    loud, soft = encoded(Audio(RATE).adapt(clips), clips)
    assert np.abs(loud - soft).min() > 0.5


@pytest.mark.slow
def test_the_sampling_rate_is_that_of_most_clips():
    mixed = [(noise(), 8000), (noise(), 11025), (noise(), 11025)]
    assert Audio().adapt(mixed).sampling_rate == 11025
    assert Audio().adapt([(noise(9000), 44100)]).sampling_rate == 16000
    assert Audio(8000).adapt(mixed).sampling_rate == 8000
    dataset = tf.data.Dataset.from_tensor_slices([wav.write(noise(), 11025)] * 3)
    assert Audio().adapt(dataset).sampling_rate == 11025
    assert not Audio().adapted and not Audio(8000).adapted and plain().adapted


# === Forms ===


def wav_file(samples, rate=RATE):
    file = io.BytesIO()
    wavfile.write(file, rate, samples)
    return file.getvalue()


def three_bytes(samples):
    """24-bit wav bytes by the standard library."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(3)
        out.setframerate(RATE)
        out.writeframes(b"".join(struct.pack("<i", int(v) << 8)[:3] for v in samples))
    return file.getvalue()


def test_every_coding_gives_the_same_sound(tmp_path):
    exact = (2**15 * noise()).round().astype("int16")
    path = tmp_path / "clip.wav"
    path.write_bytes(wav_file(exact))
    forms = {
        "int16": wav_file(exact),
        "int32": wav_file(exact.astype("int32") << 16),
        "24 bits": three_bytes(exact),
        "float32": wav_file((exact / 2**15).astype("float32")),
        "float64": wav_file(exact / 2**15),
        "path": str(path),
        "pathlib": path,
        "array": exact,
        "floats": exact / 2**15,
        "pair": (exact, RATE),
        "tensor": tf.constant(exact),
        "stereo": np.stack([exact, exact], axis=1),
    }
    feature = plain()
    raw = feature.to_tensor(list(forms.values()))
    assert raw.dtype == tf.string and raw.shape == (len(forms),)
    found = feature.encode(raw)
    for name, rows in zip(forms, found, strict=True):
        np.testing.assert_array_equal(rows, found[0], err_msg=name)
    coarse = encoded(feature, [wav_file(((exact // 256) + 128).astype("uint8"))])
    floor = encoded(feature, [(exact // 256) * np.int16(256)])
    np.testing.assert_array_equal(coarse[0], floor[0])


def test_wav_bytes_are_what_other_readers_read():
    samples = (2**15 * noise(300)).astype("int16").reshape(-1, 2)
    data = wav.write(samples, 11025)
    rate, found = wavfile.read(io.BytesIO(data))
    assert rate == 11025
    np.testing.assert_array_equal(found, samples)
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 11025, 150)
    found, rate = wav.read(data)
    assert rate == 11025
    np.testing.assert_array_equal(found, samples)


@pytest.mark.slow
def test_other_chunks_and_unknown_lengths():
    samples = (2**15 * noise(301)).astype("int16")
    data = wav.write(samples, RATE)
    listed = data[:36] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + data[36:]
    streamed = data[:40] + b"\xff\xff\xff\xff" + data[44:]
    unfinished = data[:40] + bytes(4) + data[44:]
    extensible = (
        data[:16] + struct.pack("<IH", 40, 0xFFFE) + data[22:36]
        + struct.pack("<HHIH", 22, 16, 4, 1) + GUID + data[36:]
    )  # fmt: skip
    trailing = data + b"LIST" + struct.pack("<I", 2) + b"ab"
    for form in (listed, streamed, unfinished, extensible, trailing):
        np.testing.assert_array_equal(wav.read(form)[0][:, 0], samples)
        np.testing.assert_array_equal(encoded(plain(), [form])[0], encoded(plain(), [data])[0])
        # As it comes from elsewhere in a dataset, without `to_tensor`.
        direct = plain().encode(tf.constant([form, data]))
        np.testing.assert_array_equal(direct[0], direct[1])


# === Channels, rates, loudness ===


def test_channels_are_averaged():
    left, right = (wav.to_16_bits(noise(seed=seed)) for seed in (1, 2))
    mixed = np.rint((left.astype(float) + right) / 2).astype("int16")
    both = encoded(plain(), [np.stack([left, right], axis=1), mixed])
    np.testing.assert_array_equal(both[0], both[1])


@pytest.mark.parametrize("rate", [4000, 11025, 16000, 44100])
def test_resampling_keeps_a_tone_where_it_is(rate):
    # A tone can be computed at any rate; the filter needs a moment at both ends.
    found = wav.mono(*wav.read(wav.write(tone(pitch=700.0, rate=rate), rate)), RATE)
    expected = 2**15 * tone(pitch=700.0)
    assert abs(len(found) - len(expected)) <= 1
    gap = found[200:3800] - expected[200:3800]
    assert np.abs(gap).max() < 0.01 * 2**14
    # What is above half the new rate does not come back as something else.
    if rate > 2 * 6000:
        gone = wav.mono(*wav.read(wav.write(tone(pitch=6000.0, rate=rate), rate)), RATE)
        assert np.abs(gone[200:3800]).max() < 0.01 * 2**14
    clips = [(tone(pitch=700.0, rate=rate), rate), tone(pitch=700.0)]
    high, usual = (rows.numpy()[5:40] for rows in encoded(plain(), clips))
    peak = usual.mean(axis=0).argmax()
    np.testing.assert_allclose(high[:, peak], usual[:, peak], atol=0.05)


def said_of(clips, feature=None):
    """What `check` warns of."""
    feature = feature or plain()
    raw = feature.to_tensor(clips)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        feature.check(raw, feature.encode(raw))
    return [str(warning.message) for warning in found]


@pytest.mark.slow
def test_clips_in_which_little_can_be_heard_are_named():
    good = noise()
    assert said_of([good, good]) == []
    for bad, message in (
        (np.zeros(4000), "1 of 3 clips are silent; the first is at position 1"),
        (np.zeros(0), "1 of 3 clips are shorter than a window of 0.025 s; the first is at"),
        (noise(199), "1 of 3 clips are shorter than a window of 0.025 s"),
        (np.clip(20 * good, -1, 1), "1 of 3 clips are clipped (many samples at full scale)"),
        (np.stack([good, good], axis=1), "1 of 3 clips have several channels, which are averaged"),
        ((good, 4000), "1 of 3 clips are sampled more coarsely than at 8000 Hz"),
    ):
        (said,) = said_of([good, bad, good])
        assert said.startswith(message)
    assert said_of([(good, 16000), good]) == []  # nothing is lost
    one_click = good.copy()
    one_click[100] = 1.0
    assert said_of([one_click]) == []


# === Bad input ===


def broken(kind):
    data = wav.write(noise(), RATE)
    return {
        "text": b"RIFF or not, this is no sound",
        "cut off": data[:1000],
        "no samples": data[:36],
        "cut off header": data[:30],
        "adpcm": data[:20] + b"\x02\x00" + data[22:],
        "no channels": data[:22] + b"\x00\x00" + data[24:],
    }[kind]


KINDS = {
    "text": "no wav file",
    "cut off": "cut off: its header promises 8,000 bytes of samples, 956 are there",
    "no samples": "No 'data' chunk",
    "cut off header": "No 'data' chunk",
    "adpcm": "ADPCM .*expected PCM of 8, 16, 24 or 32 bits",
    "no channels": "Channel count is zero",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_wav_file_is_named_in_every_form(kind):
    good, bad, feature = wav.write(noise(), RATE), broken(kind), plain()
    with pytest.raises(ValueError, match=f"clip 1: .*{KINDS[kind]}"):
        feature.to_tensor([good, bad])
    raw = tf.constant([good, bad, bad])
    with pytest.raises(ValueError, match=f"2 of 3 clips .*position 1: .*{KINDS[kind]}"):
        feature.check(raw, feature.encode(raw))
    with pytest.raises(ValueError, match=f"position 1: .*{KINDS[kind]}"):
        Audio(RATE).adapt(tf.data.Dataset.from_tensor_slices([good, bad]))
    with pytest.raises(ValueError, match=f"clip 1: .*{KINDS[kind]}"):
        Audio().adapt(tf.data.Dataset.from_tensor_slices([good, bad]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="no wav file"):
        feature.guard(feature.encode(raw))
    feature.guard(feature.encode(raw[:1]))


@pytest.mark.parametrize(
    "values, message",
    [
        (["missing.wav"], "clip 0: a file that cannot be opened .*missing.wav"),
        ([np.array([0.1, np.nan])], "missing or infinite, first at 1"),
        (
            [[0.1, 0.2]],
            "a list of 1 lists of 2 numbers is the samples of one clip or",
        ),
        ([np.array([300.0, -200.0])], "floats of up to 300; expected samples between -1 and 1"),
        ([np.zeros((2, 2, 2))], "expected the bytes or the path"),
        ([None], "NoneType"),
        ("clip.wav", r"pass \[clip\]"),
        ([(np.zeros(5), 0)], "sampling rate that is no positive whole number: 0"),
    ],
)
def test_bad_values_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        plain().to_tensor(values)


def test_a_lone_array_needs_a_known_rate():
    with pytest.raises(ValueError, match=r"pass a pair \(samples, rate\)"):
        Audio().adapt([noise()])
    assert plain().to_tensor(noise()).shape == (1,)  # one clip
    assert plain().to_tensor((noise(), 4000)).shape == (1,)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"sampling_rate": 0}, "sampling_rate must be None or an integer of at least 1"),
        ({"mels": 2.5}, "mels must be an integer of at least 1"),
        ({"hop": 0}, "hop must be a number above 0"),
        ({"max_seconds": -1}, "max_seconds must be .*above 0"),
        ({"normalize": "mean"}, "normalize must be one of"),
        ({"high": 5000}, "half the sampling rate, 4000 Hz. Received: low=60, high=5000"),
        ({"mels": 200}, "mels must be fewer"),
        ({"hop": 1e-5}, "must hold samples at 8000 Hz"),
    ],
)
def test_bad_settings(options, message):
    with pytest.raises(ValueError, match=message):
        plain(**options)


def test_no_sound_comes_back():
    with pytest.raises(ValueError, match="cannot be turned back into sound.*shape"):
        plain().decode(np.zeros((1, 2, 40)))


# === In use ===


def test_in_the_pipeline_and_in_a_fresh_process(feature_in_fresh_process, tmp_path):
    clips = [(noise(400 + 100 * n, seed=n), 8000 + 3025 * (n == 2)) for n in range(6)]
    feature = Audio(stack=2, max_seconds=0.2).adapt(clips)
    raw = feature.to_tensor(clips)
    expected = feature.encode(raw)
    data = pipeline.prepare(
        tf.data.Dataset.from_tensor_slices((raw,)),
        lambda values: (feature.encode(values),),
        padding=(feature.padding,),
    )
    np.testing.assert_array_equal(data.tensors[0].flat_values, expected.flat_values)
    (batch,) = next(iter(data.batches(6)))
    assert np.isnan(batch[0, -1]).all() and not np.isnan(batch[:, 0]).any()
    paths = []
    for index, clip in enumerate(raw.numpy()):
        paths.append(str(tmp_path / f"{index}.wav"))
        (tmp_path / f"{index}.wav").write_bytes(clip)
    again = feature_in_fresh_process(feature, paths)
    for one, other in zip(expected.to_list(), again, strict=True):
        np.testing.assert_array_equal(one, other)
    config = keras.saving.serialize_keras_object(feature)
    copy = keras.saving.deserialize_keras_object(config)
    assert copy.get_config() == feature.get_config()


def test_a_hop_is_at_most_some_samples():
    assert Audio(sampling_rate=8000, hop=2**20 / 8000).hop_samples == 2**20
    with pytest.raises(ValueError, match="hop 1,048,576 at most. Received: .*hop=1000000"):
        Audio(sampling_rate=8000, hop=10**6)
