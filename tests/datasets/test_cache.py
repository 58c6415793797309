"""The cache makes a dataset once, notices damage and says where it cannot write."""

import threading

import numpy as np
import pytest
from small_dataset import small

from datasets.cache import cache_folder, entry_folder, load_or_make
from graftwork.errors import InputError


class Maker:
    """Makes a small dataset and counts how often."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return small()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAFTWORK_CACHE", str(tmp_path / "cache"))
    return entry_folder("small", "v1")


def test_the_variable_names_the_folder(tmp_path, folder):
    assert folder == tmp_path / "cache" / "datasets" / "small-v1"


def test_without_the_variable_it_is_the_users_cache_folder(monkeypatch):
    monkeypatch.delenv("GRAFTWORK_CACHE", raising=False)
    assert cache_folder().name == "graftwork"


def test_what_is_loaded_is_what_was_made(folder):
    loaded, made = load_or_make(folder, Maker()), small()
    assert isinstance(loaded.images, np.memmap)
    np.testing.assert_array_equal(loaded.images, made.images)
    np.testing.assert_array_equal(loaded.labels, made.labels)
    assert loaded.attributes == made.attributes
    assert loaded.fingerprint == made.fingerprint
    for name, indices in made.splits.items():
        np.testing.assert_array_equal(loaded.splits[name], indices)


def test_it_is_made_once(folder):
    maker = Maker()
    load_or_make(folder, maker)
    load_or_make(folder, maker)
    assert maker.calls == 1


def test_threads_that_want_one_entry_make_it_once(folder):
    maker, loaded = Maker(), []
    threads = [
        threading.Thread(target=lambda: loaded.append(load_or_make(folder, maker)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert maker.calls == 1
    assert len({dataset.fingerprint for dataset in loaded}) == 1


def truncate(path):
    path.write_bytes(path.read_bytes()[:-10])


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("images.npy", truncate),
        ("images.npy", lambda path: path.write_bytes(path.read_bytes() + b"tail")),
        ("labels.npy", lambda path: path.unlink()),
        ("splits.npz", lambda path: path.write_bytes(bytes(path.stat().st_size))),
        ("splits.npz", lambda path: path.write_bytes(b"PK\3\4" + path.read_bytes()[:-4])),
        ("labels.npy", lambda path: path.write_bytes(path.read_bytes()[::-1])),
        ("meta.json", truncate),
        ("meta.json", lambda path: path.write_text("[]")),
        ("meta.json", lambda path: path.write_text('{"sizes": {}}')),
    ],
)
def test_a_damaged_entry_is_made_anew(folder, file, damage):
    maker = Maker()
    load_or_make(folder, maker)
    damage(folder / file)
    again = load_or_make(folder, maker)
    assert maker.calls == 2
    np.testing.assert_array_equal(again.images, small().images)


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("GRAFTWORK_CACHE", str(tmp_path / "file"))
    maker = Maker()
    with pytest.raises(InputError, match=r"file/datasets cannot be written.*GRAFTWORK_CACHE"):
        load_or_make(entry_folder("small", "v1"), maker)
    assert maker.calls == 0
