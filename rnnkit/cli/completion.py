"""The command `rnnkit completion`: what a shell needs to complete commands, options and recipes."""

import argparse
import shlex

from rnnkit import registry

SHELLS = ("bash", "zsh", "fish")
HOW = """\
bash: add to ~/.bashrc            eval "$(rnnkit completion bash)"
zsh: add to ~/.zshrc              eval "$(rnnkit completion zsh)"
fish: rnnkit completion fish > ~/.config/fish/completions/rnnkit.fish
"""

BASH = """\
_rnnkit() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} options="" names=""
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{commands}" -- "$current"))
        return
    fi
    case "${{COMP_WORDS[1]}}" in
{cases}
    esac
    if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$current"))
    elif [ "$COMP_CWORD" -eq 2 ] && [ -n "$names" ]; then
        COMPREPLY=($(compgen -W "$names" -- "$current"))
    fi
}}
complete -o default -F _rnnkit rnnkit
"""
ZSH = "autoload -Uz +X compinit bashcompinit && compinit && bashcompinit\n"


def add(command, commands):
    """Adds the command to the parser.

    Args:
        command: Function `(name, run, text, description)` that makes a sub-parser.
        commands: What argparse adds sub-parsers to.
    """

    def run(options):
        print(script(commands, options.shell), end="")

    sub = command("completion", run, "print what your shell needs to complete commands")
    sub.epilog, sub.formatter_class = HOW, argparse.RawDescriptionHelpFormatter
    sub.add_argument("shell", choices=SHELLS, help="bash, zsh or fish")


def script(commands, shell):
    """The script of a shell for commands, argparse's action of the sub-parsers."""
    recipes = [row["name"] for row in registry.table()]
    if shell == "fish":
        return "".join(f"{line}\n" for line in _fish(commands, recipes))
    cases = []
    for name, sub in commands.choices.items():
        values = _values(sub, recipes)
        names = f"; names={shlex.quote(' '.join(values))}" if values else ""
        cases.append(f"        {name}) options={shlex.quote(' '.join(_options(sub)))}{names} ;;")
    bash = BASH.format(commands=" ".join(commands.choices), cases="\n".join(cases))
    return bash if shell == "bash" else ZSH + bash


def _options(parser):
    """The options of a command, long ones."""
    return [text for a in parser._actions for text in a.option_strings if text.startswith("--")]


def _values(parser, recipes):
    """What the first argument of a command may be, where it is one of some names."""
    first = next((action for action in parser._actions if not action.option_strings), None)
    if first is None:
        return []
    return recipes if first.dest == "recipe" else [*(first.choices or ())]


def _fish(commands, recipes):
    yield "complete -c rnnkit -f -n __fish_use_subcommand"
    for action in commands._choices_actions:
        text = shlex.quote(action.help)
        yield f"complete -c rnnkit -n __fish_use_subcommand -a {action.dest} -d {text}"
    for name, sub in commands.choices.items():
        when = f"-n '__fish_seen_subcommand_from {name}'"
        for value in _values(sub, recipes):
            yield f"complete -c rnnkit {when} -a {value}"
        for action in sub._actions:
            long = [text for text in action.option_strings if text.startswith("--")]
            if long:
                takes = "" if action.nargs == 0 else " -r"
                text = shlex.quote(action.help or "")
                yield f"complete -c rnnkit {when} -l {long[0][2:]}{takes} -d {text}"
