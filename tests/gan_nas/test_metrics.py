"""Fréchet and kernel distance against closed forms, SciPy and slow loops; Inception Scores."""

import warnings

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_nas.inception_scores import attribute_inception_score, inception_score
from gan_nas.metrics import (
    GaussianStatistics,
    frechet_distance,
    kernel_distance,
    kernel_distance_all,
)
from graftwork.errors import InputError


def correlated(seed, images=60, dimensions=5):
    """Features whose covariance is neither diagonal nor shared with another seed's."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(dimensions, dimensions))
    return rng.normal(size=(images, dimensions)) @ mixing + rng.normal(size=dimensions)


def test_the_distance_of_gaussians_with_diagonal_covariances_is_the_closed_form():
    first = GaussianStatistics(np.array([1.0, -2.0, 0.5]), np.diag([4.0, 0.25, 9.0]), 100)
    second = GaussianStatistics(np.array([0.0, 1.0, 0.5]), np.diag([1.0, 2.25, 9.0]), 100)
    # |m1 - m2|^2 = 1 + 9, and the sum of (s1 - s2)^2 over standard deviations is 1 + 1 + 0.
    assert frechet_distance(first, second) == pytest.approx(12.0, rel=1e-12)


def test_the_distance_of_rotated_gaussians_is_the_one_before():
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    scales = np.diag([4.0, 0.25, 9.0]), np.diag([1.0, 2.25, 9.0])
    first, second = (
        GaussianStatistics(np.zeros(3), rotation @ scale @ rotation.T, 100) for scale in scales
    )
    assert frechet_distance(first, second) == pytest.approx(2.0, rel=1e-12)


def test_the_distance_of_many_samples_comes_near_the_closed_form():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, (40_000, 3)), rng.normal(1, 3, (40_000, 3))
    assert frechet_distance(first, second) == pytest.approx(3 + 3 * 4, rel=0.03)


def test_the_distance_agrees_with_the_matrix_root_of_scipy():
    first, second = correlated(0), correlated(1, images=80)
    covariances = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    difference = first.mean(axis=0) - second.mean(axis=0)
    expected = difference @ difference + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)
    statistics = GaussianStatistics.of(second)
    assert statistics.count == 80
    assert frechet_distance(first, statistics) == frechet_distance(first, second)


def test_float32_features_are_computed_with_in_float64():
    features = (correlated(0) + 1000.0).astype(np.float32)
    wide = frechet_distance(features.astype(np.float64), correlated(1))
    assert frechet_distance(features, correlated(1).astype(np.float32)) == pytest.approx(
        wide, rel=1e-6
    )


def test_no_more_images_than_dimensions_are_refused_unless_told():
    few, many = correlated(0, images=5), correlated(1, images=50)
    for pair in [(few, many), (many, few)]:
        with pytest.raises(InputError, match=r"more images than the 5 .* at least 6"):
            frechet_distance(*pair)
        assert frechet_distance(*pair, fewer_images_ok=True) > 0
    frechet_distance(correlated(0, images=6), many)
    with pytest.raises(InputError, match="at least 2 images"):
        frechet_distance(few[:1], many, fewer_images_ok=True)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    images=st.integers(2, 30),
    dimensions=st.integers(1, 12),
    rank=st.integers(0, 12),
    shift=st.floats(-100, 100),
    scale=st.floats(1e-3, 1e3),
)
def test_distances_are_symmetric_and_finite_whatever_the_rank(
    seed, images, dimensions, rank, shift, scale
):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(rank, dimensions))  # Rank 0: the features are constant.
    first = scale * rng.normal(size=(images, rank)) @ mixing
    second = scale * rng.normal(size=(images + 3, rank)) @ mixing + 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = frechet_distance(first, second, fewer_images_ok=True)
        kernel = kernel_distance_all(first, second)
    size = np.square(first).sum(axis=1).mean() + np.square(second).sum(axis=1).mean() + shift**2
    assert 0 <= found < np.inf
    assert frechet_distance(second, first, fewer_images_ok=True) == pytest.approx(
        found, abs=1e-7 * size
    )
    assert frechet_distance(first + shift, second + shift, fewer_images_ok=True) == pytest.approx(
        found, abs=1e-7 * size
    )
    assert frechet_distance(first, first, fewer_images_ok=True) <= 1e-7 * size
    assert np.isfinite(kernel)
    assert kernel == pytest.approx(kernel_distance_all(second, first), rel=1e-9, abs=1e-6)


def slow_kernel_distance(first, second):
    """Equation 4 of Bińkowski et al., pair by pair."""

    def kernel(x, y):
        return (sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3

    def within(rows):
        pairs = [(i, j) for i in range(len(rows)) for j in range(len(rows)) if i != j]
        return sum(kernel(rows[i], rows[j]) for i, j in pairs) / len(pairs)

    across = sum(kernel(x, y) for x in first for y in second) / (len(first) * len(second))
    return within(first) + within(second) - 2 * across


@pytest.mark.parametrize("block", [1024, 4])
def test_the_kernel_distance_is_that_of_a_loop_over_pairs(block, monkeypatch):
    monkeypatch.setattr("gan_nas.metrics.BLOCK", block)
    first, second = correlated(0, images=9), correlated(1, images=13)
    expected = slow_kernel_distance(first.tolist(), second.tolist())
    assert kernel_distance_all(first, second) == pytest.approx(expected, rel=1e-10)


def test_the_kernel_distance_of_equal_distributions_is_0_on_average():
    rng = np.random.default_rng(0)
    found = [
        kernel_distance_all(rng.normal(size=(10, 3)), rng.normal(size=(15, 3))) for _ in range(2000)
    ]
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found)) < 3 * error
    # The biased estimate, which keeps the pairs of an image and itself, would be far away.
    assert error < 0.05
    assert min(found) < 0


def test_subsets_estimate_the_same_distance_and_their_error_is_what_other_images_show():
    rng = np.random.default_rng(0)
    means, errors, exact = [], [], []
    for _ in range(60):
        first, second = rng.normal(0.5, 1, (120, 4)), rng.normal(0, 1, (150, 4))
        found = kernel_distance(first, second, subsets=30, subset_size=40, rng=rng)
        means.append(found.mean)
        errors.append(found.error)
        exact.append(kernel_distance_all(first, second))
    assert np.mean(means) == pytest.approx(np.mean(exact), rel=0.05)
    # With deviation / sqrt(subsets) the errors would be a quarter of what they are.
    assert 0.7 < np.sqrt(np.mean(np.square(errors))) / np.std(means) < 1.5


def test_subsets_are_drawn_anew_and_reproducibly():
    first, second = correlated(0), correlated(1)
    found = kernel_distance(first, second, subsets=10, subset_size=20)
    assert found.deviation > 0
    assert found == kernel_distance(first, second, subsets=10, subset_size=20)
    other = kernel_distance(first, second, 10, 20, np.random.default_rng(1))
    assert other != found


def test_what_the_kernel_distance_cannot_use_is_refused():
    features = correlated(0)
    with pytest.raises(InputError, match="at least 2 images"):
        kernel_distance_all(features[:1], features)
    with pytest.raises(InputError, match="Use at least 62 images"):
        kernel_distance(features, features, subset_size=31)
    with pytest.raises(InputError, match="subsets"):
        kernel_distance(features, features, subsets=1, subset_size=10)
    with pytest.raises(InputError, match="5 and 4 dimensions"):
        kernel_distance_all(features, features[:, :4])
    for bad in (np.nan, np.inf, 1e40):
        spoilt = features.copy()
        spoilt[7, 2] = bad
        with pytest.raises(InputError, match="1 of 60 images"):
            kernel_distance_all(features, spoilt)
    with pytest.raises(InputError, match="shape"):
        kernel_distance_all(features[0], features)


def test_the_inception_score_of_certain_and_equally_frequent_classes_is_their_number():
    certain = np.tile(np.eye(7), (4, 1))
    assert inception_score(certain, splits=1) == pytest.approx((7.0, 0.0))
    assert attribute_inception_score(certain[:, :1], splits=1).mean < 2.0


def test_the_inception_score_of_a_constant_answer_is_1():
    constant = np.tile([0.7, 0.2, 0.1], (40, 1)).astype(np.float32)
    assert inception_score(constant) == pytest.approx((1.0, 0.0), abs=1e-6)
    collapsed = np.tile([1.0, 0.0, 0.0], (40, 1))
    assert inception_score(collapsed) == pytest.approx((1.0, 0.0))
    assert attribute_inception_score(constant) == pytest.approx((1.0, 0.0), abs=1e-6)


def test_the_inception_score_is_the_definition_in_each_split():
    rng = np.random.default_rng(0)
    answers = rng.dirichlet(np.full(4, 0.3), 30)
    shuffled = answers[np.random.default_rng(5).permutation(30)]
    scores = []
    for part in (shuffled[:10], shuffled[10:20], shuffled[20:]):
        total = sum(
            p * np.log(p / q) for row in part for p, q in zip(row, part.mean(0), strict=True)
        )
        scores.append(np.exp(total / 10))
    found = inception_score(answers, splits=3, rng=np.random.default_rng(5))
    assert found == pytest.approx((np.mean(scores), np.std(scores)))


def test_images_in_order_of_their_class_are_shuffled():
    ordered = np.repeat(np.eye(2), 50, axis=0)
    assert inception_score(ordered, splits=2).mean > 1.9  # In order, each half would score 1.


def test_the_score_over_attributes_is_between_1_and_2():
    certain = np.array([[1, 0, 1], [0, 1, 1], [1, 0, 1], [0, 1, 1]], float)
    # Two attributes with one bit each, and one that never varies.
    assert attribute_inception_score(certain, splits=1).mean == pytest.approx(2 ** (2 / 3))
    assert attribute_inception_score(certain[:, :2], splits=1).mean == pytest.approx(2.0)
    unsure = np.full((4, 3), 0.5)
    assert attribute_inception_score(unsure, splits=2) == pytest.approx((1.0, 0.0))
    half = np.array([[0.9], [0.1]] * 10)
    entropy = -0.9 * np.log(0.9) - 0.1 * np.log(0.1)
    found = attribute_inception_score(half, splits=1).mean
    assert found == pytest.approx(np.exp(np.log(2) - entropy))


@pytest.mark.parametrize("score", [inception_score, attribute_inception_score])
def test_what_is_no_probability_is_refused(score):
    with pytest.raises(InputError, match="logits"):
        score(np.array([[2.0, -1.0]] * 20))
    with pytest.raises(InputError, match="at least 20 images"):
        score(np.full((19, 2), 0.5))
    with pytest.raises(InputError, match="splits"):
        score(np.full((19, 2), 0.5), splits=0)
    with pytest.raises(InputError, match="finite"):
        score(np.full((20, 2), np.nan))


def test_attributes_are_no_classes():
    with pytest.raises(InputError, match="attribute_inception_score"):
        inception_score(np.full((20, 3), 0.9))
