"""What an echo state network keeps of a stream that it learns from, as weights of a layer."""

import keras
import numpy as np

from rnnkit.layers.config import Configured


@keras.saving.register_keras_serializable(package="rnnkit")
class StreamMemory(Configured, keras.layers.Layer):
    """The identity, which holds where a stream is that its model goes on to learn from.

    A forecast of several steps knows its targets only as many rows later. So the last rows are
    kept, with the states of the reservoirs before them, and the number of rows before them. These
    weights are not trained; they are saved with the others.

    Args:
        members: Number of reservoirs side by side.
        units: Units of all layers of one of them.
        rows: Rows that are kept at most.
        features: Encoded inputs in a row.
        targets: Target columns in a row.

    Input shape:
        `(batch, ..., outputs)`.

    Output shape:
        That of the inputs.
    """

    def __init__(self, members, units, rows, features, targets, **kwargs):
        kwargs.setdefault("trainable", False)
        super().__init__(**kwargs)
        self.members = members
        self.units = units
        self.rows = rows
        self.features = features
        self.targets = targets

    def build(self, input_shape):
        def weight(name, shape):
            return self.add_weight(
                shape=shape, initializer="zeros", dtype="float64", trainable=False,
                autocast=False, name=name,
            )  # fmt: skip

        self.steps = weight("steps", ())
        self.time = weight("time", ())  # of the last row, 0 where it is not known
        self.states = weight("states", (self.members, self.units))
        self.kept = weight("kept", ())  # how many rows are
        self.kept_inputs = weight("kept_inputs", (self.rows, self.features))
        self.kept_targets = weight("kept_targets", (self.rows, self.targets))
        self.kept_weights = weight("kept_weights", (self.rows,))
        self.built = True

    def call(self, inputs):
        return inputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def read(self):
        """What is kept.

        Returns:
            `(steps, time, states, inputs, targets, weights)`: the number of rows before those kept,
            the time of the last row or 0, the states `[members, units]`, and of the rows kept, the
            oldest first, inputs `[kept, features]`, standardised targets `[kept, targets]` and
            weights `[kept]`: NumPy.
        """
        kept = int(self.kept.numpy())
        rows = (self.kept_inputs, self.kept_targets, self.kept_weights)
        return (
            int(self.steps.numpy()), float(self.time.numpy()), self.states.numpy(),
            *(each.numpy()[self.rows - kept :] for each in rows),
        )  # fmt: skip

    def write(self, steps, time, states, inputs, targets, weights):
        """Keeps what `read` is to give; of rows at most `rows`."""
        self.steps.assign(steps)
        self.time.assign(time)
        self.states.assign(states)
        self.kept.assign(len(inputs))
        rows = (self.kept_inputs, self.kept_targets, self.kept_weights)
        for weight, values in zip(rows, (inputs, targets, weights), strict=True):
            whole = np.zeros(weight.shape)
            whole[self.rows - len(values) :] = values
            weight.assign(whole)
