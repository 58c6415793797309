"""What every strategy promises: the contract in `graftwork.strategies.base`."""

import json
import math

import numpy as np
import pytest

from graftwork.search import Evaluator, search
from graftwork.space import Decision, Space
from graftwork.strategies import OneShot, RandomSampling, RandomSearch, make_strategy, names
from multitask_nas.gnas import Gnas
from multitask_nas.tree import TreeSpace

ATTRIBUTES = 6
MOST_ROUNDS = 200

SMALL = Space(tuple(Decision(f"decision {i}", ("a", "b", "c", "d")) for i in range(7)))
TREES = TreeSpace((2, 3, 4), [f"attribute {i}" for i in range(ATTRIBUTES)])

# What is in the registry is here by itself; others need a line: a space, and how they are made.
STRATEGIES = {
    **{
        name: (SMALL, lambda seed, name=name: make_strategy(name, SMALL, 24, seed, batch=4))
        for name in names()
    },
    "one-shot": (TREES, lambda seed: OneShot(RandomSampling(TREES, 12, seed, batch=4), rounds=3)),
    "random search": (SMALL, lambda seed: RandomSearch(SMALL, rounds=9, candidates=4, seed=seed)),
    "random trees": (
        TREES,
        lambda seed: RandomSearch(TREES, rounds=9, candidates=4, seed=seed),
    ),
    "gnas": (TREES, lambda seed: Gnas(TREES, seed=seed, warmup=2, sweeps=4)),
    "gnas without warm-up": (TREES, lambda seed: Gnas(TREES, seed=seed, warmup=0, sweeps=4)),
}


@pytest.fixture(params=STRATEGIES)
def case(request):
    return STRATEGIES[request.param]


@pytest.fixture
def space(case):
    return case[0]


@pytest.fixture
def make(case):
    return case[1]


class Table(Evaluator):
    """Scores attributes by a table with one number a decision and choice.

    Its scores also change from round to round, as those of shared weights do.
    """

    def __init__(self, space):
        self.space = space
        shape = (sum(space.choice_counts), ATTRIBUTES)
        self.worth = np.random.default_rng(7).random(shape)

    def train(self, sample):
        return {}

    def evaluate(self, architectures):
        return np.cos(3 * self.space.one_hot(architectures) @ self.worth)


class Poisoned(Table):
    """Gives the last attribute no proper score where the last decision is 0."""

    def __init__(self, space, poison):
        super().__init__(space)
        self.poison = poison

    def evaluate(self, architectures):
        scores = super().evaluate(architectures)
        scores[[architecture[-1] == 0 for architecture in architectures], -1] = self.poison
        return scores


def play(strategy, evaluator, rounds=MOST_ROUNDS, draws=0, first=0):
    """Plays some rounds, the first with a given number; returns what was seen of each."""
    seen: list[tuple] = []
    while not strategy.done and len(seen) < rounds:
        rng = np.random.default_rng(first + len(seen))
        drawn = [strategy.training_sample(rng) for _ in range(draws)]
        asked = strategy.ask()
        strategy.tell(asked, evaluator.evaluate(asked))
        seen.append((drawn, asked, strategy.best, strategy.report()))
    return seen


def through_json(value):
    return json.loads(json.dumps(value, allow_nan=False))


def test_it_asks_for_architectures_of_the_space_and_prefers_one(space, make):
    strategy = make(0)
    assert space.check(strategy.best) == strategy.best
    for _, asked, best, _ in play(strategy, Table(space)):
        assert asked
        for architecture in [*asked, best]:
            assert space.check(architecture) == architecture
            assert all(type(choice) is int for choice in architecture)


def test_it_asks_for_no_architecture_twice_in_a_round(space, make):
    for _, asked, *_ in play(make(0), Table(space)):
        assert len(set(asked)) == len(asked)


def test_it_is_done_in_a_bounded_number_of_rounds(space, make):
    strategy = make(0)
    rounds = len(play(strategy, Table(space)))
    assert strategy.done
    assert 0 < rounds < MOST_ROUNDS


def test_the_search_loop_returns_what_it_prefers(space, make):
    strategy = make(0)
    records: list[dict] = []
    best = search(strategy, Table(space), lambda: True, records.append)
    assert best == strategy.best
    assert best == play(make(0), Table(space))[-1][2]
    assert records


