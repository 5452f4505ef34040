"""Rows with which a stream goes on: those that waited for their targets, and new ones."""

import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded, Streamed
from rnnkit.data.pipeline.given import is_lazy
from rnnkit.features.calendar import iso_texts
from rnnkit.features.columns import Columns
from rnnkit.models.windows import as_ragged, series_of


def going_on(model, begin, x, y, sample_weight):
    """What a series that goes on is learned from next.

    Args:
        model: An `EchoStateNetwork`.
        begin: `StreamEnd` of the rows so far.
        x, y, sample_weight: As in `EchoStateNetwork.partial_fit`; a row or more.

    Returns:
        `Encoded` `(x, y, weights)` of one series, of the rows that waited and the new ones; the
        encoded targets of each row `[time, targets]`; and the time of the last row, or 0. Targets
        that are not known are NaN in y, as those of the last rows of a forecast.

    Raises:
        ValueError: If the model cannot go on, for several series, and for other rows than the
            features take.
    """
    lazy = isinstance(x, (Encoded, Streamed, tf.data.Dataset)) or is_lazy(x)
    if not lazy and y is None:
        _, x = model._histories(x)
    inputs = None if lazy else as_ragged(model.prepare(x, targets=False).tensors[0])
    count = "a stream of" if lazy else int(inputs.nrows())
    if not model.streams or count != 1:
        raise ValueError(
            "continued=True needs an output at each step, one direction, no output feedback, "
            f"and one series at a time, as an array or a frame. Received: {count} series, "
            f"output_feature={type(model.output_feature).__name__}, "
            f"bidirectional={model.bidirectional}, output_feedback={model.output_feedback}"
        )
    (inputs,) = series_of(inputs)  # [time, features]
    time = _time(model.input_feature, x, begin.time)
    targets = _targets(model, x, y)
    if len(targets) != len(inputs):
        raise ValueError(
            "x and y must have as many steps. Received: a series of "
            f"{len(inputs):,} steps with targets at {len(targets):,}"
        )
    weights = _weights(sample_weight, len(inputs))
    inputs, targets, weights = (
        np.concatenate(pair).astype(pair[1].dtype)
        for pair in zip(begin.kept, (inputs, targets, weights), strict=True)
    )
    wanted = _ahead(targets, model.waiting) if model.waiting else targets
    return Encoded((inputs[None], wanted[None], weights[None])), targets, time


def _time(feature, x, last):
    """The time of the last row, after a check that the rows go on from a time; 0 without times."""
    if not feature.time:
        return 0.0
    times = feature.to_tensor(x).values.numpy()[:, 0]
    before = np.concatenate([[last or -np.inf], times[:-1]])
    if (times <= before).any():
        row = int(np.argmax(times <= before))
        now, then = iso_texts([times[row], before[row]])
        raise ValueError(
            f"The rows of a stream must come in order of time. Received: row {row} of {now}, after "
            f"one of {then}"
        )
    return float(times[-1])


def _targets(model, x, y):
    """The encoded targets of each row `[time, targets]`, of a forecast those of the row itself."""
    feature = model.output_feature
    if y is None:
        y = model._own_targets(x)
        if y is None:
            raise ValueError(
                "y is missing: the targets of a Series as output are none of its inputs. Received: "
                "x alone"
            )
    raw = feature.to_tensor(y)
    if raw.shape[0] != 1:
        raise ValueError(f"y must be one series, as x is. Received: {raw.shape[0]} of them")
    Columns.check(feature, raw, None)  # but for the length
    return feature.scale(raw.values.numpy()).astype(feature.dtype)


def _ahead(values, horizon):
    """The next values at each step, ordered by lead: `[time, horizon * targets]` from
    `[time, targets]`, NaN at the last `horizon` steps."""
    result = np.full((len(values), horizon, values.shape[1]), np.nan, values.dtype)
    known = len(values) - horizon
    if known > 0:
        for lead in range(1, horizon + 1):
            result[:known, lead - 1] = values[lead : lead + known]
    return result.reshape(len(values), -1)


def _weights(given, count):
    """The weight of each row, float64 `[time]`."""
    weights = np.ones(1)
    if given is not None:
        try:
            weights = np.asarray(given, "float64").ravel()
        except (TypeError, ValueError):
            weights = np.empty(0)
    known = len(weights) in (1, count) and np.isfinite(weights).all() and (weights >= 0).all()
    if not known:
        raise ValueError(
            "sample_weight must be a finite number that is not negative, or one for each of the "
            f"{count:,} rows. Received: sample_weight={given!r}"
        )
    return np.broadcast_to(weights, count).astype("float32").astype("float64")
