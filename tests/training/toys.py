"""A tiny recipe with all that a training has to remember: dropout, averages, a schedule."""

import rnnkit


class Toy(rnnkit.Recipe):
    name = "toy"
    title = "Tell whether a text says high or low"
    pattern = "one_to_one"
    input, output, cell = "text", "label", "dense"
    model_class = "OneToOne"
    defaults = {"units": 3, "dropout": 0.3, "token_dropout": 0.1, "learning_rate": 0.05, "seed": 1}
    ema_momentum = 0.9
    training = {
        "epochs": 5, "batch_size": 8, "patience": 3, "monitor": "val_loss", "warmup": 4,
    }  # fmt: skip

    def features(self, data):
        return self.adapt_features(data, rnnkit.features.Text(), rnnkit.features.Label())

    def search_space(self, hp):
        return {"units": hp.Int("units", 2, 4)}
