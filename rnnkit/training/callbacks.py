"""What steers a training beside Keras' own callbacks."""

import keras


class LinearDecay(keras.callbacks.Callback):
    """A learning rate that rises in the first updates, then falls in a straight line to 0.

        rate(t) = peak * min(t / warmup, (T + 1 - t) / (T - warmup)),   t = 1, ..., T

    The peak is the optimizer's own learning rate, T the updates in all `epochs` of `fit`. Large
    steps early and ever smaller ones later come further in a given time than equal ones; the rise
    keeps the first of them from driving gates into saturation. Between epochs and after training
    the optimizer has its own rate.

    Where nobody knows how many updates an epoch has, the rate stays as it is.

    Args:
        warmup: Updates until the peak; a tenth of all where that is less.

    Raises:
        ValueError: If `warmup` is no integer of at least 0, or the optimizer has a schedule.

    Example:

    >>> model.compile(keras.optimizers.Adam(5e-3))
    >>> model.fit(data, epochs=10, callbacks=[LinearDecay(warmup=200)])

    Reference: Goyal et al. 2017, "Accurate, large minibatch SGD", section 2.2 (the rise),
    https://arxiv.org/abs/1706.02677; Defazio et al. 2023, "When, why and how much? Adaptive
    learning rate scheduling by refinement" (the fall), https://arxiv.org/abs/2310.07831.
    """

    def __init__(self, warmup=0):
        super().__init__()
        if not isinstance(warmup, int) or isinstance(warmup, bool) or warmup < 0:
            raise ValueError(f"warmup must be an integer of at least 0. Received: {warmup!r}")
        self.warmup = warmup
        self.peak = None  # the optimizer's own learning rate, once training begins

    def on_train_begin(self, logs=None):
        if has_schedule(self.model.optimizer):
            raise ValueError(
                "LinearDecay needs an optimizer whose learning rate is a number. Received: one "
                "with a schedule of its own"
            )
        self.peak = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        steps = self.params.get("steps")
        if not steps:
            return
        total = steps * self.params["epochs"]
        now, warmup = self.epoch * steps + batch + 1, min(self.warmup, total // 10)
        rise = now / warmup if warmup else 1.0
        fall = (total + 1 - now) / (total - warmup)
        self.model.optimizer.learning_rate = self.peak * min(rise, fall, 1.0)

    # What is saved has the rate with which a training begins.
    def on_epoch_end(self, epoch, logs=None):
        self.restore()

    def on_train_end(self, logs=None):
        self.restore()

    def restore(self):
        """Gives the optimizer its own learning rate again."""
        if self.peak is not None:
            self.model.optimizer.learning_rate = self.peak


def has_schedule(optimizer):
    """Whether an optimizer's learning rate follows a schedule of its own."""
    return isinstance(optimizer.get_config().get("learning_rate"), dict)
