"""Training in one pass: what models that solve their readouts share."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.models.inputs.sequences import weights_of_steps
from rnnkit.training.class_weights import class_weights, weighted
from rnnkit.training.stopping import BestKept, with_defaults
from rnnkit.utils.progress import asked


class OnePass:
    """The `fit` of a model without epochs, for a class beside `Model`.

    The model defines `learn`, and has `_prepared_at_once` of
    `rnnkit.models.forecasting.Forecasting`.
    """

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        validation_batch_size=None,
        interrupted_path=None,
        initial_epoch=0,
        **kwargs,
    ):
        """Solves the readouts in one pass over the data, anew each time it is called.

        Args:
            x: Raw series as in `Model.fit`: one array `[time, columns]`, a list of them, or a
                dataset of `(x, y)`.
            y: Raw targets, NaN where they are not known. If left out for a `Forecast` of columns
                of the input, they are those columns.
            batch_size: Series whose states are computed at a time.
            epochs: Not used: one pass is all there is to learn from.
            verbose: Whether a progress bar is shown, by models that take long.
            callbacks: Keras callbacks; they see one epoch.
            validation_split: As in `keras.Model.fit`.
            validation_data: Raw data by which settings are chosen. An `EchoStateForecaster` learns
                from it too.
            shuffle: Not used.
            class_weight: As in `Model.fit`.
            sample_weight: Weight of each series, or of each step `[series, time]`.
            validation_batch_size: As `batch_size`, for validation.
            interrupted_path: Where Ctrl-C leaves what could be learned from the data so far.
            initial_epoch: Not used.
            **kwargs: `steps_per_epoch` and the like are refused.

        Returns:
            The Keras `History` with `loss` and `val_loss`: mean squared errors in standardised
            units, of an `EchoStateForecaster` in the end and of forecasts of later steps.

        Raises:
            ValueError: If there is too little to learn from (no step after the washout, or fewer
                than two horizons of known values), if a target never changes, or if the Gram matrix
                is singular.
        """
        if kwargs:
            raise ValueError(f"fit does not take {sorted(kwargs)} here: it makes one pass")
        self.trained = None  # what was kept of an earlier training is not true of this one
        weights = class_weights(class_weight, self.output_feature)
        own = y is None and not isinstance(x, (tf.data.Dataset, tuple))
        with asked(verbose):
            data, held_out = self._prepare_fit(
                x, y, sample_weight, validation_split, validation_data, own
            )
        data = weighted(data, weights, self.output_feature)
        warmup = self.fit_defaults.get("warmup")
        callbacks = with_defaults(callbacks, self.optimizer, warmup=warmup, steps=False)
        if not isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = keras.callbacks.CallbackList(callbacks, add_history=True, model=self)
        callbacks.on_train_begin()
        callbacks.on_epoch_begin(0)
        with BestKept(self, path=interrupted_path):
            logs = self.learn(
                data,
                held_out,
                batch_size=batch_size,
                validation_batch_size=validation_batch_size or batch_size,
                verbose=verbose,
            )
            callbacks.on_epoch_end(0, logs)
            callbacks.on_train_end(logs)
        return self.history

    def learn(self, data, held_out, **options):
        """Learns from encoded data; gives a dict with `loss` and perhaps `val_loss`.

        Args:
            data: Encoded training data.
            held_out: Encoded validation data, or None.
            **options: `batch_size`, `validation_batch_size` and `verbose`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define learn()")

    def prepare(self, x, y=None, sample_weight=None, targets=True):
        sample_weight = weights_of_steps(self.input_feature, x, sample_weight)
        if isinstance(x, np.ndarray | list) and sample_weight is None:
            data = self._prepared_at_once(x, y, targets)
            if data is not None:
                return data
        return super().prepare(x, y, sample_weight, targets)
