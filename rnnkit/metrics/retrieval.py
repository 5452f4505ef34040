"""How well the input that belongs to a text is found among others by the text's likelihood."""

import numpy as np


def ranks(likelihoods, truth=None, relative=False):
    """Place of the right input among all, for each text: 1 where it is the first.

    Text j is looked for with the likelihoods of column j: inputs that make the text likelier come
    first. With `relative` what is ranked is by how much the text is likelier than texts are with
    that input on average, log p(text | input) - mean over texts of log p(text | input): some inputs
    make a model surer of all it writes, and would else be found too often. Inputs that are as good
    as the right one count as before it by half.

    Args:
        likelihoods: Log-probabilities `[inputs, texts]`, such as of `OneToMany.log_likelihoods`.
        truth: Integers `[texts]`, the right input of each; by default input j for text j.
        relative: Whether each input is compared with itself.

    Returns:
        float64 `[texts]`.

    Raises:
        ValueError: For other shapes, or an input that is not there.

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


def scores(likelihoods, truth=None, relative=False, at=(1, 5, 10)):
    """Shares of texts whose input is among the first, and the median of its place.

    Args:
        likelihoods, truth, relative: As in `ranks`.
        at: How many of the first count.

    Returns:
        Dict of `recall_at_1`, ... (0 to 1) and `median_rank`. By chance recall at k of n inputs is
        k / n, and the median (n + 1) / 2.

    Example:

    >>> scores([[-1.0, -5.0], [-2.0, -9.0]], at=[1])
    {'recall_at_1': 0.5, 'median_rank': 1.5}
    """
    found = ranks(likelihoods, truth, relative)
    result = {f"recall_at_{count}": float((found <= count).mean()) for count in at}
    return {**result, "median_rank": float(np.median(found))}
