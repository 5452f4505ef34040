"""How a recipe's model is fitted."""

import dataclasses

import keras

from rnnkit.training.stopping import monitored


@dataclasses.dataclass
class TrainingPlan:
    """Passes over the data, the best state kept in a file from the first epoch on.

    Args:
        epochs: Passes over the data at most.
        batch_size: Examples in a step, or None for the model's default.
        reward: Of `fine_tune`, which follows for `reward_epochs`; see
            `rnnkit.models.generating.base.Generating`.
        reward_epochs: Passes over the data with a reward.
        out: Path of a `.keras` file, or None.
        callbacks: Further Keras callbacks.
        verbose: As in `keras.Model.fit`.

    Example:

    >>> TrainingPlan(epochs=5, out="m.keras").fit(model, recipe.data())
    """

    epochs: int
    batch_size: int | None = None
    reward: str | None = None
    reward_epochs: int = 0
    out: str | None = None
    callbacks: tuple = ()
    verbose: str | int = "auto"

    def fit(self, model, data):
        """Trains a model.

        Args:
            model: A compiled `rnnkit.models.Model`.
            data: `rnnkit.data.Data`.

        Returns:
            The model; its `history` has the curves of both parts.

        Raises:
            KeyboardInterrupt: When interrupted, after the best weights were saved to `out`.
        """
        train, validation = data.train, data.validation
        if self.reward_epochs:  # both parts use what is encoded
            train, validation = model.prepare(train), model.prepare(validation)
        arguments = self._arguments(validation, model.fit_defaults)
        history = model.fit(train, epochs=self.epochs, **arguments)
        if self.reward_epochs:
            more = model.fine_tune(
                train,
                reward=self.reward,
                epochs=self.reward_epochs,
                **self._arguments(validation, {"monitor": "val_reward"}),
            )
            history.history |= more.history
            model.history = history
        if self.out is not None:
            model.save(self.out)  # the weights are those of the best epoch, as in the checkpoint
        return model

    def _arguments(self, validation, settings):
        """Arguments of `fit`, with a checkpoint of the best epoch by what is monitored."""
        callbacks = [*self.callbacks]
        if self.out is not None:
            monitor, mode = monitored(settings)
            callbacks.append(
                keras.callbacks.ModelCheckpoint(
                    self.out, monitor=monitor, mode=mode, save_best_only=True
                )
            )
        return {
            "validation_data": validation,
            "batch_size": self.batch_size,
            "callbacks": callbacks,
            "verbose": self.verbose,
            "interrupted_path": self.out,
        }
