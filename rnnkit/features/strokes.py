"""The feature for handwriting: pen points as moves from each to the next."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.base import Feature
from rnnkit.features.conversion import (
    asserted,
    read_each,
    refuse_single,
    shape_of_numbers,
    without_axes,
)
from rnnkit.features.moments import Moments, check_moments, inverse
from rnnkit.formats import points as pen
from rnnkit.utils.checks import integer, number, one_of

UNITS = ("spread", "height", None)


@keras.saving.register_keras_serializable(package="rnnkit")
class Strokes(Feature):
    """Pen strokes as a sequence of moves.

    Raw strokes are float32 `[points, 3]`: x (to the right), y (downwards) and the pen-up flag,
    which is 1 at the last point of each stroke. Nothing depends on where on the page the strokes
    lie, how large they are, or how long the pen took. Each point becomes one step of

        dx, dy       the move to it from the point before, 0 for the first point; in units of the
                     writing's size, then standardised by what `adapt` learned
        up           1 at the last point of a stroke
        cos, sin     the direction of the move, 0 for none
        y            the height of the point, from the mean of all, standardised
        down         1 at the first point of a stroke: the move to it was above the paper

    of which `context=False` leaves the first three alone, which hold all there is.

    Points that repeat the one before are left out. With `spacing` each stroke is drawn again with
    points at equal distances along it, so that neither the pen's speed nor the tablet's sampling
    rate is seen, and there are fewer steps.

    Args:
        unit: Length that moves are divided by: `"spread"`, twice the standard deviation of the
            heights of all points along the path (steadier than the whole height, which one long
            letter doubles); `"height"`, from the highest to the lowest point; or None, as it is.
        spacing: Distance between points in that unit, at most: each stroke is cut into
            equal pieces no longer than this. None takes the points as they are.
        context: Whether direction, height and the start of strokes are given too.
        max_length: Most steps, or None. Longer sequences are cut at their end (a warning says how
            many).
        mean: Learned means of dx, dy and y, list of floats.
        deviation: Learned standard deviations of dx, dy and y, list of floats.

    Attributes:
        width: Numbers in an encoded step: 7, or 3 without context.

    Raises:
        ValueError: From `to_tensor`, `adapt` and `check` for what are no pen points.

    Example:

    >>> strokes = Strokes(unit=None, context=False, mean=[0.0] * 3, deviation=[1.0] * 3)
    >>> strokes.encode(strokes.to_tensor(["0 0 0;3 4 0;3 9 1"])).to_list()
    [[[0.0, 0.0, 0.0], [3.0, 4.0, 0.0], [0.0, 5.0, 1.0]]]

    Reference: Graves et al. (2009), A novel connectionist system for unconstrained handwriting
    recognition, IEEE Trans. PAMI 31, section 2.1; offsets and flag: Graves (2013), Generating
    sequences with recurrent neural networks, section 4; resampling and size: Carbune et al.
    (2020), Fast multi-language LSTM-based online handwriting recognition, IJDAR 23, section 2.1.
    """

    sequence = True
    target_type = "values"
    padding = float("nan")
    raw_spec = tf.TensorSpec((None, 3), tf.float32)
    learned = ("mean", "deviation")
    adjustable = ("max_length",)

    def __init__(
        self,
        unit="spread",
        spacing=None,
        context=True,
        max_length=None,
        mean=None,
        deviation=None,
    ):
        self.unit = one_of(unit, "unit", UNITS)
        self.spacing = number(spacing, "spacing", above=0, optional=True)
        self.context = bool(context)
        self.max_length = integer(max_length, "max_length", optional=True)
        check_moments(mean, deviation, 3)
        self.mean = mean
        self.deviation = deviation

    @property
    def width(self):
        return 7 if self.context else 3

    @property
    def adapted(self):
        return self.mean is not None

    # === Learning ===

    def adapt(self, data):
        """Learns the mean and standard deviation of dx, dy and y over all points.

        Args:
            data: Raw strokes in any form; see `to_tensor`. Or a `tf.data.Dataset` of them.

        Returns:
            The feature itself.
        """
        moments = Moments()
        for values in self.batches(data):
            self.check(values, None)
            moments.add(self._moves(values)[0].numpy()[:, :3])  # [points, 3]
        if not moments.count:
            raise ValueError("Strokes.adapt needs at least one piece of writing. Received: none")
        mean, deviation = moments.found()
        self.mean = mean.tolist()
        self.deviation = np.where(deviation > 1e-9, deviation, 1.0).tolist()
        return self

    # === Raw values ===

    def to_tensor(self, values):
        """Converts handwriting in any form to a batch.

        Args:
            values: List of pieces of writing, each an array or list `[points, 3]`, a string
                `"x y up;x y up;..."`, a list of strokes or the path of an InkML file (see
                `rnnkit.formats.points.parse`); or one such piece, but for a path.

        Returns:
            RaggedTensor float32 `[batch, (points), 3]`.

        Raises:
            ValueError: For what are no pen points; the message names the position.
        """
        if isinstance(values, tf.RaggedTensor):
            return tf.cast(values, tf.float32)
        refuse_single(values, "Strokes", "pieces", "points")
        values = values.numpy() if isinstance(values, tf.Tensor) else values
        values = [values] if self.holds_one(values) else values
        pieces = read_each(values, pen.parse, "Strokes cannot take piece")
        rows = np.concatenate(pieces) if pieces else np.zeros((0, 3), "float32")
        return tf.RaggedTensor.from_row_lengths(rows, [len(piece) for piece in pieces])

    def holds_one(self, values):
        """Whether values are one piece of writing: a text, or numbers `[points, 3]`."""
        return without_axes(values) or len(shape_of_numbers(values) or ()) == 2

    # === Encoding ===

    def encode(self, values, truncate=True):
        """Raw strokes `[batch, (points), 3]`, ragged or not, to float32 `[batch, (time), width]`.

        The last point of a piece counts as the last of its stroke, whatever its flag.
        """
        rows, lengths, begins = self._moves(values)  # [points, 7]
        mean, factor = np.array(self.mean, "float32"), inverse(self.deviation)
        dx, dy, y, *others = tf.unstack(rows, axis=1)
        scaled = [(v - mean[i]) * factor[i] for i, v in enumerate((dx, dy, y))]
        # The first move is none: it is no observation of where the pen tends to go.
        dx, dy = (each * tf.cast(~begins, tf.float32) for each in scaled[:2])
        up, cos, sin, down = others
        columns = [dx, dy, up, cos, sin, scaled[2], down] if self.context else [dx, dy, up]
        encoded = tf.RaggedTensor.from_row_lengths(
            tf.stack(columns, axis=1), lengths, validate=False
        )
        return self.truncate(encoded) if truncate else encoded

    def encode_served(self, values, truncate=True):
        if not isinstance(values, tf.RaggedTensor):
            there = tf.reduce_any(~tf.math.is_nan(values), axis=2)  # [batch, points]
            points = tf.range(1, tf.shape(values)[1] + 1)
            lengths = tf.reduce_max(tf.where(there, points, 0), axis=1)
            values = tf.RaggedTensor.from_tensor(values, lengths)
        return self.encode(values, truncate)

    def _moves(self, values):
        """Columns dx, dy, y, up, cos, sin, down of all pieces, and their numbers of points.

        Returns:
            float32 `[points, 7]` not yet standardised, int64 `[batch]`, and which points are the
            first of a piece, bool `[points]`.
        """
        if isinstance(values, tf.RaggedTensor):
            rows, lengths = tf.reshape(values.flat_values, [-1, 3]), values.row_lengths()
        else:
            shape = tf.shape(values, tf.int64)
            rows = tf.reshape(values, [-1, 3])
            lengths = tf.repeat(shape[1], shape[0])
        rows = tf.cast(rows, tf.float64)
        count = tf.size(lengths, tf.int64)
        piece = tf.repeat(tf.range(count), lengths)  # [points]
        # A piece with what is no point becomes NaN, for `check` and `guard` to see.
        sound = tf.reduce_all(tf.math.is_finite(rows), axis=1)
        sound &= (rows[:, 2] == 0) | (rows[:, 2] == 1)
        unsound = tf.math.unsorted_segment_max(tf.cast(~sound, tf.int32), piece, count) > 0
        rows = tf.where(sound[:, None], rows, tf.zeros([], tf.float64))
        at, down = rows[:, :2], _first_of(piece, rows[:, 2])
        moved = tf.norm(at - _before(at), axis=1)  # [points]
        kept = down | (moved > 0)
        at, down, piece = (tf.boolean_mask(each, kept) for each in (at, down, piece))

        # === Size ===
        drawn = tf.where(down, tf.zeros([], tf.float64), tf.boolean_mask(moved, kept))
        middle, size = self._sizes(at[:, 1], drawn, piece, count)
        at = (at - tf.gather(middle, piece)[:, None]) / tf.gather(size, piece)[:, None]
        if self.spacing is not None:
            drawn /= tf.gather(size, piece)
            at, down, piece = _spaced(at, drawn, down, piece, self.spacing)

        # === Moves ===
        ones = tf.ones_like(piece)
        lengths = tf.math.unsorted_segment_sum(ones, piece, count)
        begins = piece != tf.concat([[-1], piece[:-1]], axis=0)
        move = tf.where(begins[:, None], tf.zeros([], tf.float64), at - _before(at))
        step = tf.norm(move, axis=1, keepdims=True)
        direction = tf.math.divide_no_nan(move, step)
        up = tf.concat([down[1:], [True]], axis=0)[: tf.size(down)]
        flags = tf.cast(tf.stack([up, down], axis=1), tf.float64)
        columns = [move, at[:, 1:], flags[:, :1], direction, flags[:, 1:]]
        columns = tf.where(
            tf.gather(unsound, piece)[:, None], np.float64("nan"), tf.concat(columns, axis=1)
        )
        return tf.cast(columns, tf.float32), lengths, begins

    def _sizes(self, heights, drawn, piece, count):
        """Where the middle of each piece is in height, and the unit of its lengths, `[batch]`."""
        # Each point counts by the ink around it, so that slow and fast pens give the same.
        after = tf.concat([drawn[1:], tf.zeros([1], tf.float64)], axis=0)[: tf.size(drawn)]
        weight = drawn + after + 1e-9 * (1.0 + tf.reduce_max(drawn))

        def total(each):
            return tf.math.unsorted_segment_sum(each, piece, count)

        middle = tf.math.divide_no_nan(total(weight * heights), total(weight))
        if self.unit is None:
            return middle, tf.ones_like(middle)
        if self.unit == "height":
            size = tf.math.unsorted_segment_max(heights, piece, count)
            size -= tf.math.unsorted_segment_min(heights, piece, count)
        else:
            gaps = tf.square(heights - tf.gather(middle, piece))
            size = 2 * tf.sqrt(tf.math.divide_no_nan(total(weight * gaps), total(weight)))
        # A flat line, such as a dash, has no height to go by: its ink is its size.
        ink = total(drawn)
        size = tf.where(size > 0.01 * ink, size, ink)
        return middle, tf.where(size > 0, size, tf.ones_like(size))

    # === Decoding ===

    def decode(self, values):
        """Encoded moves back to points, to draw them.

        Args:
            values: `[batch, time, width]`, or more columns than three of which the first are dx,
                dy and up; NaN at the ends is left out. A flag above one half counts as 1.

        Returns:
            List of float32 arrays `[points, 3]`, the first point at (0, 0), in that unit.
            Without `spacing` they are the raw points but for position, size and repeated points.
        """
        pieces = []
        rows = values.numpy() if isinstance(values, tf.RaggedTensor) else values
        for row in rows:
            row = np.asarray(row, "float64")
            row = row[~np.isnan(row[:, 0])]
            moves = row[:, :2] * self.deviation[:2] + self.mean[:2]
            moves[:1] = 0.0
            at = np.cumsum(moves, axis=0)
            up = (row[:, 2:3] > 0.5).astype("float64")
            up[-1:] = 1.0
            pieces.append(np.concatenate([at, up], axis=1).astype("float32"))
        return pieces

    # === Checks ===

    def check(self, values, encoded):
        if isinstance(values, tf.RaggedTensor):
            rows, splits = values.flat_values.numpy().reshape(-1, 3), values.row_splits.numpy()
        else:
            values = np.asarray(values)
            rows = values.reshape(-1, 3)
            splits = np.arange(len(values) + 1) * values.shape[1]
        bad = ~np.isfinite(rows).all(axis=1) | ~np.isin(rows[:, 2], (0, 1))
        few = np.flatnonzero(np.diff(splits) < 2)
        if not bad.any() and not len(few):
            return
        first = int(np.searchsorted(splits, np.argmax(bad), side="right")) - 1
        index = min([first] * bool(bad.any()) + few[:1].tolist())
        try:
            pen.check(rows[splits[index] : splits[index + 1]])
        except ValueError as error:
            raise ValueError(f"Strokes cannot take piece {index}: {error}") from None

    def guard(self, encoded):
        ragged = isinstance(encoded, tf.RaggedTensor)
        sound = tf.reduce_all(tf.math.is_finite(encoded.flat_values if ragged else encoded))
        if ragged:
            sound &= tf.reduce_all(encoded.row_lengths() > 0)
        message = "The data holds strokes without points, or with what are no pen points"
        return asserted(encoded, sound, message)


def _before(rows):
    """Each row's predecessor, the first row its own."""
    return tf.concat([rows[:1], rows[:-1]], axis=0)


