"""The loop: the order of the calls, when it stops, and what is recorded."""

import json

import numpy as np
import pytest

from graftwork.search import Evaluator, search
from graftwork.strategies import Strategy


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
