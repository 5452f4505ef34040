"""Direct forecasts from values relative to the last one: by past values and by a reservoir."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.layers.config import Configured
from rnnkit.layers.reservoir import ESNCell

# Of the mean distance from the mean of a window, what its own scale has at least; and at all.
LEAST_OWN, LEAST = 0.01, 1e-6
# Products of static inputs and others that are features at most.
MOST_PRODUCTS = 500


@keras.saving.register_keras_serializable(package="rnnkit")
class RelativeForecast(Configured, keras.layers.Layer):
    """Forecasts at every step from a window of the last values, relative to the last of them.

    With z the values (or their logarithms) over a scale, u_i = z_{t-i} - z_t the window, and s the
    features that all targets share, the forecast of lead l is

        z_t + sum_i u_i K_il + s S_l,

    where the change is kept within a bound. s are a constant, how far each column is from its mean,
    the inputs that are no values (a calendar), the recent values of all columns, the values to come
    of columns that are known ahead, and the states of an echo state network after it ran over the
    window from a state of zero. What lies before the window does not matter, and what lies before
    the series is taken to be as its first season. With weights of zero the forecast is the last
    value.

    With `own_scale`, for series of many sizes, all this is also over the window's own scale: the
    mean change from one season to the next within it. A column is then as far from its mean as it
    is from that of the window.

    The weights are not trained by gradient: `rnnkit.models.EchoStateForecaster` solves for them.

    Args:
        columns: Number of columns of values, the first inputs of a step.
        targets: For each target the column that holds its present value.
        horizon: Leads.
        window: Steps in the window of a target.
        reach: Steps of the window that the reservoir runs over.
        recent: Recent steps of all columns that are features of all targets; 0 for none.
        period: Steps in a season, or None.
        logarithm: Whether columns marked by the weight `logged` are forecast in logarithms.
        mean, deviation: Lists, how the inputs were standardised.
        target_mean, target_deviation: Lists, how the outputs are.
        reservoir: Dict of options of the reservoir, see `rnnkit.layers.ESNCell`; with `units`.
        seed: Integer that fixes the reservoir, or None.
        known: Columns that are known ahead; their values at the `horizon` steps to come are
            features of all targets.
        own_scale: Whether changes are over those within the window.
        static: Number of inputs after the columns that never change within a series. Their products
            with the calendar and with what is known ahead are features, too, so that each series
            may have another season and other promotions; where these are 500 at most.

    Call arguments:
        inputs: Tensor `(batch, time, features)`.
        back: Integers `[wanted]`: forecasts are wanted only so many steps before the last; None for
            all. With `known` the inputs go on for `horizon` steps after the last one.

    Output shape:
        The forecasts `(batch, time, horizon * targets)`, ordered by lead; the present values of the
        targets `(batch, time, targets)`, of all steps; and the windows' own scales
        `(batch, time, targets)`. All in the unit of the outputs.
    """

    def __init__(
        self, columns, targets, horizon, window, reach, recent=0, period=None, logarithm=False,
        mean=(0.0,), deviation=(1.0,), target_mean=(0.0,), target_deviation=(1.0,), reservoir=None,
        seed=None, known=(), own_scale=False, static=0, **kwargs,
    ):  # fmt: skip
        kwargs.setdefault("trainable", False)
        super().__init__(**kwargs)
        self.columns = columns
        self.targets = list(targets)
        self.horizon = horizon
        self.window = window
        self.reach = reach
        self.recent = recent
        self.period = period
        self.logarithm = logarithm
        self.mean, self.deviation = list(mean), list(deviation)
        self.target_mean, self.target_deviation = list(target_mean), list(target_deviation)
        self.reservoir = dict(reservoir or {"units": 100})
        self.seed = seed
        self.known = list(known)
        self.own_scale = own_scale
        self.static = static
        self.echo = ESNCell(seed=seed, dtype=self.dtype_policy, **self.reservoir)

    def build(self, input_shape):
        columns, targets = self.columns, len(self.targets)
        self.calendar = input_shape[-1] - columns - self.static
        self.echo.build((None, 2 * columns))
        units = self.reservoir["units"]
        self.ahead = self.horizon * len(self.known)
        self.by_static = self.static * (self.calendar + self.ahead)
        if self.by_static > MOST_PRODUCTS:
            self.by_static = 0
        self.shared = 1 + columns + self.calendar + self.recent * columns + self.ahead
        self.shared += self.static + self.by_static + units

        def weight(name, shape, value="zeros"):
            return self.add_weight(shape=shape, initializer=value, trainable=False, name=name)

        self.logged = weight("logged", (columns,))
        self.floor = weight("floor", (columns,), "ones")
        self.scale = weight("scale", (columns,), "ones")
        self.centre = weight("centre", (columns,))
        self.spread = weight("spread", (columns,), "ones")
        self.lowest = weight("lowest", (columns,))
        self.highest = weight("highest", (columns,))
        self.state_mean = weight("state_mean", (units,))
        self.state_scale = weight("state_scale", (), "ones")
        self.kernel_window = weight("kernel_window", (targets, self.window, self.horizon))
        self.kernel_shared = weight("kernel_shared", (self.shared, self.horizon * targets))
        self.most = weight("most", (targets,))  # absolute change
        self.built = True

    @property
    def slices(self):
        """Where the shared features lie: a dict of name to slice."""
        sizes = {
            "constant": 1, "level": self.columns, "calendar": self.calendar,
            "recent": self.recent * self.columns, "ahead": self.ahead, "static": self.static,
            "by static": self.by_static, "states": self.reservoir["units"],
        }  # fmt: skip
        ends = np.cumsum(list(sizes.values()))
        return {
            name: slice(int(end - size), int(end))
            for (name, size), end in zip(sizes.items(), ends, strict=True)
        }

    # === Values ===

    def values(self, inputs):
        """The columns as they are forecast, `[batch, time, columns]`: standardised, or logs."""
        x = inputs[..., : self.columns]
        if not self.logarithm:
            return x
        raw = x * np.array(self.deviation, x.dtype.as_numpy_dtype) + np.array(
            self.mean, x.dtype.as_numpy_dtype
        )
        logs = tf.math.log(tf.maximum(raw, tf.cast(self.floor, x.dtype)))
        return tf.where(self.logged > 0, logs, x)

    def outputs(self, values):
        """Forecasts of targets `[..., targets]` in the unit of `values` to that of the outputs."""
        index = np.array(self.targets)
        mean, deviation, target_mean, target_deviation = (
            np.asarray(each, values.dtype.as_numpy_dtype)
            for each in (
                np.array(self.mean)[index], np.array(self.deviation)[index],
                self.target_mean, self.target_deviation,
            )
        )  # fmt: skip
        raw = values * deviation + mean
        if self.logarithm:
            logged = tf.gather(self.logged, index) > 0
            raw = tf.where(logged, tf.exp(tf.where(logged, values, 0.0)), raw)
        return (raw - target_mean) / target_deviation

    # === Features ===

    def _index(self, times, count):
        """Which steps lie in the window of each of some steps: `[time, count]`, the last itself."""
        times = times[:, None]
        index = times + tf.range(1 - count, 1)[None]
        if self.period:
            seasons = -(index // self.period)  # to where the first season has its like
            index = tf.where(index < 0, index + self.period * seasons, index)
        return tf.clip_by_value(index, 0, times)

    def states(self, runs):
        """States of the reservoir after it ran over `[rows, reach, inputs]`, as features
        `[rows, units]`."""
        runs = tf.transpose(runs, [1, 0, 2])
        rows = tf.shape(runs)[1]
        how, weights = self.echo.recurrent_weights(dense=True)
        _, state = tf.while_loop(
            lambda t, _: t < self.reach,
            lambda t, state: (
                t + 1,
                self.echo.step(self.echo.project(runs[t]), state, how, weights),
            ),
            (0, tf.zeros([rows, self.echo.units], runs.dtype)),
            maximum_iterations=self.reach,
        )
        return (state - self.state_mean) * self.state_scale

    def within(self, past, times, index):
        """How much columns change within a window, and how far from its mean they are.

        Args:
            past: Values over their scale `[batch, steps, columns]`.
            times: Steps at which windows end `[time]`.
            index: Steps of each window `[time, window]`.

        Returns:
            The own scale and the level over it, each `[batch, time, columns]`. What lies before
            the series does not count.
        """
        window = tf.gather(past, index, axis=1)  # [batch, time, window, columns]
        known = times[:, None] >= tf.range(self.window - 1, -1, -1)  # [time, window]
        known = tf.cast(known, past.dtype)[..., None]

        def mean(values, known):
            return tf.reduce_sum(values * known, axis=2) / tf.maximum(
                tf.reduce_sum(known, axis=1), 1.0
            )

        back = self.period if self.period and self.period < self.window else 1
        changes = tf.abs(window[:, :, back:] - window[:, :, :-back])
        change = mean(changes, known[:, : self.window - back])
        middle = mean(window, known)
        spread = mean(tf.abs(window - middle[:, :, None]), known)
        own = change + LEAST_OWN * spread + LEAST
        return own, (window[:, :, -1] - middle) / own

    def parts(self, inputs, back=None, times=None):
        """What the forecasts are made of, but for the states.

        Args:
            inputs: `[batch, time, features]`.
            back: As in `call`.
            times: Steps that are wanted, integers `[some]`; None for all.

        Returns:
            The last values over their scale `[batch, time, columns]`, the windows' own scales
            `[batch, time, columns]`, the windows of the targets relative to the last values
            `[batch, time, targets, window]`, the shared features without the states
            `[batch, time, ...]`, and what the reservoir runs over `[batch * time, reach, inputs]`.
        """
        values = self.values(inputs)
        last = past = values / self.scale  # [batch, time, columns]
        everything, size = values, tf.shape(values)[1]
        if back is not None:
            end = size - 1 - (self.horizon if self.known else 0)
            times = tf.maximum(end - tf.cast(back, tf.int32), 0)
        if times is None:
            times = tf.range(size)
        else:
            times = tf.cast(times, tf.int32)
            values, last, inputs = (tf.gather(x, times, axis=1) for x in (values, last, inputs))
        index = self._index(times, self.window)
        if self.own_scale:
            own, level = self.within(past, times, index)
        else:
            own, level = tf.ones_like(last), (values - self.centre) / self.spread
            level = tf.clip_by_value(level, self.lowest, self.highest)  # [batch, time, columns]
        targets = tf.gather(last, self.targets, axis=-1)  # [batch, time, targets]
        windows = tf.gather(tf.gather(past, self.targets, axis=-1), index, axis=1)
        windows = (windows - targets[:, :, None]) / tf.gather(own, self.targets, axis=-1)[
            :, :, None
        ]
        windows = tf.transpose(windows, [0, 1, 3, 2])
        run = tf.gather(past, index[:, -self.reach :], axis=1) - last[:, :, None]
        run /= own[:, :, None]
        shape = tf.shape(run)  # [batch, time, reach, columns]
        run = tf.concat([run, tf.broadcast_to(level[:, :, None], shape)], axis=-1)
        run = tf.reshape(run / self.columns**0.5, [-1, self.reach, 2 * self.columns])
        static, calendar = tf.split(
            inputs[..., self.columns :], [self.static, self.calendar], axis=-1
        )
        parts, varying = [tf.ones_like(level[..., :1]), level, calendar], [calendar]
        if self.recent:
            recent = tf.gather(past, index[:, -1 - self.recent : -1], axis=1)
            recent = (recent - last[:, :, None]) / own[:, :, None]  # [batch, time, recent, columns]
            parts.append(tf.reshape(recent, [shape[0], shape[1], self.recent * self.columns]))
        if self.known:  # [batch, time, horizon, known], after the end the last values
            to_come = tf.minimum(times[:, None] + tf.range(1, self.horizon + 1), size - 1)
            ahead = (everything - self.centre) / self.spread
            ahead = tf.gather(tf.gather(ahead, self.known, axis=-1), to_come, axis=1)
            parts.append(tf.reshape(ahead, [shape[0], shape[1], self.ahead]))
            varying.append(parts[-1])
        parts.append(static)
        if self.by_static:
            varying = tf.concat(varying, axis=-1)
            products = static[..., :, None] * varying[..., None, :]
            parts.append(tf.reshape(products, [shape[0], shape[1], self.by_static]))
        return last, own, windows, tf.concat(parts, axis=-1), run

    def call(self, inputs, back=None):
        last, own, windows, shared, runs = self.parts(inputs, back)
        steps = [tf.shape(last)[0], tf.shape(last)[1], self.horizon, len(self.targets)]
        states = tf.reshape(self.states(runs), [*steps[:2], self.echo.units])
        shared = tf.concat([shared, states], axis=-1)
        change = tf.einsum("btdw,dwl->btld", windows, self.kernel_window)
        change += tf.reshape(tf.matmul(shared, self.kernel_shared), steps)
        last, own = (tf.gather(x, self.targets, axis=-1) for x in (last, own))
        change = tf.clip_by_value(change, -self.most, self.most) * own[:, :, None]
        scale = tf.gather(self.scale, self.targets)
        found = self.outputs((last[:, :, None] + change) * scale)  # [batch, time, horizon, targets]
        present = self.outputs(tf.gather(self.values(inputs), self.targets, axis=-1))
        to_outputs = np.array(self.deviation)[self.targets] / np.array(self.target_deviation)
        own *= scale * to_outputs.astype(own.dtype.as_numpy_dtype)
        return tf.reshape(found, [*steps[:2], self.horizon * len(self.targets)]), present, own

    def compute_output_shape(self, input_shape):
        targets = len(self.targets)
        return tuple(
            (*input_shape[:-1], size) for size in (self.horizon * targets, targets, targets)
        )
