"""The command line: `rnnkit list | show | train | evaluate | infer | tune | compare | copy`.

Nothing here imports TensorFlow before a command needs it, so that help and lists answer at once.
"""

import argparse
import inspect
import json
import os
import pathlib
import shutil
import sys
import time
import warnings

import rnnkit
from rnnkit import registry
from rnnkit.cli import comparing
from rnnkit.cli.arguments import (
    accepted,
    add_data,
    add_decoding,
    add_json,
    add_options,
    add_out,
    add_recipe,
    check_positive,
    data_arguments,
    out_path,
    recipe_options,
)
from rnnkit.cli.output import line_of, print_table, start_tensorflow, stdout_kept_for, verbosity

INTERRUPTED = 130  # what shells report for Ctrl-C
CHUNK = 256  # texts inferred at a time from standard input


def main(arguments=None):
    """Runs the command line; returns the exit status.

    Args:
        arguments: List of strings; by default those of the process.

    Returns:
        0 if all went well, 2 for a wrong call or bad data, 130 after Ctrl-C.
    """
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _show_warning
            return options.run(options) or 0
    except KeyboardInterrupt:
        print("rnnkit: stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        sys.stdout = open(os.devnull, "w")
        return 0
    except (ValueError, TypeError, ImportError, OSError) as error:
        if os.environ.get("RNNKIT_TRACEBACK"):
            raise
        print(f"rnnkit: error: {_plain(error)}", file=sys.stderr)
        return 2


def _show_warning(message, category, filename, line, file=None, text=None):
    """Prints a warning as a note, without the place in the code that means nothing here."""
    print(f"rnnkit: note: {message}", file=sys.stderr)


def _plain(error):
    text = " ".join(str(error).split()) or type(error).__name__
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"


# === Arguments ===


def make_parser():
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="rnnkit",
        description="Recipes for recurrent networks: train, evaluate, tune, compare and use them.",
        epilog="Set RNNKIT_TRACEBACK=1 to see where in the code an error arose.",
    )
    parser.add_argument("--version", action="version", version=f"rnnkit {rnnkit.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, run, text, description=None):
        sub = commands.add_parser(name, help=text, description=description or text)
        sub.set_defaults(run=run)
        return sub

    sub = command("list", run_list, "list the recipes")
    add_json(sub)

    sub = command("show", run_show, "show a recipe: its options, data and search space")
    sub.add_argument("recipe", help="name of a recipe, or a .py file that defines one")
    add_json(sub)

    sub = command("train", run_train, "train a recipe and save the best model")
    add_recipe(sub)
    add_data(sub)
    add_options(sub)
    sub.add_argument("--epochs", type=int, metavar="N", help="passes over the data at most")
    sub.add_argument("--batch-size", type=int, metavar="N", help="examples in a step")
    sub.add_argument(
        "--reward-epochs", type=int, metavar="N",
        help="passes over the data after that, learning from scores of what it writes",
    )  # fmt: skip
    add_out(sub, "where to save the model (default: RECIPE.keras, numbered if it exists)")
    add_json(sub)

    sub = command("evaluate", run_evaluate, "score a saved model on the test split")
    sub.add_argument("model", help="a .keras file")
    sub.add_argument("--recipe", help="the recipe that reads the data (default: the model's own)")
    add_data(sub)
    add_decoding(sub)
    add_json(sub)

    sub = command(
        "infer",
        run_infer,
        "apply a saved model to raw input, a JSON object a line",
        "Applies a saved model to raw input and prints one JSON object a line.",
    )
    sub.add_argument("model", help="a .keras file")
    sub.add_argument("--encoding", default="utf-8", help="character encoding of files (utf-8)")
    add_decoding(sub)
    sub.add_argument(
        "inputs",
        nargs="*",
        help="inputs, for a model of series or of sound the names of files; without any, standard "
        "input: an input a line, or the csv rows of one series",
    )

    sub = command("tune", run_tune, "search a recipe's space with keras-tuner")
    add_recipe(sub)
    add_data(sub)
    add_options(sub)
    sub.add_argument(
        "--tuner", default="hyperband", help="hyperband, random, bayesian or grid (hyperband)"
    )
    sub.add_argument("--max-trials", type=int, default=20, metavar="N", help="trials at most (20)")
    sub.add_argument("--objective", help="what to optimise, such as val_loss or val_accuracy")
    sub.add_argument("--epochs", type=int, metavar="N", help="passes over the data at most")
    sub.add_argument("--batch-size", type=int, metavar="N", help="examples in a step")
    sub.add_argument("--directory", metavar="DIR", help="where trials are kept (tuning/RECIPE)")
    sub.add_argument(
        "--workers", type=int, default=0, metavar="N", help="processes to search in, 2 or more"
    )
    sub.add_argument(
        "--restart", action="store_true", help="forget the trials in the directory and start anew"
    )
    add_out(sub, "where to save the best model (default: RECIPE.keras, numbered if it exists)")
    add_json(sub)

    comparing.add(command)

    sub = command("copy", run_copy, "copy a recipe's file, to change it")
    sub.add_argument("recipe", help="name of a recipe")
    sub.add_argument("path", nargs="?", help="where to (default: RECIPE.py)")
    return parser


# === Commands ===


def run_list(options):
    table = registry.table()
    if options.json:
        print(json.dumps(table, ensure_ascii=False))
    else:
        print_table(table)


def run_show(options):
    recipe = registry.get(options.recipe)
    about = {
        **recipe.describe(),
        "columns": {role: list(names) for role, names in recipe.columns.items()},
        "options": recipe.options(),
        "training": recipe.training,
        "search_space": recipe.describe_search(),
        "scores": list(recipe.scores),
        "file": recipe.source_file(),
    }
    if options.json:
        print(json.dumps(about, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"[bold]{recipe.name}[/]: {recipe.title}")
    console.print(f"{about['pattern']}, {recipe.input} → {recipe.output}, cell {recipe.cell}")
    columns = [", ".join(names) for names in (recipe.columns["input"], recipe.columns["target"])]
    console.print(f"Columns: {' → '.join(filter(None, columns))}", soft_wrap=True)
    console.print(f"Scores: {', '.join(recipe.scores)}   File: {about['file']}", soft_wrap=True)
    table = Table("option", "default", "searched by tune", title="Options (--set OPTION=VALUE)")
    search = about["search_space"]
    for name, value in about["options"].items():
        table.add_row(name, str(value), search.get(name, ""))
    table.add_section()
    for name, value in recipe.training.items():
        table.add_row(f"training: {name}", str(value), search.get(name, ""))
    console.print(table)
    console.print(Markdown(recipe.dataset_card()))


def run_train(options):
    recipe = registry.get(options.recipe)
    chosen = recipe_options(options)
    recipe.check_options(chosen)
    check_positive("--epochs", options.epochs)
    check_positive("--batch-size", options.batch_size)
    start_tensorflow()
    out = out_path(options, recipe)
    with stdout_kept_for(options.json):
        data = recipe.data(**data_arguments(options))
        started = time.perf_counter()
        model = recipe.train(
            data,
            epochs=options.epochs,
            batch_size=options.batch_size,
            reward_epochs=options.reward_epochs,
            out=out,
            verbose=verbosity(),
            **chosen,
        )
        seconds = time.perf_counter() - started
        scores = model.score(data.test)
    if options.json:
        result = {
            "recipe": recipe.name,
            "scores": scores,
            "options": {**recipe.options(), **chosen},
            "parameters": model.count_params(),
            "seconds": round(seconds, 2),
            "model": out,
        }
        print(json.dumps(result, ensure_ascii=False))
        return
    print(f"Trained {model.count_params():,} parameters in {seconds:.0f} s")
    print(f"Scores on the test split: {line_of(scores)}")
    print(f"Saved to {out}")


def run_evaluate(options):
    start_tensorflow()
    from rnnkit.saving import load_model

    with stdout_kept_for(options.json):
        model = load_model(options.model)
        if not (options.recipe or model.recipe):
            raise ValueError(
                f"{options.model} was not made by a recipe: say with --recipe how to read the data"
            )
        recipe = registry.get(options.recipe or model.recipe)
        chosen = accepted(model.score, options.set)
        data = recipe.data(**data_arguments(options))
        scores = model.score(data.test, **chosen)
    print(json.dumps({"scores": scores}) if options.json else line_of(scores))


def run_infer(options):
    start_tensorflow()
    from rnnkit.saving import load_model

    with stdout_kept_for(True):
        model = load_model(options.model)
    if "Series" in [base.__name__ for base in type(model.input_feature).__mro__]:
        _infer_series(model, options.inputs, options.encoding)
        return
    chosen = accepted(model.infer, options.set)
    if options.inputs:
        _infer(model, options.inputs, chosen)
        return
    interactive = sys.stdin.isatty()
    if interactive:
        print("One input a line; end with Ctrl-D.", file=sys.stderr)
    sys.stdin.reconfigure(encoding="utf-8", errors="strict")
    lines = []
    try:
        for line in sys.stdin:
            lines.append(line.rstrip("\r\n"))
            if interactive or len(lines) == CHUNK:
                _infer(model, lines, chosen, plain=interactive)
                lines = []
    except UnicodeDecodeError as error:
        raise ValueError(f"standard input is not UTF-8 ({error.reason})") from None
    if lines:
        _infer(model, lines, chosen)


def _infer(model, inputs, options, plain=False):
    """Prints the result of each input as JSON; where a person types, a text that is written as
    it is."""
    writes = "details" in inspect.signature(model.infer).parameters
    results = model.infer(inputs, **{"details": True, **options} if writes else options)
    for text, result in zip(inputs, results, strict=True):
        if plain and writes and isinstance(result, dict):
            print(_readable(result), flush=True)
            continue
        if isinstance(result, list) and writes:
            result = {"outputs": [_brief(each) for each in result]}
        result = _brief(result) if isinstance(result, dict) else {"value": result}
        print(json.dumps({"input": text, **result}, ensure_ascii=False), flush=True)


def _readable(result):
    """A detailed result as a line: a text, or words with their tags."""
    if "words" not in result:
        return result["text"]
    from rnnkit.features.tagged import Tagged

    return Tagged(zip(result["words"], result["tags"], strict=True)).line()


def _brief(result):
    """A result without its arrays, which are for programs in the same process."""
    return {key: value for key, value in result.items() if key not in ("tokens", "attention")}


def _infer_series(model, paths, encoding):
    """What comes after the series in each file, or after that on standard input."""
    import numpy as np

    from rnnkit.data.readers.series.recent import history

    if not paths and sys.stdin.isatty():
        print("The rows of a csv file, the oldest first; end with Ctrl-D.", file=sys.stderr)
    for path in paths or [None]:
        if path is None:
            sys.stdin.reconfigure(encoding=encoding, errors="strict")
        try:
            source = sys.stdin if path is None else path
            values = history(source, model.input_feature, encoding=encoding)
        except UnicodeDecodeError as error:
            raise ValueError(f"standard input is not {encoding} ({error.reason})") from None
        result = model.infer(values)
        if not isinstance(result, dict):
            result = {"value": np.asarray(result).tolist()}
        print(json.dumps({"input": path, **result}, ensure_ascii=False), flush=True)


def run_tune(options):
    recipe = registry.get(options.recipe)
    chosen = recipe_options(options)
    recipe.check_options(chosen)
    for name, value in (("--epochs", options.epochs), ("--batch-size", options.batch_size),
                        ("--max-trials", options.max_trials)):  # fmt: skip
        check_positive(name, value)
    if options.workers in (1,) or options.workers < 0:
        raise ValueError(f"--workers must be 2 or more, or 0 for none. Received: {options.workers}")
    if options.workers:  # several processes share a GPU only if none takes it whole
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    start_tensorflow()
    out = out_path(options, recipe)
    seed = chosen.pop("seed", None)
    with stdout_kept_for(options.json):
        arguments = data_arguments(options)
        data = recipe.data(**arguments)
        started = time.perf_counter()
        result = recipe.tune(
            data,
            tuner=options.tuner,
            max_trials=options.max_trials,
            objective=options.objective,
            epochs=options.epochs,
            batch_size=options.batch_size,
            directory=options.directory,
            overwrite=options.restart,
            options=chosen,
            workers=options.workers,
            data_arguments=arguments,
            **({} if seed is None else {"seed": seed}),
        )
        seconds = time.perf_counter() - started
        model = result.best_model()
        model.save(out)
        scores = model.score(data.test)
    if options.json:
        print(
            json.dumps(
                {
                    "recipe": recipe.name,
                    "scores": scores,
                    "options": result.best_options(),
                    "trials": len(result.table()),
                    "parameters": model.count_params(),
                    "seconds": round(seconds, 2),
                    "model": out,
                }
            )
        )
        return
    print_table(result.table())
    print(f"Best options: {result.best_options()}")
    print(f"Scores on the test split: {line_of(scores)}")
    print(f"Saved to {out}")


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
