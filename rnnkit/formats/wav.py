"""Sound as the bytes of wav files: any common coding in, and FLAC, Ogg and MP3; 16-bit PCM out.

Raw audio is the bytes of a 16-bit wav file everywhere in this package, so that the sampling rate
travels with the samples.
"""

import fractions
import io
import os
import re
import struct

import numpy as np

from rnnkit.formats import bounds
from rnnkit.utils.messages import shorten

FULL_SCALE = 2**15
HEADER = 44  # bytes
# What each coding is read as, by the name that soundfile has for it.
CODINGS = {
    "PCM_U8": "int16", "PCM_16": "int16", "PCM_24": "int32", "PCM_32": "int32",
    "FLOAT": "float64", "DOUBLE": "float64",
}  # fmt: skip
# Other files of sound by their endings.
SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3")
# Bytes that one of theirs may become: speech is coded in a fiftieth.
PACKED_RATIO = 100
# What a writer that cannot go back puts for a length it does not know yet.
UNKNOWN_LENGTH = 0xFFFFFFFF
# Bytes of the largest file: its header counts them in 32 bits.
MOST_BYTES = 2**32
# Sampling rates of what is sound, in Hz: from slow recordings of vibrations to those of bats.
RATES = (100, 768_000)
# Samples that a clip may become by conversion to a higher rate: 70 minutes at 16 kHz.
MOST_CONVERTED = 2**26
# The filter of a conversion has twenty times as many coefficients. Rates to 200 kHz are exact.
MOST_RATIO = 200_000


def read(data):
    """The samples of a file of sound.

    Args:
        data: Bytes of a wav file, PCM of 8, 16, 24 or 32 bits or floats of 32 or 64 bits; or of a
            FLAC, Ogg (Vorbis, Opus) or MP3 file.

    Returns:
        The pair of samples, int16 `[samples, channels]`, and sampling rate in Hz. Finer samples
        are rounded to 16 bits, floats beyond full scale are clipped.

    Raises:
        ValueError: If the bytes are no such file, or fewer than its header promises.
    """
    if _is_packed(data):
        return _unpacked(data)
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError(f"no wav file (nor FLAC, Ogg or MP3): it starts with {bytes(data[:12])!r}")
    if _is_plain(data):  # as `write` makes it: no need to look further
        channels, rate = struct.unpack_from("<HI", data, 22)
        _check_rate(rate)
        return np.frombuffer(data, "<i2", offset=HEADER).reshape(-1, channels), rate
    samples, rate = _decoded(data)
    start = data.find(b"data\0\0\0\0") + 8  # a length of 0 that is not known yet
    if not len(samples) and 8 <= start < len(data):
        length = struct.pack("<I", len(data) - start)
        samples, rate = _decoded(data[: start - 4] + length + data[start:])
    return to_16_bits(samples), rate


def _decoded(data):
    """The samples of a wav file of any common coding, as they are, and its sampling rate."""
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            dtype = CODINGS.get(file.subtype)
            if dtype is None:
                raise ValueError(
                    f"a wav file of the coding {file.subtype}; expected PCM of 8, 16, 24 or 32 "
                    "bits, or floats"
                )
            # libsndfile reads what there is, and only its log says that there should be more.
            short = re.search(r"^data : (\d+) \(should be (\d+)\)", file.extra_info, re.MULTILINE)
            if short and int(short[1]) not in (0, UNKNOWN_LENGTH):
                raise ValueError(
                    f"a wav file that is cut off: its header promises {int(short[1]):,} bytes of "
                    f"samples, {int(short[2]):,} are there"
                )
            if file.frames * file.channels > len(data):  # each takes a byte or more
                raise ValueError(
                    f"a wav file whose header promises {file.frames:,} samples of "
                    f"{file.channels:,} channels, more than its {len(data):,} bytes hold"
                )
            _check_rate(file.samplerate)
            return file.read(dtype=dtype, always_2d=True), file.samplerate
    except soundfile.LibsndfileError as error:
        raise ValueError(
            f"a wav file that cannot be read ({error.error_string}); expected PCM of 8, 16, 24 or "
            "32 bits, or floats"
        ) from None


