"""CIFAR-10: the binary version, what is wrong with it, and what Keras downloads."""

import sys
import types

import numpy as np
import pytest
from made_cifar10 import RECORDS, make, records

from datasets.cifar10 import CLASSES, GROUPS, open_source
from datasets.options import DataOptions
from graftwork.errors import InputError


def image(content, record):
    """The image of a record, built pixel by pixel."""
    red, green, blue = content[record, 1:].reshape(3, 1024)
    return [
        [[red[32 * y + x], green[32 * y + x], blue[32 * y + x]] for x in range(32)]
        for y in range(32)
    ]


def test_images_and_classes_are_those_of_the_files(tmp_path):
    source = open_source(make(tmp_path))
    assert len(source.images) == len(source.labels) == 6 * RECORDS
    for file, record in ((0, 0), (2, 7), (5, 19)):
        row = file * RECORDS + record
        np.testing.assert_array_equal(source.images.array[row], image(records(file), record))
    classes = np.concatenate([records(file)[:, 0] for file in range(6)])
    np.testing.assert_array_equal(source.labels[:, :10].argmax(axis=1), classes)
    assert (source.labels[:, :10].sum(axis=1) == 1).all()
    assert not source.problems.counts
    assert (source.size, source.channels, source.flip, source.shift) == ((32, 32), 3, True, 0.12)


def test_groups_of_classes_are_attributes(tmp_path):
    source = open_source(make(tmp_path))
    assert source.attributes == (*CLASSES, *GROUPS)
    assert set().union(*GROUPS.values()) <= set(CLASSES)
    hoofed = source.labels[:, source.attributes.index("hoofed")]
    deer_or_horse = source.labels[:, [CLASSES.index("deer"), CLASSES.index("horse")]]
    np.testing.assert_array_equal(hoofed, deer_or_horse.any(axis=1))


def test_test_is_the_test_batch_and_validation_a_tenth_of_the_rest(tmp_path):
    options = make(tmp_path)
    source = open_source(options)
    np.testing.assert_array_equal(source.splits["test"], np.arange(100, 120))
    both = np.concatenate([source.splits["train"], source.splits["validation"]])
    np.testing.assert_array_equal(np.sort(both), np.arange(100))
    assert len(source.splits["validation"]) == 10
    assert "validation" in source.note
    other = open_source(DataOptions(dataset="cifar10", data_dir=tmp_path, data_seed=5))
    assert (other.splits["validation"] != source.splits["validation"]).any()


def test_the_folder_may_be_the_one_above(tmp_path):
    make(tmp_path / "cifar-10-batches-bin")
    assert len(open_source(DataOptions(dataset="cifar10", data_dir=tmp_path)).images) == 120


def test_files_are_mapped_and_not_read(tmp_path):
    source = open_source(make(tmp_path))
    part = source.images.array[3]
    while part.base is not None and not isinstance(part, np.memmap):
        part = part.base
    assert isinstance(part, np.memmap)


def test_a_wrong_class_is_told_with_its_record_and_left_out(tmp_path):
    options = make(tmp_path)
    for name, record, value in (("data_batch_2.bin", 3, 10), ("test_batch.bin", 0, 255)):
        content = np.fromfile(tmp_path / name, np.uint8).reshape(-1, 3073)
        content[record, 0] = value
        content.tofile(tmp_path / name)
    source = open_source(options)
    first, second = source.problems.first["wrong classes"]
    assert first.startswith(f"{tmp_path / 'data_batch_2.bin'}, record 4: the class is 10")
    assert second.startswith(f"{tmp_path / 'test_batch.bin'}, record 1: the class is 255")
    assert source.problems.left_out == 2
    assert len(source.images) == len(source.labels) == 118
    np.testing.assert_array_equal(source.splits["test"], np.arange(99, 118))
    np.testing.assert_array_equal(source.images.array[99], image(records(5), 1))
    np.testing.assert_array_equal(source.images.array[23], image(records(1), 4))


def test_a_file_of_the_wrong_length_is_named(tmp_path):
    options = make(tmp_path)
    path = tmp_path / "data_batch_4.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"data_batch_4\.bin has 61,459 bytes.*multiple of 3,073"):
        open_source(options)
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"data_batch_4\.bin is empty"):
        open_source(options)
    path.write_bytes(b"<!DOCTYPE html><html>quota</html>")
    with pytest.raises(InputError, match=r"data_batch_4\.bin is a web page"):
        open_source(options)


def test_missing_files_are_named(tmp_path):
    options = make(tmp_path)
    (tmp_path / "data_batch_3.bin").unlink()
    (tmp_path / "test_batch.bin").unlink()
    with pytest.raises(InputError, match=r"lacks data_batch_3\.bin, test_batch\.bin\."):
        open_source(options)


@pytest.mark.parametrize("nested", ["", "cifar-10-batches-py"])
def test_the_python_version_is_refused_with_the_reason(tmp_path, nested):
    (tmp_path / nested).mkdir(exist_ok=True)
    (tmp_path / nested / "data_batch_1").write_bytes(b"cos\nsystem\n(S'touch bad'\ntR.")
    with pytest.raises(InputError, match=r"pickles.*can run code.*binary version"):
        open_source(DataOptions(dataset="cifar10", data_dir=tmp_path))


def keras_with(monkeypatch, load_data):
    """Stands in for Keras, so that nothing is downloaded."""
    cifar10 = types.ModuleType("keras.datasets.cifar10")
    cifar10.load_data = load_data
    package = types.ModuleType("keras.datasets")
    package.cifar10 = cifar10
    monkeypatch.setitem(sys.modules, "keras", types.ModuleType("keras"))
    monkeypatch.setitem(sys.modules, "keras.datasets", package)
    monkeypatch.setattr("datasets.cifar10.load_backend", lambda: None)


def test_without_a_folder_keras_brings_the_same_images_and_labels(tmp_path, monkeypatch):
    def arrays(files):
        content = np.concatenate([records(file) for file in files])
        images = content[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return images, content[:, :1]

    keras_with(monkeypatch, lambda: (arrays(range(5)), arrays([5])))
    ours, theirs = open_source(make(tmp_path)), open_source(DataOptions(dataset="cifar10"))
    np.testing.assert_array_equal(theirs.labels, ours.labels)
    for row in (0, 57, 119):
        np.testing.assert_array_equal(theirs.images.array[row], ours.images.array[row])
    for name, rows in ours.splits.items():
        np.testing.assert_array_equal(theirs.splits[name], rows)


def test_a_failed_download_is_one_line_that_says_what_to_do(monkeypatch):
    def fail():
        raise OSError("URL fetch failure on https://…:\nNone -- no route to host")

    keras_with(monkeypatch, fail)
    with pytest.raises(InputError, match=r"no route to host.*--data-dir") as error:
        open_source(DataOptions(dataset="cifar10"))
    assert "\n" not in str(error.value)
