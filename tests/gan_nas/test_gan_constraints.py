"""Generators within limits: their costs, and the candidates of A-GAN."""

import numpy as np
import pytest

from gan_nas.agan import AGan
from gan_nas.config import GanSearch
from gan_nas.constraints import GanConstraints
from gan_nas.cost import network_cost
from gan_nas.networks import CELLS, Networks
from gan_nas.space import GanSpace
from graftwork.constraints import Limits

NETWORKS = Networks(GanSpace.make(16, 2, discriminator=True), (6, 4), 8, 1, 3)
SPACE = NETWORKS.space


def constraints(**limits):
    return GanConstraints(NETWORKS, Limits(**limits))


@pytest.mark.parametrize("shared", [False, True], ids=["cells", "shared cell"])
def test_counted_costs_are_those_of_the_plain_model(shared):
    networks = Networks(GanSpace.make(16, 2, shared), (6, 4), 8, 1) if shared else NETWORKS
    limited = GanConstraints(networks, Limits(parameters=1))
    rng = np.random.default_rng(0)
    for _ in range(4):
        architecture = networks.space.sample(rng)
        cost = network_cost(networks.plain(CELLS, architecture))
        assert limited.counted(architecture) == {
            "parameters": cost.parameters,
            "flops": cost.flops,
        }


def middle():
    """Returns a number of parameters that half of the generators have."""
    free, rng = constraints(parameters=1), np.random.default_rng(1)
    return int(np.median([free.counted(SPACE.sample(rng))["parameters"] for _ in range(99)]))


def run(strategy, score):
    told = 0
    while not strategy.done:
        asked = strategy.ask()
        told += len(asked) * (strategy.learns or not strategy.trains)
        strategy.tell(asked, np.array([[score(a)] for a in asked]))
    return told


def test_agan_returns_generators_within_the_limit_alone():
    limited = constraints(parameters=middle())
    strategy = AGan(SPACE, 0, 1, 2, children=4, candidates=6, constraints=limited)
    # The largest are the best: −KID, which a careless penalty would raise.
    run(strategy, lambda a: -1e4 / limited.counted(a)["parameters"])
    assert len(strategy.ranked()) == 6
    assert all(limited.keeps(a) for a, _ in strategy.ranked())
    assert limited.keeps(strategy.best)


def test_controller_learns_where_the_limit_is():
    limited = constraints(parameters=middle())  # Half of all generators keep it.
    strategy = AGan(SPACE, 0, 0, 25, children=8, candidates=1, constraints=limited)
    run(strategy, lambda a: -1.0)  # All are as good: what differs is the cost alone.
    drawn = [tuple(a) for a in strategy.policy.sample(64, strategy.rng)[0].tolist()]
    assert np.mean([limited.keeps(a) for a in drawn]) > 0.65


@pytest.mark.parametrize(
    ("most", "rounds", "evaluated"), [(4, 1, 4), (5, 1, 4), (14, 3, 12), (17, 3, 15), (99, 3, 18)]
)
def test_agan_ends_after_so_many_candidates_but_trains_in_all_rounds(most, rounds, evaluated):
    strategy = AGan(SPACE, 0, 2, 3, children=4, candidates=6, most=most)
    assert strategy.rounds == rounds
    assert run(strategy, sum) == evaluated


def test_latency_of_a_generator_is_measured_once(tmp_path):
    limits = Limits(latency_ms=1e4)
    first = GanConstraints(NETWORKS, limits, tmp_path / "latency.json")
    assert first.fits(first.smallest)
    value = first.latency(first.smallest)
    assert GanConstraints(NETWORKS, limits, tmp_path / "latency.json").latency(
        first.smallest
    ) == pytest.approx(value, abs=0)


def test_flags_say_the_limits():
    config = GanSearch(dataset="tiny", out="x", max_params=5, max_flops=2e6, max_candidates=4)
    assert config.limits.given() == {"parameters": 5, "flops": 2e6}
    assert config.candidates_of(200) == 4