def _is_packed(data):
    """Whether bytes begin as a FLAC, Ogg or MP3 file does: the last with a tag, or a frame."""
    frame = len(data) > 1 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2
    return data[:4] in (b"fLaC", b"OggS") or data[:3] == b"ID3" or frame


def _unpacked(data):
    """The samples of a FLAC, Ogg or MP3 file, int16 `[samples, channels]`, and its rate."""
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            _check_rate(file.samplerate)
            needed = 2 * file.frames * file.channels
            bounds.check(f"a file of {file.format}", needed, len(data), PACKED_RATIO)
            dtype = "int16" if file.subtype == "PCM_16" else "float32"
            return to_16_bits(file.read(dtype=dtype, always_2d=True)), file.samplerate
    except soundfile.SoundFileError as error:
        raise ValueError(
            f"a file of sound that cannot be read ({shorten(error, 200)}); it starts with "
            f"{bytes(data[:4])!r}"
        ) from None


def _check_rate(rate):
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(
            f"a sampling rate of {rate:,} Hz; expected from {RATES[0]:,} to {RATES[1]:,}"
        )


def _is_plain(data):
    """Whether a file has the header of `write` and the samples that it promises."""
    if len(data) < HEADER or data[12:22] != b"fmt \x10\0\0\0\1\0" or data[36:40] != b"data":
        return False
    channels, rate, _, width, bits = struct.unpack_from("<HIIHH", data, 22)
    (size,) = struct.unpack_from("<I", data, 40)
    known = size == len(data) - HEADER
    return (
        bits == 16 and channels > 0 < rate and width == 2 * channels and known and size % width == 0
    )


def to_16_bits(values):
    """Samples of any dtype as int16: integers by their full scale, floats by that of -1 to 1."""
    values = np.asarray(values)
    if values.dtype == np.int16:
        return values.astype("int16", copy=False)
    if values.dtype == np.uint8:
        return (values.astype("int16") - 128) * 256
    if values.dtype == np.int32:
        scaled = values / 2**16
    elif values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise ValueError(
                f"samples that are missing or infinite, first at {_first(~np.isfinite(values))}"
            )
        scaled = values * FULL_SCALE
    else:
        raise ValueError(
            f"samples of dtype {values.dtype}; expected int16, uint8, int32 or floats between -1 "
            "and 1"
        )
    return np.clip(np.rint(scaled), -FULL_SCALE, FULL_SCALE - 1).astype("int16")


def _first(bad):
    return int(np.argmax(bad.reshape(len(bad), -1).any(axis=1)))


def write(samples, rate):
    """The bytes of a 16-bit wav file.

    Args:
        samples: `[samples]` or `[samples, channels]`, of any dtype that `to_16_bits` takes.
        rate: Sampling rate in Hz.

    Returns:
        Bytes: a header of 44 and the samples.
    """
    samples = to_16_bits(samples)
    if samples.ndim not in (1, 2):
        raise ValueError(
            f"samples of shape {samples.shape}; expected (samples,) or (samples, channels)"
        )
    if not isinstance(rate, (int, np.integer)) or isinstance(rate, bool) or rate < 1:
        raise ValueError(f"a sampling rate that is no positive whole number: {rate!r}")
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    if not channels:
        raise ValueError("samples of no channel")
    body = samples.astype("<i2").tobytes()
    width = 2 * channels
    with bounds.foreign(f"{len(body):,} bytes at {rate:,} Hz, more than a wav file", struct.error):
        form = struct.pack("<HHIIHH", 1, channels, rate, rate * width, width, 16)
        size = struct.pack("<I", len(body))
        whole = struct.pack("<I", HEADER - 8 + len(body))
    return b"RIFF" + whole + b"WAVEfmt \x10\0\0\0" + form + b"data" + size + body


