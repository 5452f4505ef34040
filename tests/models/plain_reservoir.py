"""An echo state network in NumPy, a step at a time, with the weights of an `EchoStateNetwork`."""

import keras
import numpy as np


def cells(model, member):
    """For each layer its cells, one or for two directions two."""
    found = []
    for layer in model.get_layer(f"reservoir_{member}").layers:
        two = isinstance(layer, keras.layers.Bidirectional)
        ways = [layer.forward_layer, layer.backward_layer] if two else [layer]
        found.append([way.cell for way in ways])
    return found


def step(cell, state, inputs):
    """The next state `[units]` from one state and one step of inputs."""
    kernel, bias = (np.asarray(each, "float64") for each in (cell.input_kernel, cell.bias))
    heard = inputs @ kernel + state @ cell.recurrent_matrix() + bias
    leak = np.asarray(cell.leak_rate)
    return (1 - leak) * state + leak * np.tanh(heard)


def drive(cell, inputs):
    """States `[time, units]` under inputs `[time, features]`, from zero on."""
    kernel, bias = (np.asarray(each, "float64") for each in (cell.input_kernel, cell.bias))
    matrix, leak = cell.recurrent_matrix().astype("float64"), np.asarray(cell.leak_rate)
    state, states = np.zeros(cell.units), []
    for each in inputs:
        state = (1 - leak) * state + leak * np.tanh(each @ kernel + state @ matrix + bias)
        states.append(state)
    return np.array(states)


def features(model, member, inputs):
    """What a readout reads of one encoded series: `[time, 1 + read]`, a constant first."""
    inputs = np.asarray(inputs, "float64")
    read, heard = [np.ones((len(inputs), 1))], inputs
    if model.read_inputs:
        read.append(inputs)
    for ways in cells(model, member):
        states = [drive(ways[0], heard)]
        if len(ways) == 2:
            states.append(drive(ways[1], heard[::-1])[::-1])
        heard = np.concatenate(states, axis=1)
        read.append(heard)
    return np.concatenate(read, axis=1)


def ridge(x, y, value, weights=None):
    """The ridge solution `[features, targets]`, each target from the rows where it is known."""
    weights = np.ones(len(x)) if weights is None else weights
    columns = []
    for target in y.T:
        known = ~np.isnan(target)
        scaled = x[known] * weights[known, None]
        gram = scaled.T @ x[known] + value * np.eye(x.shape[1])
        columns.append(np.linalg.solve(gram, scaled.T @ target[known]))
    return np.stack(columns, axis=1)


def rows(model, member, series, targets):
    """Features and targets of all steps after the washout, and their series and times.

    Args:
        model: The network.
        member: Number of the member of its ensemble.
        series: Raw series.
        targets: Encoded targets `[time, targets]` of each.

    Returns:
        `(x, y, which, times)`, arrays over rows.
    """
    found = []
    for index, (each, target) in enumerate(zip(series, targets, strict=True)):
        encoded = model.input_feature.encode(model.input_feature.to_tensor(each))[0].numpy()
        if model.output_feedback:
            before = np.concatenate([np.zeros_like(target[:1]), target[:-1]])
            encoded = np.concatenate([encoded, np.nan_to_num(before)], axis=1)
        x = features(model, member, encoded)
        times = np.arange(len(x))
        counts = (times >= model.washout) & ~np.isnan(target).all(axis=1)
        found.append((x[counts], target[counts], np.full(counts.sum(), index), times[counts]))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def encoded_targets(model, targets):
    """Raw targets as the network has them: a list of `[time, targets]`."""
    feature = model.output_feature
    return [
        feature.encode(feature.to_tensor(each))[0].numpy().astype("float64") for each in targets
    ]
