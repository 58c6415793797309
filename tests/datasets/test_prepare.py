"""Images are decoded once, an interruption loses little, and a changed file is noticed."""

import errno
import json
import os
import time

import numpy as np
import pytest
from PIL import Image

from datasets import prepare as module
from datasets.prepare import prepare, prepared_folder
from datasets.problems import Problems
from datasets.source import ImageArray, ImageFiles, Source
from graftwork.errors import InputError

COUNT = 23
SIZE = (6, 8)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch, tmp_path):
    monkeypatch.setenv("GRAFTWORK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "PIECE", 5)


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (COUNT, *SIZE, 3), dtype=np.uint8)


def source_of(images):
    return Source(
        name="made",
        images=images,
        labels=np.zeros((len(images), 0), np.int8),
        attributes=(),
        splits={"train": np.arange(len(images))},
        problems=Problems(),
        size=SIZE,
    )


@pytest.fixture
def files(tmp_path, pixels):
    folder = tmp_path / "images"
    folder.mkdir()
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{number}.png")
    return source_of(ImageFiles(folder, [f"{number}.png" for number in range(COUNT)]))


def test_files_are_decoded_in_order_into_a_map(files, pixels):
    steps = []
    prepared = prepare(files, SIZE, "crop", lambda *step: steps.append(step))
    assert isinstance(prepared.images, np.memmap)
    np.testing.assert_array_equal(prepared.images, pixels)
    assert prepared.unreadable == {}
    assert [done for _, done, _ in steps] == [5, 10, 15, 20, 23]
    assert {(stage, total) for stage, _, total in steps} == {("prepare made", COUNT)}


def test_the_second_time_nothing_is_decoded(files, monkeypatch):
    first = prepare(files, SIZE, "crop")
    monkeypatch.setattr(ImageFiles, "open", None)
    second = prepare(files, SIZE, "crop")
    np.testing.assert_array_equal(first.images, second.images)
    assert first.digest == second.digest


def test_arrays_give_the_same_pixels_and_digest_as_files(files, pixels):
    array = source_of(ImageArray(pixels, "an array", "key"))
    assert prepare(array, SIZE, "crop").digest == prepare(files, SIZE, "crop").digest


def test_grey_images_have_one_channel(pixels):
    array = source_of(ImageArray(pixels[..., :1], "an array", "key"))
    grey = Source(**{**array.__dict__, "channels": 1})
    prepared = prepare(grey, SIZE, "crop")
    np.testing.assert_array_equal(prepared.images, pixels[..., :1])


