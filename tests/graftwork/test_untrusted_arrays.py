"""`.npz` files from others: no pickles, no more memory than the file has bytes."""

import io
import zipfile

import numpy as np
import pytest

from graftwork.errors import InputError
from graftwork.stored_arrays import read_arrays

ARRAYS = {"a": np.arange(6.0).reshape(2, 3), "b": np.zeros((0, 2), "int8")}


def test_arrays_come_back_in_order(tmp_path):
    np.savez(tmp_path / "a.npz", **ARRAYS)
    found = read_arrays(tmp_path / "a.npz")
    assert list(found) == ["a", "b"]
    np.testing.assert_array_equal(found["a"], ARRAYS["a"])
    assert found["b"].dtype == np.int8


class Planted:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def member(path, name, content):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)
    return path


def test_a_pickle_is_never_opened(tmp_path):
    ran = tmp_path / "ran"
    np.savez(tmp_path / "a.npz", a=np.array([Planted(ran)], dtype=object))
    with pytest.raises(InputError, match=r"a\.npz cannot be read: .*pickle"):
        read_arrays(tmp_path / "a.npz")
    assert not ran.exists()


def test_bombs_are_refused(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(2**24))
    assert (tmp_path / "a.npz").stat().st_size < 2**20
    with pytest.raises(InputError, match="compressed"):
        read_arrays(tmp_path / "a.npz")
    header = io.BytesIO()
    shape = {"descr": "<f8", "fortran_order": False, "shape": (10**13,)}
    np.lib.format.write_array_header_1_0(header, shape)
    with pytest.raises(InputError, match=r"b\.npz cannot be read"):
        read_arrays(member(tmp_path / "b.npz", "a.npy", header.getvalue()))


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"\x80\4K\1.", b"x" * 99], ids=range(4))
def test_what_holds_no_arrays_is_one_line(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    for path in (tmp_path / "a.npz", member(tmp_path / "b.npz", "a.txt", content)):
        with pytest.raises(InputError, match="cannot be read") as caught:
            read_arrays(path)
        assert "\n" not in str(caught.value)
