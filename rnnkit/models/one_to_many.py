"""The one-to-many pattern: one value in, a sequence out; or none in, and a text goes on."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit import metrics
from rnnkit.data.pipeline import shared
from rnnkit.data.pipeline.corpus import Corpus
from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.data.pipeline.shared import Shared
from rnnkit.features import Feature, Number
from rnnkit.layers.carry import Carried, FirstStates, KeepStates
from rnnkit.layers.sharing import RepeatRows
from rnnkit.models.generating import likelihoods
from rnnkit.models.generating import texts as language
from rnnkit.models.generating.base import Generating
from rnnkit.models.generating.cache import Cache
from rnnkit.models.generating.decoder import ATTENTIONS, Decoder, Source, bridge
from rnnkit.models.heads.tokens import surface_of
from rnnkit.models.inputs.single import foretold, image_grid, vector
from rnnkit.models.outputs import check_features
from rnnkit.utils.checks import integer, number
from rnnkit.utils.seeds import Seeds

# Tokens written where nothing says the end.
WRITTEN = 500


@keras.saving.register_keras_serializable(package="rnnkit")
class OneToMany(likelihoods.Likelihoods, Generating):
    """One value → a sequence, written step by step; without input, a language model.

    A class, a number or a vector of numbers becomes a vector that makes the decoder's first states
    and is read again at every step. An image becomes a grid of vectors: the decoder attends to it,
    and its mean makes the first states. The decoder learns each token given the true ones before
    it (teacher forcing), the whole sequence in one call.

    Without input (`input_feature` None) it learns from texts alone, `fit(texts)`. They are one
    stream of tokens with an end between texts, cut into as many equally long parts as the batch
    has rows. Every batch is the next chunk of each, and begins with the states in which the last
    one ended, so that what is remembered is not limited by the chunk. `infer(prompts)` goes on
    from texts: it reads each prompt in one call, then draws one token after the other.

    Args:
        input_feature: Adapted feature of the inputs: `Label`, `Number`, `Image`; or None.
        output_feature: Adapted feature of the targets: one with tokens, such as `Text` or
            `Subwords`; with an input also a sequence of numbers, `Series` or `Strokes`.
        cell: Name of a cell or a Keras RNN cell; see `rnnkit.layers.recurrent`.
        units: Size of the states.
        num_layers: Recurrent layers. With an image, the attention is above the first.
        attention: `"additive"`, `"multiplicative"` or None: how images are attended to. Other
            inputs have no parts.
        embedding_size: Size of the token vectors and of the vector of a class or numbers.
        tied_output: Whether the output layer's weights are those of the token vectors.
        network: What reads images: `"cnn"`, or the name of a network of `keras.applications`.
        augment: Whether images are shifted and zoomed a little at random in training.
        flip: With `augment`, whether half of them are seen in a mirror too.
        foretell: Weight of a further loss in training: an image alone, without the words before,
            has to tell which words its texts have; see `rnnkit.layers.BagOfTokens`. 0 for none.
        dropout: Share of the features below each recurrent layer, and of the output layer's
            inputs, dropped in training.
        recurrent_dropout: Share of the recurrent connections dropped in training; this loses the
            fused kernels.
        token_dropout: Share of the tokens read that become the unknown token in training.
        label_smoothing: Of the default loss; see `rnnkit.losses.tokens.TokenCrossEntropy`.
        sequence_length: Without input, tokens of a chunk: as far back as gradients reach
            (truncated backpropagation through time).
        cache_size: Without input, how many of the tokens before are remembered as they stand, 0 for
            none: what followed where the text looked alike becomes likelier, in `infer` and
            `score`. Nothing more is trained; how much it counts is chosen on validation data. See
            `rnnkit.models.generating.cache.Cache`.
        cache_weight: Share of the cache in the probabilities, where there is no validation data.
        cache_scale: How sharply it compares, likewise.
        sample: Whether `infer` draws at random unless it is told otherwise; None: without input.
        beam_size: Hypotheses kept where nothing is drawn, unless said otherwise there.
        length_penalty: Exponent of the length penalty in beam search.
        seed: Integer that fixes weights, dropout and shuffling, or None.
        name: Name of the model.

    Example:

    >>> text = rnnkit.features.Text(level="character").adapt([play])
    >>> model = rnnkit.models.OneToMany(None, text)
    >>> model.fit([play], epochs=10)
    >>> model.infer("ROMEO:", temperature=0.8, seed=1)

    References:
        Vinyals et al. 2015, "Show and tell", https://arxiv.org/abs/1411.4555; Xu et al. 2015,
        "Show, attend and tell", https://arxiv.org/abs/1502.03044; Mikolov et al. 2010, "Recurrent
        neural network based language model", Interspeech; Graves 2013,
        https://arxiv.org/abs/1308.0850.
    """

    def __init__(
        self,
        input_feature,
        output_feature,
        cell="lstm",
        units=512,
        num_layers=1,
        attention="additive",
        embedding_size=128,
        tied_output=True,
        network="cnn",
        augment=False,
        flip=False,
        foretell=0.0,
        dropout=0.0,
        recurrent_dropout=0.0,
        token_dropout=0.0,
        label_smoothing=0.0,
        sequence_length=128,
        cache_size=0,
        cache_weight=0.1,
        cache_scale=0.5,
        sample=None,
        beam_size=1,
        length_penalty=1.0,
        seed=None,
        name=None,
    ):
        # === Arguments ===
        alone = input_feature is None
        check_features(Number(normalize=False) if alone else input_feature, output_feature, Feature)
        shape = None if alone else input_feature.shape
        image = shape is not None
        _check(input_feature, output_feature, image)
        for option, value in (("label_smoothing", label_smoothing), ("foretell", foretell)):
            if value and output_feature.vocabulary_size is None:
                raise ValueError(
                    f"{option} is for targets of tokens. Received: {option}={value!r} for "
                    f"{type(output_feature).__name__}"
                )
        if attention not in ATTENTIONS:
            raise ValueError(
                f"attention must be one of {list(ATTENTIONS)}. Received: attention={attention!r}"
            )
        whole = isinstance(sequence_length, (int, np.integer))
        if not whole or isinstance(sequence_length, bool) or sequence_length < 1:
            raise ValueError(
                "sequence_length must be a positive integer. "
                f"Received: sequence_length={sequence_length!r}"
            )
        cache_size = integer(cache_size, "cache_size", least=0)
        if cache_size and not alone:
            raise ValueError(
                "cache_size is for models without input, which go on from a text. Received: "
                f"cache_size={cache_size!r} with an input of {type(input_feature).__name__}"
            )
        cache_weight = number(cache_weight, "cache_weight", least=0, most=1)
        cache_scale = number(cache_scale, "cache_scale", least=0)
        seeds = Seeds(seed)

        # === Layers ===
        surface = surface_of(output_feature, embedding_size, tied_output, token_dropout, seeds)
        decoder = Decoder(
            surface,
            cell,
            units,
            num_layers,
            attention if image else None,
            embedding_size,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seeds=seeds,
        )

        # === Functional model ===
        target = surface.input()  # [batch, target], or [batch, target, width + 1] of numbers
        if alone:
            carried = Carried(sum(decoder.state_sizes, []), decoder.readout.compute_dtype)
            states = None
            if carried.sizes:
                states = FirstStates(carried, surface.start, name="first_states")(target)
            written, last = decoder.whole(target, Source(states))  # [batch, target, size]
            if carried.sizes:
                written = KeepStates(carried, name="kept_states")([written, *last])
            inputs = [target]
        else:
            if image:
                inputs, memory = image_grid(shape, network, dropout, seeds, augment, flip)
                given = keras.ops.mean(memory, axis=1)  # [images, features]
                source = [memory if attention else None, None if attention else given]
            else:
                inputs, given = vector(input_feature, embedding_size, seeds)
                source = [None, given]
            states = bridge([given], decoder.state_sizes, seeds)
            begun = [*(states or []), *(each for each in source if each is not None)]
            if image:  # one image for each of its texts
                repeat = RepeatRows(name="repeated")
                states = None if states is None else [repeat(each, target) for each in states]
                source = [None if each is None else repeat(each, target) for each in source]
            written, _ = decoder.whole(target, Source(states, source[0], None, source[1]))
            if image and foretell:
                written = foretold(written, given, target, surface, foretell, seeds)
            inputs = [*inputs, target]
        # Past Keras, which gets these layers as parts of the graph; `compile` needs it already.
        self.__dict__["decoder"] = decoder
        self.__dict__["_carried"] = carried if alone else None
        super().__init__(
            inputs if len(inputs) > 1 else inputs[0],
            written,
            input_feature=input_feature,
            output_feature=output_feature,
            seed=seed,
            name=name,
        )
        self.__dict__["_encode"] = None if alone else keras.Model(inputs[0], begun)

        # === Config ===
        self.cell = cell
        self.units = units
        self.num_layers = num_layers
        self.attention = attention
        self.embedding_size = embedding_size
        self.tied_output = tied_output
        self.network = network
        self.augment = augment
        self.flip = flip
        self.foretell = foretell
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.token_dropout = token_dropout
        self.label_smoothing = label_smoothing
        self.sequence_length = int(sequence_length)
        self.cache_size = cache_size
        self.cache_weight = cache_weight
        self.cache_scale = cache_scale
        self._remember()
        self.sample = alone if sample is None else bool(sample)
        self.beam_size = beam_size
        self.length_penalty = length_penalty
        if label_smoothing and self.compiled:
            self.compile()

    @property
    def ends(self):
        return self.input_feature is not None

    # === Data ===

    def prepare(self, x, y=None, sample_weight=None, targets=True):
        if isinstance(x, Shared):
            return x if targets else x.each()
        if self.input_feature is not None or isinstance(x, Encoded):
            found = shared.prepare(self, x, y, sample_weight) if targets else None
            return super().prepare(x, y, sample_weight, targets) if found is None else found
        if not targets:
            return Encoded((language.prompts(self, x),), (0,))
        for name, value in (("y", y), ("sample_weight", sample_weight)):
            if value is not None:
                raise ValueError(
                    f"{name} must be left out: a model without input learns from texts alone, "
                    f"fit(texts). Received: {name} of type {type(value).__name__}"
                )
        return language.corpus(self, x)

    def fit(self, x=None, y=None, *args, validation_data=None, **kwargs):
        """As `Model.fit`; without input `x` is texts, and so is `validation_data`."""
        if self.input_feature is None and validation_data is not None:
            validation_data = self.prepare(validation_data)
        return super().fit(x, y, *args, validation_data=validation_data, **kwargs)

    @property
    def calibrates(self):
        return super().calibrates or bool(self.cache_size)

    def calibrate(self, validation, batch_size=None):
        super().calibrate(validation, batch_size)
        if self.cache_size and isinstance(validation, Corpus):
            size = self._batch_size(batch_size)
            found = likelihoods.settled_cache(self, validation.tokens, size)
            self.cache_weight, self.cache_scale = found
            self._remember()

    def _remember(self):
        """Makes the cache anew, as its arguments now are."""
        arguments = self.cache_size, self.cache_weight, self.cache_scale
        # Past Keras, which would track it.
        self.__dict__["cache"] = Cache(*arguments) if self.cache_size else None
        self.__dict__.pop("_compiled_decoding", None)

    def _batches(self, data, batch_size, shuffle=False, seed=None):
        if not isinstance(data, Corpus):
            return super()._batches(data, batch_size, shuffle, seed)
        size, start = self._batch_size(batch_size), self.decoder.surface.start
        self._carried.reserve(data.streams(size, self.sequence_length))
        return data.chunks(size, self.sequence_length, start, shuffle, seed, self._multiple)

    def _seen(self, data):
        if not isinstance(data, Corpus):
            super()._seen(data)

    # === Decoding ===

    def begin(self, source):
        if self.input_feature is None:
            return language.read(self.decoder, source, Source(), self.cache)
        source, *prompt = source if isinstance(source, (tuple, list)) else (source,)
        *states, vector = tf.nest.flatten(self._encode(source, training=False))
        given = (vector, None) if self.decoder.attention is not None else (None, vector)
        begun = Source(states or None, given[0], None, given[1])
        return language.read(self.decoder, prompt[0], begun) if prompt else begun

    def _for_each(self, source, count):
        # The graph repeats what it has read of an image by itself.
        image = self.input_feature is not None and self.input_feature.shape is not None
        return source if image else super()._for_each(source, count)

    def _barred(self):
        return [*super()._barred(), 1]  # nor what is unknown

    def _limit(self):
        return WRITTEN if self.input_feature is None else super()._limit()

    def predict(self, x, batch_size=None, verbose="auto", *, prompt=None, **options):
        """The tokens written, as in `Generating.predict`; `prompt` as in `infer`."""
        return super().predict(self._prompted(x, prompt), batch_size, verbose, **options)

    def infer(self, x, batch_size=None, *, prompt=None, details=False, verbose=0, **options):
        """Raw in, readable out; of a model without input, texts in, and how they go on.

        Args:
            x: Raw inputs (list, array, column) or a dataset, or a single one. Without input
                feature, the prompts: texts to go on from, of which an empty one is the start.
            batch_size: Inputs at a time; results do not depend on it unless drawn at random.
            prompt: With an input feature, how the outputs begin: one raw target for all inputs,
                or a list with one for each. What is given back goes on after it.
            details: Whether to give a dict for each output instead of the text alone: `text`,
                `score`, `log_probability` (nats), `finished` (whether it came to an end),
                `tokens` and, of a model with attention, `attention` `[tokens, places]`.
            verbose: 1 shows progress.
            sample: Whether to draw tokens at random; by default the model's own.
            temperature, top_k, top_p: Of drawing; see `rnnkit.decoding.Sampling`.
            seed: Integer that fixes what is drawn.
            beam_size, n_best, length_penalty: As in `Generating.infer`. A `beam_size` alone says
                that nothing is drawn; 1 takes the likeliest token each time.
            max_length: Tokens at most, those of the prompt left out; by default somewhat more
                than the longest in training, without input 500.

        Returns:
            A list with a text for each input, or its result alone for a single one.

        Example:

        >>> model.infer("ROMEO:", temperature=0.8, max_length=100, seed=1)
        """
        single = isinstance(x, (str, bytes)) or np.isscalar(x)
        if single:
            x = [x]
        options = {"details": details, "verbose": verbose, **options}
        results = super().infer(self._prompted(x, prompt), batch_size, **options)
        return results[0] if single else results

    def _prompted(self, x, prompt):
        """Inputs with the beginnings of their outputs, encoded, where there are any."""
        if prompt is None:
            return x
        if self.input_feature is None or self.decoder.surface.numeric:
            raise ValueError(
                "prompt is for models with an input whose outputs are tokens; one without input "
                f"takes its prompts as x. Received: prompt={prompt!r}"
            )
        data = self.prepare(x, targets=False)
        if not isinstance(data, Encoded):
            raise ValueError("prompt needs inputs that end. Received: an endless dataset")
        one = isinstance(prompt, (str, bytes))
        ids = language.prompts(self, [prompt] * len(data) if one else prompt)
        if ids.nrows() != len(data):
            raise ValueError(
                "prompt must be one, or as many as there are inputs. Received: "
                f"{int(ids.nrows()):,} prompts for {len(data):,} inputs"
            )
        return Encoded(((data.tensors[0], ids),), (0,))

    def _written(self, data, batch_size, verbose, sources=None, **options):
        found, limit = super()._written(data, batch_size, verbose, sources, **options)
        source = data.tensors[0]
        if self.input_feature is None or isinstance(source, tuple):
            prompts = source[1] if isinstance(source, tuple) else source
            language.continue_texts(self.output_feature, prompts.to_list(), found)
        return found, limit

    # === Scores ===

    def score(self, x, y=None, batch_size=None, verbose=0, **options):
        """The task's own scores on raw data, as a dict of floats.

        Those of `rnnkit.metrics.likelihood` (`nats`, `bits`, `perplexity`) are of the true targets;
        those of `rnnkit.metrics.texts` compare them with what is written. Without input all are of
        the texts, read in one go from the first token to the last, and nothing is written.

        Args:
            x: Raw data as in `fit`.
            y: Raw targets, if `x` is not a dataset.
            batch_size: Inputs, or streams of a text, at a time.
            verbose: 1 shows progress.
            **options: Of decoding and of the scores of texts.
        """
        if self.input_feature is None:
            if options:
                raise ValueError(
                    "A model without input is scored by the texts alone, without decoding. "
                    f"Received: {', '.join(options)}"
                )
            size = self._batch_size(batch_size)
            return likelihoods.score_corpus(self, self.prepare(x, y), size, verbose)
        names = self.score_names
        likely = [name for name in names or () if name in metrics.SCORES["likelihood"]]
        if not likely:
            return super().score(x, y, batch_size, verbose, **options)
        x, y = self.prepare(x, y), None
        values = self.log_likelihood(x, batch_size=batch_size, verbose=verbose)
        tokens = int(tf.size(x.tensors[1].flat_values))  # the ends included
        nll = -float(values.sum())
        found = metrics.compute("likelihood", nll, tokens=tokens, units=tokens, names=likely)
        self.score_names = [name for name in names if name not in metrics.SCORES["likelihood"]]
        try:
            if self.score_names:
                found |= super().score(x, y, batch_size, verbose, **options)
        finally:
            self.score_names = names
        return {name: found[name] for name in names}


def _check(input_feature, output_feature, image):
    """Raises a ValueError unless the features are one and many."""
    alone = input_feature is None
    one = alone or image or input_feature.size is not None or input_feature.width is not None
    if not one or (not alone and input_feature.sequence):
        raise ValueError(
            "input_feature must give one value, such as Label, Number or Image, or be None for a "
            "language model; sequences are for EncoderDecoder. "
            f"Received: {type(input_feature).__name__}"
        )
    tokens = output_feature.vocabulary_size is not None
    if not output_feature.sequence or not (tokens or output_feature.width is not None):
        raise ValueError(
            "output_feature must give sequences, such as Text, Subwords, Series or Strokes. "
            f"Received: {type(output_feature).__name__}"
        )
    if input_feature is None and not tokens:
        raise ValueError(
            "output_feature must be of tokens where there is no input, such as Text or Subwords. "
            f"Received: {type(output_feature).__name__}"
        )
