"""The commands `rnnkit list`, `show` and `copy`: what recipes there are."""

import json
import pathlib
import shlex
import shutil
import sys

from rnnkit import registry
from rnnkit.cli.arguments import add_json, add_recipe
from rnnkit.cli.output import console, print_table
from rnnkit.utils import small_data


def add(command):
    """Adds the commands to the parser.

    Args:
        command: Function `(name, run, text, description, examples)` that makes a sub-parser.
    """
    add_json(command("list", run_list, "list the recipes", examples=["list", "list --json"]))

    sub = command(
        "show",
        run_show,
        "show a recipe: its options, data and search space",
        examples=["show sentiment", "show mine.py"],
    )
    add_recipe(sub)
    add_json(sub)

    sub = command(
        "copy",
        run_copy,
        "copy a recipe's file, to change it",
        examples=["copy sentiment mine.py"],
    )
    add_recipe(sub)
    sub.add_argument("path", nargs="?", help="where to (default: RECIPE.py)")


def run_list(options):
    table = registry.table()
    if options.json:
        print(json.dumps(table, ensure_ascii=False))
    else:
        print_table(table)
        if sys.stdout.isatty():
            print("Try: rnnkit show sentiment")


def run_show(options):
    recipe = registry.get(options.recipe)
    described, search = recipe.describe_options(), recipe.describe_search()
    about = {
        **recipe.describe(),
        "columns": {role: list(names) for role, names in recipe.columns.items()},
        "options": {name: option.default for name, option in described.items()},
        "meaning": {
            name: {"type": option.type, "allowed": option.allowed, "text": option.full_text}
            for name, option in described.items()
        },
        "training": recipe.training,
        "small": recipe.small,
        "search_space": search,
        "scores": list(recipe.scores),
        "file": recipe.source_file(),
    }
    if options.json:
        print(json.dumps(about, ensure_ascii=False))
        return
    from rich.markdown import Markdown
    from rich.table import Table
    from rich.text import Text

    out, person = console(), sys.stdout.isatty()
    out.print(f"[bold]{recipe.name}[/]: {recipe.title}")
    out.print(f"{about['pattern']}, {recipe.input} → {recipe.output}, cell {recipe.cell}")
    columns = [", ".join(names) for names in (recipe.columns["input"], recipe.columns["target"])]
    out.print(f"Columns: {' → '.join(filter(None, columns))}", soft_wrap=True)
    out.print(f"Scores: {', '.join(recipe.scores)}   File: {about['file']}", soft_wrap=True)
    title = "Options (--set OPTION=VALUE)"
    table = Table(title=title) if person else Table(box=None, pad_edge=False)
    for column in ("option", "default", "meaning"):
        table.add_column(column, no_wrap=column == "option", overflow="fold")
    for name, option in described.items():
        values = f"{option.values}; tune: {search[name]}" if name in search else option.values
        meaning = Text.assemble(f"{option.sentence}\n".lstrip(), (values, "italic"))
        table.add_row(name, Text(str(option.default)), meaning)
    table.add_section()
    for name, value in recipe.training.items():
        meaning = f"tune: {search[name]}" if name in search else ""
        table.add_row(f"training: {name}", str(value), meaning)
    for name, value in recipe.small.items():
        meaning = f"in place of the default, with fewer than {small_data.SMALL} examples"
        table.add_row(f"small data: {name}", str(value), meaning)
    if person:
        out.print(table)
        out.print(Markdown(recipe.dataset_card()))
        out.print(f"Try: rnnkit train {shlex.quote(options.recipe)}", soft_wrap=True, markup=False)
        return
    with out.capture() as lines:
        out.print(table)
    rows = (line.rstrip() for line in lines.get().splitlines())
    print("", title, *rows, "", recipe.dataset_card(), sep="\n")


def run_copy(options):
    recipe = registry.get(options.recipe)
    path = pathlib.Path(options.path or f"{recipe.name}.py")
    if path.is_dir():
        path = path / f"{recipe.name}.py"
    if path.suffix != ".py":
        raise ValueError(f"The copy must end in '.py'. Received: {str(path)!r}")
    if path.exists():
        raise ValueError(f"{path} exists: name another file")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"The folder {path.parent} does not exist")
    shutil.copyfile(recipe.source_file(), path)
    print(f"Copied to {path}. Change it, then: rnnkit train {path}")
