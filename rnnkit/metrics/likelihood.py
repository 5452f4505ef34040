"""Scores of a model that gives probabilities to sequences of tokens: how surprised it is.

Each takes the surprise of all tokens together in nats, minus their log-probability, the number of
tokens, and the number of units that the sequences have for a reader: characters of texts. Models
with other tokens of the same text compare by what they need a character, not a token.
"""

import difflib
import math


def nats(surprise, tokens, units):
    """Nats a unit (a character of a text): the mean of minus the natural logarithm.

    Example:

    >>> nats(3.0, tokens=1, units=2)
    1.5
    """
    del tokens
    return surprise / units


def bits(surprise, tokens, units):
    """Bits a unit (a character of a text): nats divided by the logarithm of 2."""
    return nats(surprise, tokens, units) / math.log(2)


def perplexity(surprise, tokens, units):
    """Among how many equally likely tokens the model is as good as guessing.

    Example:

    >>> round(perplexity(2 * math.log(8), tokens=2, units=9), 6)
    8.0
    """
    del units
    try:
        return math.exp(surprise / tokens)
    except OverflowError:
        return math.inf


SCORES = {score.__name__: score for score in (nats, bits, perplexity)}


def scores(surprise, tokens, units, names=None):
    """Scores by name; by default all.

    Args:
        surprise: Minus the log-probability of all tokens, in nats.
        tokens: Number of tokens.
        units: Number of units, such as characters.
        names: Names among `SCORES`, or None.

    Returns:
        Dict of name to float.

    Raises:
        ValueError: For an unknown name.
    """
    result = {}
    for name in SCORES if names is None else names:
        if name not in SCORES:
            close = difflib.get_close_matches(name, SCORES, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"Unknown score {name!r}; known: {', '.join(SCORES)}.{hint}")
        result[name] = float(SCORES[name](surprise, tokens, units))
    return result
