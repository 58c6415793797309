"""LFWA is read from MATLAB files of both kinds, and its traps are named."""

import os
import shutil
import struct
from pathlib import Path

import h5py
import made_lfwa as made
import numpy as np
import pytest

from datasets import lfwa, lfwa_matlab
from datasets.dataset import SPLITS
from datasets.options import DataOptions
from graftwork.errors import InputError

WRITERS = {"v5": made.write_v5, "v7.3": made.write_hdf5}
NAMES, LABELS = made.people()
PATHS = [name.replace("\\", "/") for name in NAMES]


def open_source(folder: Path, seed: int = 0):
    return lfwa.open_source(DataOptions(dataset="lfwa", data_dir=folder, data_seed=seed))


def write_labels(folder: Path, kind="v5", **changes) -> Path:
    path = folder / "lfw_att_40.mat"
    variables = made.attribute_file(NAMES, LABELS) | changes
    WRITERS[kind](path, {key: value for key, value in variables.items() if value is not None})
    return path


def write_indices(folder: Path, kind="v5", **changes) -> Path:
    path = folder / "indices_train_test.mat"
    variables = made.index_file(len(NAMES)) | changes
    WRITERS[kind](path, {key: value for key, value in variables.items() if value is not None})
    return path


def people_of(source, split: str) -> set[str]:
    return {source.images.names[row].split("/")[0] for row in source.splits[split]}


@pytest.mark.parametrize("kind", WRITERS)
def test_both_kinds_of_matlab_files_give_the_same_source(tmp_path, kind):
    made.make(tmp_path)
    write_labels(tmp_path, kind)
    write_indices(tmp_path, kind)
    source = open_source(tmp_path)
    assert list(source.images.names) == PATHS
    np.testing.assert_array_equal(source.labels, LABELS)
    assert source.labels.dtype == np.int8
    assert source.attributes == made.ATTRIBUTES
    assert not source.problems.counts
    train = np.concatenate([source.splits["train"], source.splits["validation"]])
    np.testing.assert_array_equal(np.sort(train), np.arange(60))
    np.testing.assert_array_equal(source.splits["test"], np.arange(60, 90))
    assert all(source.splits[split].dtype == np.int64 for split in SPLITS)
    assert len(source.splits["validation"]) == 9
    assert not people_of(source, "train") & people_of(source, "validation")
    assert "15 %" in source.note
    assert source.images.open(0, (8, 8)).mode == "RGB"
    for rows in source.splits.values():
        assert (np.ptp(source.labels[rows], axis=0) == 1).all()


@pytest.mark.parametrize("nested", ["", "lfw/lfw"])
def test_the_people_may_lie_elsewhere(tmp_path, nested):
    made.make(tmp_path)
    shutil.move(tmp_path / "lfw", tmp_path / "moved")
    (tmp_path / nested).mkdir(parents=True, exist_ok=True)
    for person in (tmp_path / "moved").iterdir():
        shutil.move(person, tmp_path / nested / person.name)
    source = open_source(tmp_path)
    assert source.images.folder == tmp_path / nested
    assert list(source.images.names) == PATHS
    assert not source.problems.counts


