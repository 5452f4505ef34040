"""Where spaces stand around punctuation marks: learned from texts, put back in decoded ones."""

import collections
import re

import numpy as np
import tensorflow as tf

# What `Text` makes words of their own: marks and symbols, and characters of scripts without
# spaces. An apostrophe inside a word stays there.
_MARK = re.compile(r"[^\w\s']|(?<!\w)'|'(?!\w)")
# Characters of scripts without spaces between words: Chinese, Japanese, Thai, Lao, Myanmar, Khmer.
WIDE = re.compile(
    "[\u0e00-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e80-\u0eb0\u0eb2\u0eb3\u0ec0-\u0ec6\u1000-\u102a"
    "\u1780-\u17b3\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3038-\u30ff\u31f0-\u31ff\u3400-\u9fff"
    "\uf900-\ufaff\uff66-\uff9d\U00020000-\U000323af]"
)
# A mark that has a space on a side in between these fractions of its positions opens and closes.
_LEAST, _MOST = 0.25, 0.75


def learn(texts):
    """How marks stand in texts.

    Args:
        texts: Iterable of strings.

    Returns:
        Dict of mark to a pair of floats: the fraction of its positions without a space before
        it, and after it. Counted are positions beside a letter, a digit or a space; of a mark
        without any, those beside other marks.

    Example:

    >>> learn(["Well, (very) good."])
    {'(': [0.0, 1.0], ')': [1.0, 0.0], ',': [1.0, 0.0], '.': [1.0, 0.0]}
    """
    counts = collections.defaultdict(lambda: np.zeros((2, 2, 2), "int64"))
    for text in texts:
        for match in _MARK.finditer(text):
            start, end = match.span()
            sides = (text[start - 1] if start else "", text[end] if end < len(text) else "")
            for side, other in enumerate(sides):
                if other:
                    mark = not (other.isalnum() or other.isspace())
                    counts[match[0]][side, int(mark)] += (1, not other.isspace())
    return {mark: [_fraction(*side) for side in sides] for mark, sides in sorted(counts.items())}


def _fraction(plain, marks):
    seen, joined = plain if plain[0] else marks
    return round(float(joined / seen), 2) if seen else 0.0


class Spacing:
    """Joins tokens to a text, with spaces where the texts that were learned from have them.

    Between two tokens there is no space if the second stands close to what is before it, or the
    first to what follows. A mark that does both about as often as not, such as a straight
    quotation mark, opens the first time and closes the second.

    Args:
        names: List of the tokens by id.
        fractions: What `learn` gave.
    """

    def __init__(self, names, fractions):
        def pair(name):
            return fractions.get(name, (0.0, 0.0))

        self.names = names
        turning = {n for n, pair in fractions.items() if all(_LEAST < s < _MOST for s in pair)}
        self.turning = [i for i, name in enumerate(names) if name in turning]
        self.left, self.right = (
            np.array([pair(name)[side] > 0.5 and name not in turning for name in names])
            for side in (0, 1)
        )
        self.wide = np.array([bool(WIDE.match(name)) for name in names])

    def join(self, ids, replacements=None):
        """The text of a list of ids.

        Args:
            ids: Integers, without padding.
            replacements: Dict of position in `ids` to the word to put there.
        """
        text, before, opened = "", None, dict.fromkeys(self.turning, False)
        for position, index in enumerate(ids):
            name = (replacements or {}).get(position, self.names[index])
            left, right = self.left[index], self.right[index]
            if index in opened:
                opened[index] = not opened[index]
                left, right = not opened[index], opened[index]
            close = position == 0 or left or before[0] or (before[1] and self.wide[index])
            text += name if close else f" {name}"
            before = right, self.wide[index]
        return text

    def join_graph(self, ids, replacements=None):
        """As `join`, of ids `[batch, time]` padded with 0, as TensorFlow operations.

        Args:
            ids: int32 `[batch, time]`.
            replacements: Words to put in their places, strings `[batch, time]`, empty where a token
                stays; or None.
        """
        left, right, wide = (tf.gather(each, ids) for each in (self.left, self.right, self.wide))
        for index in self.turning:
            here = ids == index  # [batch, time]
            opens = tf.cumsum(tf.cast(here, tf.int32), axis=1) % 2 == 1
            left, right = left | (here & ~opens), right | (here & opens)

        def shifted(flags, first):
            return tf.pad(flags[:, :-1], [[0, 0], [1, 0]], constant_values=first)

        close = left | shifted(right, True) | (wide & shifted(wide, False))
        spaces = tf.where(close, "", " ")
        words = tf.gather(tf.constant(self.names), ids)
        if replacements is not None:
            words = tf.where(tf.equal(replacements, ""), words, replacements)
        pieces = tf.where(ids == 0, "", tf.strings.join([spaces, words]))
        return tf.strings.reduce_join(pieces, axis=1)
