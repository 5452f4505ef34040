"""Free runs of echo state networks: what they give at one step they hear at the next."""

import typing
import warnings

import numpy as np
import tensorflow as tf

from rnnkit.features import Forecast
from rnnkit.features.calendar import following
from rnnkit.layers.reservoir import loops
from rnnkit.models.forecasting import is_single
from rnnkit.utils.checks import integer, number

# A closed loop has diverged beyond this many times the largest target seen in training.
DIVERGED = 10.0


class FreeRun(typing.NamedTuple):
    """What `EchoStateNetwork.forecast` gives, in the unit of the targets.

    Attributes:
        forecast: `[steps, targets]`, or `[series, steps, targets]` for several series.
        lower: Lower ends of the intervals, of the same shape, or None.
        upper: Upper ends of the intervals, or None.
    """

    forecast: np.ndarray
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None


def forecast(model, steps, warm_up, inputs=None, *, interval=None, samples=50, seed=None):
    """See `EchoStateNetwork.forecast`."""
    integer(steps, "steps")
    integer(samples, "samples")
    if interval is not None and not 0 < number(interval, "interval", least=0, most=1) < 1:
        raise ValueError(f"interval must be between 0 and 1. Received: interval={interval}")
    _check(model)
    feature, targets = model.input_feature, None
    if model.output_feedback:
        if not isinstance(warm_up, tuple) or len(warm_up) != 2:
            raise ValueError(
                "warm_up must be a pair (x, y) for a network with output feedback: it hears the "
                f"targets. Received: {type(warm_up).__name__}"
            )
        warm_up, targets = warm_up
    raw = feature.to_tensor(warm_up)  # [series, (time), raw_width]
    single = is_single(feature, warm_up)
    lengths = raw.row_lengths().numpy()
    if lengths.min() <= model.washout:
        raise ValueError(
            f"warm_up must be longer than the washout of {model.washout} steps. Received: a series "
            f"of {int(lengths.min())} steps"
        )
    encoded = feature.encode(raw)
    feature.check(raw, encoded)
    x = encoded.to_tensor().numpy()  # [series, time, features]
    known = _known(model, raw, steps, inputs)  # [steps, series, features]
    feedback, offset = _feedback(model)
    heard = None if targets is None else _heard(model, targets, lengths, x.shape[1])
    states, first = _warmed(model, x, lengths, heard)
    if heard is not None and not isinstance(model.output_feature, Forecast):
        # The output of the last step of the warm-up is its own target, which is known.
        last = heard[np.arange(len(x)), lengths - 1]  # [series, targets]
        first, keep = [last] * len(first), slice(1, None)
        steps += 1
    else:
        known, keep = known[:-1], slice(None)
    size = first[0].shape[1]
    free = np.zeros((steps - 1, len(x), size))
    outputs = _run(model, range(model.ensemble), np.mean(first, axis=0), states, known, feedback,
                   offset, free)  # fmt: skip
    lower = upper = None
    if interval is not None:
        rng = np.random.default_rng(seed)
        paths = []
        for member, readout in enumerate(model.readouts):
            error = readout.numpy("error")
            noise = rng.normal(size=(steps, samples * len(x), size)) * error
            noise[: keep.start or 0] = 0.0  # what is known has no error
            repeated = [tf.repeat(state, samples, axis=0) for state in states[member]]
            paths.append(
                _run(model, [member], np.repeat(first[member], samples, axis=0) + noise[0],
                     {member: repeated}, np.repeat(known, samples, axis=1), feedback, offset,
                     noise[1:]).reshape(steps, len(x), samples, size)
            )  # fmt: skip
        paths = np.concatenate(paths, axis=2)  # [steps, series, members * samples, targets]
        paths = np.nan_to_num(paths, nan=np.inf, posinf=np.inf, neginf=-np.inf)
        tail = (1 - interval) / 2
        lower, upper = np.quantile(paths, [tail, 1 - tail], axis=2, method="nearest")
    outputs, lower, upper = (
        part if part is None else part[keep] for part in (outputs, lower, upper)
    )
    outputs = _watched(model, outputs)
    parts = []
    for part in (outputs, lower, upper):
        if part is None:
            parts.append(None)
            continue
        part = model.output_feature.unscale(part.transpose(1, 0, 2))  # [series, steps, targets]
        parts.append(part[0] if single else part)
    return FreeRun(*parts)


