"""How models whose outputs are tokens decode: beam search or sampling, texts and likelihoods."""

import functools
import itertools
import warnings

import numpy as np
import tensorflow as tf

from rnnkit import metrics
from rnnkit.data.pipeline.encoded import Encoded, Streamed, in_memory
from rnnkit.data.pipeline.raw import as_dataset
from rnnkit.decoding.search import Sampling, decode
from rnnkit.metrics.texts import SEVERAL
from rnnkit.models.generating import texts
from rnnkit.models.generating.decoding import Decoding
from rnnkit.models.generating.references import References
from rnnkit.models.progress import shown
from rnnkit.utils.checks import integer
from rnnkit.utils.digits import short
from rnnkit.utils.seeds import drawn

# Inputs decoded at a time where nothing is said, or as many as in training: no gradients are kept.
AT_A_TIME = 128


class TokenDecoding(Decoding):
    """Decoding of tokens; see `Decoding`."""

    # === Options ===

    def options(
        self,
        beam_size=None,
        n_best=1,
        length_penalty=None,
        sample=None,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        seed=None,
        max_length=None,
    ):
        """The options of decoding, checked and completed, as a dict.

        Args:
            beam_size, n_best, length_penalty, sample, temperature, top_k, top_p, seed, max_length:
                As in `Generating.infer`; None is the model's own. With a `beam_size` nothing is
                sampled unless `sample` says so.

        Raises:
            ValueError: For values that cannot be, or do not go together.
        """
        model = self.model
        choices = model.decoder.head.size - len(model.barred())
        if sample is None:
            sample = model.sample and beam_size is None
        n_best = integer(n_best, "n_best")
        beams = beam_size
        if beams is None:
            beams = n_best if sample else max(min(model.beam_size, choices), n_best)
        beams = integer(beams, "beam_size")
        top_k = integer(top_k, "top_k", least=0)
        limit = self.limit(max_length)
        alpha = model.length_penalty if length_penalty is None else length_penalty
        if beams > choices and not sample:
            raise ValueError(
                f"beam_size must be at most {choices}, the number of tokens to choose from. "
                f"Received: beam_size={beams}"
            )
        if n_best > beams:
            raise ValueError(
                f"n_best must be at most beam_size. Received: n_best={n_best}, beam_size={beams}"
            )
        if not temperature > 0 or not 0 < top_p <= 1 or not alpha >= 0:
            raise ValueError(
                "temperature must be positive, top_p above 0 and at most 1, and length_penalty at "
                f"least 0. Received: temperature={temperature!r}, top_p={top_p!r}, "
                f"length_penalty={alpha!r}"
            )
        if not sample and (temperature != 1.0 or top_k or top_p != 1.0):
            raise ValueError(
                "temperature, top_k and top_p are options of sampling: pass sample=True with them"
            )
        if sample and seed is None:
            seed = drawn()
        return {
            "beam_size": beams,
            "n_best": n_best,
            "length_penalty": float(alpha),
            "sample": bool(sample),
            "temperature": float(temperature),
            "top_k": min(top_k, choices),
            "top_p": float(top_p),
            "seed": int(seed or 0),
            "max_length": limit,
        }

    def check_penalty(self, options):
        """Refuses a length penalty that is given where there is nothing to choose by it."""
        given = {name: options[name] for name in self.names if name in options}
        if given.get("length_penalty") is None:
            return
        if self.options(**{"seed": 0, **given})["beam_size"] == 1:
            raise ValueError(
                "length_penalty chooses among hypotheses, and so has no effect with beam_size=1: "
                "give a beam_size above 1 too, or leave length_penalty out. Received: "
                f"length_penalty={given['length_penalty']!r}"
            )

    # === Search ===

    def search(self, source, limit, alpha, beam_size, n_best, sampling=None):
        """Decodes an encoded batch of inputs; in the graph.

        Args:
            source: A nest of tensors, padded.
            limit: Tokens at most.
            alpha: Exponent of the length penalty.
            beam_size, n_best: Hypotheses kept, and given.
            sampling: `rnnkit.decoding.Sampling`, or None.

        Returns:
            The pair of `rnnkit.decoding.Decoded` and the lengths of the sources `[batch]` or None.
        """
        decoder, cache = self.model.decoder, self.model.cache
        output = decoder.head.output(self.model.barred())
        states, memory, mask, given, last = self.model.begin(source)
        batch, projected = tf.shape(tf.nest.flatten(source)[0])[0], None
        if decoder.attention is not None:
            projected = decoder.attention.project(memory)
        states = decoder.zero_states(batch) if states is None else states
        if cache:
            states = [*states[:-3], *cache.room(states[-3:], limit)]
        states = [tf.repeat(state[:, None], beam_size, axis=1) for state in states]

        def step(tokens, states, index, rows):
            attended = [
                None if x is None else tf.gather(x, rows) for x in (memory, projected, mask, given)
            ]
            return decoder.step(tokens, states, *attended, output, cache)

        decoded = decode(
            step,
            states,
            batch,
            start=decoder.head.start if last is None else last,
            end=decoder.head.end,
            max_length=limit,
            beam_size=beam_size,
            n_best=n_best,
            alpha=alpha,
            sampling=sampling,
            attends=decoder.attention is not None,
        )
        # Sources are padded to the longest of the batch.
        lengths = None if mask is None else tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        return decoded, lengths

    def runner(self, beam_size, n_best, length_penalty, sample, temperature, top_k, top_p):
        """What decodes a batch: a compiled function kept for the next time, and its arguments.

        Numbers that only scale are arguments, so that another temperature compiles nothing.
        """
        cut = top_p < 1.0

        def run(source, limit, seed, alpha, temperature, top_p):
            sampling = None
            if sample:
                sampling = Sampling(temperature, top_k, top_p if cut else 1.0, seed)
            return self.search(source, limit, alpha, beam_size, n_best, sampling)

        arguments = [tf.constant(each) for each in (length_penalty, temperature, top_p)]
        return self.compiled(("search", beam_size, n_best, sample, top_k, cut), run), arguments

    def results(self, data, batch_size=None, verbose=0, **options):
        """Results of decoding prepared data, and the limit of their lengths.

        Returns:
            For each input a list with a dict for each hypothesis: `tokens`, `score`,
            `log_probability`, `finished` and, of a model with attention, `attention`; and the
            limit.
        """
        options = self.options(**options)
        limit, size = options.pop("max_length"), self.model._batch_size(batch_size)
        if batch_size is None:
            size = max(size, AT_A_TIME)
        seed, number = options.pop("seed"), itertools.count()
        run, arguments = self.runner(**options)

        def compute(source):
            seeds = tf.constant([seed, next(number)], tf.int32)
            return _results(*run(source, tf.constant(limit), seeds, *arguments))

        found = []
        for results in self.model._each_batch(compute, data, size, verbose):
            found += results
        return data.restored(found, size), limit

    def generate(
        self, data, batch_size=None, verbose=0, sources=None, replace_unknown=True, **options
    ):
        """As `results`, with a `text` in each dict.

        Args:
            data: Prepared data.
            sources: The raw inputs as a list, a function that gives it, or None.
            replace_unknown: As in `Generating.infer`.
        """
        found, limit = self.results(data, batch_size, verbose, **options)
        source, target = self.model.input_feature, self.model.output_feature
        flat = [each for hypotheses in found for each in hypotheses]
        for each, text in zip(flat, target.decode([r["tokens"] for r in flat]), strict=True):
            each["text"] = text
        attends = self.model.decoder.attention is not None
        if replace_unknown and sources is not None and attends:
            if source.copies_words and target.copies_words:
                self._copy_unknown(found, sources)
        prompts = self.model.prompts_of(data)
        if prompts is not None:
            texts.continue_texts(target, prompts, found)
        return found, limit

    def _copy_unknown(self, found, sources):
        """Puts the word of the source that was attended to most where a token is unknown."""
        unknown = [
            (index, each)
            for index, hypotheses in enumerate(found)
            for each in hypotheses
            if 1 in each["tokens"] and "attention" in each
        ]
        if not unknown:
            return
        sources = sources() if callable(sources) else sources
        for index, each in unknown:
            text = sources[index].decode("utf-8", "replace")
            words = self.model.input_feature.source_words(text)
            chosen = {
                step: words[min(int(each["attention"][step].argmax()), len(words) - 1)]
                for step, token in enumerate(each["tokens"])
                if token == 1
            }
            each["text"] = self.model.output_feature.restore(each["tokens"], chosen)

    # === Use ===

    def predict(self, x, batch_size=None, verbose="auto", **options):
        if isinstance(x, list) and not x:
            return np.zeros((0, 0), "int32")
        self.check_penalty(options)
        data = self.model.prepare(x, targets=False)
        found, _ = self.results(data, batch_size, verbose, **options)
        rows = [best[0]["tokens"] for best in found]
        result = np.zeros((len(rows), max(map(len, rows))), "int32")
        for index, row in enumerate(rows):
            result[index, : len(row)] = row
        return result

    def infer(self, x, batch_size=None, details=False, verbose=0, **options):
        if not details:  # which have the score that it makes
            self.check_penalty(options)
        sources = None
        if not isinstance(x, (Encoded, Streamed)):
            sources = functools.partial(self._raw_texts, x)
        data = self.model.prepare(x, targets=False)
        found, limit = self.generate(data, batch_size, verbose, sources, **options)
        unfinished = sum(not each[0]["finished"] for each in found)
        if unfinished and self.model.ends:
            warnings.warn(
                f"{unfinished:,} of {len(found):,} outputs did not end within {limit} tokens. "
                "Train longer, or allow more with max_length=...",
                stacklevel=3,
            )
        if options.get("n_best", 1) > 1:
            return found
        return [best[0] if details else best[0]["text"] for best in found]

    def _raw_texts(self, x):
        """Raw inputs that are texts, as a list of bytes."""
        dataset = as_dataset(x, None, None, self.model.input_feature)
        return [text for (batch,) in dataset.batch(1024) for text in batch.numpy().tolist()]

    def words_served(self, values):
        """The words of the inputs, where unknown tokens are replaced by them."""
        source, target = self.model.input_feature, self.model.output_feature
        if self.model.decoder.attention is None or source is None:
            return None
        copies = source.copies_words and target.copies_words and target.decodes_in_graph
        return source.source_words_graph(values) if copies else None

    def serve(self, codes, words, seed):
        options = self.options(seed=0)
        limit, _ = tf.constant(options.pop("max_length")), options.pop("seed")
        run, arguments = self.runner(**options)
        decoded, _ = run(codes, limit, tf.stack([seed, 0]), *arguments)
        ended = tf.where(decoded.tokens == self.model.decoder.head.end, 0, decoded.tokens)
        result = {
            "tokens": ended[:, 0],  # [batch, length]
            "lengths": decoded.lengths[:, 0] - tf.cast(decoded.finished[:, 0], tf.int32),
            "score": decoded.scores[:, 0],
        }
        target = self.model.output_feature
        if words is None:
            found = target.decode_graph(result["tokens"]) if target.decodes_in_graph else {}
            return result | found
        chosen = tf.argmax(decoded.attention[:, 0], axis=-1, output_type=tf.int32)
        last = tf.cast(words.row_lengths(), tf.int32) - 1  # [batch]
        chosen = tf.gather(words.to_tensor(), tf.minimum(chosen, last[:, None]), batch_dims=1)
        chosen = tf.where(result["tokens"] == 1, chosen, "")  # [batch, length]
        return result | target.restore_graph(result["tokens"], chosen)

    def score(self, x, y=None, names=None, batch_size=None, verbose=0, **options):
        chosen = {name: options.pop(name) for name in ("tokenize", "lowercase") if name in options}
        self.check_penalty(options)
        together = all(name in SEVERAL for name in names or metrics.DEFAULTS["texts"])
        read = References.grouped if together else References.read
        found = read(self.model, x, y, lambda targets: [row[:-1] for row in targets.to_list()])
        hypotheses, _ = self.generate(found.data, batch_size, verbose, found.sources, **options)
        generated = [best[0]["text"] for best in hypotheses]
        return metrics.scores(self.model.output_feature, found.texts, generated, names, **chosen)

    # === Prompts ===

    def prompts(self, values):
        return texts.prompts(self.model.output_feature, values)

    def after(self, source, prompt):
        """A `Source` that has read tokens int32 `[batch, time]`, padded with 0; rows may be empty.

        Each row is read in one call over all of its tokens. Of a cache, the states come last.
        """
        decoder, cache = self.model.decoder, self.model.cache
        tokens = tf.pad(prompt, [[0, 0], [0, 1]])  # [batch, time + 1]: at least one step
        lengths = tf.reduce_sum(tf.cast(tokens != 0, tf.int32), axis=1)  # [batch]
        features, states = decoder.begun(decoder.head.before(tokens), lengths, source)
        states += cache.read(features, tokens) if cache else []
        last = tf.gather(tokens, tf.maximum(lengths - 1, 0), axis=1, batch_dims=1)
        last = tf.where(lengths == 0, decoder.head.start, last)
        return source._replace(states=states, last=last)

    # === Likelihoods ===

    def log_likelihood(self, data, batch_size, verbose=0):
        def run(source, before, target):
            return _log_probability(self.model([source, before], training=False), target)

        data, run = in_memory(data, "log_likelihood"), self.compiled("examples", run)
        batches = self.model._batches(data, batch_size)
        found = [
            run(source, before, target).numpy()
            for (source, before), target, *_ in shown(batches, int(batches.cardinality()), verbose)
        ]
        return data.restored(np.concatenate(found).astype("float64"), batch_size)

    def log_likelihoods(self, x, targets, batch_size, verbose=0):
        """As `Conditional.log_likelihoods`.

        Inputs are encoded once; then every input is put beside every target, in blocks of both
        with targets of similar length.
        """
        feature, decoder = self.model.output_feature, self.model.decoder
        values = feature.to_tensor(targets)
        ids = feature.encode(values)
        feature.check(values, ids)
        ids = decoder.head.ended(ids)
        order = np.argsort(ids.row_lengths().numpy(), kind="stable")
        data = self.model.prepare(x, targets=False)

        def pairs(source, before, target):
            """Log-probabilities `[inputs, targets]` of a block."""
            inputs, targets = tf.shape(source.parts[0])[0], tf.shape(target)[0]
            source = source.map(lambda each: tf.repeat(each, targets, axis=0))
            before, target = tf.tile(before, [inputs, 1]), tf.tile(target, [inputs, 1])
            values = _log_probability(decoder.whole(before, source)[0], target)
            return tf.reshape(values, [inputs, targets])

        begin, pairs = self.compiled("begin", self.model.begin), self.compiled("pairs", pairs)
        sources = list(self.model._each_batch(begin, data, batch_size, 0))
        counts = [len(each.parts[0]) for each in sources]
        blocks = [order[first : first + batch_size] for first in range(0, len(order), batch_size)]
        result = np.zeros((sum(counts), len(order)))
        for rows in shown(blocks, len(blocks), verbose):
            target = tf.gather(ids, rows).to_tensor()  # [targets, time]
            before = decoder.head.before(target)
            found = [pairs(source, before, target).numpy() for source in sources]
            result[:, rows] = np.concatenate(found)
        return data.restored(result, batch_size)


def _log_probability(logits, target):
    """Log-probability of targets `[batch, time]`, padded with 0: `[batch]`."""
    logits = tf.cast(logits, tf.float32)  # [batch, time, size]
    values = tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits)
    return -tf.reduce_sum(tf.where(target != 0, values, 0.0), axis=1)


def _results(decoded, sources):
    """Results of a batch as a list of lists of dicts; `sources`: length of each source or None."""
    tokens, lengths, scores, probabilities, finished = (part.numpy() for part in decoded[:5])
    attention = None if decoded.attention is None else decoded.attention.numpy()
    found = []
    for row in range(len(tokens)):
        found.append([])
        for rank in range(tokens.shape[1]):
            kept = lengths[row, rank] - int(finished[row, rank])  # without the end
            result = {
                "score": short(scores[row, rank]),
                "log_probability": short(probabilities[row, rank]),
                "finished": bool(finished[row, rank]),
                "tokens": tokens[row, rank, :kept].tolist(),
            }
            if attention is not None:
                # [tokens, source]
                width = None if sources is None else int(sources[row])
                result["attention"] = attention[row, rank, :kept, :width]
            found[-1].append(result)
    return found
