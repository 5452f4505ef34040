"""The ledger: figures that the benchmark scripts write into RESULTS.md themselves.

Every script has `--record`. With it each figure becomes a row between the marks of RESULTS.md:
figure, what was measured, bound, whether it is met, command, commit, date, machine in words. A row
of the same figure and command is replaced; all other text stays as it is.

    parser = ledger.parser(__doc__)
    options = parser.parse_args()
    book = ledger.Book(options.record)
    shown = book.add("NARMA-10, 100 units", median, scores, form=".4f", at_most=0.105)
"""

import argparse
import datetime
import os
import pathlib
import re
import shlex
import subprocess
import sys

from rnnkit.utils.writing import atomically

RESULTS = pathlib.Path(__file__).with_name("RESULTS.md")
BEGIN, END = "<!-- ledger -->", "<!-- end of ledger -->"
COLUMNS = ("figure", "measured", "bound", "met", "command", "commit", "date", "machine")


def parser(description):
    """An argument parser of a script, with `--record`.

    Args:
        description: The script's docstring; its first line is shown by `--help`.
    """
    made = argparse.ArgumentParser(description=description.splitlines()[0])
    made.add_argument("--record", action="store_true", help="write the figures into RESULTS.md")
    return made


class Book:
    """Takes the figures of a script, and writes them where that is asked for.

    Each is written when it comes, so that what a long run has measured stays if it is stopped.

    Args:
        record: Whether they are written; otherwise they are only shown.
        path: The file with the marks.
    """

    def __init__(self, record, path=RESULTS):
        self.record, self.path = record, pathlib.Path(path)
        if record:
            _parts(self.path)  # rather now than after an hour
            # What runs is what the files were when it began.
            self.commit, self.command = commit(self.path), command(sys.argv)

    def add(self, figure, value, spread=(), *, form=".4g", unit="", at_least=None, at_most=None):
        """Adds a figure.

        Args:
            figure: What was measured, and of what: with the command it names the row.
            value: The number that counts, such as a median over seeds.
            spread: The numbers that `value` sums up; the least and the greatest are shown.
            form: How numbers are shown, a format specification.
            unit: What the numbers are in, such as `"GB"`.
            at_least: The bound of a figure that is to be high.
            at_most: The bound of a figure that is to be low. One of the two, or neither.

        Returns:
            What was measured, as text.
        """
        if at_least is not None and at_most is not None:
            raise ValueError(
                "A figure has one bound. "
                f"Received: figure={figure!r}, at_least={at_least}, at_most={at_most}"
            )
        shown = f"{value:{form}}"
        if len(spread) > 1:
            shown += f" ({min(spread):{form}} to {max(spread):{form}})"
        shown += f" {unit}" if unit else ""
        if self.record:
            bound = met = ""
            if at_least is not None:
                bound, met = f"at least {at_least:g}", "yes" if value >= at_least else "no"
            elif at_most is not None:
                bound, met = f"at most {at_most:g}", "yes" if value <= at_most else "no"
            today = datetime.date.today().isoformat()
            ran = f"`{self.command}`"
            write(self.path, (figure, shown, bound, met, ran, self.commit, today, machine()))
        return shown


# === The file ===


def write(path, row):
    """Writes a row, in the place of that of the same figure and command if there is one.

    Raises:
        ValueError: If the file has not both marks, once and in order.
    """
    before, rows, after = _parts(path)
    row = [re.sub(r"\s+", " ", str(cell)).replace("|", r"\|").strip() for cell in row]
    keys = [_key(each) for each in rows]
    if _key(row) in keys:
        rows[keys.index(_key(row))] = row
    else:
        rows.append(row)
    table = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    lines = "".join(f"| {' | '.join(cells)} |\n" for cells in table)
    with atomically(path) as temporary:
        text = f"{before}{BEGIN}\n\n{lines}\n{END}{after}"
        pathlib.Path(temporary).write_text(text, encoding="utf-8", newline="\n")


def read(path=RESULTS):
    """The rows of the ledger, a dict each of column to text."""
    return [dict(zip(COLUMNS, row, strict=True)) for row in _parts(path)[1]]


def _key(row):
    return row[COLUMNS.index("figure")], row[COLUMNS.index("command")]


def _parts(path):
    """The text before the marks, the rows between them as lists of cells, and the text after."""
    text = pathlib.Path(path).read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(
            f"The ledger stands between one line {BEGIN} and one line {END}. "
            f"Received: {pathlib.Path(path).name} with {text.count(BEGIN)} and {text.count(END)}"
        )
    before, rest = text.split(BEGIN)
    inner, after = rest.split(END)
    found = []
    for line in inner.split("\n"):
        if line.startswith("|"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if len(cells) != len(COLUMNS):
                raise ValueError(
                    f"A row of the ledger has {len(COLUMNS)} cells. Received: {line!r}"
                )
            found.append(cells)
    return before, found[2:], after  # without the head and the line under it


# === Where a figure comes from ===


def command(arguments):
    """The command as a user would type it: without `--record`, and files by their last name.

    Args:
        arguments: As `sys.argv`.
    """
    name = pathlib.Path(arguments[0]).stem
    given = [_last_name(each) for each in arguments[1:] if each != "--record"]
    return shlex.join(["python", "-m", f"tests.benchmarks.{name}", *given])


def _last_name(argument):
    option, equals, value = argument.rpartition("=")
    is_path = value.startswith((os.sep, ".", "~")) or os.path.exists(value)
    name = os.path.basename(os.path.normpath(value)) if is_path and value else value
    return f"{option}{equals}{name}"


def commit(path=RESULTS):
    """The commit in short, with "+" where files were changed since; the ledger does not count."""
    root = pathlib.Path(__file__).parents[2]
    try:
        short = _git(root, "rev-parse", "--short", "HEAD").strip()
        lines = _git(root, "status", "--porcelain", "--untracked-files=all").splitlines()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    own = os.path.relpath(path, root).replace(os.sep, "/")
    changed = [
        line for line in lines
        if line[3:] != own and (not line.startswith("??") or line.endswith(".py"))
    ]  # fmt: skip
    return short + "+" * bool(changed)


def _git(root, *arguments):
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def machine():
    """This machine in words: cores that may be used, memory, GPU."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    words = [f"{cores} core{'s' * (cores != 1)}"]
    if hasattr(os, "sysconf"):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        words.append(f"{memory / 2**30:.0f} GB")
    return ", ".join([*words, _gpu()])


def _gpu():
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    if not found:
        return "no GPU"
    name = tf.config.experimental.get_device_details(found[0]).get("device_name", "GPU")
    return name if len(found) == 1 else f"{len(found)} × {name}"
