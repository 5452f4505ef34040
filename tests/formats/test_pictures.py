"""Pictures: their headers as another library reads them, and large ones made smaller."""

import io

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from rnnkit.formats import picture_headers, pictures

FORMS = [
    ("PNG", "L", {}), ("PNG", "RGBA", {}), ("PNG", "P", {}), ("JPEG", "RGB", {}),
    ("JPEG", "L", {}), ("JPEG", "RGB", {"progressive": True}), ("GIF", "P", {}), ("BMP", "RGB", {}),
    ("JPEG", "RGB", {"exif": b"Exif\0\0\xff\xd9\xff\xda" * 50, "comment": b"\xff\xda\xff\xd9"}),
]  # fmt: skip


def written(image, form, **options):
    content = io.BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


@pytest.mark.parametrize("form, mode, options", FORMS)
def test_headers(form, mode, options):
    image = PIL.Image.new(mode, (37, 21))
    content = written(image, form, **options)
    reader = next(r for magic, r in picture_headers._READERS.items() if content.startswith(magic))
    header = reader(content)
    assert (header.width, header.height, header.frames) == (37, 21, 1)
    assert 37 * 21 <= header.needed <= 9 * 40 * 24
    assert (header.scans > 1) == bool(options.get("progressive"))
    picture_headers.check(content, "a")


def test_frames_of_a_gif_are_counted():
    images = [PIL.Image.new("L", (9, 7), 50 * level) for level in range(5)]
    content = written(images[0], "GIF", save_all=True, append_images=images[1:], comment=b"x" * 999)
    header = picture_headers._gif(content)
    assert (header.width, header.height, header.frames) == (9, 7, 5)
    assert header.needed_for_all == 5 * 63 + 5 * 3 * 63
    assert pictures.frames(content).shape == (5, 7, 9, 3)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP"])
def test_headers_that_are_cut_off(form):
    content = written(PIL.Image.new("RGB", (9, 7)), form)
    for size in range(0, 30, 3):
        with pytest.raises(ValueError, match="^a: (no PNG, JPEG, GIF or BMP|the picture is damag)"):
            picture_headers.check(content[: min(size, 13)], "a")


def test_other_kinds_of_pictures_are_refused():
    with pytest.raises(ValueError, match="no PNG, JPEG, GIF or BMP file .it begins with b'RIFF"):
        pictures.to_bytes(written(PIL.Image.new("RGB", (9, 7)), "WEBP"))


@pytest.mark.slow
@pytest.mark.parametrize("form, mode", [("PNG", "RGBA"), ("JPEG", "RGB"), ("PNG", "L")])
def test_large_pictures_become_smaller_in_blocks(monkeypatch, form, mode):
    rng = np.random.RandomState(0)
    image = PIL.Image.fromarray(rng.randint(0, 255, (24, 36, 4), "uint8"), "RGBA")
    content = written(image.convert(mode).resize((2400, 1600), PIL.Image.BICUBIC), form)

    def smaller():
        return tf.io.decode_jpeg(pictures.to_bytes(content)).numpy().astype(float)

    whole = smaller()
    monkeypatch.setattr(pictures, "LARGE", 2**20)
    blocks = smaller()
    assert whole.shape == blocks.shape == (341, 512, 1 if mode == "L" else 3)
    assert 0 < np.abs(whole - blocks).mean() < 1 < whole.std()
