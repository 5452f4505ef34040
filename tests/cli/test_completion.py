"""Shells complete commands, recipes and options."""

import shutil
import subprocess

import pytest

from rnnkit.cli.program import main, make_parser

COMPLETE = """
{script}
COMP_WORDS=({words}); COMP_CWORD={position}
_rnnkit
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(script, *words):
    """What bash offers for the last of some words."""
    text = COMPLETE.format(script=script, words=" ".join(words), position=len(words) - 1)
    run = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True)
    return run.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash(capsys):
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    assert completed(script, "rnnkit", "tra") == ["train"]
    assert completed(script, "rnnkit", "train", "se") == ["sentiment"]
    assert completed(script, "rnnkit", "train", "spam", "--ep") == ["--epochs"]
    assert completed(script, "rnnkit", "pre") == ["pretrain"]
    assert completed(script, "rnnkit", "pretrain", "pos") == ["pos_tagging"]
    assert completed(script, "rnnkit", "completion", "z") == ["zsh"]
    assert completed(script, "rnnkit", "infer", "m") == []  # files, by the shell itself


def test_zsh_and_fish(capsys):
    assert main(["completion", "zsh"]) == 0
    script = capsys.readouterr().out
    assert "bashcompinit" in script and script.endswith("complete -o default -F _rnnkit rnnkit\n")
    assert main(["completion", "fish"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("-a train -d 'train a recipe" in line for line in lines)
    assert any("from train' -l epochs -r -d " in line for line in lines)
    assert any("from train' -l resume -d " in line for line in lines)


def test_other_shells(capsys):
    with pytest.raises(SystemExit) as stop:
        make_parser().parse_args(["completion", "csh"])
    assert stop.value.code == 2
    assert "invalid choice: 'csh'" in capsys.readouterr().err
