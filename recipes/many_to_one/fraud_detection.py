"""Fraud detection: does a history of payments end in fraud?

    rnnkit train fraud_detection --out fraud.keras
    rnnkit infer fraud.keras payments_of_one_card.csv

Own data: a folder with a table of events and a table of labels that share the column which names
the history (`card_id`, `account`, ...), or one table of events that carries the label. A column of
times (`time`, `date`) says when; columns of numbers are amounts, all others categories.
"""

import rnnkit


class FraudDetection(rnnkit.Recipe):
    """Events → label; the class that is rarer in the training data is the one to be found.

    Options:
        categories: Name columns of codes that are written as numbers.
        balance: How much more the rare class weighs in the loss: 1 as much in all as the other, 0
            no more than each example.
    """

    # === Task ===

    name = "fraud_detection"
    title = "Find the histories of payments that end in fraud"
    pattern = "many_to_one"
    input, output = "events", "label"
    cell = "gru"

    # === Data ===

    dataset = "rnnkit_cards"
    card = "rnnkit.datasets.cards"
    data_types = ("events", "label")
    columns = {
        "input": ("history", "card", "card_id", "account", "account_id", "customer", "customer_id"),
        "target": ("label", "fraud", "is_fraud", "default", "class", "target"),
    }

    def features(
        self, data, *, categories=None, amounts=None, positive=None, max_events=400, threshold="f1",
        target_weights=None,
    ):  # fmt: skip
        events = rnnkit.features.Events(categories, amounts, max_length=max_events)

        def label():
            return rnnkit.features.Detection(positive, choose=threshold)

        target = self.label_feature(data, None, target_weights, label)
        return self.adapt_features(data, events, target)

    # === Model ===

    model_class = "ManyToOne"
    defaults = {
        "units": 32, "bidirectional": True, "pooling": "mean_max", "embedding_size": 8,
        "kernel_size": 3, "dropout": 0.1, "output_dropout": 0.3,
    }  # fmt: skip
    unused = ("bag_of_words", "token_dropout", "train_vectors", "vector_pull")
    ema_momentum = 0.99

    def compile(self, model, *, balance=0.5, learning_rate=3e-3):
        label, metrics = model.output_feature, None
        if label.target_type == "targets":
            loss = rnnkit.losses.TargetsLoss.of(label, balance)
            metrics = rnnkit.losses.TargetMetric.all_of(label, balance)
        else:
            loss = rnnkit.losses.BalancedCrossEntropy(label.weights(balance))
        model.compile(optimizer=self.optimizer(learning_rate), loss=loss, metrics=metrics)

    # === Scores and training ===

    scores = (
        "average_precision", "roc_auc", "recall_at_1_percent", "recall_at_0_1_percent",
        "precision", "recall",
    )  # fmt: skip
    training = {"epochs": 30, "batch_size": 64, "patience": 5, "monitor": "val_loss"}

    # === Search space ===

    def search_space(self, hp):
        return {
            "cell": hp.Choice("cell", ["gru", "lstm"]),
            "units": hp.Int("units", 16, 64, step=16),
            "balance": hp.Choice("balance", [0.0, 0.5, 1.0]),
            "dropout": hp.Float("dropout", 0.0, 0.4, step=0.1),
            "output_dropout": hp.Float("output_dropout", 0.0, 0.5, step=0.1),
            "learning_rate": hp.Float("learning_rate", 5e-4, 5e-3, sampling="log"),
        }
