"""Classes from attributes: their numbers, their names, and what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest
import tiny

from gan_nas.classes import Classes, dataset_classes
from gan_nas.grids import save_grid
from gan_nas.judge import Judge, real_rows
from gan_nas.quality import Features
from gan_nas.setup import Setup
from graftwork.errors import InputError


def with_labels(rows, attributes=("red", "green")):
    """A dataset of 6 training, 2 validation and 2 test images with these labels."""
    labels = np.array(rows, np.int8)
    return tiny.tiny_dataset(
        images=np.zeros((len(labels), 8, 8, 1), np.uint8),
        labels=labels,
        attributes=attributes,
        splits={
            "train": np.arange(0, 6),
            "validation": np.arange(6, 8),
            "test": np.arange(8, 10),
        },
    )


def test_no_attribute_makes_no_classes(dataset):
    assert dataset_classes(dataset, ()) is None


def test_one_attribute_makes_two_classes(dataset):
    classes = dataset_classes(dataset, ["row"])
    assert classes.names == ("no row", "row")
    np.testing.assert_array_equal(classes.numbers, dataset.labels[:, 1])
    assert classes.numbers.dtype == np.int32


ROWS = [[1, 0], [0, 1], [0, 0], [1, -1], [-1, 0], [0, 1], [1, 0], [0, 0], [-1, -1], [-1, 1]]


def test_several_attributes_make_one_class_each_and_one_of_the_rest():
    classes = dataset_classes(with_labels(ROWS), ["green", "red"])
    assert classes.names == ("none of them", "green", "red")
    # A known attribute decides; a missing one leaves open whether it is the class.
    assert classes.numbers.tolist() == [2, 1, 0, 2, -1, 1, 2, 0, -1, 1]


def test_without_training_images_of_the_rest_there_is_no_such_class():
    rows = [[1, 0], [0, 1], [1, 0], [0, 1], [-1, 0], [0, 1], *ROWS[6:]]
    classes = dataset_classes(with_labels(rows), ["red", "green"])
    assert classes.names == ("red", "green")
    assert classes.numbers.tolist() == [0, 1, 0, 1, -1, 1, 0, -1, -1, 1]


def test_shares_are_those_of_images_with_a_known_class():
    classes = Classes(("a", "b", "c"), np.array([0, 1, 1, -1, 2, 2], np.int32))
    np.testing.assert_allclose(classes.frequencies(np.array([0, 1, 2, 3])), [1 / 3, 2 / 3, 0])


def test_an_unknown_attribute_is_refused_with_a_hint(dataset):
    with pytest.raises(InputError, match=r"rwo.*row"):
        dataset_classes(dataset, ["rwo"])


def test_attributes_that_images_have_together_are_refused(dataset):
    with pytest.raises(InputError, match=r"exclude each other.*'column' and 'frame', which") as e:
        dataset_classes(dataset, ["column", "frame"])
    both = (dataset.labels[:, 0] == 1) & (dataset.labels[:, 3] == 1)
    assert f"which {both.sum()} images" in str(e.value)


def test_a_class_without_a_training_image_is_refused():
    rows = [[0, 1], [0, 1], [0, 0], [0, 1], [0, 0], [0, 1], *ROWS[6:]]
    for attributes in (["red"], ["red", "green"]):
        with pytest.raises(InputError, match=r"class 'red' .* has no training image"):
            dataset_classes(with_labels(rows), attributes)


# What they are used for.


class Rows:
    """An extractor that takes note of the rows that are asked for."""

    def __init__(self):
        self.asked = []

    def features(self, images, rows=None):
        self.asked.append(rows.tolist())
        return extracted(len(rows))


def extracted(count):
    values = np.random.default_rng(0).normal(size=(count, 4))
    return Features(values, np.full((count, 2), 0.5), "classes", "fake", "none")


def test_generators_are_judged_by_images_of_a_known_class(dataset):
    classes, extractor = dataset_classes(dataset, ["column"]), Rows()
    known = {
        split: [row for row in rows.tolist() if dataset.labels[row, 0] >= 0]
        for split, rows in dataset.splits.items()
    }
    assert all(len(known[split]) < len(rows) for split, rows in dataset.splits.items())
    judge = Judge(dataset, extractor, 4, 64, classes, 0)
    judge.floor()
    assert extractor.asked == [
        sorted(known["validation"] + known["train"]),
        known["train"],
        known["test"],
    ]
    assert len(judge.some_images(1000)) == len(known["train"])


def test_a_split_without_known_classes_is_refused():
    data = with_labels([*ROWS[:8], [-1, -1], [-1, -1]])
    with pytest.raises(InputError, match=r"0 of 2 images of the split 'test' have a known class"):
        real_rows(data, "test", dataset_classes(data, ["green", "red"]))


@pytest.mark.parametrize(("count", "rows"), [(2, 2), (3, 3), (64, 64), (70, 64)])
def test_a_picture_has_a_class_a_row_and_64_images_at_most(count, rows, tmp_path):
    classes = Classes(tuple(f"class {i}" for i in range(count)), np.zeros(4, np.int32))
    each, numbers, names = Setup.rows_of_samples(SimpleNamespace(classes=classes))
    assert names == list(classes.names)[:rows]
    assert numbers.tolist() == [number for number in range(rows) for _ in range(each)]
    assert 64 - len(names) < len(numbers) <= 64
    save_grid(np.zeros((len(numbers), 8, 8, 1), np.uint8), tmp_path / "a.png", each, labels=names)
