"""What `gradient_flow` found: norms by time step, the factor of a step, a verdict, a table."""

import dataclasses
import html

import numpy as np
import pandas as pd

from rnnkit.utils.pictures import draw
from rnnkit.utils.tables import ResultTable

# A gradient has vanished if less than this of it is left after the whole sequence, and exploded if
# it is more than the inverse times as large.
VANISHED = 1e-2


@dataclasses.dataclass
class LayerFlow:
    """The gradients of one recurrent layer, in one direction.

    Attributes:
        name: Its name; see `rnnkit.diagnostics.layer_names`.
        cell: Class of its cell.
        norms: Dict of the name of a state (`"hidden"`, of an LSTM also `"cell"`) to the norms of
            the total derivative of the loss with respect to it, float64 `[examples, time]`: through
            all that depends on it, at this step and at later ones (of c_t also through h_t). In the
            order of time, also for a layer that reads backwards. NaN at steps that are padding.
        factors: How many times as large the gradient is a step further back, for each step that it
            passes: float64 `[examples, time - 1]`, between the steps t and t + 1. That is
            |J^T g| / |g| for the gradient g of the later step's states, without the gradient that
            the loss has at the earlier step itself. NaN where there is no gradient.
        lengths: Number of steps of each example that count, `[examples]`.
        backwards: Whether the layer reads from the end, so that gradients flow towards it.
    """

    name: str
    cell: str
    norms: dict
    factors: np.ndarray
    lengths: np.ndarray
    backwards: bool = False

    @property
    def steps(self):
        """Steps that a gradient passes from one end to the other, on average over the examples."""
        return float(np.mean(np.maximum(self.lengths - 1, 0)))

    @property
    def factor(self):
        """Geometric mean of `factors`, NaN where there are none."""
        known = self.factors[~np.isnan(self.factors)]
        if not known.size:
            return float("nan")
        # A factor of zero would be the mean whatever the others are.
        return float(np.exp(np.mean(np.log(np.maximum(known, 1e-38)))))

    @property
    def carried(self):
        """The fraction of a gradient left after all steps of a sequence: `factor ** steps`."""
        with np.errstate(over="ignore", under="ignore"):
            return float(np.float64(self.factor) ** self.steps)

    def mean(self, state=None):
        """Mean norm over the examples, `[time]`, of the first state unless one is named."""
        return pd.DataFrame(self.norms[state or next(iter(self.norms))]).mean().to_numpy()

    @property
    def verdict(self):
        """`"vanishing"`, `"exploding"`, `"healthy"`, or `"none"` where no gradient was measured."""
        norms = np.concatenate([each.ravel() for each in self.norms.values()])
        if np.isinf(norms).any() or np.isinf(self.factors).any():
            return "exploding"
        if np.isnan(self.factor):
            return "none"
        if self.carried < VANISHED:
            return "vanishing"
        return "exploding" if self.carried > 1 / VANISHED else "healthy"

    @property
    def reach(self):
        """Steps after which a hundredth of a gradient is left; infinite where it does not fade."""
        factor = self.factor
        return float(np.log(VANISHED) / np.log(factor)) if 0 < factor < 1 else float("inf")


