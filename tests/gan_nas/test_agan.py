"""A-GAN's controller: what it draws, what it learns from, and what it goes on from."""

import json
import math

import numpy as np
import pytest

from gan_nas.agan import UNIT, AGan
from graftwork.space import Decision, Space

PLAIN = Space(tuple(Decision(f"decision {i}", ("a", "b", "c", "d")) for i in range(4)))
TARGET = (3, 0, 2, 1)


def hits(architecture):
    return float(sum(a == b for a, b in zip(architecture, TARGET, strict=True)))


def play(strategy, worth=hits, rounds=10**6):
    """Plays so many rounds; returns what was asked for and a training sample, round by round."""
    seen = []
    while not strategy.done and len(seen) < rounds:
        sample = strategy.training_sample(np.random.default_rng(len(seen)))
        asked = strategy.ask()
        strategy.tell(asked, np.array([[worth(a)] for a in asked]))
        seen.append((sample, asked, strategy.report()))
    return seen


def small(**changes):
    given = {"seed": 0, "warmup": 2, "rounds": 5, "children": 4, "candidates": 6}
    return AGan(PLAIN, **given | changes)


@pytest.fixture
def lessons(monkeypatch):
    """What policies are told in every update, which they still learn from."""
    from graftwork.policy import Policy

    seen, learn = [], Policy.learn

    def watched(self, choices, targets, steps=1):
        seen.append(targets.copy())
        learn(self, choices, targets, steps)

    monkeypatch.setattr(Policy, "learn", watched)
    return seen


def mean_reward(seed, worth):
    """The mean number of hits of what the policy draws after its rounds."""
    strategy = AGan(PLAIN, seed, warmup=0, rounds=60, children=8, candidates=4)
    play(strategy, worth, rounds=60)
    drawn, _ = strategy.policy.sample(400, np.random.default_rng(1))
    return np.mean([hits(a) for a in drawn.tolist()])


@pytest.mark.parametrize("seed", range(2))
def test_the_policy_learns_a_reward_and_flees_it_with_the_other_sign(seed):
    # A uniform draw has one hit of four on average, ±0.04 over 400 draws.
    assert mean_reward(seed, hits) > 2
    assert mean_reward(seed, lambda a: -hits(a)) < 0.6


