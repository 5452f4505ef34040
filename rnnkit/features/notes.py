"""The feature for melodies: one note after another, as tokens of a pitch and a duration."""

import collections
import fractions
import warnings

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.music import Melody
from rnnkit.features.pieces import Pieces
from rnnkit.formats import notation
from rnnkit.utils.checks import integer


@keras.saving.register_keras_serializable(package="rnnkit")
class Notes(Pieces):
    """A melody as a sequence of token ids, and ids as a melody again.

    A raw melody is a text such as `"C4:1 D4:1/2 R:1/2"`: notes or rests with their duration in
    beats; see `rnnkit.formats.notation`. Each note is one token, of a pitch and a duration
    together: every pitch of the learned range, and the rest, with every learned duration. Id 0 is
    padding and id 1 a pitch outside the range. How hard a note is struck is not kept.

    Durations are rounded to a grid of `steps_per_beat`, of which they last one step at least: with
    12 steps sixteenths (3) and triplets of eighths (4) are exact, thirty-seconds are not. A
    duration that training does not have is rounded to the nearest that it has (by ratio), with a
    warning.

    Args:
        steps_per_beat: Steps of the grid in a beat, a quarter note.
        transpose: Semitones up or down, at most, by which `augment` moves a melody in training.
        max_length: Longest sequence of notes, or None. Longer ones are cut at the end.
        range: Pair of the lowest and highest pitch, MIDI numbers, or None to learn them: those of
            the training melodies, and `transpose` more on both sides.
        durations: Sorted list of durations in steps, or None to learn them.
        pitches: Dict of pitch to its fraction of the notes in training, or None to learn it.
        lengths: Dict of duration in steps to its fraction, or None to learn it.

    Raises:
        ValueError: From `to_tensor` and `check` for what is no melody.

    Example:

    >>> notes = Notes().adapt(["C4:1 D4:1/2 R:1/2"])
    >>> ids = notes.encode(tf.constant(["D4:1/2 C4:1"]))
    >>> ids.to_list(), notes.decode(ids.to_list())
    ([[5, 7]], ['D4:1/2 C4:1'])
    """

    target_type = "notes"
    learned = ("pitches", "lengths", "range", "durations")
    decodes_in_graph = True

    def __init__(
        self,
        steps_per_beat=12,
        transpose=0,
        max_length=None,
        range=None,
        durations=None,
        pitches=None,
        lengths=None,
    ):
        steps_per_beat = integer(steps_per_beat, "steps_per_beat")
        super().__init__(steps_per_beat, transpose, max_length, pitches, lengths)
        self.range = None if range is None else [int(each) for each in range]
        self.durations = None if durations is None else [int(each) for each in durations]
        # Names of notes as they may be spelled, and their numbers.
        spelled = {
            f"{letter}{sign}{octave}": number
            for letter in "CDEFGAB"
            for sign in ("", "#", "b", "##", "bb")
            for octave in _OCTAVES
            if (number := _number(f"{letter}{sign}{octave}")) is not None
        }
        self._numbers = keras.layers.StringLookup(
            vocabulary=[*spelled, notation.REST], num_oov_indices=1, oov_token="[UNK]"
        )
        self._pitches = np.array([-1, *spelled.values(), 0], "int32")  # a rest is the pitch 0

    @property
    def adapted(self):
        return self.durations is not None and self.range is not None

    @property
    def vocabulary_size(self):
        """Number of ids: durations times pitches and the rest, and the two special ones."""
        return 2 + len(self.durations) * self._row if self.adapted else None

    @property
    def _row(self):
        """Ids of one duration: the rest, and the pitches of the range."""
        return self.range[1] - self.range[0] + 2

    # === Learning ===

    def adapt(self, data):
        """Learns the range of pitches and the durations, and how often each occurs.

        Args:
            data: Raw melodies in any form, or a `tf.data.Dataset` of them.

        Returns:
            The feature itself.
        """
        super().adapt(data)
        self.durations = list(self.lengths)  # those of rests too
        self.lengths = {step: each for step, each in self.lengths.items() if each}
        self.range = [
            max(1, min(self.pitches) - self.transpose),
            min(127, max(self.pitches) + self.transpose),
        ]
        return self

    def occurrences(self, values):
        numbers, steps = (each.numpy() for each in self._parts(values)[:2])
        sounds = numbers > 0
        lengths = collections.Counter(steps[sounds].tolist())
        lengths.update(dict.fromkeys(steps.tolist(), 0))
        return numbers[sounds].tolist(), lengths

    # === Raw values ===

    def to_tensor(self, values):
        """Melodies as a batch of texts; each is read once, so that what is none is named.

        Raises:
            ValueError: For what is no melody; the message has its position and the note.
        """
        tensor = super().to_tensor(values)
        self.check(tensor, None)
        return tensor

    def _parts(self, values):
        """Pitch (0 a rest, -1 none), steps (0 none), and words of all notes, ragged as `values`.

        Returns:
            int32 `[notes]` twice, and the ragged words `[batch, (notes)]`.
        """
        words = tf.strings.split(values)  # [batch, (notes)]
        flat = words.flat_values
        # What has another form is read as no note, so that nothing here raises.
        sound = tf.strings.regex_full_match(flat, _FORM)
        flat = tf.where(sound, flat, "?:0")
        names, numbers = _cut(flat, ":")
        upper = tf.strings.upper(tf.strings.substr(names, 0, 1))
        names = upper + tf.strings.substr(names, 1, 9)
        over, under = _cut(numbers, "/")
        over, under = (tf.strings.to_number(each, tf.float64) for each in (over, under))
        beats = tf.math.divide_no_nan(over, under)
        steps = tf.cast(tf.round(beats * self.steps_per_beat), tf.int32)
        steps = tf.where(beats > 0, tf.maximum(steps, 1), 0)
        return tf.gather(self._pitches, self._numbers(names)), steps, words

    # === Encoding ===

    def encode(self, values, truncate=True):
        """Texts `[batch]` to ids, a ragged int32 tensor `[batch, (time)]`."""
        numbers, steps, words = self._parts(values)
        durations = self._nearest(steps)  # [notes]
        low, high = self.range
        known = ((numbers == 0) | ((numbers >= low) & (numbers <= high))) & (steps > 0)
        pitch = tf.where(numbers == 0, 0, numbers - low + 1)
        ids = words.with_flat_values(tf.where(known, 2 + durations * self._row + pitch, 1))
        return self.truncate(ids) if truncate else ids

    def _nearest(self, steps):
        """The index of the nearest of the learned durations, by ratio, int32 `[notes]`."""
        known = np.log(np.array(self.durations, "float64"))
        bounds = (known[1:] + known[:-1]) / 2
        wanted = tf.math.log(tf.cast(tf.maximum(steps, 1), tf.float64))
        return tf.searchsorted(tf.constant(bounds, tf.float64), wanted)

    def augment(self, ids, seed):
        """A batch of encoded targets, each melody moved up or down at random.

        Args:
            ids: int32 `[batch, time]`, padded; ids beyond the feature's own stay.
            seed: int `[2]`.

        Returns:
            The same shape. No melody leaves the range of pitches.
        """
        position = (ids - 2) % self._row  # 0 a rest
        sounds = (ids >= 2) & (ids < self.vocabulary_size) & (position > 0)
        lowest = tf.reduce_min(tf.where(sounds, position, self._row), axis=1)
        highest = tf.reduce_max(tf.where(sounds, position, 0), axis=1)
        size = [tf.shape(ids)[0]]
        most = self.transpose
        shift = tf.random.stateless_uniform(size, seed, -most, most + 1, tf.int32)
        shift = tf.clip_by_value(shift, tf.minimum(1 - lowest, 0), self._row - 1 - highest)
        return tf.where(sounds, ids + shift[:, None], ids)

    # === Decoding ===

    def decode(self, values):
        """Ids `[batch, time]` (padding and unknown ones are left out) to a list of `Melody`."""
        known = [[i for i in np.asarray(row).tolist() if self._is_note(i)] for row in values]
        return [Melody(notation.spell_melody(map(self._note, row))) for row in known]

    def _is_note(self, index):
        return (index >= 2) & (index < self.vocabulary_size)

    def _note(self, index):
        """The pair of pitch, or None for a rest, and beats that an id stands for."""
        duration, pitch = divmod(index - 2, self._row)
        beats = fractions.Fraction(self.durations[duration], self.steps_per_beat)
        return self.range[0] + pitch - 1 if pitch else None, beats

    def decode_graph(self, outputs):
        """Melodies of ids `[batch, time]` as TensorFlow operations, for export."""
        names = ["", ""] + [
            notation.spell_melody([self._note(index)]) for index in range(2, self.vocabulary_size)
        ]
        words = tf.gather(tf.constant(names), tf.where(self._is_note(outputs), outputs, 0))
        text = tf.strings.reduce_join(words, axis=1, separator=" ")
        return {"text": tf.strings.strip(tf.strings.regex_replace(text, " +", " "))}

    # === Checks ===

    def check(self, values, encoded):
        numbers, steps, words = self._parts(values)
        bad = ((numbers < 0) | (steps == 0)).numpy()
        if bad.any() or (np.diff(words.row_splits.numpy()) == 0).any():
            for index, text in enumerate(values.numpy().tolist()):
                try:
                    if not notation.parse_melody(text.decode("utf-8", "replace")):
                        raise ValueError("it has no notes") from None
                except ValueError as error:
                    if encoded is None and not text.strip():
                        continue  # an empty beginning
                    raise ValueError(f"Notes cannot take melody {index}: {error}") from None
        if encoded is None:
            return
        if not self.adapted:
            return
        found = steps.numpy()[~bad]
        other = int((~np.isin(found, self.durations)).sum())
        if other:
            warnings.warn(
                f"{other:,} of {len(found):,} notes have a duration that training does not have, "
                "and are rounded to the nearest that it has.",
                stacklevel=4,
            )

    def resources(self):
        return [self._numbers]


_OCTAVES = tuple(range(-1, 10))
# Digits that a float of 64 bits can hold.
_FORM = r"[A-Ga-gRr][#b]{0,2}(-?\d)?:(\d{1,9}(/\d{1,9})?|\d{0,9}\.\d{1,9})"


def _number(name):
    try:
        number = notation.pitch_number(name)
    except ValueError:
        return None
    return number or None  # the pitch 0 stands for a rest


def _cut(words, mark):
    """What is before and after a mark; `1` where there is none."""
    before = tf.strings.regex_replace(words, f"{mark}.*", "")
    there = tf.strings.regex_full_match(words, f".*{mark}.*")
    after = tf.where(there, tf.strings.regex_replace(words, f".*{mark}", ""), "1")
    return before, after
