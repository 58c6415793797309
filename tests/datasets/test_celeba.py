"""CelebA is read in every form in which people have it, and its traps are named."""

import gzip
import os
from pathlib import Path

import made_celeba as made
import numpy as np
import pytest

from datasets import celeba
from datasets.dataset import SPLITS
from datasets.options import DataOptions
from graftwork.errors import InputError

ATTRIBUTES = ("Bald", "Male", "Young")
LIST, PARTITION, IMAGES = "list_attr_celeba.txt", "list_eval_partition.txt", "img_align_celeba"
NAMES = [f"{number:06d}.jpg" for number in range(1, 11)]
PARTS = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
LABELS = made.labels(10, 3)


def write(folder: Path, attributes=LIST, partition=PARTITION, images=IMAGES) -> Path:
    made.write_attributes(folder / attributes, ATTRIBUTES, NAMES, LABELS)
    made.write_partition(folder / partition, NAMES, PARTS)
    made.write_images(folder / images, NAMES)
    return folder


def open_source(folder: Path, seed: int = 0):
    return celeba.open_source(DataOptions(dataset="celeba", data_dir=folder, data_seed=seed))


def first(source, kind: str) -> str:
    return source.problems.first[kind][0]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def assert_whole(source) -> None:
    assert list(source.images.names) == NAMES
    np.testing.assert_array_equal(source.labels, LABELS)
    assert source.labels.dtype == np.int8
    assert source.attributes == ATTRIBUTES
    for part, split in enumerate(SPLITS):
        np.testing.assert_array_equal(source.splits[split], np.flatnonzero(np.equal(PARTS, part)))
        assert source.splits[split].dtype == np.int64


@pytest.mark.parametrize(
    ("attributes", "partition", "images"),
    [
        ("list_attr_celeba.txt", "list_eval_partition.txt", "img_align_celeba"),
        ("Anno/list_attr_celeba.txt", "Eval/list_eval_partition.txt", "Img/img_align_celeba"),
        ("list_attr_celeba.csv", "list_eval_partition.csv", "img_align_celeba/img_align_celeba"),
        ("Anno/list_attr_celeba.txt", "list_eval_partition.csv", "img_align_celeba"),
    ],
)
def test_every_form_gives_the_published_splits(tmp_path, attributes, partition, images):
    source = open_source(write(tmp_path, attributes, partition, images))
    assert_whole(source)
    assert not source.problems.counts
    assert (source.size, source.note) == ((64, 64), "")
    assert source.images.open(0, (8, 8)).mode == "RGB"


@pytest.mark.parametrize(("old", "new"), [("  1", " 1"), (" ", "  "), ("\n", "\r\n")])
def test_spaces_and_line_ends_do_not_matter(tmp_path, old, new):
    write(tmp_path)
    for name in ("list_attr_celeba.txt", "list_eval_partition.txt"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))
    source = open_source(tmp_path)
    assert_whole(source)
    assert not source.problems.counts


def test_a_count_that_differs_from_the_header_is_told_and_leaves_nothing_out(tmp_path):
    path = write(tmp_path) / "list_attr_celeba.txt"
    edit(path, "10\n", "202599\n")
    source = open_source(tmp_path)
    assert_whole(source)
    assert source.problems.counts == {"counts that differ from the header": 1}
    text = first(source, "counts that differ from the header")
    assert text.startswith(f"{path}, line 1: announces 202,599 images, but 10 rows follow")
    assert source.problems.left_out == 0


def test_a_list_cut_in_the_middle_of_a_row_loses_that_row(tmp_path):
    path = write(tmp_path) / "list_attr_celeba.txt"
    path.write_text(path.read_text()[:-4])
    source = open_source(tmp_path)
    assert list(source.images.names) == NAMES[:-1]
    assert source.problems.counts == {"rows of another length": 1}
    assert "line 12: 2 values where 3 are expected" in first(source, "rows of another length")


def test_rows_without_an_image_are_left_out_and_images_without_a_row_are_counted(tmp_path):
    images = write(tmp_path) / "img_align_celeba"
    os.rename(images / NAMES[4], images / "other.jpg")
    (images / ".hidden.jpg").touch()
    source = open_source(tmp_path)
    kept = [row for row in range(10) if row != 4]
    assert list(source.images.names) == [NAMES[row] for row in kept]
    np.testing.assert_array_equal(source.labels, LABELS[kept])
    np.testing.assert_array_equal(source.splits["validation"], [4, 5])
    np.testing.assert_array_equal(source.splits["test"], [6, 7, 8])
    assert source.problems.counts == {"rows without an image": 1, "images without a row": 1}
    assert source.problems.left_out == 1
    assert "list_attr_celeba.txt, line 7:" in first(source, "rows without an image")
    assert str(images / "other.jpg") in first(source, "images without a row")


@pytest.mark.parametrize("ending", [".txt", ".csv"])
def test_images_without_a_usable_partition_are_left_out(tmp_path, ending):
    path = (
        write(tmp_path, partition="list_eval_partition" + ending) / f"list_eval_partition{ending}"
    )
    comma = "," if ending == ".csv" else " "
    edit(path, f"{NAMES[0]}{comma}0\n", "")
    edit(path, f"{NAMES[1]}{comma}0", f"{NAMES[1]}{comma}3")
    path.write_text(path.read_text() + f"{NAMES[2]}{comma}2\nno_such.jpg{comma}7\n")
    source = open_source(tmp_path)
    assert list(source.images.names) == NAMES[2:]
    np.testing.assert_array_equal(source.splits["train"], [0, 1])
    assert source.problems.counts == {
        "wrong partition values": 2,
        "repeated rows": 1,
        "rows without a partition": 1,
    }
    assert source.problems.left_out == 2
    line = 1 if ending == ".txt" else 2
    assert f"{path}, line {line}: " in first(source, "wrong partition values")
    assert "list_attr_celeba.txt, line 3: '000001.jpg'" in first(source, "rows without a partition")


