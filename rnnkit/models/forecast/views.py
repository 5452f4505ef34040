"""What an `EchoStateForecaster` learns from: rows, features, and targets in several units."""

import numpy as np
import tensorflow as tf

from rnnkit.models.forecast import candidates
from rnnkit.models.forecast.folds import folds_of
from rnnkit.models.forecast.late import Late
from rnnkit.models.forecast.panel import Panel, less_of_the_largest
from rnnkit.models.forecast.rows import rows_of
from rnnkit.models.forecast.running import MANY, STEPS

# Standard deviation of the states as features: above 1 they are shrunk less than past values.
STATE_SIZE = 0.5
# Longest window of smoothing forecasts.
LONGEST_SMOOTHING = 400
# Steps in a day whose days have a week.
DAYS = (24, 48, 96)
# Changes of a series, of the median of all, below which it counts no more.
SMALLEST = 1e-3
# Steps of single precision that a change must have.
PRECISION = 5
# Weeks and days in the data from which on those of a week ago are looked at.
WEEKS = 4


def windows_of(period, lags=None):
    """Sizes that follow from the season.

    Args:
        period: Steps in a season, or None.
        lags: Past values read, or None for two seasons, at least 16 and at most 200.

    Returns:
        Dict of `lags`, `period`, `week` (steps in a week, or None) and `window`, the steps that are
        needed.
    """
    season = period or 8
    lags = int(np.clip(2 * season, 16, 200)) if lags is None else lags
    week = 7 * period if period in DAYS else None
    smoothing = max(min(4 * season, LONGEST_SMOOTHING), season)
    window = max(lags, smoothing, week + lags if week else 0)
    return {"lags": lags, "period": period, "week": week, "window": window}


