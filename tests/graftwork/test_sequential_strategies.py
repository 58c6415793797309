"""What every strategy with a history promises, beside the contract of all strategies."""

import json
import math

import numpy as np
import pytest

from graftwork.errors import InputError
from graftwork.space import Decision, Space
from graftwork.strategies import OneShot, RandomSampling, make_strategy, names
from multitask_nas.tree import TreeSpace

TINY = Space((Decision("a", ("x", "y", "z")), Decision("b", ("x",)), Decision("c", ("x", "y"))))
SMALL = Space(tuple(Decision(f"decision {i}", ("a", "b", "c", "d")) for i in range(6)))
TREES = TreeSpace((2, 4, 8), [f"attribute {i}" for i in range(12)])


@pytest.fixture(params=names())
def name(request):
    return request.param


def worth(space, architectures):
    """A score of one number: the part of the decisions that take their first choice."""
    return np.array([[np.mean([c == 0 for c in a])] for a in architectures])


def play(strategy, score, rounds=1000):
    """Plays up to some rounds; returns what was asked for, in order."""
    asked = []
    for _ in range(rounds):
        if strategy.done:
            break
        batch = strategy.ask()
        asked += batch
        strategy.tell(batch, score(batch))
    return asked


@pytest.mark.parametrize("batch", [1, 4])
def test_nothing_is_asked_for_twice_and_the_number_is_kept(name, batch):
    strategy = make_strategy(name, SMALL, 30, 0, batch=batch)
    asked = play(strategy, lambda a: worth(SMALL, a))
    assert len(asked) == len(set(asked)) == 30
    assert all(SMALL.check(a) == a for a in asked)
    assert strategy.best == max(asked, key=lambda a: worth(SMALL, [a])[0, 0])


def test_a_space_that_is_used_up_is_the_end(name):
    strategy = make_strategy(name, TINY, 100, 0, batch=4)
    asked = play(strategy, lambda a: worth(TINY, a), rounds=20)
    assert strategy.done
    assert sorted(asked) == sorted({TINY.at(i) for i in range(TINY.size)})


def test_a_huge_space_is_searched_too(name):
    assert TREES.size > 1e15
    strategy = make_strategy(name, TREES, 16, 0, batch=4)
    asked = play(strategy, lambda a: worth(TREES, a))
    assert len(set(asked)) == 16
    assert all(TREES.check(a) == a for a in asked)


def test_several_batches_can_be_asked_for_before_the_first_is_told(name):
    strategy = make_strategy(name, SMALL, 24, 0, batch=2)
    play(strategy, lambda a: worth(SMALL, a), rounds=4)
    waiting = [strategy.ask() for _ in range(3)]
    assert len({a for batch in waiting for a in batch}) == 6
    saved = json.loads(json.dumps(strategy.state()))
    for batch in reversed(waiting):
        strategy.tell(batch, worth(SMALL, batch))
    assert len(strategy.history) == 14
    assert not strategy.pending
    again = make_strategy(name, SMALL, 24, 5, batch=2)
    again.restore(saved)
    assert again.pending == [a for batch in waiting for a in batch]


@pytest.mark.parametrize("failed", [math.nan, -math.inf])
def test_failures_are_counted_and_never_chosen(name, failed):
    def score(architectures):
        scores = worth(SMALL, architectures)
        scores[[a[0] == 0 for a in architectures]] = failed
        return scores

    strategy = make_strategy(name, SMALL, 40, 1, batch=4)
    asked = play(strategy, score)
    assert len(asked) == 40
    assert strategy.best[0] != 0
    json.dumps(strategy.state(), allow_nan=False)


def test_an_unknown_strategy_is_refused_with_the_near_ones():
    with pytest.raises(InputError, match=r"unknown strategy 'randon'\. Did you mean random"):
        make_strategy("randon", SMALL, 10, 0)


def test_all_choices_are_drawn_where_much_of_the_space_is_used_up():
    strategy = RandomSampling(TINY, 6, 0)
    first = play(strategy, lambda a: worth(TINY, a), rounds=5)
    (last,) = strategy.ask()
    assert {*first, last} == {TINY.at(i) for i in range(6)}


def test_one_shot_search_trains_first_and_tells_the_strategy_nothing_before():
    strategy = OneShot(RandomSampling(SMALL, 8, 0, batch=4), rounds=3)
    trained = []
    while not strategy.done:
        trained.append(strategy.trains)
        asked = strategy.ask()
        strategy.tell(asked, worth(SMALL, asked))
    assert trained == [True] * 3 + [False] * 2
    assert len(strategy.strategy.history) == 8
    assert strategy.best == strategy.strategy.best
