"""Translation of image captions: BLEU of the recipe `translation` on Multi30k.

    python -m tests.benchmarks.multi30k FOLDER --target fr
    python -m tests.benchmarks.multi30k FOLDER --target de --minutes 60

FOLDER holds `train.en`, `train.fr`, `val.en`, ..., `test2016.en`, ... (tokenised, lower-cased, a
sentence a line). The recipe's default settings; training ends after the recipe's epochs, or after
`--minutes`. BLEU is sacrebleu's, of the text as it is (`tokenize="none"`).
"""

import time

import recipes
from rnnkit import metrics
from rnnkit.cli.arguments import values_of
from tests.benchmarks import ledger
from tests.benchmarks.recipe_scores import Minutes


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("folder")
    parser.add_argument("--source", default="en")
    parser.add_argument("--target", default="fr")
    parser.add_argument("--name", help="which test set, such as test2016")
    parser.add_argument("--minutes", type=float, help="of training at most")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE")
    parser.add_argument("--out", help="where to save the model")
    arguments = parser.parse_args()
    book = ledger.Book(arguments.record)
    options = values_of(arguments.set)
    recipe = recipes.get("translation")
    data = recipe.data(
        arguments.folder, input=arguments.source, target=arguments.target, name=arguments.name
    )
    started = time.perf_counter()
    model = recipe.train(
        data,
        epochs=arguments.epochs,
        out=arguments.out,
        callbacks=[Minutes(arguments.minutes)],
        verbose=2,
        seed=arguments.seed,
        **options,
    )
    minutes = (time.perf_counter() - started) / 60
    print(f"{arguments.source} to {arguments.target}: {model.count_params():,} parameters, "
          f"{len(model.history.history['loss'])} epochs, {minutes:.1f} min")  # fmt: skip
    print(metrics.bleu_signature(tokenize="none"))
    for beams in (1, model.beam_size):
        for split, part in (("validation", data.validation), ("test", data.test)):
            scores = model.score(part, tokenize="none", beam_size=beams, batch_size=64)
            if "bleu" in scores:
                book.add(f"Multi30k, beam {beams}, {split}: BLEU", scores["bleu"], form=".1f")
            print(
                f"beam {beams}, {split}:", {k: round(v, 2) for k, v in scores.items()}, flush=True
            )


if __name__ == "__main__":
    main()
