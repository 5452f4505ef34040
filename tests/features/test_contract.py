"""Every feature declares what `rnnkit.features.base.Feature` says that it does."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnkit
from rnnkit.features import Feature

TEXTS = ["the red house", "a green house"]
EVENTS = [{"time": 0, "amount": 1.0, "shop": "a"}, {"time": 9, "amount": 2.0, "shop": "a"}]
SOUND = np.sin(np.arange(8000) / 3)
PICTURES = [np.zeros((8, 6), "uint8"), np.full((8, 6), 255, "uint8")]
SERIES = [[1.0, 3.0, 1.0, 3.0]]
# What each feature learns from; its options.
RAW = {
    "Audio": ([SOUND, 0.1 * SOUND], {"sampling_rate": 8000, "mels": 20}),
    "Detection": (["ok", "fraud", "ok"], {}),
    "Events": ([EVENTS], {}),
    "Forecast": (SERIES, {"horizon": 2}),
    "Image": (PICTURES, {}),
    "Label": (["ham", "spam"], {}),
    "Labels": ([["ham", "spam"], []], {}),
    "Notes": (["C4:1 D4:1/2"], {}),
    "Nucleotides": (["ACGT"], {"both_strands": True}),
    "Number": ([1.0, 2.0], {}),
    "OrderedLabel": ([1, 2, 3], {}),
    "PianoRoll": (["C4+E4 C4"], {}),
    "Series": (SERIES, {}),
    "Strokes": (["0 0 0;3 4 0;3 9 1"], {}),
    "Style": (["march"], {}),
    "Subwords": (TEXTS, {"vocabulary_size": 30}),
    "Tags": ([["B-city", "O"]], {}),
    "Targets": (
        [["ok", 1.5], ["fraud", None]],
        {"targets": {"label": rnnkit.features.Detection(), "score": rnnkit.features.Number()}},
    ),
    "Text": (TEXTS, {}),
    "Vectors": (SERIES, {}),
    "Video": ([np.stack(PICTURES)], {}),
    "Words": (TEXTS, {}),
}
# What each attribute may be, None where it says so.
TYPES = {
    "accepts_numbers": bool, "sequence": bool, "max_length": (int, None), "padding": (int, float),
    "dtype": str, "in_graph": bool, "decodes_in_graph": bool, "vocabulary_size": (int, None),
    "vocabulary_sizes": (list, None), "width": (int, None), "shape": (tuple, None),
    "size": (int, list, None), "strands": int, "keys": (int, None), "names": (list, None),
    "time": bool, "horizon": (int, None), "period": (int, None), "music": bool,
    "target_type": (str, None), "calibrates": bool, "copies_words": bool, "shows_tokens": bool,
    "reads_columns": bool, "raw_spec": tf.TensorSpec,
}  # fmt: skip
# What an attribute promises: methods.
PROMISES = {
    "decodes_in_graph": ["decode_graph"],
    "calibrates": ["calibrate"],
    "copies_words": ["source_words", "restore"],
    "shows_tokens": ["pieces", "tokens_of"],
    "music": ["augment", "histograms"],
}
TARGETS = (
    "classes",
    "ordered",
    "labels",
    "numbers",
    "targets",
    "tags",
    "texts",
    "values",
    "forecasts",
    "notes",
    "keys",
)
CLASSES = {
    name: each
    for name, each in vars(rnnkit.features).items()
    if inspect.isclass(each) and issubclass(each, Feature) and each is not Feature
}


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_feature_keeps_the_contract(name):
    raw, options = RAW[name]
    feature = CLASSES[name](**options).adapt(raw)
    again = CLASSES[name].from_config(feature.get_config())
    assert again.get_config() == feature.get_config()
    for each in (feature, again):
        assert each.adapted
        for attribute, types in TYPES.items():
            types = types if isinstance(types, tuple) else (types,)
            value = getattr(each, attribute)
            allowed = tuple(type(None) if kind is None else kind for kind in types)
            assert isinstance(value, allowed), (attribute, value)
            assert bool in types or not isinstance(value, bool), (attribute, value)
        for flag, methods in PROMISES.items():
            for method in methods:
                own = getattr(type(each), method, None) is not getattr(Feature, method, None)
                assert own == getattr(each, flag), (flag, method)
        assert each.target_type is None or each.target_type in TARGETS

    # What sizes say is what `encode` gives.
    values = feature.to_tensor(raw)
    encoded = feature.encode(values)
    feature.check(values, encoded)
    assert isinstance(encoded, tf.RaggedTensor) == feature.sequence
    flat = encoded.flat_values if feature.sequence else encoded
    if feature.width is not None:
        assert flat.shape[-1] == feature.width
    if feature.shape is not None:
        assert flat.shape[-3:] == feature.shape
    if feature.vocabulary_size is not None:
        ids = flat if flat.shape.rank == 1 else flat[:, 0]  # beside the characters of words
        assert ids.dtype == tf.int32 and int(tf.reduce_max(ids)) < feature.vocabulary_size
    if flat.dtype.is_floating:
        assert flat.dtype == feature.dtype
    if feature.target_type in ("classes", "ordered", "labels", "tags"):
        assert len(feature.names) == feature.size
    registered = keras.saving.get_registered_name(type(feature))
    assert registered == f"rnnkit>{name}"


def test_what_a_feature_cannot_do_is_told():
    with pytest.raises(NotImplementedError, match="Audio has no pieces.*shows_tokens is False"):
        rnnkit.features.Audio().pieces("text")
    assert not rnnkit.features.Audio().holds_one([b"RIFF", b"RIFF"])
    assert rnnkit.features.Audio().holds_one([0.1, 0.2])  # the samples of a clip
    chosen = rnnkit.features.Label(["a", "b"]).decide(np.array([[0.2, 0.8], [0.7, 0.3]]))
    assert chosen.tolist() == [1, 0]
