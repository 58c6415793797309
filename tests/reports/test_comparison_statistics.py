"""Intervals and tests between methods: against SciPy, and what few seeds do not show."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from reports.comparison.methods import in_words
from reports.comparison.protocol import MethodResult, Protocol
from reports.comparison.runs import ComparedRun
from reports.comparison.statistics import (
    CONSTANT,
    EQUAL,
    LOST,
    NO_TEST,
    NONE_SHOWN,
    WON,
    corrected,
    difference,
    differences,
    effect_words,
    hedges,
)

LOWER = Protocol("trees", "glyphs", "ab", "test error", "%", "test", True)
HIGHER = Protocol("transfer", "digits", "cd", "ROC AUC", "", "test", False)
RUN = ComparedRun(Path("/runs/a"), "a", "trees", None)


def result(values, method="m", kind="control", protocol=LOWER, run=RUN) -> MethodResult:
    given = values if isinstance(values, dict) else dict(enumerate(values))
    return MethodResult(run, method, kind, protocol, given)


# Pairs.


def test_seeds_in_common_are_compared_in_pairs():
    rng = np.random.default_rng(1)
    base = rng.normal(10, 3, 8)
    ours, theirs = base - 0.5 + rng.normal(0, 0.1, 8), base
    found = difference(result(ours), result(theirs))
    wanted = stats.ttest_rel(ours, theirs)
    assert found.paired
    assert found.seeds == 8
    assert found.p_value == pytest.approx(wanted.pvalue)
    assert found.interval == pytest.approx(tuple(wanted.confidence_interval(0.95)))
    pairs = ours - theirs
    # Hedges' correction of 7 degrees of freedom, as his table has it.
    assert found.effect == pytest.approx(0.8882 * pairs.mean() / pairs.std(ddof=1), rel=1e-3)
    # Not paired, the spread of the seeds would hide it.
    assert stats.ttest_ind(ours, theirs, equal_var=False).pvalue > 0.2
    assert corrected([found])[0].verdict == WON


def test_pairs_are_made_by_seed_and_not_by_place():
    ours = result({3: 3.1, 1: 1.1, 2: 2.3, 9: 70.0})
    theirs = result({1: 1.0, 2: 2.0, 3: 3.0})
    found = difference(ours, theirs)
    assert found.seeds == 3
    assert found.mean == pytest.approx((0.1 + 0.1 + 0.3) / 3)


def test_other_seeds_are_compared_by_welch():
    ours, theirs = {0: 1.0, 1: 1.2, 2: 1.1}, {5: 2.0, 6: 2.6, 7: 2.2, 8: 2.1}
    found = difference(result(ours), result(theirs))
    first, second = list(ours.values()), list(theirs.values())
    wanted = stats.ttest_ind(first, second, equal_var=False)
    assert not found.paired
    assert found.p_value == pytest.approx(wanted.pvalue)
    assert found.interval == pytest.approx(tuple(wanted.confidence_interval(0.95)))
    pooled = np.sqrt((np.var(first, ddof=1) + np.var(second, ddof=1)) / 2)
    assert found.effect == pytest.approx(hedges(5) * (np.mean(first) - np.mean(second)) / pooled)


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        ([1.0], [5.0], NO_TEST),
        ([1.0, 1.1], [5.0, 5.1], NO_TEST),
        ({0: 1.0, 1: 2.0, 2: 3.0}, {7: 4.0}, NO_TEST),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], EQUAL),
        ([1.5, 2.5, 3.5], [1.0, 2.0, 3.0], CONSTANT),
        ([1.0, 2.0, 3.0], [0.0, 2.5, 4.0], NONE_SHOWN),
        ([1.0, 1.1, 1.2], [5.0, 5.3, 5.1], WON),
        ([5.0, 5.3, 5.1], [1.0, 1.1, 1.2], LOST),
    ],
    ids=["one", "two", "one-other", "equal", "constant", "noise", "lower", "higher"],
)
def test_verdicts(ours, theirs, verdict):
    (found,) = corrected([difference(result(ours), result(theirs))])
    assert found.verdict == verdict


def test_a_higher_score_wins_and_a_higher_error_loses():
    ours, theirs = [5.0, 5.3, 5.1], [1.0, 1.1, 1.2]
    for protocol, verdict in ((LOWER, LOST), (HIGHER, WON)):
        found = difference(result(ours, protocol=protocol), result(theirs, protocol=protocol))
        assert corrected([found])[0].verdict == verdict
        assert (found.gain > 0) == (verdict == WON)


# Together.


def test_comparisons_are_corrected_together_by_holm():
    rng = np.random.default_rng(2)
    base = rng.normal(0, 1, 12)
    best = result(base - 0.8, "best", "searched")
    control = result(base, "random", "random")
    others = [
        result(base + shift + rng.normal(0, 0.5, 12), f"m{i}") for i, shift in enumerate((0, -0.3))
    ]
    found = differences([best, control, *others])
    pairs = {(d.first.method, d.second.method): d for d in found}
    assert set(pairs) == {
        *(("best", "random"), ("m0", "random"), ("m1", "random"), ("m0", "best"), ("m1", "best"))
    }
    p_values = sorted(d.p_value for d in found if d.p_value is not None)
    highest, wanted = 0.0, []
    for place, p in enumerate(p_values):
        highest = max(highest, min(1.0, (len(p_values) - place) * p))
        wanted.append(highest)
    assert sorted(d.corrected for d in found if d.corrected is not None) == pytest.approx(wanted)
    assert all(d.corrected >= d.p_value for d in found if d.p_value is not None)


def test_the_control_is_the_random_search_of_the_same_run():
    other = ComparedRun(Path("/runs/b"), "b", "gans", None)
    results = [
        result([1, 2, 4], "searched", "searched"),
        result([3, 4, 7], "random cells", "random"),
        result([2, 3, 6], "random search", "random search"),
        result([0, 1, 9], "random search", "random search", run=other),
    ]
    against = {d.second for d in []} | {
        (d.second.method, d.second.run.name)
        for d in differences(results)
        if d.first.method == "searched" and "control" in d.role
    }
    assert against == {("random search", "a")}


def test_what_was_trained_otherwise_is_not_compared():
    results = [result([1, 2, 4], "a"), result([0, 1, 2], "final", "final")]
    assert differences(results) == []


def test_false_claims_are_rare():
    """With six methods that are all alike, a claim is made in one comparison out of twenty."""
    rng = np.random.default_rng(4)
    claims = 0
    for _ in range(120):
        control = result(rng.normal(size=8), "random", "random")
        found = corrected(
            [difference(result(rng.normal(size=8), f"m{i}"), control) for i in range(6)]
        )
        claims += any(d.verdict in (WON, LOST) for d in found)
    assert claims / 120 < 0.12


def test_the_correction_makes_the_effect_of_few_values_true():
    rng = np.random.default_rng(3)
    values = rng.normal(1.0, 1.0, (40_000, 5))
    effects = values.mean(1) / values.std(1, ddof=1)
    assert np.mean(effects) > 1.2
    assert hedges(4) * np.mean(effects) == pytest.approx(1.0, abs=0.02)


def test_the_size_of_an_effect_is_named_from_ten_pairs_on():
    rng = np.random.default_rng(5)
    for count, size in ((9, None), (10, "large")):
        base = rng.normal(10, 1, count)
        ours = base - 2 + rng.normal(0, 0.1, count)
        (found,) = corrected([difference(result(ours), result(base))])
        assert found.size == size
        assert in_words(found) == ("won" if size is None else "won (large effect)")


@pytest.mark.parametrize(
    ("effect", "name"),
    [(0.1, "negligible"), (-0.3, "small"), (0.5, "medium"), (-7.0, "large")],
)
def test_effects_have_names(effect, name):
    assert effect_words(effect) == name
