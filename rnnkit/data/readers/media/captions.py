"""Lists of captions as data sets of pictures have them: those of Flickr and of COCO."""

import re

from rnnkit.formats import compressed, json_rows, pictures
from rnnkit.formats.encodings import decode, is_binary
from rnnkit.formats.tables import SUFFIXES, Table

_ENDINGS = "|".join(map(re.escape, pictures.SUFFIXES))
# A picture, perhaps with the number of the caption; what is between; the caption.
_LINE = re.compile(
    rf"(?P<image>[^\t|]*?(?:{_ENDINGS}))(?:#\d+)?(?P<mark>\t|,|\|(?:\s*\d+\s*\|)?)(?P<text>.*)",
    re.IGNORECASE,
)
HEADER = ("image", "image_name", "filename", "file_name", "file", "path", "picture")
HEAD = 50  # lines


def read(path, request):
    """A list of captions as a `Table` with the columns `image` and `caption`.

    A line has the name of a picture, perhaps with `#` and the number of the caption, then a tab or
    a bar, and the caption; or a comma, if the first line names two columns such as
    `image,caption`, and in the captions commas need no quotes. Such a line is left out. Or it is
    JSON with `images` and `annotations`, as COCO has them.

    Args:
        path: Path of the file.
        request: A `Request`.

    Returns:
        The table; None for other files.

    Raises:
        ValueError: If a line is no caption though those before it are; the message names it.
    """
    suffix = compressed.bare(path).suffix.lower()
    told = request.separator is None and request.header is None and not request.given
    if suffix == ".jsonl" or not told or is_binary(path):
        return None
    text = decode(path, request.encoding).replace("\r\n", "\n")
    if suffix == ".json" or text.lstrip()[:1] == "{":
        return _coco(text, path) if '"annotations"' in text else None
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        return None
    names = re.split(r"[,\t|]", lines[0][1].lower())
    named = names[0].strip() in HEADER
    if named:
        del lines[0]
    found = [_LINE.fullmatch(line) for _, line in lines]
    head = [match for match in found[:HEAD] if match]
    marks = {match["mark"][0] for match in head}
    if len(marks) != 1 or len(head) < 0.8 * min(HEAD, len(found)):
        return None
    if marks == {","} and (not named or len(names) != 2 or any('"' in line for _, line in lines)):
        return None  # csv, which knows quotes
    if marks == {"\t"} and any(line.count("\t") > 1 for _, line in lines):
        return None  # more columns
    for (number, line), match in zip(lines, found, strict=True):
        if not match or match["mark"][0] not in marks:
            raise ValueError(
                f"{path}, line {number}: expected the name of a picture and its caption, as in the "
                f"lines before. Received: {line[:80]!r}"
            )
    columns = {
        "image": [match["image"].strip() for match in found],
        "caption": [match["text"].strip() for match in found],
    }
    return Table(columns, [number for number, _ in lines], str(path))


def in_folder(folder):
    """Text files of a folder that may be lists of captions, where it has no other tables."""
    files = [item for item in sorted(folder.iterdir()) if item.is_file()]
    if any(item.suffix.lower() in SUFFIXES for item in files):
        return []
    return [item for item in files if item.suffix.lower() in (".txt", ".json", ".token")]


def _coco(text, path):
    """Captions of `{"images": [{"id", "file_name"}], "annotations": [{"image_id", "caption"}]}`."""
    value = json_rows.parse(text, str(path))
    parts = [value.get(name) for name in ("images", "annotations")]
    rows = all(isinstance(part, list) and part for part in parts)
    if not rows or not all(isinstance(row, dict) for part in parts for row in part):
        return None
    images, captions = parts
    names = {row.get("id"): row.get("file_name") for row in images}
    for number, row in enumerate(captions, 1):
        if not isinstance(names.get(row.get("image_id")), str) or "caption" not in row:
            raise ValueError(
                f"{path}: annotation {number} must have a caption and an image_id that is the id "
                f"of an image with a file_name. Received: {str(row)[:100]}"
            )
    columns = {
        "image": [names[row["image_id"]] for row in captions],
        "caption": [row["caption"] for row in captions],
    }
    return Table(columns, range(1, len(captions) + 1), str(path), unit="annotation")
