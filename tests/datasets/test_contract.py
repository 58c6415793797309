"""What every registered dataset promises, on a small instance of it in its own format."""

import dataclasses
import itertools

import numpy as np
import pytest

import datasets
from datasets import DataOptions
from datasets.dataset import MISSING, SPLITS
from graftwork.errors import InputError


@pytest.fixture
def dataset(options):
    return datasets.load(options)


@pytest.fixture
def info(options):
    return datasets.info(options.dataset)


def test_what_is_known_of_it_is_said_in_single_lines(info, options):
    assert info.name == options.dataset.split(":")[0]
    assert (info.source is None) != (info.loader is None)
    for text in (info.summary, info.needs, info.images):
        assert text
        assert "\n" not in text


def test_images_and_labels_have_the_promised_types_and_shapes(info, dataset):
    assert dataset.images.dtype == np.uint8
    assert dataset.images.ndim == 4
    assert dataset.image_shape[2] in (1, 3)
    assert dataset.labels.dtype == np.int8
    assert dataset.labels.shape == (len(dataset.images), len(dataset.attributes))
    assert len(set(dataset.attributes)) == len(dataset.attributes)
    if info.attributes:
        assert dataset.attributes == info.attributes


def test_labels_are_binary_or_missing(dataset):
    assert set(np.unique(dataset.labels)) <= {MISSING, 0, 1}


def test_images_differ(dataset):
    # A loader that leaves pages unwritten shows here.
    rows = np.sort(np.concatenate([dataset.split(split) for split in SPLITS]))[:1000]
    flat = dataset.images[rows].reshape(len(rows), -1)
    assert len(np.unique(flat, axis=0)) > 0.9 * len(flat)


def test_splits_are_disjoint_sorted_and_hold_images(dataset):
    assert set(SPLITS) <= set(dataset.splits) <= {*SPLITS, "unlabelled"}
    for indices in dataset.splits.values():
        assert indices.dtype == np.int64
        assert (np.diff(indices) > 0).all()
        assert indices.min() >= 0
        assert indices.max() < len(dataset.images)
    for one, other in itertools.combinations(dataset.splits.values(), 2):
        assert not np.intersect1d(one, other).size


def test_every_attribute_has_both_classes_in_every_split(dataset):
    dataset.check_trainable()
    for split in SPLITS:
        labels = dataset.labels[dataset.split(split)]
        assert (labels == 0).any(axis=0).all()
        assert (labels == 1).any(axis=0).all()


def test_the_second_load_decodes_nothing_and_is_the_same(options, dataset):
    stages = []
    again = datasets.load(options, lambda *step: stages.append(step))
    assert stages == []
    assert isinstance(again.images, np.memmap)
    assert again.fingerprint == dataset.fingerprint
    np.testing.assert_array_equal(again.images, dataset.images)
    np.testing.assert_array_equal(again.labels, dataset.labels)


def test_attributes_can_be_left_out(options, dataset):
    without = dataclasses.replace(options, without=dataset.attributes[:1])
    rest = datasets.load(without)
    assert rest.attributes == dataset.attributes[1:]
    np.testing.assert_array_equal(rest.labels, dataset.labels[:, 1:])
    assert rest.fingerprint != dataset.fingerprint


def test_another_size_is_given_where_images_are_files(info, options):
    sized = dataclasses.replace(options, size="20x12")
    if info.source is None:
        with pytest.raises(InputError, match="takes no --size"):
            datasets.load(sized)
    else:
        assert datasets.load(sized).image_shape[:2] == (20, 12)


def test_a_folder_that_is_not_there_is_named(info, options, tmp_path):
    if options.data_dir is None:
        pytest.skip(f"{info.name} needs no folder")
    with pytest.raises(InputError, match="gone") as error:
        datasets.load(dataclasses.replace(options, data_dir=tmp_path / "gone"))
    assert "\n" not in str(error.value)


def test_an_unknown_name_is_refused_with_the_near_ones():
    with pytest.raises(InputError, match=r"unknown dataset 'glyhps'.*glyphs"):
        datasets.load(DataOptions(dataset="glyhps"))
