"""Zip and npz files: what numpy and zipfile write is read, and nothing that expands too far."""

import zipfile

import numpy as np
import pytest

from rnnkit.formats import archives, bounds


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_writes_is_read(tmp_path, save):
    arrays = {
        "a": np.arange(12, dtype="<f4").reshape(3, 4),
        "b": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "c": np.array(["one", "three"]),
        "d": np.zeros((0, 7), bool),
        "e": np.array(5, ">i2"),
        "f": np.array(["2024-01-01"], "datetime64[D]"),
    }
    save(tmp_path / "a.npz", **arrays)
    found = archives.read_npz(tmp_path / "a.npz")
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_large_files_are_read_if_they_are_large_on_disk(tmp_path):
    zeros = np.zeros(bounds.FREE + 1, "uint8")
    np.savez(tmp_path / "stored.npz", x=zeros)
    assert archives.read_npz(tmp_path / "stored.npz")["x"].shape == zeros.shape
    np.savez_compressed(tmp_path / "deflated.npz", x=zeros)
    with pytest.raises(ValueError, match="deflated.npz, 'x.npy': .* Save it without compression"):
        archives.read_npz(tmp_path / "deflated.npz")


def test_members(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir("folder")
        archive.writestr("folder/a.txt", "hello")
        archive.writestr("windows\\b.txt", "there", zipfile.ZIP_DEFLATED)
        archive.writestr("c.txt", "other", zipfile.ZIP_BZIP2)
    with archives.Archive(path) as archive:
        assert archive.names == ["folder/a.txt", "windows/b.txt", "c.txt"]
        assert archive.read("folder/a.txt") == b"hello"
        assert archive.read("windows/b.txt") == b"there"
        with pytest.raises(ValueError, match="a.zip, 'c.txt' is neither stored nor deflated"):
            archive.read("c.txt")


@pytest.mark.parametrize("name", ["../a.txt", "/a.txt", "b/../../a.txt", "..\\a.txt", "C:\\a.txt"])
def test_members_that_lead_out(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, "hello")
    with pytest.raises(ValueError, match="a.zip: the member .* leads out of the file"):
        archives.Archive(tmp_path / "a.zip")


def test_large_tables_of_contents(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "CONTENTS", 5000)
    for count in (50, 200):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            for number in range(count):
                archive.writestr(f"{number:08}", "")
            archive.comment = b"PK" * 100
        if count == 50:
            assert len(archives.Archive(tmp_path / "a.zip").names) == 50
        else:
            with pytest.raises(ValueError, match="a table of contents of 10,800 bytes; at most 5,"):
                archives.Archive(tmp_path / "a.zip")


def test_what_is_no_zip_file(tmp_path):
    with pytest.raises(ValueError, match="There is no file .*none.zip"):
        archives.Archive(tmp_path / "none.zip")
    for content in (b"", b"PK", b"PK\5\6", b"hello" * 999, b"PK\5\6" + b"\xff" * 18):
        (tmp_path / "a.zip").write_bytes(content)
        with pytest.raises(ValueError, match="a.zip (cannot be read as a zip file|has a table)"):
            archives.Archive(tmp_path / "a.zip")
