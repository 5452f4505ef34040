"""What models that generate a sequence share: training, decoding, readable results, scores."""

import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded, as_written
from rnnkit.models.base import Model
from rnnkit.models.generating.decoder import SourceReader
from rnnkit.training.policy_gradient import PolicyGradient
from rnnkit.utils.checks import integer, number
from rnnkit.utils.digits import shortened

# Steps at most where nothing is known about the data.
LONGEST = 256


class Generating(Model):
    """A model whose decoder generates steps until it says that it is at the end.

    Args:
        inputs: Keras inputs of the graph, the last of which is the decoder's.
        outputs: Keras outputs of the graph.
        decoder: `rnnkit.models.generating.decoder.Decoder`. Its head decides what a step is, and
            how sequences are decoded.
        source: `Source` of Keras tensors that the decoder starts from, computed from the first of
            the inputs; None for a model that defines `begin` itself.
        label_smoothing: Of the default loss.
        **arguments: All other arguments of the pattern, as in `Model`. Among them may be `sample`
            (whether `infer` samples unless it is told otherwise), `beam_size` and
            `length_penalty`.

    Attributes:
        decoding: `rnnkit.models.generating.decoding.Decoding`.
        cache: Of a language model, `rnnkit.models.generating.cache.Cache`; else None.
        ends: Whether outputs are expected to come to an end.
        longest_target: Steps of the longest target in training, or None.
    """

    beyond_network = "decoding is a loop around it"
    cache = None
    ends = True
    longest_target = None
    sample = False
    beam_size = 1
    length_penalty = 1.0
    may_count_later = ("beam_size", "length_penalty")

    def __init__(self, inputs, outputs, *, decoder, source=None, label_smoothing=0.0, **arguments):
        integer(arguments.get("beam_size", 1), "beam_size")
        number(arguments.get("length_penalty", 1.0), "length_penalty", least=0)
        # What `compile` asks for, which the next constructor calls.
        self.decoder = decoder
        self.label_smoothing = label_smoothing
        super().__init__(inputs, outputs, **arguments)
        self.decoding = decoder.head.decoding(self)
        self.source_reader = None if source is None else SourceReader(inputs[0], source)

    # === Training ===

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """As `Model.compile`; by default the loss and metrics of the decoder's head: of tokens the
        cross-entropy, and the fraction of tokens that are right given those before."""
        default_loss, default_metrics = self.decoder.head.defaults(self.label_smoothing)
        if isinstance(loss, str) and loss == "auto":
            loss = default_loss
        if isinstance(metrics, str) and metrics == "auto":
            metrics = default_metrics
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)

    @property
    def learns_tokens(self):
        return self.output_feature.target_type == "texts"

    def _truncate(self, encoded):
        encoded, cut = super()._truncate(encoded)
        if len(encoded) > 1:
            encoded = (encoded[0], self.decoder.head.ended(encoded[1]), *encoded[2:])
        return encoded, cut

    def _batches(self, data, batch_size, shuffle=False, seed=None):
        """Batches `((source, what was before), target)`: teacher forcing, made in the pipeline."""

        @as_written
        def shift(source, target, *weight):
            return (source, self.decoder.head.before(target)), target, *weight

        batches = super()._batches(data, batch_size, shuffle, seed)
        return batches.map(shift, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

    def _seen(self, data):
        """Notes how long the targets of the training data are, a bound for decoding."""
        if isinstance(data, Encoded):
            longest = int(tf.reduce_max(data.tensors[1].row_lengths()))
            self.longest_target = max(longest, self.longest_target or 0)

    def fine_tune(self, x, y=None, *, reward=None, samples=5, learning_rate=None, **kwargs):
        """Warm start, as `Model.fine_tune`; with a reward, training on what the model generates.

        By default the model learns each token given the true ones before it. With a reward it
        samples `samples` sequences for each input, and those that score better than the others of
        the same input become likelier (`rnnkit.training.PolicyGradient`): what it is scored by is
        then what it is trained for. A model that has been fitted gains most where much can be right
        and little is certain, such as captions; what is generated becomes less various for it.

        Args:
            x, y: Raw data as in `fit`. Several targets of one picture are its references together.
            reward: None, or the score of a generated sequence: `"bleu"`, `"bleu1"` to `"bleu4"`
                (see `rnnkit.training.rewards.sentence_bleu`, of tokens), or a function in the graph
                of tokens `[n, samples, time]` and references `[n, r, length]` that gives `[n,
                samples]`.
            samples: Sequences sampled for each input, at least 2.
            learning_rate: As in `Model.fine_tune`; with a reward a tenth of the model's own.
            **kwargs: As in `Model.fine_tune`. The reward of what was sampled is shown as `reward`,
                that of greedy decoding of the validation data as `val_reward`, by which the model
                of a recipe stops early.

        Returns:
            The Keras `History`.

        Example:

        >>> model.fine_tune(data.train, reward="bleu", validation_data=data.validation)
        """
        if reward is not None:
            if learning_rate is None:
                learning_rate = float(self.optimizer.learning_rate) / 10
            kwargs["trainer"] = PolicyGradient(self, reward, samples)
        return super().fine_tune(x, y, learning_rate=learning_rate, **kwargs)

    # === Decoding ===

    def begin(self, source):
        """What decoding starts from.

        Args:
            source: An encoded, padded batch of inputs (a nest of tensors).

        Returns:
            `rnnkit.models.generating.decoder.Source`.
        """
        return self.source_reader(source)

    def for_each(self, source, count):
        """An encoded batch of inputs as the graph takes it for `count` sequences of each."""
        return tf.nest.map_structure(lambda each: tf.repeat(each, count, axis=0), source)

    def barred(self):
        """List of the ids of tokens that are never generated."""
        return [0, self.decoder.head.start]

    def default_max_length(self):
        """Steps that are generated at most where nothing is said."""
        if self.longest_target is not None:
            return self.longest_target * 5 // 4 + 8
        return (self.output_feature.max_length or LONGEST) + 1

    def prompts_of(self, data):
        """The beginnings of outputs in prepared inputs, a list of lists of ids; None without."""
        del data

    def predict(self, x, batch_size=None, verbose="auto", **options):
        """The tokens generated for raw inputs.

        Args:
            x: Raw inputs, or a dataset of `x` or `(x, y)`.
            batch_size: Inputs decoded at a time; results do not depend on it.
            verbose: As in `keras.Model.predict`.
            **options: Of decoding; see `infer`.

        Returns:
            int32 `[inputs, longest]`, without start and end, padded with 0. Of targets that are
            numbers float32 `[inputs, longest, width]`, padded with NaN.
        """
        return self.decoding.predict(x, batch_size, verbose, **options)

    def infer(self, x, batch_size=None, *, details=False, verbose=0, **options):
        """Raw in, readable out.

        Args:
            x: Raw inputs, one or many, as in `Model.infer`.
            batch_size: Inputs decoded at a time; results do not depend on it.
            details: Whether to give a dict for each output instead of the text alone: `text`,
                `score`, `log_probability` (nats), `finished` (whether it came to an end),
                `tokens` and, of a model with attention, `attention` `[tokens, source]`.
            verbose: 1 shows progress.
            beam_size: Hypotheses kept; 1 is greedy decoding. By default the model's own.
            n_best: Outputs given for each input. With more than 1 each result is a list of dicts,
                best first.
            length_penalty: Exponent of the penalty that the log-probability is divided by,
                0 for none; larger favours longer outputs. By default the model's own. Refused
                with `beam_size=1`, where it changes nothing but the score among the details.
            sample: Whether to sample outputs instead; by default the model's own.
            temperature, top_k, top_p: Of sampling; see `rnnkit.decoding.Sampling`.
            seed: Integer that fixes what is sampled.
            max_length: Tokens at most; by default somewhat more than the longest in training.
            replace_unknown: Whether an unknown token becomes the word of the input that was
                attended to most, where the model has attention and texts as inputs.

        Returns:
            A list of texts, one for each input; for one input its result alone. Of targets
            that are numbers, a list of arrays; with details, dicts of `values`, `finished` and
            `attention`, and only `max_length` applies.

        Example:

        >>> model.infer(["two dogs play ."])
        ["deux chiens jouent ."]
        """
        x, single = self.given(x)
        if isinstance(x, list) and not x:
            return []
        results = self.decoding.infer(x, batch_size, details, verbose, **options)
        return results[0] if single else results

    def further_options(self, name):
        own = {"infer": ("replace_unknown",), "score": ("replace_unknown", "tokenize", "lowercase")}
        if name not in ("infer", "predict", "score"):
            return super().further_options(name)
        return (*self.decoding.names, *own.get(name, ()))

    @property
    def samples(self):
        return self.sample

    def words_served(self, values):
        return self.decoding.words_served(values)

    def serve(self, codes, words=None, seed=None):
        """As `Model.serve`: what is generated by the default options of decoding."""
        return self.decoding.serve(codes, words, seed)

    # === Scores ===

    def score(self, x, y=None, batch_size=None, verbose=0, **options):
        """The task's own scores on raw data, as a dict of floats.

        See `rnnkit.metrics.texts` for those of texts, `rnnkit.metrics.values` for numbers. Where
        all are of `rnnkit.metrics.texts.SEVERAL`, rows with the same raw input are several
        references of one output.

        Args:
            x: Raw data as in `fit`.
            y: Raw targets, if `x` is not a dataset.
            batch_size: Inputs decoded at a time.
            verbose: 1 shows progress.
            **options: Of decoding, as in `infer`; and of the scores, such as `tokenize="none"` for
                BLEU of text that is tokenised already.
        """
        found = self.decoding.score(x, y, self.score_names, batch_size, verbose, **options)
        return shortened(found)

    # === Saving ===

    def get_config(self):
        config = super().get_config()
        config["settings"]["longest_target"] = self.longest_target
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        settings = config.get("settings", {})
        longest = None
        if isinstance(settings, dict) and "longest_target" in settings:
            settings = dict(settings)
            longest = integer(
                settings.pop("longest_target"), "longest_target", least=0, most=2**20, optional=True
            )
        model = super().from_config({**config, "settings": settings}, custom_objects)
        model.longest_target = longest
        return model
