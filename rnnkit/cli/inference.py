"""The commands `rnnkit evaluate` and `rnnkit infer`: scores and outputs of a saved model."""

import inspect
import json
import sys

from rnnkit import registry
from rnnkit.cli import histories, tables
from rnnkit.cli.arguments import (
    accepted,
    add_data,
    add_decoding,
    add_json,
    check_model,
    check_recipe,
    check_source,
    data_arguments,
)
from rnnkit.cli.output import line_of, start_tensorflow, stdout_kept_for
from rnnkit.cli.suggestions import after_evaluate, suggest

CHUNK = 256  # texts inferred at a time from standard input


def add(command):
    """Adds the commands to the parser.

    Args:
        command: Function `(name, run, text, description, examples)` that makes a sub-parser.
    """
    sub = command(
        "evaluate",
        run_evaluate,
        "score a saved model on data",
        examples=[
            "evaluate m.keras",
            "evaluate m.keras --data mail.csv --split test --json",
        ],
    )
    sub.add_argument("model", help="a .keras file")
    sub.add_argument("--recipe", help="the recipe that reads the data (default: the model's own)")
    add_data(sub)
    sub.add_argument(
        "--split",
        choices=("train", "validation", "test"),
        help="one part of the data (default: all of --data, the test part of the embedded sample)",
    )
    add_decoding(sub)
    add_json(sub)

    sub = command(
        "infer",
        run_infer,
        "apply a saved model to raw input, a JSON object a line",
        "Applies a saved model to raw input and prints one JSON object a line. With --out it reads "
        "a table, or the inputs given, and writes a table with the predictions. A table of events "
        "with a column such as card_id, or the one of --input, is one history for each of its "
        "values.",
        [
            'infer m.keras "You have WON! Text CLAIM to 80808"',
            "infer m.keras mail.csv --out predictions.csv",
            "infer translator.keras --set beam_size=5 < sentences.txt",
            "infer forecaster.keras sales.csv --future ahead.csv --out forecasts.csv",
        ],
    )
    sub.add_argument("model", help="a .keras file")
    sub.add_argument(
        "--recipe",
        help="the recipe that names the columns of a table (default: the model's own), or a .py "
        "file whose code the model needs, such as of its cell",
    )
    tables.add(sub)
    sub.add_argument("--encoding", default="utf-8", help="character encoding of files (utf-8)")
    sub.add_argument(
        "--future",
        metavar="FILE",
        help="a table of what is known ahead of a forecast",
    )
    add_decoding(sub)
    sub.add_argument(
        "inputs",
        nargs="*",
        help="inputs, each in quotes; for a model of series or of sound the names of files; a "
        "table, with --input or --out; without any, standard input: an input a line, or the csv "
        "rows of one series",
    )


def run_evaluate(options):
    check_model(options.model)
    check_recipe(options.recipe)
    check_source(options.data)
    start_tensorflow()
    with stdout_kept_for(options.json):
        # First, as a file of the user's may define what the model is made of.
        recipe = registry.get(options.recipe) if options.recipe else None
        model = load_saved(options.model)
        if not (recipe or model.recipe):
            raise ValueError(
                f"{options.model} was not made by a recipe: say with --recipe how to read the data"
            )
        if recipe is None:  # what a file says is a name, never a path of code to run
            recipe = _installed(model.recipe, options.model)
        chosen = accepted(model, "score", options.set)
        examples = _examples(recipe, options, model.output_feature)
        scores = model.score(examples, **chosen)
        count = int(examples.reduce(0, lambda count, *_: count + 1))
    if options.json:
        print(json.dumps({"scores": scores, "n": count}))
    else:
        print(f"{line_of(scores)}   ({count:,} examples)")
        suggest(after_evaluate(options, recipe, model))


def _examples(recipe, options, feature):
    """The examples to score: all that the user has, or one part. Several targets are read as those
    of the model, unless the user says otherwise."""
    arguments = data_arguments(options)
    if arguments["target"] is None and feature is not None and feature.target_type == "targets":
        arguments["target"] = feature.as_given
    if arguments["source"] is None:
        return getattr(recipe.data(**arguments), options.split or "test")
    from rnnkit.data.readers.sources import load_whole

    given = {role: arguments.pop(role) for role in ("input", "target")}
    return load_whole(recipe, part=options.split, given=given, **arguments)


def load_saved(path):
    """The model of a file."""
    from rnnkit.models.base import Model
    from rnnkit.saving import load_model

    model = load_model(path)
    if not isinstance(model, Model):
        raise ValueError(
            f"{path} holds a plain Keras model, which says nothing of how raw inputs are read: "
            "use it in Python, with rnnkit.load_model"
        )
    return model


def _installed(name, path):
    try:
        return registry.installed(name)
    except ValueError as error:
        raise ValueError(
            f"{path} says that its recipe is {name!r}. {error}. Say with --recipe how to read the "
            "data: a recipe's name, or a .py file of your own"
        ) from None