def test_the_unit_and_the_level_of_the_reward_do_not_matter(lessons):
    play(small(), hits)
    play(small(), lambda a: 1000 * hits(a) - 5)
    for first, second in zip(lessons[:5], lessons[5:], strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("after", range(1, 8))
def test_a_restored_strategy_goes_on_identically(after):
    whole, first = small(), small()
    expected = play(whole)
    assert len(expected) == 8
    play(first, rounds=after)
    state = json.loads(json.dumps(first.state(), allow_nan=False))
    second = small(seed=9)
    second.restore(state)
    rest = []
    while not second.done:
        sample = second.training_sample(np.random.default_rng(after + len(rest)))
        asked = second.ask()
        second.tell(asked, np.array([[hits(a)] for a in asked]))
        rest.append((sample, asked, second.report()))
    assert rest == expected[after:]
    assert (second.best, second.ranked()) == (whole.best, whole.ranked())
    assert json.dumps(second.state()) == json.dumps(whole.state())


def test_asking_for_a_training_sample_changes_nothing():
    strategy = small()
    play(strategy, rounds=3)
    before = json.dumps(strategy.state())
    drawn = [strategy.training_sample(np.random.default_rng(5)) for _ in range(3)]
    assert drawn == [drawn[0]] * 3
    other = [strategy.training_sample(np.random.default_rng(seed)) for seed in range(20)]
    assert len(set(other)) > 1
    assert json.dumps(strategy.state()) == before


def test_warm_up_draws_uniformly_and_the_controller_learns_nothing(lessons):
    strategy = small(warmup=3)
    for _ in range(2):  # Before the last warm-up round, after which the controller begins.
        rng = np.random.default_rng(0)
        drawn = np.array([strategy.training_sample(rng) for _ in range(800)])
        shares = np.stack([(drawn == choice).mean(axis=0) for choice in range(4)])
        np.testing.assert_allclose(shares, 0.25, atol=0.06)
        play(strategy, rounds=1)
    play(strategy, rounds=1)
    assert not lessons
    play(strategy, rounds=1)
    assert len(lessons) == 1


def test_training_uses_generators_of_the_controller_beside_uniform_ones():
    strategy = small(warmup=0, uniform=0.3)
    play(strategy, rounds=1)
    strategy._pool = [TARGET]
    rng = np.random.default_rng(0)
    drawn = [strategy.training_sample(rng) for _ in range(1000)]
    # A uniform draw is the target once in 256 times.
    assert np.mean([a == TARGET for a in drawn]) == pytest.approx(0.7, abs=0.05)


def test_the_baseline_of_ranks_is_kept_from_update_to_update(lessons):
    strategy = small(warmup=0, baseline_decay=0.75)
    for rewards in ([0.0, 2.0, 4.0, 2.0], [5.0, 5.0, 7.0, 7.0]):
        strategy.tell(strategy.ask(), np.array(rewards)[:, None])
    # Ranks 1/8, 1/2, 7/8, 1/2 have the mean that was expected; then all are above the middle.
    np.testing.assert_allclose(lessons[0][:, 0] / UNIT, [-3 / 8, 0, 3 / 8, 0], atol=1e-6)
    np.testing.assert_allclose(lessons[1][:, 0] / UNIT, [1 / 8, 1 / 8, 3 / 8, 3 / 8], rtol=1e-6)
    assert strategy.baseline / UNIT == pytest.approx(1 / 2 + 0.25 * 1 / 4)


def test_a_child_is_ranked_among_the_newest_scores_alone(lessons):
    strategy = small(warmup=0, memory=4)
    for rewards in ([100.0] * 4, [0.0, 1.0, 2.0, 3.0]):
        strategy.tell(strategy.ask(), np.array(rewards)[:, None])
    ranks = np.array([1, 3, 5, 7]) / 8 - 1 / 2
    np.testing.assert_allclose(lessons[1][:, 0] / UNIT, ranks, rtol=1e-5)


@pytest.mark.parametrize("bad", [math.nan, -math.inf])
def test_children_without_a_reward_are_accepted_and_never_chosen(bad, lessons):
    def worth(architecture):
        return bad if architecture[0] == 3 else hits(architecture)

    strategy = small(rounds=20, candidates=30)
    play(strategy, worth)
    assert all(architecture[0] != 3 for architecture, _ in strategy.ranked())
    assert strategy.ranked()
    assert strategy.best[0] != 3
    assert all(np.isfinite(targets).all() for targets in lessons)
    json.dumps(strategy.state(), allow_nan=False)


def test_where_nothing_has_a_reward_nothing_is_learned(lessons):
    strategy = small()
    seen = play(strategy, lambda a: math.nan)
    assert (lessons, strategy.ranked()) == ([], [])
    assert strategy.done
    assert PLAIN.check(strategy.best) == strategy.best
    assert all(report["score"] is None for _, _, report in seen)


@pytest.mark.parametrize("constant", [0.0, 0.1, -1e9])
def test_a_constant_reward_teaches_nothing(constant, lessons):
    strategy = small(rounds=20)
    play(strategy, lambda a: constant)
    assert len(lessons) == 20
    assert np.abs([targets[:, 0] for targets in lessons]).max() < 1e-3
    _, logs = strategy.policy.sample(50, np.random.default_rng(0))
    np.testing.assert_allclose(logs, -4 * math.log(4), atol=0.5)


def test_one_child_that_fails_outweighs_no_batch(lessons):
    strategy = small(warmup=0)
    strategy.tell(strategy.ask(), np.array([[0.0], [1.0], [0.0], [1.0]]))
    strategy.tell(strategy.ask(), np.array([[0.0], [1.0], [1e9], [-1e9]]))
    assert np.abs(lessons[1][:, 0]).max() <= UNIT / 2


def test_the_candidates_are_different_and_the_best_of_them_is_best():
    strategy = small(candidates=20)
    asked = play(strategy)[-1][1]
    assert len(set(asked)) == 20
    ranked = strategy.ranked()
    assert [score for _, score in ranked] == sorted(map(hits, asked), reverse=True)
    assert strategy.best == ranked[0][0]


def test_a_space_smaller_than_the_candidates_is_scored_as_a_whole():
    space = Space((Decision("one", ("a", "b")), Decision("two", ("a", "b", "c"))))
    strategy = AGan(space, 0, warmup=1, rounds=1, children=2, candidates=32)
    *_, (_, asked, _) = play(strategy, worth=sum)
    assert sorted(asked) == [space.at(i) for i in range(6)]
    assert strategy.best == (1, 2)
