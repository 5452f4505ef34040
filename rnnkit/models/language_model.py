"""A language model: it learns from texts alone, and goes on with a text."""

import keras
import tensorflow as tf

from rnnkit import metrics
from rnnkit.data.pipeline.corpus import Corpus
from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.features import Feature, Number
from rnnkit.layers.carry import Carried, FirstStates, KeepStates
from rnnkit.models.compiled import CompiledFunctions
from rnnkit.models.export import padded
from rnnkit.models.generating import texts
from rnnkit.models.generating.cache import Cache
from rnnkit.models.generating.decoder import Source
from rnnkit.models.generating.likelihoods import TextLikelihood
from rnnkit.models.one_to_many import OneToMany
from rnnkit.models.outputs import check_features
from rnnkit.utils.checks import integer, number
from rnnkit.utils.config import given
from rnnkit.utils.digits import shortened

# Tokens generated where nothing says the end.
LONGEST = 500


@keras.saving.register_keras_serializable(package="rnnkit")
class LanguageModel(OneToMany):
    """Texts → how they go on.

    It learns from texts alone, `fit(texts)`. They are one stream of tokens with an end between
    texts, cut into as many equally long parts as the batch has rows. Every batch is the next chunk
    of each, and begins with the states in which the last one ended, so that what is remembered is
    not limited by the chunk. `infer(prompts)` goes on from texts: it reads each prompt in one call,
    then samples one token after the other.

    Args:
        output_feature: Adapted feature of the texts, one with tokens such as `Text` or `Subwords`.
        cell, units, num_layers, embedding_size, tied_output: As in `Captioner`.
        sequence_length: Tokens of a chunk: as far back as gradients reach (truncated
            backpropagation through time).
        cache_size: How many of the tokens before are remembered as they stand, 0 for none: what
            followed where the text looked alike becomes likelier, in `infer` and `score`. Nothing
            more is trained; how much it counts is chosen on validation data. See
            `rnnkit.models.generating.cache.Cache`.
        cache_weight: Weight of the cache in the probabilities, where there is no validation data.
            No effect with `cache_size=0`.
        cache_scale: How sharply it compares, likewise. No effect with `cache_size=0`.
        dropout, recurrent_dropout, token_dropout, label_smoothing: As in `Captioner`.
        sample: Whether `infer` samples unless it is told otherwise.
        beam_size: Hypotheses kept where nothing is sampled, unless said otherwise there. No effect
            with `sample=True`.
        length_penalty: Exponent of the length penalty in beam search. No effect with `beam_size=1`
            or `sample=True`.
        seed: Integer that fixes weights, dropout and shuffling, or None.
        name: Name of the model.

    Example:

    >>> text = rnnkit.features.Text(level="character").adapt([play])
    >>> model = rnnkit.models.LanguageModel(text)
    >>> model.fit([play], epochs=10)
    >>> model.infer("ROMEO:", temperature=0.8, seed=1)

    References:
        Mikolov et al. 2010, "Recurrent neural network based language model", Interspeech; Graves
        2013, https://arxiv.org/abs/1308.0850.
    """

    ends = False

    def __init__(
        self,
        output_feature,
        cell="lstm",
        units=512,
        num_layers=1,
        embedding_size=128,
        tied_output=True,
        sequence_length=128,
        cache_size=0,
        cache_weight=0.1,
        cache_scale=0.5,
        dropout=0.0,
        recurrent_dropout=0.0,
        token_dropout=0.0,
        label_smoothing=0.0,
        sample=True,
        beam_size=1,
        length_penalty=1.0,
        seed=None,
        name=None,
    ):
        # === Arguments ===
        arguments = given(locals())
        check_features(Number(normalize=False), output_feature, Feature)
        if output_feature.sequence and output_feature.vocabulary_size is None:
            raise ValueError(
                "output_feature must be of tokens where there is no input, such as Text or "
                f"Subwords. Received: {type(output_feature).__name__}"
            )
        integer(sequence_length, "sequence_length")
        integer(cache_size, "cache_size", least=0)
        number(cache_weight, "cache_weight", least=0, most=1)
        number(cache_scale, "cache_scale", least=0)
        carried = None

        # === Functional model ===
        def graph(decoder, target, seeds):
            nonlocal carried
            carried = Carried(sum(decoder.state_sizes, []), decoder.readout.compute_dtype)
            if not carried.sizes:
                return [], decoder.whole(target, Source())[0], None
            states = FirstStates(carried, decoder.head.start, name="first_states")(target)
            outputs, last = decoder.whole(target, Source(states))  # [batch, target, size]
            return [], KeepStates(carried, name="kept_states")([outputs, *last]), None

        super().__init__(graph, input_feature=None, **arguments)
        self.carried = carried

    @property
    def cache(self):
        if not self.cache_size:
            return None
        return Cache(self.cache_size, self.cache_weight, self.cache_scale)

    # === Data ===

    def prepare(self, x, y=None, sample_weight=None, targets=True):
        if isinstance(x, Encoded):
            return x
        if not targets:
            return Encoded((texts.prompts(self.output_feature, x),), (0,))
        for name, value in (("y", y), ("sample_weight", sample_weight)):
            if value is not None:
                raise ValueError(
                    f"{name} must be left out: a language model learns from texts alone, "
                    f"fit(texts). Received: {name} of type {type(value).__name__}"
                )
        return texts.corpus(self.output_feature, self.decoder.head.end, x)

    def fit(self, x=None, y=None, *args, validation_data=None, **kwargs):
        """As `Model.fit`; `x` is texts, and so is `validation_data`."""
        if validation_data is not None:
            validation_data = self.prepare(validation_data)
        return super().fit(x, y, *args, validation_data=validation_data, **kwargs)

    def _batches(self, data, batch_size, shuffle=False, seed=None):
        size, start = self._batch_size(batch_size), self.decoder.head.start
        self.carried.reserve(data.streams(size, self.sequence_length))
        return data.chunks(size, self.sequence_length, start, shuffle, seed, self._multiple)

    def batch_shape(self, data, batch_size):
        return data.streams(batch_size, self.sequence_length), self.sequence_length

    def _seen(self, data):
        pass  # texts are one stream: how long each is says nothing

    @property
    def calibrates(self):
        return bool(self.cache_size)

    def calibrate(self, validation, batch_size=None):
        """Chooses how much the cache counts, on encoded validation data. `fit` calls it."""
        if self.cache_size and isinstance(validation, Corpus):
            size = self._batch_size(batch_size)
            found = TextLikelihood(self).best_cache(validation.tokens, size)
            self.cache_weight, self.cache_scale = found
            # Those that there are were made with the old cache.
            self.compiled_functions = CompiledFunctions()

    # === Decoding ===

    def begin(self, source):
        return self.decoding.after(Source(), source)

    def default_max_length(self):
        return LONGEST

    def prompts_of(self, data):
        return data.tensors[0].to_list()

    def infer(self, x, batch_size=None, *, details=False, verbose=0, **options):
        """How texts go on.

        Args:
            x: The prompts: texts to go on from, of which an empty one is the start, or a single
                one.
            batch_size: Prompts at a time; results do not depend on it unless they are sampled.
            details: Whether to give a dict for each output instead of the text alone: `text`,
                `score`, `log_probability` (nats), `finished` (whether the text came to an end) and
                `tokens`.
            verbose: 1 shows progress.
            sample: Whether to sample tokens; by default the model's own.
            temperature, top_k, top_p: Of sampling; see `rnnkit.decoding.Sampling`.
            seed: Integer that fixes what is sampled.
            beam_size, n_best, length_penalty: As in `Generating.infer`. With a `beam_size` nothing
                is sampled unless `sample` says so; 1 takes the likeliest token each time.
            max_length: Tokens at most, those of the prompt left out; by default 500.

        Returns:
            A list with a text for each prompt, or its text alone for a single one.

        Example:

        >>> model.infer("ROMEO:", temperature=0.8, max_length=100, seed=1)
        """
        return super().infer(x, batch_size, details=details, verbose=verbose, **options)

    # === In exported models ===

    @property
    def served_feature(self):
        return self.output_feature

    def encode_served(self, values):
        feature = self.output_feature
        return padded(texts.without_fillers(feature.encode_served(values, False), values), feature)

    def serve(self, codes, words=None, seed=None):
        # In the order of their lengths, as `infer` reads them, so that the same is sampled.
        order = tf.argsort(tf.math.count_nonzero(codes, axis=1), stable=True)
        found = super().serve(tf.gather(codes, order), words, seed)
        back = tf.argsort(order)
        result = {name: tf.gather(each, back) for name, each in found.items()}
        if "text" in result:
            result["text"] = texts.continued_graph(self.output_feature, codes, result)
        return result

    # === Scores ===

    def score(self, x, y=None, batch_size=None, verbose=0):
        """Scores of texts, read in one go from the first token to the last, as a dict of floats.

        See `rnnkit.metrics.likelihood`: `nats`, `bits` and `perplexity`.

        Args:
            x: Texts as in `fit`.
            y: Left out.
            batch_size: Streams of the texts read at a time, at most.
            verbose: 1 shows progress.
        """
        data, size = self.prepare(x, y), self._batch_size(batch_size)
        nll = sum(part.sum() for part in TextLikelihood(self).nats(data.tokens, size, verbose))
        counts = {"tokens": len(data.tokens), "units": data.characters}
        return shortened(metrics.compute("likelihood", nll, names=self.score_names, **counts))
