"""InkML files: the strokes of a pen, and what they say.

Source: Ink Markup Language, W3C Recommendation 20 September 2011, sections 3.1 and 3.2.
"""

from xml.parsers import expat

import numpy as np

from rnnkit.formats import bounds
from rnnkit.utils.messages import shorten

SUFFIX = ".inkml"
MOST_BYTES = 64 * 2**20
# Elements within one another.
MOST_NESTED = 50
# Types of annotations that hold the text, the usual one first.
TRUTHS = ("truth", "label", "transcription", "groundtruth")


def read(path):
    """The strokes and the text of an InkML file.

    Args:
        path: Path of the file.

    Returns:
        The pair of a list of strokes, each float64 `[points, 2]`, x and y, and the text that an
        annotation of type `truth` (or `label`, `transcription`) of the whole ink holds, or None.
        Traces of a lifted pen, and those in `definitions`, are left out.

    Raises:
        ValueError: For a file that is no such XML, or has no traces; the message names the line.
    """
    label = str(path)
    reader = _Reader(label)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, values: reader.start(name, values, parser)
    parser.EndElementHandler = lambda name: reader.end()
    parser.CharacterDataHandler = reader.text
    # No entities, of which a few lines may expand to gigabytes or name other files.
    parser.StartDoctypeDeclHandler = reader.refuse_doctype
    try:
        parser.Parse(bounds.read(path, MOST_BYTES), True)
    except expat.ExpatError as error:
        raise ValueError(f"{label}, line {error.lineno}: no valid XML ({error})") from None
    if not reader.strokes:
        raise ValueError(f"{label} has no traces: expected <trace>x y, x y, ...</trace> in <ink>")
    truth = next((reader.truths[kind] for kind in TRUTHS if kind in reader.truths), None)
    return [_points(text, reader, line) for text, line in reader.strokes], truth


class _Reader:
    """What is found on the way through a file."""

    def __init__(self, label):
        self.label = label
        self.open = []  # names of the elements that are open
        self.strokes = []  # text and line of each trace
        self.truths = {}
        self.channels = None
        self._found = []
        self._parts = None
        self._end = None

    def refuse_doctype(self, *_):
        raise ValueError(
            f"{self.label} has a document type, which is not read: take <!DOCTYPE> out"
        )

    def start(self, name, values, parser):
        name = name.rpartition(" ")[2]
        if len(self.open) >= MOST_NESTED:
            raise ValueError(f"{self.label}: elements in one another, deeper than {MOST_NESTED}")
        if not self.open and name != "ink":
            raise ValueError(
                f"{self.label}: expected <ink> at the top. Received: <{shorten(name)}>"
            )
        self.open.append(name)
        line = parser.CurrentLineNumber
        if name == "traceFormat":
            self._found = []
        elif name == "channel":
            self._found.append(values.get("name"))
        elif name == "trace" and "definitions" not in self.open:
            if values.get("continuation"):
                raise ValueError(f"{self.label}, line {line}: traces in pieces are not read")
            if values.get("type") != "penUp":
                self._parts = []
                self._end = lambda text: self.strokes.append((text, line))
        elif name == "annotation" and len(self.open) == 2:
            kind = str(values.get("type")).lower()
            self._parts = []
            self._end = lambda text: self.truths.setdefault(kind, text.strip())

    def text(self, text):
        if self._parts is not None:
            self._parts.append(text)

    def end(self):
        name = self.open.pop()
        if name == "traceFormat" and self._found:
            if self.channels not in (None, self._found):
                raise ValueError(f"{self.label} has traces of several formats, which are not read")
            self.channels = self._found
        if self._parts is not None and name in ("trace", "annotation"):
            self._end("".join(self._parts))
            self._parts = None


def _points(text, reader, line):
    """The points of a trace, float64 `[points, 2]`."""
    channels = reader.channels or ["X", "Y"]
    where = f"{reader.label}, line {line}"
    if not {"X", "Y"} <= set(channels):
        raise ValueError(f"{where}: expected the channels X and Y. Received: {channels}")
    rows = [row.split() for row in text.strip().strip(",").split(",")]
    wanted = [channels.index("X"), channels.index("Y")]
    try:
        points = np.array([[float(row[index]) for index in wanted] for row in rows])
    except (ValueError, IndexError):
        raise ValueError(
            f"{where}: expected the numbers {' '.join(channels)} of each point, between commas. "
            f"Received: {shorten(text, 80)!r}"
        ) from None
    if not np.isfinite(points).all():
        raise ValueError(f"{where}: expected finite numbers. Received: {shorten(text, 80)!r}")
    return points
