"""Spam: is a short message unwanted?

    rnnkit train spam --out spam.keras
    rnnkit infer spam.keras "You have WON! Text CLAIM to 80808" "running late, start without me"

The message is taken as one thing: the bag of its words and pairs of neighbouring words. A dense
network needs no memory for that.

Own data: a csv, tsv or jsonl file with the columns `text` and `label`, a folder of splits, or any
TFDS dataset with a text and a label.
"""

import rnnkit


class Spam(rnnkit.Recipe):
    # === Task ===

    name = "spam"
    title = "Tell unwanted messages from wanted ones"
    pattern = "one_to_one"
    input, output = "text", "label"
    cell = "dense"

    # === Data ===

    dataset = "rnnkit_sms"
    card = "rnnkit.datasets.sms"
    data_types = ("text", "label")
    columns = {
        "input": ("text", "message", "sms", "content", "body"),
        "target": ("label", "class", "category", "spam", "target"),
    }

    def features(
        self, data, *, vocabulary_size=20_000, ngrams=2, min_count=2, vectors=None, ordered=None,
        target_weights=None,
    ):  # fmt: skip
        text = rnnkit.features.Text(
            vocabulary_size=vocabulary_size,
            ngrams=ngrams,
            min_count=min_count,
            unique=True,
            digits=False,  # what a number looks like tells more than which it is
            vectors=vectors,
        )
        return self.adapt_features(data, text, self.label_feature(data, ordered, target_weights))

    # === Model ===

    model_class = "OneToOne"
    defaults = {"units": 32, "dropout": 0.5, "learning_rate": 2e-3}
    unused = ("filters", "augment", "network", "network_weights", "train_network")

    # === Scores and training ===

    scores = ("accuracy", "mcc", "f1")
    training = {
        "epochs": 20,
        "batch_size": 64,
        "patience": 3,
        "min_delta": 1e-3,
        "monitor": "val_loss",
    }

    # === Search space ===

    def search_space(self, hp):
        return {
            "units": hp.Int("units", 16, 128, step=16),
            "ngrams": hp.Choice("ngrams", [1, 2]),
            "dropout": hp.Float("dropout", 0.0, 0.6, step=0.1),
            "learning_rate": hp.Float("learning_rate", 3e-4, 3e-3, sampling="log"),
        }
