"""The longest lag over which a cell learns to recall something."""

import dataclasses
import sys
import time

import keras
import numpy as np

from rnnkit.comparison.tasks.standard import DelayedRecall
from rnnkit.diagnostics.recurrent_layers import title_of
from rnnkit.utils.checks import integer
from rnnkit.utils.tables import ResultTable

# Updates between two looks at the accuracy, and sequences that it is measured on.
ROUND, JUDGED = 50, 500


@dataclasses.dataclass
class RecallHorizon:
    """What `recall_horizon` found.

    Attributes:
        horizon: The longest lag that was learned, in steps; 0 if not even the shortest was.
        limited: Whether `longest` was learned, so that the true horizon may be beyond.
        attempts: List of dicts, in the order tried: `lag`, `accuracy` (on sequences not trained
            on), `updates` (until it was reached, or all), `seconds`, `recalled`.
        cell: Name of the cell.
    """

    horizon: int
    limited: bool
    attempts: list
    cell: str

    def table(self):
        """The attempts, shortest lag first, as a `RecallTable`."""
        return RecallTable(sorted(self.attempts, key=lambda row: row["lag"]))

    def __repr__(self):
        more = "at least " if self.limited else ""
        return f"{self.table()!r}\n{self.cell}: recalls over {more}{self.horizon} steps"

    def _repr_html_(self):
        last = repr(self).splitlines()[-1]
        return f"{self.table()._repr_html_()}<p>{last}</p>"


class RecallTable(ResultTable):
    """Attempts at recalling (a list of dicts) that shows as a table."""

    COLUMNS = {
        "lag": "", "accuracy": ".3f", "updates": ",", "seconds": ".1f",
        "recalled": lambda row: "yes" if row["recalled"] else "no",
    }  # fmt: skip


def recall_horizon(
    cell="lstm",
    units=32,
    *,
    longest=200,
    shortest=5,
    updates=1_000,
    accuracy=0.9,
    batch_size=64,
    learning_rate=5e-3,
    seed=0,
    verbose=1,
    **options,
):
    """The longest lag over which a cell learns, within a budget, to recall what it has seen.

    The task is delayed recall (`rnnkit.comparison.tasks.delayed_recall`): one of eight
    letters, then other letters, and after `lag` steps the question which the first was. A lag is
    recalled if a new network with this cell, after at most `updates` training steps, answers a
    fraction of `accuracy` of 500 new sequences (1/8 is chance). Lags are doubled from `shortest` on
    until one is not recalled, or `longest` is; then the interval between the last that was and the
    first that was not is halved until it is a tenth of the horizon. Longer lags, which may be
    recalled by luck, are not tried.

    So the horizon measures learning, in which gradients have to reach the letter, with one seed and
    one budget; `rnnkit.diagnostics.memory_capacity` measures the cell alone.

    Args:
        cell: Name of a cell or a Keras RNN cell; see `rnnkit.layers.recurrent`.
        units: Size of the state.
        longest: Longest lag tried.
        shortest: First lag tried.
        updates: Training steps for each lag at most, in rounds of 50.
        accuracy: Fraction that must be right, above 1/8.
        batch_size: Sequences in a step, each sampled anew.
        learning_rate: Of Adam, with gradients clipped to norm 1.
        seed: Integer that fixes weights and sequences.
        verbose: 1 tells of each lag on standard error.
        **options: Others of the model, such as `num_layers` or `bidirectional`.

    Returns:
        A `RecallHorizon`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> recall_horizon("gru", 32, longest=100).horizon
    100
    """
    for name, value, least in (
        ("shortest", shortest, 1), ("longest", longest, shortest), ("updates", updates, 1),
        ("batch_size", batch_size, 1), ("units", units, 1),
    ):  # fmt: skip
        integer(value, name, least)
    if not 1 / 8 < accuracy <= 1:
        raise ValueError(
            f"accuracy must be above 1/8, which is chance, and at most 1. Received: {accuracy!r}"
        )
    name, attempts = title_of(cell), []

    def recalled(lag):
        row = _attempt(
            lag, accuracy, updates, batch_size, seed,
            cell=cell, units=units, learning_rate=learning_rate, **options,
        )  # fmt: skip
        attempts.append(row)
        if verbose:
            print(
                f"{name}: lag {lag} {'' if row['recalled'] else 'not '}recalled, accuracy "
                f"{row['accuracy']:.3f} after {row['updates']:,} updates, {row['seconds']:.0f} s",
                file=sys.stderr, flush=True,
            )  # fmt: skip
        return row["recalled"]

    horizon, failed, lag = 0, None, shortest
    while recalled(lag):
        horizon = lag
        if lag == longest:
            return RecallHorizon(horizon, True, attempts, name)
        lag = min(2 * lag, longest)
    failed = lag
    while horizon and failed - horizon > max(1, horizon // 10):
        middle = (horizon + failed) // 2
        if recalled(middle):
            horizon = middle
        else:
            failed = middle
    return RecallHorizon(horizon, False, attempts, name)


def _attempt(lag, accuracy, updates, batch_size, seed, **options):
    """Trains a new network on one lag; a row of the table."""
    task, start = DelayedRecall(lag), time.perf_counter()
    model = task.build(*task.features(None), seed=seed, **options)
    x, y = task.draw(JUDGED, seed, "validation")
    row = {"lag": lag, "accuracy": 0.0, "updates": 0}

    def look(epoch, logs):
        row["updates"] += steps
        if np.isfinite(logs["loss"]):
            row["accuracy"] = task.measure(model, x, y)
        # A loss that is not finite does not come back.
        model.stop_training = row["accuracy"] >= accuracy or not np.isfinite(logs["loss"])

    steps = min(ROUND, updates)
    keras.Model.fit(
        model, task.batches(batch_size, seed), epochs=-(-updates // steps), steps_per_epoch=steps,
        shuffle=False, verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=look)],
    )  # fmt: skip
    seconds = time.perf_counter() - start
    return {**row, "seconds": seconds, "recalled": row["accuracy"] >= accuracy}
