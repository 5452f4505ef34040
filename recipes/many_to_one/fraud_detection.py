"""Fraud detection: does a history of payments end in fraud?

    rnnkit train fraud_detection --out fraud.keras
    rnnkit infer fraud.keras payments_of_one_card.csv

Own data: a folder with a table of events and a table of labels that share the column which names
the history (`card_id`, `account`, ...), or one table of events that carries the label. A column of
times (`time`, `date`) says when; columns of numbers are amounts, all others categories.

The class that is rarer in the training data is the one to be found. What matters most for own data:

- `threshold`: how the threshold is chosen on validation data: `"f1"`, or the share of false alarms
  that you can bear, such as 0.001.
- `balance`: how much more the rare class weighs in the loss: 1 as much in all as the other, 0 no
  more than each example.
- `categories`: columns that hold codes written as numbers.
"""

import rnnkit


class FraudDetection(rnnkit.Recipe):
    # === Task ===

    name = "fraud_detection"
    title = "Find the histories of payments that end in fraud"
    pattern = "many_to_one"
    input = "events"
    output = "label"
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
        self, data, *, categories=None, amounts=None, positive=None, max_events=400, threshold="f1"
    ):
        events = rnnkit.features.Events(categories, amounts, max_length=max_events)
        label = rnnkit.features.Detection(positive, choose=threshold)
        events.adapt(data.train.map(lambda x, y: x))
        label.adapt(data.train.map(lambda x, y: y))
        return events, label

    # === Model ===

    def build(
        self,
        events,
        label,
        *,
        cell="gru",
        units=32,
        num_layers=1,
        bidirectional=True,
        pooling="mean_max",
        embedding_size=8,
        filters=0,
        kernel_size=3,
        dropout=0.1,
        output_dropout=0.3,
        balance=0.5,
        learning_rate=3e-3,
        seed=None,
    ):
        model = rnnkit.models.ManyToOne(
            events,
            label,
            cell=cell,
            units=units,
            num_layers=num_layers,
            bidirectional=bidirectional,
            pooling=pooling,
            embedding_size=embedding_size,
            filters=filters,
            kernel_size=kernel_size,
            dropout=dropout,
            output_dropout=output_dropout,
            seed=seed,
            name=self.name,
        )
        model.compile(
            optimizer=rnnkit.training.AveragedAdam(learning_rate, clipnorm=1.0),
            loss=rnnkit.losses.balanced.BalancedCrossEntropy(label.weights(balance)),
        )
        return model

    # === Scores and training ===

    scores = (
        "average_precision",
        "roc_auc",
        "recall_at_1_percent",
        "recall_at_0_1_percent",
        "precision",
        "recall",
    )
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
