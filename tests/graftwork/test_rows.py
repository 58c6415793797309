"""Rows of arrays, in memory and in files, and batches of them."""

import numpy as np
import pytest

from graftwork.rows import MISSING, batches, map_array, read_rows, release_pages


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (23, 4, 3, 2), dtype=np.uint8)


@pytest.fixture
def mapped(images, tmp_path):
    np.save(tmp_path / "images.npy", images)
    return map_array(tmp_path / "images.npy")


@pytest.mark.parametrize("rows", [[], [0], [22, 3, 3, 0], range(23)])
def test_rows_of_a_file_are_those_of_the_array(images, mapped, rows):
    rows = np.asarray(rows, np.int64)
    found = read_rows(mapped, rows)
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, images[rows])
    np.testing.assert_array_equal(read_rows(images, rows), images[rows])


def test_rows_of_a_view_of_a_map_are_found_too(images, mapped):
    for view, expected in ((mapped[5:], images[5:]), (mapped[:, ::2], images[:, ::2])):
        np.testing.assert_array_equal(read_rows(view, np.array([1, 0])), expected[[1, 0]])


def test_values_of_several_bytes_are_read_whole(tmp_path):
    values = np.arange(20, dtype=np.float64).reshape(5, 4)
    np.save(tmp_path / "values.npy", values)
    mapped = map_array(tmp_path / "values.npy")
    np.testing.assert_array_equal(read_rows(mapped, np.array([4, 1])), values[[4, 1]])


def test_a_file_that_was_cut_short_is_an_error_and_no_noise(mapped, tmp_path):
    with open(tmp_path / "images.npy", "r+b") as file:
        file.truncate(300)
    with pytest.raises(OSError, match=r"images\.npy is shorter than it was"):
        read_rows(mapped, np.array([22]))


def test_batches_hold_the_rows_in_order_and_what_fills_the_last_has_no_labels(images):
    labels = np.arange(46).reshape(23, 2).astype(np.int8) % 2
    rows = np.array([7, 1, 5, 20, 11])
    found = list(batches(images, labels, rows, 3))
    assert [len(part) for part, _ in found] == [3, 3]
    pictures = np.concatenate([part for part, _ in found])
    marks = np.concatenate([part for _, part in found])
    np.testing.assert_array_equal(pictures[:5], images[rows])
    np.testing.assert_array_equal(marks[:5], labels[rows])
    assert (marks[5:] == MISSING).all()


def test_a_map_stays_whole_when_its_file_is_removed(images, mapped, tmp_path):
    (tmp_path / "images.npy").unlink()
    np.testing.assert_array_equal(read_rows(mapped, np.array([3, 9])), images[[3, 9]])


def test_released_pages_can_be_read_again(images, mapped):
    np.testing.assert_array_equal(mapped, images)
    release_pages(mapped[3:].reshape(20, -1))
    np.testing.assert_array_equal(mapped, images)
