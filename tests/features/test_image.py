"""Image: pixels against another decoder, sizes and colours by hand, and what is no picture."""

import io

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from rnnkit.features import Image
from rnnkit.formats import pictures

PLAIN = {"normalize": False}


def coloured(height=6, width=5, count=1, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, height, width, 3)).astype("uint8")


def file(array, kind="PNG", mode=None, **options):
    picture = PIL.Image.fromarray(array)
    out = io.BytesIO()
    (picture.convert(mode) if mode else picture).save(out, kind, **options)
    return out.getvalue()


def encoded(feature, values):
    return feature.encode(feature.to_tensor(values)).numpy()


# === Pixels ===


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF"])
def test_files_as_another_library_reads_them(kind):
    content = file(coloured(9, 7)[0], kind)
    expected = np.asarray(PIL.Image.open(io.BytesIO(content)).convert("RGB")) / 255
    found = encoded(Image(size=(9, 7), channels=3, **PLAIN), [content])[0]
    # JPEG decoders round a little differently.
    np.testing.assert_allclose(found, expected, atol=3.1 / 255 if kind == "JPEG" else 1e-6)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB"])
def test_modes_of_files_in_grey(mode):
    content = file(coloured()[0], mode=mode)
    expected = np.asarray(PIL.Image.open(io.BytesIO(content)).convert("L")) / 255
    found = encoded(Image(size=(6, 5), channels=1, **PLAIN), [content])[0, :, :, 0]
    np.testing.assert_allclose(found, expected, atol=1.01 / 255)


def test_transparent_pixels_are_seen_on_white():
    pixels = np.zeros((2, 2, 4), "uint8")
    pixels[0, 0] = (255, 0, 0, 255)
    pixels[0, 1] = (255, 0, 0, 51)  # a fifth
    found = encoded(Image(size=2, channels=3, **PLAIN), [file(pixels, mode="RGBA")])[0]
    np.testing.assert_allclose(found[0], [[1, 0, 0], [1, 0.8, 0.8]], atol=1e-6)
    np.testing.assert_allclose(found[1], 1.0)


def test_standardised_by_channel_and_back():
    x = coloured(count=20)
    feature = Image().adapt(x)
    found = encoded(feature, x)
    shares = x / 255
    mean, deviation = shares.mean(axis=(0, 1, 2)), shares.std(axis=(0, 1, 2))
    np.testing.assert_allclose(feature.mean, mean, rtol=1e-5)
    np.testing.assert_allclose(found, (shares - mean) / deviation, atol=1e-4)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(feature.decode(found), x)
    black = Image().adapt([np.zeros((3, 3), "uint8")])
    assert np.isfinite(encoded(black, [np.full((3, 3), 255, "uint8")])).all()


# === Sizes ===


def test_the_most_frequent_size_is_learned():
    few, many = coloured(8, 4, 2), coloured(6, 5, 3)
    feature = Image().adapt([*few, *many])
    assert feature.shape == (6, 5, 3)
    assert encoded(feature, [*few, *many]).shape == (5, 6, 5, 3)
    assert Image(largest=3).adapt(many).shape == (3, 2, 3)  # 3 x 2.5, rounded to even
    grey = np.repeat(many[..., :1], 3, axis=-1)
    assert Image().adapt(grey).shape == (6, 5, 1)
    assert Image(size=4, channels=3).adapt(grey).shape == (4, 4, 3)


def test_shrinking_averages():
    # Halving with a smoothed bilinear filter: weights 1, 3, 3, 1 along each side, of what is there.
    x = np.zeros((4, 4), "uint8")
    x[:, 2:] = 240
    found = encoded(Image(size=2, channels=1, **PLAIN), [x])[0, :, :, 0] * 255
    np.testing.assert_allclose(found, [[240 / 7, 240 * 6 / 7]] * 2, atol=1e-3)


