"""Limits of what networks may cost: penalties, random networks within them, what is returned."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.constraints import AdditiveConstraints, Limits, penalised
from graftwork.errors import InputError
from graftwork.space import Decision, Space
from graftwork.strategies import Constrained, FeasibleSpace, RandomSearch, make_strategy

SPACE = Space(tuple(Decision(str(i), ("a", "b", "c")) for i in range(4)))
TABLES = [np.array([[0, 0], [1, 4], [3, 5]]) * (place + 1) for place in range(4)]
ALL = list(itertools.product(range(3), repeat=4))


def constraints(parameters=None, flops=None, latency_ms=None, latency=None):
    limits = Limits(parameters, flops, latency_ms)
    return AdditiveConstraints(limits, np.array([10, 20]), TABLES, latency)


def quality(architecture, sign=1.0):
    """The larger a network is, the better: what has no limit is always over it."""
    return sign * (1 + sum(architecture)) if sign > 0 else -1 / (1 + sum(architecture))


scores = st.floats(-1e3, 1e3).map(lambda value: round(value, 3))
excesses = st.floats(0, 5)


@given(scores, scores, excesses, excesses, st.floats(0.1, 3))
def test_penalised_score_falls_with_the_cost_and_rises_with_the_score(a, b, some, more, weight):
    low, high = sorted((a, b))
    less, much = sorted((some, more))
    assert penalised(high, much, weight) <= penalised(high, less, weight) <= high
    assert penalised(low, less, weight) <= penalised(high, less, weight)
    assert penalised(high, 0.0, weight) == high


def test_penalty_is_that_of_mnasnet():
    limits = Limits(parameters=100, flops=1000)
    excess = limits.excess({"parameters": 200, "flops": 4000})
    assert excess == pytest.approx(math.log(8))
    assert penalised(0.8, excess) == pytest.approx(0.8 / 8)
    assert penalised(0.8, limits.excess({"parameters": 50, "flops": 10})) == 0.8


@settings(deadline=None)  # A busy machine is no flaw.
@given(st.integers(10, 40), st.integers(20, 80), st.integers(0, 2**31))
def test_random_networks_keep_the_limits(parameters, flops, seed):
    limited = constraints(parameters, flops)
    drawn = limited.draw(np.random.default_rng(seed))
    assert limited.counted(drawn)["parameters"] <= parameters
    assert limited.counted(drawn)["flops"] <= flops


def test_random_networks_are_uniform_within_the_limits():
    limited = constraints(parameters=13)
    within = [a for a in ALL if limited.counted(a)["parameters"] <= 13]
    rng = np.random.default_rng(0)
    drawn = [limited.draw(rng) for _ in range(300)]
    counts = np.array([drawn.count(a) for a in within])
    assert counts.sum() == 300
    assert 3 < len(within) < 20
    expected = 300 / len(within)
    assert ((counts - expected) ** 2 / expected).sum() < 3 * len(within)  # χ²


@settings(deadline=None, max_examples=12)
@given(
    st.sampled_from(["evolution", "local-search", "random", "tpe"]),
    st.integers(11, 30),
    st.integers(0, 99),
    st.sampled_from([1.0, -1.0]),
)
def test_what_is_returned_never_breaks_a_limit(name, parameters, seed, sign):
    limited = constraints(parameters)
    inner = make_strategy(name, FeasibleSpace(SPACE, limited.draw), 20, seed, batch=4)
    strategy = Constrained(inner, limited, seed)
    best = -math.inf
    while not strategy.done:
        asked = strategy.ask()
        strategy.tell(asked, np.array([[quality(a, sign)] for a in asked]))
        within = [quality(a, sign) for a in asked if limited.keeps(a)]
        best = max([best, *within])
        assert limited.keeps(strategy.best)
        assert all(limited.keeps(a) for a, _ in strategy.ranked())
    assert quality(strategy.best, sign) == best == strategy.report()["score"]


def test_constrained_strategy_goes_on_from_its_state():
    def made():
        inner = make_strategy("evolution", FeasibleSpace(SPACE, limited.draw), 24, 3, batch=6)
        return Constrained(inner, limited, 3)

    def step(strategy):
        asked = strategy.ask()
        strategy.tell(asked, np.array([[quality(a)] for a in asked]))
        return asked

    limited = constraints(parameters=17)
    whole, other = made(), made()
    for _ in range(2):
        step(whole)
    other.restore(whole.state())
    assert [step(whole), step(whole)] == [step(other), step(other)]
    assert whole.best == other.best
    assert whole.ranked() == other.ranked()


def test_only_the_best_are_measured():
    measured = []

    def latency(architecture):
        measured.append(architecture)
        return float(sum(architecture))

    limited = constraints(latency_ms=5.0, latency=latency)
    ranked = [(2, 2, 2, 2), (2, 2, 2, 1), (2, 2, 1, 0), (0, 0, 0, 0)]
    assert limited.first_that_fits(ranked) == (2, 2, 1, 0)
    assert measured == ranked[:3]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"parameters": 9}, ["max-params must be at least 10", "Received: 9"]),
        ({"flops": 19.5}, ["max-flops must be at least 20", "Received: 19.5"]),
        (
            {"latency_ms": 0.5, "latency": lambda a: 1.2345},
            ["max-latency-ms must be at least 1.24", "1.23 ms for one image", "Received: 0.5"],
        ),
    ],
    ids=["parameters", "flops", "latency"],
)
def test_limit_below_the_smallest_network_is_refused(limits, words):
    with pytest.raises(InputError) as caught:
        constraints(**limits).check()
    for word in words:
        assert word in str(caught.value)


def test_limit_that_no_random_network_keeps_is_refused():
    many = [np.array([[0, 0], [1, 1]])] * 40
    with pytest.raises(InputError, match=r"none of 10,000 random networks .* max-params is 3"):
        AdditiveConstraints(Limits(parameters=3), np.zeros(2), many).check()


def test_limits_that_exclude_each_other_are_refused_as_such():
    either = [np.array([[0, 0], [1, 0], [0, 1]])] * 40
    for one in ({"parameters": 5}, {"flops": 5}):
        AdditiveConstraints(Limits(**one), np.zeros(2), either).check()
    said = "some keep one of them, none keeps both max-params 5 and max-flops 5. Raise one: "
    with pytest.raises(InputError, match=said):
        AdditiveConstraints(Limits(parameters=5, flops=5), np.zeros(2), either).check()


def test_limit_above_the_largest_network_changes_nothing():
    limited = constraints(10**6, 1e9)
    limited.check()
    assert all(limited.keeps(a) for a in ALL)


@pytest.mark.parametrize("most", [1, 5, 12, 100])
def test_random_search_ends_after_so_many_evaluations(most):
    strategy, asked = RandomSearch(SPACE, 4, 5, seed=0, most=most), 0
    while not strategy.done:
        architectures = strategy.ask()
        asked += len(architectures)
        strategy.tell(architectures, np.array([[quality(a)] for a in architectures]))
        other = RandomSearch(SPACE, 4, 5, seed=0, most=most)
        other.restore(strategy.state())
        assert other.done == strategy.done
    assert asked == strategy.evaluated <= most
    assert asked == most or most == 100
