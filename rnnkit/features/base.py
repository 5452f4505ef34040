"""The contract of a feature: one object that knows how to go to tensors and back."""

import inspect

import numpy as np
import tensorflow as tf

from rnnkit.features.conversion import batch, convert, without_axes
from rnnkit.utils.config import arguments_of
from rnnkit.utils.messages import shorten
from rnnkit.utils.progress import told

ADAPT_BATCH = 1024
SHOWN = 60  # characters of an argument


class Feature:
    """One side of a raw example, and how it becomes tensors and is read again.

    A feature is `adapt`ed to training data (it learns a vocabulary, the classes, a scaling), is
    handed to a model, and is saved inside the model's file through `get_config`. Encoding happens
    inside `tf.data`, on a batch of raw values at a time; the model sees only numbers.

    A new feature defines `raw_spec`, `adapt`, `encode` and `decode`, keeps each argument of
    `__init__` as an attribute of that name (or defines `get_config`), and registers itself with
    `keras.saving.register_keras_serializable(package="rnnkit")` (or its own package).
    All else that models, scores and plots ask of a feature is declared here with its default, so
    that nobody has to look whether an attribute exists.

    Attributes:
        raw_spec: `tf.TensorSpec` of one raw value, such as a scalar string.
        accepts_numbers: Whether numbers are taken for strings (class labels 0, 1, ...).
        sequence: Whether an encoded value has a time axis.
        max_length: Longest encoded sequence, or None. Longer ones are cut.
        padding: What stands after the end of an encoded sequence in a batch.
        dtype: Name of the dtype of encoded numbers.
        in_graph: Whether `encode_served` is of TensorFlow operations alone, so that an exported
            model can do it.
        not_served: Why a model that reads with the feature cannot be exported, in words; or None.
        decodes_in_graph: Whether there is a `decode_graph`, so that an exported model's outputs
            are readable.

        vocabulary_size: Number of ids of encoded tokens, or None if values are no tokens.
        vectors: `rnnkit.features.pretrained.Pretrained` word vectors that a network starts from,
            or None.
        vocabulary_sizes: Number of ids of each column that holds ids beside columns of numbers, as
            a list; or None. They are the first columns of a step.
        width: Numbers in an encoded value or step, or None if it is no vector of numbers.
        shape: Height, width and channels of an encoded picture, or None.
        standardised_by: Of pictures the pair of the means and the deviations of the channels, lists
            of floats, by which values from 0 to 1 were standardised; None if they were not.
        size: Number of classes or of columns of values; None for a single number. Of pictures
            height and width.
        strands: Sequences that lie side by side in a step and are read with the same weights.
        keys: Piano keys in a step, or None.
        names: Names of the classes or columns as texts, in order; or None.
        token_names: Names of the ids of tokens, in order, the special ones first; or None.
        time: Whether the first column of a raw sequence is the time of each step.
        horizon: Steps ahead that each step forecasts, or None.
        period: Steps in a season, or None.
        music: Whether values are pieces of music, with `augment` and `histograms`.

        target_type: What outputs are where the feature is a target, which decides their scores:
            `"classes"`, `"ordered"`, `"labels"` (several an example), `"numbers"`, `"targets"`
            (several of these an example), `"tags"`, `"texts"`, `"values"` (sequences of numbers),
            `"forecasts"`, `"notes"` or `"keys"`; None for a feature of inputs alone.
        calibrates: Whether `calibrate` has something to choose on validation data.
        reads_columns: Whether a row of a frame of several columns is one raw value, although raw
            values are texts.
        copies_words: Whether words that a target does not know can be copied from an input: there
            are `source_words` and `restore`.
        shows_tokens: Whether there are `pieces` and `tokens_of`, for plots.

        entries: Names of arguments that hold what was learned as a list (or a dict) to which more
            can be added, such as a vocabulary; see `rnnkit.features.extending`.
        learned: Names of other arguments that `adapt` sets, such as means.
        adjustable: Names of arguments that may differ between two features whose encoded values
            mean the same, such as how many tokens are kept.
    """

    raw_spec = tf.TensorSpec((), tf.string)
    accepts_numbers = False
    sequence = False
    max_length = None
    padding = 0
    dtype = "float32"
    in_graph = True
    not_served = None
    decodes_in_graph = False

    vocabulary_size = None
    vectors = None
    vocabulary_sizes = None
    width = None
    shape = None
    standardised_by = None
    size = None
    strands = 1
    keys = None
    names = None
    token_names = None
    time = False
    horizon = None
    period = None
    music = False

    target_type = None
    calibrates = False
    reads_columns = False
    copies_words = False
    shows_tokens = False

    entries = ()
    learned = ()
    adjustable = ()

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

        Runs eagerly and in graphs of tf.data, without AutoGraph: where Python's `if` or `for` would
        depend on tensors, use TensorFlow's operations.

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

    # === In exported models ===

    @property
    def served(self):
        """What an exported model takes: a dict of the name of an endpoint to the `tf.TensorSpec` of
        one value, `"serve"` first. By default raw values."""
        return {"serve": self.raw_spec}

    def encode_served(self, values, truncate=True):
        """As `encode`, in TensorFlow operations alone, of a batch of what `served` says.

        Where a value is a sequence, so has a shape that begins with None, values come padded, or as
        a RaggedTensor.
        """
        return self.encode(values, truncate)

    def resources(self):
        """Lookup layers of texts whose tables an exported model must carry."""
        return []

    def get_config(self):
        """Everything `__init__` needs to make an equal, adapted feature: plain JSON values.

        By default each argument's attribute.
        """
        return arguments_of(self, type(self))

    def continues(self, newer):
        """Raises a ValueError where a newer feature of the class encodes other things than this one
        does; see `rnnkit.features.extending`."""

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def __repr__(self):
        """The class, and the arguments that are no defaults; of long lists how long they are."""
        defaults = inspect.signature(type(self)).parameters
        shown = [
            f"{name}={_brief(value)}"
            for name, value in self.get_config().items()
            if name in defaults and _brief(value) != _brief(defaults[name].default)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    # === What some features can do ===

    def decode_graph(self, outputs):
        """As `decode`, in TensorFlow operations, for an exported model.

        Args:
            outputs: Outputs of the network, or ids of tokens, `[batch, ...]`.

        Returns:
            Dict of name to tensor: what `model.serve` gives.
        """
        raise self._lacks("decode_graph", "decodes_in_graph")

    def decide(self, outputs):
        """Class indices, int64 `[examples]`, for probabilities `[examples, classes]`."""
        return np.argmax(outputs, axis=-1)

    def calibrate(self, truth, outputs):
        """Chooses on validation data what is not trained, such as a threshold.

        Args:
            truth: Encoded targets.
            outputs: Outputs of the network for them.

        Returns:
            What could not be chosen, and why, a sentence without its full stop; or None.
        """
        raise self._lacks("calibrate", "calibrates")

    def pieces(self, text):
        """The tokens of a text as a list of strings, for the axes of plots."""
        raise self._lacks("pieces", "shows_tokens")

    def tokens_of(self, ids):
        """The token that each of a list of ids stands for."""
        raise self._lacks("tokens_of", "shows_tokens")

    def source_words(self, text):
        """For each token of a text the word to copy, where a target does not know it."""
        raise self._lacks("source_words", "copies_words")

    def source_words_graph(self, values):
        """As `source_words` of a batch of what an exported model takes, in TensorFlow operations:
        ragged strings `[batch, (tokens)]`, at least one each."""
        raise self._lacks("source_words_graph", "copies_words")

    def restore_graph(self, ids, words):
        """As `decode_graph` of ids `[batch, time]` of which some are replaced by words, strings
        `[batch, time]`, empty where none is."""
        raise self._lacks("restore_graph", "copies_words")

    def restore(self, ids, replacements):
        """The text of ids in which unknown ones are replaced.

        Args:
            ids: List of ids.
            replacements: Dict of the position in `ids` to the word that stands for the unknown
                token there.
        """
        raise self._lacks("restore", "copies_words")

    def _lacks(self, method, flag):
        return NotImplementedError(f"{type(self).__name__} has no {method}(): its {flag} is False")

    # === What one raw input is ===

    def holds_one(self, values):
        """Whether raw values in any form are one raw input rather than several.

        All that takes raw inputs asks here, and nowhere else: `infer` gives one input its result
        alone. By default a text, bytes, a path, and a number or an array without axes are one.

        Raises:
            ValueError: For some features, where values can be read as either.
        """
        return without_axes(values)

    def is_input(self, item):
        """Whether what a generator gives is one raw input rather than a batch of them."""
        return self.holds_one(item)

    # === Shared ===

    def to_tensor(self, values):
        """Converts what users have (list, NumPy, `tf.Tensor`, pandas) to a batch of raw values.

        Args:
            values: Sequence of raw values.

        Returns:
            Tensor `[batch, *raw_spec.shape]` of the feature's raw dtype.

        Raises:
            ValueError: If a value is missing or of another type.
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
        batches = self.raw_batches(data)
        count = int(batches.cardinality())
        learning = f"{type(self).__name__} learns from the data"
        for values in told(batches, learning, count if count > 0 else None):
            yield self.cast(values)

    def raw_batches(self, data):
        """A dataset of raw values, batched or not, as one of batches."""
        self.check_spec(data.element_spec)
        if data.element_spec.shape.rank == self.raw_spec.shape.rank:
            return batch(data, ADAPT_BATCH)
        return data

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


def _brief(value):
    """A value in a few characters."""
    if isinstance(value, (list, tuple, dict)) and len(str(value)) > SHOWN:
        return f"<{len(value):,} of {type(value).__name__}>"
    return shorten(repr(value), SHOWN)