def test_a_partition_that_leaves_splits_empty_is_noted(tmp_path):
    write(tmp_path)
    made.write_partition(tmp_path / "list_eval_partition.txt", NAMES, [0] * 10)
    source = open_source(tmp_path)
    assert "none of these images into validation and test" in source.note


def test_without_a_partition_the_splits_are_seeded(tmp_path):
    made.make(tmp_path)
    (tmp_path / "list_eval_partition.txt").unlink()
    source, again, other = (open_source(tmp_path, seed) for seed in (0, 0, 1))
    assert [len(source.splits[name]) for name in SPLITS] == [72, 9, 9]
    dealt = np.concatenate(list(source.splits.values()))
    np.testing.assert_array_equal(np.sort(dealt), np.arange(90))
    assert all(np.array_equal(source.splits[name], again.splits[name]) for name in SPLITS)
    assert not np.array_equal(source.splits["train"], other.splits["train"])
    assert "seeded" in source.note


def test_the_made_dataset_has_both_classes_everywhere(tmp_path):
    source = celeba.open_source(made.make(tmp_path))
    assert source.attributes == celeba.INFO.attributes
    assert not source.problems.counts
    for rows in source.splits.values():
        assert (np.ptp(source.labels[rows], axis=0) == 1).all()


def pack(path: Path) -> None:
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()


def empty(path: Path) -> None:
    for image in path.iterdir():
        image.unlink()


def only_archive(content: bytes):
    def change(path: Path) -> None:
        empty(path)
        path.with_name("img_align_celeba.zip").write_bytes(content)

    return change


QUOTA_PAGE = b"<!DOCTYPE html><html><title>Google Drive - Quota exceeded</title></html>"


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (LIST, Path.unlink, r"has no list_attr_celeba\.txt or list_attr_celeba\.csv"),
        (LIST, pack, r"list_attr_celeba\.txt\.gz is an archive.*Unpack it first"),
        (LIST, lambda path: path.write_bytes(gzip.compress(b"10")), r"txt is an archive.*Unpack"),
        (LIST, lambda path: path.write_bytes(QUOTA_PAGE), r"list_attr_celeba\.txt is a web page"),
        (LIST, lambda path: path.write_text(""), r"list_attr_celeba\.txt is empty"),
        (LIST, lambda path: path.write_text("10"), r"txt, line 2: the names of the attributes"),
        (LIST, lambda path: path.write_text("9\nBald\n"), r"list_attr_celeba\.txt: no row of it"),
        (LIST, lambda path: edit(path, "10\n", ""), r"txt, line 1: the number.*'Bald Male Young'"),
        (LIST, lambda path: edit(path, "10\n", "9" * 5000 + "\n"), r"txt, line 1: the number"),
        (LIST, lambda path: edit(path, "-1", "0"), r"txt: -1 .* and 0 .* both occur"),
        (PARTITION, pack, r"list_eval_partition\.txt\.gz is an archive.*Unpack it first"),
        (PARTITION, lambda path: path.write_bytes(QUOTA_PAGE), r"partition\.txt is a web page"),
        (IMAGES, empty, r"has no images in img_align_celeba, "),
        (IMAGES, only_archive(b"PK\3\4"), r"celeba\.zip is an archive.*Unpack it first"),
        (IMAGES, only_archive(QUOTA_PAGE), r"celeba\.zip is a web page.*quota"),
        (
            IMAGES,
            lambda path: (empty(path), made.write_images(path, ["a.png"])),
            r"list_attr_celeba\.txt names no image of .*'a\.png'.*'000001\.jpg' is expected",
        ),
    ],
)
def test_what_makes_the_whole_useless_is_one_line_with_its_place(tmp_path, name, change, message):
    change(write(tmp_path) / name)
    with pytest.raises(InputError, match=message) as error:
        open_source(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["list_attr_celeba.csv", "list_eval_partition.csv"])
def test_a_csv_file_must_begin_with_image_id(tmp_path, name):
    write(tmp_path, "list_attr_celeba.csv", "list_eval_partition.csv")
    edit(tmp_path / name, "image_id,", ",image_id,")
    with pytest.raises(InputError, match=rf"{name}, line 1: the first column must be 'image_id'"):
        open_source(tmp_path)


@pytest.mark.skipif(
    "GRAFTWORK_TEST_DATA" not in os.environ,
    reason="needs GRAFTWORK_TEST_DATA, the folder of list_attr_celeba_first20000.txt.gz",
)
def test_the_real_truncated_list_is_read_and_reported(tmp_path):
    packed = Path(os.environ["GRAFTWORK_TEST_DATA"]) / "list_attr_celeba_first20000.txt.gz"
    content = gzip.decompress(packed.read_bytes())
    (tmp_path / "list_attr_celeba.txt").write_bytes(content)
    (tmp_path / "img_align_celeba").mkdir()
    for number in range(1, 20_001):
        (tmp_path / "img_align_celeba" / f"{number:06d}.jpg").touch()
    source = open_source(tmp_path)
    assert source.problems.counts == {"counts that differ from the header": 1}
    text = first(source, "counts that differ from the header")
    assert "list_attr_celeba.txt, line 1: announces 202,599 images, but 20,000 rows" in text
    assert source.attributes == celeba.ATTRIBUTES
    values = np.array([line.split()[1:] for line in content.splitlines()[2:]], int)
    np.testing.assert_array_equal(source.labels, values > 0)
    assert sum(len(rows) for rows in source.splits.values()) == 20_000
