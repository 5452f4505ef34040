"""One-to-many for music: from a style, and perhaps the first notes, to a piece."""

import os
import warnings

import keras
import numpy as np
import tensorflow as tf

from rnnkit import metrics
from rnnkit.data.pipeline.encoded import Encoded, Streamed, as_written
from rnnkit.data.pipeline.excerpts import excerpts
from rnnkit.formats import midi
from rnnkit.models.base import Model
from rnnkit.models.compiled import compiled
from rnnkit.models.generating.decoder import Source
from rnnkit.models.one_to_many import OneToMany

# Steps read again before a part of a long piece; steps scored in one call.
CONTEXT = 32
CHUNK = 256


@keras.saving.register_keras_serializable(package="rnnkit")
class Composer(OneToMany):
    """A style → music: melodies note by note, or polyphonic music step by step.

    As `OneToMany`, with `Notes` or `PianoRoll` as output. With `Notes` a token is a note. With
    `PianoRoll` each step is which of 88 keys are down: the recurrent layers say what is likely
    after the steps before, and an output layer chooses the keys of the step one after the other,
    each given those already chosen (`rnnkit.layers.JointBinary`), so that chords are learned, and
    the likelihood of a step is exact.

    In training each piece is moved up or down at random as the output feature says (its
    `transpose`), and a roll longer than `sequence_length` steps is learned in parts of that
    length, each of which but the first begins with 32 steps that are only read. Pieces are scored
    whole, in chunks with the states carried on.

    Args:
        input_feature: Adapted `Style`, `Label` or `Number`.
        output_feature: Adapted `Notes` or `PianoRoll`.
        cell, units, num_layers, embedding_size, dropout, recurrent_dropout: As in `OneToMany`.
        tied_output, token_dropout, label_smoothing, beam_size, length_penalty: Of melodies, as in
            `OneToMany`.
        sequence_length: Steps of a part of a roll.
        sample: Whether `infer` draws at random unless it is told otherwise.
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
        if not output_feature.music:
            raise ValueError(
                "output_feature must be of music: Notes or PianoRoll. "
                f"Received: {type(output_feature).__name__}"
            )
        if input_feature is None:
            raise ValueError("input_feature must be a style, such as Style(). Received: None")
        super().__init__(
            input_feature,
            output_feature,
            cell=cell,
            units=units,
            num_layers=num_layers,
            embedding_size=embedding_size,
            tied_output=tied_output,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            token_dropout=token_dropout,
            label_smoothing=label_smoothing,
            sequence_length=sequence_length,
            sample=sample,
            beam_size=beam_size,
            length_penalty=length_penalty,
            seed=seed,
            name=name,
        )

    @property
    def _steps(self):
        """Whether the targets are steps of keys."""
        return self.decoder.surface.draws

    # === Data ===

    def _batches(self, data, batch_size, shuffle=False, seed=None):
        if shuffle:
            if self._steps and isinstance(data, Encoded):
                data = excerpts(data, self.sequence_length, CONTEXT)
            data = _Varied(data, self.output_feature)
        return super()._batches(data, batch_size, shuffle, seed)

    # === Decoding ===

    def begin(self, source):
        if not (self._steps and isinstance(source, (tuple, list))):
            return super().begin(source)
        style, first = source
        return self.decoder.surface.prompted(self.decoder, first, super().begin(style))

    def infer(
        self, x, batch_size=None, *, prompt=None, save=None, details=False, verbose=0, **options
    ):
        """From a style, or several, to music.

        Args:
            x: A style, or a list of them, or a dataset.
            batch_size: Pieces at a time.
            prompt: How the pieces begin: one melody (or steps of keys), or a list with one for
                each. What is given back goes on after it.
            save: Path of a MIDI file to write the piece to, its beginning included; of several
                pieces `name-1.mid`, `name-2.mid`, ...
            details: Whether to give a dict for each piece: `text` (the piece), `finished`, and of
                melodies also `score`, `log_probability` and `tokens`.
            verbose: 1 shows progress.
            sample: Whether notes are drawn at random; by default the model's own.
            temperature: Of drawing: below 1 the likely becomes likelier.
            seed: Integer that fixes what is drawn.
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
        if details and self._steps:
            for each in [results] if isinstance(results, dict) else results:
                each["text"] = each.pop("values")
        if save is not None:
            self._save(results, prompt, os.fspath(save))
        return results

    def _save(self, results, prompt, path):
        """Writes pieces, with how they begin, to MIDI files."""
        several = isinstance(results, list)
        stem, ending = os.path.splitext(path)
        for place, each in enumerate(results if several else [results]):
            best = each[0] if isinstance(each, list) else each  # of several outputs
            piece = best["text"] if isinstance(best, dict) else best
            if prompt is not None:
                one = isinstance(prompt, (str, bytes)) or np.ndim(prompt) == 2
                begun = prompt if one else prompt[place]
                begun = begun.decode() if isinstance(begun, bytes) else begun
                steps = getattr(piece, "steps_per_beat", None)
                kind = type(piece)
                begun = kind(begun) if steps is None else kind(begun, steps)
                whole = f"{begun} {piece}"
                piece = kind(whole) if steps is None else kind(whole, steps)
            piece.save(f"{stem}-{place + 1}{ending}" if several and len(results) > 1 else path)

    def _prompted(self, x, prompt):
        if prompt is None or not self._steps:
            return super()._prompted(x, prompt)
        data, feature = self.prepare(x, targets=False), self.output_feature
        one = isinstance(prompt, (str, bytes)) or np.ndim(prompt) == 2
        steps = feature.encode(feature.to_tensor([prompt] * len(data) if one else prompt))
        if steps.nrows() != len(data):
            raise ValueError(
                "prompt must be one, or as many as there are inputs. Received: "
                f"{int(steps.nrows()):,} prompts for {len(data):,} inputs"
            )
        return Encoded(((data.tensors[0], steps),), (feature.padding,))

    # === Scores ===

    def score(self, x, y=None, batch_size=None, verbose=0, **options):
        """Scores of the true music, and of music written for the same styles.

        `nats` and `perplexity` (see `rnnkit.metrics.likelihood`) are of the true pieces: of
        melodies a note, their ends included; of rolls a step, its 88 keys together, the first step
        of each piece included and the ends left out. Those of `rnnkit.metrics.music` are of one
        piece written for each example.

        Args:
            x: Raw data as in `fit`.
            y: Raw targets, if `x` is not a dataset.
            batch_size: Examples at a time.
            verbose: 1 shows progress.
            **options: Of decoding, as in `infer`; the seed is 0 unless given.
        """
        names = self.score_names or ["nats", "perplexity", *metrics.SCORES["music"]]
        data = self._held(x, y)
        likely = [name for name in names if name in metrics.SCORES["likelihood"]]
        found = {}
        if likely:
            values = self.log_likelihood(data, batch_size=batch_size, verbose=verbose)
            units = int(data.tensors[1].row_lengths().numpy().sum())
            nll = -float(values.sum())
            found = metrics.compute("likelihood", nll, tokens=units, units=units, names=likely)
        others = [name for name in names if name not in metrics.SCORES["likelihood"]]
        if others:
            data = Encoded((data.tensors[0],), (0,))
            options = {"seed": 0, **options} if options.get("sample", self.sample) else options
            with warnings.catch_warnings():  # pieces that are cut are scored as they are
                warnings.filterwarnings("ignore", message=".*did not end within")
                pieces = self.infer(data, batch_size, verbose=verbose, **options)
            pitches, durations = self.output_feature.histograms()
            found |= metrics.compute(
                "music",
                [piece.notes for piece in pieces],
                pitches=pitches,
                durations=durations,
                names=others,
            )
        return {name: found[name] for name in names}

    def _held(self, x, y):
        data = self.prepare(x, y)
        if isinstance(data, Streamed):
            raise ValueError(
                "score needs data that ends and fits in memory: pass a part of it, such as "
                "`data.take(100_000)`. Received: a dataset that is endless or too large"
            )
        return data

    def log_likelihood(self, x, y=None, batch_size=None, verbose=0):
        """As `OneToMany.log_likelihood`; of rolls that of the keys alone, without the end."""
        if not self._steps:
            return super().log_likelihood(x, y, batch_size, verbose)
        data, size = self._held(x, y), self._batch_size(batch_size)
        run = self.__dict__.setdefault("_compiled_decoding", {}).setdefault("steps", _run(self))
        batches, found = Model._batches(self, data, size), []
        progress = keras.utils.Progbar(int(batches.cardinality())) if verbose in (1, 2) else None
        for step, (style, target, *_) in enumerate(batches):
            source = self.begin(style)
            states = source.states or self.decoder.zero_states(tf.shape(target)[0])
            before, total = self.decoder.surface.before(target), 0.0
            for first in range(0, int(tf.shape(target)[1]), CHUNK):
                part = slice(first, first + CHUNK)
                values, states = run(before[:, part], target[:, part], list(states), source.given)
                total += values.numpy().astype("float64")
            found.append(total)
            if progress:
                progress.update(step + 1)
        return data.restored(np.concatenate(found), size)


def _run(model):
    """Log-probability of the keys of a chunk `[batch]`, and the states after it."""

    @compiled
    def run(before, target, states, given):
        logits, last = model.decoder.whole(before, Source(states or None, given=given))
        logits, truth = logits[..., :-1], tf.cast(target[..., :-1], tf.float32)
        nats = tf.nn.sigmoid_cross_entropy_with_logits(tf.maximum(truth, 0.0), logits)
        nats = tf.where(truth < 0, 0.0, nats)
        return -tf.reduce_sum(nats, axis=[1, 2]), last

    return run


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
