"""PNAS: from simple to complex, a level at a time, as the predictor says."""

import itertools

import numpy as np

from graftwork.space import Decision, Space
from graftwork.strategies.pnas import Pnas

SPACE = Space(tuple(Decision(f"decision {i}", ("none", "a", "b", "c")) for i in range(6)))


def matches(architecture):
    """How many decisions agree with a hidden architecture."""
    return sum(a == b for a, b in zip(architecture, (2, 1, 3, 1, 1, 3), strict=True))


def told(strategy, count, score=matches):
    for _ in range(count):
        asked = strategy.ask()
        strategy.tell(asked, np.array([[score(a)] for a in asked], float))
    return list(strategy.history)


def distance(first, second):
    return sum(a != b for a, b in zip(first, second, strict=True))


def test_it_begins_with_the_simplest_and_adds_a_decision_a_level():
    strategy = Pnas(SPACE, 100, seed=0, width=4)
    asked = told(strategy, 1 + 6 * 4)
    assert asked[0] == (0,) * 6
    levels = [asked[:1], *(asked[start : start + 4] for start in range(1, 25, 4))]
    for number, level in enumerate(levels):
        assert {strategy.complexity(architecture) for architecture in level} == {number}
    for level, following in itertools.pairwise(levels):
        for architecture in following:
            assert min(distance(architecture, simpler) for simpler in level) == 1


def test_a_level_holds_the_expansions_that_are_predicted_best():
    """The predictor is replaced by the truth: the best expansions are known."""

    class Truth:
        def fit(self, inputs, targets, rng):
            pass

        def predict(self, inputs):
            choices = inputs.reshape(-1, 6, 4).argmax(axis=2)
            return np.array([[matches(row) for row in choices]] * 3, float)

    strategy = Pnas(SPACE, 100, seed=0, width=3)
    strategy.ensemble = Truth()
    asked = told(strategy, 1 + 6 * 3)
    # The first level is asked for before two scores are known, thus at random.
    best = max(matches(architecture) for architecture in asked[1:4])
    for number in range(1, 6):
        level = asked[1 + 3 * number : 4 + 3 * number]
        assert max(matches(architecture) for architecture in level) == best + number


def test_after_growing_it_mutates_the_best():
    strategy = Pnas(SPACE, 60, seed=0, width=4, parents=1)
    told(strategy, 25)
    for _ in range(20):
        if not strategy._queue:
            best = strategy.ranked()[0][0]
        (asked,) = strategy.ask()
        assert distance(asked, best) <= 3
        strategy.tell([asked], np.array([[matches(asked)]], float))


def test_it_finds_the_best_of_4096_in_80_evaluations():
    for seed in range(3):
        strategy = Pnas(SPACE, 80, seed)
        told(strategy, 80)
        assert matches(strategy.best) == 6


def test_a_long_space_grows_by_several_decisions_within_its_share_of_the_budget():
    space = Space(tuple(Decision(f"decision {i}", ("none", "a", "b")) for i in range(50)))
    strategy = Pnas(space, 60, seed=0, width=5, growth=0.5)
    asked = told(strategy, 60, lambda architecture: sum(architecture))
    complexities = [strategy.complexity(architecture) for architecture in asked]
    # Half of 60 evaluations is 6 levels of 5: 9 decisions a level.
    assert complexities[:31] == [0] + [9] * 5 + [18] * 5 + [27] * 5 + [36] * 5 + [45] * 5 + [50] * 5
    assert min(complexities[31:]) >= 47


def test_a_decision_without_a_choice_is_never_made():
    decisions = [Decision("fixed", ("only",)), *SPACE.decisions[:3]]
    space = Space(tuple(decisions))
    strategy = Pnas(space, 64, seed=0, width=3)
    asked = told(strategy, 64, sum)
    assert len(set(asked)) == space.size
    assert [strategy.complexity(architecture) for architecture in asked[:10]] == [
        *[0],
        *[1] * 3,
        *[2] * 3,
        *[3] * 3,
    ]
