"""The feature for histories of events: categories, amounts and times."""

import collections

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.base import Feature
from rnnkit.features.calendar import DAY, WEEK
from rnnkit.features.conversion import free_token, is_frame, refuse_single, text_of, without_axes
from rnnkit.features.moments import Moments, check_moments
from rnnkit.formats import event_text as events
from rnnkit.utils.checks import integer
from rnnkit.utils.messages import listed

UNKNOWN = 1  # id of a category that training had not; 0 is padding
GAP = "time since the event before"
# An amount with what it is of: $12.50, 12 EUR, 3 %.
_MONEY = (
    rf"[$€£¥₹]\s*{events.NUMBER}"
    rf"|{events.NUMBER}\s*(?:[$€£¥₹%]|USD|EUR|GBP|CHF|JPY|CNY|INR|CZK|SEK|PLN)"
)


@keras.saving.register_keras_serializable(package="rnnkit")
class Events(Feature):
    """A history of events, each with a time, amounts and categories.

    A raw history is a text: a table with a line an event, as `rnnkit.formats.event_text`
    writes it. `to_tensor` makes it of lists of dicts, pandas frames, csv texts, JSON and files. Its
    column of times is called `time`, `date` or the like; all others are amounts or categories. Each
    event becomes one step of

        ids          of each category: 2 and above for those learned, 1 for any other. A cell that
                     is empty is a category of its own.
        amounts      sign(a) log(1 + |a|), standardised. A missing amount is 0, the mean.
        flags        for each amount that was missing in the training data: 1 where it is missing
        gap          log(1 + seconds since the event before), standardised; 0 at the first event
        sin, cos     of the time in each cycle: the day, where times have a clock, and the week

    An empty history is encoded as one event of unknown categories and mean amounts.

    Args:
        categories: Names of the columns of categories; by default `adapt` takes those with a cell
            that is no number. Name codes that look like numbers.
        amounts: Names of the columns of amounts; by default all other columns. A column named in
            neither list is left out where one of them is given with the other.
        max_length: Most events, or None. Of longer histories the last ones are kept (a warning says
            how many).
        vocabulary_size: Most ids of a category; the most frequent are learned.
        min_count: Categories seen less often than this in the training data count as unknown, so
            that numbers of receipts and the like teach nothing.
        cycles: Lengths of the cycles in seconds; by default `adapt` chooses.
        vocabularies: Learned categories, a list for each column.
        mean: Learned means of amounts and gap, list of floats.
        deviation: Learned standard deviations of amounts and gap, list of floats.
        gaps_in: Learned: names of the amounts that were missing in training.

    Attributes:
        vocabulary_sizes: Number of ids of each category, padding and unknown included. These are
            the first columns of an encoded step.
        width: Numbers in an encoded step.

    Raises:
        ValueError: For columns that are missing, and what is no time or no amount.

    Example:

    >>> history = [{"time": 0, "amount": 1.0, "shop": "a"}, {"time": 9, "amount": 2.0, "shop": "a"}]
    >>> feature = Events().adapt([history])
    >>> feature.categories, feature.amounts, feature.vocabulary_sizes
    (['shop'], ['amount'], [3])
    """

    sequence = True
    padding = float("nan")
    learned = ("vocabularies", "mean", "deviation", "gaps_in", "cycles")
    adjustable = ("max_length", "vocabulary_size", "min_count")

    def __init__(
        self,
        categories=None,
        amounts=None,
        max_length=None,
        vocabulary_size=1000,
        min_count=2,
        cycles=None,
        vocabularies=None,
        mean=None,
        deviation=None,
        gaps_in=None,
    ):
        for name, value in (("categories", categories), ("amounts", amounts)):
            if isinstance(value, str):
                raise ValueError(f"{name} must be a list of columns. Received: {name}={value!r}")
        both = [*(categories or []), *(amounts or [])]
        if len(set(both)) != len(both):
            raise ValueError(
                "A column must be named once, in categories or in amounts. "
                f"Received: categories={categories}, amounts={amounts}"
            )
        self.categories = None if categories is None else [str(name) for name in categories]
        self.amounts = None if amounts is None else [str(name) for name in amounts]
        self.max_length = integer(max_length, "max_length", optional=True)
        self.vocabulary_limit = integer(vocabulary_size, "vocabulary_size", least=3)
        self.min_count = integer(min_count, "min_count")
        self.cycles = None if cycles is None else [float(cycle) for cycle in cycles]
        self.mean = mean
        self.deviation = deviation
        self.gaps_in = gaps_in
        self.vocabularies = None
        if vocabularies is not None:
            self._check_learned(vocabularies)
            self._set([list(each) for each in vocabularies])

    def _check_learned(self, vocabularies):
        """Refuses a part of what is learned without the rest."""
        parts = {"categories": self.categories, "amounts": self.amounts, "cycles": self.cycles}
        parts |= {"mean": self.mean, "deviation": self.deviation, "gaps_in": self.gaps_in}
        missing = [name for name, value in parts.items() if value is None]
        if missing or len(vocabularies) != len(self.categories):
            raise ValueError(
                "vocabularies must be one for each of the categories, with all else that adapt() "
                f"learns. Received: vocabularies of {len(vocabularies)} columns, categories="
                f"{self.categories}, {', '.join(missing)} of None"
            )
        check_moments(self.mean, self.deviation, len(self.amounts) + 1)  # the gaps last

    def _set(self, vocabularies):
        self.vocabularies = vocabularies
        self._lookups = [
            keras.layers.StringLookup(
                vocabulary=known, mask_token=None, oov_token=free_token(known), dtype="int64"
            )
            for known in vocabularies
        ]

    @property
    def adapted(self):
        return self.vocabularies is not None

    @property
    def vocabulary_sizes(self):
        return [len(known) + 2 for known in self.vocabularies or []]

    @property
    def width(self):
        parts = (self.vocabularies, self.amounts, self.gaps_in, self.cycles, self.cycles)
        return sum(map(len, parts)) + 1

    def resources(self):
        return list(self._lookups)

    # === Learning ===

    def adapt(self, data):
        """Learns which columns are which, the categories, and the scale of amounts and gaps.

        Args:
            data: Histories in any form; see `to_tensor`. Or a `tf.data.Dataset` of raw ones.

        Returns:
            The feature itself.

        Raises:
            ValueError: If there are no events, a column that was named is missing, or one of
                categories has none that is frequent enough; and for a column that was not named
                and may be of amounts, as nearly all its cells are numbers, or have marks of money.
        """
        batches = [self._read(values) for values in self.batches(data)]
        batches = [(columns, gaps, times) for columns, gaps, times, _ in batches if len(times)]
        if not batches:
            raise ValueError("Events.adapt needs at least one event. Received: none")
        self._choose([columns for columns, _, _ in batches])
        counts = [collections.Counter() for _ in self.categories]
        moments = [Moments() for _ in (*self.amounts, GAP)]
        missing = set()
        for columns, gaps, _ in batches:
            for counter, name in zip(counts, self.categories, strict=True):
                counter.update(columns[name].numpy().tolist())
            for moment, name in zip(moments, self.amounts, strict=False):
                values = _amounts(columns[name]).numpy()
                moment.add(values[np.isfinite(values), None])
                if not np.isfinite(values).all():
                    missing.add(name)
            moments[-1].add(gaps.numpy()[np.isfinite(gaps.numpy()), None])
        found = [each.found() if each.count else (np.zeros(1), np.ones(1)) for each in moments]
        self.mean = [float(mean[0]) for mean, _ in found]
        self.deviation = [float(d[0]) if d[0] > 1e-9 else 1.0 for _, d in found]
        self.gaps_in = [name for name in self.amounts if name in missing]
        if self.cycles is None:
            times = np.concatenate([times.numpy() for _, _, times in batches])
            span = times.max() - times.min()
            clock = bool((times % DAY != 0).any())
            self.cycles = [c for c in (DAY, WEEK) if span >= 2 * c and (clock or c != DAY)]
        most = self.vocabulary_limit - 2
        known = [self._frequent(counter, most) for counter in counts]
        for name, counter, frequent in zip(self.categories, counts, known, strict=True):
            if not frequent:
                raise ValueError(
                    f"The column {name!r} holds no category that occurs {self.min_count} times or "
                    "more. Leave it out; if it holds amounts, correct what is no number. "
                    f"Received: {listed(map(text_of, counter), 5)}"
                )
        self._set(known)
        return self

    def _frequent(self, counter, most):
        ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
        # NumPy takes zeros off the ends of texts.
        return [text_of(name) for name, n in ranked if n >= self.min_count and b"\0" not in name][
            :most
        ]

    def _choose(self, batches):
        """Which columns are categories and which amounts, as named or as they look."""
        names = list(batches[0])
        for role in ("categories", "amounts"):
            for name in getattr(self, role) or []:
                if name not in names:
                    raise ValueError(
                        f"{role} names the column {name!r}, which the events have not. "
                        f"Columns found: {names}"
                    )
        if self.categories is not None and self.amounts is not None:
            return
        free = [n for n in names if n not in (self.categories or []) + (self.amounts or [])]
        numeric = [n for n in free if all(_is_numeric(columns[n]) for columns in batches)]
        if self.categories is None:
            self.categories = [name for name in free if name not in numeric]
            for name in self.categories:
                _refuse_amounts(name, tf.concat([each[name] for each in batches], axis=0))
        if self.amounts is None:
            self.amounts = [name for name in numeric if name not in self.categories]

    # === Raw values ===

    def to_tensor(self, values):
        """Converts histories in any form to a batch of raw ones, string `[batch]`.

        Args:
            values: List of histories, see `rnnkit.formats.event_text.texts_of`; or one history
                as a list of dicts or a pandas frame.

        Raises:
            ValueError: As `texts_of`.
        """
        if isinstance(values, tf.Tensor):
            if values.dtype == tf.string:
                return values
            values = values.numpy()
        refuse_single(values, "Events", "histories", "history")
        values = [values] if self.holds_one(values) else list(values)
        columns = None
        if self.adapted:
            columns = [*self.categories, *self.amounts]
        return tf.constant(events.texts_of(values, columns), tf.string, shape=(len(values),))

    def holds_one(self, values):
        """Whether values are one history: a text, the path of a table, a frame of several columns,
        a dict of columns, or a list of dicts of single values, each an event."""
        if is_frame(values):
            return len(values.columns) > 1
        if isinstance(values, dict) or without_axes(values):
            return True
        events_alone = isinstance(values, (list, tuple)) and len(values) > 0
        return events_alone and all(
            isinstance(value, dict) and all(np.ndim(cell) == 0 for cell in value.values())
            for value in values
        )

    # === Encoding ===

    def encode(self, values, truncate=True):
        """Raw histories, string `[batch]`, to float32 `[batch, (events), width]`."""
        columns, gaps, times, lengths = self._read(values)
        parts = []
        for lookup, name in zip(self._lookups, self.categories, strict=True):
            parts.append(tf.cast(lookup(columns[name]), tf.float64) + UNKNOWN)  # [events]
        amounts = [_amounts(columns[name]) for name in self.amounts]
        for number, mean, deviation in zip(
            [*amounts, gaps], self.mean, self.deviation, strict=True
        ):
            scaled = (number - mean) / deviation
            parts.append(tf.where(tf.math.is_finite(scaled), scaled, 0.0))
        for name, number in zip(self.amounts, amounts, strict=True):
            if name in self.gaps_in:
                parts.append(tf.cast(tf.math.is_nan(number), tf.float64))
        for cycle in self.cycles:
            angle = 2 * np.pi * tf.math.floormod(times, cycle) / cycle
            parts += [tf.sin(angle), tf.cos(angle)]
        rows = tf.cast(tf.stack(parts, axis=1), tf.float32)  # [events, width]
        empty = tf.constant([UNKNOWN] * len(self.vocabularies), tf.float32)
        empty = tf.pad(empty, [[0, self.width - len(self.vocabularies)]])[None]  # [1, width]
        # An empty history gets the row after the last one, which stands for no event.
        rows = tf.concat([rows, empty], axis=0)
        order = tf.RaggedTensor.from_row_lengths(
            tf.range(tf.reduce_sum(lengths)), lengths, validate=False
        )
        nothing = tf.RaggedTensor.from_row_lengths(
            tf.fill([tf.math.count_nonzero(lengths == 0)], tf.reduce_sum(lengths)),
            tf.cast(lengths == 0, tf.int64),
            validate=False,
        )
        order = tf.concat([order, nothing], axis=1)
        encoded = order.with_values(tf.gather(rows, order.flat_values))
        return self.truncate(encoded) if truncate else encoded

    def encode_served(self, values, truncate=True):
        """As `encode`, also of histories with commas between the cells."""
        tabs = tf.strings.regex_full_match(values, r"[^\n]*\t(?s:.*)")
        values = tf.where(tabs, values, tf.strings.regex_replace(values, ",", events.SEPARATOR))
        values = tf.strings.regex_replace(values, r"\r?\n", "\n")
        return self.encode(tf.strings.regex_replace(values, r"\n+$", ""), truncate)

    def truncate(self, encoded):
        """Keeps the last `max_length` events, which say most about the present."""
        return encoded if self.max_length is None else encoded[:, -self.max_length :]

    def _read(self, values):
        """What a batch of raw histories holds.

        Returns:
            Dict of column to its cells, string `[events]`; the logarithms of the gaps, NaN at the
            first events, and the times, float64 `[events]`; and the number of events of each
            history, int64 `[batch]`.
        """
        lines = tf.strings.split(values, "\n")  # [batch, (1 + events)]
        header = lines.flat_values[:1]
        rows = lines[:, 1:]
        cells = tf.strings.split(rows.flat_values, events.SEPARATOR)  # [events, (columns)]
        names = tf.strings.split(header, events.SEPARATOR).flat_values  # [columns]
        cells = cells.to_tensor("", shape=(None, None))
        if tf.executing_eagerly() and not self.adapted:
            wanted = [name.decode() for name in names.numpy().tolist()[1:]]
        else:
            wanted = [*self.categories, *self.amounts]
        width = tf.shape(cells)[1]
        columns = {}
        for name in wanted:
            index = tf.argmax(tf.cast(tf.equal(names, name), tf.int32), output_type=tf.int32)
            # A batch of empty histories has no cells at all.
            columns[name] = tf.cond(
                index < width,
                lambda index=index: cells[:, index],
                lambda: tf.fill([tf.shape(cells)[0]], ""),
            )
        times = tf.cond(
            width > 0,
            lambda: tf.strings.to_number(cells[:, 0], tf.float64),
            lambda: tf.zeros([0], tf.float64),
        )
        lengths = rows.row_lengths()
        before = tf.concat([times[:1], times[:-1]], axis=0)
        begins = tf.range(tf.size(times, tf.int64)) == tf.repeat(rows.row_starts(), lengths)
        gaps = tf.math.log1p(tf.maximum(times - before, 0.0))
        nothing = tf.constant(np.nan, tf.float64)
        return columns, tf.where(begins, nothing, gaps), times, lengths

    # === Checks ===

    def check(self, values, encoded):
        texts = [text_of(value) for value in values.numpy().tolist()]
        events.check_texts(texts, [*self.categories, *self.amounts], self.amounts)

    # === The way back ===

    def decode(self, values):
        """Encoded histories `[batch, events, width]` as lists of dicts, one dict an event.

        A category that was unknown is None; `"time since the event before"` is in seconds.
        """
        return [
            [self._event(row) for row in np.asarray(rows, "float64") if np.isfinite(row).all()]
            for rows in values
        ]

    def _event(self, row):
        first = len(self.categories)
        event = {}
        for name, known, value in zip(self.categories, self.vocabularies, row, strict=False):
            event[name] = known[int(value) - 2] if value >= 2 else None
        scaled = row[first : first + len(self.mean)] * self.deviation + self.mean
        numbers = np.sign(scaled) * np.expm1(np.abs(scaled))
        return event | dict(zip((*self.amounts, GAP), numbers.tolist(), strict=True))

    def get_config(self):
        return {**super().get_config(), "vocabulary_size": self.vocabulary_limit}


