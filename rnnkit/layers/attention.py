"""Attention of a decoder to the memory of an encoder: additive and multiplicative."""

import keras
from keras import ops

from rnnkit.layers.config import Configured
from rnnkit.utils.checks import integer, one_of, require


class _Attention(Configured, keras.layers.Layer):
    """What both kinds share: from scores to weights to a context vector.

    The memory is an argument of every call and nothing is kept between calls, so that one layer
    serves a whole decoded sequence in training and single steps in decoding.
    """

    def build(self, query_shape, memory_shape=None, projected_shape=None, memory_mask_shape=None):
        if memory_shape is None:  # [query, value] or [query, value, key]
            query_shape, _, memory_shape = _parts(query_shape)
        self.make_weights(query_shape[-1], memory_shape[-1])
        self.built = True

    def call(
        self,
        query,
        memory=None,
        projected=None,
        memory_mask=None,
        return_weights=False,
        mask=None,
        return_attention_scores=False,
    ):
        query_mask = None
        if memory is None:
            query, memory, key = _parts(query)
            require(
                projected is None and memory_mask is None,
                "With [query, value] pass mask=[query_mask, value_mask].",
                projected=projected,
                memory_mask=memory_mask,
            )
            projected = self.project(key)
            if mask is not None:
                query_mask, memory_mask = _masks(mask)
        else:
            text = "mask is of a list [query, value]. With query and memory pass memory_mask."
            require(mask is None, text, mask=mask)
        projected = self.project(memory) if projected is None else projected
        scores = self.score(query, projected)  # [batch, target, source]
        # In half precision a sum over many positions is too coarse.
        scores = ops.cast(scores, keras.backend.result_type(scores.dtype, "float32"))
        if memory_mask is not None:
            valid = ops.cast(memory_mask, "bool")[:, None, :]  # [batch, 1, source]
            # Far below any score, but finite: a memory without any position gives no NaN.
            scores = ops.where(valid, scores, -1e9)
        # Written out, as Keras' own softmax warns where a source has one position only.
        scores = scores - ops.stop_gradient(ops.max(scores, axis=-1, keepdims=True))
        weights = ops.exp(scores)  # [batch, target, source]
        weights = weights / ops.sum(weights, axis=-1, keepdims=True)
        if memory_mask is not None:
            weights = weights * ops.cast(valid, weights.dtype)
        weights = ops.cast(weights, self.compute_dtype)
        context = ops.matmul(weights, memory)  # [batch, target, memory]
        if query_mask is not None:
            context = context * ops.cast(query_mask, context.dtype)[..., None]
        return (context, weights) if return_weights or return_attention_scores else context

    def make_weights(self, query, memory):
        """Makes the weights for so many features of queries and of what they are scored against."""
        raise NotImplementedError(f"{type(self).__name__} must define make_weights()")

    def project(self, memory):
        """The part of the scores that depends on the memory alone: decoding computes it once."""
        return memory

    def score(self, query, projected):
        """Scores `[batch, target, source]` of queries against projected memory."""
        raise NotImplementedError(f"{type(self).__name__} must define score()")

    def compute_mask(self, query, mask=None):
        return mask[0] if isinstance(mask, (list, tuple)) else mask

    def _kernel(self, shape, name):
        # A copy each: one unseeded initializer gives every weight of a shape the same numbers.
        initializer = keras.initializers.get(keras.initializers.serialize(self.kernel_initializer))
        return self.add_weight(shape=shape, initializer=initializer, name=name)


def _parts(given):
    """Query, value and key of a list as Keras' own attention takes it, or of their shapes."""
    several = isinstance(given, (list, tuple)) and len(given) in (2, 3)
    if not several or any(isinstance(each, (int, type(None))) for each in given):  # one shape
        raise ValueError(
            "Attention takes query and memory, or a list [query, value] or [query, value, key]. "
            f"Received: {type(given).__name__}"
            + (f" of {len(given)}" if isinstance(given, (list, tuple)) else "")
        )
    query, value, *key = given
    return query, value, key[0] if key else value


def _masks(given):
    """Masks of query and of value; that of a key is the same as that of the value."""
    if not isinstance(given, (list, tuple)) or len(given) not in (2, 3):
        raise ValueError(
            "mask must be a list [query_mask, value_mask], each boolean [batch, time] or None. "
            f"Received: mask of type {type(given).__name__}"
        )
    return given[:2]


