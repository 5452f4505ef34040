"""The arguments that commands share, and what they mean."""

import ast
import contextlib
import glob
import math
import os
import re

from rnnkit import registry
from rnnkit.utils.calls import known_options
from rnnkit.utils.checks import nearest
from rnnkit.utils.writing import atomically

# Arguments of a model's methods that a command gives by itself.
GIVEN = ("x", "y", "batch_size", "verbose")


def add_recipe(parser):
    """Adds the argument that names a recipe."""
    parser.add_argument("recipe", help="name of a recipe, or a .py file that defines one")


def add_json(parser):
    """Adds `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON, to be read by a program")


def column(text):
    """A column as `recipe.data` takes it: its position, or its name."""
    return int(text) if text.isdigit() else text


def names(text):
    """Names of classes with commas between them as `recipe.data` takes them."""
    return [each.strip() for each in text.split(",")]


def add_data(parser):
    """Adds where the data comes from, as arguments of `recipe.data`."""
    parser.add_argument(
        "--data", metavar="SOURCE", help="file, folder or TFDS name (default: the embedded sample)"
    )
    parser.add_argument("--name", help="which set, where a folder holds several")
    parser.add_argument("--input", type=column, metavar="COLUMN", help="column of the inputs")
    parser.add_argument(
        "--target",
        type=column,
        metavar="COLUMN",
        help="column of the targets, A,B of labels, or A:class,B:number of several kinds",
    )
    parser.add_argument("--fold", help="fold that is the test, of a table with a column fold")
    parser.add_argument(
        "--group", type=column, metavar="COLUMN", help="column whose rows stay on one side"
    )
    parser.add_argument(
        "--series", metavar="COLUMN", help="column that tells the series of a table apart"
    )
    parser.add_argument(
        "--future", metavar="COLUMNS", help="columns of a series that are known ahead"
    )
    parser.add_argument(
        "--static",
        metavar="COLUMNS",
        help="columns that tell how several series differ",
    )
    parser.add_argument(
        "--holidays", type=names, metavar="DATE,DATE,...", help="days of a series known ahead"
    )
    parser.add_argument("--separator", metavar="CHARACTER", help="what is between columns of csv")
    parser.add_argument("--decimal", metavar="MARK", help="decimal mark of numbers, ',' or '.'")
    parser.add_argument(
        "--names", type=names, metavar="A,B,...", help="names of classes given by number, from 0"
    )
    parser.add_argument(
        "--label-separator", metavar="TEXT", help="what is between several labels of an example"
    )
    parser.add_argument(
        "--no-header", action="store_const", const=False, dest="header", help="no row of names"
    )
    parser.add_argument("--encoding", default="utf-8", help="character encoding of files (utf-8)")
    parser.add_argument(
        "--skip-unreadable",
        action="store_true",
        help="leave out sound, strokes and pictures that cannot be read, and say how many",
    )


def add_options(parser):
    """Adds the options of a recipe."""
    parser.add_argument("--cell", help="cell of the network, such as lstm or gru")
    parser.add_argument("--seed", type=int, help="fixes weights, dropout and shuffling")
    parser.add_argument(
        "--set", action="append", default=[], metavar="OPTION=VALUE", help="an option of the recipe"
    )


def add_base(parser):
    """Adds the older model that a new one starts from."""
    parser.add_argument("--base", metavar="FILE", help="start from this saved model of the recipe")


def add_decoding(parser):
    """Adds the options of decoding."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        help="an option of decoding, such as beam_size=1",
    )


def add_out(parser, text):
    """Adds where the model is saved; `text` is the help."""
    parser.add_argument("--out", metavar="FILE", help=text)
    parser.add_argument("--overwrite", action="store_true", help="replace an existing FILE")


def add_card(parser):
    """Adds where the model card is written."""
    parser.add_argument("--card", metavar="FILE", help="write the model card, in Markdown")


def recipe_options(options):
    """The recipe's options of a call, as a dict."""
    result = values_of(options.set)
    if options.cell is not None:
        result["cell"] = options.cell
    if options.seed is not None:
        result["seed"] = options.seed
    return result


def values_of(items):
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


