"""The command `rnnkit compare`: cells beside each other on a memory task or a recipe."""

import json

from rnnkit import registry
from rnnkit.cli.arguments import (
    add_data,
    add_json,
    check_positive,
    check_source,
    data_arguments,
    values_of,
)
from rnnkit.cli.output import print_table, start_tensorflow, stdout_kept_for
from rnnkit.cli.suggestions import after_compare, suggest
from rnnkit.utils.checks import nearest

CELLS = "dense,simple_rnn,lstm,gru,esn"
# Those of `rnnkit.comparison.tasks`, without importing what they need.
TASKS = ("adding", "copy_memory", "delayed_recall", "parity", "sequential_pixels")


def add(command):
    """Adds the command to the parser.

    Args:
        command: Function `(name, run, text, description, examples)` that makes a sub-parser.
    """
    sub = command(
        "compare",
        run_compare,
        "train cells alike on a memory task or a recipe, and measure them",
        "Trains cells on a memory task or a recipe, each with the same number of parameters and "
        "the same budget, and prints what was measured. The same command goes on where it was "
        "stopped.",
        [
            "compare adding --cells lstm,gru --lags 10,50 --seeds 2",
            "compare sentiment --cells dense,lstm --budget 2m --examples 2000",
        ],
    )
    sub.add_argument(
        "task",
        help=f"memory task ({', '.join(TASKS)}), name of a recipe, or a .py file that defines one",
    )
    sub.add_argument(
        "--cells",
        default=CELLS,
        metavar="NAMES",
        help=f"cells, with commas between; 'bidirectional lstm' and the like too ({CELLS})",
    )
    sub.add_argument(
        "--lags", metavar="N,N", help="lags of a memory task, in steps (10,50,100,200)"
    )
    sub.add_argument(
        "--seeds", default="3", metavar="N", help="how many seeds, or a list such as 4,7 (3)"
    )
    sub.add_argument(
        "--budget",
        metavar="N",
        help="updates of the weights at most, such as 2000, or a time of training, such as 90s",
    )
    sub.add_argument(
        "--parameters",
        metavar="N",
        help="about how many the model of each cell has (those of the default cell); 'own' leaves "
        "each cell the default units",
    )
    sub.add_argument("--epochs", type=int, metavar="N", help="passes over the data at most")
    sub.add_argument("--batch-size", type=int, metavar="N", help="examples in a step")
    sub.add_argument("--examples", type=int, metavar="N", help="only so many training examples")
    add_data(sub)
    sub.add_argument(
        "--set", action="append", default=[], metavar="OPTION=VALUE",
        help="an option of the recipe or task, the same for all cells",
    )  # fmt: skip
    sub.add_argument("--csv", metavar="FILE", help="also write the rows to a csv file")
    sub.add_argument(
        "--directory", metavar="DIR", help="where finished runs are kept (comparison/TASK)"
    )
    sub.add_argument("--restart", action="store_true", help="run again what is finished")
    add_json(sub)


def _check_task(name):
    """Raises a ValueError where a name is none of a recipe either; see `comparison.subjects`."""
    recipes = registry.names()
    if name not in recipes and not name.endswith(".py"):
        raise ValueError(
            f"There is neither a memory task nor a recipe {name!r}."
            f"{nearest(name, [*TASKS, *recipes])} Tasks: {', '.join(TASKS)}. "
            f"Recipes: {', '.join(recipes)}"
        )


def run_compare(options):
    lags = _numbers("--lags", options.lags)
    seeds = _numbers("--seeds", options.seeds)
    if seeds is not None and len(seeds) == 1 and "," not in options.seeds:
        (seeds,) = seeds  # how many
    budget = options.budget
    budget = int(budget) if budget is not None and budget.strip().isdigit() else budget
    parameters = options.parameters
    if parameters is not None and parameters != "own":
        (parameters,) = _numbers("--parameters", parameters)
    for name in ("epochs", "batch_size", "examples"):
        check_positive(f"--{name.replace('_', '-')}", getattr(options, name))
    given = data_arguments(options)
    if options.task not in TASKS:
        _check_task(options.task)
    check_source(options.data)
    start_tensorflow()
    from rnnkit.comparison import compare
    from rnnkit.comparison.cells import cells_of
    from rnnkit.comparison.subjects import find, is_task

    with stdout_kept_for(options.json):
        cells = [name.strip() for name in options.cells.split(",") if name.strip()]
        cells_of(cells)  # before data is read
        found, data = find(options.task), given["source"]
        if not is_task(found) and lags is None:
            data = registry.get(found).data(**given)
        result = compare(
            cells,
            found,
            data,
            budget=budget,
            seeds=seeds,
            lags=lags,
            parameters=parameters,
            options=values_of(options.set),
            epochs=options.epochs,
            batch_size=options.batch_size,
            examples=options.examples,
            directory=options.directory,
            overwrite=options.restart,
        )
    if options.csv:
        result.to_csv(options.csv)
    if options.json:
        print(json.dumps(result.to_json(), ensure_ascii=False))
        return
    print_table(result)
    if not is_task(found):
        suggest(after_compare(options, found, result))


def _numbers(name, text):
    """Whole numbers with commas between, as a list; None stays None."""
    if text is None:
        return None
    try:
        return [int(each) for each in text.split(",")]
    except ValueError:
        raise ValueError(
            f"{name} takes whole numbers, with commas between them. Received: {text!r}"
        ) from None
