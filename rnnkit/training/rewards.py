"""Rewards: scores of single generated sequences of tokens, computed in the graph.

Where `rnnkit.metrics.texts` scores a whole list of texts, a reward says how good one sequence is,
many times in every step of a training; see `fine_tune(reward=...)` of generating models.
"""

import tensorflow as tf

from rnnkit.utils.checks import nearest

# Longest n-grams of each reward.
ORDERS = {f"bleu{order}": order for order in (1, 2, 3, 4)} | {"bleu": 4}


def reward(name):
    """The function `(generated, references) -> rewards` of a name.

    Args:
        name: `"bleu"` (n-grams of up to four tokens), `"bleu1"`, `"bleu2"`, `"bleu3"`, `"bleu4"`;
            or such a function, given back as it is.

    Raises:
        ValueError: For another name.
    """
    if callable(name):
        return name
    if name not in ORDERS:
        raise ValueError(
            f"reward must be one of {list(ORDERS)} or a function of generated tokens and "
            f"references.{nearest(name, ORDERS)} Received: reward={name!r}"
        )
    return lambda generated, references: sentence_bleu(generated, references, ORDERS[name])


def sentence_bleu(generated, references, order=4):
    """BLEU of single sequences of tokens, 0 to 1.

    The geometric mean of the fractions p_n of n-grams that are in a reference too, times the
    penalty of being too short:

        p_n = (m_n + [n > 1]) / (t_n + [n > 1])
        BLEU = (p_1 ... p_N)^(1/N) min(1, exp(1 - r / c))

    t_n is the number of n-grams generated and m_n of them, each as often as it is in one reference,
    are there. Unlike in BLEU of a whole text, r is the mean length of the references, not that of
    the nearest: where there are several, some are short, and what is trained on the nearest
    becomes as short as they are (adding one to m_n and t_n favours the short as well).

    Args:
        generated: Integers `[n, k, time]`: k sequences for each of n inputs, followed by 0.
        references: Integers `[n, r, length]`, followed by 0. A row of zeros alone does not count.
        order: N, longest n-grams.

    Returns:
        float32 `[n, k]`. 0 for a sequence without tokens, or none of which is in a reference.

    Example:

    >>> generated = tf.constant([[[5, 6, 7, 0], [5, 8, 0, 0]]])
    >>> rewards = sentence_bleu(generated, tf.constant([[[5, 6, 9]]]), order=2)
    >>> rewards.numpy().astype(float).round(4).tolist()
    [[0.6667, 0.3033]]

    References: Lin and Och 2004, "ORANGE: a method for evaluating automatic evaluation metrics for
    machine translation", https://aclanthology.org/C04-1072 (adding one for n > 1); Nakov, Guzmán
    and Vogel 2012, "Optimizing for sentence-level BLEU+1 yields short translations",
    https://aclanthology.org/C12-1121.
    """
    generated, references = tf.convert_to_tensor(generated), tf.convert_to_tensor(references)
    length = tf.math.count_nonzero(generated, axis=-1, dtype=tf.int32)  # [n, k]
    lengths = tf.math.count_nonzero(references, axis=-1, dtype=tf.int32)  # [n, r]
    there = generated != 0  # [n, k, time]
    one_own = generated[..., :, None] == generated[..., None, :]  # [n, k, time, time]
    one_own &= there[..., None]
    # [n, k, r, time, length]
    one_other = generated[:, :, None, :, None] == references[:, None, :, None, :]
    one_other &= there[:, :, None, :, None]
    own, other, total = one_own, one_other, 0.0
    steps = tf.range(tf.shape(generated)[-1])  # [time]
    for size in range(1, order + 1):
        if size > 1:  # equal n-grams begin with equal tokens and go on with equal (n - 1)-grams
            own &= _shifted(one_own, size - 1)
            other &= _shifted(one_other, size - 1)
        count = tf.math.count_nonzero(own, axis=-1, dtype=tf.float32)  # [n, k, time]
        most = tf.math.count_nonzero(other, axis=-1, dtype=tf.float32)  # [n, k, r, time]
        most = tf.reduce_max(most, axis=2)  # [n, k, time]
        begins = steps + size <= length[..., None]  # [n, k, time]
        # Each of `count` equal n-grams has its part of those that a reference has.
        part = tf.minimum(count, most) / tf.maximum(count, 1.0)
        matches = tf.reduce_sum(tf.where(begins, part, 0.0), axis=-1)  # [n, k]
        ngrams = tf.cast(tf.maximum(length - size + 1, 0), tf.float32)
        more = float(size > 1)
        # Without a single token in common there is nothing to take the logarithm of.
        ratio = (tf.maximum(matches, 1e-9) + more) / tf.maximum(ngrams + more, 1.0)
        total += tf.math.log(ratio) / order
        if size == 1:
            any_in_common = matches > 0
    count = tf.math.count_nonzero(lengths, axis=1, dtype=tf.float32)  # [n]
    mean = tf.cast(tf.reduce_sum(lengths, axis=1), tf.float32) / tf.maximum(count, 1.0)
    penalty = 1.0 - mean[:, None] / tf.maximum(tf.cast(length, tf.float32), 1.0)  # [n, k]
    return tf.where(any_in_common, tf.exp(total + tf.minimum(penalty, 0.0)), 0.0)


def _shifted(x, by):
    """Flags `[..., rows, columns]` moved up and left, False where nothing is left."""
    edges = [[0, 0]] * (x.shape.rank - 2) + [[0, by], [0, by]]
    return tf.pad(x, edges, constant_values=False)[..., by:, by:]
