"""Splice junctions: the recipe `dna_classification` on ten folds.

    python -m tests.benchmarks.dna_splice /path/to/splice.csv [--folds 0 1 2] [--set OPTION=VALUE]

The file is a table `label,name,fold,sequence`: 3,190 windows of 60 nucleotides with a donor (EI),
an acceptor (IE) or no splice site (N) in the middle. One fold tests, the next one validates, the
others train. Default settings of the recipe where nothing else is said. The literature compares
the error by class: KBANN has 4.62 % (N), 7.56 % (EI) and 8.47 % (IE).

Reference: Noordewier, Towell and Shavlik (1991), Training knowledge-based neural networks to
recognize genes in DNA sequences, NIPS 3.
"""

import time

import numpy as np

import recipes
from rnnkit.cli.arguments import values_of
from tests.benchmarks import ledger
from tests.benchmarks._table import header, row


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("path")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(10)))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--set", nargs="*", default=[], metavar="OPTION=VALUE")
    options = parser.parse_args()
    book = ledger.Book(options.record)
    chosen = values_of(options.set)
    recipe = recipes.get("dna_classification")
    truth, found = [], []
    header("fold", "epochs and seconds", "accuracy", "target")
    for fold in options.folds:
        data = recipe.data(options.path, fold=fold)
        began = time.perf_counter()
        model = recipe.train(data, epochs=options.epochs, seed=options.seed, verbose=0, **chosen)
        seconds = time.perf_counter() - began
        texts, labels = zip(*data.test.as_numpy_iterator(), strict=True)
        results = model.infer([text.decode() for text in texts])
        truth += [label.decode() for label in labels]
        found += [result["label"] for result in results]
        right = np.mean([a == b for a, b in zip(truth, found, strict=True)][-len(labels) :])
        row(fold, f"{len(model.history.epoch)}, {seconds:.0f}", f"{right:.4f}", "")
    truth, found = np.array(truth), np.array(found)
    for name in sorted(set(truth)):
        error = np.mean(found[truth == name] != name)
        row("all", f"error of {name}", book.add(f"splice, error of {name}", error, form=".4f"), "")
    right = np.mean(truth == found)
    shown = book.add("splice, accuracy", right, form=".4f", at_least=0.95)
    row("all", "accuracy", shown, "at least 0.95")


if __name__ == "__main__":
    main()
