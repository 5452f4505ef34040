"""Texts split into words, in Python and in TensorFlow operations."""

import re
import unicodedata

import tensorflow as tf

from rnnkit.features.spacing import WIDE

# What joins the characters of one word when it stands between letters or digits: 3.5, e-mail.
INNER = frozenset(".,:'-_@&/\u2019")
ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[@#]\w+|\S+@\S+\.\w+")
# English words that corpora take apart: do|n't, it|'s.
ENDINGS = re.compile("(?i)^(.+?)(n['\u2019]t|['\u2019](?:s|m|d|re|ve|ll))$")
# The same for RE2, whose \s, \w and \S know ASCII alone.
_SPACE = r"[\s\x0b\x1c-\x1f\x{85}\p{Z}]"
_ADDRESS = r"(?:https?://|www\.).+|[@#][\p{L}\p{N}_]+|.+@.+\.[\p{L}\p{N}_]+"
_INNER = "[" + re.escape("".join(sorted(INNER))) + "]"
_SOUND = r"[\p{L}\p{M}\p{N}\p{Cf}]"
_WORD = rf"({_SOUND}+(?:{_INNER}[\p{{L}}\p{{N}}]{_SOUND}*)*|[^\p{{L}}\p{{M}}\p{{N}}\p{{Cf}}])"


def split_words(text):
    """The words of a text: split at white space, punctuation apart, as corpora have them.

    Web addresses, names with @ or #, numbers with points and words with hyphens stay whole;
    English endings such as 's and n't are words of their own, and so is every character of a
    script without spaces between words, as in `Text`.

    >>> split_words("Don't pay $3.50, it's free!")
    ['Do', "n't", 'pay', '$', '3.50', ',', 'it', "'s", 'free', '!']
    >>> split_words("\u738b\u660e\u3002")
    ['\u738b', '\u660e', '\u3002']
    """
    words = []
    for part in text.split():
        match = ADDRESS.match(part)
        if match:
            found = match.group().rstrip(".,;:!?)")
            words += [found, *_split(part[len(found) :])]
        else:
            words += _split(part)
    return words


def _split(part):
    """The words of a text without white space."""
    words, current = [], ""
    for index, sign in enumerate(part):
        if WIDE.match(sign):
            words += [current, sign]
            current = ""
            continue
        category = unicodedata.category(sign)
        if category == "Cf" or category[0] not in "PSZC":  # Cf: joiners, soft hyphens
            if category[0] == "M" and not current and words and WIDE.match(words[-1]):
                words[-1] += sign
            else:
                current += sign
            continue
        after = part[index + 1 : index + 2]
        if current and sign in INNER and after.isalnum() and not WIDE.match(after):
            current += sign
            continue
        words += [current, sign]
        current = ""
    words.append(current)
    parts = []
    for word in filter(None, words):
        match = ENDINGS.match(word)
        parts += match.groups() if match else [word]
    return parts


def split_words_graph(texts):
    """As `split_words`, in TensorFlow operations.

    Args:
        texts: String tensor `[batch]`, UTF-8.

    Returns:
        Ragged string tensor `[batch, (words)]`.

    Example:

    >>> split_words_graph(tf.constant(["It's 3.5!"])).to_list()
    [[b'It', b"'s", b'3.5', b'!']]
    """
    replace = tf.strings.regex_replace
    parts = tf.strings.split(replace(texts, _SPACE, " "))  # [batch, (parts)]
    flat = parts.flat_values
    address = tf.where(
        tf.strings.regex_full_match(flat, f"(?s)(?:{_ADDRESS}).*"),
        replace(flat, f"(?s)^({_ADDRESS}).*$", r"\1"),
        "",
    )
    address = replace(address, r"[.,;:!?)]+$", "")
    length = tf.strings.length(address)
    rest = tf.strings.substr(flat, length, tf.strings.length(flat) - length)
    rest = replace(rest, rf"({WIDE.pattern}\p{{M}}*)", r" \1 ")
    words = tf.strings.split(replace(rest, _WORD, r"\1 "))  # [parts, (words)]
    # None of these words holds a space: one takes apart what is two.
    words = words.with_values(replace(words.flat_values, ENDINGS.pattern, r"\1 \2"))
    words = tf.strings.split(tf.strings.reduce_join(words, axis=1, separator=" "))
    first = tf.RaggedTensor.from_row_lengths(
        tf.boolean_mask(address, length > 0), tf.cast(length > 0, tf.int64), validate=False
    )
    return parts.with_values(tf.concat([first, words], axis=1)).merge_dims(1, 2)
