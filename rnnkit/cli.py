"""The command line: `rnnkit list | show | train | evaluate | infer | tune | copy`.

Nothing here imports TensorFlow before a command needs it, so that help and lists answer at once.
"""

import argparse
import ast
import contextlib
import inspect
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import time
import warnings

import rnnkit
from rnnkit import registry

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


def _start_tensorflow():
    """Imports TensorFlow without its start-up notes, which drown what a person wants to read.

    They are written by C++ to the process' standard error before any setting of theirs applies, so
    that is kept in a file for the while, and what is no such note is passed on.
    """
    note = re.compile(rb"^([IWE]\d{4} |WARNING: All log messages before|To enable the following)")
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            import tensorflow as tf

            tf.constant(0)  # looks for devices, and says so
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            kept.seek(0)
            rest = b"".join(line for line in kept if not note.match(line))
            sys.stderr.write(rest.decode("utf-8", "replace"))


def _plain(error):
    text = " ".join(str(error).split()) or type(error).__name__
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"


# === Arguments ===


def make_parser():
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="rnnkit",
        description="Recipes for recurrent networks: train, evaluate, tune and use them.",
        epilog="Set RNNKIT_TRACEBACK=1 to see where in the code an error arose.",
    )
    parser.add_argument("--version", action="version", version=f"rnnkit {rnnkit.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, run, text, description=None):
        sub = commands.add_parser(name, help=text, description=description or text)
        sub.set_defaults(run=run)
        return sub

    sub = command("list", run_list, "list the recipes")
    _json(sub)

    sub = command("show", run_show, "show a recipe: its options, data and search space")
    sub.add_argument("recipe", help="name of a recipe, or a .py file that defines one")
    _json(sub)

    sub = command("train", run_train, "train a recipe and save the best model")
    _recipe(sub)
    _data(sub)
    _options(sub)
    sub.add_argument("--epochs", type=int, metavar="N", help="passes over the data at most")
    sub.add_argument("--batch-size", type=int, metavar="N", help="examples in a step")
    _out(sub, "where to save the model (default: RECIPE.keras, numbered if it exists)")
    _json(sub)

    sub = command("evaluate", run_evaluate, "score a saved model on the test split")
    sub.add_argument("model", help="a .keras file")
    sub.add_argument("--recipe", help="the recipe that reads the data (default: the model's own)")
    _data(sub)
    _decoding(sub)
    _json(sub)

    sub = command(
        "infer",
        run_infer,
        "apply a saved model to raw input, a JSON object a line",
        "Applies a saved model to raw input and prints one JSON object a line.",
    )
    sub.add_argument("model", help="a .keras file")
    sub.add_argument("--encoding", default="utf-8", help="character encoding of files (utf-8)")
    _decoding(sub)
    sub.add_argument(
        "inputs",
        nargs="*",
        help="inputs, for a model of series or of sound the names of files; without any, standard "
        "input: an input a line, or the csv rows of one series",
    )

    sub = command("tune", run_tune, "search a recipe's space with keras-tuner")
    _recipe(sub)
    _data(sub)
    _options(sub)
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
    _out(sub, "where to save the best model (default: RECIPE.keras, numbered if it exists)")
    _json(sub)

    sub = command("copy", run_copy, "copy a recipe's file, to change it")
    sub.add_argument("recipe", help="name of a recipe")
    sub.add_argument("path", nargs="?", help="where to (default: RECIPE.py)")
    return parser


def _recipe(parser):
    parser.add_argument("recipe", help="name of a recipe, or a .py file that defines one")


def _json(parser):
    parser.add_argument("--json", action="store_true", help="print JSON, to be read by a program")


def _column(text):
    return int(text) if text.isdigit() else text


def _data(parser):
    parser.add_argument(
        "--data", metavar="SOURCE", help="file, folder or TFDS name (default: the embedded sample)"
    )
    parser.add_argument("--name", help="which set, where a folder holds several")
    parser.add_argument("--input", type=_column, metavar="COLUMN", help="column of the inputs")
    parser.add_argument("--target", type=_column, metavar="COLUMN", help="column of the targets")
    parser.add_argument("--fold", help="fold that is the test, of a table with a column fold")
    parser.add_argument("--encoding", default="utf-8", help="character encoding of files (utf-8)")
    parser.add_argument(
        "--skip-unreadable",
        action="store_true",
        help="leave out sound, strokes and pictures that cannot be read, and say how many",
    )


def _options(parser):
    parser.add_argument("--cell", help="cell of the network, such as lstm or gru")
    parser.add_argument("--seed", type=int, help="fixes weights, dropout and shuffling")
    parser.add_argument(
        "--set", action="append", default=[], metavar="OPTION=VALUE", help="an option of the recipe"
    )


def _decoding(parser):
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        help="an option of writing texts, such as beam_size=1",
    )


def _out(parser, text):
    parser.add_argument("--out", metavar="FILE", help=text)
    parser.add_argument("--overwrite", action="store_true", help="replace an existing FILE")


def _recipe_options(options):
    """The recipe's options of a call, as a dict."""
    result = _values(options.set)
    if options.cell is not None:
        result["cell"] = options.cell
    if options.seed is not None:
        result["seed"] = options.seed
    return result


