"""Loans that went bad, told from the bank transactions before them.

    python -m tests.benchmarks.berka_loans /path/to/berka_loans [--folds 0 1] [--set OPTION=VALUE]

The folder has `loans.csv` (`loan_id`, `fold`, `label`) and `transactions.csv`, as `recipe.data`
reads it. The recipe `fraud_detection`, default settings where nothing else is said, against
logistic regression on summaries of each history: number of transactions, of each amount mean,
deviation, least, largest and last value, and the share of each category. The recipe stops by the
fold that validates; logistic regression chooses its penalty within its training loans, which are
those of training and validation together. The mean AUC of the test folds, with the 95 % interval of
2,000 bootstraps of the loans of each fold.
"""

import numpy as np
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import recipes
from rnnkit.cli.arguments import values_of
from tests.benchmarks import ledger
from tests.benchmarks._table import header, row

BOOTSTRAPS = 2000


def examples(dataset):
    """Histories as texts, and labels 0 and 1."""
    pairs = [(x.decode(), int(y)) for x, y in dataset.as_numpy_iterator()]
    texts, labels = zip(*pairs, strict=True)
    return list(texts), np.array(labels)


def summaries(texts, known=None):
    """Numbers that sum up each history, `[histories, columns]`, and the categories they count."""
    tables = []
    for text in texts:
        names, *rows = (line.split("\t") for line in text.split("\n"))
        tables.append({name: [cells[i] for cells in rows] for i, name in enumerate(names)})
    categories, amounts = ("type", "operation", "k_symbol"), ("amount", "balance")
    if known is None:
        known = {name: sorted({v for table in tables for v in table[name]}) for name in categories}
    result = []
    for table in tables:
        count = len(table["time"])
        numbers = [np.log1p(count)]
        for name in amounts:
            values = np.array(table[name], "float64")
            values = np.sign(values) * np.log1p(np.abs(values))
            values = values if count else np.zeros(1)
            numbers += [values.mean(), values.std(), values.min(), values.max(), values[-1]]
        for name in categories:
            numbers += [table[name].count(value) / max(count, 1) for value in known[name]]
        result.append(numbers)
    return np.array(result), known


def interval(truth, scores, folds):
    """AUC within folds, averaged, and its 95 % interval by drawing loans of each fold anew."""

    def area(rows):
        found = [roc_auc_score(truth[part], scores[part]) for part in rows]
        return float(np.mean(found))

    rng = np.random.default_rng(0)
    parts = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    drawn = []
    while len(drawn) < BOOTSTRAPS:
        rows = [rng.choice(part, len(part)) for part in parts]
        if all(0 < truth[part].mean() < 1 for part in rows):
            drawn.append(area(rows))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return area(parts), low, high


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("path")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--set", nargs="*", default=[], metavar="OPTION=VALUE")
    options = parser.parse_args()
    book = ledger.Book(options.record)
    chosen = values_of(options.set)
    recipe = recipes.get("fraud_detection")
    truth, scores, folds = [], {"recipe": [], "logistic regression": []}, []
    header("fold", "setting", "AUC", "loans (bad)")
    for fold in options.folds:
        data = recipe.data(options.path, fold=fold)
        model = recipe.train(data, epochs=options.epochs, seed=options.seed, verbose=0, **chosen)
        texts, labels = examples(data.test)
        found = {"recipe": model.predict(texts, verbose=0)[:, 1]}
        # Logistic regression chooses its penalty by itself, so it gets the validation loans too.
        train, train_labels = examples(data.train.concatenate(data.validation))
        x, known = summaries(train)
        plain = make_pipeline(
            StandardScaler(),
            LogisticRegressionCV(
                Cs=np.logspace(-4, 1, 11),
                cv=5,
                scoring="roc_auc",
                class_weight="balanced",
                max_iter=5000,
            ),  # fmt: skip
        ).fit(x, train_labels)
        found["logistic regression"] = plain.predict_proba(summaries(texts, known)[0])[:, 1]
        truth.append(labels)
        folds.append(np.full(len(labels), fold))
        for name, values in found.items():
            scores[name].append(values)
            count = f"{len(labels)} ({labels.sum()})"
            row(fold, name, f"{roc_auc_score(labels, values):.3f}", count)
    truth, folds = np.concatenate(truth), np.concatenate(folds)
    for name, values in scores.items():
        area, low, high = interval(truth, np.concatenate(values), folds)
        shown = book.add(f"bad loans, {name}: AUC, 95 %", area, (low, high), form=".3f")
        row("all", name, shown, "mean of folds, 95 %")


if __name__ == "__main__":
    main()
