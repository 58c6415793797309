"""Limits of `graftwork transfer apply`: what is drawn, chosen, refused and said."""

import json

import numpy as np
import pytest
import tiny
import tiny_transfer
from tiny import journal
from tiny_transfer import transfer

from graftwork.constraints import Limits
from transfer_nas.config import TransferApplication
from transfer_nas.constraints import ChainConstraints
from transfer_nas.model import build_chain
from transfer_nas.space import ChainSpace
from transfer_nas.strategy import AttributeGuided, RandomPairs

SPACE = ChainSpace.make(3)
LIMIT = 160
FLAGS = ("--max-params", LIMIT, "--max-candidates", "2", "--seeds", "1", "--max-latency-ms", "1e4")


def constraints(**limits):
    return ChainConstraints(SPACE, 3, tiny.SHAPE, Limits(**limits))


def test_counted_costs_are_those_of_the_plain_model():
    limited, rng = constraints(parameters=1), np.random.default_rng(0)
    for _ in range(3):
        architecture = SPACE.sample(rng)
        model = build_chain(SPACE.stages(architecture), 3, tiny.SHAPE)
        trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
        assert limited.counted(architecture)["parameters"] == trainable


@pytest.mark.parametrize("kind", ["policy", "random"])
def test_everything_that_is_asked_for_keeps_the_limit(kind):
    descriptors = np.eye(3, dtype="float32")
    strategy = (
        RandomPairs(SPACE, 3, 4, 0, batch=6)
        if kind == "random"
        else AttributeGuided(SPACE, descriptors, 4, 0, updates=1, batch=6, units=4, trains=False)
    )
    strategy.constraints = limited = constraints(parameters=LIMIT)
    while not strategy.done:
        asked = strategy.ask()
        assert all(limited.keeps(pair[:-1]) for pair in asked)
        strategy.tell(asked, np.ones((len(asked), 1)))


@pytest.fixture(scope="module")
def run(learned, tmp_path_factory):
    """A finished application with limits. Not to be written."""
    path = tmp_path_factory.mktemp("transfer") / "limited"
    transfer("apply", learned, "--out", path, *tiny_transfer.APPLY, *FLAGS)
    return path


def test_what_methods_choose_keeps_the_limit(run):
    limited = constraints(parameters=LIMIT)
    searched = [event for event in journal(run) if event["event"] == "searched"]
    for event in searched:
        for row in event["attributes"]:
            assert limited.keeps(tuple(row["architecture"])), event["method"]
            assert len(row["rewards"]) == (0 if event["method"] == "transferred" else 2)
    trained = [event for event in journal(run) if event["event"] == "trained"]
    assert trained
    for event in trained:
        assert max(row["parameters"] for row in event["attributes"]) <= LIMIT


def test_result_and_report_say_the_limit(run):
    result = json.loads((run / "result.json").read_text())
    assert result["limits"] == {"candidates": 2, "parameters": LIMIT, "latency_ms": 1e4}
    assert result["evaluations"] == 2
    assert all(row["parameters"] <= LIMIT for row in result["methods"])
    report = " ".join((run / "report.html").read_text().split())
    assert f"at most {LIMIT} parameters and 10,000 ms for one image" in report
    assert set(json.loads((run / "latency.json").read_text()).values())


def test_limit_that_no_chain_keeps_is_refused(learned, command, tmp_path):
    status, _, error = command(
        *("transfer", "apply", learned, "--out", tmp_path / "run", *tiny_transfer.APPLY),
        *("--max-params", 30),
    )
    assert status == 2
    assert "max-params must be at least 37: the smallest network" in error
    assert not (tmp_path / "run" / "config.json").exists()


def test_too_slow_a_choice_gives_way_to_the_next(monkeypatch):
    from transfer_nas.methods import Rewards

    limited = constraints(latency_ms=2.0)
    monkeypatch.setattr(limited, "latency", lambda architecture: float(architecture[0]))
    found = Rewards(None, 1, limited)
    found.pairs = [[(5, 0, 0, 0), (2, 0, 0, 0), (1, 0, 0, 0)]]
    found.rewards = [[0.9, 0.7, 0.8]]
    assert found.best(0) == (1, 0, 0, 0)
    found.rewards = [[0.9, 0.8, None]]
    assert found.best(0) == (2, 0, 0, 0)


def test_application_takes_the_flags():
    config = TransferApplication(dataset="tiny", out="x", source="y", max_params=5)
    assert config.limits == Limits(parameters=5)