def _first_of(piece, up):
    """Which points are the first of a stroke: after a pen-up, or of a new piece."""
    change = piece[1:] != piece[:-1]
    return tf.concat([tf.ones_like(piece[:1], tf.bool), (up[:-1] > 0.5) | change], axis=0)


def _spaced(at, drawn, down, piece, spacing):
    """Strokes with points at equal distances.

    Args:
        at: Points `[points, 2]`.
        drawn: Length of the line to each from the one before, 0 at the start of a stroke.
        down: Which points start a stroke.
        piece: Which piece each belongs to.
        spacing: Largest distance along the line.

    Returns:
        The same for the new points, without `drawn`. A stroke keeps its ends.
    """
    starts = tf.where(down)[:, 0]  # [strokes]
    stroke = tf.cumsum(tf.cast(down, tf.int64)) - 1  # [points]
    count = tf.size(starts, tf.int64)
    ink = tf.math.segment_sum(drawn, stroke)  # [strokes]
    pieces = tf.cast(tf.math.ceil(ink / spacing - 1e-9), tf.int64)  # [strokes], 0 for a dot
    along = tf.cumsum(drawn)  # [points]
    owner = tf.repeat(tf.range(count), pieces + 1)  # [new points]
    number = tf.ragged.range(pieces + 1).flat_values  # 0, 1, ... in each stroke
    fraction = tf.math.divide_no_nan(
        tf.cast(number, tf.float64), tf.cast(tf.gather(pieces, owner), tf.float64)
    )
    wanted = tf.gather(along, tf.gather(starts, owner)) + fraction * tf.gather(ink, owner)
    # Lines of a stroke end at the points after its first; the last one whose end is not before.
    first = tf.gather(starts, owner)
    last = first + tf.gather(tf.math.segment_sum(tf.ones_like(stroke), stroke), owner) - 1
    end = tf.searchsorted(along, wanted, side="left", out_type=tf.int64)
    end = tf.maximum(tf.minimum(end, last), tf.minimum(first + 1, last))
    begin = tf.maximum(end - 1, first)
    part = tf.math.divide_no_nan(wanted - tf.gather(along, begin), tf.gather(drawn, end))
    part = tf.clip_by_value(part, 0.0, 1.0)[:, None]
    new = (1 - part) * tf.gather(at, begin) + part * tf.gather(at, end)
    return new, number == 0, tf.gather(piece, first)
