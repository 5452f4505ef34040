"""The standard memory tasks; see `rnnkit.comparison.tasks`, which has them too."""

import functools
import math

import numpy as np

from rnnkit.comparison.tasks.base import Task
from rnnkit.data.readers import catalogue
from rnnkit.features import Label, Number, Tags
from rnnkit.utils.checks import nearest

LETTERS = tuple("abcdefgh")  # to be remembered, in copy_memory and delayed_recall
RECALLED = 10  # letters in copy_memory


class Adding(Task):
    """The adding problem: the sum of the two numbers that are marked.

    Each step has a number, even on [0, 1), and a mark; one step of the first half and one of the
    second is marked. The target is their sum. Without memory it is best to predict 1: the variance
    of the sum of two such numbers remains, 2 / 12 = 0.167.

    Args: see `Task`. `lag` is the number of steps.

    Reference:
        Hochreiter and Schmidhuber 1997, "Long short-term memory", Neural Computation 9, section
        5.4; in this form Le, Jaitly and Hinton 2015, "A simple way to initialize recurrent networks
        of rectified linear units", section 4.1, https://arxiv.org/abs/1504.00941.
    """

    name, title = "adding", "Add the two marked numbers of a sequence"
    pattern, output = "many_to_one", "number"
    least = 2
    scores, threshold = ("mse",), 0.01
    formula = loss_formula = "2 / 12"
    columns_of_input = 2
    baseline = loss_baseline = 2 / 12

    def _target(self):
        return Number(normalize=False)

    def _draw(self, rng, examples, split):
        x = np.zeros((examples, self.lag, 2), "float32")
        x[..., 0] = rng.random((examples, self.lag), "float32")
        rows, half = np.arange(examples), self.lag // 2
        marked = rng.integers(half, size=examples), rng.integers(half, self.lag, size=examples)
        y = np.zeros((examples, 1), "float32")
        for steps in marked:
            x[rows, steps, 1] = 1
            y[:, 0] += x[rows, steps, 0]
        return x, y


class _Tagging(Task):
    """A task whose target is a tag at some steps."""

    pattern, output = "many_to_many", "tags"
    tags = ()

    def _target(self):
        return Tags(list(self.tags), scheme="plain")


class CopyMemory(_Tagging):
    """The copy memory problem: ten letters, to be repeated after a while.

    Ten letters out of eight come first, then `lag` - 1 blanks, a sign, and ten more blanks. The
    target is a blank at every step until the last ten, and there the letters in their order. The
    score is the fraction of those that are right: 1/8 without memory. Of the loss, over all
    `lag` + 20 steps, at least 10 ln 8 / (lag + 20) remains without memory.

    Args: see `Task`. `lag` is the number of steps from the last letter to the sign.

    Reference:
        Arjovsky, Shah and Bengio 2016, "Unitary evolution recurrent neural networks", section 4.1,
        https://arxiv.org/abs/1511.06464.
    """

    name, title = "copy_memory", "Repeat ten letters after a while"
    formula, loss_formula = "1 / 8", "10 ln 8 / (lag + 20)"
    tags = (*LETTERS, "-")
    columns_of_input = len(LETTERS) + 2  # letters, blank, sign
    baseline = 1 / len(LETTERS)

    @property
    def steps(self):
        return self.lag + 2 * RECALLED

    @property
    def loss_baseline(self):
        return RECALLED * math.log(len(LETTERS)) / self.steps

    def _draw(self, rng, examples, split):
        letters = rng.integers(len(LETTERS), size=(examples, RECALLED))
        codes = np.full((examples, self.steps), len(LETTERS))  # blanks
        codes[:, :RECALLED] = letters
        codes[:, self.lag + RECALLED - 1] = len(LETTERS) + 1
        y = np.full((examples, self.steps), len(LETTERS), "int32")
        y[:, -RECALLED:] = letters
        return np.eye(self.columns_of_input, dtype="float32")[codes], y

    def _counted(self, y):
        return y < len(LETTERS)


