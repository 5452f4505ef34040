"""The one-to-many pattern: from one value, or none, to a sequence."""

import types

import keras
import numpy as np
import tensorflow as tf

from rnnkit import metrics
from rnnkit.data.pipeline.encoded import Encoded, in_memory
from rnnkit.layers.sharing import BagOfTokens, RepeatRows
from rnnkit.models.generating.base import Generating
from rnnkit.models.generating.decoder import Decoder, Source, bridge
from rnnkit.models.heads.base import check_of_tokens
from rnnkit.models.heads.choice import head_of
from rnnkit.utils.digits import shortened
from rnnkit.utils.seeds import Seeds


@keras.saving.register_keras_serializable(package="rnnkit")
class OneToMany(Generating):
    """What models share that generate a sequence from one value, or from none.

    The classes to use are `rnnkit.models.LanguageModel`, `Captioner` and `Composer`. The decoder
    learns each token given the true ones before it (teacher forcing), the whole sequence in one
    call.

    Args:
        graph: Function `(decoder, target, seeds) -> (inputs, outputs, source)` that makes the
            graph: the Keras input of the targets to the list of the inputs before it, the outputs,
            and a `Source` of Keras tensors or None.
        attention: Of the `Decoder`.
        **arguments: The arguments of `rnnkit.models.LanguageModel`, `Captioner` or `Composer`.
    """

    def __init__(self, graph, attention=None, **arguments):
        given = types.SimpleNamespace(**arguments)
        feature, seeds = given.output_feature, Seeds(given.seed)
        check_of_tokens(feature, label_smoothing=given.label_smoothing)
        decoder = Decoder(
            head_of(feature, given.embedding_size, given.tied_output, given.token_dropout, seeds),
            given.cell,
            given.units,
            given.num_layers,
            attention,
            given.embedding_size,
            dropout=given.dropout,
            recurrent_dropout=given.recurrent_dropout,
            seeds=seeds,
        )
        target = decoder.head.input()  # [batch, target], or [batch, target, width + 1] of numbers
        inputs, outputs, source = graph(decoder, target, seeds)
        inputs = [*inputs, target] if inputs else target
        super().__init__(inputs, outputs, decoder=decoder, source=source, **arguments)

    def barred(self):
        return [*super().barred(), 1]  # nor what is unknown


