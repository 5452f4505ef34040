"""How many units and gates of a recurrent layer are at their limits."""

import keras
import numpy as np

from rnnkit.diagnostics.activations import gates_of, has_gates, runs_of
from rnnkit.utils.tables import ResultTable

# A unit is saturated where its absolute value is above this, a gate where it is below SHUT or
# above OPEN.
LIMIT, SHUT, OPEN = 0.95, 0.05, 0.95


def saturation(model, x, layer=None, *, batch_size=32):
    """The fraction of units and gates that are saturated, where gradients hardly pass.

    A unit whose activation is a hyperbolic tangent passes 1 - h^2 of a gradient, a gate
    sigma (1 - sigma). This counts, over all examples, steps and units, the values of the hidden
    state (of an LSTM also of tanh(cell)) and of the candidate with an absolute value above 0.95,
    and the gates below 0.05 (shut) and above 0.95 (open). An open forget gate remembers, so
    saturation is no fault in itself.

    Args:
        model: A Keras model.
        x: Data: for models of rnnkit raw inputs as in `fit` (`(x, y)` for those that
            generate), for others arrays.
        layer: Which recurrent layers; see `rnnkit.diagnostics.gradient_flow`.
        batch_size: Examples at most; of more the first.

    Returns:
        A `SaturationTable`, a list of dicts: `layer`, `what` (`"hidden"`, `"cell"` or the name of
        a gate), `low` and `high` (fractions, from 0 to 1, at the lower and the upper limit),
        `saturated` (their sum), `mean` and `always` (fraction of the units that are at one
        of the limits at more than 95 % of all steps). Padding is not counted. States of cells
        without a hyperbolic tangent have no row, as they have no such limits.

    Raises:
        ValueError: If there is no such layer, or the data does not fit.

    Example:

    >>> rnnkit.diagnostics.saturation(model, texts)
    layer    what       low  high  saturated  mean  always
    ...
    """
    runs, batch = runs_of(model, x, layer, batch_size)
    rows = []
    for run in runs:
        counted = batch.mask_for(run)  # [batch, time]
        for name, values, limits in _values(run):
            values = values[counted].reshape(int(counted.sum()), -1)  # [steps, units]
            low, high = values < limits[0], values > limits[1]
            rows.append(
                {
                    "layer": run.name,
                    "what": name,
                    "low": float(low.mean()),
                    "high": float(high.mean()),
                    "saturated": float((low | high).mean()),
                    "mean": float(values.mean()),
                    "always": float(((low | high).mean(axis=0) > 0.95).mean()),
                }
            )
    return SaturationTable(rows)


class SaturationTable(ResultTable):
    """Fractions of saturated units and gates (a list of dicts) that shows as a table."""

    COLUMNS = {
        "layer": "", "what": "", "low": ".1%", "high": ".1%", "saturated": ".1%", "mean": ".2f",
        "always": ".1%",
    }  # fmt: skip


def _values(run):
    """Triples of name, values `[batch, time, units]` and limits."""
    cell = run.layer.cell
    bounded = getattr(cell, "activation", None) is keras.activations.tanh
    if bounded:
        states = dict(zip(run.state_names, zip(*run.kept, strict=True), strict=True))
        yield "hidden", run.in_time(states["hidden"]), (-LIMIT, LIMIT)
        if "cell" in states:
            yield "cell", np.tanh(run.in_time(states["cell"])), (-LIMIT, LIMIT)
    if not has_gates(cell):
        return
    for name, values in gates_of(run).items():
        of_tanh = name == "candidate"
        if of_tanh and not bounded:
            continue
        limits = (-LIMIT, LIMIT) if of_tanh else (SHUT, OPEN)
        yield name, values, limits
