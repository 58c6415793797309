"""STL-10: the binary version, its unlabelled part, and what is wrong with it."""

import made_stl10
import numpy as np
import pytest
from made_stl10 import make

from datasets.dataset import MISSING
from datasets.options import DataOptions
from datasets.stl10 import CLASSES, GROUPS, open_source
from graftwork.errors import InputError


@pytest.fixture
def options(tmp_path):
    return make(tmp_path)


def test_images_are_turned_the_right_way(options):
    source = open_source(options)
    for part, first in (("train", 0), ("test", 80), ("unlabeled", 110)):
        expected = made_stl10.images(part)
        for row in (0, 19):
            np.testing.assert_array_equal(source.images.array[first + row], expected[row])
    assert len(source.images) == 130


def test_the_third_byte_of_a_file_is_the_third_pixel_of_the_first_column(options):
    path = options.data_dir / "test_X.bin"
    third = path.read_bytes()[2]
    assert open_source(options).images.array[80][2, 0, 0] == third


def test_classes_begin_at_one_and_groups_are_attributes(options):
    source = open_source(options)
    assert source.attributes == (*CLASSES, *GROUPS)
    np.testing.assert_array_equal(source.labels[:110, :10].argmax(axis=1), np.arange(110) % 10)
    monkey = source.labels[CLASSES.index("monkey")]
    assert {name for name, value in zip(source.attributes, monkey, strict=True) if value} == {
        "monkey",
        "animal",
        "mammal",
    }


def test_the_unlabelled_part_has_no_labels_and_a_split_of_its_own(options):
    source = open_source(options)
    np.testing.assert_array_equal(source.splits["unlabelled"], np.arange(110, 130))
    assert (source.labels[110:] == MISSING).all()
    (options.data_dir / "unlabeled_X.bin").unlink()
    source = open_source(options)
    assert set(source.splits) == {"train", "validation", "test"}
    assert len(source.images) == len(source.labels) == 110


def test_validation_is_carved_from_training_by_the_seed(options):
    source = open_source(options)
    both = np.concatenate([source.splits["train"], source.splits["validation"]])
    np.testing.assert_array_equal(np.sort(both), np.arange(80))
    np.testing.assert_array_equal(source.splits["test"], np.arange(80, 110))
    assert 10 <= len(source.splits["validation"]) <= 14
    other = open_source(DataOptions(dataset="stl10", data_dir=options.data_dir, data_seed=3))
    assert (other.splits["validation"] != source.splits["validation"]).any()


def test_images_are_brought_to_48_unless_asked(options):
    source = open_source(options)
    assert (source.size, source.channels, source.flip) == ((48, 48), 3, True)
    assert source.images.array[0].shape == (96, 96, 3)


def test_the_folder_may_be_the_one_above(tmp_path):
    make(tmp_path / "stl10_binary")
    assert len(open_source(DataOptions(dataset="stl10", data_dir=tmp_path)).images) == 130


def test_a_part_larger_than_the_memory_is_mapped_and_not_read(options):
    path = options.data_dir / "unlabeled_X.bin"
    with open(path, "r+b") as file:
        file.truncate(27_648 * 1_000_000)  # 27 GB, of which the disk holds next to nothing.
    source = open_source(options)
    assert len(source.splits["unlabelled"]) == 1_000_000
    assert not source.images.array[len(source.images) - 1].any()


def test_wrong_classes_are_told_with_their_record_and_left_out(options):
    path = options.data_dir / "train_y.bin"
    classes = np.fromfile(path, np.uint8)
    classes[[4, 79]] = 0, 11
    classes.tofile(path)
    source = open_source(options)
    first, second = source.problems.first["wrong classes"]
    assert first.startswith(f"{path}, record 5: the class is 0, where 1 to 10")
    assert second.startswith(f"{path}, record 80: the class is 11")
    assert source.problems.left_out == 2
    assert len(source.images) == len(source.labels) == 128
    np.testing.assert_array_equal(source.splits["test"], np.arange(78, 108))
    np.testing.assert_array_equal(source.images.array[4], made_stl10.images("train")[5])
    np.testing.assert_array_equal(source.images.array[108], made_stl10.images("unlabeled")[0])


def test_another_number_of_classes_than_images_names_both_files(options):
    path = options.data_dir / "test_y.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"test_X\.bin has 30 images and .*test_y\.bin 29 classes"):
        open_source(options)


@pytest.mark.parametrize("part", ["train", "test", "unlabeled"])
def test_a_file_that_is_cut_off_is_named_with_its_length(options, part):
    path = options.data_dir / f"{part}_X.bin"
    path.write_bytes(path.read_bytes()[:-5])
    size = f"{path.stat().st_size:,}"
    with pytest.raises(InputError, match=rf"{part}_X\.bin has {size} bytes.*multiple of 27,648"):
        open_source(options)


def test_files_that_are_missing_empty_or_a_web_page_are_named(options):
    path = options.data_dir / "train_y.bin"
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"train_y\.bin is empty"):
        open_source(options)
    path.write_bytes(b"<html>Not found</html>")
    with pytest.raises(InputError, match=r"train_y\.bin is a web page"):
        open_source(options)
    path.unlink()
    with pytest.raises(InputError, match=r"lacks train_y\.bin\. Get the binary version"):
        open_source(options)
