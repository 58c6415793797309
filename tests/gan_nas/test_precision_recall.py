"""Precision and recall against their definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_nas.precision_recall import precision_recall
from graftwork.errors import InputError


def slow_part(images, others, neighbours):
    """The part of the images in one of the others' balls, pair by pair."""
    radii = [np.sort(np.linalg.norm(others - other, axis=1))[neighbours] for other in others]
    inside = [
        any(np.linalg.norm(image - o) <= r for o, r in zip(others, radii, strict=True))
        for image in images
    ]
    return np.mean(inside)


def test_equal_sets_cover_each_other():
    features = np.random.default_rng(0).normal(size=(40, 6)) + 1000.0
    assert precision_recall(features, features.copy()) == (1.0, 1.0)


def test_disjoint_sets_do_not():
    rng = np.random.default_rng(0)
    assert precision_recall(rng.normal(size=(30, 4)), rng.normal(100, 1, (50, 4))) == (0.0, 0.0)


@pytest.mark.parametrize("block", [1024, 7])
@pytest.mark.parametrize("neighbours", [1, 3])
def test_they_are_those_of_a_loop_over_pairs(block, neighbours, monkeypatch):
    monkeypatch.setattr("gan_nas.precision_recall.BLOCK", block)
    rng = np.random.default_rng(1)
    fake, real = rng.normal(0.6, 0.7, (31, 3)), rng.normal(size=(45, 3))
    found = precision_recall(fake, real, neighbours)
    assert found.precision == pytest.approx(slow_part(fake, real, neighbours))
    assert found.recall == pytest.approx(slow_part(real, fake, neighbours))
    assert found.precision != found.recall


def test_a_collapsed_generator_is_precise_and_covers_little(monkeypatch):
    # The last of 50 rows is a block of its own, whose products are rounded in another way.
    monkeypatch.setattr("gan_nas.precision_recall.BLOCK", 7)
    rng = np.random.default_rng(0)
    for _ in range(40):
        real = rng.normal(3, 1, (50, 300))
        found = precision_recall(np.repeat(real[-1:], 40, axis=0), real)
        assert found == (1.0, 1 / 50)  # Radius 0 holds the image itself.


def test_a_generator_that_covers_too_much_has_recall():
    rng = np.random.default_rng(0)
    found = precision_recall(rng.normal(0, 10, (200, 2)), rng.normal(0, 1, (200, 2)))
    assert found.precision < 0.3
    assert found.recall > 0.8


@settings(max_examples=30, deadline=None)
@given(
    constant=st.floats(-1e6, 1e6),
    rank=st.integers(0, 3),
    images=st.integers(4, 12),
    scale=st.floats(1e-6, 1e6),
)
def test_equal_sets_of_any_rank_cover_each_other(constant, rank, images, scale):
    rng = np.random.default_rng(images)
    mixed = rng.normal(size=(images, rank)) @ rng.normal(size=(rank, 5))
    features = scale * mixed + constant
    assert precision_recall(features, features) == (1.0, 1.0)


def test_too_few_images_are_refused():
    features = np.random.default_rng(0).normal(size=(10, 2))
    with pytest.raises(InputError, match="4 images in each set"):
        precision_recall(features[:3], features)
    with pytest.raises(InputError, match="at least 1 neighbour"):
        precision_recall(features, features, neighbours=0)
    precision_recall(features[:4], features)