def driven(model, x, lengths):
    """Outputs of a network with output feedback that hears its own: `[series, time, targets]`."""
    targets = model.readouts[0].units
    known = np.concatenate(
        [x.transpose(1, 0, 2), np.zeros((x.shape[1], len(x), targets), x.dtype)], axis=-1
    )  # [time, series, features + targets]
    feedback, offset = _feedback(model)
    states = {m: _zeros(model, m, len(x)) for m in range(model.ensemble)}
    noise = np.zeros((len(known), len(x), targets))
    start = np.zeros((len(x), targets))
    outputs = _free(model, range(model.ensemble), start, states, known, feedback, offset, noise)
    outputs[np.arange(len(outputs))[:, None] >= lengths] = 0.0  # after the end of a series
    return _watched(model, outputs, stacklevel=6).transpose(1, 0, 2)


# === Parts ===


def _check(model):
    feature = model.output_feature
    if not model.stepwise or model.bidirectional:
        raise ValueError(
            "forecast needs an output at each step and one direction. Received: a model with "
            f"output_feature={type(feature).__name__}, bidirectional={model.bidirectional}"
        )
    if isinstance(feature, Forecast) and feature.horizon != 1:
        raise ValueError(
            "forecast runs in a closed loop of single steps: make the model with "
            f"Forecast(horizon=1). Received: horizon={feature.horizon}"
        )
    if not model.fitted:
        raise ValueError("forecast needs a readout: call fit first")


def _places(model):
    """For each output the input column that continues it, or None.

    With output feedback no column does: outputs are heard beside the inputs.
    """
    names, outputs = model.input_feature.names, model.output_feature.names
    if model.output_feedback:
        return [None] * len(outputs)
    if set(outputs) <= set(names):
        return [names.index(name) for name in outputs]
    if len(outputs) == len(names):
        return list(range(len(names)))
    return [None] * len(outputs)


def _feedback(model):
    """Where outputs are heard: `feedback` `[targets, features]` and `offset` `[features]`.

    An output is turned from the standardised unit of the targets into that of the inputs.
    """
    feature, target = model.input_feature, model.output_feature
    size = model.readouts[0].units
    width = feature.width + (size if model.output_feedback else 0)
    feedback, offset = np.zeros((size, width)), np.zeros(width)
    own = [target.unscale(np.full(target.size, value)) for value in (0.0, 1.0)]
    for output, column in enumerate(_places(model)):
        if column is not None:
            zero, one = (feature.scale(np.full(feature.size, each[output]))[column] for each in own)
            feedback[output, column], offset[column] = one - zero, zero
    if model.output_feedback:
        feedback[:, feature.width :] = np.eye(size)
    return feedback, offset


def _known(model, raw, steps, inputs):
    """Encoded inputs of the steps ahead, 0 where outputs are heard: `[steps, series, width]`."""
    feature = model.input_feature
    count = raw.shape[0]
    places = {place for place in _places(model) if place is not None}
    missing = [name for index, name in enumerate(feature.names) if index not in places]
    if missing and inputs is None:
        raise ValueError(
            f"The input columns {missing} are not forecast: give their values ahead as inputs, "
            f"{steps} rows. Received: inputs=None"
        )
    if inputs is None:
        future = np.zeros((count, steps, feature.raw_width))
        if feature.time:
            last = raw.flat_values.numpy()[raw.row_limits().numpy() - 1, 0]  # [series]
            future[..., 0] = [
                following(each, steps, feature.step, feature.frequency) for each in last
            ]
    else:
        future = feature.to_tensor(inputs).to_tensor().numpy()
        if future.shape[0] == 1 and count > 1:
            future = np.repeat(future, count, axis=0)
        if future.shape[:2] != (count, steps):
            raise ValueError(
                f"inputs must hold {steps} rows for each of {count} series. Received: "
                f"{future.shape[1]} rows for {future.shape[0]}"
            )
    encoded = feature.encode(tf.constant(future)).numpy().astype("float64")
    encoded[..., sorted(places)] = 0.0
    if not np.isfinite(encoded).all():
        raise ValueError("inputs must be finite in the columns that are not forecast")
    if model.output_feedback:
        own = np.zeros((*encoded.shape[:2], model.readouts[0].units))
        encoded = np.concatenate([encoded, own], axis=-1)
    return encoded.transpose(1, 0, 2)


