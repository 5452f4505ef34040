"""A first journey on the command line, recorded as text: the commands, and what they print.

    python -m tests.benchmarks.journey [--write]

In an empty folder, on a terminal of 80 columns, TensorFlow saying what it says by default. Prints
what a person sees at the end of each command: of bars that are drawn over and over their last
state. With `--write` that becomes JOURNEY.md in this folder. Ends with status 1 if a command fails
or a line is none of rnnkit's, such as a note of TensorFlow. Linux and macOS.
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

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOURNEY = pathlib.Path(__file__).with_name("JOURNEY.md")
COLUMNS, LINES = 80, 50
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
# What TensorFlow, XLA, absl and Python print of themselves.
FOREIGN = re.compile(
    r"^[IWEF]\d{4} |^\d{4}-\d\d-\d\d \d\d:|^WARNING|Warning: |oneDNN|absl::|cuda|XLA|^Traceback"
)
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def run(command, folder, environment):
    """The status of a command and what is on the screen when it has ended."""
    leader, follower = pty.openpty()
    try:
        import fcntl
        import termios

        size = struct.pack("HHHH", LINES, COLUMNS, 0, 0)
        fcntl.ioctl(follower, termios.TIOCSWINSZ, size)
        words = [sys.executable, "-m", "rnnkit.cli", *shlex.split(command)[1:]]
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


def main():
    """Makes the journey; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write JOURNEY.md")
    options = parser.parse_args()
    page, faults = [HEAD], []
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place).resolve() / "work"
        folder.mkdir()
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("TF_")
        }
        environment |= {
            "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": str(COLUMNS),
            "TFDS_DATA_DIR": str(folder.parent / "data"),
        }  # fmt: skip
        for number, command in enumerate(COMMANDS):
            status, lines = run(command, folder, environment)
            wanted = 2 if number >= len(COMMANDS) - WRONG else 0
            if status != wanted:
                faults.append(f"{command}: status {status}")
            faults += [f"{command}: {line}" for line in lines if FOREIGN.search(line)]
            text = "\n".join([f"$ {command}", *lines])
            for path, word in ((folder, "."), (folder.parent, ".."), (ROOT, "rnnkit")):
                text = text.replace(str(path), word)
            print(text, end="\n\n", flush=True)
            page.append(f"```text\n{text}\n```\n")
    for fault in faults:
        print(f"not as it should be: {fault}", file=sys.stderr)
    if options.write:
        JOURNEY.write_text("\n".join(page), encoding="utf-8")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
