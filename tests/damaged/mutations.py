"""Ways to damage a file: random ones, the same for the same seed."""

import io
import json
import struct
import zipfile
import zlib

# What a number in a header, or a cell of a table, may be and should not.
EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000)
CELLS = (
    "", " ", "nan", "inf", "-inf", "1e400", "-1e308", "9" * 5000, "0x10", "1_000", "\u00b2",
    "\u0663", "None", "null", "true", "[]", "{}", "[" * 60, '{"a":' * 60, '"', '""', "\0",
    "\ud7ff", "\u2028", "../x.png", "/etc/hostname", "..\\..\\x.wav", "C:\\x.png",
    "x" * 300 + ".png", "a\0b.png", ".", "..", "2024-02-30", "0000-00-00", "99999-01-01",
    "03/04/2024", "1e15", "1 2 3 4", ";", ";;;", "0 0 0", "C4:1/0", "C4:99999999999", "Z9:1",
    "train", "B-", "\r", "=1+1",
)  # fmt: skip
VALUES = (
    None, True, 0, -1, 10**400, 1e308, float("nan"), float("inf"), "", "\ud800", "9" * 5000, [], {},
    [[]], [None], ["a", 1], [[1], [2, 3]], [[1, 2, 3]], [[1e39, 0, 1]], [[10**400, 0, 1]],
    {"a": [1]}, [1, 10**30], [[0.5, 0.25], 10**30], [[0.5, 3.5], 8000], [[[1, 2], [3, 4]]],
)  # fmt: skip


def mutated(content, rng):
    """A damaged copy of the bytes of a file.

    Args:
        content: Bytes.
        rng: `random.Random`.

    Returns:
        The pair of what was done, in words, and the bytes.
    """
    inner = next((way for magic, way in INNER.items() if content.startswith(magic)), None)
    if inner is not None and rng.random() < 0.5:
        return inner.__name__, inner(content, rng)
    text = b"\0" not in content[:4096]
    ways = [truncated, flipped, inserted, cut_out, repeated, extreme, headed]
    if text:
        ways = [truncated, flipped, inserted, cut_out, repeated] + 4 * [lines, cells, cells]
    way = rng.choice(ways)
    return way.__name__, way(content, rng)


def truncated(content, rng):
    return content[: rng.randrange(len(content) + 1)]


def flipped(content, rng):
    """One to eight bits the other way."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 8) if changed else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def inserted(content, rng):
    """Random bytes in between."""
    at = rng.randrange(len(content) + 1)
    return content[:at] + rng.randbytes(rng.randint(1, 16)) + content[at:]


def cut_out(content, rng):
    at = rng.randrange(len(content) + 1)
    return content[:at] + content[at + rng.randint(1, max(1, len(content) // 4)) :]


def repeated(content, rng):
    """A part of it a second time."""
    at = rng.randrange(len(content) + 1)
    end = at + rng.randint(1, max(1, len(content) // 4))
    return content[:end] + content[at:end] * rng.randint(1, 4) + content[end:]


def extreme(content, rng):
    """Two or four bytes anywhere that become an extreme number."""
    return _overwritten(content, rng, rng.randrange(max(1, len(content))))


def headed(content, rng):
    """The same in the first 64 or the last 64 bytes, where headers are."""
    end = min(64, len(content))
    at = rng.randrange(max(1, end))
    return _overwritten(content, rng, at if rng.random() < 0.6 else max(0, len(content) - end + at))


def _overwritten(content, rng, at):
    value, form = rng.choice(EXTREMES), rng.choice(("<I", ">I", "<H", ">H", "B"))
    number = struct.pack(form, value & (256 ** struct.calcsize(form) - 1))
    return content[:at] + number + content[at + len(number) :]


def lines(content, rng):
    """Lines left out, twice, in another order, or with another end."""
    rows = content.split(b"\n")
    at = rng.randrange(len(rows))
    way = rng.randrange(5)
    if way == 0:
        del rows[at]
    elif way == 1:
        rows.insert(at, rng.choice(rows))
    elif way == 2:
        rng.shuffle(rows)
    elif way == 3:
        rows.insert(at, b"")
    else:
        return rng.choice((b"\r", b"\r\n", b"\n\n", b"\0")).join(rows)
    return b"\n".join(rows)


def cells(content, rng):
    """A cell with something odd in it, another cell's content, one too many or too few."""
    rows = content.split(b"\n")
    at = rng.randrange(len(rows))
    separator = next((each for each in (b"\t", b",", b" ", b";") if each in rows[at]), b",")
    fields = rows[at].split(separator)
    place, way = rng.randrange(len(fields)), rng.randrange(6)
    if way == 0:
        del fields[place]
    elif way == 1:
        fields.insert(place, rng.choice(fields))
    elif way == 2:
        rng.shuffle(fields)
    else:
        fields[place] = rng.choice(CELLS).encode("utf-8", "surrogatepass")
    rows[at] = separator.join(fields)
    return b"\n".join(rows)


# === What is inside ===


def members(content, rng):
    """A zip file whose checksums fit, with one member damaged."""
    found = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    chosen = rng.choice(sorted(parts))
    parts[chosen] = mutated(parts[chosen], rng)[1]
    with zipfile.ZipFile(found, "w", rng.choice((0, 8))) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return found.getvalue()


def chunks(content, rng):
    """A PNG whose checksums fit, with one chunk damaged."""
    parts, at = [], 8
    while at < len(content):
        (size,) = struct.unpack_from(">I", content, at)
        parts.append([content[at + 4 : at + 8], content[at + 8 : at + 8 + size]])
        at += size + 12
    part = rng.choice(parts)
    part[1] = rng.choice((flipped, extreme, truncated, cut_out, inserted))(part[1], rng)
    return content[:8] + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def values(content, rng):
    """A line of JSON with something odd as a value or as an item of one, a key more or one less."""
    rows = content.decode().splitlines()
    at = rng.randrange(len(rows))
    row = json.loads(rows[at])
    key, way = rng.choice(sorted(row)), rng.randrange(8)
    if way == 0:
        del row[key]
    elif way == 1:
        row["more"] = rng.choice(VALUES)
    elif way < 5 and isinstance(row[key], list) and row[key]:
        row[key][rng.randrange(len(row[key]))] = rng.choice(VALUES)
    else:
        row[key] = rng.choice(VALUES)
    rows[at] = json.dumps(row)
    if rng.random() < 0.3:  # in all rows, as of a wrong export
        rows = [json.dumps({**json.loads(each), **row}) for each in rows]
    return "\n".join(rows).encode()


INNER = {b"PK": members, b"\x89PNG": chunks, b'{"': values}