def _values(items):
    """`OPTION=VALUE` items as a dict."""
    result = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"--set takes OPTION=VALUE, such as units=128. Received: {item!r}")
        try:
            result[name.strip()] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            result[name.strip()] = {"true": True, "false": False}.get(value.lower(), value)
    return result


def _accepted(method, items):
    """`OPTION=VALUE` items as arguments of a method of a model, checked before it runs."""
    values = _values(items)
    taken = inspect.signature(method).parameters.values()
    known = {each.name for each in taken if each.kind is each.KEYWORD_ONLY}
    open_ended = any(each.kind is each.VAR_KEYWORD for each in taken)
    for name in values:
        if name not in known and not open_ended:
            raise ValueError(f"--set: this model has no option {name!r}. Options: {sorted(known)}")
    return values


def _data_arguments(options):
    return {
        "source": options.data,
        "name": options.name,
        "input": options.input,
        "target": options.target,
        "encoding": options.encoding,
        "skip_unreadable": options.skip_unreadable,
        "fold": options.fold,
    }


def _out_path(options, recipe):
    """Where the model goes, checked before any work is done."""
    if options.out is None:
        number, path = 1, f"{recipe.name}.keras"
        while os.path.exists(path):
            number += 1
            path = f"{recipe.name}-{number}.keras"
        return path
    if not options.out.endswith(".keras"):
        raise ValueError(f"--out must end in '.keras'. Received: {options.out!r}")
    if os.path.exists(options.out) and not options.overwrite:
        raise ValueError(f"{options.out} exists: pass --overwrite to replace it, or another name")
    from rnnkit.saving import atomically

    with contextlib.suppress(FileNotFoundError), atomically(options.out):
        raise FileNotFoundError  # the folder can be written; nothing is left there
    return options.out


@contextlib.contextmanager
def _stdout_kept_for(json_wanted):
    """With `--json`, all else that is printed goes to standard error."""
    with contextlib.redirect_stdout(sys.stderr) if json_wanted else contextlib.nullcontext():
        yield


def _verbose():
    return 1 if sys.stdout.isatty() else 2


# === Commands ===


def run_list(options):
    table = registry.table()
    if options.json:
        print(json.dumps(table, ensure_ascii=False))
    else:
        _print(table)


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


def _print(table):
    from rich.console import Console

    Console(highlight=False).print(table)


def run_train(options):
    recipe = registry.get(options.recipe)
    chosen = _recipe_options(options)
    recipe.check_options(chosen)
    _positive("--epochs", options.epochs)
    _positive("--batch-size", options.batch_size)
    _start_tensorflow()
    out = _out_path(options, recipe)
    with _stdout_kept_for(options.json):
        data = recipe.data(**_data_arguments(options))
        started = time.perf_counter()
        model = recipe.train(
            data,
            epochs=options.epochs,
            batch_size=options.batch_size,
            out=out,
            verbose=_verbose(),
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
    print(f"Scores on the test split: {_scores(scores)}")
    print(f"Saved to {out}")


def _scores(scores):
    return ", ".join(f"{name} {value:.4f}" for name, value in scores.items())


def _positive(name, value):
    if value is not None and value < 1:
        raise ValueError(f"{name} must be at least 1. Received: {value}")


def run_evaluate(options):
    _start_tensorflow()
    from rnnkit.saving import load_model

    with _stdout_kept_for(options.json):
        model = load_model(options.model)
        if not (options.recipe or model.recipe):
            raise ValueError(
                f"{options.model} was not made by a recipe: say with --recipe how to read the data"
            )
        recipe = registry.get(options.recipe or model.recipe)
        chosen = _accepted(model.score, options.set)
        data = recipe.data(**_data_arguments(options))
        scores = model.score(data.test, **chosen)
    print(json.dumps({"scores": scores}) if options.json else _scores(scores))


def run_infer(options):
    _start_tensorflow()
    from rnnkit.saving import load_model

    with _stdout_kept_for(True):
        model = load_model(options.model)
    if "Series" in [base.__name__ for base in type(model.input_feature).__mro__]:
        _infer_series(model, options.inputs, options.encoding)
        return
    chosen = _accepted(model.infer, options.set)
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
    from rnnkit.tag_display import Tagged

    return Tagged(zip(result["words"], result["tags"], strict=True)).line()


def _brief(result):
    """A result without its arrays, which are for programs in the same process."""
    return {key: value for key, value in result.items() if key not in ("tokens", "attention")}


def _infer_series(model, paths, encoding):
    """What comes after the series in each file, or after that on standard input."""
    import numpy as np

    from rnnkit.data.history import history

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
    chosen = _recipe_options(options)
    recipe.check_options(chosen)
    for name, value in (("--epochs", options.epochs), ("--batch-size", options.batch_size),
                        ("--max-trials", options.max_trials)):  # fmt: skip
        _positive(name, value)
    if options.workers in (1,) or options.workers < 0:
        raise ValueError(f"--workers must be 2 or more, or 0 for none. Received: {options.workers}")
    if options.workers:  # several processes share a GPU only if none takes it whole
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    _start_tensorflow()
    out = _out_path(options, recipe)
    seed = chosen.pop("seed", None)
    with _stdout_kept_for(options.json):
        arguments = _data_arguments(options)
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
    _print(result.table())
    print(f"Best options: {result.best_options()}")
    print(f"Scores on the test split: {_scores(scores)}")
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


if __name__ == "__main__":
    sys.exit(main())
