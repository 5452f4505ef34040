"""Decoding of connectionist temporal classification: from frames to label sequences."""

import collections

import tensorflow as tf

from rnnkit.layers.frames import IMPOSSIBLE
from rnnkit.utils.checks import integer

Decoded = collections.namedtuple("Decoded", ["tokens", "lengths", "log_probabilities"])


def greedy(log_probabilities, lengths=None):
    """Best path decoding: the best class of each frame, repeats merged, blanks dropped.

    Args:
        log_probabilities: Logits or log-probabilities `[batch, frames, classes]`; class 0 is the
            blank.
        lengths: Frames of each sequence, `[batch]`; by default all.

    Returns:
        `Decoded(tokens, lengths, log_probabilities)`: int32 `[batch, longest]`, padded with 0;
        int32 `[batch]`; float32 `[batch]`, that of the best path alone, in nats: a lower bound of
        that of the labels, to which other paths may add.

    Example:

    >>> frames = tf.one_hot([[2, 2, 0, 2, 1]], 3, on_value=0.0, off_value=-9.0)
    >>> greedy(frames).tokens.numpy().tolist()
    [[2, 2, 1]]

    Reference: Graves et al. 2006, "Connectionist temporal classification", equation 4.
    """
    values, _ = _ended(log_probabilities, lengths)  # [batch, frames, classes]
    path = tf.argmax(values, axis=-1, output_type=tf.int32)  # [batch, frames]
    before = tf.pad(path[:, :-1], [[0, 0], [1, 0]])  # [batch, frames]
    kept = (path != 0) & (path != before)
    tokens = tf.ragged.boolean_mask(path, kept)  # [batch, (labels)]
    best = tf.reduce_sum(tf.reduce_max(values, axis=-1), axis=1)  # [batch]
    return Decoded(tokens.to_tensor(), tf.cast(tokens.row_lengths(), tf.int32), best)


def prefix_beam_search(log_probabilities, lengths=None, beam_size=10, n_best=1, most_labels=100):
    """The most probable label sequences, the alignments of each summed up.

    For each prefix of labels kept, the search carries the probability of all alignments that read
    as it, apart by whether they end in a blank. `tf.nn.ctc_beam_search_decoder` does the work, in
    one call for the batch. With a beam as wide as there are prefixes the result is exact.
    A beam of 1 is not `greedy`: it keeps one prefix, but with all of its alignments.

    Args:
        log_probabilities: Logits or log-probabilities `[batch, frames, classes]`; class 0 is the
            blank.
        lengths: Frames of each sequence, `[batch]`; by default all.
        beam_size: Prefixes kept at each frame.
        n_best: Label sequences given for each input, at most `beam_size`.
        most_labels: Labels considered for each input: those with the highest probability at any
            of its frames. With no more labels than this all are. The time taken grows faster than
            this number.

    Returns:
        `Decoded(tokens, lengths, log_probabilities)`, best first: int32
        `[batch, n_best, longest]`, padded with 0; int32 `[batch, n_best]`; float32
        `[batch, n_best]`, in nats, minus infinity where there are fewer label sequences than
        asked for.

    Raises:
        ValueError: If `n_best` is larger than `beam_size`, or one of them not positive.

    Example:

    >>> frames = tf.math.log([[[0.6, 0.4], [0.6, 0.4]]])  # [batch, frames, classes]
    >>> greedy(frames).lengths.numpy().tolist()  # two blanks are the best path: 0.36
    [0]
    >>> prefix_beam_search(frames).tokens.numpy().tolist()  # but 0.64 of all paths read as 1
    [[[1]]]

    References: Graves 2012, "Supervised sequence labelling with recurrent neural networks",
    section 7.5.3; Hannun et al. 2014, "First-pass large vocabulary continuous speech recognition
    using bi-directional recurrent DNNs", https://arxiv.org/abs/1408.2873.
    """
    for name, value in (("beam_size", beam_size), ("n_best", n_best), ("most_labels", most_labels)):
        integer(value, name)
    if n_best > beam_size:
        raise ValueError(
            f"n_best must be at most beam_size. Received: n_best={n_best}, beam_size={beam_size}"
        )
    # The decoder fails where there are fewer prefixes than asked for: surely blank frames, in which
    # all prefixes remain possible, though of no probability, make up for them.
    values, lengths = _ended(log_probabilities, lengths, least=2 * n_best)
    values, labels = _most_probable(values, most_labels)
    # The decoder makes probabilities of what it is given; what the labels left out had is put back.
    left = tf.reduce_sum(tf.reduce_logsumexp(values, axis=-1), axis=1)  # [batch]
    # It takes the time first and the blank last.
    inputs = tf.transpose(tf.concat([values[..., 1:], values[..., :1]], axis=-1), [1, 0, 2])
    found, scores = tf.nn.ctc_beam_search_decoder(inputs, lengths, beam_size, n_best)
    scores += left[:, None]  # [batch, n_best]
    exist = scores > scores[:, :1] + IMPOSSIBLE / 2  # [batch, n_best]
    batch = tf.shape(values, tf.int64)[0]
    longest = tf.reduce_max([each.dense_shape[1] for each in found])
    rows = []
    for each in found:
        index = tf.SparseTensor(each.indices, each.values + 1, [batch, longest])
        rows.append(tf.cast(tf.sparse.to_dense(index), tf.int32))  # [batch, longest]
    index = tf.stack(rows, axis=1)  # [batch, n_best, longest], in `labels`
    index = tf.where(exist[..., None], index, 0)
    counts = tf.math.count_nonzero(index, axis=-1, dtype=tf.int32)  # [batch, n_best]
    index = index[..., : tf.reduce_max(counts)]
    tokens = tf.gather(labels, index, batch_dims=1)  # [batch, n_best, longest]
    return Decoded(tokens, counts, tf.where(exist, scores, float("-inf")))


def _ended(logits, lengths, least=0):
    """Log-probabilities, surely blank after the end, of at least so many frames; and lengths."""
    values = tf.nn.log_softmax(tf.cast(logits, tf.float32))  # [batch, frames, classes]
    batch, frames, classes = tf.unstack(tf.shape(values))
    lengths = tf.fill([batch], frames) if lengths is None else tf.cast(lengths, tf.int32)
    values = tf.pad(values, [[0, 0], [0, tf.maximum(least - frames, 0)], [0, 0]])
    inside = tf.sequence_mask(lengths, tf.shape(values)[1])  # [batch, frames]
    after = tf.where(tf.range(classes) == 0, 0.0, IMPOSSIBLE)  # [classes]
    return tf.where(inside[..., None], values, after), tf.maximum(lengths, least)


def _most_probable(values, most):
    """The blank and the labels likely at any frame: `[batch, frames, kept]`, `[batch, kept]`."""
    batch, _, classes = tf.unstack(tf.shape(values))
    peaks = tf.reduce_max(values[..., 1:], axis=1)  # [batch, labels]
    kept = tf.math.top_k(peaks, tf.minimum(most, classes - 1)).indices + 1  # [batch, most]
    labels = tf.concat([tf.zeros([batch, 1], tf.int32), tf.sort(kept, axis=1)], axis=1)
    return tf.gather(values, labels, axis=2, batch_dims=1), labels
