"""Attention: scores by hand, masks, a whole sequence against single steps, saving."""

import keras
import numpy as np
import pytest

from rnnkit.layers import AdditiveAttention, MultiplicativeAttention

LAYERS = {
    "additive": lambda: AdditiveAttention(5),
    "dot": lambda: MultiplicativeAttention("dot"),
    "general": lambda: MultiplicativeAttention("general"),
    "concat": lambda: MultiplicativeAttention("concat", units=5),
    "scaled": lambda: MultiplicativeAttention("general", scaled=True),
}


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def softmax(scores):
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def test_additive_by_hand():
    # One unit: W = [1, 0]', U = [0, 1]', v = [2], b = 0.5. Query [1, 9], memory [7, 0] and [7, -1].
    # Scores 2 tanh(1 + 0 + .5) = 1.810297 and 2 tanh(1 - 1 + .5) = 0.924234, whose difference
    # 0.886062 gives the weights 1 / (1 + e^-0.886062) = 0.708077 and 0.291923.
    layer = AdditiveAttention(1)
    query, memory = np.array([[[1.0, 9.0]]]), np.array([[[7.0, 0.0], [7.0, -1.0]]])
    layer.build(query.shape, memory.shape)
    values = {
        "query_kernel": [[1.0], [0.0]],
        "memory_kernel": [[0.0], [1.0]],
        "score_kernel": [[2.0]],
        "bias": [0.5],
    }
    for weight in layer.weights:
        weight.assign(values[weight.name])
    context, weights = layer(query, memory, return_weights=True)
    np.testing.assert_allclose(weights[0, 0], [0.708077, 0.291923], atol=1e-6)
    np.testing.assert_allclose(context[0, 0], [7.0, -0.291923], atol=1e-6)


def test_dot_by_hand():
    # Scores 1 * 2 + 2 * 0 = 2 and 1 * 0 + 2 * 1.5 = 3: weights 1 / (1 + e) and e / (1 + e).
    query, memory = np.array([[[1.0, 2.0]]]), np.array([[[2.0, 0.0], [0.0, 1.5]]])
    _, weights = MultiplicativeAttention("dot")(query, memory, return_weights=True)
    np.testing.assert_allclose(weights[0, 0], [1 / (1 + np.e), np.e / (1 + np.e)], atol=1e-6)
    _, weights = MultiplicativeAttention("dot", scaled=True)(query, memory, return_weights=True)
    ratio = np.exp(1 / np.sqrt(2))
    np.testing.assert_allclose(weights[0, 0], [1 / (1 + ratio), ratio / (1 + ratio)], atol=1e-6)


def test_general_is_dot_with_an_identity():
    query, memory = draw(2, 3, 4), draw(2, 5, 4, seed=1)
    layer = MultiplicativeAttention("general")
    layer.build(query.shape, memory.shape)
    layer.kernel.assign(np.eye(4))
    expected = MultiplicativeAttention("dot")(query, memory)
    np.testing.assert_allclose(layer(query, memory), expected, atol=1e-6)


def test_concat_is_additive_without_bias():
    query, memory = draw(2, 3, 4), draw(2, 5, 6, seed=1)
    first, second = AdditiveAttention(7), MultiplicativeAttention("concat", units=7)
    for layer in (first, second):
        layer.build(query.shape, memory.shape)
    for name in ("query_kernel", "memory_kernel", "score_kernel"):
        getattr(second, name).assign(getattr(first, name))
    np.testing.assert_allclose(first(query, memory), second(query, memory), atol=1e-6)


