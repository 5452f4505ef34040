"""One form for characters that look alike, in TensorFlow operations.

Unicode writes many characters in several ways: é as one sign or as two, full-width letters,
typographic apostrophes. What a person reads as the same text is to be the same to a model.
"""

import functools
import unicodedata

import numpy as np
import tensorflow as tf

FORMS = ("NFKC", "NFC", None)
APOSTROPHE, HYPHEN = ord("'"), ord("-")
# Typographic apostrophes and single quotation marks, the prime and the accents that are typed
# for them; hyphens that are no dashes.
_ALIKE = {
    **dict.fromkeys(
        map(ord, "\u2018\u2019\u201b\u02bc\u02b9\u2032\u00b4\uff40\uff07"), [APOSTROPHE]
    ),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2212\ufe63\uff0d"), [HYPHEN]),
}
# Soft hyphens, marks of direction, spaces without width and byte-order marks.
_INVISIBLE = frozenset({
    0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2065),
    *range(0x2066, 0x206A), 0xFEFF,
})  # fmt: skip
# A joiner says something in scripts whose letters join, and between emoji; not behind these.
_NO_JOINER = (
    r"([\p{Latin}\p{Greek}\p{Cyrillic}\p{Han}\p{Hiragana}\p{Katakana}\p{N}])[\x{200c}\x{200d}]+"
)
_ASCII = r"[\x00-\x7F]*"
_SIZE, _BLOCK = 0x30000, 128  # no character above has another form
_HANGUL, _L, _V, _T = 0xAC00, 0x1100, 0x1161, 0x11A7


def normalized(texts, form="NFKC"):
    """Texts in one form; see `Text`'s argument `normalize`.

    Apostrophes and hyphens become ASCII's, soft hyphens, marks of direction and spaces without
    width go, as do joiners behind letters that do not join; then come the compositions of
    Unicode's normalisation form. Texts of ASCII stay as they are, at hardly any cost.

    Args:
        texts: String tensor of any shape, UTF-8; bytes that are none become U+FFFD where a text
            has other than ASCII.
        form: `"NFKC"`, `"NFC"` or None for none.

    Returns:
        String tensor of the same shape.

    Example:

    >>> normalized(tf.constant("wasn\u2019t so\u00adft")).numpy()
    b"wasn't soft"

    Source: Unicode Standard Annex 15, https://www.unicode.org/reports/tr15/.
    """
    if form is None:
        return texts
    texts = tf.convert_to_tensor(texts)
    plain = tf.reduce_all(tf.strings.regex_full_match(texts, _ASCII))
    result = tf.cond(
        plain,
        lambda: texts,
        lambda: tf.reshape(_function(form)(tf.reshape(texts, [-1])), tf.shape(texts)),
    )
    return tf.ensure_shape(result, texts.shape)


@functools.cache
def _function(form):
    """The normalisation as a function of the graph, traced once for all features."""
    signature = [tf.TensorSpec([None], tf.string)]
    function = functools.partial(_normalized, form=form)
    return tf.function(function, input_signature=signature, autograph=False)


# What stands for the characters that HTML keeps for itself, and for a few more.
_ENTITIES = (
    ("&nbsp;|&#160;", " "), ("&quot;|&#34;", '"'), ("&apos;|&#0?39;|&[lr]squo;", "'"),
    ("&[lr]dquo;", '"'), ("&ndash;", "\u2013"), ("&mdash;", "\u2014"), ("&hellip;", "..."),
    ("&lt;|&#60;", "<"), ("&gt;|&#62;", ">"), ("&amp;|&#38;", "&"),
)  # fmt: skip


def without_markup(texts):
    """Texts without the tags of HTML, and with the characters that the usual entities stand for.

    A tag becomes a space. Entities are those of `&`, `<`, `>`, quotation marks, apostrophes,
    dashes, dots and spaces that do not break; others stay as they are.

    Args:
        texts: String tensor.

    Returns:
        String tensor of the same shape.

    Example:

    >>> without_markup(tf.constant("Tom &amp; Jerry<br/>again")).numpy()
    b'Tom & Jerry again'
    """
    texts = tf.strings.regex_replace(texts, r"<!--.*?-->|</?[A-Za-z][^<>]*>", " ")
    for pattern, character in _ENTITIES:
        texts = tf.strings.regex_replace(texts, pattern, character.replace("\\", r"\\"))
    return texts


