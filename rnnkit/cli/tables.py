"""Tables that `rnnkit infer` reads, and those that it writes: the same rows with predictions."""

import csv
import json
import os

from rnnkit.cli.arguments import column
from rnnkit.utils.messages import listed
from rnnkit.utils.writing import atomically

ENDINGS = {".csv": ",", ".tsv": "\t", ".jsonl": None}
CHUNK = 1024  # rows inferred at a time


def add(parser):
    """Adds the arguments of tables."""
    parser.add_argument(
        "--input", type=column, metavar="COLUMN",
        help="column of the inputs: the one file given is a table (default: the recipe's own)",
    )  # fmt: skip
    parser.add_argument(
        "--out", metavar="FILE",
        help="write a table (csv, tsv or jsonl): all columns of the one given, and the prediction",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace an existing FILE")
    parser.add_argument("--separator", metavar="CHARACTER", help="what is between columns of csv")
    parser.add_argument(
        "--no-header", action="store_const", const=False, dest="header", help="no row of names"
    )


def is_wanted(options):
    """Whether what is given is read as a table, and not as an input.

    Raises:
        ValueError: If it may be either, or a table is wanted and there are several.
    """
    from rnnkit.formats.tables import is_table

    tables = [each for each in options.inputs if is_table(each)]
    if options.input is not None or (options.out is not None and tables):
        if len(options.inputs) != 1 or not tables:
            raise ValueError(
                "Of tables one is read at a time, a csv, tsv, json or jsonl file. Received: "
                f"{listed(options.inputs) or 'no file'}"
            )
        return True
    return False


def refuse_names_of_tables(feature, inputs):
    """Raises a ValueError where an input for a feature of texts is the name of a table.

    It may be the table that is meant, or the text.
    """
    from rnnkit.features import Audio, Events, Image, Video
    from rnnkit.formats.tables import is_table

    if isinstance(feature, (Audio, Events, Image, Video)):  # which read files
        return
    for each in inputs:
        if is_table(each) and os.path.isfile(each):
            raise ValueError(
                f"{each!r} is a file: for a prediction of each of its rows add --input COLUMN or "
                "--out predictions.csv; for the text itself, give it on standard input"
            )


def check_out(options):
    """Raises a ValueError unless `--out` can be written; before any work is done."""
    path = options.out
    if path is None:
        return
    if os.path.splitext(path)[1].lower() not in ENDINGS:
        raise ValueError(f"--out must end in .csv, .tsv or .jsonl. Received: {path!r}")
    for each in options.inputs:
        if os.path.exists(path) and os.path.exists(each) and os.path.samefile(path, each):
            raise ValueError(f"--out is the file that is read, {path!r}: give it another name")
    if os.path.exists(path) and not options.overwrite:
        raise ValueError(f"{path} exists: pass --overwrite to replace it, or another name")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise ValueError(f"--out: the folder {folder} does not exist or cannot be written")


# === Reading ===


class Rows:
    """The inputs in the rows of a table.

    Args:
        table: A `rnnkit.formats.tables.Table`.
        name: The column of the inputs.
        feature: The input feature of a model.

    Attributes:
        columns: Dict of name to cells: the table as it is.
        values: Raw inputs: one for each row, or for each sentence of a table with a word a row.
        rows: For each input the rows that it is made of.
        word_rows: Whether a row is a word.
    """

    def __init__(self, table, columns, name, feature):
        from rnnkit.features import Audio, Image, Video, Words

        self.table, self.columns, self.feature = table, columns, feature
        self.folder = os.path.dirname(table.source)
        self.named = isinstance(feature, (Audio, Image, Video))
        cells = table.columns[name]
        self.rows, self.word_rows = [[row] for row in range(table.size)], False
        if isinstance(feature, Words):
            cells = self._sentences(name)
        self.values = [
            self._value(row, name, cell) for (row, *_), cell in zip(self.rows, cells, strict=True)
        ]

    def _sentences(self, name):
        """Cells of sentences; those of a table with a word a row are lists of words."""
        from rnnkit.data.readers.sequences.word_rows import gathered

        found = gathered(self.table, name, name)
        if found is self.table:
            return found.columns[name]
        cells, row = found.columns[name], 0
        self.rows, self.word_rows = [], True
        for words in cells:
            self.rows.append(list(range(row, row + len(words))))
            row += len(words)
        return cells

    def _value(self, row, name, cell):
        from rnnkit.formats.bounds import inside
        from rnnkit.formats.cells import missing

        if missing(cell) or (self.named and not str(cell).strip()):
            raise ValueError(f"{self.table.where(row)}: the column {name!r} holds no input")
        if not self.named or not isinstance(cell, str):
            return cell if isinstance(cell, (list, dict)) else str(cell)
        try:
            return inside(self.folder, cell)
        except ValueError as error:
            raise ValueError(f"{self.table.where(row)}: {error}") from None

    def infer(self, model, options):
        """The results of `model.infer`, one for each input."""
        results = []
        for start in range(0, len(self.values), CHUNK):
            values = self.values[start : start + CHUNK]
            try:
                results += model.infer(each_alone(self.feature, values), **options)
            except ValueError:
                self._tell(start, values)
                raise
        return results

    def _tell(self, start, values):
        """Raises a ValueError that names the first row that cannot be read, if there is one."""
        for index, value in enumerate(values, start):
            try:
                raw = self.feature.to_tensor(each_alone(self.feature, [value]))
                self.feature.check(raw, self.feature.encode(raw))
            except ValueError as error:
                raise ValueError(f"{self.table.where(self.rows[index][0])}: {error}") from None


def each_alone(feature, values):
    """Inputs of which none can be taken for a word of another: texts of `Words` as lists."""
    from rnnkit.features import Words

    if not isinstance(feature, Words):
        return values
    return [feature.raw([each])[0] if isinstance(each, (str, bytes)) else each for each in values]


def read(options, recipe, feature):
    """The table of a call as `Rows`.

    Args:
        options: The options of the call.
        recipe: The recipe that names the columns, or None.
        feature: The input feature of the model.
    """
    (path,) = options.inputs
    table = table_of(path, options, recipe)
    names = () if recipe is None else recipe.columns["input"] or recipe.columns["target"]
    columns = dict(table.columns)
    return Rows(table, columns, table.match("input", names, options.input), feature)


def table_of(path, options, recipe):
    """A file as a `rnnkit.formats.tables.Table`, as the call says; see `read`."""
    from rnnkit.data.readers.request import Request
    from rnnkit.formats.tables import read_table

    if recipe is None:
        header = True if options.header is None else options.header
        return read_table(path, options.encoding, header, options.separator)
    given = {} if options.input is None else {"input": options.input}
    request = Request(
        recipe, given=given, encoding=options.encoding, header=options.header,
        separator=options.separator,
    )  # fmt: skip
    return request.table(path)


# === Writing ===


def predictions(results, word_rows=False):
    """What is added to a table: dict of the name of a column to its cells.

    Args:
        results: What `model.infer` gives.
        word_rows: Whether a row is a word of a sentence.
    """
    added = {}
    for result in results:
        cells = _cells(result, word_rows)
        for name, values in cells.items():
            added.setdefault(name, []).extend(values)
    return added


def _cells(result, word_rows):
    """The columns that a result gives."""
    from rnnkit.features.tagged import Tagged
    from rnnkit.features.targets import Predicted

    if isinstance(result, Predicted):
        chances = result.get("probabilities", {})
        cells = {}
        for name in [name for name in result if name != "probabilities"]:
            cells[f"{name}_prediction"] = [result[name]]
            if name in chances:
                cells[f"{name}_probability"] = [chances[name].get(str(result[name]))]
        return cells
    if isinstance(result, Tagged) and word_rows:
        return {"prediction": [tag for _, tag in result]}
    if isinstance(result, Tagged):
        words, tags = ([pair[part] for pair in result] for part in (0, 1))
        return {"prediction": [" ".join(tags)], "words": [" ".join(words)]}
    if isinstance(result, dict) and "label" in result:
        return {"prediction": [result["label"]], "probability": [result["probability"]]}
    if isinstance(result, dict) and "labels" in result:
        return {"prediction": [result["labels"]]}
    if isinstance(result, str):
        return {"prediction": [str(result)]}
    if isinstance(result, list) and result and isinstance(result[0], dict):
        raise ValueError("--out holds one prediction a row: leave n_best out")
    return {"prediction": [result]}


def forecasts(results):
    """Forecasts as the columns of a table: a row a lead, of several files or series with names.

    Args:
        results: List of pairs of a file's name and what `model.infer` gives for it.
    """
    columns = {}

    def add(name, values, count):
        filled = columns.setdefault(name, [])
        filled += [None] * (count - len(filled)) + list(values)

    count = 0
    for path, result in results:
        leads = result.get("forecast", result.get("value"))
        size = len(leads) if isinstance(leads, list) else 1
        if len({path for path, _ in results}) > 1:
            add("input", [path] * size, count)
        if "series" in result:
            add("series", [result["series"]] * size, count)
        add("lead", range(1, size + 1), count)
        quantiles = result.get("quantiles", {})
        result = {name: values for name, values in result.items() if name != "quantiles"}
        result |= {f"quantile_{each:g}": values for each, values in quantiles.items()}
        for name, values in result.items():
            values = values if isinstance(values, list) else [values]
            if name == "series":
                continue
            if len(values) == size and isinstance(values[0], dict):  # of several columns
                for key in values[0]:
                    add(f"{key}_{name}", [each[key] for each in values], count)
            elif len(values) == size:
                add(name, values, count)
        count += size
    for name in columns:
        add(name, [], count)
    return columns


def write(path, columns, added):
    """Writes a table whole or not at all.

    Args:
        path: Where to, which ends in `.csv`, `.tsv` or `.jsonl`.
        columns: Dict of name to cells.
        added: Likewise, what is added to them.

    Raises:
        ValueError: For columns that there are already, and cells that a tsv file cannot hold.
    """
    taken = [name for name in added if name in map(str, columns)]
    if taken:
        raise ValueError(
            f"The table has a column {taken[0]!r} already: rename it, as the predictions get that "
            f"name. Columns found: {listed(list(columns))}"
        )
    columns = {**columns, **added}
    separator = ENDINGS[os.path.splitext(path)[1].lower()]
    with atomically(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        if separator is None:
            for cells in zip(*columns.values(), strict=True):
                row = dict(zip(map(str, columns), cells, strict=True))
                file.write(json.dumps(row, ensure_ascii=False, default=_plain) + "\n")
            return
        writer = csv.writer(file, delimiter=separator, lineterminator="\n")
        writer.writerow(columns)
        for number, cells in enumerate(zip(*columns.values(), strict=True), 1):
            cells = [_text(each) for each in cells]
            if separator == "\t" and any(set(each) & {"\t", "\n", "\r"} for each in cells):
                raise ValueError(
                    f"--out: row {number} holds a tab or a line break, which a tsv file cannot "
                    "hold: write .csv or .jsonl"
                )
            writer.writerow(cells)


def _plain(value):
    return value.tolist()  # of NumPy


def _text(value):
    """A cell as text."""
    if value is None:
        return ""
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return str(value)
