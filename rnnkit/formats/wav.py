"""Wav files as bytes: any common coding in, 16-bit PCM out.

Raw audio is the bytes of a 16-bit wav file everywhere in this package, so that the sampling rate
travels with the samples.
"""

import os
import struct

import numpy as np

FULL_SCALE = 2**15
HEADER = 44
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
# What a writer that cannot go back puts for a length it does not know yet.
UNKNOWN_LENGTH = (0, 0xFFFFFFFF)


def read(data):
    """The samples of a wav file.

    Args:
        data: Bytes of the file: PCM of 8, 16, 24 or 32 bits, or floats of 32 or 64 bits.

    Returns:
        The pair of samples, int16 `[samples, channels]`, and sampling rate in Hz. Finer samples
        are rounded to 16 bits, floats beyond full scale are clipped.

    Raises:
        ValueError: If the bytes are no such file, or fewer than its header promises.

    Reference: Multimedia Programming Interface and Data Specifications 1.0 (IBM and Microsoft,
    1991), RIFF WAVE.
    """
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError(f"no wav file: it starts with {bytes(data[:12])!r}")
    form, position = None, 12
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        position += 8
        if name == b"fmt ":
            if size < 16 or position + size > len(data):
                raise ValueError("a wav file whose header is cut off")
            form = struct.unpack_from("<HHIIHH", data, position)
            if form[0] == EXTENSIBLE and size >= 26:
                form = (*struct.unpack_from("<H", data, position + 24), *form[1:])
        elif name == b"data":
            if form is None:
                raise ValueError("a wav file without a format before its samples")
            left = len(data) - position
            if size in UNKNOWN_LENGTH and left:
                size = left
            if size > left:
                raise ValueError(
                    f"a wav file that is cut off: its header promises {size:,} bytes of samples, "
                    f"{left:,} are there"
                )
            return _samples(data[position : position + size], form)
        position += size + size % 2  # chunks begin at even places
    raise ValueError("a wav file without samples: it has no data chunk")


def _samples(body, form):
    coding, channels, rate, _, _, bits = form
    if not channels or not rate:
        raise ValueError(f"a wav file with {channels} channels at {rate} Hz")
    if (coding, bits) not in {(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)}:
        raise ValueError(
            f"a wav file of coding {coding} with {bits} bits; expected PCM of 8, 16, 24 or 32 "
            "bits, or floats"
        )
    width = bits // 8 * channels
    body = body[: len(body) // width * width]
    if bits == 24:
        parts = np.frombuffer(body, "uint8").reshape(-1, 3)
        values = np.zeros((len(parts), 4), "uint8")
        values[:, 1:] = parts  # the upper bytes of 32 bits
        values = values.reshape(-1).view("<i4")
    else:
        kind = "f" if coding == FLOAT else "u" if bits == 8 else "i"
        values = np.frombuffer(body, f"<{kind}{bits // 8}")
    return to_16_bits(values).reshape(-1, channels), rate


def to_16_bits(values):
    """Samples of any kind as int16: integers by their full scale, floats by that of -1 to 1."""
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
        samples: `[samples]` or `[samples, channels]`, of any kind that `to_16_bits` takes.
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
    form = struct.pack("<HHIIHH", PCM, channels, rate, rate * width, width, 16)
    size = struct.pack("<I", len(body))
    whole = struct.pack("<I", HEADER - 8 + len(body))
    return b"RIFF" + whole + b"WAVEfmt \x10\0\0\0" + form + b"data" + size + body


def to_wav(value, rate=None, folder=None):
    """Audio in any form as the bytes of a 16-bit wav file.

    Args:
        value: Bytes of a wav file; the path of one; an array `[samples]` or
            `[samples, channels]`; or a pair `(samples, rate)`. Floats are samples between -1 and
            1.
        rate: Sampling rate of a lone array, in Hz.
        folder: Where relative paths begin; by default the current folder.

    Raises:
        ValueError: If it cannot be read; the message says what it is.
    """
    if isinstance(value, bytes) and value[:4] != b"RIFF" and b"\0" not in value[:1024]:
        value = os.fsdecode(value)
    path = None
    if isinstance(value, (str, os.PathLike)):
        path = os.path.join(folder or "", value)
        try:
            with open(path, "rb") as file:
                value = file.read()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ValueError(f"a file that cannot be opened ({reason}): {path[:200]!r}") from None
    if isinstance(value, bytes):
        try:
            samples, own = read(value)
        except ValueError as error:
            raise ValueError(f"{path}: {error}" if path else str(error)) from None
        same = len(value) == HEADER + samples.nbytes and value[34:36] == b"\x10\0"
        return value if same else write(samples, own)
    if isinstance(value, (tuple, list)) and len(value) == 2 and np.ndim(value[1]) == 0:
        if np.ndim(value[0]):  # not simply two samples
            value, rate = value[0], np.asarray(value[1]).item()
    samples = np.asarray(value)
    if samples.dtype.kind not in "iuf" or samples.ndim not in (1, 2):
        raise ValueError(
            f"{type(value).__name__} {str(value)[:60]!r}; expected the bytes or the path of a wav "
            "file, an array of samples, or a pair (samples, rate)"
        )
    if samples.dtype.kind == "f" and samples.size and np.nanmax(np.abs(samples)) > 2:
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
    """
    if samples.shape[1] > 1:
        samples = to_16_bits(samples.mean(axis=1) / FULL_SCALE)
    else:
        samples = samples[:, 0]
    if wanted in (None, rate) or not len(samples):
        return samples
    from scipy.signal import resample_poly

    common = np.gcd(int(rate), int(wanted))
    changed = resample_poly(samples / FULL_SCALE, wanted // common, rate // common)
    return to_16_bits(changed)
