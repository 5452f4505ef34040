"""The recorded journey on the command line: it is that of its script, and all of it is ours."""

import doctest

import pytest

pytest.importorskip("pty")  # not on Windows

from tests.benchmarks import journey  # noqa: E402


def test_the_page_has_the_commands_of_the_script_and_no_line_of_others():
    page = journey.JOURNEY.read_text(encoding="utf-8")
    shown = [line[2:] for line in page.splitlines() if line.startswith("$ ")]
    assert shown == [journey.INSTALL, *journey.COMMANDS, journey.NOTEBOOK]
    assert page.startswith(journey.HEAD)
    foreign = [line for line in page.splitlines() if journey.FOREIGN.search(line)]
    assert not foreign
    assert journey.INSTALL in (journey.ROOT / "README.md").read_text(encoding="utf-8")
    assert str(journey.ROOT) not in page and "/tmp" not in page and "/home" not in page


def test_what_stays_on_a_screen():
    assert not doctest.testmod(journey).failed
    assert journey.screen("one\r\ntwo\r\n\r\n") == ["one", "two"]
    assert journey.screen("\x1b[2Klonger\rshort") == ["shortr"]


@pytest.mark.parametrize(
    "line",
    ["I0000 00:00:1796045335.491129 1750 cudart_stub.cc:31] Could not find cuda drivers",
     "2026-01-01 10:00:00.000000: I tensorflow/core/util/port.cc:153] oneDNN custom operations",
     "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
     "a.py:3: UserWarning: something", "Traceback (most recent call last):"],
    ids=["note", "dated", "absl", "warning", "traceback"],
)  # fmt: skip
def test_lines_of_others_are_known(line):
    assert journey.FOREIGN.search(line)
    assert not journey.FOREIGN.search("rnnkit: note: Split: 48 to train")
