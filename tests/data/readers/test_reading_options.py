"""What says how files are read is refused where there is no file, and read right where there is."""

import json

import numpy as np
import pandas as pd
import pytest

import recipes

FRAME = pd.DataFrame({"text": [f"a {i}" for i in range(20)], "label": ["x", "y"] * 10})
SOURCES = {
    "frame": FRAME,
    "pair": (FRAME.text.tolist(), FRAME.label.tolist()),
    "dict": {"train": FRAME},
    "embedded": None,
    "TFDS name": "rnnkit_reviews",
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("option", [{"separator": ";"}, {"header": False}, {"encoding": "latin-1"}])
def test_how_a_file_is_read_is_refused_without_a_file(source, option):
    (name,) = option
    with pytest.raises(ValueError, match=f"leave out {name}. Received: {name}="):
        recipes.get("sentiment").data(SOURCES[source], **option)


def test_json_has_neither_separator_nor_header(write):
    path = write("".join(json.dumps({"text": "a", "label": "b"}) + "\n"), "a.jsonl")
    for option in ({"separator": ";"}, {"header": False}):
        with pytest.raises(ValueError, match="a.jsonl is JSON, which has neither"):
            recipes.get("sentiment").data(path, **option)


def test_decimal_is_for_numbers(write):
    path = write("text,label\n" + "a,b\n" * 20)
    with pytest.raises(ValueError, match="decimal is for tables of numbers"):
        recipes.get("sentiment").data(path, decimal=",")


def first(data, parts=("train", "validation", "test")):
    """The inputs of the first example of each part, without the context before it."""
    found = [next(getattr(data, part).as_numpy_iterator()) for part in parts]
    return np.concatenate([x[~np.isnan(y).all(axis=1)] for x, y in found])


@pytest.mark.parametrize("header", ["v;w\n", ""])
def test_decimal_commas_of_series(write, header, capsys):
    """With a header and, where the separator is said, without."""
    values = [(i + 0.5, i + 0.25) for i in range(40)]
    path = write(header + "".join(f"{v};{w}\n".replace(".", ",") for v, w in values))
    data = recipes.get("forecasting").data(path, separator=";")
    np.testing.assert_array_equal(first(data), values)
    assert f"line {1 + bool(header)}: '0,5' is read as 0.5" in capsys.readouterr().out


def test_decimal_commas_of_frames_of_videos_and_of_events(write):
    rows = "".join(f"{i // 20};{i};2,{i % 7}5;{'xy'[i // 20 % 2]}\n" for i in range(400))
    data = recipes.get("video_labeling").data(write("clip;t;a;label\n" + rows))
    x, _ = next(data.train.as_numpy_iterator())
    assert set(x[:, -1]) == {2.05, 2.15, 2.25, 2.35, 2.45, 2.55, 2.65}
    data = recipes.get("fraud_detection").data(write("card;time;amount;label\n" + rows))
    history, _ = next(data.train.as_numpy_iterator())
    assert history.decode().split("\n")[:3] == ["time\tamount", "0\t2.05", "1\t2.15"]


def test_a_model_reads_decimal_commas_as_its_data_did(write):
    from rnnkit.data.readers.series.recent import history
    from rnnkit.features import Series

    feature = Series(columns=["v"])
    path = write("v;\n" + "".join(f"{i},5;\n" for i in range(9)))
    np.testing.assert_array_equal(history(path, feature)[:, 0], np.arange(9) + 0.5)
