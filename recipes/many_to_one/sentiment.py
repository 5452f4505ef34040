"""Sentiment: is a text positive or negative?

    rnnkit train sentiment --out sentiment.keras
    rnnkit infer sentiment.keras "The trailer is dreadful, but the film is a delight."

Own data: a csv, tsv or jsonl file with the columns `text` and `label`, a folder of splits, or any
TFDS dataset with a text and a label (`--data imdb_reviews`). Several targets are learned together:
`--target label,score`, or `--target label:class,stars:number` where numbers could be classes.
"""

import rnnkit


class Sentiment(rnnkit.Recipe):
    # === Task ===

    name = "sentiment"
    title = "Tell what a text thinks of its subject"
    pattern = "many_to_one"
    input, output = "text", "label"
    cell = "lstm"

    # === Data ===

    dataset = "rnnkit_reviews"
    card = "rnnkit.datasets.reviews"
    data_types = ("text", "label")
    columns = {
        "input": ("text", "sentence", "review", "content", "message"),
        "target": ("label", "sentiment", "class", "category", "target"),
    }

    def features(
        self, data, *, vocabulary_size=20_000, max_length=400, vectors=None, ordered=None,
        target_weights=None,
    ):  # fmt: skip
        text = rnnkit.features.Text(
            vocabulary_size=vocabulary_size,
            max_length=max_length,
            keep="both",  # a review's verdict tends to stand at its end
            vectors=vectors,
        )
        return self.adapt_features(data, text, self.label_feature(data, ordered, target_weights))

    # === Model ===

    model_class = "ManyToOne"
    defaults = {
        "units": 32, "bidirectional": True, "pooling": "mean_max", "bag_of_words": True,
        "dropout": 0.3, "output_dropout": 0.5,
    }  # fmt: skip

    def compile(self, model, *, learning_rate=1.2e-3):
        import keras

        # The average of the weights over the last hundred steps or so generalises better than
        # any of them, and tells early stopping more plainly when to stop.
        optimizer = keras.optimizers.Adam(
            learning_rate, clipnorm=1.0, use_ema=True, ema_momentum=0.99
        )
        model.compile(optimizer=optimizer)

    # === Scores and training ===

    scores = ("accuracy", "f1", "mcc")
    training = {"epochs": 16, "batch_size": 64, "patience": 3, "monitor": "val_loss"}
    # Few texts: an epoch has few updates, and what few texts to validate with say goes up and down.
    small = {"epochs": 40, "batch_size": 8, "patience": 15}

    # === Search space ===

    def search_space(self, hp):
        return {
            "cell": hp.Choice("cell", ["lstm", "gru"]),
            "units": hp.Int("units", 16, 96, step=16),
            "dropout": hp.Float("dropout", 0.1, 0.5, step=0.1),
            "output_dropout": hp.Float("output_dropout", 0.2, 0.6, step=0.1),
            "learning_rate": hp.Float("learning_rate", 3e-4, 3e-3, sampling="log"),
            "batch_size": hp.Choice("batch_size", [8, 32, 64]),
        }