def test_general_against_numpy():
    query, memory = draw(2, 3, 4), draw(2, 5, 6, seed=1)
    layer = MultiplicativeAttention("general")
    context, weights = layer(query, memory, return_weights=True)
    kernel = keras.ops.convert_to_numpy(layer.kernel)  # [memory, query]
    expected = softmax(np.einsum("btq,bsm,mq->bts", query, memory, kernel))
    np.testing.assert_allclose(weights, expected, atol=1e-5)
    np.testing.assert_allclose(context, expected @ memory, atol=1e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_mask_is_exact(name):
    query, memory = draw(2, 3, 4), draw(2, 5, 4, seed=1)
    mask = np.array([[True] * 5, [True] * 2 + [False] * 3])
    layer = LAYERS[name]()
    context, weights = layer(query, memory, memory_mask=mask, return_weights=True)
    assert (np.asarray(weights)[1, :, 2:] == 0).all()
    np.testing.assert_allclose(np.asarray(weights).sum(-1), 1, atol=1e-6)
    # What is masked may be anything, and need not be there.
    other = np.where(mask[..., None], memory, 1e6).astype("float32")
    np.testing.assert_array_equal(layer(query, other, memory_mask=mask), context)
    alone = layer(query[1:], memory[1:, :2])
    np.testing.assert_allclose(alone, context[1:], atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_nothing_to_attend_to_gives_zeros(name):
    context = LAYERS[name]()(draw(1, 2, 4), draw(1, 3, 4), memory_mask=np.zeros((1, 3), bool))
    np.testing.assert_array_equal(context, np.zeros((1, 2, 4)))


@pytest.mark.parametrize("name", LAYERS)
def test_single_steps_give_the_whole(name):
    query, memory = draw(2, 3, 4), draw(2, 5, 4, seed=1)
    layer = LAYERS[name]()
    whole = layer(query, memory)
    projected = layer.project(memory)
    steps = [layer(query[:, t : t + 1], memory, projected=projected) for t in range(3)]
    np.testing.assert_allclose(np.concatenate(steps, axis=1), whole, atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_half_precision_and_gradient(name):
    layer = type(LAYERS[name]()).from_config(
        {**LAYERS[name]().get_config(), "dtype": "mixed_float16"}
    )
    context = layer(draw(2, 3, 4), draw(2, 5, 4))
    assert context.dtype == "float16" and np.isfinite(context).all()


@pytest.mark.parametrize("name", LAYERS)
def test_saved_in_a_model(name, tmp_path, fresh):
    query, memory = keras.Input((3, 4)), keras.Input((5, 4))
    mask = keras.ops.any(keras.ops.not_equal(memory, 0.0), axis=-1)
    model = keras.Model([query, memory], LAYERS[name]()(query, memory, memory_mask=mask))
    both = keras.Input((8, 4))
    model = keras.Model(both, model([both[:, :3], both[:, 3:]]))
    x = draw(2, 8, 4)
    model.save(tmp_path / "m.keras")
    np.save(tmp_path / "x.npy", x)
    arguments = {"path": str(tmp_path / "m.keras"), "x": str(tmp_path / "x.npy")}
    fresh.call("call", **arguments, out=str(tmp_path / "out.npz"))
    with np.load(tmp_path / "out.npz") as there:
        np.testing.assert_array_equal(there["outputs"], model(x))


def test_wrong_arguments():
    with pytest.raises(ValueError, match="units must be an integer of at least 1.*0"):
        AdditiveAttention(0)
    with pytest.raises(ValueError, match="mode.*cosine"):
        MultiplicativeAttention("cosine")
    with pytest.raises(ValueError, match="of one size.*query=4, memory=6"):
        MultiplicativeAttention("dot")(draw(1, 2, 4), draw(1, 3, 6))


# === Called as Keras' own ===


@pytest.mark.parametrize("name", LAYERS)
def test_a_list_of_query_and_value(name):
    query, value = draw(2, 3, 4), draw(2, 5, 4, seed=1)
    layer = LAYERS[name]()
    expected, weights = layer(query, value, return_weights=True)
    np.testing.assert_array_equal(layer([query, value]), expected)
    found = layer((query, value, value), return_attention_scores=True)
    np.testing.assert_array_equal(found[0], expected)
    np.testing.assert_array_equal(found[1], weights)
    again = LAYERS[name]()
    again([query, value])  # builds it
    assert [each.shape for each in again.weights] == [each.shape for each in layer.weights]


@pytest.mark.parametrize("parts", [2, 3])
def test_the_same_numbers_as_of_keras(parts):
    """Dot products, and additive scores with projections that are identities."""
    given = [draw(2, 3, 4), draw(2, 5, 4, seed=1), draw(2, 5, 4, seed=2)][:parts]
    masks = [
        np.array([[True] * 3, [True, True, False]]),
        np.array([[False, True, True, True, False], [True] * 2 + [False] * 3]),
    ]
    additive = AdditiveAttention(4)
    additive.build([each.shape for each in given])
    values = {
        "query_kernel": np.eye(4),
        "memory_kernel": np.eye(4),
        "score_kernel": np.ones((4, 1)),
    }
    for weight in additive.weights:
        weight.assign(values.get(weight.name, np.zeros(4)))
    for ours, theirs in (
        (MultiplicativeAttention("dot"), keras.layers.Attention()),
        (additive, keras.layers.AdditiveAttention(use_scale=False)),
    ):
        for mask in (None, masks, [None, masks[1]], [masks[0], None]):
            found = ours(given, mask=mask, return_attention_scores=True)
            expected = theirs(given, mask=mask, return_attention_scores=True)
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_allclose(one, other, atol=1e-6)


def test_values_and_keys_of_other_sizes():
    query, value, key = draw(2, 3, 4), draw(2, 5, 6, seed=1), draw(2, 5, 7, seed=2)
    for layer in (AdditiveAttention(5), MultiplicativeAttention("general")):
        assert layer([query, value, key]).shape == (2, 3, 6)
    with pytest.raises(ValueError, match="of one size.*query=4, memory=7"):
        MultiplicativeAttention("dot")([query, value, key])


def test_masks_of_embeddings_come_by_themselves(tmp_path):
    query, value = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    embedding = keras.layers.Embedding(9, 4, mask_zero=True)
    context = AdditiveAttention(5)([embedding(query), embedding(value)])
    model = keras.Model([query, value], context)
    short, long = np.array([[1, 2]]), np.array([[3, 4, 5, 0, 0]])
    np.testing.assert_allclose(
        model([short, long]), model([short, long[:, :3]]), atol=1e-6
    )  # what is masked does not count
    path = tmp_path / "m.keras"
    model.save(path)
    again = keras.models.load_model(path)
    np.testing.assert_array_equal(again([short, long]), model([short, long]))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda layer, x: layer(x), "takes query and memory, or a list .query, value."),
        (lambda layer, x: layer([x]), "or .query, value, key.. Received: list of 1"),
        (lambda layer, x: layer([x, x], mask=x[..., 0] > 0), "mask must be a list .query_mask"),
        (lambda layer, x: layer([x, x], memory_mask=x[..., 0] > 0), "pass mask=.query_mask"),
        (lambda layer, x: layer(x, x, mask=x[..., 0] > 0), "pass memory_mask"),
    ],
)
def test_calls_that_say_no_memory(call, message):
    with pytest.raises(ValueError, match=message):
        call(AdditiveAttention(2), draw(2, 3, 4))
