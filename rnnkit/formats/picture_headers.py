"""What the header of an image file says, read before anything is decoded."""

import dataclasses
import re
import struct

from rnnkit.formats import bounds

# Bytes that decoding a picture may take, which is also TensorFlow's limit: a photograph of 178
# million pixels.
MOST_BYTES = 2**29
# How many times as many bytes a picture may have as its file, beyond what is always allowed: a
# photograph has 5 to 50 times as many, a drawing some hundred.
RATIO = 200
# Passes that a progressive JPEG makes over all pixels, some ten in usual files; and passes times
# pixels, which is what takes time.
MOST_SCANS, MOST_VISITS = 100, 1_000_000_000

_PNG_CHANNELS = {0: 1, 2: 3, 3: 4, 4: 2, 6: 4}
# Markers of a JPEG: any that a length follows, starts of frames (C4, C8 and CC are none), the start
# of samples, and the end.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_SCAN, _END = 0xDA, 0xD9


@dataclasses.dataclass(frozen=True)
class Header:
    """What an image file declares.

    Attributes:
        height, width: In pixels; of a GIF those of its largest picture.
        needed: Bytes that decoding the first picture takes.
        needed_for_all: Bytes that decoding all of a GIF takes.
        frames: Number of pictures in it.
        scans: Passes over the pixels that decoding makes.
    """

    height: int
    width: int
    needed: int
    needed_for_all: int
    frames: int = 1
    scans: int = 1


def check(content, label, animated=False):
    """Refuses an image file whose pictures would take too much memory or time.

    Args:
        content: Bytes of the file.
        label: What to call it in messages.
        animated: Whether all pictures of a GIF are wanted.

    Raises:
        ValueError: If it is no PNG, JPEG, GIF or BMP file, its header is cut off, or what it
            declares is beyond `MOST_BYTES`, `RATIO`, `MOST_SCANS` or `MOST_VISITS`.
    """
    reader = next((read for magic, read in _READERS.items() if content.startswith(magic)), None)
    if reader is None:
        raise ValueError(f"{label}: no PNG, JPEG, GIF or BMP file (it begins with {content[:8]!r})")
    try:
        header = reader(content)
    except (struct.error, IndexError, ValueError):
        raise ValueError(f"{label}: the picture is damaged (its header is cut off)") from None
    what = f"{label}: a picture of {header.height:,} x {header.width:,} pixels"
    if header.frames > 1:
        what += f" and {header.frames:,} frames"
    needed = header.needed_for_all if animated else header.needed
    if needed > MOST_BYTES:
        raise ValueError(
            f"{what} would take {needed:,} bytes to decode; at most {MOST_BYTES:,} are allowed"
        )
    bounds.check(what, needed, len(content), RATIO)
    visits = header.scans * header.height * header.width
    if header.scans > 1 and (header.scans > MOST_SCANS or visits > MOST_VISITS):
        raise ValueError(
            f"{what} in {header.scans:,} scans; at most {MOST_SCANS} are allowed, and "
            f"{MOST_VISITS:,} pixels in all of them"
        )


def _png(content):
    width, height, _, colour = struct.unpack_from(">IIBB", content, 16)
    needed = height * width * _PNG_CHANNELS.get(colour, 4)
    return Header(height, width, needed, needed)


def _bmp(content):
    width, height = struct.unpack_from("<ii", content, 18)
    height, width = abs(height), abs(width)
    return Header(height, width, 4 * height * width, 4 * height * width)


def _jpeg(content):
    height = width = channels = scans = 0
    sampling, progressive = b"", False
    for marker, at in _markers(content):
        if marker == _SCAN:
            scans += 1
        elif marker in _FRAMES and not scans:
            height, width, channels = struct.unpack_from(">HHB", content, at + 3)
            sampling = content[at + 9 : at + 8 + 3 * channels : 3]  # of each channel, two numbers
            progressive = marker in _PROGRESSIVE
    if not channels:
        raise IndexError(len(content))
    needed = height * width * max(channels, 3)
    if progressive or scans > 1:  # all coefficients are kept, of 16 bits
        areas = [max(1, (each >> 4) * (each & 15)) for each in sampling]
        needed += 2 * height * width * sum(areas) // max(areas, default=1)
    return Header(height, width, needed, needed, scans=scans)


def _markers(content):
    """The markers of a JPEG, each with the position behind it; as decoders do, what is no marker is
    passed over."""
    at = 2
    while (match := _MARKER.search(content, at)) and match[0][1] != _END:
        at = match.end()
        yield match[0][1], at
        if at + 2 <= len(content):
            at += max(2, struct.unpack_from(">H", content, at)[0])


def _gif(content):
    """Walks the blocks of a GIF. What is damaged ends the walk, as it ends decoding."""
    at = 13 + _colours(content[10])
    tall = wide = frames = area = 0
    while at < len(content):
        if content[at] == 0x21:  # an extension
            at += 2
        elif content[at] == 0x2C and at + 10 <= len(content):  # a picture
            width, height, flags = struct.unpack_from("<HHB", content, at + 5)
            tall, wide, frames = max(tall, height), max(wide, width), frames + 1
            area += width * height
            at += 11 + _colours(flags)
        else:
            break
        while at < len(content) and content[at]:
            at += content[at] + 1
        at += 1
    if not frames:
        raise IndexError(at)
    canvas = 3 * tall * wide
    return Header(tall, wide, area + canvas, area + frames * canvas, frames)


def _colours(flags):
    """Bytes of a table of colours."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


_READERS = {b"\x89PNG\r\n\x1a\n": _png, b"\xff\xd8\xff": _jpeg, b"GIF8": _gif, b"BM": _bmp}
