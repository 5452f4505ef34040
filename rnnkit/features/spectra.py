"""From wav bytes to log-mel spectra, as TensorFlow operations on one clip at a time."""

import functools

import numpy as np
import tensorflow as tf

from rnnkit.formats import wav

# About the power that rounding to 16 bits leaves in one bin: 2^-30 / 12 times the sum of the
# squared window, which is 75 for 25 ms at 8 kHz. Below it there is no sound to be told.
FLOOR = 1e-8


def samples_of(clip, rate):
    """The samples of one clip.

    A mono file at the wanted rate, as `wav.write` makes it, is read in the graph; anything else in
    Python.

    Args:
        clip: Scalar string, wav bytes.
        rate: Sampling rate that is wanted.

    Returns:
        int16 `[samples]`, and whether the clip could be read; without samples if not.
    """
    ours = np.frombuffer(wav.write(np.zeros(0, "int16"), rate), "uint8")
    fixed = np.r_[0:4, 8:40]  # all but the two lengths
    head = tf.io.decode_raw(clip, tf.uint8, fixed_length=wav.HEADER)  # [44]
    told = tf.reduce_sum(tf.cast(head[40:], tf.int64) * (1 << np.arange(0, 32, 8)))
    length = tf.cast(tf.strings.length(clip), tf.int64)
    plain = tf.reduce_all(tf.gather(head, fixed) == ours[fixed])
    plain &= (told == length - wav.HEADER) & (told % 2 == 0)

    def in_graph():
        body = tf.strings.substr(clip, wav.HEADER, tf.strings.length(clip) - wav.HEADER)
        return tf.io.decode_raw(body, tf.int16), True

    def in_python():
        convert = functools.partial(_converted, rate=rate)
        samples, readable = tf.numpy_function(convert, [clip], [tf.int16, tf.bool])
        return tf.ensure_shape(samples, [None]), tf.ensure_shape(readable, [])

    return tf.cond(plain, in_graph, in_python)


def _converted(clip, rate):
    try:
        return wav.mono(*wav.read(bytes(clip)), rate), True
    except ValueError:
        return np.zeros(0, "int16"), False


def samples_of_file(clip, rate):
    """As `samples_of`, in TensorFlow operations alone, of a 16-bit wav file of the wanted rate."""
    values, found = tf.audio.decode_wav(clip)  # [samples, channels]
    message = f"A clip is not at {rate} Hz, the rate that the model was trained with"
    with tf.control_dependencies([tf.debugging.assert_equal(found, rate, message)]):
        values = tf.cast(values, tf.float64)
    return _to_16_bits(tf.reduce_mean(values, axis=1))


def samples_of_floats(values):
    """Samples between -1 and 1, float `[samples]` with NaN after the end, as int16 `[samples]`."""
    present = tf.range(1, tf.size(values) + 1) * tf.cast(~tf.math.is_nan(values), tf.int32)
    return _to_16_bits(values[: tf.reduce_max(tf.concat([[0], present], axis=0))])


def _to_16_bits(values):
    """As `rnnkit.formats.wav.to_16_bits`, of floats."""
    scaled = tf.round(values * wav.FULL_SCALE)
    return tf.cast(tf.clip_by_value(scaled, -wav.FULL_SCALE, wav.FULL_SCALE - 1), tf.int16)


def log_mel(samples, length, hop, size, weights):
    """Logarithms of the power under each triangle, window by window.

    Args:
        samples: int16 `[samples]`; fewer than a window are filled up with zeros.
        length: Samples in a window.
        hop: Samples from one window to the next.
        size: Points of the Fourier transform.
        weights: The triangles, `[size / 2 + 1, mels]`.

    Returns:
        float32 `[frames, mels]`, at least one frame.
    """
    samples = tf.cast(samples, tf.float32) / wav.FULL_SCALE
    samples = tf.pad(samples, [[0, tf.maximum(length - tf.size(samples), 0)]])
    frames = tf.signal.frame(samples, length, hop) * tf.signal.hann_window(length)
    spectrum = tf.signal.rfft(frames, [size])  # [frames, bins]
    power = tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum))
    return tf.math.log(tf.maximum(power @ weights, FLOOR))  # [frames, mels]


def stacked(encoded, stack):
    """Joins neighbouring frames: ragged `[batch, (frames), mels]` to
    `[batch, (frames / stack), mels * stack]`, the last frame repeated where one is missing."""
    lengths = encoded.row_lengths()
    steps = -(-lengths // stack)  # [batch]
    indices = tf.ragged.range(steps * stack)  # [batch, (steps * stack)]
    last = tf.gather(lengths - 1, indices.value_rowids())
    first = tf.gather(encoded.row_starts(), indices.value_rowids())
    rows = tf.gather(encoded.flat_values, first + tf.minimum(indices.flat_values, last))
    rows = tf.reshape(rows, [-1, encoded.shape[-1] * stack])
    return tf.RaggedTensor.from_row_lengths(rows, steps, validate=False)
