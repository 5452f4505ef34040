"""Raw data on its way into a model: given in any form, encoded once, checked, in batches."""

import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded, Streamed, prepare
from rnnkit.data.pipeline.given import given
from rnnkit.data.pipeline.raw import as_dataset, check_weights, with_validation
from rnnkit.utils.checks import integer

DEFAULT_BATCH = 32


class Prepared:
    """Methods of a model that has two features, for a class beside `keras.Model`."""

    def encode(self, *raw):
        """Encodes a batch of raw examples `(x[, y[, weight]])`; runs inside `tf.data`."""
        encoded = [f.encode(values, truncate=False) for f, values in self._by_feature(raw)]
        return (*encoded, *raw[2:])

    def given(self, x):
        """Inputs in any form as what can be read more than once, and whether they are one input.

        Args:
            x: As in `infer`.

        Returns:
            The pair of the inputs, one as a list of it, and a bool.
        """
        if isinstance(x, (Encoded, Streamed)):
            return x, False
        return given(x, self.served_feature)

    def _by_feature(self, *parts):
        """The features, each with its own of several tuples `(x[, y[, weight]])`."""
        return zip((self.input_feature, self.output_feature), *parts, strict=False)

    def prepare(self, x, y=None, sample_weight=None, targets=True):
        """Encodes raw data once, to be used many times (as `recipe.tune` does).

        Args:
            x: Raw data as in `fit`.
            y: Targets, if `x` is not a dataset.
            sample_weight: Weights, if `x` is not a dataset.
            targets: Whether targets are wanted.

        Returns:
            Encoded data, accepted by `fit`, `evaluate`, `predict` and `score` in place of raw.
        """
        if isinstance(x, (Encoded, Streamed)):
            return x
        dataset = as_dataset(
            x, y, sample_weight, self.input_feature, self.output_feature if targets else None
        )
        padding = (self.input_feature.padding, self.output_feature.padding, 0)
        return prepare(
            dataset, self.encode, self._check, self._truncate, self._guard, padding=padding
        )

    def _check(self, raw, encoded):
        for feature, values, codes in self._by_feature(raw, encoded):
            feature.check(values, codes)
        for weights in encoded[2:]:
            check_weights(weights, encoded[0] if self.weighs_steps else None)

    def _guard(self, encoded):
        return (*[f.guard(codes) for f, codes in self._by_feature(encoded)], *encoded[2:])

    def _truncate(self, encoded):
        cut, results = tf.constant(0, tf.int64), []
        for feature, codes in self._by_feature(encoded):
            if feature.max_length is not None and isinstance(codes, tf.RaggedTensor):
                cut += tf.math.count_nonzero(codes.row_lengths() > feature.max_length)
                codes = feature.truncate(codes)
            results.append(codes)
        return (*results, *encoded[2:]), cut

    @property
    def _multiple(self):
        # Under XLA each new length is compiled anew, so lengths are rounded up there.
        return 16 if self.jit_compile is True else 1

    def _batches(self, data, batch_size, shuffle=False, seed=None):
        return data.batches(self._batch_size(batch_size), shuffle, seed, self._multiple)

    def _batch_size(self, size):
        if size is None:
            size = self.fit_defaults.get("batch_size", DEFAULT_BATCH)
        return integer(size, "batch_size")

    def _prepare_fit(self, x, y, sample_weight, validation_split, validation_data, own=False):
        """Encoded training data, and validation data or None; see `with_validation`."""
        train, validation = with_validation(
            x, y, sample_weight, validation_split, validation_data, own
        )
        return self.prepare(*train), None if validation is None else self.prepare(*validation)