class Conditional(OneToMany):
    """What models share that generate a sequence from a value: `Captioner` and `Composer`.

    The value becomes a vector, which makes the decoder's first states and is read again at every
    step; or that and a memory to attend to.

    Args:
        read: Function of `rnnkit.utils.seeds.Seeds` that makes the input: the Keras input, a
            vector `[batch, features]`, and a memory `[batch, parts, features]` or None.
        attention: Of the `Decoder`.
        auxiliary_loss: Weight of `rnnkit.layers.BagOfTokens`.
        **arguments: The arguments of `rnnkit.models.Captioner` or `Composer`.
    """

    def __init__(self, read, attention=None, auxiliary_loss=0.0, **arguments):
        if arguments["input_feature"].sequence:
            raise ValueError(
                "input_feature must give one value, such as Label, Number or Image; sequences are "
                f"for EncoderDecoder. Received: {type(arguments['input_feature']).__name__}"
            )
        check_of_tokens(arguments["output_feature"], auxiliary_loss=auxiliary_loss)

        def graph(decoder, target, seeds):
            inputs, vector, memory = read(seeds)
            attends = decoder.attention is not None
            source = Source(
                bridge([vector], decoder.state_sizes, seeds),
                memory=memory if attends else None,
                given=None if attends else vector,
            )
            repeat = RepeatRows(name="repeated")  # one value for each of its targets
            outputs, _ = decoder.whole(target, source.map(lambda each: repeat(each, target)))
            if auxiliary_loss:
                layer = BagOfTokens(
                    decoder.head.size,
                    auxiliary_loss,
                    special=(1, decoder.head.start, decoder.head.end),
                    kernel_initializer=seeds.glorot(),
                    dtype="float32",  # also under mixed precision, as the output that it passes on
                    name="encoder_auxiliary_output",
                )
                outputs = layer(outputs, vector, target)
            return [inputs], outputs, source

        super().__init__(graph, attention, **arguments)

    # === Decoding ===

    def begin(self, source):
        value, *prompt = source if isinstance(source, (tuple, list)) else (source,)
        begun = super().begin(value)
        return self.decoding.after(begun, *prompt) if prompt else begun

    def for_each(self, source, count):
        return source  # the graph repeats what it has read of a value by itself

    def prompts_of(self, data):
        source = data.tensors[0]
        return source[1].to_list() if isinstance(source, tuple) else None

    def predict(self, x, batch_size=None, verbose="auto", *, prompt=None, **options):
        """The tokens generated, as in `Generating.predict`; `prompt` as in `infer`."""
        return super().predict(self._prompted(x, prompt), batch_size, verbose, **options)

    def infer(self, x, batch_size=None, *, prompt=None, details=False, verbose=0, **options):
        """Raw in, readable out.

        Args:
            x: Raw inputs, one or many, as in `Model.infer`.
            batch_size: Inputs at a time; results do not depend on it unless they are sampled.
            prompt: How the outputs begin: one raw target for all inputs, or a list with one for
                each. What is given back goes on after it.
            details: Whether to give a dict for each output instead of the text alone: `text`,
                `score`, `log_probability` (nats), `finished` (whether it came to an end),
                `tokens` and, of a model with attention, `attention` `[tokens, parts]`.
            verbose: 1 shows progress.
            sample: Whether to sample tokens; by default the model's own.
            temperature, top_k, top_p: Of sampling; see `rnnkit.decoding.Sampling`.
            seed: Integer that fixes what is sampled.
            beam_size, n_best, length_penalty: As in `Generating.infer`. With a `beam_size` nothing
                is sampled unless `sample` says so; 1 takes the likeliest token each time.
            max_length: Tokens at most, those of the prompt left out; by default somewhat more
                than the longest in training.

        Returns:
            A list with a text for each input, or its result alone for a single one.

        Example:

        >>> model.infer("march", prompt="Left, ", temperature=0.8, sample=True, seed=1)
        """
        x, single = self.given(x)
        x = self._prompted(x, prompt)
        results = super().infer(x, batch_size, details=details, verbose=verbose, **options)
        return results[0] if single else results

    def _prompted(self, x, prompt):
        """Inputs with the beginnings of their outputs, encoded, where there are any."""
        if prompt is None:
            return x
        data = self.prepare(x, targets=False)
        if not isinstance(data, Encoded):
            raise ValueError("prompt needs inputs that end. Received: an endless dataset")
        one = isinstance(prompt, (str, bytes)) or np.ndim(prompt) == 2
        ids = self.decoding.prompts([prompt] * len(data) if one else prompt)
        if ids.nrows() != len(data):
            raise ValueError(
                "prompt must be one, or as many as there are inputs. Received: "
                f"{int(ids.nrows()):,} prompts for {len(data):,} inputs"
            )
        return Encoded(((data.tensors[0], ids),), (self.output_feature.padding,))

    # === Scores ===

    def log_likelihood(self, x, y=None, batch_size=None, verbose=0):
        """Log-probability in nats of each true target, its end included, given its input.

        Args:
            x: Raw data as in `fit`.
            y: Raw targets, if `x` is not a dataset.
            batch_size: Examples at a time; results do not depend on it.
            verbose: 1 shows progress.

        Returns:
            float64 `[examples]`.
        """
        data = self.prepare(x, y)
        return self.decoding.log_likelihood(data, self._batch_size(batch_size), verbose)

    def log_likelihoods(self, x, targets, batch_size=32, verbose=0):
        """Log-probability in nats of every target for every input: which input fits a text best?

        Args:
            x: Raw inputs, or a dataset of them.
            targets: Raw targets, such as a list of texts.
            batch_size: Inputs, and targets, at a time; results do not depend on it.
            verbose: 1 shows progress.

        Returns:
            float64 `[inputs, targets]`; see `rnnkit.metrics.retrieval`.

        Example:

        >>> found = model.log_likelihoods(pictures, ["a dog in the snow"])
        >>> pictures[found[:, 0].argmax()]
        """
        return self.decoding.log_likelihoods(x, targets, self._batch_size(batch_size), verbose)

    def score(self, x, y=None, batch_size=None, verbose=0, **options):
        """The task's own scores on raw data, as a dict of floats.

        Those of `rnnkit.metrics.likelihood` (`nats`, `bits`, `perplexity`) are of the true targets;
        those of `rnnkit.metrics.texts` compare them with what is generated.

        Args:
            x: Raw data as in `fit`.
            y: Raw targets, if `x` is not a dataset.
            batch_size: Inputs at a time.
            verbose: 1 shows progress.
            **options: Of decoding and of the scores of texts.
        """
        names = self.score_names or self.default_scores
        likely = [name for name in names or () if name in metrics.SCORES["likelihood"]]
        others = names and [name for name in names if name not in metrics.SCORES["likelihood"]]
        found = {}
        if likely:
            x, y = in_memory(self.prepare(x, y), "log_likelihood"), None
            values = self.log_likelihood(x, batch_size=batch_size, verbose=verbose)
            units = int(tf.reduce_sum(x.tensors[1].row_lengths()))  # the ends included
            nll = -float(values.sum())
            found = metrics.compute("likelihood", nll, tokens=units, units=units, names=likely)
        if others or not names:
            found |= self._score_generated(x, y, others, batch_size, verbose, **options)
        return shortened({name: found[name] for name in names} if names else found)

    # Names of the scores where a model has none of its own; None for those of its decoding.
    default_scores = None

    def _score_generated(self, x, y, names, batch_size, verbose, **options):
        return self.decoding.score(x, y, names, batch_size, verbose, **options)
