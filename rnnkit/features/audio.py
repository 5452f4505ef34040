"""The feature for sound: wav bytes as a log-mel spectrogram."""

import collections
import functools
import warnings

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features import spectra
from rnnkit.features.base import Feature
from rnnkit.features.conversion import (
    asserted,
    rank_of,
    read_each,
    refuse_single,
    shape_of_numbers,
    without_axes,
)
from rnnkit.features.moments import Moments, inverse
from rnnkit.formats import wav
from rnnkit.utils.checks import integer, number, one_of

# Speech has little above 8 kHz, which is half of this.
HIGHEST_RATE = 16_000
UNREADABLE = "Audio cannot read clip"
# Columns of an array that are channels of one clip; no clip has as few samples.
MOST_CHANNELS = 8
MOST_SAMPLES = 2**20  # from one window to the next
NORMALIZE = ("global", "utterance", None)
# Fraction of samples at full scale from which a clip counts as clipped.
CLIPPED = 0.01


@keras.saving.register_keras_serializable(package="rnnkit")
class Audio(Feature):
    """Sound as a sequence of log-mel spectra.

    Raw audio is a scalar string: the bytes of a 16-bit wav file. The samples x between -1 and 1
    are cut into windows of 25 ms every 10 ms; of each the power spectrum P(f) = |FFT(hann x)|^2 is
    summed under triangles M_c(f) that are equally wide on the mel scale, and the logarithm taken:

        mel(f) = 1127 ln(1 + f / 700)                            (f in Hz)
        S_c    = ln(max(sum_f M_c(f) P(f), 1e-8))                c = 1..mels

    The floor is about the power that rounding to 16 bits leaves in a bin. With `normalize="global"`
    each channel is then standardised by its mean and standard deviation over the training data: a
    short clip, such as one word, keeps its spectrum whole, which its own mean would take away. With
    `"utterance"` that mean is taken off first, and with it microphone, room and loudness: better
    for long clips of many origins.

    - Several channels are averaged to one. A clip at another sampling rate is converted.
    - Samples after the last whole window are left out. A clip shorter than a window is filled with
      zeros to one window, so every clip has at least one step.
    - `check` warns of silent, too short, clipped (1 % of the samples at full scale), several-
      channelled and too coarsely sampled clips, and refuses bytes that are no wav file.

    Args:
        sampling_rate: Samples a second the spectra are made at; by default `adapt` takes that of
            most training clips, at most 16,000.
        window: Length of a window, in seconds.
        hop: Time from one window to the next, in seconds.
        mels: Channels of the spectrogram.
        low: Lower edge of the lowest channel, in Hz.
        high: Upper edge of the highest channel, in Hz; by default half the sampling rate.
        stack: Spectra that are joined to one step: 2 halves the steps and doubles their width. A
            last step is filled by repeating the last spectrum.
        normalize: `"global"`, `"utterance"` or None.
        max_seconds: Longest clip, in seconds, or None. Longer ones are cut at their end (a warning
            says how many).
        mean: Learned mean of each channel, list of floats.
        deviation: Learned standard deviation of each channel, list of floats.

    Attributes:
        width: Numbers in an encoded step: `mels * stack`.
        max_length: Longest encoded sequence, in steps, or None.
        step: Time from one step to the next, in seconds.

    Raises:
        ValueError: For settings that do not fit together; from `to_tensor`, `adapt` and `check`
            for bytes that are no wav file.

    Example:

    >>> tone = np.sin(2 * np.pi * 600 * np.arange(8000) / 8000)
    >>> audio = Audio(sampling_rate=8000, mels=40).adapt([tone, 0.1 * tone])
    >>> audio.encode(audio.to_tensor([tone])).shape
    TensorShape([1, None, 40])

    Reference: Davis & Mermelstein (1980), Comparison of parametric representations for
    monosyllabic word recognition, IEEE Trans. ASSP 28; stacking: Sak et al. (2015), Fast and
    accurate recurrent neural network acoustic models for speech recognition, section 2.
    """

    sequence = True
    padding = float("nan")
    learned = ("mean", "deviation")
    adjustable = ("max_seconds",)

    def __init__(
        self,
        sampling_rate=None,
        window=0.025,
        hop=0.010,
        mels=40,
        low=60.0,
        high=None,
        stack=1,
        normalize="global",
        max_seconds=None,
        mean=None,
        deviation=None,
    ):
        self.sampling_rate = integer(sampling_rate, "sampling_rate", optional=True)
        self.window = number(window, "window", above=0)
        self.hop = number(hop, "hop", above=0)
        self.mels = integer(mels, "mels")
        self.low = float(low)
        self.high = None if high is None else float(high)
        self.stack = integer(stack, "stack")
        self.normalize = one_of(normalize, "normalize", NORMALIZE)
        self.max_seconds = number(max_seconds, "max_seconds", above=0, optional=True)
        self.mean = mean
        self.deviation = deviation
        self._compiled = None
        if self.sampling_rate is not None:
            self._check_settings()

    # === Sizes ===

    @property
    def width(self):
        return self.mels * self.stack

    @property
    def step(self):
        return self.hop * self.stack

    @property
    def max_length(self):
        if self.max_seconds is None:
            return None
        frames = 1 + int(max(self.max_seconds - self.window, 0) / self.hop + 1e-6)
        return -(-frames // self.stack)

    @property
    def window_samples(self):
        """Samples in a window."""
        return round(self.window * self.sampling_rate)

    @property
    def hop_samples(self):
        """Samples from one window to the next."""
        return round(self.hop * self.sampling_rate)

    @property
    def fft_size(self):
        """Points of the Fourier transform: the power of two that a window fits in."""
        return 1 << max(self.window_samples - 1, 1).bit_length()

    @property
    def adapted(self):
        return self.sampling_rate is not None and (self.normalize is None or self.mean is not None)

    def _check_settings(self):
        rate, high = self.sampling_rate, self.high or self.sampling_rate / 2
        if not 0 <= self.low < high <= rate / 2:
            raise ValueError(
                f"low and high must rise from 0 to half the sampling rate, {rate / 2:g} Hz. "
                f"Received: low={self.low:g}, high={high:g}"
            )
        if self.window_samples < 2 or not 1 <= self.hop_samples <= MOST_SAMPLES:
            raise ValueError(
                f"window and hop must hold samples at {rate} Hz, hop {MOST_SAMPLES:,} at most. "
                f"Received: window={self.window}, hop={self.hop}"
            )
        empty = np.flatnonzero(~(self.mel_weights() > 0).any(axis=0))
        if len(empty):
            raise ValueError(
                f"mels must be fewer, or window longer: {len(empty)} of the channels lie between "
                f"two frequencies of the transform, {rate / self.fft_size:g} Hz apart. "
                f"Received: mels={self.mels}, window={self.window}"
            )

    def mel_weights(self):
        """The triangles, NumPy `[fft_size / 2 + 1, mels]`, on the scale 1127 ln(1 + f / 700)."""
        high = self.high or self.sampling_rate / 2
        bins = self.fft_size // 2 + 1
        with tf.init_scope():  # numbers, in a graph too
            return tf.signal.linear_to_mel_weight_matrix(
                self.mels, bins, self.sampling_rate, self.low, high
            ).numpy()

    # === Learning ===

    def adapt(self, data):
        """Learns the sampling rate, if it is not given, and each channel's mean and deviation.

        Args:
            data: Raw audio in any form; see `to_tensor`. Or a `tf.data.Dataset` of wav bytes.

        Returns:
            The feature itself.
        """
        if self.sampling_rate is None:
            self.sampling_rate = self._most_frequent_rate(data)
            self._check_settings()
        if self.normalize is None:
            return self
        self.mean = self.deviation = None
        moments = Moments()
        for values in self.batches(data):
            encoded = self._spectra(values)
            self.check(values, encoded, warn=False)
            moments.add(encoded.flat_values.numpy())  # [frames, mels]
        if not moments.count:
            raise ValueError("Audio.adapt needs at least one clip. Received: none")
        mean, deviation = moments.found()
        self.mean = mean.tolist()
        # A channel that hardly changes, less than 0.1 nepers, says nothing: it is only centred.
        self.deviation = np.where(deviation < 0.1, 1.0, deviation).tolist()
        return self

    def _most_frequent_rate(self, data):
        counts = collections.Counter(
            rate
            for values in self.batches(data)
            for _, rate in read_each(values.numpy(), wav.read, UNREADABLE)
        )
        if not counts:
            raise ValueError("Audio.adapt needs at least one clip. Received: none")
        return min(max(counts, key=lambda rate: (counts[rate], -rate)), HIGHEST_RATE)

    # === Encoding ===

    def to_tensor(self, values):
        """Converts clips in any form to a batch of wav bytes.

        Args:
            values: List of clips: bytes or paths of files (wav of 8 to 32 bits or floats, FLAC,
                Ogg, MP3), arrays `[samples]` or `[samples, channels]` at the feature's own rate,
                or pairs `(samples, rate)`. Or one clip; see `holds_one`. Floats are samples
                between -1 and 1.

        Returns:
            String tensor `[batch]`.

        Raises:
            ValueError: For what cannot be read; the message names its position.
        """
        if isinstance(values, tf.Tensor):
            if values.dtype == tf.string:
                return values
            values = values.numpy()
        refuse_single(values, "Audio", "clips", "clip")
        values = [values] if self.holds_one(values) else values

        def read(value):
            value = value.numpy() if isinstance(value, tf.Tensor) else value
            return wav.to_wav(value, self.sampling_rate)

        clips = read_each(values, read, UNREADABLE)
        return tf.constant(clips, tf.string, shape=(len(clips),))

    def holds_one(self, values):
        """Whether values are one clip: bytes, a path, a pair `(samples, rate)`, an array or a list
        of numbers `[samples]`, or an array `[samples, channels]` of at most 8 channels. An array of
        more columns is clips `[clips, samples]`.

        Raises:
            ValueError: For a list of short lists, which may be either.
        """
        if without_axes(values):
            return True
        if isinstance(values, tuple) and len(values) == 2 and rank_of(values[1]) == 0:
            return rank_of(values[0]) > 0
        shape = shape_of_numbers(values)
        if shape is None or len(shape) != 2 or shape[1] > MOST_CHANNELS:
            return shape is not None and len(shape) == 1
        if isinstance(values, (list, tuple)):
            raise ValueError(
                f"Audio does not know whether a list of {shape[0]:,} lists of {shape[1]} numbers "
                "is the samples of one clip or as many clips. For one clip of several channels "
                "pass an array [samples, channels]; for clips a list of arrays"
            )
        return True

    def encode(self, values, truncate=True):
        """Wav bytes `[batch]` to float32 `[batch, (time), width]`, at least one step each.

        Bytes that are no wav file become one step of NaN, which `check` and `guard` refuse.
        """
        encoded = self._standardised(self._spectra(values))
        return self.truncate(encoded) if truncate else encoded

    def _standardised(self, encoded):
        """Spectra as they are to what the network reads, both ragged `[batch, (steps), ...]`."""
        if self.normalize == "utterance":
            means = tf.reduce_mean(encoded, axis=1)  # [batch, mels]
            rows = encoded.flat_values - tf.gather(means, encoded.value_rowids())
            encoded = encoded.with_flat_values(rows * inverse(self.deviation))
        elif self.normalize == "global":
            rows = encoded.flat_values - np.array(self.mean, "float32")
            encoded = encoded.with_flat_values(rows * inverse(self.deviation))
        return encoded if self.stack == 1 else spectra.stacked(encoded, self.stack)

    def _spectra(self, values):
        """Wav bytes `[batch]` to spectra as they are, ragged `[batch, (frames), mels]`."""
        if tf.executing_eagerly():  # a compiled loop over the clips is ten times faster
            if self._compiled is None:
                signature = [tf.TensorSpec([None], tf.string)]
                self._compiled = tf.function(self._spectra, signature, autograph=False)
            return self._compiled(values)
        return self._each(lambda clip: spectra.samples_of(clip, self.sampling_rate), values)

    def _each(self, read, values):
        """As `_spectra`, in a graph, of a batch from which `read` gives the samples of a clip and
        whether they could be read."""
        shape = (self.window_samples, self.hop_samples, self.fft_size)
        weights = tf.constant(self.mel_weights())  # [bins, mels]

        def frames(clip):
            samples, readable = read(clip)
            rows = spectra.log_mel(samples, *shape, weights)  # [frames, mels]
            return tf.where(readable, rows, np.float32("nan"))

        spec = tf.RaggedTensorSpec([None, self.mels], tf.float32, ragged_rank=0)
        return tf.map_fn(frames, values, fn_output_signature=spec)

    # === In exported models ===

    @property
    def served(self):
        samples, files = tf.TensorSpec([None], tf.float32), tf.TensorSpec([], tf.string)
        return {"serve": samples, "serve_wav": files}

    def encode_served(self, values, truncate=True):
        """Samples `[batch, (samples)]`, or wav files `[batch]`, as `encode`."""
        if values.dtype == tf.string:
            read = functools.partial(spectra.samples_of_file, rate=self.sampling_rate)
        else:
            read = spectra.samples_of_floats
        encoded = self._standardised(self._each(lambda clip: (read(clip), True), values))
        return self.truncate(encoded) if truncate else encoded

    # === To look at ===

    def spectrogram(self, clip):
        """The spectra of one clip, before they are standardised and stacked, to draw them.

        Args:
            clip: One clip in any form that `to_tensor` takes in a list.

        Returns:
            The pair of NumPy arrays `[frames, mels]`, natural logarithms of power, and
            `[mels + 1]`: frequencies in Hz that bound the channels, halfway (on the mel scale)
            between their middles.
        """
        values = self.to_tensor([clip])
        encoded = self._spectra(values)
        self.check(values, encoded, warn=False)
        ends = 1127 * np.log1p(np.array([self.low, self.high or self.sampling_rate / 2]) / 700)
        gap = (ends[1] - ends[0]) / (self.mels + 1)
        edges = ends[0] + gap * (0.5 + np.arange(self.mels + 1))
        return encoded.flat_values.numpy(), 700 * np.expm1(edges / 1127)

    def decode(self, values):
        raise ValueError(
            "A spectrogram cannot be turned back into sound: Audio is for inputs alone. "
            f"Received: outputs of shape {np.shape(values)}"
        )

    # === Checks ===

    def check(self, values, encoded, warn=True):
        """Refuses what is no wav file, and warns of clips without much sound."""
        clips = tf.convert_to_tensor(values).numpy()
        found = collections.defaultdict(list)
        bad = tf.math.is_nan(encoded.flat_values[:, 0]).numpy()
        if bad.any():
            rows = np.unique(encoded.value_rowids().numpy()[bad])
            try:
                wav.mono(*wav.read(clips[rows[0]]), self.sampling_rate)
            except ValueError as error:
                raise ValueError(
                    f"{len(rows)} of {len(clips)} clips cannot be read, the first at position "
                    f"{rows[0]}: {error}"
                ) from None
        if not warn:
            return
        for index, clip in enumerate(clips):
            samples, rate = wav.read(clip)
            if samples.shape[1] > 1:
                found["have several channels, which are averaged"].append(index)
            signal = wav.mono(samples)
            if rate < self.sampling_rate:
                found[
                    f"are sampled more coarsely than at {self.sampling_rate} Hz, so that their "
                    "upper channels are empty"
                ].append(index)
            if len(signal) * self.sampling_rate < self.window_samples * rate:
                found[f"are shorter than a window of {self.window:g} s"].append(index)
            elif not signal.any():
                found["are silent"].append(index)
            limit = wav.FULL_SCALE - 1
            if len(signal) and ((samples >= limit) | (samples <= -limit)).mean() >= CLIPPED:
                found["are clipped (many samples at full scale)"].append(index)
        for what, which in found.items():
            warnings.warn(
                f"{len(which)} of {len(clips)} clips {what}; the first is at position {which[0]}",
                stacklevel=2,
            )

    def guard(self, encoded):
        rows = encoded.flat_values if isinstance(encoded, tf.RaggedTensor) else encoded
        return asserted(encoded, ~tf.math.is_nan(rows), "The data holds clips that are no wav file")
