"""A first journey, recorded as text: the installation, commands, a notebook, and what they print.

    python -m tests.benchmarks.journey --write
    python -m tests.benchmarks.journey --installed

The last commit is installed as the README says, in a clone with a new environment, which takes some
minutes; with `--installed` the packages of this Python are used instead. The commands run in an
empty folder, on a terminal of 80 columns, TensorFlow saying what it says by default, the notebook
in the Jupyter of this Python. Prints what a person sees at the end of each: of bars that are drawn
over and over their last state. With `--write` that becomes JOURNEY.md in this folder. Ends with
status 1 if one fails or a line is none of rnnkit's, such as a note of TensorFlow. Linux and macOS.
"""

import argparse
import os
import pathlib
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOURNEY = pathlib.Path(__file__).with_name("JOURNEY.md")
COLUMNS, LINES = 80, 50
INSTALL = "python3 -m venv .venv && .venv/bin/pip install --quiet ."
NOTEBOOK = "jupyter execute notebooks/start.ipynb"
COMMANDS = (
    "rnnkit list",
    "rnnkit show spam",
    "rnnkit train spam --seed 1 --epochs 2 --out m.keras",
    'rnnkit infer m.keras "You have WON! Text CLAIM to 80808"',
    "rnnkit evaluate m.keras",
    "rnnkit tune spam --seed 1 --max-trials 2 --epochs 1 --out best.keras",
    "rnnkit evaluate best.keras",
    "rnnkit train spma",
    "rnnkit infer n.keras hello",
)
# Those that are wrong on purpose.
WRONG = 2
HEAD = """\
# A first journey

Written by `python -m tests.benchmarks.journey --write`: what somebody sees who has just installed
rnnkit, on a terminal of 80 columns. Longer lines are wrapped there. Seconds are of a machine that
had other work.
"""
# What pip says of the place that it has packages from, which is this machine's.
PLACES = re.compile(r"^WARNING: Location .* is ignored|^Looking in |^\[notice\]")
# What TensorFlow, XLA, absl and Python print of themselves.
FOREIGN = re.compile(
    r"^[IWEF]\d{4} |^\d{4}-\d\d-\d\d \d\d:|^WARNING|Warning: |oneDNN|absl::|cuda|XLA|^Traceback"
)
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def run(words, folder, environment):
    """The status of a program, called as `words`, and what is on the screen when it has ended."""
    leader, follower = pty.openpty()
    try:
        import fcntl
        import termios

        size = struct.pack("HHHH", LINES, COLUMNS, 0, 0)
        fcntl.ioctl(follower, termios.TIOCSWINSZ, size)
        process = subprocess.Popen(
            words, cwd=folder, env=environment, stdin=follower, stdout=follower, stderr=follower
        )
    finally:
        os.close(follower)
    parts = []
    while True:
        try:
            part = os.read(leader, 2**16)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        parts.append(part)
    os.close(leader)
    return process.wait(), screen(b"".join(parts).decode("utf-8", "replace"))


def screen(text):
    """The lines that stay of what a program wrote to a terminal.

    Example:

    >>> screen("1/2\\r2/2\\nab\\b\\bcd\\x1b[1m!\\n")
    ['2/2', 'cd!']
    """
    lines = []
    for line in ANSI.sub("", text).split("\n"):
        cells, at = [], 0
        for character in line:
            if character == "\r":
                at = 0
            elif character == "\b":
                at = max(at - 1, 0)
            else:
                cells[at : at + 1] = [character]
                at += 1
        lines.append("".join(cells).rstrip())
    while lines and not lines[-1]:
        lines.pop()
    return lines


def notebook(path, folder, environment):
    """What a notebook prints: the first line of each cell of code, and its outputs as text."""
    book = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(folder)}}
    client = NotebookClient(book, timeout=1200, kernel_name="python3", resources=place)
    client.execute(env=environment)
    lines = []
    for cell in book.cells:
        if cell.cell_type == "code":
            first, *more = cell.source.splitlines()
            lines.append(f"[{cell.execution_count}] {first}{' ...' if more else ''}")
            for output in cell.outputs:
                shown = printed(output).rstrip("\n").split("\n")
                if output.get("name") == "stderr" and any(map(FOREIGN.search, shown)):
                    shown = ["(notes of TensorFlow)"]  # which a notebook shows, unlike a command
                lines += shown if lines[-1:] != shown else []
    return lines


def printed(output):
    """An output of a notebook as text.

    Example:

    >>> printed({"data": {"text/plain": "<Figure size 600x360 with 1 Axes>", "image/png": ""}})
    '(a picture)'
    """
    if "text" in output:
        return output["text"]
    data = output["data"]
    if "image/png" in data:
        return "(a picture)"
    return data.get("text/markdown", data.get("text/plain", ""))


def main():
    """Makes the journey; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write JOURNEY.md")
    parser.add_argument("--installed", action="store_true", help="use what this Python has")
    options = parser.parse_args()
    if options.write and options.installed:
        parser.error("--write needs the installation: leave out --installed")
    page, faults = [HEAD], []
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place).resolve()
        folder, beside, clone = (place / name for name in ("work", "notebook", "rnnkit"))
        folder.mkdir()
        beside.mkdir()  # where its search is none of the command line
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("TF_")
        }
        environment |= {
            "TERM": "xterm",
            "COLUMNS": str(COLUMNS),
            "TFDS_DATA_DIR": str(folder.parent / "data"),
        }
        here = {**environment, "PYTHONPATH": str(ROOT)}
        environment.pop("PYTHONPATH", None)

        def tell(command, status, lines, wanted=0):
            if status != wanted:
                faults.append(f"{command}: status {status}")
            lines = [line for line in lines if not PLACES.search(line)]
            faults.extend(f"{command}: {line}" for line in lines if FOREIGN.search(line))
            text = "\n".join([f"$ {command}", *lines])
            for path, word in ((folder, "."), (beside, "."), (place, ".."), (ROOT, "rnnkit")):
                text = text.replace(str(path), word)
            print(text, end="\n\n", flush=True)
            fence = "````" if "```" in text else "```"
            page.append(f"{fence}text\n{text}\n{fence}\n")

        program = [str(clone / ".venv" / "bin" / "rnnkit")]
        if options.installed:
            program, environment = [sys.executable, "-m", "rnnkit.cli"], here
        else:
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
            tell(INSTALL, *run(["bash", "-c", INSTALL], clone, environment))
        for number, command in enumerate(COMMANDS):
            wanted = 2 if number >= len(COMMANDS) - WRONG else 0
            words = [*program, *shlex.split(command)[1:]]
            tell(command, *run(words, folder, environment), wanted)
        try:
            lines = notebook(ROOT / "notebooks" / "start.ipynb", beside, here)
        except CellExecutionError as error:
            faults.append(f"{NOTEBOOK}: {error}")
            lines = []
        tell(NOTEBOOK, 0, lines)
    for fault in faults:
        print(f"not as it should be: {fault}", file=sys.stderr)
    if options.write:
        JOURNEY.write_text("\n".join(page), encoding="utf-8")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