def class_weight(items):
    """`CLASS=WEIGHT` items as `fit` takes them, `["balanced"]` as `"balanced"`."""
    if not items or items == ["balanced"]:
        return "balanced" if items else None
    result = {}
    for item in items:
        name, equals, weight = item.rpartition("=")
        try:
            value = float(weight)
        except ValueError:
            value = math.nan
        if not equals or not name or not (0 < value < math.inf):
            raise ValueError(
                "--class-weight takes CLASS=WEIGHT with a weight above 0, such as spam=3, once "
                f"for each class; or balanced alone. Received: {item!r}"
            )
        if name in result:
            raise ValueError(f"--class-weight names the class {name!r} twice. Received: {items}")
        result[name] = value
    return result


def accepted(model, method, items):
    """`OPTION=VALUE` items as arguments of a method of a model, checked before it runs."""
    values = values_of(items)
    known = [*known_options(model, method), *model.further_options(method)]
    known = [name for name in known if name not in GIVEN]
    for name in values:
        if name not in known:
            found = f"Options: {', '.join(known)}" if known else "It has none"
            raise ValueError(
                f"--set: {method} of this model has no option {name!r}.{nearest(name, known)} "
                f"{found}"
            )
    return values


def data_arguments(options):
    return {
        "source": options.data,
        "name": options.name,
        "input": options.input,
        "target": options.target,
        "encoding": options.encoding,
        "skip_unreadable": options.skip_unreadable,
        "fold": options.fold,
        "group": options.group,
        "series": options.series,
        "future": options.future,
        "static": options.static,
        "holidays": options.holidays,
        "header": options.header,
        "separator": options.separator,
        "decimal": options.decimal,
        "names": options.names,
        "label_separator": options.label_separator,
    }


def _check_folder(path):
    """Raises a ValueError unless a file can be written there."""
    with contextlib.suppress(FileNotFoundError), atomically(path):
        raise FileNotFoundError  # the folder can be written; nothing is left there


def out_path(options, name, resume=False):
    """Where the model goes, checked before any work is done.

    Args:
        options: The options of the call.
        name: What it is called by default, such as the name of the recipe.
        resume: Whether to go on with the training whose state lies beside it.
    """
    from rnnkit.training.state import StateFile

    if getattr(options, "card", None) is not None:
        _check_folder(options.card)
    if options.out is None and resume:
        left = glob.glob(f"{glob.escape(name)}*{StateFile.ENDING}")
        left = [path.removesuffix(StateFile.ENDING) for path in sorted(left)]
        names = re.compile(rf"{re.escape(name)}(-\d+)?\.keras")
        left = [path for path in left if names.fullmatch(path)]
        if len(left) > 1:
            raise ValueError(
                f"--resume could go on with several trainings: say which with --out, one of {left}"
            )
        options.out = left[0] if left else None
    if options.out is None:
        number, path = 1, f"{name}.keras"
        while os.path.exists(path):
            number += 1
            path = f"{name}-{number}.keras"
        return path
    check_ending(options.out)
    going_on = resume and StateFile(options.out).exists()
    if os.path.exists(options.out) and not options.overwrite and not going_on:
        raise ValueError(f"{options.out} exists: pass --overwrite to replace it, or another name")
    _check_folder(options.out)
    return options.out


# === What can be refused at once, before TensorFlow is imported ===


def check_ending(path):
    """Raises a ValueError unless a model can be saved under a name, or there is none."""
    if path is not None and not path.endswith(".keras"):
        raise ValueError(f"--out must end in '.keras'. Received: {path!r}")


def check_model(path):
    """Raises a ValueError where there is no file of a model; None stands for no model."""
    if path is not None and "://" not in path and not os.path.exists(path):
        raise ValueError(f"There is no file {path!r}: a model is a '.keras' file that was saved")


def check_recipe(name):
    """Raises a ValueError where there is no recipe of a name; a file's code is not run."""
    if name is not None and not name.endswith(".py"):
        registry.installed(name)


def check_source(source):
    """Raises a ValueError where data is meant to be a file that is not there.

    What has no ending may be a TFDS name, and what has commas or wildcards several files.
    """
    if source is None or any(mark in source for mark in ",:*?["):
        return
    ending = os.path.splitext(source)[1]
    if ending and not os.path.exists(source) and not glob.glob(f"{source}*"):
        raise ValueError(f"There is no file or folder {source!r}")


def check_positive(name, value):
    if value is not None and value < 1:
        raise ValueError(f"{name} must be at least 1. Received: {value}")
