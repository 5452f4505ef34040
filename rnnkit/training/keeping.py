"""The state of a training kept after every epoch, and training that goes on from it.

Keras' `BackupAndRestore` keeps weights, the optimizer and the number of the epoch. What else
decides the weights to come is kept here as well: the states of random numbers, the callbacks that
count and compare, the curves, and how often the data was shuffled.
"""

import keras
import tensorflow as tf

from rnnkit.utils.messages import changes

# What these callbacks know of earlier epochs, by attribute.
KNOWN = {
    keras.callbacks.EarlyStopping: ("wait", "best", "best_epoch", "stopped_epoch"),
    keras.callbacks.ReduceLROnPlateau: ("wait", "best", "cooldown_counter"),
    keras.callbacks.ModelCheckpoint: ("best",),
}


class KeepState(keras.callbacks.Callback):
    """Keeps the state of a training in a file, and begins with the one it is given.

    It writes at the beginning of an epoch, when all callbacks have dealt with the end of the one
    before. A part that follows on another one writes before its first epoch too.

    Of other callbacks it keeps what `EarlyStopping`, `ReduceLROnPlateau` and `ModelCheckpoint`
    know; all others begin anew.

    Args:
        file: `rnnkit.training.state.StateFile`.
        run: Dict of plain values: what the training is, to be compared before it goes on.
        before: List of the curves of the parts of the training before this one.
        resumed: Header of the state to begin with, or None.
        whole: The ensemble of which a member is trained, or None.

    Attributes:
        others: The other callbacks; `rnnkit.training.stopping.with_defaults` sets them.
        kept: Epochs of this part that the state in the file comes after, or None.
        ended: Whether an epoch has ended.
    """

    def __init__(self, file, run, before=(), resumed=None, whole=None):
        super().__init__()
        self.whole = whole
        self.file, self.run = file, run
        self.before = list(before)
        self.others = []
        self.resumed = resumed
        self.kept = self.first = None if resumed is None else resumed["epoch"]
        self.ended = False
        self._batches = None  # of unknown number, where they have to be begun once more

    # === How often the data was shuffled ===

    def follow(self, batches):
        """Begins a dataset as often as it was begun in the epochs that are not repeated.

        A shuffled dataset has another order each time that an iterator is made of it. Keras makes
        two an epoch, one of which it drops; only one in the first epoch where it does not know
        how many batches there will be.
        """
        known = int(batches.cardinality()) >= 0
        if self.first:
            self._begin(batches, 2 * self.first - (not known))
            self._batches = None if known else batches

    def _begin(self, batches, times):
        for _ in range(times):
            iter(batches)

    # === As a callback ===

    def on_epoch_begin(self, epoch, logs=None):
        if self.resumed is not None:
            self._restore(self.resumed)
            self.resumed = None
            return
        if self._batches is not None:  # now Keras knows their number, but not in its first epoch
            self._begin(self._batches, 1)
            self._batches = None
        if epoch or self.before:
            self._write(epoch)
            self.kept = epoch

    def on_epoch_end(self, epoch, logs=None):
        self.ended = True

    def _write(self, epoch):
        history, arrays, callbacks = self.model.history, self._variables(), []
        for number, (kind, item) in enumerate(self._known()):
            best = item.best_weights if kind is keras.callbacks.EarlyStopping else None
            arrays |= {} if best is None else dict(zip(_names(number, best), best, strict=True))
            values = {name: getattr(item, name) for name in KNOWN[kind]}
            callbacks.append({"class": kind.__name__, "values": values, "best": best is not None})
        header = {
            "versions": versions(self.model.distribute_strategy),
            "run": self.run,
            "epoch": epoch,
            "curves": [*self.before, {"history": history.history, "epoch": history.epoch}],
            "callbacks": callbacks,
        }
        convert = keras.ops.convert_to_numpy
        self.file.write(header, {name: convert(array) for name, array in arrays.items()})

    def _restore(self, header):
        known, entries = self._known(), header["callbacks"]
        before, now = [each["class"] for each in entries], [kind.__name__ for kind, _ in known]
        if before != now:
            raise ValueError(
                f"{self.file.path} is of a training with other callbacks: {before} where this one "
                f"has {now}. Pass the same, or train without resume"
            )
        variables, weights, wanted = self._variables(), self.model.get_weights(), {}
        for number, entry in enumerate(entries):
            if entry["best"]:
                wanted |= dict(zip(_names(number, weights), weights, strict=True))
        found = self.file.arrays(variables | wanted)
        for name, variable in variables.items():
            variable.assign(found[name])
        for number, (entry, (kind, item)) in enumerate(zip(entries, known, strict=True)):
            for name in KNOWN[kind]:
                setattr(item, name, entry["values"][name])
            if entry["best"]:
                item.best_weights = [found[name] for name in _names(number, weights)]
        curves = header["curves"][-1]
        self.model.history.history, self.model.history.epoch = curves["history"], curves["epoch"]

    def _known(self):
        """The other callbacks with something to keep, each with the class in `KNOWN`."""
        return [(kind, item) for item in self.others for kind in KNOWN if isinstance(item, kind)]

    def _variables(self):
        """All variables of the model and its optimizer by name, those of random numbers too. Of an
        ensemble those of all members, and the optimizer of the one in training."""
        model = self.whole or self.model
        parts = {"model": model.variables, "optimizer": self.model.optimizer.variables}
        return {
            f"{part}/{number}": variable
            for part, variables in parts.items()
            for number, variable in enumerate(variables)
        }


