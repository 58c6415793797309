"""Fingerprints and checks of `Dataset`."""

import dataclasses

import numpy as np
import pytest
from small_dataset import small

from datasets.dataset import MISSING
from graftwork.errors import InputError


def test_a_sound_dataset_passes():
    small().check_trainable()


def test_missing_labels_are_allowed():
    labels = small().labels.copy()
    labels[0] = MISSING
    small(labels=labels).check_trainable()


def test_the_fingerprint_sees_every_part():
    base = small()
    swapped = {"train": base.splits["test"], "test": base.splits["train"]}
    images, labels = base.images.copy(), base.labels.copy()
    images[0, 0, 0, 0] ^= 1
    labels[0, 0] = 1
    others = [
        small(images=images),
        small(labels=labels),
        small(attributes=("round", "blue")),
        small(splits=base.splits | {"test": np.arange(8, 11)}),
        small(splits=base.splits | swapped),
        small(images=base.images.reshape(12, 2, 8, 1)),
    ]
    prints = {dataset.fingerprint for dataset in [base, *others]}
    assert len(prints) == 1 + len(others)
    assert small().fingerprint == base.fingerprint


def test_an_attribute_with_one_class_in_training_is_refused():
    labels = small().labels.copy()
    labels[:4, 1] = 0
    with pytest.raises(InputError, match=r"'red' has one class only.* 0 images have it"):
        small(labels=labels).check_trainable()


def test_an_empty_split_is_refused():
    splits = small().splits | {"validation": np.arange(0)}
    with pytest.raises(InputError, match="split 'validation' is empty"):
        small(splits=splits).check_trainable()


def test_a_label_that_is_no_class_is_refused():
    labels = small().labels.copy()
    labels[3, 0] = 2
    with pytest.raises(InputError, match=r"must be 0, 1 or -1.*Received: 2 \(1 wrong"):
        small(labels=labels).check_trainable()


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("images", np.zeros((12, 4, 4), np.uint8), r"images must be uint8.*\(12, 4, 4\)"),
        ("images", np.zeros((12, 4, 4, 1), np.float32), "images must be uint8.*float32"),
        ("labels", np.zeros((11, 2), np.int8), r"labels must have.*\(12, 2\).*\(11, 2\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(part, value, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(small(), **{part: value}).check_trainable()


def test_a_split_beyond_the_images_is_refused():
    splits = small().splits | {"test": np.array([8, 12])}
    with pytest.raises(InputError, match=r"'test' names images from 8 to 12.*there are 12"):
        small(splits=splits).check_trainable()
