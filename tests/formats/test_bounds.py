"""What files may expand to, paths that stay inside, and errors of other libraries."""

import os

import pytest

from rnnkit.formats import bounds


def test_what_is_large_because_its_file_is_passes():
    bounds.check("a", bounds.FREE, 1)
    bounds.check("a", 20 * 2**33, 2**33)
    with pytest.raises(ValueError, match="a: 1 bytes would become 67,108,865; at most 67,108,864"):
        bounds.check("a", bounds.FREE + 1, 1)
    with pytest.raises(ValueError, match="20 times as many or 64 MiB. Unpack it$"):
        bounds.check("a", 20 * 2**33 + 1, 2**33, hint="Unpack it")


def test_files_that_rows_share_are_counted_once():
    made = bounds.Made("t.csv", "pictures")
    for row in range(100):  # different ones may be as large as they are
        made.add(row, 2**25, 2**25)
    made = bounds.Made("t.csv", "pictures")
    for _ in range(20):
        made.add("one", 2**25, 2**25)
    with pytest.raises(ValueError, match="t.csv: the pictures of 1 files: 33,554,432 bytes would"):
        made.add("one", 2**25, 2**25)


def test_paths_inside(tmp_path):
    folder = tmp_path / "set"
    (folder / "a").mkdir(parents=True)
    (folder / "loop").symlink_to("loop")
    (folder / "inner").symlink_to("a")
    for name in ("x.png", "a/x.png", "a\\x.png", "./a/../x.png", f"{folder}/x.png", "inner/x.png"):
        assert bounds.inside(folder, name).startswith(str(folder))
    (folder / "out").symlink_to(tmp_path)
    for name in ("../x.png", "..\\x.png", "/x.png", "a/../../x.png", "out/x.png", f"{folder}2/x"):
        with pytest.raises(ValueError, match="leads out of the folder"):
            bounds.inside(folder, name)
    bounds.inside(folder, "loop/x.png")
    bounds.inside(folder, "a\0b.png")
    assert bounds.inside("", "a.png") == "a.png"


def test_files_are_read_up_to_a_size(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"12345")
    assert bounds.read(path, 5) == b"12345"
    with pytest.raises(ValueError, match="a.bin has 5 bytes; at most 4 are allowed"):
        bounds.read(path, 4)
    for name in (tmp_path / "none.bin", tmp_path, f"{tmp_path}/\0", f"{tmp_path}/{'x' * 999}"):
        with pytest.raises(ValueError, match="there is no file"):
            bounds.read(name)
    os.truncate(path, 2**40)  # with a hole: nothing of it is read
    with pytest.raises(ValueError, match="has 1,099,511,627,776 bytes"):
        bounds.read(path, 5)


def test_errors_of_others_become_ours():
    with pytest.raises(ValueError, match=r"^a.bin is bad \(KeyError\)$"):
        with bounds.foreign("a.bin is bad", KeyError):
            raise KeyError
    with pytest.raises(ValueError, match=r"^a.bin is bad \(No such file or directory\)$"):
        with bounds.foreign("a.bin is bad", OSError):
            raise FileNotFoundError(2, "No such file or directory", "a.bin")
    with pytest.raises(KeyError), bounds.foreign("a.bin is bad", OSError):
        raise KeyError
