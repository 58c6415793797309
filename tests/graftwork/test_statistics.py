"""Intervals and tests."""

import numpy as np
import pytest
from scipy import stats

from graftwork.statistics import (
    grouped_kendall,
    mean_interval,
    paired_difference,
)


@pytest.mark.parametrize("count", [3, 20])
def test_the_interval_of_a_mean_covers_it_about_as_often_as_it_says(count):
    samples = np.random.default_rng(0).normal(5.0, 2.0, (400, count)).tolist()
    inside = [low < 5.0 < high for low, high in map(mean_interval, samples)]
    assert 0.90 <= np.mean(inside) <= 0.98


def test_few_values_have_students_interval():
    values = [1.0, 2.0, 4.0, 4.5]
    wanted = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean_interval(values) == pytest.approx(tuple(wanted))


def test_many_values_have_a_bootstrap_interval():
    values = np.random.default_rng(3).exponential(size=60)
    wanted = stats.bootstrap(
        (values,), np.mean, method="percentile", rng=np.random.default_rng(5)
    ).confidence_interval
    assert mean_interval(values.tolist()) == pytest.approx(tuple(wanted), abs=0.01)


def test_equal_values_have_an_interval_of_no_width():
    assert mean_interval([2.0, 2.0, 2.0]) == (2.0, 2.0)


def test_the_paired_interval_covers_as_often_as_it_says_even_for_three_pairs():
    rng = np.random.default_rng(0)
    first, second = rng.normal(2.0, 1.0, (400, 3)), rng.normal(0.0, 1.0, (400, 3))
    found = [paired_difference(*pair) for pair in zip(first, second, strict=True)]
    covered = sum(each.interval[0] < 2.0 < each.interval[1] for each in found)
    assert 365 <= covered <= 395


def test_intervals_are_the_same_every_time():
    assert mean_interval([1.0, 2.0, 4.0]) == mean_interval([1.0, 2.0, 4.0])


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0]])
def test_fewer_than_three_values_give_no_interval(values):
    assert mean_interval(values) is None
    assert paired_difference(values, values) is None


def test_the_paired_test_sees_what_pairs_show():
    first, second = [1.0, 5.0, 9.0], [1.5, 5.6, 9.5]
    found = paired_difference(first, second)
    assert found.p_value < 0.01
    assert found.interval[1] < 0
    assert found.mean == pytest.approx(-1.6 / 3)
    assert paired_difference(first, [2.0, 4.0, 9.3]).p_value > 0.5
    assert paired_difference(first, [2.0, 6.0, 10.0]) is None  # No spread to test against.


def test_groups_of_opposite_sign_are_no_finding():
    up, down = list(range(12)), list(range(12))[::-1]
    found = grouped_kendall([(up, up), (up, down)])
    assert found.tau == 0
    assert found.p_value > 0.9
    assert grouped_kendall([(up, up), (up, up)]).p_value < 1e-6
    assert grouped_kendall([(up, down), (up, down)]).p_value < 1e-6


def test_groups_without_a_rank_correlation_are_left_out():
    found = grouped_kendall([([1, 2, 3, 4], [1, 2, 4, 3]), ([1, 1, 1], [1, 2, 3]), ([1], [1])])
    assert found.tau == pytest.approx(2 / 3)
    assert found.pairs == 4
    assert grouped_kendall([]).tau is None
