"""Intervals and tests."""

import numpy as np
import pytest

from graftwork.statistics import (
    difference_interval,
    grouped_kendall,
    mean_interval,
    paired_p_value,
)


def test_the_interval_of_a_mean_covers_it_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    samples = rng.normal(5.0, 2.0, (60, 20))
    covered = sum(low < 5.0 < high for low, high in map(mean_interval, samples))
    assert 48 <= covered <= 60


def test_the_interval_of_a_difference_has_its_sign():
    low, high = difference_interval([5.0, 5.1, 5.2, 4.9], [3.0, 3.2, 2.9])
    assert 0 < low < 5.05 - 3.033 < high
    other = difference_interval([3.0, 3.2, 2.9], [5.0, 5.1, 5.2, 4.9])
    assert other[1] < 0


def test_intervals_are_the_same_every_time():
    assert mean_interval([1.0, 2.0, 4.0]) == mean_interval([1.0, 2.0, 4.0])


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0]])
def test_fewer_than_three_values_give_no_interval(values):
    assert mean_interval(values) is None
    assert difference_interval(values, [1.0, 2.0, 3.0]) is None
    assert paired_p_value(values, values) is None


def test_the_paired_test_sees_what_pairs_show():
    first, second = [1.0, 5.0, 9.0], [1.5, 5.6, 9.5]
    assert paired_p_value(first, second) < 0.01
    assert paired_p_value(first, [2.0, 4.0, 9.3]) > 0.5
    assert paired_p_value(first, [2.0, 6.0, 10.0]) is None  # No spread to test against.


def test_groups_without_a_rank_correlation_are_left_out():
    found = grouped_kendall([([1, 2, 3, 4], [1, 2, 4, 3]), ([1, 1, 1], [1, 2, 3]), ([1], [1])])
    assert found.tau == pytest.approx(2 / 3)
    assert found.pairs == 4
    assert grouped_kendall([]).tau is None
