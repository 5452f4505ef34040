"""Adam whose averages of the weights are of use from the start."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="rnnkit")
class AveragedAdam(keras.optimizers.Adam):
    """Adam that keeps an exponential moving average of the weights, over few steps at first.

    With a fixed momentum the average of a short training is still mostly what the weights began
    with. Here the momentum of step t = 0, 1, ... is min(ema_momentum, t / (9 + t)), so that the
    average is always over a part of what was trained. `Model.fit` validates and keeps the averages.

    Args:
        learning_rate: As in `keras.optimizers.Adam`.
        ema_momentum: Momentum in the long run: 0.99 averages over about a hundred steps.
        **kwargs: Other arguments of `keras.optimizers.Adam`.

    Example:

    >>> optimizer = AveragedAdam(1e-3, ema_momentum=0.998, clipnorm=1.0)
    """

    def __init__(self, learning_rate=1e-3, ema_momentum=0.99, name="averaged_adam", **kwargs):
        kwargs["use_ema"] = True
        super().__init__(learning_rate, ema_momentum=ema_momentum, name=name, **kwargs)

    # Keras' own has a fixed momentum.
    def _update_model_variables_moving_average(self, trainable_variables):
        step = ops.cast(self.iterations, "float32")
        share = ops.minimum(self.ema_momentum, step / (9.0 + step))
        averages = self._model_variables_moving_average
        for variable, average in zip(trainable_variables, averages, strict=True):
            if average is not None:
                momentum = ops.cast(share, variable.dtype)
                average.assign(momentum * average + (1 - momentum) * variable)
