"""The command `rnnkit backtest`: forecasts from many origins in the past, and their scores."""

import json
import pathlib

from rnnkit.cli.arguments import add_json, check_model, check_recipe, check_source
from rnnkit.cli.inference import load_saved
from rnnkit.cli.output import print_table, start_tensorflow, stdout_kept_for, verbosity
from rnnkit.cli.suggestions import after_backtest, suggest


def add(command):
    """Adds the command to the parser.

    Args:
        command: Function `(name, run, text, description, examples)` that makes a sub-parser.
    """
    sub = command(
        "backtest",
        run_backtest,
        "score a saved forecaster from many origins in the past",
        "Forecasts from many origins in the past of a table, and prints errors and intervals "
        "beside naive forecasts.",
        [
            "backtest forecaster.keras sales.csv --origins 10",
            "backtest forecaster.keras sales.csv --out all.csv --plot all.png",
        ],
    )
    sub.add_argument("model", help="a .keras file of a model that forecasts")
    sub.add_argument("inputs", nargs="*", metavar="FILE", help="a table with one series or several")
    sub.add_argument("--data", metavar="FILE", help="the same, by name")
    sub.add_argument("--recipe", help="a .py file whose code the model needs, such as of its cell")
    sub.add_argument(
        "--start", default="0.8", metavar="PART",
        help="the first origin: a fraction of the rows, or a number of rows (0.8)",
    )  # fmt: skip
    sub.add_argument(
        "--origins", type=int, default=40, metavar="N", help="forecasts of each series at most (40)"
    )
    sub.add_argument("--refit", action="store_true", help="learn anew before each origin")
    sub.add_argument("--out", metavar="FILE", help="also write all forecasts to a csv file")
    sub.add_argument("--plot", metavar="FILE", help="also draw errors and intervals by lead")
    add_json(sub)


def _source(options):
    """The path of the table, which stands after the model or after `--data`."""
    given = [*options.inputs, *filter(None, [options.data])]
    if len(given) != 1:
        found = ", ".join(map(repr, options.inputs)) or "none"
        found += f" and --data {options.data!r}" if options.data else ""
        raise ValueError(
            "backtest takes one table: rnnkit backtest MODEL FILE, or --data FILE. "
            f"Received: {found}"
        )
    return given[0]


def run_backtest(options):
    from rnnkit import registry
    from rnnkit.utils.writing import atomically

    try:
        start = float(options.start) if "." in options.start else int(options.start)
    except ValueError:
        raise ValueError(
            f"--start must be a fraction such as 0.8, or a number of rows. Received: "
            f"{options.start!r}"
        ) from None
    for name in ("out", "plot"):
        path = getattr(options, name)
        if path and not pathlib.Path(path).absolute().parent.is_dir():
            raise ValueError(f"--{name}: there is no folder for {path!r}")
    source = _source(options)
    check_model(options.model)
    check_recipe(options.recipe)
    check_source(source)
    start_tensorflow()
    with stdout_kept_for(options.json):
        if options.recipe:
            registry.get(options.recipe)
        model = load_saved(options.model)
        if "backtest" not in dir(model):
            raise ValueError(
                f"{options.model} is no forecaster: its output is a "
                f"{type(model.output_feature).__name__}"
            )
        verbose = 0 if options.json else verbosity()
        report = model.backtest(source, start, options.origins, options.refit, verbose)
        if options.out:
            with atomically(options.out) as temporary:
                report.frame().to_csv(temporary, index=False)
        if options.plot:
            figure = report.plot()[0].figure
            figure.savefig(options.plot, dpi=150)
    head, note = report.about
    if options.json:
        print(json.dumps({"scores": report.scores, "n": len(report.origins)}))
        return
    print(head)
    print_table(report.table())
    if note:
        print(note)
    suggest(after_backtest(options, source, model))