def _heard(model, targets, lengths, steps):
    """Standardised targets of the warm-up, `[series, time, targets]`."""
    target = model.output_feature
    raw = target.to_tensor(targets)
    if raw.row_lengths().numpy().tolist() != lengths.tolist():
        raise ValueError(
            "The two parts of warm_up must have equal lengths. Received: "
            f"{lengths.tolist()} and {raw.row_lengths().numpy().tolist()} steps"
        )
    dense = raw.to_tensor(np.nan, shape=(None, steps, target.size)).numpy()
    return np.nan_to_num(target.scale(dense))  # 0 where not known, as in fit


def _warmed(model, x, lengths, heard=None):
    """States of each member after the warm-up, and the outputs it gives then.

    Returns:
        Dict of member to its layers' states `[series, units]`, and a list over members of outputs
        `[series, targets]`.
    """
    from rnnkit.models.reservoir.passes import Pass

    run = Pass(model, None)
    if heard is not None:
        # At each step the output of the one before: for a Forecast that is the present value.
        before = heard
        if not isinstance(model.output_feature, Forecast):
            before = np.concatenate([np.zeros_like(heard[:, :1]), heard[:, :-1]], axis=1)
        x = np.concatenate([x, before.astype(x.dtype)], axis=-1)
    states, outputs = {}, []
    for member, readout in enumerate(model.readouts):
        last = run.last(member, x, lengths)  # [series, read]
        outputs.append(last @ readout.numpy("kernel") + readout.numpy("bias"))
        width = 0 if not model.read_inputs else x.shape[2]
        cells = [pair[0] for pair in run.layers[member]]
        cuts = width + np.cumsum([cell.units for cell in cells])[:-1]
        parts = np.split(last, [width, *cuts], axis=1)[1:]
        states[member] = [
            tf.constant(part, cell.compute_dtype) for part, cell in zip(parts, cells, strict=True)
        ]
    return states, outputs


def _zeros(model, member, count):
    from rnnkit.models.reservoir.passes import layers_of

    return [
        tf.zeros((count, pair[0].units), pair[0].compute_dtype) for pair in layers_of(model, member)
    ]


def _run(model, members, first, states, known, feedback, offset, noise):
    """The first outputs and those of the closed loop after them: `[steps, series, targets]`."""
    if not len(known):
        return first[None]
    rest = _free(model, members, first, states, known, feedback, offset, noise)
    return np.concatenate([first[None], rest])


def _free(model, members, first, states, known, feedback, offset, noise):
    from rnnkit.models.reservoir.passes import layers_of

    batch = known.shape[1]
    return loops.free_run(
        [[loops.Reservoir.of(pair[0], batch) for pair in layers_of(model, m)] for m in members],
        [(model.readouts[m].numpy("kernel"), model.readouts[m].numpy("bias")) for m in members],
        first, [state for m in members for state in states[m]], known, feedback, offset, noise,
        model.read_inputs,
    )  # fmt: skip


def _watched(model, outputs, stacklevel=4):
    """Outputs with NaN from where a closed loop has diverged on, which is said."""
    reach = np.max([readout.numpy("reach") for readout in model.readouts], axis=0)
    with np.errstate(invalid="ignore"):
        wild = ~(np.abs(outputs) <= DIVERGED * np.maximum(reach, 1e-12)).all(axis=2)
    if wild.any():
        gone = np.logical_or.accumulate(wild, axis=0)  # [steps, series]
        first = np.argmax(gone, axis=0)[gone.any(axis=0)]
        warnings.warn(
            f"The closed loop diverged in {len(first)} of {outputs.shape[1]} series, first at step "
            f"{int(first.min()) + 1}: its output left {DIVERGED:g} times the range of the training "
            "targets, and is NaN from there on. A larger ridge, noise in training, a smaller "
            "spectral radius or more data help",
            stacklevel=stacklevel,
        )
        outputs = np.where(gone[..., None], np.nan, outputs)
    return outputs
