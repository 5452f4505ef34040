"""The contract of a head: both ends of a decoder, what it reads and what it generates."""

import keras


class Head:
    """What a decoder reads and generates, step by step.

    A head has the layers on both ends of a decoder: `read` makes vectors of the steps that are
    there, `generate` makes outputs of the vectors that come out. It knows how targets are prepared
    for training, and `decoding` says how sequences are decoded, served and scored.
    """

    def input(self):
        """The Keras input of the steps before each: `[batch, target, ...]`."""
        raise NotImplementedError(f"{type(self).__name__} must define input()")

    def read(self, steps):
        """Vectors `[batch, time, embedding]` of steps `[batch, time, ...]`."""
        raise NotImplementedError(f"{type(self).__name__} must define read()")

    def generate(self, x, steps, output=None):
        """What follows each step.

        Args:
            x: Vectors `[batch, time, embedding]` that come out of the decoder.
            steps: The steps that were read, `[batch, time, ...]`.
            output: Of tokens, what `TokenHead.output` made; None in training.

        Returns:
            Outputs `[batch, time, ...]`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define generate()")

    def defaults(self, label_smoothing=0.0):
        """The pair of the default loss and a list of metrics."""
        raise NotImplementedError(f"{type(self).__name__} must define defaults()")

    def ended(self, targets):
        """Encoded targets, ragged `[batch, (time), ...]`, that also say where they end."""
        raise NotImplementedError(f"{type(self).__name__} must define ended()")

    def before(self, targets):
        """What is read at each step of a padded batch of targets (teacher forcing)."""
        raise NotImplementedError(f"{type(self).__name__} must define before()")

    def decoding(self, model):
        """How a model with this head decodes: `rnnkit.models.generating.decoding.Decoding`."""
        raise NotImplementedError(f"{type(self).__name__} must define decoding()")


def dense(units, seeds, name):
    """A dense layer of a head."""
    return keras.layers.Dense(units, kernel_initializer=seeds.glorot(), name=name)


def check_of_tokens(feature, **options):
    """Raises a ValueError for options of tokens where the targets are none."""
    for option, value in options.items():
        if value and feature.vocabulary_size is None:
            raise ValueError(
                f"{option} is for targets of tokens. Received: {option}={value!r} for "
                f"{type(feature).__name__}"
            )
