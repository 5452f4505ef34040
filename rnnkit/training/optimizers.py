"""Adam whose averages of the weights are of use from the start, in few passes over the weights."""

import keras
import tensorflow as tf
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

    # Keras composes the update of a dozen operations, each of which reads and writes all weights.
    # TensorFlow's kernel computes the same in one pass; on a CPU that is a good part of a step.
    def update_step(self, gradient, variable, learning_rate):
        fused = isinstance(gradient, tf.Tensor) and not tf.distribute.has_strategy()
        if self.amsgrad or not fused:
            super().update_step(gradient, variable, learning_rate)
            return
        dtype, index = variable.dtype, self._get_variable_index(variable)
        step = ops.cast(self.iterations + 1, dtype)
        beta_1, beta_2 = ops.cast(self.beta_1, dtype), ops.cast(self.beta_2, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=ops.power(beta_1, step),
            beta2_power=ops.power(beta_2, step),
            lr=ops.cast(learning_rate, dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=ops.cast(self.epsilon, dtype),
            grad=ops.cast(gradient, dtype),
        )

    # `tf.clip_by_norm` makes three copies of the gradient where one will do.
    def _clip_by_norm(self, values, axes=None):
        if axes is not None or not isinstance(values, tf.Tensor):
            return super()._clip_by_norm(values, axes)
        norm = ops.sqrt(2 * tf.nn.l2_loss(values))
        return values * (self.clipnorm / ops.maximum(norm, self.clipnorm))

    # Keras' own has a fixed momentum.
    def _update_model_variables_moving_average(self, trainable_variables):
        step = ops.cast(self.iterations, "float32")
        weight = ops.minimum(self.ema_momentum, step / (9.0 + step))
        averages = self._model_variables_moving_average
        for variable, average in zip(trainable_variables, averages, strict=True):
            if average is not None:
                momentum = ops.cast(weight, variable.dtype)
                average.assign(momentum * average + (1 - momentum) * variable)
