"""TFDS datasets of recordings with their texts."""

import tensorflow as tf


def example(builder, x, y):
    """A function from a TFDS example to raw `(x, y)`: wav bytes or points, and the text."""
    import tensorflow_datasets as tfds

    features = builder.info.features
    sound, labels = features[x], features[y]
    rate = getattr(sound, "sample_rate", None)
    if isinstance(sound, tfds.features.Audio) and not rate:
        raise ValueError(
            f"{builder.info.name} does not say at which sampling rate its feature {x!r} is: write "
            "its clips as wav files"
        )
    names = getattr(getattr(labels, "feature", labels), "names", None)
    names = None if names is None else tf.constant(names)

    def pair(row):
        value, text = row[x], row[y]
        if rate:
            samples = tf.cast(value, tf.float32)
            samples = samples if samples.shape.rank == 2 else samples[:, None]
            value = tf.audio.encode_wav(samples / 2**15, rate)
        if names is not None:
            text = tf.gather(names, text)
            text = tf.strings.reduce_join(text, separator=" ") if text.shape.rank else text
        return value, text

    return pair
