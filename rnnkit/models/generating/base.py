"""What models that write a sequence share: decoding, readable results, scores."""

import functools
import itertools
import warnings

import numpy as np
import tensorflow as tf

from rnnkit import metrics
from rnnkit.data.pipeline.encoded import Encoded, Streamed, as_written
from rnnkit.data.pipeline.raw import as_dataset
from rnnkit.decoding.search import Sampling, decode
from rnnkit.metrics.texts import SEVERAL
from rnnkit.models.base import Model
from rnnkit.models.compiled import compiled
from rnnkit.models.generating import value_decoding as writing_values
from rnnkit.models.generating.options import checked
from rnnkit.models.generating.references import with_all_references, with_references
from rnnkit.training import policy_gradient as rewarded

# Tokens at most where nothing is known about the data.
LONGEST = 256
# Inputs decoded at a time where nothing is said, or as many as in training: no gradients are kept.
AT_A_TIME = 128


class Generating(Model):
    """A model whose decoder writes tokens until it says the end.

    A pattern calls the constructor with its graph, sets `decoder` (a `Decoder`), `label_smoothing`,
    `sample` (whether it draws at random unless told otherwise), `beam_size` and `length_penalty`,
    and defines `begin`.
    """

    label_smoothing = 0.0
    sample = False
    beam_size = 1
    length_penalty = 1.0
    longest_target = None
    cache = None  # of a model without input: `rnnkit.models.generating.cache.Cache`
    ends = True  # whether outputs are expected to come to an end

    # === To define ===

    def begin(self, source):
        """What decoding starts from.

        Args:
            source: An encoded, padded batch of inputs (a nest of tensors).

        Returns:
            `rnnkit.models.generating.decoder.Source`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define begin()")

    # === Training ===

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """As `Model.compile`; by default the cross-entropy of the tokens, and as metric the share
        of tokens that are right given those before."""
        if isinstance(loss, str) and loss == "auto":
            loss = self.decoder.surface.defaults(self.label_smoothing)[0]
        if isinstance(metrics, str) and metrics == "auto":
            metrics = self.decoder.surface.defaults()[1]
        if "_rewarded" in self.__dict__:  # what is drawn differs in length at every step
            kwargs["jit_compile"] = False
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)

    def _truncate(self, encoded):
        encoded, cut = super()._truncate(encoded)
        if len(encoded) > 1:
            encoded = (encoded[0], self.decoder.surface.ended(encoded[1]), *encoded[2:])
        return encoded, cut

    def _batches(self, data, batch_size, shuffle=False, seed=None):
        """Batches `((source, what was before), target)`: teacher forcing, made in the pipeline."""

        @as_written
        def shift(source, target, *weight):
            return (source, self.decoder.surface.before(target)), target, *weight

        batches = super()._batches(data, batch_size, shuffle, seed)
        return batches.map(shift, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

    def _seen(self, data):
        """Notes how long the targets of the training data are, a bound for decoding."""
        if isinstance(data, Encoded):
            longest = int(tf.reduce_max(data.tensors[1].row_lengths()))
            self.longest_target = max(longest, self.longest_target or 0)

    def fine_tune(self, x, y=None, *, reward=None, samples=5, learning_rate=None, **kwargs):
        """Warm start, as `Model.fine_tune`; with a reward, training on what the model writes.

        By default the model learns each token given the true ones before it. With a reward it
        draws `samples` sequences for each input, and those that score better than the others of
        the same input become likelier: what it is scored by is then what it is trained for. A model
        that has been fitted gains most where much can be right and little is certain, such as
        captions; what is written becomes less various for it.

        Args:
            x, y: Raw data as in `fit`. Several targets of one picture are its references together.
            reward: None, or the score of a written sequence: `"bleu"`, `"bleu1"` to `"bleu4"`
                (see `rnnkit.training.rewards.sentence_bleu`, of tokens), or a function in the graph
                of tokens `[n, samples, time]` and references `[n, r, length]` that gives `[n,
                samples]`.
            samples: Sequences drawn for each input, at least 2.
            learning_rate: By default a third of the model's own; with a reward a tenth.
            **kwargs: As in `Model.fine_tune`. The reward of what was drawn is shown as `reward`,
                that of greedy decoding of the validation data as `val_reward`, by which the model
                of a recipe stops early.

        Returns:
            The Keras `History`.

        Example:

        >>> model.fine_tune(data.train, reward="bleu", validation_data=data.validation)
        """
        if reward is None:
            return super().fine_tune(x, y, learning_rate=learning_rate, **kwargs)
        if learning_rate is None:
            learning_rate = float(self.optimizer.learning_rate) / 10
        with rewarded.rewarded(self, reward, samples):
            return super().fine_tune(x, y, learning_rate=learning_rate, **kwargs)

    @property
    def stopping(self):
        if "_rewarded" in self.__dict__:
            return {"patience": self.fit_defaults.get("patience"), "monitor": "val_reward"}
        return super().stopping

    @property
    def metrics(self):
        found = self.__dict__.get("_rewarded")
        return super().metrics if found is None else [found.mean]

    def train_step(self, data):
        found = self.__dict__.get("_rewarded")
        return super().train_step(data) if found is None else found.train_step(data)

    def test_step(self, data):
        found = self.__dict__.get("_rewarded")
        return super().test_step(data) if found is None else found.test_step(data)

    def _for_each(self, source, count):
        """An encoded batch of inputs as the graph takes it for `count` sequences of each."""
        return tf.nest.map_structure(lambda each: tf.repeat(each, count, axis=0), source)

    # === Decoding ===

    def predict(self, x, batch_size=None, verbose="auto", **options):
        """The tokens written for raw inputs.

        Args:
            x: Raw inputs, or a dataset of `x` or `(x, y)`.
            batch_size: Inputs decoded at a time; results do not depend on it.
            verbose: As in `keras.Model.predict`.
            **options: Of decoding; see `infer`.

        Returns:
            int32 `[inputs, longest]`, without start and end, padded with 0. Of targets that are
            numbers float32 `[inputs, longest, width]`, padded with NaN.
        """
        if self.decoder.surface.numeric:
            return writing_values.predict(self, x, batch_size, verbose, **options)
        if isinstance(x, list) and not x:
            return np.zeros((0, 0), "int32")
        data = self.prepare(x, targets=False)
        found, _ = self._decoded(data, batch_size, verbose, **options)
        rows = [best[0]["tokens"] for best in found]
        result = np.zeros((len(rows), max(map(len, rows))), "int32")
        for place, row in enumerate(rows):
            result[place, : len(row)] = row
        return result

    def infer(self, x, batch_size=None, *, details=False, verbose=0, **options):
        """Raw in, readable out.

        Args:
            x: Raw inputs (list, array, column) or a dataset, or a single text.
            batch_size: Inputs decoded at a time; results do not depend on it.
            details: Whether to give a dict for each output instead of the text alone: `text`,
                `score`, `log_probability` (nats), `finished` (whether it came to an end),
                `tokens` and, of a model with attention, `attention` `[tokens, source]`.
            verbose: 1 shows progress.
            beam_size: Hypotheses kept; 1 is greedy decoding. By default the model's own.
            n_best: Outputs given for each input. With more than 1 each result is a list of dicts,
                best first.
            length_penalty: Exponent of the penalty that the log-probability is divided by,
                0 for none; larger favours longer outputs. By default the model's own.
            sample: Whether to draw outputs at random instead; by default the model's own.
            temperature, top_k, top_p: Of sampling; see `rnnkit.decoding.Sampling`.
            seed: Integer that fixes what is drawn.
            max_length: Tokens at most; by default somewhat more than the longest in training.
            replace_unknown: Whether an unknown token becomes the word of the input that was
                attended to most, where the model has attention and texts as inputs.

        Returns:
            A list of texts, one for each input; for a single text its result alone. Of targets
            that are numbers, a list of arrays; with details, dicts of `values`, `finished` and
            `attention`, and only `max_length` applies.

        Example:

        >>> model.infer(["two dogs play ."])
        ["deux chiens jouent ."]
        """
        if self.decoder.surface.numeric:
            return writing_values.infer(self, x, batch_size, details, verbose, **options)
        if isinstance(x, (str, bytes)):
            return self.infer([x], batch_size, details=details, verbose=verbose, **options)[0]
        if isinstance(x, list) and not x:
            return []
        many = options.get("n_best", 1) > 1
        sources = None
        if not isinstance(x, (Encoded, Streamed)):
            sources = functools.partial(self._sources, x)
        data = self.prepare(x, targets=False)
        found, limit = self._written(data, batch_size, verbose, sources, **options)
        unfinished = sum(not each[0]["finished"] for each in found)
        if unfinished and self.ends:
            warnings.warn(
                f"{unfinished:,} of {len(found):,} outputs did not end within {limit} tokens. "
                "Train longer, or allow more with max_length=...",
                stacklevel=2,
            )
        if many:
            return found
        return [best[0] if details else best[0]["text"] for best in found]

    def _sources(self, x):
        """Raw inputs that are texts, as a list of bytes."""
        dataset = as_dataset(x, None, None, self.input_feature)
        return [text for (batch,) in dataset.batch(1024) for text in batch.numpy().tolist()]

    def _written(self, data, batch_size, verbose, sources=None, replace_unknown=True, **options):
        """Results of decoding prepared data with their texts, and the limit of their lengths.

        Args:
            sources: The raw inputs as a list, a function that gives it, or None.
        """
        found, limit = self._decoded(data, batch_size, verbose, **options)
        results = [each for hypotheses in found for each in hypotheses]
        texts = self.output_feature.decode([each["tokens"] for each in results])
        for each, text in zip(results, texts, strict=True):
            each["text"] = text
        copies = self.output_feature.copies_words and getattr(
            self.input_feature, "copies_words", False
        )
        if replace_unknown and copies and sources is not None:
            self._copy_unknown(found, sources)
        return found, limit

    def _copy_unknown(self, found, sources):
        """Puts the word of the source that was attended to most where a token is unknown."""
        unknown = [
            (place, each)
            for place, hypotheses in enumerate(found)
            for each in hypotheses
            if 1 in each["tokens"] and "attention" in each
        ]
        if not unknown:
            return
        sources = sources() if callable(sources) else sources
        for place, each in unknown:
            words = self.input_feature.source_words(sources[place].decode("utf-8", "replace"))
            chosen = {
                step: words[min(int(each["attention"][step].argmax()), len(words) - 1)]
                for step, token in enumerate(each["tokens"])
                if token == 1
            }
            each["text"] = self.output_feature.restore(each["tokens"], chosen)

    def _decoded(self, data, batch_size, verbose, **options):
        """Results of decoding, a list of dicts for each input, and the limit of their lengths."""
        options = checked(self, **options)
        limit, size = options.pop("max_length"), self._batch_size(batch_size)
        if batch_size is None:
            size = max(size, AT_A_TIME)
        seed, number = options.pop("seed"), itertools.count()
        run, arguments = self._runner(**options)

        def compute(source):
            seeds = tf.constant([seed, next(number)], tf.int32)
            return _results(*run(source, tf.constant(limit), seeds, *arguments))

        found = []
        for results in self._each_batch(compute, data, size, verbose):
            found += results
        return data.restored(found, size), limit

    def _barred(self):
        """Ids that are never written."""
        return [0, self.decoder.surface.start]

    def _limit(self):
        if self.longest_target is not None:
            return self.longest_target * 5 // 4 + 8
        return (self.output_feature.max_length or LONGEST) + 1

    def _runner(self, beam_size, n_best, length_penalty, sample, temperature, top_k, top_p):
        """What decodes a batch: a compiled function kept for the next time, and its arguments.

        Numbers that only scale are arguments, so that another temperature compiles nothing.
        """
        kept = self.__dict__.setdefault("_compiled_decoding", {})
        cut = top_p < 1.0
        key = (beam_size, n_best, sample, top_k, cut)
        arguments = [tf.constant(each) for each in (length_penalty, temperature, top_p)]
        if key in kept:
            return kept[key], arguments

        @compiled
        def run(source, limit, seed, alpha, temperature, top_p):
            sampling = None
            if sample:
                sampling = Sampling(temperature, top_k, top_p if cut else 1.0, seed)
            return self._decode(source, limit, alpha, beam_size, n_best, sampling)

        kept[key] = run
        return run, arguments

    def _decode(self, source, limit, alpha, beam_size, n_best, sampling):
        """What is written for an encoded batch, `Decoded`, and the lengths of the sources or None;
        in the graph."""
        decoder = self.decoder
        output = decoder.surface.output(self._barred())
        states, memory, mask, given, before = self.begin(source)
        batch, keys = tf.shape(tf.nest.flatten(source)[0])[0], None
        if decoder.attention is not None:
            keys = decoder.attention.project(memory)
        states = decoder.zero_states(batch) if states is None else states
        if self.cache:
            states = [*states[:-3], *self.cache.room(states[-3:], limit)]
        states = [tf.repeat(state[:, None], beam_size, axis=1) for state in states]

        def step(tokens, states, index, rows):
            looked_at = [
                None if x is None else tf.gather(x, rows) for x in (memory, keys, mask, given)
            ]
            return decoder.step(tokens, states, *looked_at, output, self.cache)

        decoded = decode(
            step,
            states,
            batch,
            start=decoder.surface.start if before is None else before,
            end=decoder.surface.end,
            max_length=limit,
            beam_size=beam_size,
            n_best=n_best,
            alpha=alpha,
            sampling=sampling,
            attends=decoder.attention is not None,
        )
        # Sources are padded to the longest of the batch.
        places = None if mask is None else tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        return decoded, places

    def serve(self, codes):
        """As `Model.serve`: what is written by the default options of decoding."""
        if self.decoder.surface.numeric:
            return writing_values.serve(self, codes)
        options = checked(self)
        limit, seed = tf.constant(options.pop("max_length")), [options.pop("seed"), 0]
        run, arguments = self._runner(**options)
        decoded, _ = run(codes, limit, tf.constant(seed), *arguments)
        ended = tf.where(decoded.tokens == self.decoder.surface.end, 0, decoded.tokens)
        result = {
            "tokens": ended[:, 0],  # [batch, length]
            "lengths": decoded.lengths[:, 0] - tf.cast(decoded.finished[:, 0], tf.int32),
            "score": decoded.scores[:, 0],
        }
        if self.output_feature.decodes_in_graph:
            result |= self.output_feature.decode_graph(result["tokens"])
        return result

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
        if self.decoder.surface.numeric:
            return writing_values.score(self, x, y, batch_size, verbose, **options)
        chosen = {name: options.pop(name) for name in ("tokenize", "lowercase") if name in options}
        together = all(name in SEVERAL for name in self.score_names or metrics.DEFAULTS["texts"])
        data, references, sources = (with_all_references if together else with_references)(
            self, x, y, lambda targets: [row[:-1] for row in targets.to_list()]
        )
        hypotheses = self._written(data, batch_size, verbose, sources, **options)[0]
        texts = [best[0]["text"] for best in hypotheses]
        return metrics.scores(self.output_feature, references, texts, self.score_names, **chosen)

    # === Saving ===

    def get_config(self):
        config = super().get_config()
        config["settings"]["longest_target"] = self.longest_target
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        model = super().from_config(config, custom_objects)
        model.longest_target = config.get("settings", {}).get("longest_target")
        return model


def _results(decoded, places):
    """Results of a batch as a list of lists of dicts; `places`: length of each source."""
    tokens, lengths, scores, probabilities, finished = (part.numpy() for part in decoded[:5])
    attention = None if decoded.attention is None else decoded.attention.numpy()
    found = []
    for row in range(len(tokens)):
        found.append([])
        for rank in range(tokens.shape[1]):
            kept = lengths[row, rank] - int(finished[row, rank])  # without the end
            result = {
                "score": float(scores[row, rank]),
                "log_probability": float(probabilities[row, rank]),
                "finished": bool(finished[row, rank]),
                "tokens": tokens[row, rank, :kept].tolist(),
            }
            if attention is not None:
                # [tokens, source]
                seen = None if places is None else int(places[row])
                result["attention"] = attention[row, rank, :kept, :seen]
            found[-1].append(result)
    return found
