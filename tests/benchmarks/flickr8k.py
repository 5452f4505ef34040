"""Captions of photographs: the recipe `image_captioning` on Flickr8k at 64 x 64 pixels.

    python -m tests.benchmarks.flickr8k FOLDER [--minutes M] [--seed 1] [--out captions.keras]
    python -m tests.benchmarks.flickr8k FOLDER --model captions.keras --split validation

FOLDER holds `captions.tsv` (`split`, `image`, `caption`) and the pictures, five captions each. The
recipe's default settings, nothing pretrained. BLEU is sacrebleu's, of lower-cased words without the
final dot (`tokenize="none"`), against the five captions. The row of the constant caption, which is
the same for every picture, shows what the words alone are worth.

Retrieval: the first caption of each picture is looked for among all pictures of the split, by the
likelihood that the model gives it; see `rnnkit.metrics.retrieval`. Of 1,000 pictures the right one
is among the first ten by chance in 1 of 100 cases.
"""

import time

import recipes
import rnnkit
from rnnkit import metrics
from rnnkit.cli.arguments import values_of
from tests.benchmarks import ledger
from tests.benchmarks._table import header, row
from tests.benchmarks.recipe_scores import Minutes

CONSTANT = "a man and a woman in a park"
BLEU = ("bleu1", "bleu2", "bleu3", "bleu4")


def normalised(text):
    text = text.lower().strip()
    return text.removesuffix(".").rstrip()


def grouped(part):
    """Pictures, and for each the list of its captions."""
    found = {}
    for picture, caption in part.as_numpy_iterator():
        found.setdefault(picture, []).append(caption.decode())
    return list(found), list(found.values())


def report(model, part, split, book):
    pictures, captions = grouped(part)
    references = [[normalised(text) for text in texts] for texts in captions]
    for name, written in (
        ("constant caption", [CONSTANT] * len(pictures)),
        ("image_captioning", [normalised(text) for text in model.infer(pictures)]),
    ):
        scores = metrics.compute(
            "texts", references, written, names=[*BLEU, "distinct"], tokenize="none"
        )
        for score, value in scores.items():
            form = ".3f" if score == "distinct" else ".1f"
            shown = book.add(f"Flickr8k, {name}, {split}: {score}", value, form=form)
            row(f"{name}, {split}", score, shown, "")
    found = model.log_likelihoods(pictures, [texts[0] for texts in captions])
    for name, relative in (("likelihood", False), ("relative likelihood", True)):
        scores = metrics.compute("retrieval", found, relative=relative)
        for score, value in scores.items():
            form = ".0f" if score == "median_rank" else ".3f"
            shown = book.add(f"Flickr8k, {name}, {split}: {score}", value, form=form)
            row(f"{name}, {split}", score, shown, "")


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("folder")
    parser.add_argument("--minutes", type=float, help="of training at most")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE")
    parser.add_argument("--out", help="where to save the model")
    parser.add_argument("--model", help="a saved model to score, instead of training one")
    parser.add_argument("--split", action="append", choices=["validation", "test"])
    arguments = parser.parse_args()
    book = ledger.Book(arguments.record)
    recipe = recipes.get("image_captioning")
    data = recipe.data(arguments.folder)
    if arguments.model:
        model = rnnkit.load_model(arguments.model)
    else:
        began = time.perf_counter()
        model = recipe.train(
            data,
            epochs=arguments.epochs,
            out=arguments.out,
            callbacks=[Minutes(arguments.minutes)],
            verbose=2,
            seed=arguments.seed,
            **values_of(arguments.set),
        )
        epochs, minutes = len(model.history.epoch), (time.perf_counter() - began) / 60
        print(f"{model.count_params():,} parameters, {epochs} epochs, {minutes:.1f} min")
    print(metrics.bleu_signature(tokenize="none").replace("nrefs:1", "nrefs:5"))
    header()
    for split in arguments.split or ["validation", "test"]:
        report(model, getattr(data, split), split, book)


if __name__ == "__main__":
    main()
