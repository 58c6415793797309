"""Comparisons of strategies, against textbooks and simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from graftwork.benchmark_statistics import against_control, compare_ranks, holm, mean_band
from graftwork.statistics import mean_interval


def test_the_critical_difference_is_that_of_demsar():
    # JMLR 2006, table 5: q at 5 % is 2.343, 2.569 and 3.164 for 3, 4 and 10 classifiers.
    rng = np.random.default_rng(0)
    for count, q in ((3, 2.343), (4, 2.569), (10, 3.164)):
        names = [f"s{i}" for i in range(count)]
        found = compare_ranks(names, rng.random((14, count)))
        expected = q * math.sqrt(count * (count + 1) / (6 * 14))
        assert found["critical_difference"] == pytest.approx(expected, rel=1e-3)


def test_ranks_are_means_with_the_best_first():
    values = np.array([[3.0, 1.0, 2.0], [3.0, 3.0, 1.0], [9.0, 1.0, 2.0]])
    found = compare_ranks(["a", "b", "c"], values)
    assert found["names"] == ["a", "c", "b"]
    assert found["mean_ranks"] == pytest.approx([3.5 / 3, 7 / 3, 7.5 / 3])
    assert found["friedman_p"] == pytest.approx(stats.friedmanchisquare(*values.T).pvalue)


def test_what_cannot_be_ranked_is_left_out():
    values = np.random.default_rng(0).random((6, 4))
    values[:, 3] = np.nan
    values[2, 0] = np.nan
    found = compare_ranks(list("abcd"), values)
    assert sorted(found["names"]) == ["a", "b", "c"]
    assert found["seeds"] == 5
    assert compare_ranks(list("abcd"), values[:2]) is None
    assert compare_ranks(["a", "b"], values[:, :2]) is None


def test_equal_values_are_no_difference():
    found = compare_ranks(["a", "b", "c"], np.full((5, 3), 94.37))
    assert found["friedman_p"] is None
    assert found["mean_ranks"] == [2, 2, 2]
    noisy = 94.37 + np.array([0, 1e-13, -1e-13]) * np.ones((5, 3))
    assert compare_ranks(["a", "b", "c"], noisy)["friedman_p"] is None


def test_holm_is_that_of_its_paper():
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert adjusted == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})
    assert holm({"a": 0.9, "b": 0.8}) == {"b": 1.0, "a": 1.0}
    assert holm({}) == {}


def test_the_control_is_compared_in_pairs():
    rng = np.random.default_rng(0)
    control = rng.normal(93, 1, 40)
    values = np.stack([control, control + 0.5 + rng.normal(0, 0.1, 40), rng.normal(93, 1, 40)], 1)
    values[0, 1] = np.nan
    rows = against_control(["random", "better", "same"], values, "random")
    assert set(rows) == {"better", "same"}
    assert rows["better"]["seeds"] == 39
    assert rows["better"]["interval"][0] < 0.5 < rows["better"]["interval"][1]
    assert rows["better"]["p_value"] < 1e-9
    assert rows["same"]["p_value"] > 0.05
    assert against_control(["a", "b"], values[:, :2], "random") == {}


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_give_a_difference_without_interval(seeds):
    values = np.array([[93.0, 94.0], [92.0, 94.0]])[:seeds]
    row = against_control(["random", "a"], values, "random")["a"]
    assert row["difference"] > 0
    assert row["interval"] is row["p_value"] is None


def test_false_claims_are_as_rare_as_said():
    rng = np.random.default_rng(1)
    names = ["random", *"abcdef"]
    claims = 0
    for _ in range(300):
        rows = against_control(names, rng.normal(93, 1, (20, 7)), "random")
        claims += any(row["p_value"] < 0.05 for row in rows.values())
    assert claims / 300 < 0.08


def test_bands_hold_the_mean():
    curves = np.random.default_rng(0).exponential(1, (50, 30))
    curves[0, 0] = np.nan
    band = mean_band(curves)
    assert [band[key][0] for key in ("mean", "low", "high")] == [None, None, None]
    low, mean, high = (np.array(band[key][1:]) for key in ("low", "mean", "high"))
    assert (low < mean).all()
    assert (mean < high).all()
    assert np.mean((low < 1) & (high > 1)) > 0.8
    assert mean_band(curves[1:3])["low"] == [None] * 30


@pytest.mark.parametrize("seeds", [3, 12])
def test_bands_are_the_intervals_of_the_tables(seeds):
    curves = np.random.default_rng(1).exponential(1, (seeds, 4))
    band = mean_band(curves)
    expected = [mean_interval(values.tolist()) for values in curves.T]
    found = list(zip(band["low"], band["high"], strict=True))
    np.testing.assert_allclose(found, expected, atol=0.02 if seeds > 9 else 1e-5)
