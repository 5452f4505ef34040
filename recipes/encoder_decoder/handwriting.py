"""Handwriting: what does a pen write?

    rnnkit train handwriting --out handwriting.keras
    rnnkit infer handwriting.keras "12 30 0;14 9 0;17 31 1;12 20 0;18 19 1"

Own data: a csv, tsv or jsonl file with the columns `points` and `word`, or a folder of splits.
Points are written `x y up;x y up;...`, y downwards, with `up` 1 at the last point of each stroke.
"""

import rnnkit


class Handwriting(rnnkit.Recipe):
    """Strokes → text, by connectionist temporal classification.

    Options:
        spacing: Larger is faster; smaller keeps small turns. 0 takes the points as they are.
        subsampling: Set 1 for words written with few points.
        units, dropout: Thousands of words can feed a larger network; a few hundred need more
            dropout.
    """

    # === Task ===

    name = "handwriting"
    title = "Read handwriting from pen strokes"
    pattern = "ctc"
    input, output = "strokes", "text"
    cell = "lstm"

    # === Data ===

    dataset = "rnnkit_letters"
    card = "rnnkit.datasets.letters"
    data_types = ("strokes", "text")
    columns = {
        "input": ("points", "strokes", "ink", "drawing", "input"),
        "target": ("text", "word", "transcript", "label", "target"),
    }

    def features(self, data, *, size="spread", spacing=0.2, max_points=2000):
        strokes = rnnkit.features.Strokes(unit=size, spacing=spacing or None, max_length=max_points)
        return self.adapt_features(data, strokes, rnnkit.features.Text(level="character"))

    # === Model ===

    model_class = "CTC"
    defaults = {
        "units": 64, "subsampling": 2, "filters": 64, "dropout": 0.2, "output_dropout": 0.2,
        "learning_rate": 4e-3,
    }  # fmt: skip
    unused = ("embedding_size", "token_dropout")
    # The average of the weights over about the last hundred steps reads better than any.
    ema_momentum = 0.99

    # === Scores and training ===

    scores = ("cer", "wer", "exact_match")
    training = {"epochs": 25, "batch_size": 32, "patience": 4, "monitor": "val_loss"}

    # === Search space ===

    def search_space(self, hp):
        return {
            "cell": hp.Choice("cell", ["lstm", "gru"]),
            "units": hp.Choice("units", [48, 64, 96, 128]),
            "spacing": hp.Choice("spacing", [0.15, 0.2, 0.3]),
            "subsampling": hp.Choice("subsampling", [1, 2]),
            "dropout": hp.Float("dropout", 0.0, 0.4, step=0.1),
            "learning_rate": hp.Float("learning_rate", 1e-3, 6e-3, sampling="log"),
        }
