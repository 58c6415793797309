"""Hill climbing: which neighbours, when it moves, when it restarts."""

import json

import numpy as np
import pytest

from graftwork.space import Decision, Space
from graftwork.strategies.local_search import LocalSearch

SPACE = Space(tuple(Decision(f"decision {i}", ("a", "b", "c", "d")) for i in range(5)))


def differences(first, second):
    return sum(a != b for a, b in zip(first, second, strict=True))


def told(strategy, score):
    """Asks and tells once; returns what was asked."""
    asked = strategy.ask()
    strategy.tell(asked, np.array([[score(a)] for a in asked], float))
    return asked


@pytest.mark.parametrize("seed", range(5))
def test_it_climbs_a_hill_by_neighbours_alone(seed):
    strategy = LocalSearch(SPACE, 200, seed)
    best = told(strategy, sum)[0]
    while sum(best) < 15:
        asked = told(strategy, sum)[0]
        assert differences(asked, best) == 1
        # The first better one is moved to, without looking at the rest.
        best = max(best, asked, key=sum)
        assert strategy.current == best
    # A hill of 15 steps at most, 15 neighbours each.
    assert len(strategy.history) < 150


def test_neighbours_are_asked_for_in_another_order_with_another_seed():
    orders = set()
    for seed in range(20):
        strategy = LocalSearch(SPACE, 200, seed)
        start = told(strategy, lambda a: 0)[0]
        asked = told(strategy, lambda a: 0)[0]
        changed = next(i for i in range(5) if asked[i] != start[i])
        orders.add((changed, (asked[changed] - start[changed]) % 4))
    assert len(orders) > 5


def test_in_a_local_optimum_it_restarts_at_random():
    strategy = LocalSearch(SPACE, 40, seed=0)
    start = told(strategy, lambda a: 1)[0]
    around = [told(strategy, lambda a: 0)[0] for _ in range(15)]
    assert sorted(around) == sorted(SPACE.neighbours(start))
    assert strategy.current is None
    assert strategy.best == start
    restart = told(strategy, lambda a: 0)[0]
    assert strategy.current == restart
    assert differences(told(strategy, lambda a: 0)[0], restart) == 1


def test_an_equal_score_is_not_moved_to():
    strategy = LocalSearch(SPACE, 20, seed=0)
    start = told(strategy, lambda a: 0)[0]
    for _ in range(10):
        told(strategy, lambda a: 0)
        assert strategy.current == start


def test_a_known_better_neighbour_is_moved_to_without_asking():
    strategy = LocalSearch(SPACE, 200, seed=0)
    top = (3, 3, 3, 3, 3)
    strategy.history = {(0, 3, 3, 3, 3): 1.0, top: 9.0, (3, 3, 3, 3, 0): 0.5}
    strategy.current = (3, 3, 3, 3, 0)
    told(strategy, lambda a: 0)
    assert strategy.current == top
    assert differences(strategy.ask()[0], top) == 1


def test_a_known_local_optimum_is_not_evaluated_around_again():
    strategy = LocalSearch(SPACE, 200, seed=0)
    top = (3, 3, 3, 3, 3)
    strategy.history = {top: 9.0, **dict.fromkeys(SPACE.neighbours(top), 0.0)}
    near = (3, 3, 3, 2, 2)
    strategy.current = near
    strategy.history[near] = -1.0
    told(strategy, lambda a: -2)
    # From `near` over a neighbour of the top to the top, all known: nothing is left to climb.
    assert strategy.current is None


def test_a_batch_is_of_neighbours_and_the_best_of_it_is_moved_to():
    strategy = LocalSearch(SPACE, 100, seed=0, batch=4)
    start = max(told(strategy, sum), key=sum)
    asked = told(strategy, sum)
    assert len(asked) == 4
    assert all(differences(a, start) == 1 for a in asked)
    assert strategy.current == max(start, *asked, key=sum)


def test_what_is_pending_is_not_asked_for_by_another_worker():
    strategy = LocalSearch(SPACE, 100, seed=0)
    told(strategy, sum)
    workers = [strategy.ask()[0] for _ in range(30)]
    assert len(set(workers)) == 30
    strategy.tell(workers, np.array([[sum(a)] for a in workers]))
    assert not strategy.pending


def test_failed_neighbours_are_not_moved_to():
    strategy = LocalSearch(SPACE, 100, seed=0)
    start = told(strategy, lambda a: -5)[0]
    for _ in range(15):
        told(strategy, lambda a: np.nan)
        assert strategy.current in (start, None)
    assert strategy.best == start


def test_it_restores_where_the_climb_stands():
    strategy = LocalSearch(SPACE, 100, seed=0)
    for _ in range(7):
        told(strategy, sum)
    restored = LocalSearch(SPACE, 100, seed=1)
    restored.restore(json.loads(json.dumps(strategy.state())))
    assert restored.current == strategy.current is not None
    assert [told(restored, sum) for _ in range(60)] == [told(strategy, sum) for _ in range(60)]
