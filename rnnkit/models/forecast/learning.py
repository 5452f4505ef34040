"""What an `EchoStateForecaster` does in `fit`: candidates, blend, intervals."""

import numpy as np

from rnnkit.models.forecast import blend, candidates
from rnnkit.models.forecast.intervals import at_least, following, multiples
from rnnkit.models.forecast.panel import Own
from rnnkit.models.forecast.smoothing import seasonal, smoothers
from rnnkit.models.forecast.views import LONGEST_SMOOTHING, Views


class Learning(Views):
    """One call of `fit`.

    Args:
        model: An `EchoStateForecaster`.
        parts: List of `rnnkit.models.forecast.rows.Part`.
    """

    def run(self):
        """Learns, and sets the weights of the model's layers.

        Returns:
            Dict with `loss`, the mean squared error in the end, and `val_loss`, that on later
            steps, both in standardised units.
        """
        layers = [each for each in self.model.forecasts if self.panel or not each.own_scale]
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
        # A column that is not forecast in logarithms has that view for nothing.
        used = [
            index
            for index, layer in enumerate(layers)
            if not layer.logarithm or layer.logged.numpy()[layer.targets[number]] > 0
        ]
        truth = self.rows.ahead[:, :, number]
        least = self.model.output_feature.least[number]
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
        known &= self.late.learned  # no rows that only tell of late
        rows = np.flatnonzero(known & (self.rows.time >= self.start))
        rows = rows if len(rows) else np.flatnonzero(known)
        if self.panel:
            size = views[-1].own * views[-1].scale  # in the unit of the outputs
            size *= layers[0].deviation[layers[0].targets[number]]
            size /= layers[0].target_deviation[number]
            return self.panel.target(
                number, views, used, found, naive, folds, rows, truth, size, self.model.interval,
                least,
            )  # fmt: skip
        result = blend.blended([views[index] for index in used], self.renumbered(found, used),
                               naive, folds, rows, self.late, truth)  # fmt: skip
        final = self.in_sample(views, used, result, rows)
        error = np.square(final - truth[rows])
        validation = np.concatenate([fold.validation for fold in folds]) if folds else rows
        later = np.maximum(result.forecasts if folds else final, least)
        groups = np.repeat(range(len(folds)), [len(fold.validation) for fold in folds])
        groups = groups if folds else np.zeros(len(rows), int)
        independent = sum(fold.independent for fold in folds)
        misses = np.abs(later - truth[validation])
        typical = max(float(misses.mean()), 1e-9)
        late = np.full(len(rows), typical)
        if folds:
            late = self.model.mixture.shrunk(result.late, result.count, typical)
            late = np.asarray(late, "float64")
        level = self.model.interval
        scaled, least_late = following(misses, late, level, independent, groups)
        scaled = at_least(scaled, 0.0, misses / late[:, None])
        own = scaled * np.maximum(late, least_late)[:, None]
        others = multiples(misses / own, 1.0 + groups, level, independent)
        squares = np.square(misses).mean(axis=0)  # [horizon]
        return {
            "weights": result.weights, "most": result.most, "used": used,
            "share": dict(zip(used, result.share, strict=True)),
            "typical": dict.fromkeys(used, 1.0), "errors": np.sqrt(squares),
            "scaled": scaled, "typical_of_mean": typical, "least_late": least_late,
            "multiples": others,
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

    def assign(self, layers, found):
        """Sets the weights of the model's layers."""
        targets, mixture = len(found), self.model.mixture
        shares = np.zeros(mixture.weights_of_mean.shape)
        typical = np.ones(shares.shape)
        for index, layer in enumerate(layers):
            shared = np.zeros((layer.shared, self.horizon, targets))
            window = np.zeros((targets, layer.window, self.horizon))
            most = np.zeros(targets)
            for target, each in enumerate(found):
                if index not in each["used"]:
                    continue
                position = each["used"].index(index)
                weights = each["weights"][position]
                shared[:, :, target] = weights[: layer.shared]
                window[target] = weights[layer.shared :]
                most[target] = each["most"][position]
            layer.kernel_shared.assign(shared.reshape(layer.shared, -1))
            layer.kernel_window.assign(window)
            layer.most.assign(most)
        periods = {"persistence": 1, "seasonal": self.period, "weekly": self.week}
        for target, each in enumerate(found):
            for name, share in each["share"].items():
                member = name
                if name in periods:
                    member = len(self.model.forecasts) + mixture.repeats.index(periods[name])
                elif isinstance(name, Own):
                    member = len(shares) - mixture.own_count + name.number
                shares[member, target] = share
                typical[member, target] = each["typical"][name]
        mixture.weights_of_mean.assign(shares)
        mixture.typical.assign(typical)
        mixture.adaptive.assign(float(self.panel is not None))
        mixture.typical_of_mean.assign([each["typical_of_mean"] for each in found])
        mixture.least_late.assign([each["least_late"] for each in found])
        for name in ("errors", "scaled"):
            values = np.stack([each[name] for each in found], axis=1)  # [horizon, targets]
            getattr(mixture, name).assign(values.ravel())
        others = np.stack([each["multiples"] for each in found], axis=2)
        mixture.multiples.assign(others.reshape(len(others), -1))  # [levels, horizon * targets]
        mixture.fitted.assign(1.0)
