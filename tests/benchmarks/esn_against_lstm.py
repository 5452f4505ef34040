"""Time to the same one-step error on Mackey–Glass: a solved reservoir against a trained LSTM.

    python -m tests.benchmarks.esn_against_lstm [--minutes 5] [--seed 1]

Both through the recipe `forecasting` on its embedded Mackey–Glass series (delay 17), horizon 1,
default settings. The LSTM trains by Adam until its validation error, measured after every epoch,
is that of the echo state network, or until time is up; then the best error it reached is said,
and how long the echo state network needs for that one by growing from few units. Building and
compiling count for both.
"""

import time

import keras

import recipes
from tests.benchmarks import ledger


class Clock(keras.callbacks.Callback):
    """Notes seconds and validation error after every epoch; ends when one of them is reached."""

    def __init__(self, goal, limit):
        super().__init__()
        self.goal, self.limit, self.curve = goal, limit, []

    def on_train_begin(self, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self.started
        self.curve.append((seconds, logs["val_loss"] ** 0.5))
        self.model.stop_training = seconds > self.limit or self.curve[-1][1] <= self.goal


def esn(recipe, data, units, seed):
    """Seconds to build and solve a network, and its one-step NRMSE on the validation part."""
    started = time.perf_counter()
    model = recipe.model(data, horizon=1, units=units, seed=seed)
    history = model.fit(data.train, validation_data=data.validation, verbose=0)
    seconds = time.perf_counter() - started
    return seconds, history.history["val_loss"][0] ** 0.5  # targets are standardised


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    book = ledger.Book(options.record)
    recipe = recipes.get("forecasting")
    data = recipe.data()
    esn(recipe, data, 10, options.seed)  # TensorFlow's own start
    found = {units: esn(recipe, data, units, options.seed) for units in (10, 20, 50, 100, 200, 500)}
    for units, (seconds, error) in found.items():
        print(f"esn, {units:>4} units: NRMSE {error:.2e} in {seconds:6.2f} s", flush=True)
        book.add(f"Mackey-Glass, one step, esn of {units} units: NRMSE", error, form=".2e")
    clock = Clock(found[500][1], 60 * options.minutes)
    patient = keras.callbacks.EarlyStopping(patience=10**6)  # time ends it, not the error
    started = time.perf_counter()
    model = recipe.model(data, horizon=1, cell="lstm", seed=options.seed)
    building = time.perf_counter() - started
    model.fit(
        data.train,
        validation_data=data.validation,
        epochs=10**6,
        verbose=0,
        callbacks=[clock, patient],
    )
    seconds, error = min(clock.curve, key=lambda point: point[1])
    seconds += building
    print(f"lstm: best NRMSE {error:.2e} after {seconds:.1f} s of {clock.curve[-1][0]:.0f} s")
    book.add("Mackey-Glass, one step, lstm: NRMSE", error, form=".2e")
    same = [(units, point) for units, point in found.items() if point[1] <= error]
    if same:
        units, (needed, reached) = min(same, key=lambda each: each[1][0])
        print(f"esn with {units} units is there (NRMSE {reached:.2e}) in {needed:.2f} s: ratio "
              f"{seconds / needed:.0f}")  # fmt: skip
        book.add("time of lstm over that of esn, to the same error", seconds / needed, form=".0f")


if __name__ == "__main__":
    main()
