"""The loop: the order of the calls, when it stops, and what is recorded."""

import json

import numpy as np
import pytest

from graftwork import search as search_module
from graftwork.search import Evaluator, search
from graftwork.space import Decision, Space
from graftwork.strategies import Strategy, make_strategy
from graftwork.strategies.one_shot import OneShot


class Scripted(Strategy):
    """Asks two architectures a round, for some rounds, and logs what it is told."""

    def __init__(self, rounds, log):
        self.rounds, self.log, self.round = rounds, log, 0

    @property
    def done(self):
        return self.round >= self.rounds

    @property
    def best(self):
        return (self.round,)

    def ask(self):
        self.log.append("ask")
        return [(self.round,), (self.round + 1,)]

    def tell(self, architectures, scores):
        self.log.append(("tell", architectures, scores.tolist()))
        self.round += 1

    def training_sample(self, rng):
        return (int(rng.integers(100)),)

    def report(self):
        return {"round": self.round}

    def state(self):
        return {"round": self.round}

    def restore(self, state):
        self.round = state["round"]


class Logging(Evaluator):
    """Scores an architecture with its own number."""

    def __init__(self, log):
        self.log = log

    def train(self, sample):
        self.log.append(("train", sample(np.random.default_rng(0))))
        return {"loss": 0.5}

    def evaluate(self, architectures):
        self.log.append("evaluate")
        return np.array(architectures, float)


def run(rounds, time_left=lambda: True):
    log: list = []
    records: list[dict] = []
    strategy = Scripted(rounds, log)
    best = search(strategy, Logging(log), time_left, records.append)
    return best, log, records


def test_a_round_trains_asks_evaluates_and_tells():
    best, log, records = run(1)
    drawn = int(np.random.default_rng(0).integers(100))
    assert log == [
        ("train", (drawn,)),
        "ask",
        "evaluate",
        ("tell", [(0,), (1,)], [[0.0], [1.0]]),
    ]
    assert best == (1,)
    assert records == [{"loss": 0.5, "round": 1}]


def test_it_goes_on_until_the_strategy_is_done():
    best, _, records = run(5)
    assert best == (5,)
    assert [record["round"] for record in records] == [1, 2, 3, 4, 5]


def test_a_strategy_that_is_done_does_nothing_more():
    best, log, records = run(0)
    assert (best, log, records) == ((0,), [], [])


def test_no_round_begins_when_the_time_is_up():
    answers = iter([True, True, False])
    best, log, records = run(5, lambda: next(answers))
    assert best == (2,)
    assert log.count("ask") == len(records) == 2


def test_an_interrupted_search_goes_on_from_its_last_record():
    log: list = []
    states: list[str] = []
    strategy = Scripted(5, log)

    def stop_at_3(record):
        states.append(json.dumps(strategy.state()))
        if record["round"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(strategy, Logging(log), lambda: True, stop_at_3)
    again = Scripted(5, log)
    more: list[dict] = []
    again.restore(json.loads(states[-1]))
    assert search(again, Logging(log), lambda: True, more.append) == (5,)
    assert [record["round"] for record in more] == [4, 5]
    assert log.count("ask") == 5


@pytest.mark.parametrize("wrapped", [False, True], ids=["alone", "one-shot"])
def test_a_worker_that_proposes_other_architectures_ends_with_the_chief(monkeypatch, wrapped):
    """What rounding, here another seed, lets it propose is not evaluated, nor counted."""
    space = Space([Decision(name, ("a", "b", "c")) for name in "wxyz"])
    rounds, strategies = [], []

    class Sums(Evaluator):
        def train(self, sample):
            return {}

        def evaluate(self, architectures):
            return np.array([[sum(a)] for a in architectures], float)

    def run(seed, agreed):
        inner = make_strategy("evolution", space, evaluations=20, seed=seed, batch=3)
        strategies.append(inner)
        monkeypatch.setattr(search_module, "agreed", agreed)
        strategy = OneShot(inner, 1) if wrapped else inner
        return search(strategy, Sums(), lambda: True, lambda event: None)

    def note(architectures):
        rounds.append(list(architectures))
        return rounds[-1]

    best, told = run(0, note), iter(rounds)
    assert run(1, lambda architectures: next(told)) == best
    assert not list(told)
    chief, worker = strategies
    assert (worker.history, worker.pending) == (chief.history, [])
