"""Scores of the probability that a model gives to sequences: the negative log-likelihood by unit.

Each takes the negative log-likelihood of all tokens together in nats, and by how many units it is
divided: characters of texts, notes or steps of music. Models whose tokens differ compare by what
they need for a character, not for a token.
"""

import math


def nats(nll, units):
    """Negative log-likelihood by unit (a character of a text), natural logarithm.

    Args:
        nll: Negative log-likelihood of all tokens together, in nats.
        units: Number of units, such as characters.

    Example:

    >>> nats(3.0, units=2)
    1.5
    """
    return nll / units


def bits(nll, units):
    """Negative log-likelihood by unit (a character of a text), logarithm to base 2."""
    return nats(nll, units) / math.log(2)


def perplexity(nll, tokens):
    """Exponential of the mean negative log-likelihood of a token.

    A model that chooses evenly among k tokens has the perplexity k.

    Args:
        nll: Negative log-likelihood of all tokens together, in nats.
        tokens: Number of tokens.

    Example:

    >>> round(perplexity(2 * math.log(8), tokens=2), 6)
    8.0
    """
    try:
        return math.exp(nll / tokens)
    except OverflowError:
        return math.inf
