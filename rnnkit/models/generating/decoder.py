"""The decoder of generating models: recurrent layers with attention between them."""

import typing

import keras
import tensorflow as tf
from keras import ops

from rnnkit.layers.attention import AdditiveAttention, MultiplicativeAttention
from rnnkit.layers.recurrent import recurrent
from rnnkit.layers.stepwise import state_sizes, step

ATTENTIONS = ("additive", "multiplicative", None)


class Source(typing.NamedTuple):
    """What a decoder starts from.

    Attributes:
        states: First states, a flat list in the order of `Decoder.state_sizes`; None for zeros.
        memory: What is attended to, `[batch, source, features]`, or None.
        mask: Boolean `[batch, source]`: what of it counts. None for all.
        given: What is read at every step, `[batch, features]`, or None.
        last: The step before the first, int32 `[batch]` of tokens, `[batch, width + 1]` of numbers;
            None for the start.
    """

    states: list | None = None
    memory: tf.Tensor | None = None
    mask: tf.Tensor | None = None
    given: tf.Tensor | None = None
    last: tf.Tensor | None = None

    @property
    def parts(self):
        """All tensors that are there, as a list."""
        return [each for each in tf.nest.flatten(self) if each is not None]

    def map(self, function):
        """A source whose tensors are what a function gives for them."""
        return tf.nest.map_structure(lambda x: None if x is None else function(x), self)


class SourceReader:
    """The part of a graph that reads the inputs, as a function: encoded inputs to a `Source`.

    Its layers are those of a model. Keras would save them twice if this were a layer of the model.

    Args:
        inputs: Keras input.
        source: `Source` of Keras tensors.
    """

    def __init__(self, inputs, source):
        there = {name: part for name, part in source._asdict().items() if part is not None}
        self._model = keras.Model(inputs, there)

    def __call__(self, inputs):
        return Source(**self._model(inputs, training=False))


