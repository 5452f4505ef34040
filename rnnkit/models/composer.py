"""One-to-many for music: from a style, and perhaps the first notes, to a piece."""

import os
import warnings

import keras
import numpy as np
import tensorflow as tf

from rnnkit import metrics
from rnnkit.data.pipeline.encoded import Encoded, as_written, in_memory
from rnnkit.data.pipeline.excerpts import excerpts
from rnnkit.features import Feature
from rnnkit.features.music import Roll
from rnnkit.formats import midi
from rnnkit.models.inputs.single import vector
from rnnkit.models.one_to_many import Conditional
from rnnkit.models.outputs import check_features
from rnnkit.utils.checks import integer
from rnnkit.utils.config import given

# Steps read again before a part of a long piece.
CONTEXT = 32


@keras.saving.register_keras_serializable(package="rnnkit")
class Composer(Conditional):
    """A style → music: melodies note by note, or polyphonic music step by step.

    With `Notes` as output a token is a note. With `PianoRoll` each step is which of 88 keys are
    down: the recurrent layers say what is likely after the steps before, and the head chooses the
    keys of the step one after the other, each given those already chosen
    (`rnnkit.layers.JointBinary`), so that chords are learned, and a step's likelihood is exact.

    In training each piece is moved up or down at random as the output feature says (its
    `transpose`), and a roll longer than `sequence_length` steps is learned in parts of that
    length, each of which but the first begins with 32 steps that are only read. Pieces are scored
    whole, in chunks with the states carried on.

    Args:
        input_feature: Adapted `Style`, `Label` or `Number`.
        output_feature: Adapted `Notes` or `PianoRoll`.
        cell, units, num_layers, embedding_size, dropout, recurrent_dropout: As in `Captioner`.
        tied_output, token_dropout, label_smoothing, beam_size, length_penalty: As in `Captioner`.
            They are of melodies.
        sequence_length: Steps of a part of a roll.
        sample: Whether `infer` samples unless it is told otherwise.
        seed: Integer that fixes weights, dropout, shuffling and transposition, or None.
        name: Name of the model.

    Example:

    >>> style, notes = Style().adapt(styles), Notes().adapt(melodies)
    >>> model = rnnkit.models.Composer(style, notes, units=256)
    >>> model.fit(styles, melodies, epochs=20)
    >>> model.infer("march", seed=1).save("march.mid")

    Reference:
        Boulanger-Lewandowski et al. 2012, "Modeling temporal dependencies in high-dimensional
        sequences: application to polyphonic music generation and transcription",
        https://arxiv.org/abs/1206.6392.
    """

    def __init__(
        self,
        input_feature,
        output_feature,
        cell="lstm",
        units=256,
        num_layers=1,
        embedding_size=128,
        tied_output=True,
        dropout=0.0,
        recurrent_dropout=0.0,
        token_dropout=0.0,
        label_smoothing=0.0,
        sequence_length=128,
        sample=True,
        beam_size=1,
        length_penalty=1.0,
        seed=None,
        name=None,
    ):
        arguments = given(locals())
        if input_feature is None:
            raise ValueError("input_feature must be a style, such as Style(). Received: None")
        check_features(input_feature, output_feature, Feature)
        if not output_feature.music:
            raise ValueError(
                "output_feature must be of music: Notes or PianoRoll. "
                f"Received: {type(output_feature).__name__}"
            )
        integer(sequence_length, "sequence_length")
        super().__init__(lambda seeds: vector(input_feature, embedding_size, seeds), **arguments)

    # === Data ===

    def _batches(self, data, batch_size, shuffle=False, seed=None):
        if shuffle:
            if self.output_feature.keys is not None and isinstance(data, Encoded):
                data = excerpts(data, self.sequence_length, CONTEXT)
            data = _Varied(data, self.output_feature)
        return super()._batches(data, batch_size, shuffle, seed)

    # === Decoding ===

    def infer(
        self, x, batch_size=None, *, prompt=None, save=None, details=False, verbose=0, **options
    ):
        """From a style, or several, to music.

        Args:
            x: A style, or a list of them, or a dataset.
            batch_size: Pieces at a time.
            prompt: How the pieces begin: one melody (or steps of keys), or a list with one for
                each. What is given back goes on after it.
            save: Path of a MIDI file for the piece, its beginning included; of several pieces
                `name-1.mid`, `name-2.mid`, ...
            details: Whether to give a dict for each piece: `text` (the piece), `finished`, and of
                melodies also `score`, `log_probability` and `tokens`.
            verbose: 1 shows progress.
            sample: Whether notes are sampled; by default the model's own.
            temperature: Of sampling: below 1 the likely becomes likelier.
            seed: Integer that fixes what is sampled.
            max_length: Notes, or steps, at most; by default somewhat more than in training.
            **options: Of melodies also `top_k`, `top_p`, `beam_size`, `n_best`.

        Returns:
            `rnnkit.features.Melody` or `Roll`, a text that can be saved, heard and looked at; a
            list of them where `x` is several.

        Example:

        >>> model.infer("march", prompt="G4:1 C5:1", temperature=0.8, seed=1)
        """
        if save is not None and not os.fspath(save).lower().endswith(midi.SUFFIXES):
            raise ValueError(f"save must end in '.mid' or '.midi'. Received: save={save!r}")
        options = {"prompt": prompt, "details": details, "verbose": verbose, **options}
        results = super().infer(x, batch_size, **options)
        if save is not None:
            _save(results, prompt, os.fspath(save))
        return results

    # === Scores ===

    default_scores = ("nats", "perplexity", *metrics.SCORES["music"])

    def score(self, x, y=None, batch_size=None, verbose=0, **options):
        """Scores of the true music, and of music generated for the same styles.

        `nats` and `perplexity` (see `rnnkit.metrics.likelihood`) are of the true pieces: of
        melodies a note, their ends included; of rolls a step, its 88 keys together, the first step
        of each piece included and the ends left out. Those of `rnnkit.metrics.music` are of one
        piece generated for each example.

        Args:
            x: Raw data as in `fit`.
            y: Raw targets, if `x` is not a dataset.
            batch_size: Examples at a time.
            verbose: 1 shows progress.
            **options: Of decoding, as in `infer`; the seed is 0 unless given.
        """
        return super().score(in_memory(self.prepare(x, y)), None, batch_size, verbose, **options)

    def _score_generated(self, x, y, names, batch_size, verbose, **options):
        data = Encoded((x.tensors[0],), (0,))
        options = {"seed": 0, **options} if options.get("sample", self.sample) else options
        with warnings.catch_warnings():  # pieces that are cut are scored as they are
            warnings.filterwarnings("ignore", message=".*did not end within")
            pieces = self.infer(data, batch_size, verbose=verbose, **options)
        pitches, durations = self.output_feature.histograms()
        notes = [piece.notes for piece in pieces]
        return metrics.compute("music", notes, pitches=pitches, durations=durations, names=names)


