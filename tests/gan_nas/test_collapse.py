"""Signs of collapse: losses that stand still, and a generator that makes one image."""

import json

import numpy as np
import pytest

from gan_nas.collapse import CollapseDetector, mean_pairwise_distance, relative_diversity


def feed(detector, losses, part=10):
    """Feeds a series of losses in parts; returns what was said after each."""
    parts = np.asarray(losses).reshape(-1, part)
    return [detector.losses(part, float(p.mean()), float(p.var())) for p in parts]


def noise(count, spread, seed=0):
    return 1 + spread * np.random.default_rng(seed).normal(size=count)


def test_a_lively_loss_is_no_collapse_and_one_that_stands_still_is():
    detector = CollapseDetector(window=100, variance=1e-3)
    assert not any(feed(detector, noise(300, 0.1)))
    said = feed(detector, noise(150, 0.001))
    assert said[:6] == [None] * 6  # The window still holds lively steps.
    assert said[10].sign == "discriminator loss"
    assert said[10].found == pytest.approx(1e-6, rel=0.4)
    assert said[10].limit == 1e-3
    assert "over 100 steps is" in said[10].text
    assert "below 0.001" in said[10].text


def test_the_figure_is_the_variance_of_the_whole_window():
    detector = CollapseDetector(window=60, variance=1e9)
    series = np.cumsum(noise(200, 3))  # The means of the parts differ.
    said = feed(detector, series)
    for i, found in enumerate(said):
        if i < 5:
            assert found is None
        else:
            window = series[10 * (i + 1) - 60 : 10 * (i + 1)]
            assert found.found == pytest.approx(window.var(), rel=1e-6)


def test_a_slow_drift_alone_is_no_collapse():
    detector = CollapseDetector(window=100, variance=1e-3)
    assert not any(feed(detector, np.linspace(1, 3, 1000)))


def test_parts_longer_than_the_window_are_judged_alone():
    detector = CollapseDetector(window=50, variance=1e-3)
    assert feed(detector, noise(200, 0.1), part=200) == [None]
    assert feed(detector, noise(200, 0.001), part=200)[0].sign == "discriminator loss"


def test_it_forgets_when_weights_start_over_and_goes_on_from_its_state():
    detector, other = (CollapseDetector(window=100) for _ in range(2))
    feed(detector, noise(70, 0.001))
    other.restore(json.loads(json.dumps(detector.state())))
    rest = noise(60, 0.001, seed=1)
    said = feed(detector, rest)
    assert feed(other, rest) == said
    assert said[2] is not None
    detector.start_over()
    assert feed(detector, rest) == [None] * 6


def test_a_generator_of_one_image_has_collapsed():
    rng = np.random.default_rng(0)
    real = rng.integers(0, 256, (50, 8, 8, 1), dtype=np.uint8)
    one = np.repeat(real[:1], 50, axis=0)
    found = CollapseDetector().samples(one, real)
    assert found.sign == "sample diversity"
    assert found.found == 0
    assert found.limit == 0.25
    assert "50 generated images differ 0 times as much" in found.text
    other = rng.integers(0, 256, (30, 8, 8, 1), dtype=np.uint8)
    assert CollapseDetector().samples(other, real) is None


def test_diversity_is_measured_against_as_many_real_images():
    rng = np.random.default_rng(0)
    real = rng.integers(0, 256, (60, 8, 8, 1), dtype=np.uint8)
    pale = (real // 8 + 100).astype(np.uint8)
    assert relative_diversity(pale[:20], real) == pytest.approx(1 / 8, rel=0.05)
    assert relative_diversity(real[:20], real) == pytest.approx(1)
    assert CollapseDetector(diversity=0.2).samples(pale[:20], real) is not None


def test_the_distance_is_that_of_all_pairs():
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 4, 3), dtype=np.uint8)
    flat = images.reshape(7, -1).astype(float)
    pairs = [np.linalg.norm(flat[i] - flat[j]) for i in range(7) for j in range(i)]
    assert mean_pairwise_distance(images) == pytest.approx(np.mean(pairs))
