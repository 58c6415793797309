"""What every registered dataset promises."""

import itertools

import numpy as np
import pytest

import datasets
from datasets.dataset import MISSING, SPLITS
from graftwork.errors import InputError


@pytest.fixture
def dataset(info):
    return datasets.load(info.name)


def test_images_and_labels_have_the_promised_types_and_shapes(info, dataset):
    assert dataset.name == info.name
    assert dataset.images.dtype == np.uint8
    assert dataset.images.shape == (info.images, *info.image_shape)
    assert dataset.labels.dtype == np.int8
    assert dataset.labels.shape == (info.images, len(info.attributes))
    assert dataset.attributes == info.attributes
    assert len(set(info.attributes)) == len(info.attributes)


def test_labels_are_binary_or_missing(dataset):
    assert set(np.unique(dataset.labels)) <= {MISSING, 0, 1}


def test_images_differ(dataset):
    # A loader that leaves pages unwritten shows here.
    flat = dataset.images[:1000].reshape(len(dataset.images[:1000]), -1)
    assert len(np.unique(flat, axis=0)) > 0.9 * len(flat)


def test_splits_are_disjoint_sorted_and_cover_all_images(dataset):
    assert set(dataset.splits) == set(SPLITS)
    for indices in dataset.splits.values():
        assert indices.dtype == np.int64
        assert (np.diff(indices) > 0).all()
    for one, other in itertools.combinations(dataset.splits.values(), 2):
        assert not np.intersect1d(one, other).size
    together = np.concatenate(list(dataset.splits.values()))
    np.testing.assert_array_equal(np.sort(together), np.arange(len(dataset.images)))


def test_every_attribute_has_both_classes_in_every_split(dataset):
    dataset.check_trainable()
    for split in SPLITS:
        labels = dataset.labels[dataset.split(split)]
        assert (labels == 0).any(axis=0).all()
        assert (labels == 1).any(axis=0).all()


def test_the_second_load_opens_the_same_files(info, dataset):
    stages = []
    again = datasets.load(info.name, progress=lambda *step: stages.append(step))
    assert stages == []
    assert isinstance(again.images, np.memmap)
    assert again.fingerprint == dataset.fingerprint
    np.testing.assert_array_equal(again.images, dataset.images)
    assert info.size_on_disk() > dataset.images.nbytes


def test_an_unknown_name_is_refused_with_the_near_ones():
    with pytest.raises(InputError, match=r"unknown dataset 'glyhps'.*glyphs"):
        datasets.load("glyhps")