class Views:
    """What there is to learn from in one call of `fit`: rows, folds, and features of each target.

    Args:
        model: An `EchoStateForecaster`.
        parts: List of `rnnkit.models.forecast.rows.Part`.
    """

    def __init__(self, model, parts):
        self.model = model
        self.horizon = model.output_feature.horizon
        self.parts = parts
        self.rows = rows_of(parts, self.horizon)
        self.sizes = windows_of(model.output_feature.period, model.lags)
        own = [part for part in parts if not part.held_out]
        self.longest = max(len(part.x) for part in own)
        period = model.output_feature.period
        self.period = period if period and 2 * period <= self.longest else None
        week = self.sizes["week"]
        self.week = week if self.period and week and self.longest >= WEEKS * week else None
        start = self.week if self.week and self.longest >= 2 * WEEKS * week else self.period or 4
        if len(own) > 1:  # there are enough whole windows
            start = self.sizes["window"]
        self.start = min(start, self.longest // 3)
        self.folds = folds_of(self.rows, self.start)
        self.check()
        self.late = Late(model.mixture, parts, self.rows, self.folds)
        self.rows, self.folds = self.late.rows, self.late.folds
        self.panel = Panel(model.mixture, self.late, self.present()) if len(own) > 1 else None
        self.units = self.units_of_rows()

    def present(self):
        """The present values of the targets in each series, as the layers give them to the blend:
        a list of `[steps, targets]`."""
        layer = self.model.forecasts[0]
        return [layer.outputs(tf.constant(part.x[:, layer.targets])).numpy() for part in self.parts]

    def check(self):
        """Raises a ValueError where there is nothing to learn from."""
        known = max(int(np.isfinite(part.y).any(axis=1).sum()) for part in self.parts) + 1
        if not len(self.rows.time) or known < 2 * self.horizon:
            raise ValueError(
                "A forecast needs at least two horizons of known values to learn from. Received: "
                f"{known:,} values at most in a series, for a horizon of {self.horizon} steps: "
                f"give a longer series, or a horizon of at most {max(known // 2, 1)}"
            )
        values = np.concatenate([part.y for part in self.parts if not part.held_out])
        still = np.nanstd(values, axis=0) <= 1e-9
        if still.any():
            name = self.model.output_feature.names[int(np.argmax(still))]
            raise ValueError(
                f"The target {name!r} never changes in the training data, so there is nothing to "
                "forecast: choose another column, or data in which it changes"
            )

    def units_of_rows(self):
        """How large errors of each row are that count the same, `[rows, targets]`.

        Of a single series 1. Of several the mean change from season to season within the series,
        over the median of all: a large series counts no more than a small one.
        """
        if len(self.parts) == 1:
            return np.ones((len(self.rows.time), self.rows.ahead.shape[2]))
        back = self.period or 1
        sizes = np.full((len(self.parts), self.rows.ahead.shape[2]), np.nan)
        for size, part in zip(sizes, self.parts, strict=True):
            if len(part.y) > back:
                changes = np.abs(part.y[back:] - part.y[:-back])
                known = np.isfinite(changes)
                size[:] = np.where(known, changes, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        self.check_precision(sizes)
        middle = np.array([np.median(each[each > 0]) if (each > 0).any() else 1.0
                           for each in sizes.T])  # fmt: skip
        sizes = np.where(sizes > 0, sizes, middle) / middle
        return np.maximum(sizes, SMALLEST)[self.rows.part]

    def check_precision(self, changes):
        """Raises a ValueError where the changes of a series are lost beside the sizes of others.

        Args:
            changes: Mean change of each series `[series, targets]`, NaN where it is not known.
        """
        for number, (part, change) in enumerate(zip(self.parts, changes, strict=True)):
            known = np.where(np.isfinite(part.y), np.abs(part.y), 0)
            least = PRECISION * np.finfo("float32").eps * known.max(axis=0, initial=0)
            if ((0 < change) & (change < least)).any():
                raise ValueError(
                    f"The series number {number} (from 0) changes so little that single precision "
                    "does not hold it beside series as large as the others: give it in another "
                    "unit, or train a model for each size"
                )

    # === Units and features ===

    def prepare(self, layer):
        """Sets what a layer needs before its features are computed: logarithms, scales, levels."""
        x = np.concatenate([part.x for part in self.parts if not part.held_out])
        columns = layer.columns
        raw = x[:, :columns] * np.array(layer.deviation) + np.array(layer.mean)
        least = raw.min(axis=0)
        layer.logged.assign(((least > 0) & layer.logarithm).astype("float32"))
        layer.floor.assign(np.where(least > 0, least / 10, 1.0))
        values = layer.values(tf.constant(x[None])).numpy()[0].astype("float64")
        reach = self.lags()
        gaps = [values[back:] - values[: len(values) - back] for back in range(1, reach)]
        scale = np.sqrt(np.mean([np.mean(np.square(gap), axis=0) for gap in gaps], axis=0))
        layer.scale.assign(np.where(scale > 0, scale, 1.0))
        spread = values.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        centre = values.mean(axis=0)
        layer.centre.assign(centre)
        layer.spread.assign(spread)
        layer.lowest.assign((values.min(axis=0) - centre) / spread)
        layer.highest.assign((values.max(axis=0) - centre) / spread)
        layer.state_mean.assign(np.zeros(layer.reservoir["units"]))
        layer.state_scale.assign(1.0)

    def lags(self):
        """Past values that a forecast reads, fewer where the series is short."""
        return min(self.sizes["lags"], max((self.period or 3) + 1, self.longest // 4))

    def computed(self, layer):
        """Features of all rows: last values, own scales, windows and shared features, float64
        NumPy."""
        before = layer.window - 1
        found, runs, states = [], [], []

        def features(piece, times):
            return layer.parts(piece, times=times)

        if len(self.parts) >= MANY:
            shapes = [(1, None, self.parts[0].x.shape[1]), (None,)]
            kinds = [layer.compute_dtype, "int32"]
            specs = list(map(tf.TensorSpec, shapes, kinds))
            features = tf.function(features, specs, autograph=False)

        def run():  # the reservoir over the windows of many steps, of several short series at once
            if runs:
                states.append(layer.states(tf.concat(runs, axis=0)).numpy())
                runs.clear()

        for number, part in enumerate(self.parts):
            times = self.rows.time[self.rows.part == number]
            for start in range(0, len(part.x), STEPS):
                wanted = times[(times >= start) & (times < start + STEPS)]
                if not len(wanted):
                    continue
                # Enough of what came before, or all from the start of the series.
                first = 0 if start <= 2 * before else start - before
                stop = start + STEPS + (self.horizon if layer.known else 0)
                piece = tf.constant(part.x[None, first:stop])
                *pieces, one = features(piece, tf.constant(wanted - first, "int32"))
                found.append([np.asarray(each)[0] for each in pieces])
                runs.append(one)
                if sum(len(each) for each in runs) >= STEPS:
                    run()
        run()
        last, own, windows, shared = (
            np.concatenate(each).astype("float64") for each in zip(*found, strict=True)
        )
        shared = np.concatenate([shared, np.concatenate(states)], axis=1, dtype="float64")
        states = layer.slices["states"]
        mean = shared[:, states].mean(axis=0)
        size = STATE_SIZE / max(shared[:, states].std(), 1e-9)
        layer.state_mean.assign(mean)
        layer.state_scale.assign(size)
        shared[:, states] = (shared[:, states] - mean) * size
        return last, own, windows, shared

    def view(self, layer, target, last, own, windows, shared):
        """The `View` of one target in a layer's unit."""
        column = layer.targets[target]
        scale = float(layer.scale.numpy()[column])
        ahead = self.rows.ahead[:, :, target]
        raw = ahead * layer.target_deviation[target] + layer.target_mean[target]
        logged = layer.logarithm and layer.logged.numpy()[column] > 0
        if logged:
            with np.errstate(invalid="ignore"):
                values = np.log(np.maximum(raw, float(layer.floor.numpy()[column])))
        else:
            values = (raw - layer.mean[column]) / layer.deviation[column]

        def outputs(found):
            raw = np.exp(found) if logged else found * layer.deviation[column] + layer.mean[column]
            return (raw - layer.target_mean[target]) / layer.target_deviation[target]

        change = (values / scale - last[:, column, None]) / own[:, column, None]
        weight, unit = self.rows.weight, self.units[:, target]
        if self.panel and logged:  # logarithms are good at ratios: so are they judged
            known = np.isfinite(raw)
            unit = np.where(known, np.abs(raw), 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
            unit = np.maximum(unit / layer.target_deviation[target], 1e-12)
        elif layer.own_scale:
            weight = weight * less_of_the_largest(change)
        elif not logged:
            weight = weight / np.square(unit)
        return candidates.View(
            np.concatenate([shared, windows[:, target]], axis=1),
            self.groups(layer, column),
            last[:, column],
            own[:, column],
            scale,
            change,
            outputs,
            weight,
            unit,
        )

    def groups(self, layer, column):
        """Positions of features that go together, in shared features and window."""
        slices, offset = layer.slices, layer.shared
        window, lags = layer.window, self.lags()
        every = {name: np.arange(part.start, part.stop) for name, part in slices.items()}
        every["levels"] = every.pop("level")
        every["level"] = every["levels"][[column]]
        every["lags"] = offset + np.arange(window - lags, window - 1)
        if self.week:
            middle = window - 1 - self.week
            last = min(middle + self.horizon + 1, window - lags)
            every["week"] = offset + np.arange(max(middle - min(lags, self.horizon), 0), last)
        return every

    def families(self, groups):
        """Dict of name to positions of features, of what is tried."""
        names = {
            "lags": ("constant", "lags"),
            "level": ("constant", "level", "calendar"),
            "level and lags": ("constant", "level", "calendar", "lags"),
            "all columns": ("constant", "levels", "calendar", "recent", "lags"),
            "states": ("constant", "levels", "calendar", "lags", "states"),
            "all and states": ("constant", "levels", "calendar", "recent", "lags", "states"),
            "week": ("constant", "level", "calendar", "lags", "week"),
            "week and states": ("constant", "levels", "calendar", "lags", "week", "states"),
        }
        if len(groups["ahead"]):
            names |= {
                "ahead": ("constant", "level", "calendar", "ahead"),
                "lags and ahead": ("constant", "levels", "calendar", "lags", "ahead"),
                "all columns and ahead": (*names["all columns"], "ahead"),
                "all, states and ahead": (*names["all and states"], "ahead"),
                "week and ahead": (*names["week"], "recent", "ahead"),
            }
        if len(groups["static"]):
            own = ("static", "by static") if len(groups["by static"]) else ("static",)
            wide = ("level and lags", "states", "lags and", "all, ")
            more = [name for name in names if name.startswith(wide)]
            names |= {f"{name}, {own[-1]}": (*names[name], *own) for name in more}
        found = {}
        for name, parts in names.items():
            needed = {"recent", "week"} & set(parts)
            if all(len(groups.get(each, ())) for each in needed):
                found[name] = np.concatenate([groups[each] for each in parts])
        return found
