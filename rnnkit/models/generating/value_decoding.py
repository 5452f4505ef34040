"""How models whose outputs are sequences of numbers decode: step after step until they end."""

import itertools
import warnings

import numpy as np
import tensorflow as tf

from rnnkit import metrics
from rnnkit.data.pipeline.encoded import in_memory
from rnnkit.decoding.values import generate_values
from rnnkit.models.generating.decoding import Decoding


class ValueDecoding(Decoding):
    """Decoding of numbers; see `Decoding`.

    Attributes:
        name: What the decoded outputs are called in a dict of details.
    """

    name = "values"

    def options(self, max_length=None, **others):
        """The options of decoding, checked: the limit, whether to sample, temperature and seed.

        Raises:
            ValueError: For options that are of tokens.
        """
        for option, value in others.items():
            raise ValueError(
                "Of the options of decoding, targets of numbers take max_length alone. "
                f"Received: {option}={value!r}"
            )
        return self.limit(max_length), False, 1.0, 0

    def chooser(self, sample, temperature, seed):
        """Function of outputs and step that gives the numbers of the step and whether it is the
        last; None where the outputs are these."""
        return None

    def runner(self, sample=False):
        """The compiled function that generates for a batch; kept for the next time."""
        decoder = self.model.decoder

        def run(source, limit, temperature, seed):
            states, memory, mask, given, last = self.model.begin(source)
            batch, projected = tf.shape(tf.nest.flatten(source)[0])[0], None
            if decoder.attention is not None:
                projected = decoder.attention.project(memory)
            states = decoder.zero_states(batch) if states is None else states
            found = generate_values(
                lambda steps, states: decoder.step(steps, states, memory, projected, mask, given),
                [state[:, None] for state in states],  # each [batch, 1, size]
                batch,
                width=decoder.head.width,
                max_length=limit,
                attends=decoder.attention is not None,
                choose=self.chooser(sample, temperature, seed),
                before=None if last is None else last[:, None],
            )
            lengths = None if mask is None else tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
            return (*found, lengths)

        return self.compiled(("values", sample), run)

    def results(self, data, batch_size=None, verbose=0, **options):
        """Results of decoding prepared data, and the limit of their lengths.

        Returns:
            A dict for each input: `outputs`, float32 `[steps, width]` as the network gives them,
            `finished` and, of a model with attention, `attention` `[steps, source]`; and the limit.
        """
        limit, sample, temperature, seed = self.options(**options)
        size, number = self.model._batch_size(batch_size), itertools.count()
        run, temperature = self.runner(sample), tf.constant(temperature)

        def compute(source):
            seeds = tf.constant([seed, next(number)], tf.int32)
            values, lengths, finished, attention, sources = (
                None if part is None else part.numpy()
                for part in run(source, tf.constant(limit), temperature, seeds)
            )
            results = []
            for row, length in enumerate(lengths):
                result = {"outputs": values[row, :length], "finished": bool(finished[row])}
                if attention is not None:
                    width = None if sources is None else sources[row]
                    result["attention"] = attention[row, :length, :width]
                results.append(result)
            return results

        batches = self.model._each_batch(compute, data, size, verbose)
        found = [each for results in batches for each in results]
        return data.restored(found, size), limit

    # === Use ===

    def predict(self, x, batch_size=None, verbose="auto", **options):
        width = self.model.decoder.head.width
        if isinstance(x, list) and not x:
            return np.zeros((0, 0, width), "float32")
        data = self.model.prepare(x, targets=False)
        rows = [each["outputs"] for each in self.results(data, batch_size, verbose, **options)[0]]
        result = np.full((len(rows), max(map(len, rows)), width), np.nan, "float32")
        for index, row in enumerate(rows):
            result[index, : len(row)] = row
        return result

    def infer(self, x, batch_size=None, details=False, verbose=0, **options):
        data = self.model.prepare(x, targets=False)
        found, limit = self.results(data, batch_size, verbose, **options)
        unfinished = sum(not each["finished"] for each in found)
        if unfinished:
            warnings.warn(
                f"{unfinished:,} of {len(found):,} outputs did not end within {limit} steps. "
                "Train longer, or allow more with max_length=...",
                stacklevel=3,
            )
        values = self.model.output_feature.decode([each.pop("outputs") for each in found])
        if not details:
            return values
        return [{self.name: value, **each} for value, each in zip(values, found, strict=True)]

    def serve(self, codes, words, seed):
        del words
        limit, sample, temperature, _ = self.options()
        arguments = tf.constant(limit), tf.constant(temperature), tf.stack([seed, 0])
        values, lengths, *_ = self.runner(sample)(codes, *arguments)
        found = {"lengths": lengths, "values": values}  # [batch], [batch, longest, width]
        feature = self.model.output_feature
        if feature.decodes_in_graph:
            decoded = feature.decode_graph(values)
            found |= {{"value": "values"}.get(name, name): each for name, each in decoded.items()}
        return found

    def score(self, x, y=None, names=None, batch_size=None, verbose=0, **options):
        """Errors of what is generated freely, in the units of the targets."""
        data = in_memory(self.model.prepare(x, y))
        found, _ = self.results(data, batch_size, verbose, **options)
        targets = data.tensors[1]  # [examples, (time), width + 1], the last column the end
        splits, rows = targets.row_splits.numpy(), targets.flat_values.numpy()[:, :-1]
        truth = [rows[first:last] for first, last in zip(splits, splits[1:], strict=False)]
        outputs = [each["outputs"] for each in found]
        return metrics.scores(self.model.output_feature, truth, outputs, names)
