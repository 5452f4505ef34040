"""The feature for polyphonic music: which of the 88 keys of a piano are down, step by step."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.conversion import asserted, read_each, refuse_single
from rnnkit.features.music import Roll, rows
from rnnkit.features.pieces import Pieces
from rnnkit.formats import midi, notation

PADDING = -1


@keras.saving.register_keras_serializable(package="rnnkit")
class PianoRoll(Pieces):
    """Steps of 88 keys as numbers, and numbers as music again.

    A raw piece is an array `[steps, 88]`, above 0 where a key is down (the first is A0, MIDI
    number 21), or a text such as `"C3+G3+E4 C3+E4 R"`; see `rnnkit.formats.notation`. How hard a
    key is struck is not kept, nor whether one that stays down is struck again.

    Args:
        steps_per_beat: Steps in a beat, a quarter note: what durations are told in, and the speed
            of what is saved and played.
        transpose: Semitones up or down, at most, by which `augment` moves a piece in training.
        max_length: Longest piece in steps, or None. Longer ones are cut at the end.
        pitches: Dict of MIDI number to its fraction of the notes in training, or None to learn it.
        lengths: Dict of duration in steps to its fraction, or None to learn it.

    Raises:
        ValueError: From `to_tensor` and `check` for what are no steps of keys.

    Example:

    >>> roll = PianoRoll().adapt(["C4+E4 C4"])
    >>> roll.encode(roll.to_tensor(["C4 R"])).shape
    TensorShape([1, None, 88])
    >>> roll.decode(roll.encode(roll.to_tensor(["C4 R"])))
    ['C4 R']
    """

    target_type = "keys"
    decodes_in_graph = True
    padding = PADDING
    width = keys = notation.KEYS
    raw_spec = tf.TensorSpec((None, notation.KEYS), tf.uint8)

    def __init__(self, steps_per_beat=4, transpose=0, max_length=None, pitches=None, lengths=None):
        if not steps_per_beat > 0:
            raise ValueError(
                f"steps_per_beat must be positive. Received: steps_per_beat={steps_per_beat!r}"
            )
        super().__init__(steps_per_beat, transpose, max_length, pitches, lengths)

    @property
    def adapted(self):
        return self.pitches is not None

    def occurrences(self, values):
        notes = [note for piece in _pieces(values) for note in midi.of_steps(piece, 1)]
        return [note.pitch for note in notes], [int(note.end - note.start) for note in notes]

    # === Raw values ===

    def to_tensor(self, values):
        """Pieces in any form as a ragged batch.

        Args:
            values: List of arrays `[steps, 88]` or texts.

        Returns:
            RaggedTensor uint8 `[batch, (steps), 88]`, 1 where a key is down.

        Raises:
            ValueError: For what are no steps of keys; the message has its position.
        """
        if isinstance(values, tf.RaggedTensor):
            return tf.cast(values > 0, tf.uint8)
        refuse_single(values, "PianoRoll", "pieces", "piece")
        values = values.numpy() if isinstance(values, tf.Tensor) else values
        if isinstance(values, np.ndarray) and values.ndim == 2 and values.dtype.kind in "biuf":
            values = [values]
        pieces = read_each(values, _read, "PianoRoll cannot take piece")
        flat = np.concatenate(pieces) if pieces else np.zeros((0, self.keys), "uint8")
        return tf.RaggedTensor.from_row_lengths(flat, [len(piece) for piece in pieces])

    def cast(self, values):
        return tf.cast(values > 0, tf.uint8)

    # === Encoding ===

    def encode(self, values, truncate=True):
        """Raw pieces `[batch, (steps), 88]`, ragged or not, to int8 of the same shape, ragged."""
        if not isinstance(values, tf.RaggedTensor):
            values = tf.RaggedTensor.from_tensor(values)
        flat = tf.reshape(values.flat_values, [-1, self.keys])
        encoded = values.with_values(tf.cast(flat > 0, tf.int8))
        return self.truncate(encoded) if truncate else encoded

    def augment(self, steps, seed):
        """A batch of encoded targets, each piece moved up or down at random.

        Args:
            steps: int8 `[batch, time, 88 or more]`, padded with -1; columns beyond stay.
            seed: int `[2]`.

        Returns:
            The same shape. No key is moved off the keyboard.
        """
        keys, rest = steps[..., : self.keys], steps[..., self.keys :]
        used = tf.reduce_max(keys, axis=1) > 0  # [batch, keys]
        indices = tf.range(self.keys)
        lowest = tf.reduce_min(tf.where(used, indices, self.keys), axis=1)
        highest = tf.reduce_max(tf.where(used, indices, -1), axis=1)
        size, most = [tf.shape(steps)[0]], self.transpose
        shift = tf.random.stateless_uniform(size, seed, -most, most + 1, tf.int32)
        shift = tf.clip_by_value(shift, -lowest, self.keys - 1 - highest)
        sources = (indices[None] - shift[:, None]) % self.keys  # what goes round is not down
        keys = tf.gather(keys, sources, axis=2, batch_dims=1)
        return tf.concat([keys, rest], axis=-1)

    # === Decoding ===

    def decode(self, values):
        """Steps `[batch, time, 88]`, 1 where a key is down, to a list of `Roll`.

        What is padding (below 0, or NaN) is left out.
        """
        found = []
        for piece in _pieces(values):
            piece = np.asarray(piece, "float32")
            there = piece[:, 0] >= 0  # NaN is not
            found.append(Roll(piece[there][:, : self.keys] > 0.5, self.steps_per_beat))
        return found

    def decode_graph(self, outputs):
        """Texts of steps `[batch, time, 88]` as TensorFlow operations, for export."""
        names = [f"{notation.pitch_name(notation.LOWEST + key)}+" for key in range(self.keys)]
        steps = tf.strings.reduce_join(tf.where(outputs > 0.5, tf.constant(names), ""), axis=2)
        steps = tf.strings.regex_replace(steps, r"\+$", "")
        steps = tf.where(tf.equal(steps, ""), notation.REST, steps)
        steps = tf.where(outputs[..., 0] >= 0, steps, "")  # NaN is not
        return {"text": tf.strings.strip(tf.strings.reduce_join(steps, axis=1, separator=" "))}

    # === Checks ===

    def check(self, values, encoded):
        for index, piece in enumerate(_lengths(values)):
            if not piece:
                raise ValueError(f"PianoRoll cannot take piece {index}: it has no steps")

    def guard(self, encoded):
        return asserted(encoded, encoded.row_lengths() > 0, "The data holds pieces without steps")


def _read(value):
    """A piece as uint8 `[steps, 88]`."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        return rows(notation.parse_steps(value))
    found = np.asarray(value)
    if found.ndim != 2 or found.shape[1] != notation.KEYS or found.dtype.kind not in "biuf":
        raise ValueError(
            "expected steps of 88 keys, an array [steps, 88], or a text such as 'C3+E4 R'. "
            f"Received: shape {found.shape} of {found.dtype}"
        )
    if not (np.isfinite(found).all() and (found >= 0).all()):
        raise ValueError("keys must be 0, or above 0 where they are down")
    return (found > 0).astype("uint8")


def _pieces(values):
    """The pieces of a batch, one NumPy array each."""
    if isinstance(values, tf.RaggedTensor):
        splits, flat = values.row_splits.numpy(), values.flat_values.numpy()
        flat = flat.reshape(-1, notation.KEYS)
        return [flat[a:b] for a, b in zip(splits, splits[1:], strict=False)]
    return [np.asarray(piece) for piece in values]


def _lengths(values):
    if isinstance(values, tf.RaggedTensor):
        return values.row_lengths().numpy().tolist()
    return [values.shape[1]] * values.shape[0]
