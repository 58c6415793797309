"""scikit-learn's digits: values, attributes of the digits, seeded splits."""

import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from datasets.dataset import MISSING
from datasets.digits import open_source
from datasets.options import DataOptions
from graftwork.errors import InputError


@pytest.fixture(scope="module")
def source():
    return open_source(DataOptions(dataset="digits"))


def test_there_are_1797_grey_images_with_the_whole_range_of_values(source):
    images = np.stack([source.images.array[row] for row in range(len(source.images))])
    assert images.shape == (1797, 8, 8, 1)
    assert images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 255)
    np.testing.assert_array_equal(images[..., 0], np.round(load_digits().images * 255 / 16))


@pytest.mark.parametrize(
    ("attribute", "digits"),
    [
        ("zero", {0}),
        ("nine", {9}),
        ("even", {0, 2, 4, 6, 8}),
        ("prime", {2, 3, 5, 7}),
        ("multiple_of_three", {0, 3, 6, 9}),
        ("above_four", {5, 6, 7, 8, 9}),
        ("straight_strokes", {1, 4, 7}),
    ],
)
def test_attributes_belong_to_the_digits(source, attribute, digits):
    column = source.labels[:, source.attributes.index(attribute)]
    np.testing.assert_array_equal(column, np.isin(load_digits().target, list(digits)))


def test_whether_a_four_has_a_closed_loop_is_missing(source):
    column, digits = source.labels[:, source.attributes.index("closed_loop")], load_digits().target
    assert set(column[digits == 4]) == {MISSING}
    rest = digits != 4
    np.testing.assert_array_equal(column[rest], np.isin(digits[rest], [0, 6, 8, 9]))


def test_no_attribute_is_another_one_or_its_negation(source):
    digits = load_digits().target
    table = np.stack([source.labels[digits == digit][0] for digit in range(10)], axis=1)
    for one in range(len(table)):
        for other in range(one):
            known = (table[one] != MISSING) & (table[other] != MISSING)
            assert len(np.unique((table[one] == table[other])[known])) == 2


def test_the_splits_hold_all_digits_and_depend_on_the_seed(source):
    rows = np.concatenate(list(source.splits.values()))
    np.testing.assert_array_equal(np.sort(rows), np.arange(1797))
    assert {name: round(len(part) / 1797, 2) for name, part in source.splits.items()} == {
        "train": 0.7,
        "validation": 0.15,
        "test": 0.15,
    }
    other = open_source(DataOptions(dataset="digits", data_seed=1))
    assert (other.splits["test"] != source.splits["test"]).any()


def test_digits_are_not_mirrored_or_moved(source):
    assert (source.flip, source.shift, source.channels, source.size) == (False, 0, 1, (16, 16))


def test_a_missing_package_is_said_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(InputError, match=r"digits.*pip install scikit-learn") as error:
        open_source(DataOptions(dataset="digits"))
    assert "\n" not in str(error.value)
