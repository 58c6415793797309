"""Evolution: who wins, who dies, what a child is; and the published result."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from graftwork.nats import CellSpace
from graftwork.space import Decision, Space
from graftwork.strategies.evolution import Evolution, NonAgingEvolution

SPACE = Space(tuple(Decision(f"decision {i}", ("a", "b", "c", "d")) for i in range(7)))
REAL = Path(os.environ.get("GRAFTWORK_TEST_DATA", "/nowhere")) / "nats_bench_tss_cifar10.csv"


def told(strategy, score=sum):
    asked = strategy.ask()
    strategy.tell(asked, np.array([[score(a)] for a in asked], float))
    return asked


def differences(first, second):
    return sum(a != b for a, b in zip(first, second, strict=True))


def test_the_population_is_what_was_evaluated_last():
    strategy = Evolution(SPACE, 60, seed=0, population=8)
    while not strategy.done:
        told(strategy)
        assert strategy.population == list(strategy.history)[-8:]


def test_without_ageing_the_population_is_the_best():
    strategy = Evolution(SPACE, 60, seed=0, population=8, aging=False)
    while not strategy.done:
        told(strategy)
        scores = sorted(strategy.history.values(), reverse=True)[:8]
        assert sorted(map(sum, strategy.population), reverse=True) == scores


def test_the_non_aging_variant_is_evolution_without_ageing():
    variant = NonAgingEvolution(SPACE, 60, seed=3)
    same = Evolution(SPACE, 60, seed=3, aging=False)
    other = Evolution(SPACE, 60, seed=3)
    asked = [told(variant) for _ in range(60)]
    assert asked == [told(same) for _ in range(60)]
    assert asked != [told(other) for _ in range(60)]


@pytest.mark.parametrize("seed", range(5))
def test_a_child_differs_from_its_parent_in_one_decision(seed):
    # With so many neighbours that no child is known already.
    choices = tuple(str(i) for i in range(1000))
    space = Space(tuple(Decision(f"decision {i}", choices) for i in range(40)))
    strategy = Evolution(space, 100, seed=seed, population=6)
    while not strategy.done:
        population = list(strategy.population)
        child = told(strategy)[0]
        if len(population) == 6:
            assert min(differences(child, member) for member in population) == 1


def test_a_child_already_known_is_mutated_on():
    strategy = Evolution(SPACE, 500, seed=0, population=1, tournament=1)
    parent = told(strategy)[0]
    strategy.history.update(dict.fromkeys(SPACE.neighbours(parent), -1.0))
    distances = {differences(strategy.ask()[0], parent) for _ in range(20)}
    assert 1 not in distances
    assert 2 in distances


def test_a_tournament_is_drawn_with_replacement_and_the_best_of_it_is_the_parent():
    members = [(i % 4, i // 4, 0, 0, 0, 0, 0) for i in range(10)]
    wins = np.zeros(10)
    for seed in range(2000):
        strategy = Evolution(SPACE, 100, seed)
        strategy.history = {member: float(i) for i, member in enumerate(members)}
        strategy.population = list(members)
        # The mutation is left out: the parent itself comes back.
        strategy.is_new = lambda _: True  # type: ignore[method-assign]
        object.__setattr__(strategy, "space", Unmutated(SPACE.decisions))
        wins[members.index(strategy.propose(1)[0])] += 1
    # The best of three draws of ten, with replacement, is number i with this probability.
    ranks = np.arange(1, 11)
    expected = (ranks**3 - (ranks - 1) ** 3) / 1000
    np.testing.assert_allclose(wins / 2000, expected, atol=0.03)


class Unmutated(Space):
    def mutate(self, architecture, rng):
        return architecture


def test_a_failed_member_wins_against_none_that_did_not():
    strategy = Evolution(SPACE, 300, seed=0, population=2, tournament=50)
    good, bad = (0,) * 7, (3,) * 7
    strategy.history = {good: 0.0, bad: -np.inf}
    strategy.population = [good, bad]
    for _ in range(20):
        assert differences(strategy.ask()[0], good) <= 3


def test_children_of_a_batch_are_different():
    strategy = Evolution(SPACE, 110, seed=0, batch=20)
    while not strategy.done:
        asked = told(strategy)
        assert len(set(asked)) == len(asked) == min(20, 110 - len(strategy.history) + len(asked))


@pytest.mark.skipif(not REAL.is_file(), reason="GRAFTWORK_TEST_DATA has no NATS-Bench table")
def test_it_reaches_what_is_published_for_aging_evolution_on_nats_bench():
    space = CellSpace()
    with REAL.open() as file:
        rows = {space.parse(row["architecture"]): row for row in csv.DictReader(file)}
    found = []
    for seed in range(200):
        strategy = Evolution(space, 100, seed)
        while not strategy.done:
            told(strategy, lambda a: float(rows[a]["cifar10_valid_12epochs"]))
        found.append(float(rows[strategy.best]["cifar10_test_200epochs"]))
    assert abs(np.mean(found) - 93.92) < 0.1
