"""The command `rnnkit pretrain`: from texts without targets to a model that others start from."""

import json
import math
import os
import shlex
import time

from rnnkit import registry
from rnnkit.cli.arguments import (
    add_json,
    add_options,
    add_out,
    add_recipe,
    check_ending,
    check_positive,
    column,
    out_path,
    recipe_options,
)
from rnnkit.cli.output import line_of, start_tensorflow, stdout_kept_for, verbosity

# Options of the pretraining alone, which the model that starts from it need not share.
OF_TRAINING = ("learning_rate", "token_dropout", "dropout", "output_dropout", "recurrent_dropout")


def add(command):
    """Adds the command to the parser.

    Args:
        command: Function `(name, run, text, description, examples)` that makes a sub-parser.
    """
    sub = command(
        "pretrain",
        run_pretrain,
        "train the layers of a recipe that read, on texts without targets",
        "Trains the layers of a recipe that read texts on texts without targets, and saves a model "
        "that `rnnkit train --base` starts from, with the same options. It then needs fewer "
        "examples with targets.",
        [
            "pretrain sentiment texts.txt --out base.keras",
            "pretrain sentiment unlabelled.csv --input text --set units=64",
        ],
    )
    add_recipe(sub)
    sub.add_argument("texts", metavar="TEXTS", help="a text file with one a line, or a table")
    sub.add_argument(
        "--input", type=column, metavar="COLUMN",
        help="column of the texts in a table (default: the recipe's own)",
    )  # fmt: skip
    sub.add_argument("--separator", metavar="CHARACTER", help="what is between columns of csv")
    sub.add_argument(
        "--no-header", action="store_const", const=False, dest="header", help="no row of names"
    )
    sub.add_argument("--encoding", default="utf-8", help="character encoding of the file (utf-8)")
    add_options(sub)
    sub.add_argument(
        "--epochs", type=int, default=20, metavar="N", help="passes over the texts at most (20)"
    )
    sub.add_argument("--batch-size", type=int, metavar="N", help="texts in a step (64)")
    add_out(sub, "where to save the model (default: RECIPE-base.keras, numbered if it exists)")
    add_json(sub)


def run_pretrain(options):
    recipe = registry.get(options.recipe)
    chosen = recipe_options(options)
    recipe.check_options(chosen)
    recipe.check_pretraining()
    check_positive("--epochs", options.epochs)
    check_positive("--batch-size", options.batch_size)
    if not os.path.isfile(options.texts):
        raise ValueError(f"There is no file {options.texts!r}: TEXTS is a text file or a table")
    check_ending(options.out)
    start_tensorflow()
    out = out_path(options, f"{recipe.name}-base")
    with stdout_kept_for(options.json):
        texts = _texts(options, recipe)
        started = time.perf_counter()
        model = recipe.pretrain(
            texts,
            out=out,
            epochs=options.epochs,
            batch_size=options.batch_size,
            verbose=verbosity(),
            **chosen,
        )
        seconds = time.perf_counter() - started
    scores = _scores(model)
    if options.json:
        about = {"parameters": model.count_params(), "seconds": round(seconds, 2), "model": out}
        mine = {key: value for key, value in model.get_config().items() if key in recipe.options()}
        result = {"recipe": recipe.name, "scores": scores, "options": mine, **about}
        print(json.dumps(result, ensure_ascii=False))
        return
    print(f"Pretrained a model of {model.count_params():,} parameters in {seconds:.0f} s")
    if scores:
        print(f"Scores on the tenth of the texts that was held out: {line_of(scores)}")
    print(f"Saved to {out}. Try: {_next(options, out)}")


def _texts(options, recipe):
    from rnnkit.data.readers.request import Request
    from rnnkit.data.readers.text.lines import load

    given = {} if options.input is None else {"input": options.input}
    request = Request(
        recipe, given=given, encoding=options.encoding, header=options.header,
        separator=options.separator,
    )  # fmt: skip
    return load(options.texts, request)


def _scores(model):
    """How well neighbours were told in the best epoch, as `score` of the model says it."""
    losses = model.history.history.get("val_loss")
    return {"nats": min(losses), "perplexity": math.exp(min(losses))} if losses else {}


def _next(options, out):
    """The command that starts from what was learned, with the options that its layers are of."""
    words = ["rnnkit", "train", options.recipe, "--base", out]
    words += [] if options.cell is None else ["--cell", options.cell]
    for item in options.set:
        if item.partition("=")[0].strip() not in OF_TRAINING:
            words += ["--set", item]
    return shlex.join(words)