@pytest.mark.parametrize("stop", [0, 1, 7, 22])
def test_an_interrupted_preparation_goes_on_where_it_stopped(files, pixels, monkeypatch, stop):
    opened, plain = [], ImageFiles.open

    def interrupted(self, row, size):
        if row == stop and not opened:
            opened.append("stop")
            raise KeyboardInterrupt
        return plain(self, row, size)

    monkeypatch.setattr(ImageFiles, "open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare(files, SIZE, "crop")
    state = json.loads((prepared_folder(files, SIZE, "crop") / "state.json").read_text())
    assert state["done"] == stop // 5 * 5

    def counted(self, row, size):
        opened.append(row)
        return plain(self, row, size)

    monkeypatch.setattr(ImageFiles, "open", counted)
    prepared = prepare(files, SIZE, "crop")
    np.testing.assert_array_equal(prepared.images, pixels)
    assert sorted(opened[1:]) == list(range(state["done"], COUNT))


def test_unreadable_images_are_white_and_told_of(files):
    for row in (3, 17):
        path = files.images.folder / f"{row}.png"
        path.write_bytes(path.read_bytes()[:60])
    prepared = prepare(files, SIZE, "crop")
    assert set(prepared.unreadable) == {3, 17}
    assert "17.png" in prepared.unreadable[17]
    assert (prepared.images[[3, 17]] == 255).all()
    assert set(prepare(files, SIZE, "crop").unreadable) == {3, 17}


def test_images_that_were_enlarged_are_counted_over_an_interruption(files, monkeypatch):
    for row, size in ((2, (8, 5)), (9, (7, 6)), (16, (16, 12)), (21, (2, 2))):
        Image.new("RGB", size).save(files.images.folder / f"{row}.png")
    (files.images.folder / "11.png").write_bytes(b"no image")
    plain = ImageFiles.open

    def interrupted(self, row, size):
        if row == 12:
            raise KeyboardInterrupt
        return plain(self, row, size)

    with monkeypatch.context() as patch:
        patch.setattr(ImageFiles, "open", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare(files, SIZE, "crop")
    assert prepare(files, SIZE, "crop").enlarged == 3
    assert prepare(files, SIZE, "crop").enlarged == 3  # From the cache.
    assert prepare(files, SIZE, "stretch").enlarged == 3
    assert prepare(files, SIZE, "pad").enlarged == 1  # Two have a side that is long enough.


def test_an_entry_of_an_earlier_version_does_not_say_what_was_enlarged(files, monkeypatch):
    state = prepared_folder(files, (12, 16), "crop") / "state.json"
    assert prepare(files, (12, 16), "crop").enlarged == COUNT
    stored = json.loads(state.read_text())
    state.write_text(json.dumps({k: v for k, v in stored.items() if k != "enlarged"}))
    monkeypatch.setattr(ImageFiles, "open", None)
    assert prepare(files, (12, 16), "crop").enlarged == 0


def changed(path):
    Image.new("RGB", SIZE[::-1], "red").save(path)


@pytest.mark.parametrize("change", [changed, lambda path: path.unlink(), os.utime])
def test_a_changed_file_is_another_source(files, change):
    before = prepared_folder(files, SIZE, "crop")
    time.sleep(0.01)
    change(files.images.folder / "4.png")
    assert prepared_folder(files, SIZE, "crop") != before


def test_other_sizes_and_fits_are_kept_side_by_side(files):
    folders = {prepared_folder(files, s, f) for s in (SIZE, (8, 6)) for f in ("crop", "pad")}
    assert len(folders) == 4


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "images.npy").write_bytes(b"short"),
        lambda folder: (folder / "images.npy").unlink(),
        lambda folder: (folder / "state.json").write_text("{}"),
        lambda folder: (folder / "state.json").write_text("[1"),
    ],
)
def test_a_damaged_entry_is_made_anew(files, pixels, damage):
    prepare(files, SIZE, "crop")
    damage(prepared_folder(files, SIZE, "crop"))
    np.testing.assert_array_equal(prepare(files, SIZE, "crop").images, pixels)


def test_folders_that_look_alike_are_told_apart(tmp_path):
    sources = []
    for colour in ("black", "white"):
        folder = tmp_path / colour
        folder.mkdir()
        Image.new("RGB", SIZE[::-1], colour).save(folder / "0.bmp")
        os.utime(folder / "0.bmp", (0, 0))
        sources.append(source_of(ImageFiles(folder, ["0.bmp"])))
    values = [prepare(source, SIZE, "crop").images[0, 0, 0, 0] for source in sources]
    assert values == [0, 255]


def test_an_edit_that_keeps_size_and_time_is_noticed(tmp_path):
    source = source_of(ImageFiles(tmp_path, ["0.bmp"]))
    for colour, expected in (("black", 0), ("white", 255)):
        Image.new("RGB", SIZE[::-1], colour).save(tmp_path / "0.bmp")
        os.utime(tmp_path / "0.bmp", (0, 0))
        assert prepare(source, SIZE, "crop").images[0, 0, 0, 0] == expected
        time.sleep(0.01)


@pytest.mark.parametrize("fault", [OSError(errno.EMFILE, "Too many open files"), MemoryError()])
def test_a_fault_of_the_machine_is_not_held_against_the_image(files, pixels, monkeypatch, fault):
    plain = Image.open

    def failing(path, *arguments, **named):
        if str(path).endswith("/12.png"):
            raise fault
        return plain(path, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Image, "open", failing)
        with pytest.raises(InputError, match=r"12\.png cannot be read: ") as error:
            prepare(files, SIZE, "crop")
    assert "cache" not in str(error.value)
    prepared = prepare(files, SIZE, "crop")
    assert prepared.unreadable == {}
    np.testing.assert_array_equal(prepared.images, pixels)


def test_a_cache_that_cannot_be_written_can_be_read(files, pixels, monkeypatch):
    prepare(files, SIZE, "crop")
    monkeypatch.setattr(module, "locked", None)
    np.testing.assert_array_equal(prepare(files, SIZE, "crop").images, pixels)