def test_validation_depends_on_the_seed_alone(tmp_path):
    made.make(tmp_path)
    one, again, other = (open_source(tmp_path, seed).splits["validation"] for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_without_indices_whole_people_are_dealt(tmp_path):
    made.make(tmp_path)
    (tmp_path / "indices_train_test.mat").unlink()
    source = open_source(tmp_path)
    people = [people_of(source, split) for split in SPLITS]
    assert sum(map(len, people)) == len(set.union(*people)) == made.PEOPLE
    assert sum(len(rows) for rows in source.splits.values()) == len(NAMES)
    assert "seeded" in source.note


def test_bad_rows_are_left_out_and_named(tmp_path):
    made.make(tmp_path)
    labels = LABELS.astype(float)
    labels[2, 1], labels[5, 0] = 2, np.nan
    names = [*NAMES]
    names[7] = names[6]
    images = tmp_path / "lfw"
    (images / PATHS[70]).rename(images / "Some_One23" / "other.jpg")
    path = write_labels(tmp_path, label=labels, name=names)
    source = open_source(tmp_path)
    kept = [row for row in range(90) if row not in (2, 5, 7, 70)]
    assert list(source.images.names) == [PATHS[row] for row in kept]
    np.testing.assert_array_equal(source.labels, LABELS[kept])
    np.testing.assert_array_equal(source.splits["test"], np.arange(57, 86))
    problems = source.problems
    assert problems.counts == {
        "wrong label values": 2,
        "repeated rows": 1,
        "rows without an image": 1,
        "images without a row": 2,
    }
    assert problems.left_out == 3
    assert problems.first["wrong label values"] == [
        f"{path}, row 3: 'Young' is 2, where 0 or 1 is expected",
        f"{path}, row 6: 'Male' is nan, where 0 or 1 is expected",
    ]
    assert problems.first["rows without an image"][0].startswith(f"{path}, row 71: ")


def test_images_in_both_splits_or_in_none_are_left_out(tmp_path):
    made.make(tmp_path)
    path = write_indices(
        tmp_path, indices_img_train=np.arange(1, 61), indices_img_test=np.arange(60, 90)
    )
    source = open_source(tmp_path)
    assert list(source.images.names) == PATHS[:59] + PATHS[60:89]
    assert source.problems.counts == {"images in no split": 1, "images in two splits": 1}
    assert source.problems.left_out == 2
    assert source.problems.first["images in two splits"][0].startswith(f"{path}, index 60: ")


@pytest.mark.parametrize("index", [0, 91, -1, 1.5, np.nan, np.inf])
def test_an_index_that_cannot_be_one_stops(tmp_path, index):
    path = write_indices(tmp_path, indices_img_test=np.array([61, index, 62]))
    message = rf"{path}: indices_img_test must .* from 1 to 90.*Received: {index:g} at place 2"
    with pytest.raises(InputError, match=message):
        lfwa.read_indices(path, 90)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": None}, "has no variable 'label'"),
        ({"label": LABELS.T}, r"label must have .*\(90, 5\). Received: \(5, 90\)"),
        ({"label": LABELS[:80]}, r"label must have .*\(90, 5\). Received: \(80, 5\)"),
        ({"label": NAMES}, "label must be an array of numbers"),
        ({"name": LABELS}, "name must be a cell array of texts"),
        ({"AttrName": ["a", "b", "c", "d", "a"]}, "AttrName must name .* 'a' twice"),
        ({"AttrName": ["a"]}, r"label must have .*\(90, 1\)"),
    ],
)
@pytest.mark.parametrize("kind", WRITERS)
def test_variables_that_are_not_as_expected_are_named(tmp_path, kind, changes, message):
    path = write_labels(tmp_path, kind, **changes)
    with pytest.raises(InputError, match=message) as error:
        lfwa.read_labels(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_a_file_of_one_image_and_one_attribute_is_read(tmp_path):
    for kind in WRITERS:
        path = write_labels(
            tmp_path, kind, AttrName=["Male"], name=["A\\A_0001.jpg"], label=np.ones((1, 1))
        )
        names, attributes, labels = lfwa.read_labels(path)
        assert (names, attributes, labels.tolist()) == (["A/A_0001.jpg"], ["Male"], [[1.0]])


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 2 // 3)


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("v5", cut, "damaged or cut short"),
        ("v7.3", cut, "damaged or cut short .*truncated file"),
        ("v7.3", lambda path: os.truncate(path, 300), "damaged or cut short"),
        ("v5", lambda path: os.truncate(path, 0), "is empty"),
        ("v5", Path.unlink, "does not exist"),
        ("v5", lambda path: path.write_text("<html>Quota"), "is a web page"),
        ("v5", lambda path: path.write_bytes(b"PK\3\4"), r"is no MATLAB file .*b'PK"),
        ("v5", lambda path: os.truncate(path, 2**29), "has 536,870,912 bytes"),
    ],
)
def test_a_broken_matlab_file_is_one_line_with_its_name(tmp_path, kind, change, message):
    path = write_labels(tmp_path, kind)
    change(path)
    with pytest.raises(InputError, match=message) as error:
        lfwa.read_labels(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_crashes_the_reader_does_not_crash_the_search(tmp_path):
    path = write_labels(tmp_path)
    text = b"Male"  # Its type, 16 for UTF-8, becomes one that does not exist.
    damaged = path.read_bytes().replace(struct.pack("<HH", 16, 4) + text, b"\x14\0\4\0" + text, 1)
    path.write_bytes(damaged)
    with pytest.raises(InputError, match="cannot be read, as one that is damaged"):
        lfwa.read_labels(path)


def test_decoding_ends_in_time(tmp_path, monkeypatch):
    monkeypatch.setattr(lfwa_matlab, "LONGEST", 2)
    path = write_labels(tmp_path, "v7.3")
    with h5py.File(path, "r+") as file:
        cells = file["AttrName"]
        for depth in range(40):  # Each holds the one before it twice: 2⁴⁰ texts in all.
            before, cells = (
                cells,
                file["#refs#"].create_dataset(f"d{depth}", (1, 2), h5py.ref_dtype),
            )
            cells.attrs["MATLAB_class"] = np.bytes_("cell")
            cells[:] = before.ref
        file["name"][:] = cells.ref
    with pytest.raises(InputError, match="takes more than 2 seconds"):
        lfwa.read_labels(path)


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (None, r"has no images, where lfw/Name_Name/"),
        (b"PK\3\4", r"lfw\.zip is an archive.*Unpack it first"),
        (b"<html>Quota exceeded", r"lfw\.zip is a web page"),
    ],
)
def test_without_images_it_is_said_what_lies_there(tmp_path, archive, message):
    write_labels(tmp_path)
    if archive:
        (tmp_path / "lfw.zip").write_bytes(archive)
    with pytest.raises(InputError, match=message):
        open_source(tmp_path)


def test_images_of_other_names_are_shown(tmp_path):
    write_labels(tmp_path)
    made.write_images(tmp_path / "lfw", ["a\\b.jpg"])
    with pytest.raises(InputError, match=r"names no image .*'a/b\.jpg'.*'Some_One00/Some_One00_"):
        open_source(tmp_path)