def to_wav(value, rate=None, folder=None):
    """Audio in any form as the bytes of a 16-bit wav file.

    Args:
        value: Bytes of a file of sound (see `read`); the path of one; an array `[samples]` or
            `[samples, channels]`; or a pair `(samples, rate)`. Floats are samples between -1 and
            1.
        rate: Sampling rate of a lone array, in Hz.
        folder: Where relative paths begin; by default the current folder.

    Raises:
        ValueError: If it cannot be read; the message says what it is.
    """
    named = isinstance(value, bytes) and value[:4] != b"RIFF" and b"\0" not in value[:1024]
    if named and not _is_packed(value):
        value = os.fsdecode(value)
    path = None
    if isinstance(value, (str, os.PathLike)):
        path = os.path.join(folder or "", value)
        try:
            value = bounds.read(path, MOST_BYTES)
        except ValueError as error:
            raise ValueError(f"a file that cannot be opened ({error})") from None
    if isinstance(value, bytes):
        try:
            samples, own = read(value)
        except ValueError as error:
            raise ValueError(f"{path}: {error}" if path else str(error)) from None
        return value if _is_plain(value) else write(samples, own)
    if isinstance(value, (tuple, list)) and len(value) == 2 and np.ndim(value[1]) == 0:
        if np.ndim(value[0]):  # not simply two samples
            value, rate = value[0], np.asarray(value[1]).item()
    samples = np.asarray(value)
    if samples.dtype.kind not in "iuf" or samples.ndim not in (1, 2):
        raise ValueError(
            f"{type(value).__name__} {str(value)[:60]!r}; expected the bytes or the path of a wav "
            "file (or FLAC, Ogg, MP3), an array of samples, or a pair (samples, rate)"
        )
    if samples.dtype.kind == "f" and (np.abs(samples) > 2).any():
        raise ValueError(
            f"floats of up to {np.nanmax(np.abs(samples)):g}; expected samples between -1 and 1 "
            "(or of dtype int16)"
        )
    if rate is None:
        raise ValueError("an array without its sampling rate: pass a pair (samples, rate)")
    return write(samples, rate)


def mono(samples, rate=None, wanted=None):
    """The mean of all channels, at another sampling rate where one is wanted.

    Args:
        samples: int16 `[samples, channels]`.
        rate: Their sampling rate.
        wanted: Sampling rate to convert to, or None. Conversion is by a polyphase filter with
            linear phase (`scipy.signal.resample_poly`).

    Returns:
        int16 `[samples]`.

    Raises:
        ValueError: If a clip would become longer than it is, and than `MOST_CONVERTED`.
    """
    if samples.shape[1] > 1:
        samples = to_16_bits(samples.mean(axis=1) / FULL_SCALE)
    else:
        samples = samples[:, 0]
    if wanted in (None, rate) or not len(samples):
        return samples
    if len(samples) * wanted > max(len(samples) * rate, MOST_CONVERTED * rate):
        raise ValueError(
            f"{len(samples):,} samples at {rate:,} Hz, too many to be converted to {wanted:,} Hz: "
            f"they would become {len(samples) * wanted // rate:,}; at most {MOST_CONVERTED:,} are "
            "allowed"
        )
    from scipy.signal import resample_poly

    changed = resample_poly(samples / FULL_SCALE, *_ratio(int(wanted), int(rate)))
    return to_16_bits(changed)


def _ratio(wanted, rate):
    """The ratio of two rates in whole numbers up to `MOST_RATIO`: exact, or within one in 10^5."""
    ratio = fractions.Fraction(wanted, rate)
    if wanted > rate:
        ratio = 1 / (1 / ratio).limit_denominator(MOST_RATIO)
    else:
        ratio = ratio.limit_denominator(MOST_RATIO)
    return ratio.numerator, ratio.denominator
