"""What an `EchoStateForecaster` does in `fit`: features, candidates, blend, intervals."""

import numpy as np
import tensorflow as tf

from rnnkit.models.forecast import blend, candidates
from rnnkit.models.forecast.folds import folds_of
from rnnkit.models.forecast.intervals import half_widths
from rnnkit.models.forecast.rows import rows_of
from rnnkit.models.forecast.smoothing import seasonal, smoothers

# Steps whose features are computed at a time.
STEPS = 2048
# Standard deviation of the states as features: above 1 they are shrunk less than past values.
STATE_SIZE = 0.5
# Longest window of smoothing forecasts.
LONGEST_SMOOTHING = 400
# Steps in a day whose days have a week.
DAYS = (24, 48, 96)
# Changes of a series, of the median of all, below which it counts no more.
SMALLEST = 1e-3
# Weeks and days in the data from which on those of a week ago are looked at.
WEEKS = 4


def windows_of(period, lags=None):
    """Sizes that follow from the season.

    Args:
        period: Steps in a season, or None.
        lags: Past values read, or None for two seasons, at least 16 and at most 200.

    Returns:
        Dict of `lags`, `week` (steps in a week, or None) and `window`, the steps that are needed.
    """
    season = period or 8
    lags = int(np.clip(2 * season, 16, 200)) if lags is None else lags
    week = 7 * period if period in DAYS else None
    smoothing = max(min(4 * season, LONGEST_SMOOTHING), season)
    window = max(lags, smoothing, week + lags if week else 0)
    return {"lags": lags, "week": week, "window": window}