def _normalized(texts, form):
    texts = tf.strings.regex_replace(texts, _NO_JOINER, r"\1")
    codes = tf.strings.unicode_decode(texts, "UTF-8")  # [texts, (characters)]
    rows, codes = codes.value_rowids(), codes.flat_values
    rows, codes = _decomposed(rows, codes, form)
    rows, codes, classes = _ordered(rows, codes)
    rows, codes = _composed(rows, codes, classes)
    count = tf.size(texts, tf.int64)
    ragged = tf.RaggedTensor.from_value_rowids(codes, rows, nrows=count, validate=False)
    return tf.strings.unicode_encode(ragged, "UTF-8")


# === Decomposition ===


@functools.cache
def _decompositions(form):
    """What every character below `_SIZE` becomes: start and length in an array of codes.

    Returns:
        Tuple of the blocks of each 128 characters, starts, lengths `[blocks, 128]` and codes. A
        start of -1 stands for a character that stays.
    """
    full = "NFKD" if form == "NFKC" else "NFD"
    starts, lengths = np.full(_SIZE, -1, "int32"), np.ones(_SIZE, "int32")
    codes = []
    hangul = range(_HANGUL, _HANGUL + 11172)  # composed by a rule
    changing = {code for code in range(0x80, _SIZE) if unicodedata.decomposition(chr(code))}
    for code in sorted((changing | _INVISIBLE | _ALIKE.keys()) - set(hangul)):
        if code in _ALIKE or code in _INVISIBLE:
            found = _ALIKE.get(code, [])
        else:
            parts = [ord(sign) for sign in unicodedata.normalize(full, chr(code))]
            found = [each for part in parts for each in _ALIKE.get(part, [part])]
        if found != [code]:
            starts[code], lengths[code] = len(codes), len(found)
            codes += found
    blocks, index = np.unique(
        np.stack([starts, lengths], 1).reshape(-1, _BLOCK, 2), axis=0, return_inverse=True
    )
    index = index.reshape(-1).astype("int32")
    return index, blocks[..., 0], blocks[..., 1], np.array(codes, "int32")


