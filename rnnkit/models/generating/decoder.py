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
    """What a decoder writes from.

    Attributes:
        states: First states, a flat list in the order of `Decoder.state_sizes`; None for zeros.
        memory: What is attended to, `[batch, source, features]`, or None.
        mask: Boolean `[batch, source]`: what of it counts. None for all.
        given: What is read at every step, `[batch, features]`, or None.
        tokens: int32 `[batch]`, what was written last; None for the start.
    """

    states: list | None = None
    memory: tf.Tensor | None = None
    mask: tf.Tensor | None = None
    given: tf.Tensor | None = None
    tokens: tf.Tensor | None = None


class Decoder:
    """Layers that continue a sequence of tokens or numbers, given a memory to attend to.

    The lower recurrent layer reads the sequence, its states ask the attention, and the upper layers
    read both: so no recurrence depends on what was attended to a step before, each is one call
    over the whole sequence in training, and the upper layers still see the context at every step.

    Used twice: to make the graph of training (`whole`), and step by step in decoding (`step`).

    Args:
        surface: What is read and written: `rnnkit.models.heads.tokens.Tokens` or `Values`, or
            `rnnkit.models.heads.keys.Keys`.
        cell, units, num_layers, dropout, recurrent_dropout: As in `rnnkit.layers.recurrent`.
        attention: `"additive"`, `"multiplicative"` or None.
        embedding_size: Size of the vectors that the surface gives and takes.
        seeds: `rnnkit.utils.seeds.Seeds`.
    """

    def __init__(
        self,
        surface,
        cell,
        units,
        num_layers,
        attention,
        embedding_size,
        dropout=0.0,
        recurrent_dropout=0.0,
        seeds=None,
    ):
        self.surface = surface

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
                units, kernel_initializer=_glorot(seeds), name="attention"
            )
        elif attention == "multiplicative":
            self.attention = MultiplicativeAttention(
                "general", scaled=True, kernel_initializer=_glorot(seeds), name="attention"
            )
        # What the upper layers read of both, narrow, since it is part of their loop over time.
        self.combine = None
        if attention is not None and num_layers > 1:
            self.combine = keras.layers.Dense(
                embedding_size, "tanh", kernel_initializer=_glorot(seeds), name="combination"
            )
        self.readout = keras.layers.Dense(
            embedding_size, "tanh", kernel_initializer=_glorot(seeds), name="readout_output"
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

    def whole(self, written, source, mask=None):
        """What follows each step of a sequence (teacher forcing).

        Args:
            written: What is there, from the start on: tokens `[batch, time]`, or numbers
                `[batch, time, width + 1]`.
            source: `Source`.
            mask: Boolean `[batch, time]`, False for the padding that states must not see; None
                where the last states are of no interest.

        Returns:
            What the surface writes, logits `[batch, time, size]` or numbers and the logit of the
            end `[batch, time, width + 1]`; and the last states, a flat list.
        """
        x, last = self.keys(written, source, mask)
        return self.surface.write(self.drop(x), written), last

    def keys(self, written, source, mask=None):
        """As `whole`, but what the surface writes from: `[batch, time, embedding]`."""
        x = self.surface.read(written)  # [batch, time, embedding]
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

    def step(
        self,
        written,
        states,
        memory=None,
        keys=None,
        memory_mask=None,
        given=None,
        output=None,
        cache=None,
    ):
        """As `whole`, for one step of several beams, without dropout.

        Args:
            written: int32 `[batch, beams]`, or numbers `[batch, beams, width + 1]`.
            states: Flat list of states `[batch, beams, size]`.
            memory, memory_mask, given: Of the `Source`; the beams of an example share them.
            keys: The attention's `project(memory)`.
            output: What the surface's `output` made, where tokens are written.
            cache: `rnnkit.models.generating.cache.Cache`, whose states are the last of `states`; or
            None.

        Returns:
            What the surface writes, as in `whole` with beams for time; the new states; and the
            attention's weights `[batch, beams, source]` or None.
        """
        batch, beams = tf.shape(written)[0], written.shape[1]
        x = self.surface.read(written)  # [batch, beams, embedding]
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
                    hidden, memory, projected=keys, memory_mask=memory_mask, return_weights=True
                )
                if self.combine is not None:  # [batch, beams, embedding]
                    hidden = self.combine(tf.concat([hidden, context], axis=-1))
        key = self._read_out(x, hidden, context)  # [batch, beams, embedding]
        result = self.surface.write(self.drop(key), written, output)
        if cache:
            result, cached = cache.step(key, written, cached, result, self.surface.start)
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
                    kernel_initializer=_glorot(seeds),
                    name=f"bridge_{level}_{index}",
                )
                state = dense(state)  # [batch, size]
            result.append(state)
    return result


def _glorot(seeds):
    return keras.initializers.GlorotUniform(seed=seeds.next())