@keras.saving.register_keras_serializable(package="rnnkit")
class AdditiveAttention(_Attention):
    """Additive attention: a network with one hidden layer scores a query against a position.

    The score of target step i for source step j, the weights and the context are

        e_ij = v' tanh(s_i W + h_j U + b)                                                  (1)
        a_ij = exp(e_ij) / sum_k exp(e_ik)                                                 (2)
        c_i  = sum_j a_ij h_j                                                              (3)

    which are the score of appendix A.1.2 (with b added) and equations 6 and 5 of Bahdanau et al.
    Unlike `keras.layers.AdditiveAttention` it has the projections W and U.

    Args:
        units: Positive integer, size of the hidden layer.
        kernel_initializer: Initializer of W, U and v.
        bias_initializer: Initializer of b.

    Call arguments:
        query: States of the decoder, `(batch, target, query features)`. Or, as of Keras' own
            attention, a list `[query, value]` or `[query, value, key]`: then queries are scored
            against keys, and values are summed.
        memory: Outputs of the encoder, `(batch, source, memory features)`.
        projected: `project(memory)`, where it has been computed before.
        memory_mask: Boolean `(batch, source)`, False at positions that do not count.
        return_weights: Whether to return the weights a too.
        mask: Of a list, `[query_mask, value_mask]`, booleans `(batch, target)` and
            `(batch, source)` or None. Outputs are 0 where the query is masked. Keras passes the
            masks of the layers before.
        return_attention_scores: As `return_weights`, by Keras' name.

    Output shape:
        `(batch, target, memory features)`; with `return_weights` also `(batch, target, source)`.

    Example:

    ```python
    attention = AdditiveAttention(8)
    query, value = np.ones((2, 3, 4), "float32"), np.ones((2, 5, 6), "float32")
    context = attention(query, value)  # [2, 3, 6]
    context = attention([query, value])  # the same
    ```

    Reference:
        Bahdanau, Cho and Bengio, "Neural machine translation by jointly learning to align and
        translate", ICLR 2015, https://arxiv.org/abs/1409.0473.
    """

    def __init__(
        self, units, kernel_initializer="glorot_uniform", bias_initializer="zeros", **kwargs
    ):
        super().__init__(**kwargs)
        self.units = integer(units, "units")
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def make_weights(self, query, memory):
        self.query_kernel = self._kernel((query, self.units), "query_kernel")  # W
        self.memory_kernel = self._kernel((memory, self.units), "memory_kernel")  # U
        self.score_kernel = self._kernel((self.units, 1), "score_kernel")  # v
        self.bias = self.add_weight(
            shape=(self.units,), initializer=self.bias_initializer, name="bias"
        )

    def project(self, memory):
        return ops.matmul(memory, self.memory_kernel) + self.bias  # [batch, source, units]

    def score(self, query, projected):
        query = ops.matmul(query, self.query_kernel)[:, :, None]  # [batch, target, 1, units]
        hidden = ops.tanh(query + projected[:, None])  # [batch, target, source, units]
        return ops.matmul(hidden, self.score_kernel)[..., 0]  # (1) [batch, target, source]


@keras.saving.register_keras_serializable(package="rnnkit")
class MultiplicativeAttention(_Attention):
    """Multiplicative attention: the similarity of a query and a position.

    The score of target step t for source step s is one of

        dot      h_t . h_s
        general  h_t W h_s'
        concat   v' tanh([h_t; h_s] W)

    (Luong et al., equation 8); weights and context are those of `AdditiveAttention`.

    Args:
        mode: `"dot"` (query and memory of one size), `"general"` or `"concat"`.
        units: Size of the hidden layer of `"concat"`; by default that of the query.
        scaled: Whether scores are divided by the square root of the size that they are summed
            over, so that their softmax does not saturate where states are large.
        kernel_initializer: Initializer of W and v.

    Call arguments and output shape: see `AdditiveAttention`.

    Reference:
        Luong, Pham and Manning, "Effective approaches to attention-based neural machine
        translation", EMNLP 2015, https://arxiv.org/abs/1508.04025.
    """

    MODES = ("dot", "general", "concat")

    def __init__(
        self,
        mode="general",
        units=None,
        scaled=False,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.mode = one_of(mode, "mode", self.MODES)
        self.units = units
        self.scaled = scaled
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def make_weights(self, query, memory):
        if self.mode == "dot":
            text = "Mode 'dot' needs a query and a memory of one size; use 'general'."
            require(query == memory, text, query=query, memory=memory)
        elif self.mode == "general":
            self.kernel = self._kernel((memory, query), "kernel")  # W'
        else:
            units = self.units or query
            self.query_kernel = self._kernel((query, units), "query_kernel")  # W = [upper; lower]
            self.memory_kernel = self._kernel((memory, units), "memory_kernel")
            self.score_kernel = self._kernel((units, 1), "score_kernel")  # v

    def project(self, memory):
        if self.mode == "dot":
            return memory  # [batch, source, query]
        kernel = self.kernel if self.mode == "general" else self.memory_kernel
        return ops.matmul(memory, kernel)  # [batch, source, query or units]

    def score(self, query, projected):
        if self.mode == "concat":
            query = ops.matmul(query, self.query_kernel)[:, :, None]  # [batch, target, 1, units]
            hidden = ops.tanh(query + projected[:, None])  # [batch, target, source, units]
            scores = ops.matmul(hidden, self.score_kernel)[..., 0]  # [batch, target, source]
        else:
            scores = ops.matmul(query, ops.swapaxes(projected, 1, 2))  # [batch, target, source]
        return scores / projected.shape[-1] ** 0.5 if self.scaled else scores
