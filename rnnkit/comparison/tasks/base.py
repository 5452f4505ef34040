"""The base of the memory tasks: a recipe with sampled examples, a score and a baseline."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.data.splits import Data
from rnnkit.features import Series
from rnnkit.metrics import direction
from rnnkit.models import ManyToOne, Tagger
from rnnkit.recipe import Recipe
from rnnkit.utils.checks import integer, one_of

SPLITS = ("train", "validation", "test")
# To compile a small network with XLA takes as long as about so many updates without it.
WORTH_COMPILING = 300


class Task(Recipe):
    """The base of the memory tasks: a recipe whose examples are sampled.

    Args:
        lag: Steps over which something has to be remembered; see each task.
        examples: Training examples of `data()`, an epoch; a fifth as many validate and test.
        seed: Integer that fixes `data()`.

    Attributes:
        lag, examples, seed: As given.
        steps: Steps of a sequence.
        scores: Tuple of the name of the one score.
        threshold: Score from which on the task counts as solved.
        baseline: The best score without memory.
        loss_baseline: The lowest training loss without memory: mean squared error, or nats a step.
        formula: `baseline` as a formula; `loss_formula` the same for the loss.
    """

    least = 1
    cell = "lstm"
    input = "series"
    threshold = 0.99
    scores = ("accuracy",)
    formula = loss_formula = ""
    training = {"epochs": 30, "batch_size": 64, "patience": 10, "monitor": "val_loss"}

    def __init__(self, lag=100, examples=10_000, seed=0):
        for name, value, least in (
            ("lag", lag, self.least), ("examples", examples, 5), ("seed", seed, 0),
        ):  # fmt: skip
            integer(value, name, least)
        self.lag, self.examples, self.seed = int(lag), int(examples), int(seed)

    # === To define ===

    columns_of_input = 1

    @property
    def steps(self):
        return self.lag

    def _draw(self, rng, examples, split):
        """`(x, y)` sampled with a NumPy generator; see `draw`."""
        raise NotImplementedError(f"{type(self).__name__} must define _draw()")

    def _target(self):
        """The output feature."""
        raise NotImplementedError(f"{type(self).__name__} must define _target()")

    # === Examples ===

    def draw(self, examples, seed=0, split="train"):
        """Samples examples, encoded as the task's models take them.

        Args:
            examples: How many.
            seed: Integer; the same one gives the same examples.
            split: `"train"`, `"validation"` or `"test"`, which are sampled independently.

        Returns:
            The pair of float32 `[examples, steps, columns]` and the targets: float32
            `[examples, 1]` of numbers, int32 `[examples]` of classes, or int32
            `[examples, steps]`, -1 where there is no target.

        Example:

        >>> x, y = rnnkit.comparison.tasks.adding(lag=4).draw(2)
        >>> x.shape, bool(np.allclose((x[..., 0] * x[..., 1]).sum(axis=1), y[:, 0]))
        ((2, 4, 2), True)
        """
        one_of(split, "split", SPLITS)
        integer(examples, "examples")
        return self._draw(np.random.default_rng([seed, SPLITS.index(split)]), examples, split)

    def batches(self, batch_size, seed=0):
        """An endless `tf.data.Dataset` of encoded batches, each newly sampled.

        They go to Keras' own `fit`, past the features:
        `keras.Model.fit(model, task.batches(64), steps_per_epoch=100, shuffle=False)`.

        Args:
            batch_size: Examples in a batch.
            seed: Integer that fixes all of them.

        Example:

        >>> x, y = next(iter(rnnkit.comparison.tasks.parity(lag=4).batches(8)))
        >>> tuple(x.shape), tuple(y.shape)
        ((8, 4, 1), (8, 4))
        """

        def draws():
            rng = np.random.default_rng([seed, len(SPLITS)])
            while True:
                yield self._draw(rng, batch_size, "train")

        like = self.draw(1)
        spec = tuple(tf.TensorSpec((batch_size, *each.shape[1:]), each.dtype) for each in like)
        return tf.data.Dataset.from_generator(draws, output_signature=spec).prefetch(8)

    def data(self, source=None, **given):
        """`rnnkit.data.Data` of raw examples, as a recipe has it; there is no other source."""
        if source is not None:
            raise ValueError(
                f"data must be left out: the task {self.name!r} has its own. Received: {source!r}"
            )
        others = self.examples // 5
        sizes = {"train": self.examples, "validation": others, "test": others}
        parts = {split: self._raw(split, size) for split, size in sizes.items()}
        return Data(**parts, sizes=sizes, info={"columns": self.columns_of_input})

    def _raw(self, split, size):
        """Raw examples of a split, as the features take them."""
        x, y = self.draw(size, self.seed, split)
        target = self._target()
        if y.dtype.kind == "f":
            y = y[:, 0]
        else:
            y = np.array([*target.classes, ""], dtype=object)[y].astype("S")
        return tf.data.Dataset.from_tensor_slices((x.astype("float64"), y))

    # === Model ===

    def features(self, data):
        return Series(self.columns_of_input, normalize=False), self._target()

    def build(
        self,
        series,
        target,
        *,
        cell="lstm",
        units=32,
        num_layers=1,
        bidirectional=False,
        learning_rate=1e-2,
        clipnorm=1.0,
        seed=None,
    ):
        pattern = Tagger if self.output == "tags" else ManyToOne
        model = pattern(
            series,
            target,
            cell=cell,
            units=units,
            num_layers=num_layers,
            bidirectional=bidirectional,
            seed=seed,
            name=self.name,
        )
        optimizer = keras.optimizers.Adam(learning_rate, clipnorm=clipnorm)
        model.compile(optimizer=optimizer, jit_compile=_compiled())
        return model

    # === Scores ===

    @property
    def direction(self):
        """`"min"` or `"max"`: which scores are better."""
        return direction(self.scores[0])

    @property
    def baseline(self):
        raise NotImplementedError(f"{type(self).__name__} must define baseline()")

    @property
    def loss_baseline(self):
        raise NotImplementedError(f"{type(self).__name__} must define loss_baseline()")

    def measure(self, model, x, y, batch_size=500):
        """The task's score of a model on sampled examples.

        Args:
            model: What `model` or `train` gave.
            x, y: What `draw` gave.
            batch_size: Examples computed at a time.

        Returns:
            Float: the mean squared error, or the fraction of the targets that is right.
        """
        parts = [
            keras.Model.predict_on_batch(model, x[start : start + batch_size])
            for start in range(0, len(x), batch_size)
        ]
        return self._score(y, np.concatenate(parts))

    def _score(self, y, outputs):
        if y.dtype.kind == "f":
            return float(np.square(y - outputs).mean())
        asked = self._counted(y)
        return float((outputs.argmax(axis=-1) == y)[asked].mean())

    def _counted(self, y):
        """Which targets count in the score, of the shape of `y`."""
        return y >= 0

    def solved(self, score):
        """Whether a score reaches `threshold`."""
        return score <= self.threshold if self.direction == "min" else score >= self.threshold

    def search_space(self, hp):
        return {
            "cell": hp.Choice("cell", ["lstm", "gru"]),
            "units": hp.Int("units", 16, 128, step=16),
            "learning_rate": hp.Float("learning_rate", 1e-3, 2e-2, sampling="log"),
        }

    def __repr__(self):
        return f"<Task {self.name}, lag {self.lag}>"


def _compiled():
    """Whether models are compiled by XLA, as Keras' argument `jit_compile`.

    All sequences are equally long, so one compilation serves; on CPU it makes a step several times
    as fast, on a GPU Keras chooses between it and cuDNN.
    """
    return "auto" if tf.config.list_physical_devices("GPU") else True