def _amounts(cells):
    """Cells as signed logarithms, float64 `[events]`, NaN where there is no number."""
    known = tf.strings.regex_full_match(cells, events.NUMBER)
    numbers = tf.strings.to_number(tf.where(known, cells, "nan"), tf.float64)
    return tf.sign(numbers) * tf.math.log1p(tf.abs(numbers))


def _refuse_amounts(name, cells):
    """Refuses a column that seems to be of amounts, of which some or all are no numbers."""
    empty = tf.strings.regex_full_match(cells, f"(?i)({events.empty_pattern()})")
    cells = tf.boolean_mask(cells, ~empty)
    money = tf.strings.regex_full_match(cells, _MONEY)
    number = tf.strings.regex_full_match(cells, events.NUMBER)
    count, size = int(tf.math.count_nonzero(money | number)), len(cells)
    if 10 * count <= 9 * size:
        return
    odd = tf.boolean_mask(cells, money if count == size else ~(money | number))
    raise ValueError(
        f"The column {name!r} may be of amounts, as {count:,} of {size:,} cells are, or of "
        f"categories, as {text_of(odd[0].numpy())!r} is no number. Correct such cells, or say "
        f"categories=[{name!r}, ...]"
    )


def _is_numeric(cells):
    """Whether cells hold numbers and empty cells alone, and at least one number."""
    number = tf.strings.regex_full_match(cells, events.NUMBER)
    empty = tf.strings.regex_full_match(cells, f"(?i)({events.empty_pattern()})")
    return bool(tf.reduce_all(number | empty)) and bool(tf.reduce_any(number))