class Decoder:
    """Layers that continue a sequence of tokens or numbers, given a memory to attend to.

    The lower recurrent layer reads the sequence, its states ask the attention, and the upper layers
    read both: so no recurrence depends on what was attended to a step before, each is one call
    over the whole sequence in training, and the upper layers still see the context at every step.

    Used twice: to make the graph of training (`whole`), and step by step in decoding (`step`).

    Args:
        head: What is read and generated: `rnnkit.models.heads.base.Head`.
        cell, units, num_layers, dropout, recurrent_dropout: As in `rnnkit.layers.recurrent`.
        attention: `"additive"`, `"multiplicative"` or None.
        embedding_size: Size of the vectors that the head gives and takes.
        seeds: `rnnkit.utils.seeds.Seeds`.
    """

    def __init__(
        self,
        head,
        cell,
        units,
        num_layers,
        attention,
        embedding_size,
        dropout=0.0,
        recurrent_dropout=0.0,
        seeds=None,
    ):
        self.head = head
        has_states = cell != "dense"

        def layer(count, name):
            return recurrent(
                cell,
                units,
                num_layers=count,
                dropout=dropout,
                recurrent_dropout=recurrent_dropout,
                return_sequences=True,
                return_state=has_states,
                seed=seeds.next(),
                name=name,
            )

        def drop(name):
            return keras.layers.Dropout(dropout, seed=seeds.next(), name=name)

        self.layers = [layer(1, "decoder")]
        if num_layers > 1:
            self.layers.append(layer(num_layers - 1, "upper_decoder"))
        self.attention = None
        if attention == "additive":
            self.attention = AdditiveAttention(
                units, kernel_initializer=seeds.glorot(), name="attention"
            )
        elif attention == "multiplicative":
            self.attention = MultiplicativeAttention(
                "general", scaled=True, kernel_initializer=seeds.glorot(), name="attention"
            )
        # What the upper layers read of both, narrow, since it is part of their loop over time.
        self.combine = None
        if attention is not None and num_layers > 1:
            self.combine = keras.layers.Dense(
                embedding_size, "tanh", kernel_initializer=seeds.glorot(), name="combination"
            )
        self.readout = keras.layers.Dense(
            embedding_size, "tanh", kernel_initializer=seeds.glorot(), name="readout_output"
        )
        self.drop = drop("output_dropout")

    @property
    def state_sizes(self):
        """Sizes of the states of all layers, bottom first: a list of lists."""
        return [sizes for layer in self.layers for sizes in state_sizes(layer)]

    def zero_states(self, batch):
        """States of zeros for so many rows: a flat list."""
        dtype = self.readout.compute_dtype
        return [tf.zeros([batch, size], dtype) for sizes in self.state_sizes for size in sizes]

    def whole(self, steps, source, mask=None):
        """What follows each step of a sequence (teacher forcing).

        Args:
            steps: What is there, from the start on: tokens `[batch, time]`, or numbers
                `[batch, time, width + 1]`.
            source: `Source`.
            mask: Boolean `[batch, time]`, False for the padding that states must not see; None
                where the last states are of no interest.

        Returns:
            What the head generates, logits `[batch, time, size]` or numbers and the logit of the
            end `[batch, time, width + 1]`; and the last states, a flat list.
        """
        x, last = self.features(steps, source, mask)
        return self.head.generate(self.drop(x), steps), last

    def features(self, steps, source, mask=None):
        """As `whole`, but what the head generates from: `[batch, time, embedding]`."""
        x = self.head.read(steps)  # [batch, time, embedding]
        if source.given is not None:
            given = ops.zeros_like(x[..., :1]) + source.given[:, None]  # [batch, time, features]
            x = ops.concatenate([x, given], axis=-1)
        hidden, context, left, last = x, None, source.states, []
        for index, layer in enumerate(self.layers):
            count = sum(map(len, state_sizes(layer)))
            first, left = (None, None) if left is None else (left[:count], left[count:])
            outputs = layer(hidden, initial_state=first or None, mask=mask)
            hidden, *states = outputs if count else [outputs]  # [batch, time, units]
            last += states
            if index == 0 and self.attention is not None:
                context = self.attention(hidden, source.memory, memory_mask=source.mask)
                if self.combine is not None:  # [batch, time, embedding]
                    hidden = self.combine(ops.concatenate([hidden, context], axis=-1))
        return self._read_out(x, hidden, context), last

    def begun(self, steps, lengths, source):
        """Reads the beginnings of sequences, each in one call over all of its steps.

        The last step of a beginning is left to the first step of decoding.

        Args:
            steps: What comes before each step of the beginnings, `[batch, time, ...]`, padded.
            lengths: int32 `[batch]`, steps of each beginning, 0 where there is none.
            source: `Source` from which they are read.

        Returns:
            The pair of the features `[batch, time, embedding]`, and the states after the
            beginnings, a flat list.
        """
        # No row is masked altogether.
        mask = tf.sequence_mask(tf.maximum(lengths, 1), tf.shape(steps)[1])
        first = source.states or self.zero_states(tf.shape(steps)[0])
        features, last = self.features(steps, source._replace(states=first or None), mask)
        empty = (lengths == 0)[:, None]  # [batch, 1]
        states = [tf.where(empty, a, tf.cast(b, a.dtype)) for a, b in zip(first, last, strict=True)]
        return features, states

    def step(
        self,
        steps,
        states,
        memory=None,
        projected=None,
        memory_mask=None,
        given=None,
        output=None,
        cache=None,
    ):
        """As `whole`, for one step of several beams, without dropout.

        Args:
            steps: int32 `[batch, beams]`, or numbers `[batch, beams, width + 1]`.
            states: Flat list of states `[batch, beams, size]`.
            memory, memory_mask, given: Of the `Source`; the beams of an example share them.
            projected: The attention's `project(memory)`.
            output: What the head's `output` made, where tokens are generated.
            cache: `rnnkit.models.generating.cache.Cache`, whose states are the last of `states`; or
                None.

        Returns:
            What the head generates, as in `whole` with beams for time; the new states; and the
            attention's weights `[batch, beams, source]` or None.
        """
        batch, beams = tf.shape(steps)[0], steps.shape[1]
        x = self.head.read(steps)  # [batch, beams, embedding]
        if given is not None:
            given = tf.repeat(given[:, None], beams, axis=1)  # [batch, beams, features]
            x = tf.concat([x, tf.cast(given, x.dtype)], axis=-1)
        states, cached = (states[:-3], states[-3:]) if cache else (states, [])
        hidden, context, weights, left, new = x, None, None, list(states), []
        for index, layer in enumerate(self.layers):
            count = sum(map(len, state_sizes(layer)))
            # Beams are rows of a batch to the recurrent layers.
            rows = [tf.reshape(s, [batch * beams, s.shape[-1]]) for s in left[:count]]
            flat = tf.reshape(hidden, [batch * beams, hidden.shape[-1]])
            flat, after = step(layer, flat, rows)  # [batch * beams, units]
            left = left[count:]
            new += [tf.reshape(s, [batch, beams, s.shape[-1]]) for s in after]
            hidden = tf.reshape(flat, [batch, beams, flat.shape[-1]])
            if index == 0 and self.attention is not None:
                context, weights = self.attention(
                    hidden, memory, projected, memory_mask=memory_mask, return_weights=True
                )
                if self.combine is not None:  # [batch, beams, embedding]
                    hidden = self.combine(tf.concat([hidden, context], axis=-1))
        features = self._read_out(x, hidden, context)  # [batch, beams, embedding]
        result = self.head.generate(self.drop(features), steps, output)
        if cache:
            result, cached = cache.step(features, steps, cached, result, self.head.start)
        return result, [*new, *cached], weights

    def _read_out(self, x, hidden, context):
        parts = [each for each in (hidden, context, x) if each is not None]
        return self.readout(ops.concatenate(parts, axis=-1))  # [batch, time, embedding]


def bridge(states, sizes, seeds):
    """First states of a decoder from the last states of an encoder.

    A state of the right size is taken as it is. Others pass a dense layer with tanh.

    Args:
        states: List of tensors `[batch, features]`, one for each state of the encoder's cell, the
            directions side by side; empty for an encoder without memory.
        sizes: `Decoder.state_sizes`.
        seeds: `rnnkit.utils.seeds.Seeds`.

    Returns:
        A flat list of tensors, or None where the decoder or the encoder has no states.
    """
    if not states or not any(sizes):
        return None
    result = []
    for level, layer in enumerate(sizes):
        for index, size in enumerate(layer):
            state = states[min(index, len(states) - 1)]  # [batch, features]
            if state.shape[-1] != size:
                dense = keras.layers.Dense(
                    size,
                    "tanh",
                    kernel_initializer=seeds.glorot(),
                    name=f"bridge_{level}_{index}",
                )
                state = dense(state)  # [batch, size]
            result.append(state)
    return result
