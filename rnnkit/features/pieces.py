"""What features of music share: how often each pitch and each duration occurs."""

import collections

from rnnkit.features.base import Feature
from rnnkit.utils.checks import integer


class Pieces(Feature):
    """Pieces of music; see `Notes` and `PianoRoll`.

    A feature defines `occurrences`.
    """

    sequence = True
    music = True
    learned = ("pitches", "lengths")
    adjustable = ("max_length",)

    def __init__(self, steps_per_beat, transpose, max_length, pitches, lengths):
        self.steps_per_beat = steps_per_beat
        self.transpose = integer(transpose, "transpose", least=0)
        self.max_length = integer(max_length, "max_length", optional=True)
        self.pitches = _fractions(pitches)
        self.lengths = _fractions(lengths)

    def occurrences(self, values):
        """The notes that sound in a batch of raw pieces, as `adapt` counts them.

        Returns:
            The pair of an iterable of their pitches, and one of their durations in steps.
        """
        raise NotImplementedError(f"{type(self).__name__} must define occurrences()")

    def adapt(self, data):
        """Learns how often each pitch and each duration occurs.

        Args:
            data: Raw pieces in any form, or a `tf.data.Dataset` of them.

        Returns:
            The feature itself.
        """
        pitches, lengths = collections.Counter(), collections.Counter()
        for values in self.batches(data):
            self.check(values, None)
            for counter, found in zip((pitches, lengths), self.occurrences(values), strict=True):
                counter.update(found)
        total = sum(pitches.values())
        if not total:
            raise ValueError(
                f"{type(self).__name__}.adapt needs at least one note that sounds. Received: none"
            )
        self.pitches = {pitch: count / total for pitch, count in sorted(pitches.items())}
        self.lengths = {step: count / total for step, count in sorted(lengths.items())}
        return self

    def histograms(self):
        """How often pitches and durations (in beats) occur in training, as fractions of 1."""
        beats = {step / self.steps_per_beat: each for step, each in self.lengths.items()}
        return dict(self.pitches), beats


def _fractions(counts):
    """A dict whose keys may be strings, as JSON has them, with whole numbers as keys."""
    return None if counts is None else {int(key): float(each) for key, each in counts.items()}
