"""Beam search and greedy decoding in plain Python, with lists: slow, and easy to read."""

import numpy as np


def log_softmax(logits):
    logits = np.asarray(logits, "float64")
    top = logits.max()
    return logits - top - np.log(np.exp(logits - top).sum())


def penalty(length, alpha):
    return ((5 + length) / 6) ** alpha


def beam_search(logits_after, end, max_length, beam_size, alpha, barred=()):
    """All hypotheses that are left, best first: lists of (score, log-probability, tokens, ended).

    Args:
        logits_after: Function from a tuple of tokens to the logits of the next.
    """
    beams = [(0.0, (), False)]
    for _ in range(max_length):
        candidates = []
        for total, tokens, ended in beams:
            if ended:
                candidates.append((total, tokens, True))
                continue
            for token, added in enumerate(log_softmax(logits_after(tokens))):
                if token not in barred:
                    candidates.append((total + added, (*tokens, token), token == end))
        candidates.sort(key=lambda each: -each[0] / penalty(len(each[1]), alpha))
        beams = candidates[:beam_size]
        if all(ended for _, _, ended in beams):
            break
    found = [(total / penalty(len(t), alpha), total, t, ended) for total, t, ended in beams]
    return sorted(found, key=lambda each: -each[0])


def every_sequence(logits_after, end, max_length, size):
    """Every sequence that can be written, with its log-probability."""
    found, open_ones = [], [((), 0.0)]
    for length in range(1, max_length + 1):
        longer = []
        for tokens, total in open_ones:
            for token, added in enumerate(log_softmax(logits_after(tokens))):
                sequence = ((*tokens, token), total + added)
                done = token == end or length == max_length
                (found if done else longer).append(sequence)
        open_ones = longer
    return found
