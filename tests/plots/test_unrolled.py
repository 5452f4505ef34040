"""Models unrolled: the boxes and arrows are those that the model has."""

import keras
import matplotlib.figure
import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnnkit import plots
from rnnkit.features import Forecast, Image, Label, Series, Tags, Text, Words
from rnnkit.models import (
    CTC,
    Captioner,
    EchoStateNetwork,
    EncoderDecoder,
    Forecaster,
    LanguageModel,
    ManyToOne,
    OneToOne,
    Tagger,
)

STEPS = ("1", "2", "3", "T")


@pytest.fixture(autouse=True)
def no_figure_is_left():
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def features():
    wave = np.sin(np.arange(40) / 4)
    return {
        "text": Text().adapt(["a good film", "bad"]),
        "label": Label().adapt(["yes", "no"]),
        "series": Series().adapt(wave),
        "next": Forecast().adapt(wave),
        "words": Words().adapt([["a", "film"]]),
        "tags": Tags().adapt([["X", "Y"]]),
    }


def drawn(model):
    """Names of the boxes, and of the arrows."""
    ax = plots.unrolled(model)
    ax.figure.canvas.draw()
    names = [each.get_gid() for each in ax.patches if each.get_gid()]
    boxes = {name for name in names if "->" not in name}
    texts = " ".join(text.get_text() for text in ax.texts)
    return boxes, {name for name in names if "->" in name}, f"{ax.get_title()} {texts}"


def columns(*names):
    return {name.format(step) for name in names for step in STEPS}


def test_one_to_one(features):
    model = OneToOne(features["text"], features["label"], units=[4, 2])
    boxes, arrows, text = drawn(model)
    assert boxes == {"x", "d1", "d2", "y"} and arrows == {"x->d1", "d1->d2", "d2->y"}
    assert "one to one" in text and "Dense, 4 units" in text and "Label of 2 classes" in text


def test_many_to_one_reads_the_last_state(features):
    boxes, arrows, text = drawn(ManyToOne(features["text"], features["label"], units=3))
    assert boxes == columns("x{}", "h1>{}") | {"y"}
    assert {"h1>1->h1>2", "h1>2->h1>3", "h1>3->h1>…", "h1>…->h1>T", "h1>T->y"} <= arrows
    assert not {"h1>1->y", "h1>2->h1>1"} & arrows and "LSTM, 3 units" in text
    model = ManyToOne(features["text"], features["label"], cell="gru", units=3, bidirectional=True)
    boxes, arrows, text = drawn(model)
    assert boxes == columns("x{}", "h1>{}", "h1<{}") | {"y"}
    assert {"h1>T->y", "h1<1->y", "h1<2->h1<1", "x1->h1>1", "x1->h1<1"} <= arrows
    assert "h1<1->h1<2" not in arrows and "in both directions" in text


def test_many_to_one_pools_and_has_layers(features):
    model = ManyToOne(
        features["series"], features["label"], units=3, num_layers=2, dropout=0.1, pooling="mean"
    )
    boxes, arrows, _ = drawn(model)
    assert boxes == columns("x{}", "h1>{}", "h2>{}") | {"pooling", "y"}
    assert columns("h1>{0}->h2>{0}", "h2>{}->pooling") <= arrows and "pooling->y" in arrows
    dense = ManyToOne(features["text"], features["label"], cell="dense", units=3)
    boxes, arrows, text = drawn(dense)
    assert "h1>1->h1>2" not in arrows and "mean" in text and "pooling" in boxes


def test_many_to_many_has_an_output_a_step(features):
    model = Tagger(features["words"], features["tags"], units=2, crf=True)
    boxes, arrows, text = drawn(model)
    assert boxes == columns("x{}", "h1>{}", "y{}") and columns("h1>{0}->y{0}") <= arrows
    assert {"y1->y2", "y2->y1"} <= arrows and "CRF" in text
    model = Forecaster(features["series"], features["next"], units=2)
    assert "y1->y2" not in drawn(model)[1]


def test_ctc_shortens(features):
    model = CTC(features["series"], features["text"], units=2, num_layers=1, subsampling=2)
    boxes, arrows, text = drawn(model)
    frames = ("1", "2", "3", "F")
    assert {f"x{step}.{number}" for step in frames for number in (1, 2)} < boxes
    assert {f"p{step}->y" for step in frames} < arrows and "x1.2->f1" in arrows
    assert "2 steps each" in text and "blanks" in text
    whole = CTC(features["series"], features["text"], units=2, num_layers=1, bidirectional=False)
    assert drawn(whole)[0] == columns("x{}", "h1>{}", "p{}") | {"y"}


