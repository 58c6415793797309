"""From a source to a dataset: attributes chosen, images left out, or too many of them."""

import numpy as np
import pytest

from datasets import DataOptions
from datasets.loading import load_source, remarks
from datasets.problems import Problems
from datasets.source import ImageArray, Source
from graftwork.errors import InputError

ATTRIBUTES = ("round", "red", "up_red", "up_blue")


class Broken:
    """Images of which some cannot be read."""

    def __init__(self, count, broken=()):
        self.count, self.broken = count, set(broken)

    def __len__(self):
        return self.count

    def __getitem__(self, row):
        if row in self.broken:
            raise InputError(f"image {row} is broken")
        return np.full((8, 8, 3), row, np.uint8)


def source(count=40, broken=(), left_out=0, **changes):
    rng = np.random.default_rng(0)
    problems = Problems()
    for number in range(left_out):
        problems.add("rows without an image", f"list.csv, line {number}", "gone", left_out=True)
    values = {
        "name": "made",
        "images": ImageArray(Broken(count, broken), "an array", f"{count} {broken}"),
        "labels": rng.integers(0, 2, (count, 4)).astype(np.int8),
        "attributes": ATTRIBUTES,
        "splits": {
            "train": np.arange(0, 20),
            "validation": np.arange(20, 30),
            "test": np.arange(30, count),
        },
        "problems": problems,
        "size": (8, 8),
        "shift": 0.25,
        "merged": {"upper": ("up_red", "up_blue")},
    }
    return Source(**(values | changes))


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("GRAFTWORK_CACHE", str(tmp_path))


def test_all_of_a_source_is_in_the_dataset():
    made = source()
    dataset = load_source(made, DataOptions())
    dataset.check_trainable()
    assert dataset.images.shape == (40, 8, 8, 3)
    assert (dataset.images[7] == 7).all()
    np.testing.assert_array_equal(dataset.labels, made.labels)
    assert dataset.attributes == ATTRIBUTES
    assert dataset.shift == (2, 2)
    assert dataset.merged == made.merged


def test_images_that_cannot_be_read_are_in_no_split_and_counted():
    dataset = load_source(source(broken=(3, 25)), DataOptions(max_bad=0.05))
    assert dataset.problems.left_out == 2
    assert dataset.problems.counts == {"images that cannot be read": 2}
    assert 3 not in dataset.split("train")
    assert 25 not in dataset.split("validation")
    assert [len(rows) for rows in dataset.splits.values()] == [19, 9, 10]


def test_images_smaller_than_asked_for_are_remarked_on():
    dataset = load_source(source(broken=(3, 25)), DataOptions(size="16", max_bad=0.05))
    assert dataset.enlarged == 38
    (line,) = [line for line in remarks(dataset) if "smaller" in line]
    assert line == (
        "38 of 40 images are smaller than 16×16 and were enlarged: what is learned has no detail "
        "beyond theirs. Give a smaller --size."
    )
    for size in ("8", "4", None):
        dataset = load_source(source(), DataOptions(size=size))
        assert (dataset.enlarged, remarks(dataset)) == (0, [])


@pytest.mark.parametrize(
    ("broken", "left_out", "parts"),
    [
        ((3, 25), 0, ["2 of 40 images", "2 images that cannot be read", "image 3 is broken"]),
        ((), 2, ["2 of 42 images", "2 rows without an image", "list.csv, line 0: gone"]),
        ((5,), 1, ["2 of 41 images", "1 rows without an image, 1 images that cannot be read"]),
        (tuple(range(40)), 0, ["has no image that can be used"]),
    ],
)
def test_more_than_the_share_stops_with_the_first_place(broken, left_out, parts):
    with pytest.raises(InputError) as error:
        load_source(source(broken=broken, left_out=left_out), DataOptions(max_bad=0.04))
    message = str(error.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_the_share_that_the_message_offers_is_enough():
    with pytest.raises(InputError, match=r"--max-bad 0\.05 goes on") as error:
        load_source(source(broken=(3, 25)), DataOptions())
    assert error
    load_source(source(broken=(3, 25)), DataOptions(max_bad=0.05))


def test_attributes_are_chosen_in_the_order_asked_for():
    made = source()
    chosen = load_source(made, DataOptions(attributes=("red", "round")))
    assert chosen.attributes == ("red", "round")
    np.testing.assert_array_equal(chosen.labels, made.labels[:, [1, 0]])
    assert chosen.merged == {}
    rest = load_source(made, DataOptions(without=("round",)))
    assert rest.attributes == ATTRIBUTES[1:]
    assert rest.merged == {}  # An official score is that of all attributes.
    assert len({chosen.fingerprint, rest.fingerprint}) == 2


def test_an_unknown_attribute_is_refused_with_the_near_ones():
    with pytest.raises(InputError, match=r"unknown attribute 'rund'. Did you mean round"):
        load_source(source(), DataOptions(without=("rund",)))


@pytest.mark.parametrize(
    ("labels", "pattern"),
    [
        (np.zeros((40, 4), np.int8), "'round' has one class only in training"),
        (np.where(np.arange(40)[:, None] < 20, np.arange(40)[:, None] % 2, -1), "no label in"),
    ],
)
def test_what_cannot_be_learned_or_judged_is_refused_with_the_flag_that_helps(labels, pattern):
    made = source(labels=np.broadcast_to(labels, (40, 4)).astype(np.int8))
    with pytest.raises(InputError, match=f"{pattern}.*--without round"):
        load_source(made, DataOptions()).check_trainable()


def test_images_alone_make_a_dataset_that_no_attribute_can_be_learned_from():
    made = source(labels=np.zeros((40, 0), np.int8), attributes=(), merged={})
    dataset = load_source(made, DataOptions())
    assert len(dataset.images) == 40
    with pytest.raises(InputError, match="no attribute to learn"):
        dataset.check_trainable()


@pytest.mark.parametrize("size", ["0", "x", "64x", "3", "64x2000", "-4", "6 4"])
def test_a_size_that_makes_no_sense_is_refused(size):
    with pytest.raises(InputError, match="size must be"):
        DataOptions(size=size).check_data()
    assert DataOptions(size="128x64").shape() == (128, 64)
    assert DataOptions(size="32").shape() == (32, 32)
