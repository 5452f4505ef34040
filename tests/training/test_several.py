"""What early stopping watches where an example has several targets."""

import numpy as np
import pandas as pd
import pytest

import recipes
from rnnkit.training import several
from rnnkit.training.stopping import monitored


def test_settings():
    usual = {"patience": 3, "monitor": "val_loss"}
    assert several.watched("classes", usual) is usual
    assert several.watched("targets", usual)["monitor"] == "val_relative_loss"
    assert several.watched("targets", {"patience": 3})["monitor"] == "val_relative_loss"
    own = {"monitor": "val_label_accuracy"}
    assert several.watched("targets", own) is own
    assert usual["monitor"] == "val_loss"
    assert monitored(several.watched("targets", usual)) == ("val_relative_loss", "min")
    assert several.epochs("targets", 16) == several.epochs("labels", 16) == 60
    assert several.epochs("classes", 16) == 16 and several.epochs("targets", 80) == 80


@pytest.mark.slow
def test_noise_does_not_hide_what_is_learned():
    """A number that is noise is learned by heart, so that its loss grows from early on."""
    rng = np.random.default_rng(3)
    words = [f"w{i}" for i in range(40)]
    texts = [" ".join(rng.choice(words, 8)) for _ in range(400)]
    # Whether there are more even words than odd ones.
    labels = [
        "even" if sum(int(w[1:]) % 2 == 0 for w in text.split()) > 4 else "odd" for text in texts
    ]
    table = pd.DataFrame({"text": texts, "label": labels, "noise": rng.normal(size=400)})
    recipe = recipes.get("spam")
    data = recipe.data(table, target=["label", "noise"])
    model = recipe.train(data, seed=1, verbose=0)
    assert model.fit_defaults["monitor"] == "val_relative_loss"
    curves = model.history.history
    kept = int(np.argmin(curves["val_relative_loss"]))
    first = int(np.argmin(curves["val_loss"]))
    assert curves["val_label_accuracy"][kept] >= curves["val_label_accuracy"][first]
    assert len(curves["loss"]) > first + 1 + model.fit_defaults["patience"]
