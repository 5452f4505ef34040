"""The contract of a feature: one object that knows how to go to tensors and back."""

import numpy as np
import tensorflow as tf

ADAPT_BATCH = 1024


class Feature:
    """One side of a raw example, and how it becomes tensors and is read again.

    A feature is `adapt`ed to training data (it learns a vocabulary, the classes, a scaling), is
    handed to a model, and is saved inside the model's file through `get_config`. Encoding happens
    inside `tf.data`, on a batch of raw values at a time; the model sees only numbers.

    A new feature defines `raw_spec`, `adapt`, `encode`, `decode` and `get_config`, and registers
    itself with `keras.saving.register_keras_serializable(package="rnnkit")` (or its own package).

    Attributes:
        raw_spec: `tf.TensorSpec` of one raw value, such as a scalar string.
        sequence: Whether an encoded value has a time axis.
        max_length: Longest encoded sequence, or None. Longer ones are cut.
        vocabulary_size: Number of ids for encoded tokens, or None if values are not token ids.
        padding: What fills the places beyond the end of an encoded sequence in a batch.
        in_graph: Whether `encode` is of TensorFlow operations alone, so that an exported model can
            do it.
    """

    raw_spec = tf.TensorSpec((), tf.string)
    sequence = False
    max_length = None
    vocabulary_size = None
    padding = 0
    in_graph = True

    # === To override ===

    @property
    def adapted(self):
        """Whether the feature is ready to encode."""
        return True

    def adapt(self, data):
        """Learns from raw values; returns the feature itself, so that calls can be chained."""
        del data
        return self

    def encode(self, values, truncate=True):
        """Encodes a batch of raw values.

        Runs eagerly and in graphs of tf.data, as it is written: where Python's `if` or `for` would
        depend on tensors, TensorFlow's operations take their place.

        Args:
            values: Tensor of shape `[batch, *raw_spec.shape]`.
            truncate: Whether sequences beyond `max_length` are cut. The pipeline passes False
                where it counts and cuts them itself.

        Returns:
            Tensor `[batch, ...]`, or for sequences a RaggedTensor `[batch, (time), ...]`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define encode()")

    def decode(self, values):
        """Turns a model's outputs (NumPy, `[batch, ...]`) into a list of readable values."""
        raise NotImplementedError(f"{type(self).__name__} must define decode()")

    def check(self, values, encoded):
        """Raises a ValueError if an encoded batch holds what a model must not see.

        Called with concrete tensors before training and scoring, so that the message can name the
        offending raw values.
        """

    def guard(self, encoded):
        """As `check`, in graph mode: gives the encoded tensors back, with assertions attached."""
        return encoded

    def truncate(self, encoded):
        """Cuts ragged sequences `[batch, (time), ...]` to `max_length`."""
        return encoded if self.max_length is None else encoded[:, : self.max_length]

    def resources(self):
        """Keras layers whose tables an exported model must carry."""
        return []

    def get_config(self):
        """Everything `__init__` needs to make an equal, adapted feature: plain JSON values."""
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    # === Shared ===

    def to_tensor(self, values):
        """Converts what users have (list, NumPy, `tf.Tensor`, pandas) to a batch of raw values.

        Args:
            values: Sequence of raw values.

        Returns:
            Tensor `[batch, *raw_spec.shape]` of the feature's raw dtype.

        Raises:
            ValueError: If a value is missing or of another kind.
        """
        return convert(values, self.raw_spec, type(self).__name__)

    def batches(self, data):
        """Raw values in any form as an iterable of batched tensors, for `adapt`."""
        if not isinstance(data, tf.data.Dataset):
            yield self.to_tensor(data)
            return
        spec = data.element_spec
        if not isinstance(spec, tf.TypeSpec):
            raise ValueError(
                f"{type(self).__name__}.adapt takes a dataset of single raw values, such as "
                "`train.map(lambda x, y: x)`. "
                f"Received: a dataset with elements {spec}"
            )
        self.check_spec(spec)
        if spec.shape.rank == self.raw_spec.shape.rank:
            data = batch(data, ADAPT_BATCH)
        yield from (self.cast(values) for values in data)

    def check_spec(self, spec):
        """Raises a ValueError unless a dataset's elements are raw values, batched or not."""
        is_text = spec.dtype == tf.string
        wants_text = self.raw_spec.dtype == tf.string
        shape, wanted = spec.shape, self.raw_spec.shape
        fits = shape.rank is None or (
            shape.rank in (wanted.rank, wanted.rank + 1)
            and shape[shape.rank - wanted.rank :].is_compatible_with(wanted)
        )
        if not fits or (is_text != wants_text and not (self.accepts_numbers and wants_text)):
            raise ValueError(
                f"{type(self).__name__} takes {self.raw_spec.dtype.name} values of shape {wanted} "
                f"(or batches of them). Received: elements of dtype {spec.dtype.name} and shape "
                f"{shape}"
            )

    # Whether numbers are taken for strings (class labels 0, 1, ...).
    accepts_numbers = False

    def cast(self, values):
        """Converts a batch tensor of a compatible dtype to the raw dtype, in graph mode too."""
        if values.dtype == self.raw_spec.dtype:
            return values
        if self.raw_spec.dtype == tf.string:
            if values.dtype == tf.bool:
                return tf.where(values, "True", "False")
            if values.dtype.is_floating:  # 1.0 read from a column with gaps is the class 1
                whole = tf.cast(values, tf.int64)
                exact = tf.equal(tf.cast(whole, values.dtype), values)
                return tf.where(exact, tf.strings.as_string(whole), tf.strings.as_string(values))
            return tf.strings.as_string(values)
        return tf.cast(values, self.raw_spec.dtype)


