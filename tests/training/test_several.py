"""What early stopping watches where an example has several targets."""

import keras
import numpy as np
import pytest

from rnnkit.features import Label, Number, Targets, Text
from rnnkit.models import OneToOne
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
    rng, count, cut = np.random.default_rng(3), 900, 600
    good = rng.permutation(np.arange(count) % 2)
    texts = []
    for each in good:
        odds = np.where(np.arange(600) % 2 == each, 0.75, 0.25)
        texts.append(" ".join(f"w{i}" for i in rng.choice(600, 9, p=odds / odds.sum())))
    y = [["good" if each else "bad", float(rng.normal())] for each in good]
    targets = Targets({"label": Label(), "noise": Number()}, weights={"noise": 2.0}).adapt(y[:cut])
    model = OneToOne(Text().adapt(texts[:cut]), targets, units=64, seed=1)
    model.compile(optimizer=keras.optimizers.Adam(3e-3))
    held_out = (texts[cut:], y[cut:])
    options = {"validation_data": held_out, "epochs": 12, "batch_size": 16, "verbose": 0}
    curves = model.fit(texts[:cut], y[:cut], **options).history
    kept, before = (int(np.argmin(curves[name])) for name in ("val_relative_loss", "val_loss"))
    assert kept >= before + 3
    accuracy = curves["val_label_accuracy"]
    assert accuracy[kept] > max(accuracy[before] - 0.02, 0.8)