class Learning:
    """One call of `fit`.

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
        self.start = min(start, self.longest // 3)
        self.folds = folds_of(self.rows, self.start)
        self.check()
        self.units = self.units_of_rows()

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
        middle = np.array([np.median(each[each > 0]) if (each > 0).any() else 1.0
                           for each in sizes.T])  # fmt: skip
        sizes = np.where(sizes > 0, sizes, middle) / middle
        return np.maximum(sizes, SMALLEST)[self.rows.part]

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
        """Features of all rows: last values, windows and shared features, float64 NumPy."""
        before = layer.window - 1
        found, runs, states = [], [], []

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
                # Not compiled: that takes longer than all there is to compute.
                stop = start + STEPS + (self.horizon if layer.known else 0)
                piece = tf.constant(part.x[None, first:stop])
                *pieces, one = layer.parts(piece, times=wanted - first)
                found.append([np.asarray(each)[0] for each in pieces])
                runs.append(one)
                if sum(len(each) for each in runs) >= STEPS:
                    run()
        run()
        last, windows, shared = (
            np.concatenate(each).astype("float64") for each in zip(*found, strict=True)
        )
        shared = np.concatenate([shared, np.concatenate(states)], axis=1, dtype="float64")
        states = layer.slices["states"]
        mean = shared[:, states].mean(axis=0)
        size = STATE_SIZE / max(shared[:, states].std(), 1e-9)
        layer.state_mean.assign(mean)
        layer.state_scale.assign(size)
        shared[:, states] = (shared[:, states] - mean) * size
        return last, windows, shared

    def view(self, layer, target, last, windows, shared):
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
            own = np.exp(found) if logged else found * layer.deviation[column] + layer.mean[column]
            return (own - layer.target_mean[target]) / layer.target_deviation[target]

        return candidates.View(
            np.concatenate([shared, windows[:, target]], axis=1),
            self.groups(layer, column),
            last[:, column],
            scale,
            values / scale - last[:, column, None],
            outputs,
            self.rows.weight / (1.0 if logged else np.square(self.units[:, target])),
            self.units[:, target],
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
        found = {}
        for name, parts in names.items():
            needed = {"recent", "week"} & set(parts)
            if all(len(groups.get(each, ())) for each in needed):
                found[name] = np.concatenate([groups[each] for each in parts])
        return found

    # === Learning ===

    def run(self):
        """Learns, and sets the weights of the model's layers.

        Returns:
            Dict with `loss`, the mean squared error in the end, and `val_loss`, that on later
            steps, both in standardised units.
        """
        layers = self.model.forecasts
        computed = []
        for layer in layers:
            self.prepare(layer)
            computed.append(self.computed(layer))
        targets = self.rows.ahead.shape[2]
        found = [self.target(number, layers, computed) for number in range(targets)]
        self.assign(layers, found)
        logs = {key: float(np.mean([each[key] for each in found])) for key in ("loss", "val_loss")}
        return logs

    def target(self, number, layers, computed):
        """All that is learned of one target, as a dict."""
        views = [self.view(layer, number, *parts) for layer, parts in
                 zip(layers, computed, strict=True)]  # fmt: skip
        # A column that is not forecast in logarithms has its second view for nothing.
        used = [0, *(index for index, layer in enumerate(layers) if index
                     and layer.logged.numpy()[layer.targets[number]] > 0)]  # fmt: skip
        truth = self.rows.ahead[:, :, number]
        known = np.isfinite(truth).all(axis=1)
        folds = [self.known(fold, known) for fold in self.folds]
        folds = [fold for fold in folds if len(fold.fit) and len(fold.validation)]
        naive, found = [], []
        for index in used:
            view = views[index]
            window, smoothing, bases = self.bases(layers[index])
            if not index:
                pairs = [((name,), weights) for name, weights in bases.items()]
                naive = list(candidates.given(index, view, pairs, folds, truth))
            if not folds:
                continue
            families = self.families(view.groups)
            ridges = np.atleast_1d(self.model.ridge)
            found += candidates.solved(index, view, families, bases, ridges, folds, truth)
            found += candidates.given(index, view, smoothing, folds, truth)
        if not folds:  # no evidence: the naive forecasts
            naive = [(candidate, np.ones(1)) for candidate, _ in naive]
        rows = np.flatnonzero(known & (self.rows.time >= self.start))
        rows = rows if len(rows) else np.flatnonzero(known)
        result = blend.blended([views[index] for index in used], self.renumbered(found, used),
                               naive, folds, rows)  # fmt: skip
        final = self.in_sample(views, used, result, rows)
        error = np.square(final - truth[rows])
        validation = np.concatenate([fold.validation for fold in folds]) if folds else rows
        later = result.forecasts if folds else final
        groups = np.repeat(range(len(folds)), [len(fold.validation) for fold in folds])
        groups = groups if folds else np.zeros(len(rows), int)
        independent = sum(fold.independent for fold in folds)
        unscale = self.unscale(number)
        constant, fraction = half_widths(
            unscale(later), unscale(truth[validation]), self.model.interval, independent, groups
        )
        squares = np.square(later - truth[validation]).mean(axis=0)  # [horizon]
        return {
            "blend": result, "used": used, "errors": np.sqrt(squares),
            "constant": constant, "fraction": fraction,
            "loss": float(error.mean()), "val_loss": float(squares.mean()),
        }  # fmt: skip

    @staticmethod
    def renumbered(found, used):
        """Candidates with the numbers that their views have among those used."""
        return [(each._replace(view=used.index(each.view)), errors) for each, errors in found]

    @staticmethod
    def known(fold, known):
        """A fold without the rows where a target is not known."""
        return type(fold)(
            fold.fit[known[fold.fit]], fold.validation[known[fold.validation]], fold.independent
        )

    @staticmethod
    def in_sample(views, used, result, rows):
        """Forecasts of the blend at the rows that it was solved from."""
        total = 0.0
        for position, index in enumerate(used):
            if result.share[position] > 0:
                view = views[index]
                change = view.features[rows] @ result.weights[position]
                total = total + result.share[position] * view.forecast(
                    rows, change, result.most[position]
                )
        return total

    def bases(self, layer):
        """The window, forecasts of the kind of smoothing, and the naive forecasts as weights."""
        window, offset = layer.window, layer.shared

        def whole(weights):
            """Weights on all features, from those on the last values of the window."""
            result = np.zeros((offset + window, self.horizon))
            result[offset + window - len(weights) :] = weights
            result[offset + window - 1] = 0.0  # the present value, relative to itself
            return result

        bases = {"persistence": whole(np.zeros((1, self.horizon)))}
        for name, period in (("seasonal", self.period), ("weekly", self.week)):
            if period:
                bases[name] = whole(seasonal(period, self.horizon, period))
        season = self.period or 8
        size = min(max(4 * season, self.lags()), LONGEST_SMOOTHING, window)
        size = min(size, max(self.longest // 2, (self.period or 0) + 1))
        smoothing = [
            (name, whole(weights)) for name, weights in smoothers(size, self.horizon, self.period)
        ]
        return window, smoothing, bases

    def unscale(self, target):
        """Function from standardised values of a target to its own unit."""
        feature = self.model.output_feature
        if not feature.normalize:
            return lambda values: values
        mean, deviation = feature.mean[target], feature.deviation[target]
        return lambda values: values * deviation + mean

    def assign(self, layers, found):
        """Sets the weights of the model's layers."""
        targets = len(found)
        shares = np.zeros((len(layers), targets))
        for index, layer in enumerate(layers):
            shared = np.zeros((layer.shared, self.horizon, targets))
            window = np.zeros((targets, layer.window, self.horizon))
            most = np.zeros(targets)
            for target, each in enumerate(found):
                if index not in each["used"]:
                    continue
                position = each["used"].index(index)
                weights = each["blend"].weights[position]
                shared[:, :, target] = weights[: layer.shared]
                window[target] = weights[layer.shared :]
                most[target] = each["blend"].most[position]
                shares[index, target] = each["blend"].share[position]
            layer.kernel_shared.assign(shared.reshape(layer.shared, -1))
            layer.kernel_window.assign(window)
            layer.most.assign(most)
        mixture = self.model.mixture
        mixture.weights_of_mean.assign(shares)
        for name in ("errors", "constant", "fraction"):
            values = np.stack([each[name] for each in found], axis=1)  # [horizon, targets]
            getattr(mixture, name).assign(values.ravel())
        mixture.fitted.assign(1.0)