def batch(dataset, size):
    """`Dataset.batch`, or `ragged_batch` where examples differ in shape."""
    ragged = any(
        None in spec.shape.as_list() if spec.shape.rank is not None else True
        for spec in tf.nest.flatten(dataset.element_spec)
    )
    return dataset.ragged_batch(size) if ragged else dataset.batch(size)


def convert(values, spec, name):
    """A batch of raw values as one tensor of `spec`'s dtype; see `Feature.to_tensor`."""
    if isinstance(values, (str, bytes)):
        raise ValueError(
            f"{name} takes a list of texts, not one text: pass [text]. Received: {values!r}"
        )
    if isinstance(values, (tf.Tensor, tf.RaggedTensor)):
        if spec.dtype == tf.string and values.dtype != tf.string:
            values = values.numpy()
        else:
            return values if values.dtype == spec.dtype else tf.cast(values, spec.dtype)
    if hasattr(values, "columns") and hasattr(values, "to_numpy"):  # a pandas frame
        columns = list(values.columns)
        if len(columns) != 1 and spec.shape.rank == 0:
            raise ValueError(
                f"{name} takes one column, for example frame[{columns[0]!r}]. "
                f"Received: a frame with columns {columns}"
            )
        values = values.to_numpy()
        values = values[:, 0] if spec.shape.rank == 0 else values
    if spec.dtype == tf.string:
        array = strings(np.asarray(values, dtype=object), name)
    else:
        try:
            array = np.asarray(values).astype(spec.dtype.as_numpy_dtype)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{name} takes numbers. Received: {str(values)[:80]} ({error})"
            ) from None
    if array.ndim == 2 and array.shape[1] == 1 and spec.shape.rank == 0:
        array = array[:, 0]  # one column
    if not spec.shape.is_compatible_with(array.shape[1:]):
        raise ValueError(
            f"{name} takes values of shape {spec.shape}, so an array of shape "
            f"{(None, *spec.shape)}. Received: an array of shape {array.shape}"
        )
    return tf.constant(array)


def strings(array, name):
    """An object array as byte strings of UTF-8; numbers are written as their shortest text."""
    flat = []
    for index, value in enumerate(array.ravel().tolist()):
        missing = value is None or (isinstance(value, float) and np.isnan(value))
        if missing or type(value).__name__ in ("NAType", "NaTType"):
            raise ValueError(
                f"{name} met a missing value at position {index}: drop it, or write '' for an "
                f"empty text. Received: {value!r}"
            )
        if isinstance(value, bytes):
            flat.append(value)
        elif isinstance(value, float) and value.is_integer():
            flat.append(str(int(value)).encode())  # a class 1 read as 1.0
        elif isinstance(value, (str, bool, int, float, np.generic)):
            # Lone surrogates cannot be encoded: they mark undecodable bytes in the source.
            flat.append(str(value).encode("utf-8", "replace"))
        else:
            raise ValueError(
                f"{name} takes texts. Received: {value!r} of type {type(value).__name__} at "
                f"position {index}"
            )
    return np.array(flat, dtype=object).reshape(array.shape)
