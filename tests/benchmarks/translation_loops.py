"""Translation as common tutorials write it: loops over steps in Python.

What `translation_speed.py` sets rnnkit beside: a decoder that attends at every step before its
recurrent update and so cannot read a sequence in one call, and a beam search over lists.
"""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.decoding.search import NEVER
from rnnkit.losses.tokens import TokenAccuracy, TokenCrossEntropy


class StepwiseTranslator(keras.Model):
    """Encoder-decoder with input feeding: context, then one GRU step, then logits.

    Another decoder than rnnkit's: one layer, whose update reads what was attended to. Embeddings
    and output layer have weights of their own, and there is no dropout. The encoder is the same.

    Args:
        source_size, target_size: Number of ids of source and target.
        units: Of the decoder; half of them in each direction of the encoder.
        width: Size of the embeddings.
    """

    def __init__(self, source_size, target_size, units, width):
        super().__init__()
        layers = keras.layers
        self.source_embedding = layers.Embedding(source_size, width)
        gru = layers.GRU(units // 2, return_sequences=True, return_state=True)
        self.encoder = layers.Bidirectional(gru)
        self.target_embedding = layers.Embedding(target_size, width)
        self.query, self.keys = layers.Dense(units), layers.Dense(units)
        self.energy = layers.Dense(1)
        self.cell = layers.GRUCell(units)
        self.vocabulary = layers.Dense(target_size)

    def call(self, inputs):
        source, before = inputs  # [batch, source], [batch, target] of a known length
        mask = source != 0
        memory, forward, backward = self.encoder(self.source_embedding(source), mask=mask)
        state = tf.concat([forward, backward], -1)  # [batch, units]
        keys = self.keys(memory)  # once; some tutorials compute them at every step
        x = self.target_embedding(before)
        logits = []
        for step in range(before.shape[1]):
            scores = self.energy(tf.tanh(self.query(state)[:, None] + keys))[..., 0]
            weights = tf.nn.softmax(tf.where(mask, scores, NEVER))  # [batch, source]
            context = tf.einsum("bs,bsu->bu", weights, memory)
            state, _ = self.cell(tf.concat([context, x[:, step]], -1), [state])
            logits.append(self.vocabulary(state))
        return tf.stack(logits, axis=1)  # [batch, target, target_size]


class StepwiseTraining:
    """Trains it: a traced function for each length of targets, kept for the next epochs.

    Args:
        model: A `StepwiseTranslator`.
        smoothing: Of the labels.
        learning_rate: Of Adam, with the clipping of the recipe.
    """

    def __init__(self, model, smoothing, learning_rate):
        self.model = model
        model((tf.ones([1, 2], tf.int32), tf.ones([1, 2], tf.int32)))
        self.loss, self.accuracy = TokenCrossEntropy(smoothing), TokenAccuracy()
        self.optimizer = keras.optimizers.Adam(learning_rate, clipnorm=1.0)
        self.optimizer.build(model.trainable_variables)
        self.traced = {}

    def _step(self, length):
        if length not in self.traced:
            known = tf.TensorSpec([None, length], tf.int32)
            signature = [tf.TensorSpec([None, None], tf.int32), known, known]
            self.traced[length] = tf.function(self._train, input_signature=signature)
        return self.traced[length]

    def _train(self, source, before, target):
        with tf.GradientTape() as tape:
            logits = self.model((source, before))
            loss = self.loss(target, logits)
        variables = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        self.accuracy.update_state(target, logits)
        return loss

    def epoch(self, batches):
        """Trains on a dataset of `((source, before), target)`; the mean loss."""
        losses = [
            self._step(target.shape[1])(source, before, target)
            for (source, before), target in batches
        ]
        return float(tf.reduce_mean(losses))


class LoopSearch:
    """Beam search over Python lists, one sentence at a time; only a step is compiled.

    Args:
        model: A `rnnkit.models.EncoderDecoder`.
        beams, alpha, limit: Hypotheses kept, exponent of the length penalty, tokens at most.
    """

    def __init__(self, model, beams, alpha, limit):
        self.model, self.beams, self.alpha, self.limit = model, beams, alpha, limit
        decoder = model.decoder
        barred = np.zeros(decoder.head.size, "float32")
        barred[[0, decoder.head.start]] = NEVER

        @tf.function(input_signature=[tf.TensorSpec([1, None], tf.int32)])
        def begin(source):
            states, memory, mask = model.begin(source)[:3]
            return states, memory, decoder.attention.project(memory), mask

        @tf.function(reduce_retracing=True)
        def advance(tokens, states, parents, *memory):  # [rows], each [rows before, units], [rows]
            states = [tf.gather(each, parents)[:, None] for each in states]
            memory = [tf.repeat(each, tf.shape(tokens)[0], axis=0) for each in memory]
            logits, states, _ = decoder.step(tokens[:, None], states, *memory)
            values, tokens = tf.math.top_k(tf.nn.log_softmax(logits[:, 0] + barred), beams)
            return values, tokens, [each[:, 0] for each in states]

        self.begin, self.advance = begin, advance

    def score(self, total, length):
        return total / ((5.0 + length) / 6.0) ** self.alpha

    def tokens(self, source):
        """The best tokens of one sentence, without the end."""
        decoder = self.model.decoder
        states, *memory = self.begin(source)
        kept = [(0.0, 0.0, [], 0, False)]  # score, log-probability, tokens, parent, ended
        for _ in range(self.limit):
            live = [each for each in kept if not each[4]]
            if not live:
                break
            last = [each[2][-1] if each[2] else decoder.head.start for each in live]
            parents = tf.constant([each[3] for each in live])
            values, tokens, states = self.advance(tf.constant(last), states, parents, *memory)
            candidates = [each for each in kept if each[4]]
            rows = zip(live, values.numpy().tolist(), tokens.numpy().tolist(), strict=True)
            for row, (each, added, following) in enumerate(rows):
                for value, token in zip(added, following, strict=True):
                    total, written = each[1] + value, each[2] + [token]
                    score = self.score(total, len(written))
                    candidates.append((score, total, written, row, token == decoder.head.end))
            kept = sorted(candidates, key=lambda each: each[0], reverse=True)[: self.beams]
        return [token for token in kept[0][2] if token != decoder.head.end]

    def texts(self, sources):
        """Texts to texts."""
        feature, found = self.model.input_feature, []
        for text in sources:
            found.append(self.tokens(feature.encode(tf.constant([text])).to_tensor()))
        return self.model.output_feature.decode(found)
