"""How a recipe's model is fitted."""

import contextlib
import dataclasses
import json
import os
import warnings

import keras

from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.training.diverging import Diverged
from rnnkit.training.facts import facts_of
from rnnkit.training.keeping import KeepState, read, versions
from rnnkit.training.state import StateFile
from rnnkit.training.stopping import BestSaved, tell
from rnnkit.utils import replicas
from rnnkit.utils.signals import terminable
from rnnkit.utils.writing import plain


@dataclasses.dataclass
class TrainingPlan:
    """Passes over the data, the best model kept in a file from the first epoch on.

    Beside that file lies the state of the training after every epoch (`rnnkit.training.state`),
    from which it goes on to the same weights, however it was stopped. SIGTERM stops it as Ctrl-C
    does. Of several machines that train together the chief alone writes, and all go on from what
    it has.

    Args:
        epochs: Passes over the data at most.
        batch_size: Examples in a step, or None for the model's default.
        class_weight: As in `rnnkit.models.Model.fit`, or None.
        reward: Of `fine_tune`, which follows for `reward_epochs`; see
            `rnnkit.models.generating.base.Generating`.
        reward_epochs: Passes over the data with a reward.
        out: Path of a `.keras` file, or None.
        resume: Whether to go on with the training whose state lies beside `out`.
        score: Whether `data.test` is scored at the end, before the model is saved.
        about: Dict of what else must be the same for that, such as the options of the model.
        callbacks: Further Keras callbacks.
        verbose: As in `keras.Model.fit`.

    Example:

    >>> TrainingPlan(epochs=5, out="m.keras").fit(model, recipe.data())
    """

    epochs: int
    batch_size: int | None = None
    class_weight: dict | str | None = None
    reward: str | None = None
    reward_epochs: int = 0
    out: str | None = None
    resume: bool = False
    score: bool = False
    about: dict = dataclasses.field(default_factory=dict)
    callbacks: tuple = ()
    verbose: str | int = "auto"

    @classmethod
    def of(cls, recipe, options, *, base=None, epochs=None, reward_epochs=None, **arguments):
        """The plan of a recipe, by its settings where nothing is said.

        Args:
            recipe: A `rnnkit.Recipe`.
            options: Dict of the options that the model is made with.
            base: `rnnkit.saving.base.Base` that it starts from, or None.
            epochs, reward_epochs, **arguments: As in `rnnkit.Recipe.train`.

        Raises:
            ValueError: For arguments that do not go together.
        """
        epochs = recipe.training["epochs"] if epochs is None else epochs
        reward = recipe.training.get("reward")
        if reward_epochs is None:
            reward_epochs = min(recipe.training.get("reward_epochs", 0), epochs)
        if reward_epochs < 0:
            raise ValueError(f"reward_epochs must be at least 0. Received: {reward_epochs!r}")
        if reward_epochs and reward is None:
            raise ValueError(
                f"The recipe {recipe.name!r} has no reward to train by; call the model's "
                f"fine_tune(reward=...) where it has one. Received: reward_epochs={reward_epochs!r}"
            )
        if arguments.get("resume") and arguments.get("out") is None:
            raise ValueError(
                "resume=True goes on with the training to a file: pass its path as out. "
                "Received: out=None"
            )
        about = {"recipe": recipe.name, "options": {**recipe.options(), **options}}
        if base is not None:
            about["base"] = base.digest()
        return cls(epochs, reward=reward, reward_epochs=reward_epochs, about=about, **arguments)

    def fit(self, model, data):
        """Trains a model.

        Args:
            model: A compiled `rnnkit.models.Model`, as it was made.
            data: `rnnkit.data.Data`.

        Returns:
            The model; its `history` has the curves of both parts.

        Raises:
            KeyboardInterrupt: When interrupted; `out` holds the model of the best epoch, if one
                had ended.
            ValueError: If there is a state that cannot be gone on with.
            rnnkit.training.Diverged: If the loss or the weights are not finite any more.
        """
        model.checked_class_weight(self.class_weight)  # before the data is read
        train, validation = (
            None if part is None else model.prepare(part) for part in (data.train, data.validation)
        )
        parts = [self.epochs, self.reward_epochs] if self.reward_epochs else [self.epochs]
        whole = model if model.members else None
        if whole is not None:
            model.check_callbacks(self.callbacks)
            parts = [self.epochs] * len(model.members)
        file = run = begun = None
        if self.out is not None:
            file = StateFile(self.out, model.distribute_strategy)
            run = self._run(model, data, train, validation)
            begun = self._begun(file, run, parts, model)
        curves = begun["curves"][:-1] if begun else []
        if whole is not None:  # for all members
            train, validation = model._read_ahead(train, validation, self.verbose)
        with terminable():
            for number in range(len(curves), len(parts)):
                keep = None if file is None else KeepState(file, run, curves, begun, whole)
                with self._stopped(keep):
                    history = self._part(number, model, train, validation, keep)
                begun = None
                curves = [*curves, {"history": history.history, "epoch": history.epoch}]
            if whole is not None:
                model.finish(train, validation, self.batch_size)
            else:
                for each in curves[1:]:
                    curves[0]["history"] |= each["history"]
                history = model.history
                history.history, history.epoch = curves[0]["history"], curves[0]["epoch"]
            curve = None if whole is not None else model.history  # an ensemble has several
            model.trained = facts_of(model, data, self.about.get("options"), curve)
            try:
                if self.score:
                    model.trained["scores"] = model.score(data.test)
            except KeyboardInterrupt:
                if file is not None and replicas.is_chief(file.strategy):
                    path = os.path.abspath(self.out)
                    tell(f"\nInterrupted in scoring. The trained model is saved to {path}")
                raise
            finally:  # once, and also where scoring is stopped or fails
                if file is not None:
                    model.save(self.out)  # the weights are those of the best epoch, as in the file
                    file.remove()
        return model

    # === Parts ===

    def _part(self, number, model, train, validation, keep):
        """The training, or the one with a reward that follows; or that of a member of an ensemble.
        Returns its `History`."""
        callbacks = [*self.callbacks]
        arguments = {
            "validation_data": validation,
            "batch_size": self.batch_size,
            "callbacks": callbacks,
            "verbose": self.verbose,
        }
        if keep is not None:
            reward = number and not model.members
            settings = {"monitor": "val_reward"} if reward else model.fit_defaults
            saved = model.saver(number) if model.members else None
            callbacks += [BestSaved(self.out, settings, saved), keep]
            arguments["interrupted_path"] = False  # what is there was saved when an epoch ended
            if keep.first:
                arguments["initial_epoch"] = keep.first
        arguments |= {"epochs": self.epochs, "class_weight": self.class_weight}
        if model.members:
            with model.turn(number, self.verbose) as member:
                return member.fit(train, **arguments)
        if number:
            del arguments["class_weight"]
            arguments |= {"reward": self.reward, "epochs": self.reward_epochs}
            return model.fine_tune(train, **arguments)
        return model.fit(train, **arguments)

    @contextlib.contextmanager
    def _stopped(self, keep):
        """Says what an interruption leaves; a training that diverged has nothing to go on with."""
        try:
            yield
        except KeyboardInterrupt:
            if keep is not None and replicas.is_chief(keep.file.strategy):
                self._tell_what_is_left(keep)
            raise
        except Diverged:
            if keep is not None and keep.kept is not None:
                keep.file.remove()
            raise

    def _tell_what_is_left(self, keep):
        path = os.path.abspath(self.out)
        if keep.kept is not None:
            tell(
                f"\nInterrupted. The best model so far is in {path}; with resume=True (--resume) "
                "the same call goes on after the last whole epoch"
            )
        elif keep.before or keep.ended:
            tell(f"\nInterrupted. The best model so far is in {path}")
        else:
            kept = f"{path} is as it was" if os.path.exists(path) else "Nothing was saved"
            tell(f"\nInterrupted before an epoch ended. {kept}")

    # === Going on ===

    def _run(self, model, data, train, validation):
        """What the training is, as plain values."""
        optimizer = model.optimizer
        run = {
            **self.about,
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "reward": self.reward if self.reward_epochs else None,
            "reward_epochs": self.reward_epochs,
            "training": model.fit_defaults,
            "optimizer": None if optimizer is None else _nameless(optimizer.get_config()),
            "precision": keras.config.dtype_policy().name,
            "data": [
                each.digest() if isinstance(each, Encoded) else data.digest()
                for each in (train, validation)
                if each is not None
            ],
        }
        if self.class_weight is not None:
            given = self.class_weight
            run["class_weight"] = given if isinstance(given, str) else list(given.items())
        return json.loads(json.dumps(run, default=plain))

    def _begun(self, file, run, parts, model):
        """The state to go on with, or None."""
        if self.resume:
            file.receive()
        if not file.exists():
            if self.resume and self.verbose != 0:
                tell(f"There is no {file.path} to go on from: training starts anew")
            return None
        if not self.resume:
            warnings.warn(
                f"{file.path} is the state of a training that did not end: resume=True (--resume) "
                "goes on with it. This one starts anew, and replaces it once an epoch has ended.",
                stacklevel=4,
            )
            return None
        begun = read(file, run, parts)
        now = versions(file.strategy)
        if begun.get("versions") != now:
            warnings.warn(
                f"{file.path} was written by {begun.get('versions')}, this is {now}: the weights "
                "may differ from those of a training in one go.",
                stacklevel=4,
            )
        if self.verbose != 0:
            number = len(begun["curves"])
            part = " with a reward" if number > 1 and self.reward_epochs else ""
            part += f" of member {number} of {len(parts)}" if model.members else ""
            done = f"after epoch {begun['epoch']} of {parts[len(begun['curves']) - 1]}"
            tell(f"Training{part} goes on {done}, from {file.path}")
        return begun


def _nameless(config):
    """A configuration without the names of objects, which count the models of a process."""
    if not isinstance(config, dict):
        return config
    return {key: _nameless(value) for key, value in config.items() if key != "name"}
