"""A learning rate that rises and falls: by hand, in `fit`, and where training is cut."""

import keras
import numpy as np
import pytest

import rnnkit
from rnnkit.features import Label, Text
from rnnkit.models import ManyToOne
from rnnkit.training.callbacks import LinearDecay

TEXTS, LABELS = ["good", "bad", "fine", "poor"] * 4, ["yes", "no"] * 8


class Rates(keras.callbacks.Callback):
    """Keeps the rate of every update and the one after every epoch."""

    def __init__(self):
        super().__init__()
        self.updates, self.epochs = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.updates.append(float(self.model.optimizer.learning_rate))

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(float(self.model.optimizer.learning_rate))


def network(rate=1.0):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), "mse")
    return model


def rates(model, warmup, epochs, steps, **options):
    kept, x = Rates(), np.zeros((steps, 1))
    callbacks = [LinearDecay(warmup), kept]
    model.fit(x, x, batch_size=1, epochs=epochs, callbacks=callbacks, verbose=0, **options)
    return kept


def test_by_hand():
    kept = rates(network(), 2, epochs=4, steps=5)
    # 20 updates, of which two rise: 1/2, then (21 - t) / 18 from its 1 on.
    expected = [0.5, 1.0, *(np.arange(18, 0, -1) / 18)]
    np.testing.assert_allclose(kept.updates, expected, rtol=1e-6)
    assert kept.epochs == [1.0] * 4


def test_a_short_training_rises_for_a_tenth_of_it():
    kept = rates(network(0.5), 200, epochs=2, steps=10)
    np.testing.assert_allclose(kept.updates[:3], [0.25, 0.5, 0.5 * 18 / 18], rtol=1e-6)
    np.testing.assert_allclose(kept.updates[-1], 0.5 / 18, rtol=1e-6)
    np.testing.assert_allclose(rates(network(), 0, 1, 4).updates, [1, 0.75, 0.5, 0.25])


def test_goes_on_where_a_training_begins_late():
    whole, late = rates(network(), 3, 4, 10), rates(network(), 3, 4, 10, initial_epoch=2)
    assert late.updates == whole.updates[20:]


def test_a_recipe_model_has_it_by_default_and_gets_its_rate_back(tmp_path):
    kept = Rates()
    model = ManyToOne(Text().adapt(TEXTS), Label().adapt(LABELS), units=2, seed=1)
    model.compile(keras.optimizers.Adam(0.5))
    model.fit_defaults = {"warmup": 1}
    model.fit(TEXTS, LABELS, batch_size=8, epochs=5, callbacks=[kept], verbose=0)
    # 10 updates: one rises to the peak, nine fall from it.
    np.testing.assert_allclose(kept.updates, 0.5 * np.r_[1.0, np.arange(9, 0, -1) / 9], rtol=1e-6)
    assert kept.epochs == [0.5] * 5 and float(model.optimizer.learning_rate) == 0.5
    model.save(tmp_path / "m.keras")
    again = rnnkit.load_model(tmp_path / "m.keras")
    assert again.fit_defaults == {"warmup": 1}
    assert float(again.optimizer.learning_rate) == 0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    [keras.callbacks.ReduceLROnPlateau("loss"), LinearDecay(), None],
    ids=["plateau", "decay", "schedule"],
)
def test_is_left_out_where_the_rate_is_cared_for(other):
    kept = Rates()
    model = ManyToOne(Text().adapt(TEXTS), Label().adapt(LABELS), units=2, seed=1)
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    model.compile(keras.optimizers.Adam(0.1 if other else schedule))
    model.fit_defaults = {"warmup": 5}
    callbacks = [each for each in (other, kept) if each]
    model.fit(TEXTS, LABELS, batch_size=8, epochs=1, callbacks=callbacks, verbose=0)
    expected = [0.1, 0.05] if isinstance(other, LinearDecay) else [0.1, 0.1]
    np.testing.assert_allclose(kept.updates, expected if other else [0.05, 0.025], rtol=1e-6)


def test_an_interrupted_model_is_saved_with_its_own_rate(tmp_path):
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 6:
                raise KeyboardInterrupt

    model = ManyToOne(Text().adapt(TEXTS), Label().adapt(LABELS), units=2, seed=1)
    model.compile(keras.optimizers.Adam(0.25))
    model.fit_defaults = {"warmup": 0}
    path = tmp_path / "cut.keras"
    with pytest.raises(KeyboardInterrupt):
        model.fit(
            TEXTS, LABELS, batch_size=1, callbacks=[Interrupt()], interrupted_path=path, verbose=0
        )
    assert float(rnnkit.load_model(path).optimizer.learning_rate) == 0.25


@pytest.mark.parametrize("warmup", [-1, 1.5, "long", None, True])
def test_warmup_is_a_number_of_updates(warmup):
    with pytest.raises(ValueError, match="warmup must be an integer of at least 0. Received: "):
        LinearDecay(warmup)


def test_two_schedules_are_refused():
    model = network(keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5))
    with pytest.raises(ValueError, match="needs an optimizer whose learning rate is a number"):
        rates(model, 1, 1, 4)
