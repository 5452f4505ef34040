"""What `--help` shows, and what is refused before TensorFlow is imported."""

import shlex
import subprocess
import sys

import pytest

from rnnkit.cli import comparing, learning, make_parser
from rnnkit.cli.program import EXAMPLES

COMMANDS = next(a for a in make_parser()._actions if a.dest == "command").choices


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"completion"}))
def test_every_command_has_examples_that_can_be_read(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = COMMANDS[name].format_help()
    assert all(len(line) <= 80 for line in shown.splitlines())
    examples = shown.split(EXAMPLES)[1].strip().splitlines()
    for example in examples:
        program, *words = shlex.split(example.split(" < ")[0])
        assert program == "rnnkit" and words[0] == name
        options, more = make_parser().parse_known_args(words)
        assert options.command == name
        assert not more or "inputs" in options  # inputs may stand after options


def test_names_that_are_written_twice_are_the_same():
    from rnnkit.comparison import tasks
    from rnnkit.tuning.run import TUNERS

    assert comparing.TASKS == tuple(tasks.names())
    assert learning.TUNERS == TUNERS


WRONG = {
    "train nosuch": "There is no recipe 'nosuch'",
    "train spam --set nosuch=1": "has no option 'nosuch'",
    "train spam --out m": "--out must end in '.keras'",
    "train spam --base none.keras": "There is no file 'none.keras'",
    "train spam --data none.csv": "There is no file or folder 'none.csv'",
    "tune spam --tuner nosuch": "--tuner must be one of",
    "pretrain spam m.csv": "The recipe 'spam' cannot be pretrained: its network has no recurrent",
    "pretrain fraud_detection m.csv": "cannot be pretrained: it reads no texts",
    "pretrain sentiment none.txt": "There is no file 'none.txt': TEXTS is a text file or a table",
    "pretrain sentiment m.csv --out m": "--out must end in '.keras'",
    "pretrain sentiment m.csv --epochs 0": "--epochs must be at least 1",
    "evaluate none.keras": "There is no file 'none.keras'",
    "evaluate m.keras --recipe nosuch": "There is no recipe 'nosuch'",
    "evaluate m.keras --data none.csv": "There is no file or folder 'none.csv'",
    "infer none.keras hello": "There is no file 'none.keras'",
    "infer m.keras --recipe nosuch hello": "There is no recipe 'nosuch'",
    "backtest none.keras m.csv": "There is no file 'none.keras'",
    "backtest m.keras none.csv": "There is no file or folder 'none.csv'",
    "compare parrity": "neither a memory task nor a recipe 'parrity'. Did you mean 'parity'",
    "compare spam --data none.csv": "There is no file or folder 'none.csv'",
    "show nosuch": "There is no recipe 'nosuch'",
}


def test_wrong_names_are_refused_before_tensorflow_is_imported(tmp_path):
    script = (
        "import shlex, sys\n"
        "from rnnkit.cli import main\n"
        f"for call in {list(WRONG)!r}:\n"
        "    try:\n"
        "        status = main(shlex.split(call))\n"
        "    except SystemExit as end:\n"
        "        status = end.code\n"
        "    heavy = {'tensorflow', 'keras'} & set(sys.modules)\n"
        "    print(f'{call}|{status}|{sorted(heavy)}', file=sys.stderr)\n"
    )
    for name in ("m.keras", "m.csv"):
        (tmp_path / name).touch()
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    parts = iter(done.stderr.splitlines())
    for call, said in WRONG.items():
        lines = []
        for line in parts:
            if line.startswith(f"{call}|"):
                break
            lines.append(line)
        assert line == f"{call}|2|[]" and said in lines[-1], (call, lines, line)


def test_what_may_be_there_is_looked_for(tmp_path, monkeypatch):
    from rnnkit.cli.arguments import check_source

    monkeypatch.chdir(tmp_path)
    for name in ("data.v2.train.csv", "b.csv"):
        (tmp_path / name).touch()
    for source in (None, "b.csv", "data.v2", "mnist:3.0.1", "a.en,a.fr", "*.csv", "sms_spam", "."):
        check_source(source)