def _names(number, weights):
    """Names of the best weights that a callback holds."""
    return [f"best/{number}/{index}" for index in range(len(weights))]


def read(file, run, epochs):
    """The header of a state, checked.

    Args:
        file: `rnnkit.training.state.StateFile`.
        run: What the training is that shall go on; see `KeepState`.
        epochs: List of the epochs of each of its parts.

    Raises:
        ValueError: If the file is damaged, or of another training; the message says what differs.
    """
    found = file.header()
    damaged = ValueError(
        f"{file.path} is damaged: it does not say how far a training has come. Remove it, or train "
        "without resume"
    )
    if not isinstance(found.get("run"), dict):
        raise damaged
    differences = changes(found["run"], run)
    if differences:
        raise ValueError(
            f"The training in {file.path} cannot go on, as this one differs in: "
            f"{'; '.join(differences)}. Pass the same, or train anew without resume"
        )
    names = {kind.__name__: {*attributes} for kind, attributes in KNOWN.items()}
    try:
        curves, epoch = found["curves"], found["epoch"]
        sound = (
            type(epoch) is int
            and 1 <= len(curves) <= len(epochs)
            and int(len(curves) == 1) <= epoch < epochs[len(curves) - 1]
            and all(_numbers(sum(each["history"].values(), each["epoch"])) for each in curves)
            and all(
                _numbers([*each["values"].values()])
                and names.get(each["class"]) == {*each["values"]}
                and isinstance(each["best"], bool)
                for each in found["callbacks"]
            )
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        sound = False
    if not sound:
        raise damaged
    return found


def versions(strategy):
    """What computes, as text."""
    count = strategy.num_replicas_in_sync
    replicas = f", {count} replicas" if count > 1 else ""
    return f"keras {keras.__version__}, tensorflow {tf.__version__}{replicas}"


def _numbers(values):
    return all(each is None or isinstance(each, (int, float)) for each in values)


def follow(callbacks, batches):
    """Tells the `KeepState` among callbacks, if there is one, the batches of the training.

    Args:
        callbacks: List of callbacks, or a `CallbackList`.
        batches: `tf.data.Dataset`.

    Returns:
        The batches.
    """
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = callbacks.callbacks
    for item in callbacks:
        if isinstance(item, KeepState):
            item.follow(batches)
    return batches
