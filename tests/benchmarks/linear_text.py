"""A linear model on words and character n-grams, on the data of a recipe that labels texts.

    python -m tests.benchmarks.linear_text sentiment FOLDER --name sst2

Logistic regression on tf-idf of words and pairs of words, and of the two to five characters within
words; the strength of its penalty is chosen on the validation part. What the network of the recipe
has to beat (`recipe_scores`).
"""

import scipy.sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

import recipes
from tests.benchmarks import ledger

STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)


def columns(part):
    """Texts and labels of a part, two lists."""
    pairs = [(text.decode(), label.decode()) for text, label in part.as_numpy_iterator()]
    return [list(each) for each in zip(*pairs, strict=True)]


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("recipe")
    parser.add_argument("source", help="a file, a folder or a TFDS name; 'embedded' for its sample")
    parser.add_argument("--name")
    options = parser.parse_args()
    book = ledger.Book(options.record)
    source = None if options.source == "embedded" else options.source
    data = recipes.get(options.recipe).data(source, name=options.name)
    parts = [columns(part) for part in (data.train, data.validation, data.test)]
    readers = (
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+"),
        TfidfVectorizer(ngram_range=(2, 5), sublinear_tf=True, analyzer="char_wb"),
    )
    for each in readers:
        each.fit(parts[0][0])
    x = [scipy.sparse.hstack([each.transform(texts) for each in readers]) for texts, _ in parts]
    best = None
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=1000).fit(x[0], parts[0][1])
        found = [model.score(x[part], parts[part][1]) for part in (1, 2)]
        print(f"C={strength:g}: validation {found[0]:.4f}, test {found[1]:.4f}", flush=True)
        if best is None or found[0] > best[0]:
            best = found
    shown = book.add(f"linear model, {options.recipe}, test: accuracy", best[1], form=".4f")
    print(f"test: accuracy {shown}")


if __name__ == "__main__":
    main()