def test_training_samples_are_of_the_space_and_vary(space, make):
    strategy = make(0)
    seen = set()
    while not strategy.done:
        samples = [strategy.training_sample(np.random.default_rng(i)) for i in range(20)]
        for sample in samples:
            assert space.check(sample) == sample
            assert all(type(choice) is int for choice in sample)
        seen.update(samples)
        asked = strategy.ask()
        strategy.tell(asked, Table(space).evaluate(asked))
    assert len(seen) > 10


def test_training_samples_depend_on_the_generator_alone(space, make):
    strategy = make(0)
    for seed in range(5):
        first = strategy.training_sample(np.random.default_rng(seed))
        strategy.training_sample(np.random.default_rng(99))
        assert strategy.training_sample(np.random.default_rng(seed)) == first


def test_training_samples_do_not_change_the_search(space, make):
    without = play(make(0), Table(space), draws=0)
    with_ = play(make(0), Table(space), draws=5)
    assert [seen[1:] for seen in with_] == [seen[1:] for seen in without]


def test_the_same_seed_makes_the_same_search(space, make):
    assert play(make(3), Table(space), draws=2) == play(make(3), Table(space), draws=2)


def test_seed_0_and_seed_1_differ(space, make):
    zero, one = make(0), make(1)
    assert zero.best != one.best
    assert play(zero, Table(space), 3) != play(one, Table(space), 3)


def test_restored_after_any_round_it_goes_on_as_if_undisturbed(space, make):
    whole = play(make(0), Table(space), draws=2)
    for rounds in range(len(whole) + 1):
        interrupted = make(0)
        play(interrupted, Table(space), rounds)
        # Another seed: all that matters must be in the state.
        restored = make(1)
        restored.restore(through_json(interrupted.state()))
        assert restored.best == interrupted.best
        assert restored.state() == interrupted.state()
        rest = play(restored, Table(space), draws=2, first=rounds)
        assert rest == whole[rounds:]


def test_a_state_does_not_change_when_the_search_goes_on(space, make):
    strategy = make(0)
    play(strategy, Table(space), 1)
    state = strategy.state()
    before = through_json(state)
    play(strategy, Table(space), 3)
    assert through_json(state) == before


def test_reports_are_json_with_a_score(space, make):
    for *_, report in play(make(0), Table(space)):
        assert through_json(report) == report
        assert -1 <= report["score"] <= 1
        assert report["changed"] >= 0


@pytest.mark.parametrize("poison", [math.nan, -math.inf])
@pytest.mark.parametrize("seed", range(6))
def test_what_has_no_proper_score_is_not_chosen(space, make, poison, seed):
    strategy = make(seed)
    for *_, report in play(strategy, Poisoned(space, poison)):
        through_json(report)
    assert strategy.best[-1] != 0


@pytest.mark.parametrize("poison", [math.nan, -math.inf])
def test_it_ends_where_nothing_has_a_proper_score(space, make, poison):
    strategy = make(0)
    first = strategy.best

    class Nothing(Table):
        def evaluate(self, architectures):
            return np.full((len(architectures), ATTRIBUTES), poison)

    for *_, report in play(strategy, Nothing(space)):
        assert through_json(report)["score"] is None
    assert strategy.done
    assert strategy.best == first


def test_random_search_keeps_the_best_of_a_round():
    strategy = RandomSearch(SMALL, rounds=20, candidates=8, seed=0)
    table = Table(SMALL)
    for _ in range(20):
        asked = strategy.ask()
        means = table.evaluate(asked).mean(axis=1)
        strategy.tell(asked, table.evaluate(asked))
        assert strategy.best == asked[int(means.argmax())]
        assert strategy.report()["score"] == means.max()


def test_random_search_asks_the_best_again_and_keeps_it_on_a_tie():
    strategy = RandomSearch(SMALL, rounds=5, candidates=3, seed=0)
    best = strategy.best
    for _ in range(5):
        asked = strategy.ask()
        assert asked[0] == best
        strategy.tell(asked, np.zeros((len(asked), 1)))
        assert strategy.best == best
        assert strategy.report()["changed"] == 0
