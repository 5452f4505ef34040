"""Video: frames as pictures, ragged in time, and what is no clip."""

import io

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from rnnkit.features import Image, Video


def clips(lengths=(3, 5), height=4, width=6, channels=3):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (n, height, width, channels)).astype("uint8") for n in lengths]


def test_frames_are_encoded_as_pictures_are():
    x = clips()
    video = Video().adapt(x)
    image = Image().adapt(np.concatenate(x))
    assert video.shape == image.shape == (4, 6, 3)
    assert video.mean == pytest.approx(image.mean)
    assert video.deviation == pytest.approx(image.deviation)
    found = video.encode(video.to_tensor(x))
    assert found.row_lengths().numpy().tolist() == [3, 5] and found.ragged_rank == 1
    expected = image.encode(image.to_tensor(np.concatenate(x)))
    np.testing.assert_allclose(found.flat_values, expected, atol=1e-6)
    np.testing.assert_array_equal(video.decode(found.to_tensor(np.nan).numpy())[0], x[0])


def test_other_sizes_are_resized():
    video = Video(size=2, channels=1).adapt(clips())
    found = video.encode(video.to_tensor(clips(height=9, width=9)))
    assert found.shape.as_list() == [2, None, 2, 2, 1]


def test_every_raw_form_is_the_same_clip(tmp_path):
    (x,) = clips((3,), channels=1)
    pictures = [PIL.Image.fromarray(frame[..., 0]) for frame in x]
    path = tmp_path / "clip.gif"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], optimize=False)
    video = Video(size=(4, 6), channels=1, normalize=False)
    forms = [x, x[..., 0], x.tolist(), tf.constant(x), np.repeat(x, 3, axis=-1)]
    for form in forms:
        found = video.encode(video.to_tensor([form])).to_tensor()
        np.testing.assert_allclose(found[0], x / 255, atol=1e-5)
    for form in (str(path), path.read_bytes()):
        found = video.encode(video.to_tensor([form])).to_tensor()
        np.testing.assert_allclose(found[0], x / 255, atol=1.5 / 255)
    for one in (x, x[..., 0], x[None]):
        assert video.to_tensor(one).shape.as_list() == [1, None, 4, 6, 1]
    assert io.BytesIO(path.read_bytes()).read(4) == b"GIF8"


def test_datasets_of_clips():
    x = clips()
    video = Video()
    ragged = tf.data.Dataset.from_tensor_slices(video.to_tensor(x)).map(lambda each: each)
    expected = Video().adapt(x).get_config()
    assert Video().adapt(ragged).get_config() == expected
    alike = tf.data.Dataset.from_tensor_slices(np.stack(clips((3, 3))))
    assert Video().adapt(alike.batch(2)).shape == (4, 6, 3)
    free = tf.data.Dataset.from_generator(
        lambda: iter(x), output_signature=tf.TensorSpec((None, None, None, 3), tf.uint8)
    )
    with pytest.raises(ValueError, match="ensure_shape"):
        Video().adapt(free)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((0, 4, 6), "uint8"), "at least one frame"),
        (np.zeros((4, 6), "uint8"), r"shape \(4, 6\)"),
        (np.zeros((1, 4, 6, 2), "uint8"), "1, 3 or 4 channels"),
        (np.full((1, 4, 6), 0.5), "whole numbers"),
        ([[[1, 2]], [[1], [2]]], "of one size"),
        (b"no gif", "no animated GIF"),
        ("missing.gif", "no file 'missing.gif'"),
    ],
)
def test_what_is_no_clip_is_named_with_its_position(bad, message):
    with pytest.raises(ValueError, match=f"clip 1: .*{message}"):
        Video().adapt([clips()[0], bad])


def test_clips_of_other_frames_are_refused():
    with pytest.raises(ValueError, match="4 x 6 pixels. Received: 5 x 6 in clip 1"):
        Video().to_tensor([clips()[0], clips(height=5)[0]])


def test_the_same_in_a_fresh_process(feature_in_fresh_process):
    x = clips((2, 1))
    feature = Video(size=2).adapt(x)
    expected = feature.encode(feature.to_tensor(x)).to_list()
    assert feature_in_fresh_process(feature, [each.tolist() for each in x]) == expected