def test_reservoirs(features):
    options = {"units": 5, "num_layers": 2, "washout": 0}
    model = EchoStateNetwork(features["series"], features["next"], **options, output_feedback=True)
    _, arrows, text = drawn(model)
    # The states of both layers and the inputs are read, the outputs fed back.
    assert columns("h1>{0}->y{0}", "h2>{0}->y{0}", "x{0}->y{0}") <= arrows
    assert "y1->h1>2" in arrows and "y1->h1>1" not in arrows and "not trained" not in text
    model = EchoStateNetwork(
        features["series"], features["label"], **options, read_inputs=False, pooling="mean"
    )
    boxes, arrows, _ = drawn(model)
    assert {"pooling", "y"} < boxes and "xT->pooling" not in arrows


@pytest.mark.slow
def test_one_to_many(features):
    model = Captioner(features["label"], features["text"], units=3, num_layers=2)
    boxes, arrows, text = drawn(model)
    assert {"x", "in1", "out1", "inU", "outU", "s1>1", "u1>1"} < boxes
    assert {"x->s1>1", "x->in1", "x->inU", "s1>1->u1>1", "u1>U->outU"} < arrows
    assert "start" in text and "end" in text
    boxes, arrows, text = drawn(LanguageModel(features["text"], units=3))
    assert "x" not in boxes and "carried->s1>1" in arrows and "end" not in text.split()
    image = Image((8, 8)).adapt([np.zeros((8, 8, 1), "uint8")])
    _, arrows, _ = drawn(Captioner(image, features["text"], units=4, embedding_size=4))
    assert {"memory->a1", "s1>1->a1", "a1->out1"} < arrows


@pytest.mark.slow
def test_encoder_decoder(features):
    model = EncoderDecoder(features["text"], features["text"], units=4)
    boxes, arrows, text = drawn(model)
    assert columns("x{}", "h1>{}", "h1<{}") | {"memory", "a1", "aU", "u1>1", "outU"} < boxes
    assert {"h1>1->memory", "h1<T->memory", "memory->a2", "h1>T->s1>1", "s1>2->a2"} < arrows
    assert "additive" in text and "both ways" in text
    options = {"attention": None, "bidirectional": False, "decoder_layers": 1}
    boxes, arrows, _ = drawn(EncoderDecoder(features["text"], features["text"], units=4, **options))
    assert "memory" not in boxes and "h1>T->s1>1" in arrows
    dense = EncoderDecoder(features["text"], features["text"], cell="dense", units=4)
    assert not any(each.startswith("hT") or each == "h1>T->s1>1" for each in drawn(dense)[1])


def keras_model(*layers, shape=(None, 3)):
    return keras.Sequential([keras.Input(shape), *layers])


@pytest.mark.slow
def test_plain_keras_models():
    layers = keras.layers
    boxes, arrows, text = drawn(keras_model(layers.LSTM(4), layers.Dense(2)))
    assert boxes == columns("x{}", "h1>{}") | {"y"} and "many to one" in text
    model = keras_model(
        layers.GRU(4, return_sequences=True),
        layers.Bidirectional(layers.GRU(2, return_sequences=True)),
        layers.Dense(2),
        shape=(4, 3),
    )
    boxes, arrows, text = drawn(model)
    assert {f"{name}{step}" for name in ("x", "h1>", "h2>", "h2<", "y") for step in "1234"} == boxes
    assert "h1>4->h2<4" in arrows and "an output a step" in text
    back = keras_model(layers.GRU(4, return_sequences=True, go_backwards=True))
    assert "h1<2->h1<1" in drawn(back)[1]
    pooled = keras_model(layers.LSTM(4, return_sequences=True), layers.GlobalMaxPooling1D())
    assert "pooling->y" in drawn(pooled)[1]
    repeated = keras_model(
        layers.LSTM(4), layers.RepeatVector(3), layers.LSTM(4, return_sequences=True)
    )
    boxes, arrows, text = drawn(repeated)
    assert {"y1", "y2", "y3", "s1>3"} < boxes and "y4" not in boxes and "h1>T->r3" in arrows
    assert "another length" in text


def test_given_axes_and_what_cannot_be_told(features):
    layers = keras.layers
    ax = matplotlib.figure.Figure().subplots()
    assert plots.unrolled(keras_model(layers.GRU(2)), ax=ax) is ax and plt.get_fignums() == []
    one, other = keras.Input((None, 2)), keras.Input((None, 2))
    two = keras.Model([one, other], layers.GRU(2)(layers.Add()([one, other])))
    for wrong, message in (
        (3, "or a Keras model. Received: model of type int"),
        (keras_model(layers.Dense(1), shape=(3,)), "must have a recurrent layer"),
        (two, "one input and one output.*2 inputs"),
        (keras_model(keras_model(layers.GRU(2))), "layers of the model itself"),
        (
            keras_model(layers.GRU(2), layers.Reshape((2, 1)), layers.GRU(2)),
            "return_sequences=False below",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            plots.unrolled(wrong)
