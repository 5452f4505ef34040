"""Pictures as the bytes of image files: read, checked and written."""

import os
import re

import numpy as np
import tensorflow as tf

from rnnkit.formats import bounds, picture_headers

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp")
# Pixels of the longer side beyond which `to_bytes` makes a picture from a file smaller, so that
# folders of photographs fit in memory.
LONGEST = 512
# Pixels beyond which a picture is made smaller in parts, which takes little memory.
LARGE = 2**24


def to_bytes(value, open_file=None):
    """One picture in any form as the bytes of an image file that can be decoded.

    Args:
        value: Bytes or path of a PNG, JPEG, GIF or BMP file, of a GIF the first picture; or an
            array (or nested list) of whole numbers from 0 to 255, `[height, width]` or
            `[height, width, channels]` with 1, 3 or 4 channels.
        open_file: Function from a path to the bytes there, or None for the file system's.

    Returns:
        Bytes. An array becomes a PNG; a file is given back as it is, or as a JPEG of at most
        `LONGEST` pixels a side where it is larger.

    Raises:
        ValueError: For what is no picture; the message says why.
    """
    if hasattr(value, "numpy"):
        value = value.numpy()
    if isinstance(value, (str, os.PathLike)):
        return _checked((open_file or read)(os.fspath(value)), os.fspath(value))
    if isinstance(value, bytes):
        # Bytes that begin no image file may be a path, as they come from a table of strings.
        if 0 < len(value) < 4096 and value.lower().endswith(tuple(s.encode() for s in SUFFIXES)):
            return to_bytes(value.decode("utf-8", "replace"), open_file)
        return _checked(value)
    return tf.io.encode_png(pixels(value)).numpy()


def read(path):
    """The bytes of a file; a ValueError if there is none."""
    if not path.strip():
        raise ValueError("no path")
    return bounds.read(path)


def pixels(value):
    """An array or nested list as pixels, uint8 `[height, width, channels]`.

    Raises:
        ValueError: For other shapes, and numbers that are not whole and from 0 to 255.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"the rows must be of equal length ({error})") from None
    array = array[..., None] if array.ndim == 2 else array
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or array.size == 0:
        raise ValueError(
            "expected an array (height, width) or (height, width, channels) with 1, 3 or 4 "
            f"channels. Received: shape {np.shape(value)}"
        )
    return whole(array)


def whole(array):
    """An array of whole numbers from 0 to 255 as uint8; a ValueError for others."""
    if array.dtype == np.uint8:
        return array
    numbers = array.dtype.kind in "iuf"
    if not numbers or not ((array >= 0) & (array <= 255) & (array == np.floor(array))).all():
        hint = ""
        if array.dtype.kind == "f" and array.size and array.min() >= 0 and array.max() <= 1:
            hint = ", such as (255 * array).astype('uint8')"
        raise ValueError(
            f"pixels must be whole numbers from 0 to 255{hint}. Received: {array.dtype} "
            + (f"from {array.min():g} to {array.max():g}" if numbers and array.size else "")
        )
    return array.astype("uint8")


@tf.function(autograph=False, reduce_retracing=True)
def _encode_all(arrays):
    return tf.map_fn(tf.io.encode_png, arrays, fn_output_signature=tf.TensorSpec((), tf.string))


def encoded(arrays):
    """Pictures of one size, uint8 `[pictures, height, width(, channels)]`, as PNG files."""
    arrays = arrays if arrays.ndim == 4 else arrays[..., None]
    pixels(arrays[0])  # refuses what is no picture
    return _encode_all(tf.constant(arrays))


def _checked(content, name="the bytes"):
    """The bytes of an image file, decoded once to see that they can be."""
    if not content:
        raise ValueError(f"{name} holds nothing" if name != "the bytes" else "no bytes")
    picture_headers.check(content, name)
    try:
        picture = tf.io.decode_image(content, expand_animations=False)
    except (tf.errors.OpError, ValueError) as error:
        raise ValueError(f"{name}: {_reason(error)}") from None
    height, width, channels = picture.shape
    if not height * width:
        raise ValueError(f"{name}: a picture of {height} x {width} pixels")
    if max(height, width) <= LONGEST:
        return content
    scale = LONGEST / max(height, width)
    size = [max(1, round(height * scale)), max(1, round(width * scale))]
    smaller = _in_blocks(picture) if height * width > LARGE else on_white(picture)
    smaller = tf.image.resize(smaller, size, antialias=True)
    return tf.io.encode_jpeg(tf.cast(tf.round(smaller), tf.uint8), quality=95).numpy()


def _in_blocks(picture):
    """A large picture as means of square blocks, float32, at least twice as long as `LONGEST`."""
    height, width, channels = picture.shape
    side = max(1, max(height, width) // (2 * LONGEST))
    tops, lefts = np.arange(0, height, side), np.arange(0, width, side)
    sums = np.zeros((len(tops), len(lefts), channels - 1 + channels % 2), "float32")
    step = max(1, LARGE // (4 * width))  # rows that become floats at a time
    for at in range(0, height, step):
        part = on_white(picture[at : at + step]).numpy()
        part = np.add.reduceat(part, lefts, axis=1)
        np.add.at(sums, np.arange(at, at + len(part)) // side, part)
    counts = np.diff(tops, append=height)[:, None] * np.diff(lefts, append=width)
    return (sums / counts[..., None]).astype("float32")


def _reason(error):
    text = " ".join(getattr(error, "message", str(error)).split())
    text = re.sub(r"^.*}} | \[Op:.*$", "", text)  # what only says where in TensorFlow it was
    return f"the picture is damaged ({text[:80]})"


def on_white(picture):
    """Pixels uint8 `[height, width, 1 to 4]` without transparency, as seen on white paper.

    Returns:
        float32 `[height, width, 1 or 3]`, from 0 to 255.
    """
    channels = tf.shape(picture)[-1]
    values = tf.cast(picture, tf.float32)

    def opaque():
        alpha = values[..., -1:] / 255.0
        return values[..., : channels - 1] * alpha + 255.0 * (1.0 - alpha)

    return tf.cond(channels % 2 == 0, opaque, lambda: values)


def frames(value):
    """One clip in any form as uint8 `[frames, height, width, 1 or 3]`, seen on white.

    Args:
        value: An array (or nested list) `[frames, height, width]` or with 1, 3 or 4 channels; or
            the path or the bytes of an animated GIF.

    Raises:
        ValueError: For what is no clip; the message says why.
    """
    if hasattr(value, "numpy"):
        value = value.numpy()
    name = "the GIF"
    if isinstance(value, (str, os.PathLike)):
        name = os.fspath(value)
        value = read(name)
    if isinstance(value, bytes):
        if not value.startswith(b"GIF8"):
            raise ValueError(f"no animated GIF (it begins with {value[:8]!r})")
        picture_headers.check(value, name, animated=True)
        try:
            return tf.io.decode_gif(value).numpy()
        except (tf.errors.OpError, ValueError) as error:
            raise ValueError(f"no animated GIF ({_reason(error)})") from None
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"the frames must be of one size ({error})") from None
    array = array[..., None] if array.ndim == 3 else array
    if array.ndim != 4 or array.shape[3] not in (1, 3, 4) or array.size == 0:
        raise ValueError(
            "expected an array (frames, height, width) or (frames, height, width, channels) with "
            f"1, 3 or 4 channels and at least one frame. Received: shape {np.shape(value)}"
        )
    array = whole(array)
    if array.shape[3] == 4:
        alpha = array[..., 3:] / 255
        array = np.round(array[..., :3] * alpha + 255 * (1 - alpha)).astype("uint8")
    return array