def _save(results, prompt, path):
    """Saves pieces, with how they begin, as MIDI files."""
    several = isinstance(results, list)
    stem, ending = os.path.splitext(path)
    for index, each in enumerate(results if several else [results]):
        best = each[0] if isinstance(each, list) else each  # of several outputs
        piece = best["text"] if isinstance(best, dict) else best
        if prompt is not None:
            one = isinstance(prompt, (str, bytes)) or np.ndim(prompt) == 2
            begun = prompt if one else prompt[index]
            begun = begun.decode() if isinstance(begun, bytes) else begun
            steps = (piece.steps_per_beat,) if isinstance(piece, Roll) else ()
            kind = type(piece)
            piece = kind(f"{kind(begun, *steps)} {piece}", *steps)
        piece.save(f"{stem}-{index + 1}{ending}" if several and len(results) > 1 else path)


class _Varied:
    """Encoded data whose batches have their targets varied by the feature of the outputs."""

    def __init__(self, data, feature):
        self.data = data
        self.feature = feature

    def batches(self, batch_size, shuffle=False, seed=None, multiple=1):
        batches = self.data.batches(batch_size, shuffle, seed, multiple)
        if not self.feature.transpose:
            return batches
        size = batches.cardinality()
        numbers = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True).batch(2)

        @as_written
        def vary(batch, numbers):
            source, target, *weight = batch
            return source, self.feature.augment(target, tf.cast(numbers, tf.int32)), *weight

        both = tf.data.Dataset.zip((batches, numbers))
        varied = both.map(vary, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        return varied.apply(tf.data.experimental.assert_cardinality(size))
