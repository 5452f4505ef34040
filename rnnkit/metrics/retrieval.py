"""How well the input that belongs to a text is found among others by the text's likelihood."""

import functools

import numpy as np


def ranks(likelihoods, truth=None, relative=False):
    """Rank of the right input among all, for each text: 1 where it is the first.

    Text j is looked for with the likelihoods of column j: inputs that make the text likelier come
    first. With `relative` what is ranked is by how much the text is likelier than texts are with
    that input on average, log p(text | input) - mean over texts of log p(text | input): some inputs
    make every text likelier, and would be found too often otherwise. Of inputs that are as good as
    the right one, half count as before it.

    Args:
        likelihoods: Log-probabilities `[inputs, texts]`, such as of `Captioner.log_likelihoods`.
        truth: Integers `[texts]`, the right input of each; by default input j for text j.
        relative: Whether each input is compared with itself.

    Returns:
        float64 `[texts]`.

    Raises:
        ValueError: For other shapes, or an index that no input has.

    Example:

    >>> ranks([[-1.0, -5.0], [-2.0, -9.0]]).tolist()
    [1.0, 2.0]
    >>> ranks([[-1.0, -5.0], [-2.0, -9.0]], relative=True).tolist()
    [2.0, 2.0]
    """
    values = np.asarray(likelihoods, "float64")
    if values.ndim != 2 or not values.size:
        raise ValueError(
            f"likelihoods must be an array [inputs, texts]. Received: shape {values.shape}"
        )
    inputs, texts = values.shape
    truth = np.arange(texts) if truth is None else np.asarray(truth)
    fits = truth.shape == (texts,) and truth.dtype.kind in "iu"
    if not fits or truth.min() < 0 or truth.max() >= inputs:
        raise ValueError(
            f"truth must be {texts:,} integers from 0 to {inputs - 1:,}, one for each text. "
            f"Received: {truth!r}"
        )
    if relative:
        values = values - values.mean(axis=1, keepdims=True)
    right = values[truth, np.arange(texts)]  # [texts]
    before = (values > right).sum(axis=0)
    return 1 + before + ((values == right).sum(axis=0) - 1) / 2


def recall_at(likelihoods, truth=None, relative=False, first=1):
    """Fraction of the texts whose input is among the first; by chance `first` / inputs.

    Args:
        likelihoods, truth, relative: As in `ranks`.
        first: How many of the first count. The scores `recall_at_1`, `recall_at_5` and
            `recall_at_10` are those of 1, 5 and 10.

    Returns:
        Float from 0 to 1.

    Example:

    >>> recall_at_1([[-1.0, -5.0], [-2.0, -9.0]])
    0.5
    """
    return float((ranks(likelihoods, truth, relative) <= first).mean())


recall_at_1, recall_at_5, recall_at_10 = (
    functools.partial(recall_at, first=first) for first in (1, 5, 10)
)


def median_rank(likelihoods, truth=None, relative=False):
    """Median of `ranks`; by chance (inputs + 1) / 2."""
    return float(np.median(ranks(likelihoods, truth, relative)))