class GradientFlow:
    """How gradients flow back through the recurrent layers of a model.

    Shows as a table with its verdict: as text, with rich, and as HTML in a notebook.

    Attributes:
        layers: List of `LayerFlow`, in the order in which the layers are called.
        loss: The value that was differentiated.
        trained: Whether the layers are trained at all; a reservoir is not.
    """

    def __init__(self, layers, loss, trained=True, model=""):
        self.layers = layers
        self.loss = loss
        self.trained = trained
        self.model = model

    def __getitem__(self, name):
        """The `LayerFlow` of a name."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        known = [layer.name for layer in self.layers]
        raise KeyError(f"There is no layer {name!r}. Layers: {known}")

    @property
    def norms(self):
        """For each layer the mean norm of the gradient of its hidden state, `[time]`."""
        return [layer.mean() for layer in self.layers]

    @property
    def worst(self):
        """The layer whose gradients change most on the way."""

        def change(layer):
            if layer.verdict == "none":
                return -1.0
            if layer.verdict == "exploding" and not np.isfinite(layer.carried):
                return float("inf")
            return abs(layer.steps * np.log(max(layer.factor, 1e-38)))

        return max(self.layers, key=change)

    @property
    def verdict(self):
        """`"vanishing"`, `"exploding"`, `"healthy"` or `"none"`: that of the worst layer."""
        return self.worst.verdict

    @property
    def advice(self):
        """The verdict in a sentence, with what was measured and what to do."""
        worst = self.worst
        if worst.verdict == "none":
            return "No gradient was measured: it takes two steps and a loss that depends on them."
        text = (
            f"{worst.name}: on its way back a gradient becomes {worst.factor:.3g} times as large "
            f"at each step, {worst.carried:.2g} times over all {worst.steps:.0f} steps."
        )
        if not self.trained or worst.cell == "ESNCell":
            return f"{text} A reservoir is not trained: this is how it forgets, no fault."
        return f"{text} {_ADVICE[worst.verdict](worst)}"

    def table(self):
        """A row for each layer and direction, as a `FlowTable`."""
        return FlowTable(
            {
                "layer": layer.name,
                "cell": layer.cell,
                "steps": layer.steps,
                "factor": layer.factor,
                "carried": layer.carried,
                "reach": layer.reach,
                **{f"{end} {state}": _end(layer, state, end) for state in layer.norms
                   for end in ("first", "last")},
                "verdict": layer.verdict,
            }
            for layer in self.layers
        )  # fmt: skip

    def plot(self, ax=None):
        """The norms by time step; see `rnnkit.plots.gradient_flow`."""
        return draw("gradient_flow", self, ax=ax)

    def __repr__(self):
        return f"{self.table()!r}\n{self.verdict}: {self.advice}"

    def __rich_console__(self, console, options):
        yield self.table()
        yield f"{self.verdict}: {self.advice}".replace("[", r"\[")

    def _repr_html_(self):
        text = f"<p><b>{html.escape(self.verdict)}</b>: {html.escape(self.advice)}</p>"
        return self.table()._repr_html_() + text


class FlowTable(ResultTable):
    """Gradients by layer (a list of dicts) that shows as a table.

    `factor` is for each step back, `carried` over all of them, `reach` the steps after which a
    hundredth is left; `first hidden` and `last hidden` the mean norms at the two ends of time.
    """

    COLUMNS = {
        "layer": "", "cell": "", "steps": ".0f",
        "first": lambda row: _first_state(row, "first"),
        "last": lambda row: _first_state(row, "last"),
        "factor": ".3g", "carried": ".2g",
        "reach": lambda row: "all" if np.isinf(row["reach"]) else f"{row['reach']:.0f}",
        "verdict": "",
    }  # fmt: skip


def _first_state(row, end):
    """The norm at one end of time, of the first state that a row has."""
    return f"{next(row[key] for key in row if key.startswith(f'{end} ')):.2g}"


def _end(layer, state, end):
    """Mean norm at the first or last step of each example."""
    norms = pd.DataFrame(layer.norms[state])
    filled = norms.bfill(axis=1) if end == "first" else norms.ffill(axis=1)
    return float(filled.iloc[:, 0 if end == "first" else -1].mean())


def _vanishing(layer):
    gate = "forget" if "LSTM" in layer.cell else "update" if "GRU" in layer.cell else None
    first = "take a gated cell ('lstm', 'gru')"
    if gate:
        first = f"open the {gate} gate wider (rnnkit.diagnostics.open_gates)"
    return (
        f"What helps: {first}; start from orthogonal recurrent weights "
        "(recurrent_initializer='orthogonal'); cut sequences shorter, or shorten the way (pooling, "
        "attention, both directions)."
    )


def _exploding(layer):
    return (
        "What helps: clip gradients (keras.optimizers.Adam(clipnorm=1.0)); start from orthogonal "
        "or smaller recurrent weights; cut sequences shorter."
    )


def _healthy(layer):
    return "Steps at both ends of a sequence are learned from alike."


_ADVICE = {"vanishing": _vanishing, "exploding": _exploding, "healthy": _healthy}