def _known(name):
    """The recipe of a name, or None where it is not installed."""
    try:
        return registry.installed(name)
    except ValueError:
        return None


def run_infer(options):
    tables.check_out(options)
    check_model(options.model)
    check_recipe(options.recipe)
    start_tensorflow()
    from rnnkit.features import Events, Series

    with stdout_kept_for(True):
        recipe = registry.get(options.recipe) if options.recipe else None
        model = load_saved(options.model)
    chosen = accepted(model, "infer", options.set)
    if isinstance(model.input_feature, Series):
        if options.future is not None:
            chosen["future"] = options.future
        _infer_series(model, options, chosen)
        return
    if options.future is not None:
        raise ValueError("--future is for models of series, which forecast. Received: another")
    if isinstance(model.input_feature, Events):
        named = recipe or (_known(model.recipe) if model.recipe else None)
        found = histories.of_files(options, named, model.input_feature)
        if found is not None:
            histories.infer(model, options, found, chosen)
            return
    # A table of events is one history, unless a column of it holds histories.
    history = isinstance(model.input_feature, Events) and options.input is None
    if not history and tables.is_wanted(options):
        _infer_table(model, options, recipe, chosen)
        return
    if options.inputs:
        _refuse_words(model, options.inputs)
        tables.refuse_names_of_tables(model.served_feature, options.inputs)
        if options.out:
            results = model.infer(options.inputs, **chosen)
            found = tables.predictions(results)
            tables.write(options.out, {"input": options.inputs}, found)
            return
        _infer(model, options.inputs, chosen)
        return
    if options.out:
        raise ValueError("--out needs a table or inputs in the call. Received: neither")
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
    """Prints the result of each input as JSON; with `plain`, for a person who types, a generated
    text as it is."""
    generates = "details" in inspect.signature(model.infer).parameters
    values = tables.each_alone(model.served_feature, inputs)
    results = model.infer(values, **{"details": True, **options} if generates else options)
    for text, result in zip(inputs, results, strict=True):
        if plain and generates and isinstance(result, dict):
            print(_readable(result), flush=True)
            continue
        if isinstance(result, list) and generates:
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


def _refuse_words(model, inputs):
    """Raises a ValueError where arguments may be the words of one sentence, without quotes."""
    from rnnkit.features import Words

    single = len(inputs) > 1 and all(len(each.split()) < 2 for each in inputs)
    if isinstance(model.input_feature, Words) and single:
        sentence = " ".join(inputs)
        raise ValueError(
            f"{len(inputs)} inputs of a word each may be one sentence: for one put it in quotes, "
            f"{sentence!r}; for a sentence in each give them on standard input, one a line"
        )


def _infer_table(model, options, recipe, chosen):
    """The prediction of each row of a table, as a table or as JSON lines."""
    if recipe is None and options.input is None:
        if not model.recipe:
            raise ValueError(
                f"{options.model} was not made by a recipe: say with --input which column holds "
                "the inputs, or with --recipe how to read the table"
            )
        recipe = _installed(model.recipe, options.model)
    rows = tables.read(options, recipe, model.served_feature)
    results = rows.infer(model, chosen)
    if options.out:
        found = tables.predictions(results, rows.word_rows)
        tables.write(options.out, rows.columns, found)
        return
    for value, result in zip(rows.values, results, strict=True):
        result = result if isinstance(result, dict) else {"value": result}
        print(json.dumps({"input": value, **result}, ensure_ascii=False), flush=True)


def _infer_series(model, options, chosen):
    """What comes after the series in each file, or after that on standard input."""
    paths, encoding = options.inputs, options.encoding
    if options.input is not None:
        raise ValueError("--input is not for series: their columns are those of the model")
    import numpy as np

    from rnnkit.data.readers.series.recent import histories

    if not paths and sys.stdin.isatty():
        print("The rows of a csv file, the oldest first; end with Ctrl-D.", file=sys.stderr)
    found = []
    for path in paths or [None]:
        if path is None:
            sys.stdin.reconfigure(encoding=encoding, errors="strict")
        try:
            source = sys.stdin if path is None else path
            histories_of = histories(source, model.input_feature, encoding=encoding)
        except UnicodeDecodeError as error:
            raise ValueError(f"standard input is not {encoding} ({error.reason})") from None
        names, values = list(histories_of), list(histories_of.values())
        if "future" in chosen and names != [None]:  # rows of each series by its name
            if path is None:
                raise ValueError("--future with several series needs the name of a file of these")
            values = path
        results = model.infer(values, **chosen)
        for name, result in zip(names, results, strict=True):
            if not isinstance(result, dict):
                result = {"value": np.asarray(result).tolist()}
            result.pop("series", None)
            about = {} if name is None else {"series": name}
            if options.out:
                found.append((path, {**about, **result}))
            else:
                shown = {"input": path, **about, **result}
                print(json.dumps(shown, ensure_ascii=False), flush=True)
    if options.out:
        tables.write(options.out, tables.forecasts(found), {})
