"""The weighted mean of several forecasts, and how far it is off."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.layers.config import Configured
from rnnkit.layers.own_readouts import MEMORY, RIDGES, own_readouts

# Forecasts of late that tell how well each member does now, half a horizon apart; how many of
# them count as much as what holds for all series; and the power of the errors that weighs members.
OF_LATE, TYPICAL, POWER = 9, 1.0, -4.0
# What each of these forecasts of a single series counts over the one half a horizon later, and how
# many of them count as much as what is typical: intervals are to follow soon.
RECENCY, FEW = 0.8, 0.25


@keras.saving.register_keras_serializable(package="rnnkit")
class ForecastBlend(Configured, keras.layers.Layer):
    """A weighted mean of forecasts, and how far they are off.

    The members are the forecasts given, and those that repeat the last value or season. With the
    weight `adaptive` at 0 their weights are fixed. With 1, for series that differ, each counts by
    the power -4 of its mean absolute error in the last forecasts of the same series that can be
    judged by now; where there are few of them, more by what is typical of all series. Then, with
    `lags`, there is also a readout of each series' own: a ridge regression that is solved from the
    last 1,000 steps before a forecast is made.

    The weights are not trained. It also holds, for each output, the root mean squared error, and
    the half width of an interval over the mean absolute error of late. `multiples` are the half
    widths of intervals at other levels, over this one.

    Args:
        horizon: Leads.
        targets: Number of targets.
        window: Steps that a forecast reads; forecasts from fewer are not judged.
        repeats: Periods of the forecasts that repeat: 1 for the last value.
        levels: How many other levels there are.
        lags: Past values that readouts of a series' own see, which are shrunk towards the second of
            the forecasts that repeat, or the only one; 0 for none.

    Call arguments:
        forecasts: A list of tensors `(batch, time, horizon * targets)`.
        present: The present values `(batch, steps, targets)`.
        size: Own scale of each window `(batch, time, targets)`.

    Output shape:
        The forecast `(batch, time, horizon * targets)`, and its mean absolute error in the last
        forecasts that can be judged by now `(batch, time, targets)`; where there are few of them,
        more of what is typical.

    Reference:
        Bates and Granger, "The combination of forecasts", 1969,
        https://doi.org/10.1057/jors.1969.103.
    """

    def __init__(self, horizon, targets, window, repeats=(1,), levels=0, lags=0, **kwargs):
        kwargs.setdefault("trainable", False)
        super().__init__(**kwargs)
        self.horizon = horizon
        self.targets = targets
        self.window = window
        self.repeats = list(repeats)
        self.levels = levels
        self.lags = lags

    def build(self, forecasts_shape, present_shape, size_shape):
        def weight(name, shape, value="zeros"):
            return self.add_weight(shape=shape, initializer=value, trainable=False, name=name)

        width = self.horizon * self.targets
        members = len(forecasts_shape) + len(self.repeats) + self.own_count
        self.weights_of_mean = weight("weights_of_mean", (members, self.targets))
        self.typical = weight("typical", (members, self.targets), "ones")
        self.typical_of_mean = weight("typical_of_mean", (self.targets,), "ones")
        self.least_late = weight("least_late", (self.targets,))
        self.adaptive = weight("adaptive", ())
        self.errors = weight("errors", (width,), "ones")
        self.scaled = weight("scaled", (width,))
        self.multiples = weight("multiples", (self.levels, width), "ones")
        self.fitted = weight("fitted", ())
        self.built = True

    @property
    def back(self):
        """How many steps before the present one the forecasts are made that are of use, integers:
        0, then those that can be judged by now."""
        step = max(self.horizon // 2, 1)
        return np.concatenate([[0], self.horizon + step * np.arange(OF_LATE)])

    @property
    def own_count(self):
        """How many readouts of a series' own there are."""
        return len(RIDGES) if self.lags else 0

    @property
    def reach(self):
        """Steps up to the present one that matter where weights follow what was of late."""
        return max(self.window, MEMORY if self.lags else 0) + int(self.back[-1])

    # === Members ===

    def repeated(self, present, times):
        """The forecasts that repeat, a list of `[batch, time, horizon, targets]`."""
        return [repeated(present, times, self.horizon, period) for period in self.repeats]

    def own(self, present, times):
        """The readouts of each series' own, a list of `[batch, time, horizon, targets]`; see
        `own_readouts`."""
        if not self.lags:
            return []
        every = tf.range(tf.shape(present)[1])
        naive = repeated(present, every, self.horizon, self.repeats[:2][-1])
        return own_readouts(present, times, [naive], self.lags)

    def members(self, forecasts, present, times):
        """All forecasts, `[members, batch, time, horizon, targets]`."""
        shape = [tf.shape(present)[0], tf.shape(times)[0], self.horizon, self.targets]
        given = [tf.reshape(each, shape) for each in forecasts]
        return tf.stack([*given, *self.repeated(present, times), *self.own(present, times)])

    def of_late(self, members, present, times, back, recency=1.0):
        """Mean absolute errors in the last forecasts that can be judged by now.

        Args:
            members: `[members, batch, time, horizon, targets]`.
            present: `[batch, steps, targets]`.
            times: Steps of the members' forecasts `[time]`.
            back: As in `adapted`.
            recency: What each forecast counts over the one made half a horizon later.

        Returns:
            The errors `[members, batch, time, targets]`, 0 where there is nothing to judge, and how
            much the forecasts that they are of count together `[time]`; of one time if `back`.
        """
        ahead = times[:, None] + tf.range(1, self.horizon + 1)
        truth = tf.gather(present, tf.minimum(ahead, tf.shape(present)[1] - 1), axis=1)
        errors = tf.reduce_mean(tf.abs(members - truth), axis=3)  # [members, batch, time, targets]
        if back:
            at = tf.range(1, len(self.back))[None]  # [1, of late]
            known = (times[:1, None] - self.back[1:]) >= self.window - 1
        else:
            at = tf.range(tf.shape(times)[0])[:, None] - self.back[1:]  # [time, of late]
            known = at >= self.window - 1
        errors = tf.gather(errors, tf.maximum(at, 0), axis=2)
        known = tf.cast(known, errors.dtype) * recency ** np.arange(OF_LATE, dtype="float32")
        count = tf.reduce_sum(known, axis=1)  # [time]
        total = tf.reduce_sum(errors * known[..., None], axis=3)
        return total / tf.maximum(count, 1e-9)[:, None], count

    # === The mean ===

    @staticmethod
    def combined(members, errors, count, size, typical, used):
        """The members weighed by what they did of late.

        Args:
            members: `[members, batch, time, horizon, targets]`.
            errors, count: As `of_late` gives them.
            size: `[batch, time, targets]`.
            typical: Mean absolute errors over the size that are typical, `[members, targets]`.
            used: Whether a member counts, `[members, targets]`.

        Returns:
            The forecast `[batch, time, horizon, targets]` and its mean error `[batch, time,
            targets]`, as its members' were.
        """
        typical = typical[:, None, None] * size
        part = (count / (count + TYPICAL))[:, None]
        logs = part * tf.math.log(tf.maximum(errors, 1e-6 * typical))
        logs += (1 - part) * tf.math.log(typical)  # [members, batch, time, targets]
        weights = tf.nn.softmax(tf.where(used[:, None, None], POWER * logs, -1e9), axis=0)
        forecast = tf.reduce_sum(weights[:, :, :, None] * members, axis=0)
        return forecast, tf.reduce_sum(weights * tf.exp(logs), axis=0)

    @staticmethod
    def shrunk(errors, count, typical):
        """Mean errors of so many forecasts; where these are few, more of what is typical.

        Args:
            errors: Mean absolute errors, 0 where there are none.
            count: How many forecasts they are of.
            typical: What is typical, above 0. All of shapes that broadcast.
        """
        part = count / (count + FEW)
        return typical * keras.ops.maximum(errors / typical, 1e-6) ** part

    def fixed(self, forecasts, present, back=False):
        """What `call` gives where the weights are fixed; arguments as in `adapted`."""
        total = 0.0
        for index, each in enumerate(forecasts):
            weight = tf.tile(self.weights_of_mean[index], [self.horizon])
            total += each * tf.cast(weight, each.dtype)
        times = self.times(present, back)
        shape = [tf.shape(present)[0], tf.shape(times)[0], self.horizon, self.targets]
        members = tf.reshape(tf.cast(total, present.dtype), shape)[None]
        errors, count = self.of_late(members, present, times, back, RECENCY)
        typical = tf.cast(self.typical_of_mean, errors.dtype)
        errors = self.shrunk(errors[0], count[:, None], typical)  # [batch, time, targets]
        errors = tf.maximum(errors, tf.cast(self.least_late, errors.dtype))
        return total[:, :1] if back else total, errors

    def times(self, present, back):
        """The steps that forecasts are made at, integers."""
        if back:
            return tf.maximum(tf.shape(present)[1] - 1 - self.back, 0)
        return tf.range(tf.shape(present)[1])

    def adapted(self, forecasts, present, size, back=False):
        """What `call` gives where the weights follow what was of late.

        Args:
            forecasts, present, size: As in `call`.
            back: Whether forecasts and sizes are those at the steps that `self.back` names, and
                only the forecast at the first of them is wanted.
        """
        times = self.times(present, back)
        members = self.members(forecasts, present, times)
        errors, count = self.of_late(members, present, times, back)
        if back:
            members, size = members[:, :, :1], size[:, :1]
        used = self.weights_of_mean > 0
        forecast, error = self.combined(members, errors, count, size, self.typical, used)
        shape = tf.shape(forecast)
        width = self.horizon * self.targets
        return tf.reshape(forecast, [shape[0], shape[1], width]), error

    def call(self, forecasts, present, size):
        return tf.cond(
            self.adaptive > 0,
            lambda: self.adapted(forecasts, present, size),
            lambda: self.fixed(forecasts, present),
        )

    def compute_output_shape(self, forecasts_shape, present_shape, size_shape):
        return forecasts_shape[0], size_shape


def repeated(present, times, horizon, period):
    """Naive forecasts: the last season again, as often as the horizon needs.

    Args:
        present: Values `[batch, steps, targets]`.
        times: Steps that forecasts are made at, integers `[time]`.
        horizon: Leads.
        period: Steps in a season; 1 repeats the last value.

    Returns:
        `[batch, time, horizon, targets]`. Before the series its first season stands, and nothing
        that is later than the step itself.
    """
    leads = tf.range(1, horizon + 1)
    index = times[:, None] + leads - period * -(-leads // period)  # [time, horizon]
    index = tf.where(index < 0, index - period * (index // period), index)
    return tf.gather(present, tf.minimum(index, times[:, None]), axis=1)