def _decomposed(rows, codes, form):
    index, starts, lengths, table = _decompositions(form)
    inside = tf.minimum(codes, _SIZE - 1)
    place = tf.stack([tf.gather(index, inside // _BLOCK), inside % _BLOCK], axis=1)
    first, length = tf.gather_nd(starts, place), tf.gather_nd(lengths, place)  # [characters]
    first = tf.where(codes < _SIZE, first, -1)
    length = tf.where(codes < _SIZE, length, 1)
    before = tf.repeat(tf.cumsum(length, exclusive=True), length)
    within = tf.range(tf.size(before)) - before  # position in the decomposition
    start, codes = tf.repeat(first, length), tf.repeat(codes, length)
    codes = tf.where(start < 0, codes, tf.gather(table, tf.maximum(start, 0) + within))
    return tf.repeat(rows, length), codes


# === Order ===


@functools.cache
def _combining():
    """Canonical combining classes: blocks of each 128 characters, classes `[blocks, 128]`."""
    classes = np.array([unicodedata.combining(chr(code)) for code in range(_SIZE)], "int32")
    blocks, index = np.unique(classes.reshape(-1, _BLOCK), axis=0, return_inverse=True)
    return index.reshape(-1).astype("int32"), blocks


def _class_of(codes):
    index, classes = _combining()
    inside = tf.minimum(codes, _SIZE - 1)
    place = tf.stack([tf.gather(index, inside // _BLOCK), inside % _BLOCK], axis=1)
    return tf.where(codes < _SIZE, tf.gather_nd(classes, place), 0)


def _first_of_row(rows):
    return tf.concat([tf.ones_like(rows[:1], tf.bool), rows[1:] != rows[:-1]], axis=0)


def _ordered(rows, codes):
    """Marks behind a character in the order of their combining classes."""
    classes = _class_of(codes)
    segment = tf.cumsum(tf.cast((classes == 0) | _first_of_row(rows), tf.int32))
    order = tf.argsort(segment * 256 + classes, stable=True)
    return rows, tf.gather(codes, order), tf.gather(classes, order)


# === Composition ===


@functools.cache
def _compositions():
    """Pairs that are one character: sorted keys `first << 21 | second`, and what they become."""
    pairs = {}
    for code in range(0x80, _SIZE):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) != 2 or parts[0].startswith("<"):
            continue
        first, second = (int(part, 16) for part in parts)
        if unicodedata.normalize("NFC", chr(first) + chr(second)) == chr(code):
            pairs[first << 21 | second] = code
    keys = np.array(sorted(pairs), "int64")
    return keys, np.array([pairs[key] for key in keys.tolist()], "int32")


def _pair(first, second):
    """What two characters become together, or -1."""
    keys, values = _compositions()
    key = tf.bitwise.left_shift(tf.cast(first, tf.int64), 21) | tf.cast(second, tf.int64)
    at = tf.minimum(tf.searchsorted(keys, key), len(keys) - 1)
    found = tf.where(tf.gather(keys, at) == key, tf.gather(values, at), -1)
    lead, vowel, tail = first - _L, second - _V, second - _T
    both = (lead >= 0) & (lead < 19) & (vowel >= 0) & (vowel < 21)
    found = tf.where(both, _HANGUL + (lead * 21 + vowel) * 28, found)
    open_ = first - _HANGUL
    closes = (open_ >= 0) & (open_ < 11172) & (open_ % 28 == 0) & (tail > 0) & (tail < 28)
    return tf.where(closes, first + tail, found)


def _composed(rows, codes, classes):
    """Joins each character with the marks behind it that make one character with it."""

    def step(rows, codes, classes, _):
        size = tf.size(codes)
        position = tf.range(size)
        opens = (classes == 0) | _first_of_row(rows)
        # The last character before each that is no mark; marks at the start of a row have none.
        before = tf.concat([[-1], _last(position, opens)[:-1]], axis=0)  # [characters]
        same = (before >= 0) & (tf.gather(rows, tf.maximum(before, 0)) == rows)
        same &= tf.gather(classes, tf.maximum(before, 0)) == 0
        adjacent = before == position - 1
        previous = tf.concat([[0], classes[:-1]], axis=0)
        free = adjacent | ((classes != 0) & (previous < classes) & (previous != 0))
        joined = _pair(tf.gather(codes, tf.maximum(before, 0)), codes)
        fits = same & free & (joined >= 0)
        # The first of those that fit, for each character.
        at = tf.boolean_mask(tf.stack([before, position], axis=1), fits)  # [fits, 2]
        first = tf.math.unsorted_segment_min(at[:, 1], at[:, 0], size)
        chosen = fits & (tf.gather(first, tf.maximum(before, 0)) == position)
        heads, marks = tf.boolean_mask(before, chosen), tf.boolean_mask(joined, chosen)
        codes = tf.tensor_scatter_nd_update(codes, heads[:, None], marks)
        keep = ~chosen
        return (
            tf.boolean_mask(rows, keep),
            tf.boolean_mask(codes, keep),
            tf.boolean_mask(classes, keep),
            tf.reduce_any(chosen),
        )

    rows, codes, classes, _ = tf.while_loop(
        lambda rows, codes, classes, more: more,
        step,
        (rows, codes, classes, tf.size(codes) > 0),
        shape_invariants=(*[tf.TensorShape([None])] * 3, tf.TensorShape([])),
    )
    return rows, codes


def _last(position, flags):
    """For each position the last one at or before it with a flag, or -1."""
    places = tf.boolean_mask(position, flags)
    if_any = tf.concat([[-1], places], axis=0)
    return tf.gather(if_any, tf.cumsum(tf.cast(flags, tf.int32)))
