"""Ensembles: a model that is the mean of several networks, each trained by itself."""

import contextlib
import inspect

import keras

from rnnkit.training.stopping import tell
from rnnkit.utils.checks import integer

# Callbacks of Keras that would keep one member where the whole is meant.
KEEPING = (keras.callbacks.ModelCheckpoint, keras.callbacks.BackupAndRestore)


class Ensemble:
    """What a model does that is the mean of several networks, for a class beside `keras.Model`.

    Patterns with the argument `ensemble` are such models where it is more than 1. Each member is a
    model of the same class and features, whose seed is one more than that of the one before. `fit`
    and `fine_tune` train one after the other, each as if it were alone: with its own weights,
    order of the data and early stopping. The outputs are the mean of theirs: of probabilities, of
    numbers, and with `crf=True` of scores and transitions, which gives the normalised geometric
    mean of their distributions over whole sequences of tags.

    Example:

    >>> text = rnnkit.features.Text().adapt(texts)
    >>> label = rnnkit.features.Label().adapt(labels)
    >>> model = rnnkit.models.ManyToOne(text, label, units=8, ensemble=2, seed=1)
    >>> history = model.fit(texts, labels, epochs=2, verbose=0)
    >>> [len(member.history.epoch) for member in model.members]
    [2, 2]

    Reference: Lakshminarayanan, Pritzel and Blundell 2017, "Simple and scalable predictive
    uncertainty estimation using deep ensembles", https://arxiv.org/abs/1612.01474.
    """

    ensemble = 1
    averages_members = True  # whether `ensemble` says how many members there are

    @property
    def members(self):
        """List of the members, each a model with weights and a `history` of its own; empty where
        the model is one network alone."""
        if self.ensemble == 1 or not self.averages_members:
            return []
        return [self.get_layer(f"member_{number}") for number in range(self.ensemble)]

    def averaged(self, inputs, outputs, arguments):
        """The graph of an ensemble, or that of one network as it is.

        Args:
            inputs: Keras inputs of the graph of one network.
            outputs: Its outputs.
            arguments: Dict of the arguments of the pattern.

        Returns:
            The pair of inputs and outputs.
        """
        if not self.averages_members or "ensemble" not in arguments:
            return inputs, outputs
        size = integer(arguments["ensemble"], "ensemble")
        if size == 1:
            return inputs, outputs
        seed, head = arguments["seed"], arguments.get("head")
        known = inspect.signature(type(self).__init__).parameters
        own = {name: value for name, value in arguments.items() if name in known}
        # Not the inputs given, which hold the graph that is not needed.
        inputs = keras.tree.map_structure(
            lambda each: keras.Input(batch_shape=each.shape, dtype=each.dtype, name=each.name),
            inputs,
        )
        found = []
        for number in range(size):
            own |= {"ensemble": 1, "seed": None if seed is None else seed + number}
            found.append(type(self)(**{**own, "name": f"member_{number}"})(inputs))
        mean = keras.layers.Average(name="mean", dtype="float32")(found)
        return inputs, mean if head is None else head.of_mean(mean)

    # === Training ===

    @staticmethod
    def check_callbacks(callbacks):
        """Refuses callbacks that would be right for one network alone."""
        if isinstance(callbacks, keras.callbacks.CallbackList):
            raise ValueError(
                "callbacks must be a list where there are several networks to train, one after the "
                "other. Received: a CallbackList"
            )
        for item in keras.tree.flatten(callbacks or []):
            if isinstance(item, KEEPING):
                raise ValueError(
                    "callbacks of an ensemble must not save models, as each sees one member after "
                    "the other: save the whole when it is trained, or use recipe.train(out=...). "
                    f"Received: {type(item).__name__}"
                )

    def compile_members(self, optimizer, metrics, **others):
        """Compiles each member with an optimizer and metrics of its own."""
        for member in self.members:
            kept = {**others, "weighted_metrics": _copies(others.get("weighted_metrics"))}
            member.compile(optimizer=_copies(optimizer), metrics=_copies(metrics), **kept)

    def fit_members(self, train, validation, fit="fit", **settings):
        """Trains one member after the other.

        Args:
            train: Encoded data.
            validation: Encoded data, or None.
            fit: Name of the method of the members, `"fit"` or `"fine_tune"`.
            **settings: Its arguments.

        Returns:
            The Keras `History`: the loss and the metrics of the whole after training, as of one
            epoch. Those of the epochs of its members are in their own.
        """
        self.check_callbacks(settings.get("callbacks"))
        path = settings.pop("interrupted_path", None)
        for number in range(self.ensemble):
            where = path if number == 0 else False  # of the first there is nothing but itself
            try:
                with self.turn(number, settings.get("verbose")) as member:
                    getattr(member, fit)(
                        train, validation_data=validation, interrupted_path=where, **settings
                    )
            except KeyboardInterrupt:
                self._interrupted(number, path)
                raise
        size = settings.get("batch_size")
        return self.finish(train, validation, size, settings.get("validation_batch_size"))

    @contextlib.contextmanager
    def turn(self, number, verbose="auto"):
        """A context in which a member, which it gives, is trained; whose turn it is is said."""
        member = self.members[number]
        member.recipe, member.score_names = self.recipe, self.score_names
        member.fit_defaults = self.fit_defaults
        if verbose != 0:
            tell(f"Member {number + 1} of {self.ensemble}")
        yield member

    def finish(self, train, validation, batch_size=None, validation_batch_size=None):
        """Makes the whole of members that are trained; returns its `History`, see `fit_members`."""
        self.combine()
        history = keras.callbacks.History()
        history.set_model(self)
        history.on_train_begin()
        size, last = validation_batch_size or batch_size, {}
        options = {"verbose": 0, "return_dict": True}
        logs = self.evaluate(train, batch_size=batch_size, **options)
        if validation is not None:
            last = self.evaluate(validation, batch_size=size, **options)
        history.on_epoch_end(0, {**logs, **{f"val_{name}": value for name, value in last.items()}})
        self.history = history
        self.calibrate(validation, size)
        return history

    def combine(self):
        """Makes of the members' weights what the whole has beside them."""
        head = getattr(self, "head", None)
        if self.members and head is not None:
            head.combine([member.head for member in self.members])

    def fill(self, trained):
        """Makes copies of the first `trained` members of those that come after them, so that the
        whole is the mean of the first alone.

        Returns:
            A function that undoes it.
        """
        members = self.members
        rest = members[trained:]
        before = [member.get_weights() for member in rest]
        for number, member in enumerate(rest):
            member.set_weights(members[number % trained].get_weights())
        self.combine()

        def undo():
            for member, weights in zip(rest, before, strict=True):
                member.set_weights(weights)

        return undo

    def saver(self, number):
        """What saves the whole while a member is trained; see `SavesWhole`."""
        return SavesWhole(self, number)

    def _interrupted(self, trained, path):
        """Leaves the mean of the members that are trained, where there are any."""
        if trained == 0:
            return
        self.fill(trained)
        kept = f"Members 1 to {trained} of {self.ensemble} are trained; the others are copies"
        if path is not False:
            path = path or f"{self.recipe or self.name}-interrupted.keras"
            self.save(path)
            kept += f". They are in {path}"
        tell(f"\nInterrupted. {kept}")


class SavesWhole:
    """What a callback that saves models is told of, so that it saves an ensemble in training.

    Args:
        model: The ensemble.
        number: Number of the member in training. Those after it are saved as copies of it and of
            those before.
    """

    def __init__(self, model, number):
        self.model = model
        self.number = number

    def save(self, filepath, overwrite=True, **kwargs):
        undo = self.model.fill(self.number + 1)
        try:
            self.model.save(filepath, overwrite, **kwargs)
        finally:
            undo()


def _copies(items):
    """Optimizers and metrics with the same configuration; names and functions as they are."""

    def copied(item):
        if isinstance(item, (keras.optimizers.Optimizer, keras.metrics.Metric)):
            return type(item).from_config(item.get_config())
        return item

    return keras.tree.map_structure(copied, items)
