"""The commands `rnnkit train` and `rnnkit tune`: from data to a saved model."""

import json
import os
import time

from rnnkit import registry
from rnnkit.cli.arguments import (
    add_base,
    add_card,
    add_data,
    add_json,
    add_options,
    add_out,
    add_recipe,
    check_ending,
    check_model,
    check_positive,
    check_source,
    class_weight,
    data_arguments,
    out_path,
    recipe_options,
)
from rnnkit.cli.output import line_of, print_table, start_tensorflow, stdout_kept_for, verbosity
from rnnkit.cli.suggestions import to_infer
from rnnkit.utils import small_data
from rnnkit.utils.checks import one_of

TUNERS = ("hyperband", "random", "bayesian", "grid")


def add(command):
    """Adds the commands to the parser.

    Args:
        command: Function `(name, run, text, description, examples)` that makes a sub-parser.
    """
    sub = command(
        "train",
        run_train,
        "train a recipe and save the best model",
        examples=[
            "train spam --seed 1 --out m.keras",
            "train spam --data mail.csv --input text --target label",
            "train sentiment --cell gru --set units=64 --set dropout=0.4",
            "train forecasting --data sales.csv --series store --set horizon=14",
            "train sentiment --out m.keras --resume",
        ],
    )
    add_recipe(sub)
    add_data(sub)
    add_options(sub)
    sub.add_argument("--epochs", type=int, metavar="N", help="passes over the data at most")
    sub.add_argument("--batch-size", type=int, metavar="N", help="examples in a step")
    sub.add_argument(
        "--class-weight", action="append", metavar="CLASS=WEIGHT",
        help="weight of a class in the loss, once for each class; or balanced",
    )  # fmt: skip
    sub.add_argument(
        "--reward-epochs", type=int, metavar="N",
        help="passes over the data after that, learning from scores of what it generates",
    )  # fmt: skip
    add_base(sub)
    add_out(sub, "where to save the model (default: RECIPE.keras, numbered if it exists)")
    sub.add_argument(
        "--resume", action="store_true",
        help="go on with a training to FILE that was stopped, from FILE.training",
    )  # fmt: skip
    add_card(sub)
    add_json(sub)

    sub = command(
        "tune",
        run_tune,
        "search a recipe's space with keras-tuner",
        examples=[
            "tune spam --max-trials 10",
            "tune spam --data mail.csv --tuner random --folds 3 --out best.keras",
            "tune sentiment --cell gru --objective val_accuracy --workers 2",
        ],
    )
    add_recipe(sub)
    add_data(sub)
    add_options(sub)
    sub.add_argument(
        "--tuner",
        default=TUNERS[0],
        help="hyperband, random, bayesian or grid (hyperband)",
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
        "--folds", type=int, metavar="N",
        help="train and judge each trial so many times, by folds; series by rolling origins",
    )  # fmt: skip
    sub.add_argument(
        "--restart", action="store_true", help="forget the trials in the directory and start anew"
    )
    add_base(sub)
    add_out(sub, "where to save the best model (default: RECIPE.keras, numbered if it exists)")
    add_card(sub)
    add_json(sub)


def run_train(options):
    weights = class_weight(options.class_weight)
    recipe, chosen, out = _prepare(options, options.resume)
    with stdout_kept_for(options.json):
        import keras

        data = recipe.data(**data_arguments(options))
        started, ended = time.perf_counter(), []
        clock = keras.callbacks.LambdaCallback(
            on_train_end=lambda logs: ended.append(time.perf_counter())
        )
        model = recipe.train(
            data,
            epochs=options.epochs,
            batch_size=options.batch_size,
            class_weight=weights,
            reward_epochs=options.reward_epochs,
            out=out,
            resume=options.resume,
            score=True,
            callbacks=[clock],
            base=options.base,
            verbose=verbosity(),
            **chosen,
        )
        seconds = (ended or [time.perf_counter()])[-1] - started  # without the scores
        _write_card(model, options.card)
    if not options.json:
        print(f"Trained a model of {model.count_params():,} parameters in {seconds:.0f} s")
    used = {**recipe.options(), **small_data.chosen(recipe, data, chosen)[0]}
    _report(options, recipe, {"options": used}, model, seconds, out)


def run_tune(options):
    check_positive("--max-trials", options.max_trials)
    one_of(options.tuner, "--tuner", TUNERS)
    if options.workers in (1,) or options.workers < 0:
        raise ValueError(f"--workers must be 2 or more, or 0 for none. Received: {options.workers}")
    if options.workers:  # several processes share a GPU only if none takes it whole
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    recipe, chosen, out = _prepare(options)
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
            seed=seed,
            folds=options.folds,
            base=options.base,
        )
        seconds = time.perf_counter() - started
        model = result.best_model()
        from rnnkit.training.facts import facts_of

        model.trained = facts_of(model, data, {**recipe.options(), **result.best_options()})
        try:
            model.trained["scores"] = model.score(data.test)
        finally:
            model.save(out)
        _write_card(model, options.card)
    found = {"options": result.best_options(), "trials": len(result.table())}
    if not options.json:
        print_table(result.table())
        print(f"Best options: {found['options']}")
    _report(options, recipe, found, model, seconds, out)


def _write_card(model, path):
    """Writes the card of a model where it is asked for."""
    if path is not None:
        from rnnkit.diagnostics import card

        card(model).save(path)


def _prepare(options, resume=False):
    """The recipe, its options and where the model goes, all checked before any work is done."""
    recipe = registry.get(options.recipe)
    chosen = recipe_options(options)
    recipe.check_options(chosen)
    check_positive("--epochs", options.epochs)
    check_positive("--batch-size", options.batch_size)
    check_source(options.data)
    check_model(options.base)
    check_ending(options.out)
    start_tensorflow()
    return recipe, chosen, out_path(options, recipe.name, resume)


def _report(options, recipe, found, model, seconds, out):
    """Prints the scores and where the model is; `found` is printed between them with `--json`."""
    scores = model.trained["scores"]
    if not options.json:
        print(f"Scores on the test split: {line_of(scores)}")
        print(f"Saved to {out}. Try: {to_infer(recipe, out)}")
        return
    about = {"parameters": model.count_params(), "seconds": round(seconds, 2), "model": out}
    result = {"recipe": recipe.name, "scores": scores, **found, **about}
    print(json.dumps(result, ensure_ascii=False))
