"""The command that comes next: a line after the results, for a person who sees them."""

import inspect
import re
import shlex
import sys

# Options of the data that commands share, by their name in what argparse gives.
DATA = (
    "data", "name", "input", "target", "fold", "group", "series", "future", "static", "holidays",
    "separator", "decimal", "names", "label_separator", "encoding",
)  # fmt: skip


def suggest(command):
    """Prints a command to try where somebody sees it: on a terminal."""
    if command and sys.stdout.isatty():
        print(f"Try: {command}")


def to_infer(recipe, path):
    """The command that tries a saved model, with the input that the recipe's file has for it."""
    module = inspect.getmodule(type(recipe))
    text = (module and module.__doc__) or ""
    found = re.search(r"(?m)^ +rnnkit infer \S+(.*)$", text)
    return f"rnnkit infer {shlex.quote(str(path))}{found[1] if found else ' INPUT'}"


def after_evaluate(options, recipe, model):
    """What to do with a model that was scored: apply it to the same table, or to an example."""
    from rnnkit.formats.tables import is_table

    if options.data is None:
        return to_infer(recipe, options.model)
    if not is_table(options.data):
        return ""
    if "backtest" in dir(model):
        return shlex.join(["rnnkit", "backtest", options.model, options.data])
    given = _given(options, ("input", "separator", "encoding"))
    if options.header is False:
        given.append("--no-header")
    if options.recipe:
        given += ["--recipe", options.recipe]
    words = ["rnnkit", "infer", options.model, options.data, *given, "--out", "predictions.csv"]
    return shlex.join(words)


def after_backtest(options, source, model):
    """Forecasts of what comes after the table."""
    words = ["rnnkit", "infer", options.model, source]
    words += ["--recipe", options.recipe] if options.recipe else []
    words += ["--future", "FILE"] if getattr(model.input_feature, "future", None) else []
    return shlex.join([*words, "--out", "forecasts.csv"])


def after_compare(options, recipe, result):
    """A training of the best of several cells, where the recipe has it."""
    done = [row for row in result.records if row["status"] == "finished"]
    if len(done) < 2 or "cell" not in recipe.options():
        return ""
    best = (max if result.about["direction"] == "max" else min)(done, key=lambda row: row["score"])
    *both_ways, cell = best["cell"].split()
    words = ["rnnkit", "train", options.task, *_given(options, DATA)]
    words += ["--no-header"] if options.header is False else []
    words += ["--skip-unreadable"] if options.skip_unreadable else []
    words += ["--cell", cell]
    counting = recipe.options_that_count({"cell": cell})  # others are of cells that lost
    chosen = [each for each in options.set if each.partition("=")[0].strip() in counting]
    chosen += [] if best["units"] is None else [f"units={best['units']}"]
    chosen += ["bidirectional=True"] if both_ways else []
    for item in dict.fromkeys(chosen):
        words += ["--set", item]
    return shlex.join(words)


def _given(options, names):
    """The options of a call that were given, as they are typed."""
    words = []
    for name in names:
        value = getattr(options, name)
        if value is None or (name, value) == ("encoding", "utf-8"):
            continue
        text = ",".join(value) if isinstance(value, list) else str(value)
        words += [f"--{name.replace('_', '-')}", text]
    return words