def test_crop_keeps_the_middle_and_stretch_keeps_all():
    x = np.zeros((1, 2, 6), "uint8")
    x[0, :, :2], x[0, :, 4:] = 100, 200
    found = encoded(Image(size=2, channels=1, fit="crop", **PLAIN), x)
    np.testing.assert_array_equal(found, 0)
    tall = np.swapaxes(x, 1, 2)
    np.testing.assert_array_equal(encoded(Image(size=2, channels=1, fit="crop", **PLAIN), tall), 0)
    stretched = encoded(Image(size=(2, 3), channels=1, **PLAIN), x)[0, 0, :, 0] * 255
    assert stretched[0] > 60 and stretched[1] < 60 and stretched[2] > 120


# === Raw forms ===


def test_every_raw_form_is_the_same_picture(tmp_path):
    x = coloured()[0]
    path = tmp_path / "a.png"
    path.write_bytes(file(x))
    feature = Image(size=(6, 5), channels=3, **PLAIN)
    expected = x / np.float32(255)
    forms = [x, x.tolist(), file(x), str(path), path, str(path).encode(), tf.constant(x)]
    for found in encoded(feature, forms):
        np.testing.assert_allclose(found, expected, atol=1e-6)
    for one in (x, x[None], tf.constant(x[None])):
        np.testing.assert_allclose(encoded(feature, one)[0], expected, atol=1e-6)
    grey = Image(size=(6, 5), channels=1, **PLAIN)
    assert encoded(grey, x[..., 0]).shape == encoded(grey, x[..., :1][None]).shape == (1, 6, 5, 1)


def test_adapts_to_a_dataset():
    x = coloured(count=8)
    feature = Image()
    data = tf.data.Dataset.from_tensor_slices(feature.to_tensor(x))
    assert feature.adapt(data).get_config() == Image().adapt(x).get_config()
    assert Image().adapt(data.batch(3)).mean == pytest.approx(feature.mean)


def test_large_files_become_smaller_and_stay_alike():
    x = np.zeros((600, 1200, 3), "uint8")
    x[:, 600:] = (200, 100, 50)
    content = pictures.to_bytes(file(x))
    small = PIL.Image.open(io.BytesIO(content))
    assert small.size == (512, 256)
    np.testing.assert_allclose(np.asarray(small)[100, 400], (200, 100, 50), atol=4)


# === What is no picture ===


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (b"not a picture", "begins with b'not a pi'"),
        (b"", "no bytes"),
        ("missing.png", "there is no file 'missing.png'"),
        (file(coloured(20, 20)[0])[:200], "damaged"),
        (file(coloured(20, 20)[0], "JPEG")[:200], "damaged"),
        (np.full((2, 2), 0.5), "whole numbers from 0 to 255, such as"),
        ([[1, 2], [300, 4]], "whole numbers from 0 to 255"),
        ([[1, 2], [3]], "equal length"),
        (np.zeros((2, 2, 2), "uint8"), "1, 3 or 4 channels"),
        (np.zeros((0, 2), "uint8"), r"shape \(0, 2\)"),
    ],
)
def test_what_is_no_picture_is_named_with_its_position(bad, message):
    with pytest.raises(ValueError, match=f"picture 1: .*{message}"):
        Image().adapt([coloured()[0], bad])


def test_a_dataset_with_a_damaged_file_is_named_with_its_position():
    good = file(coloured()[0])
    data = tf.data.Dataset.from_tensor_slices([good] * 3 + [good[:80]])
    with pytest.raises(ValueError, match="picture 3: .*damaged"):
        Image().adapt(data)
    with pytest.raises(ValueError, match="a list of pictures, not one"):
        Image().to_tensor("a.png")
    with pytest.raises(ValueError, match="at least one picture"):
        Image().adapt([])


@pytest.mark.parametrize(
    ("options", "name"),
    [({"size": 0}, "size"), ({"size": (1, 2, 3)}, "size"), ({"size": (4096, 2048)}, "size"),
     ({"channels": 2}, "channels"), ({"fit": "pad"}, "fit"), ({"largest": 0}, "largest")],
)  # fmt: skip
def test_settings_that_do_not_fit(options, name):
    with pytest.raises(ValueError, match=f"{name} must (be|make at most)"):
        Image(**options)


def test_the_same_in_a_fresh_process(feature_in_fresh_process):
    x = coloured(count=3)
    feature = Image(size=(3, 4), fit="crop").adapt(x)
    assert feature_in_fresh_process(feature, x.tolist()) == encoded(feature, x).tolist()