class DelayedRecall(_Tagging):
    """Delayed recall: a marked letter at the start, to be recalled after a lag of other letters.

    The first step has a letter and a mark, the next `lag` - 1 steps any letters, the last a
    question. Only that step has a target, the first letter: 1/8 is right without memory, and ln 8
    of the loss remains.

    Args: see `Task`. `lag` is the number of steps from the letter to the question.

    Reference: after the latching problem of Bengio, Simard and Frasconi 1994, "Learning long-term
    dependencies with gradient descent is difficult", IEEE Transactions on Neural Networks 5.
    """

    name, title = "delayed_recall", "Remember a letter while others come"
    formula, loss_formula = "1 / 8", "ln 8"
    tags = LETTERS
    columns_of_input = len(LETTERS) + 2  # letters, mark, question
    baseline, loss_baseline = 1 / len(LETTERS), math.log(len(LETTERS))

    @property
    def steps(self):
        return self.lag + 1

    def _draw(self, rng, examples, split):
        codes = rng.integers(len(LETTERS), size=(examples, self.steps))
        codes[:, -1] = len(LETTERS) + 1
        x = np.eye(self.columns_of_input, dtype="float32")[codes]
        x[:, 0, len(LETTERS)] = 1
        y = np.full((examples, self.steps), -1, "int32")
        y[:, -1] = codes[:, 0]
        return x, y


class Parity(_Tagging):
    """Running parity: at every step, whether the ones so far are odd in number.

    The input is a bit, 0 or 1, at every step. Without memory it is best to predict the bit itself,
    which is right at the first step and at half of the others, (1 + lag) / (2 lag). One bit of
    memory is enough, but it must never fade.

    Args: see `Task`. `lag` is the number of steps.
    """

    name, title = "parity", "Tell at every step whether the ones so far are odd in number"
    formula, loss_formula = "(1 + lag) / (2 lag)", "entropy of the same, in nats"
    tags = ("even", "odd")

    @property
    def baseline(self):
        return (1 + self.lag) / (2 * self.lag)

    @property
    def loss_baseline(self):
        return -sum(rate * math.log(rate) for rate in (self.baseline, 1 - self.baseline) if rate)

    def _draw(self, rng, examples, split):
        bits = rng.integers(2, size=(examples, self.lag))
        y = (bits.cumsum(axis=1) % 2).astype("int32")
        return bits[..., None].astype("float32"), y


class SequentialPixels(Task):
    """Sequential pixels: the digit on a picture that is read a few pixels a step.

    The pictures are those of `rnnkit_digits`, 20 x 20, cut row by row into `lag` pieces of equal
    size: 400 reads pixel by pixel, 20 row by row. So the task is the same at every lag, over more
    and shorter steps. Zeros fill up the last piece. To predict one digit for all is right on 1 in
    10; an untuned linear model of the whole picture is right on .772, the `threshold`.

    Args: see `Task`. `lag` is the number of steps.

    Reference: Le, Jaitly and Hinton 2015 (see `Adding`), section 4.2, on other digits.
    """

    name, title = "sequential_pixels", "Read a digit a few pixels at a time"
    pattern, output = "many_to_one", "label"
    threshold = 0.772
    formula, loss_formula = "1 / 10", "ln 10"
    baseline, loss_baseline = 1 / 10, math.log(10)

    @property
    def columns_of_input(self):
        return -(-400 // self.lag)

    def _target(self):
        return Label([str(digit) for digit in range(10)], data_type="string")

    def _draw(self, rng, examples, split):
        pictures, digits = _digits(split)
        repeated = split == "train" or examples > len(pictures)
        chosen = rng.choice(len(pictures), examples, replace=repeated)
        x = np.zeros((examples, self.steps * self.columns_of_input), "float32")
        x[:, :400] = pictures[chosen]
        return x.reshape(examples, self.steps, -1), digits[chosen].astype("int32")


@functools.cache
def _digits(split):
    """All pictures of a split, float32 `[examples, 400]` from 0 to 1, and their digits, int32."""
    import tensorflow as tf

    dataset = getattr(catalogue.load("rnnkit_digits", "image", "label"), split)
    dataset = dataset.map(lambda png, digit: (tf.reshape(tf.io.decode_png(png, 1), [-1]), digit))
    pictures, digits = zip(*dataset.as_numpy_iterator(), strict=True)
    return np.stack(pictures).astype("float32") / 255, np.array([int(each) for each in digits])


# === By name ===

TASKS = {kind.name: kind for kind in (Adding, CopyMemory, DelayedRecall, Parity, SequentialPixels)}

adding = Adding
copy_memory = CopyMemory
delayed_recall = DelayedRecall
parity = Parity
sequential_pixels = SequentialPixels


def names():
    """The names of the tasks."""
    return list(TASKS)


def get(name, lag=100, **arguments):
    """The task of a name.

    Args:
        name: One of `names()`.
        lag: As in the task.
        **arguments: Others of the task.

    Raises:
        ValueError: If there is no such task.

    Example:

    >>> round(get("copy_memory", lag=100).loss_baseline, 4)
    0.1733
    """
    if name not in TASKS:
        hint = nearest(name, TASKS)
        raise ValueError(f"There is no memory task {name!r}.{hint} Tasks: {', '.join(TASKS)}")
    return TASKS[name](lag, **arguments)
