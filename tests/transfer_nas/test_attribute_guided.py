"""AttributeGuided: what it draws for which task, what it learns from, what it goes on from."""

import json

import numpy as np
import pytest

from graftwork.errors import InputError
from graftwork.policy import Policy
from graftwork.search import Evaluator, search
from graftwork.space import Decision, Space
from transfer_nas.strategy import BLOCK, AttributeGuided, RandomPairs

PLAIN = Space(tuple(Decision(f"decision {i}", ("a", "b", "c")) for i in range(4)))
TARGETS = np.array([[0, 2, 1, 0], [2, 1, 1, 2], [1, 0, 1, 2]])
"""The best architecture of every kind of task. The third decision is alike in all."""


def described(tasks, seed=0):
    """Returns kinds and descriptors: every kind has a centre, and its tasks lie around it."""
    kinds = np.arange(tasks) % len(TARGETS)
    centres = np.random.default_rng(5).normal(size=(len(TARGETS), 6))
    noise = np.random.default_rng([seed, 6]).normal(size=(tasks, 6))
    return kinds, (centres[kinds] + 0.2 * noise).astype("float32")


TASKS = 7
KINDS, DESCRIPTORS = described(TASKS)


UNIFORM = 0.1


def hits(pair, kinds=KINDS):
    return float((np.asarray(pair[:-1]) == TARGETS[kinds[pair[-1]]]).sum())


def small(cls=AttributeGuided, **changes):
    if cls is RandomPairs:
        return RandomPairs(PLAIN, TASKS, **{"rounds": 6, "seed": 0, "batch": 5} | changes)
    given = {
        "rounds": 2,
        "seed": 0,
        "updates": 3,
        "batch": 5,
        "units": 8,
        "uniform": UNIFORM,
    } | changes
    return AttributeGuided(PLAIN, given.pop("descriptors", DESCRIPTORS), **given)


def play(strategy, worth=hits, rounds=10**6, samples=3):
    """Plays so many rounds, each with training samples; returns what was seen of each."""
    seen = []
    while not strategy.done and len(seen) < rounds:
        drawn = training_samples(strategy, samples)
        trains, asked = strategy.trains, strategy.ask()
        strategy.tell(asked, np.array([[worth(pair)] for pair in asked]))
        seen.append((trains, drawn, asked, strategy.report()))
    return seen


def training_samples(strategy, count, seed=0):
    return [strategy.training_sample(np.random.default_rng([seed, n])) for n in range(count)]


@pytest.fixture
def lessons(monkeypatch):
    """What policies are told in every update, which they still learn from."""
    seen, learn = [], Policy.learn

    def watched(self, choices, targets, steps=1, descriptors=None):
        seen.append((choices, targets, descriptors))
        learn(self, choices, targets, steps, descriptors)

    monkeypatch.setattr(Policy, "learn", watched)
    return seen


@pytest.fixture(scope="module")
def learned():
    """A strategy that has learned for 150 rounds."""
    strategy = AttributeGuided(PLAIN, DESCRIPTORS, 30, 0, batch=21, uniform=UNIFORM)
    play(strategy, samples=0)
    return strategy


def test_it_draws_for_every_task_what_is_good_for_that_task(learned):
    modes = learned.policy.mode(DESCRIPTORS)
    assert (modes == TARGETS[KINDS]).mean() > 0.95
    assert len(set(map(tuple, modes.tolist()))) == len(TARGETS)
    # One architecture for all would have 2.3 hits of 4, a uniform draw 1.3.
    rewards = learned.report()["attribute_rewards"]
    assert sorted(rewards) == list(range(TASKS))
    assert min(rewards.values()) > 2.5


def test_it_draws_well_for_tasks_that_it_never_saw(learned):
    kinds, descriptors = described(30, seed=1)
    modes = learned.policy.mode(descriptors)
    assert (modes == TARGETS[kinds]).mean() > 0.9
    drawn, _ = learned.policy.sample(30, np.random.default_rng(0), descriptors)
    assert (drawn == TARGETS[kinds]).mean() > 0.7


def test_learned_weights_begin_where_they_were_with_a_fresh_adam(learned):
    kinds, descriptors = described(6, seed=2)
    given = {"descriptors": descriptors, "trains": False, "units": 32, "batch": 6, "seed": 4}
    state = json.loads(json.dumps(learned.policy.state()))
    tuned, fresh = small(start=state, **given), small(**given)
    assert tuned.policy.state()["weights"] == state["weights"]
    assert tuned.policy.slots[0] == 0
    first = [play(strategy, lambda pair: hits(pair, kinds), 1)[0] for strategy in (tuned, fresh)]
    rewards = [report["reward"] for *_, report in first]
    assert rewards[0] > rewards[1] + 1
    assert tuned.policy.slots[0] == 1


def test_learned_weights_for_other_descriptors_are_refused(learned):
    with pytest.raises(InputError, match="shapes"):
        small(start=learned.policy.state(), units=32, descriptors=DESCRIPTORS[:, :4])


@pytest.mark.parametrize("cls", [AttributeGuided, RandomPairs])
@pytest.mark.parametrize("rounds", [1, 3, 4])
def test_a_strategy_restored_between_rounds_goes_on_identically(cls, rounds):
    whole, stopped, restored = small(cls), small(cls), small(cls, seed=9)
    restored.seed = 0  # A run is resumed with its own arguments.
    expected = play(whole)
    assert len(expected) == 6
    play(stopped, rounds=rounds)
    restored.restore(json.loads(json.dumps(stopped.state(), allow_nan=False)))
    assert restored.report() == stopped.report()
    assert play(restored) == expected[rounds:]
    assert restored.best == whole.best
    assert json.dumps(restored.state()) == json.dumps(whole.state())


@pytest.mark.parametrize("warmup", [0, 2])
def test_a_strategy_restored_between_ask_and_tell_goes_on_identically(warmup):
    def worth(pair):
        return np.nan if pair[0] == 1 else hits(pair)

    whole = small(warmup=warmup)
    expected = play(whole, worth)
    stopped, restored = small(warmup=warmup), small(warmup=warmup)
    assert len(expected) == len(play(stopped, worth, 1)) + 5 + warmup
    training_samples(stopped, 9)
    asked = stopped.ask()
    restored.restore(json.loads(json.dumps(stopped.state(), allow_nan=False)))
    again = training_samples(restored, 3)
    assert again == expected[1][1]
    restored.tell(asked, np.array([[worth(pair)] for pair in asked]))
    assert restored.report() == expected[1][3]
    assert play(restored, worth) == expected[2:]
    assert json.dumps(restored.state()) == json.dumps(whole.state())


def test_training_samples_change_nothing_and_depend_on_their_generator_alone():
    strategy, other = small(), small()
    play(strategy, rounds=2)
    play(other, rounds=2)
    before = json.dumps(strategy.state())
    drawn = training_samples(strategy, 40)
    assert training_samples(other, 40)[::-1] == drawn[::-1]
    assert [other.training_sample(np.random.default_rng([0, n])) for n in (30, 4)] == [
        drawn[30],
        drawn[4],
    ]
    assert len(set(drawn)) > 20
    assert json.dumps(strategy.state()) == before
    play(strategy, rounds=1)
    assert training_samples(strategy, 40) != drawn


def test_training_uses_pairs_of_the_policy_and_a_share_of_uniform_ones(learned):
    rng = np.random.default_rng(0)
    pairs = np.array([learned.training_sample(rng) for _ in range(2000)])
    shares = np.bincount(pairs[:, -1], minlength=TASKS) / len(pairs)
    np.testing.assert_allclose(shares, 1 / TASKS, atol=0.08)
    fresh, _ = learned.policy.sample(
        BLOCK * 30, np.random.default_rng(1), DESCRIPTORS[np.arange(BLOCK * 30) % TASKS]
    )
    expected = (fresh == TARGETS[KINDS[np.arange(BLOCK * 30) % TASKS]]).mean()
    expected = (1 - UNIFORM) * expected + UNIFORM / 3
    assert (pairs[:, :-1] == TARGETS[KINDS[pairs[:, -1]]]).mean() == pytest.approx(
        expected, abs=0.04
    )
    # The policy has left all but TARGETS; what it never draws comes by uniform draws.
    assert (np.stack([(pairs[:, :-1] == c).mean(axis=0) for c in range(3)]) > 0.015).all()


def test_without_being_told_otherwise_training_favours_no_network():
    strategy = small(uniform=1.0, rounds=40, batch=21)
    assert AttributeGuided(PLAIN, DESCRIPTORS, 2, 0).uniform == 1.0
    play(strategy, samples=0)
    rng = np.random.default_rng(0)
    drawn = np.array([strategy.training_sample(rng) for _ in range(900)])
    shares = np.stack([(drawn[:, :-1] == choice).mean(axis=0) for choice in range(3)])
    np.testing.assert_allclose(shares, 1 / 3, atol=0.06)


@pytest.mark.parametrize("cls", [AttributeGuided, RandomPairs])
@pytest.mark.parametrize("batch", [3, 7, 16])
def test_replay_gives_every_task_the_same_number_of_pairs(cls, batch):
    strategy = small(cls, batch=batch)
    counts, orders = np.zeros(TASKS, int), []
    for _, _, asked, _ in play(strategy, rounds=6):
        assert len(asked) == batch
        for pair in asked:
            PLAIN.check(pair[:-1])
            counts[pair[-1]] += 1
            orders.append(pair[-1])
            assert np.ptp(counts) <= 1
    assert orders[:TASKS] != orders[TASKS : 2 * TASKS]


def test_warm_up_is_uniform_and_nothing_is_learned(lessons):
    strategy = small(warmup=2)
    for _ in range(2):
        assert strategy.trains
        rng = np.random.default_rng(0)
        drawn = np.array([strategy.training_sample(rng) for _ in range(900)])
        shares = np.stack([(drawn[:, :-1] == choice).mean(axis=0) for choice in range(3)])
        np.testing.assert_allclose(shares, 1 / 3, atol=0.06)
        np.testing.assert_allclose(np.bincount(drawn[:, -1]) / 900, 1 / TASKS, atol=0.05)
        assert len(strategy.ask()) == 1
        play(strategy, rounds=1)
    assert not lessons
    assert strategy.report()["entropy"] is None
    play(strategy, rounds=1)
    assert len(lessons) == 1


class Counting(Evaluator):
    """Counts the phases of training between evaluations."""

    def __init__(self):
        self.seen = []

    def train(self, sample):
        assert len(sample(np.random.default_rng(0))) == len(PLAIN) + 1
        self.seen.append("train")
        return {"loss": 0.5}

    def evaluate(self, architectures):
        self.seen.append(len(architectures))
        return np.array([[hits(pair)] for pair in architectures])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["train", 5, 5, 5, "train", 5, 5, 5]),
        ({"warmup": 2}, ["train", 1, "train", 1, "train", 5, 5, 5, "train", 5, 5, 5]),
        ({"trains": False, "warmup": 2}, [5] * 6),
        ({"cls": RandomPairs}, [5] * 6),
    ],
    ids=["learns", "warm-up", "no-training", "random"],
)
def test_weights_and_policy_learn_in_turn_in_the_search_loop(changes, expected):
    evaluator, records = Counting(), []
    best = search(small(**changes), evaluator, lambda: True, records.append)
    assert evaluator.seen == expected
    assert len(best) == len(PLAIN) + 1
    last = records[-1]
    assert last.keys() == {"score", "reward", "entropy", "attribute_rewards"} | (
        {"loss"} if evaluator.seen[-2] == "train" else set()
    )
    assert (last["entropy"] is None) == ("cls" in changes)


@pytest.mark.parametrize("cls", [AttributeGuided, RandomPairs])
def test_the_report_has_raw_means_of_what_has_a_score(cls):
    strategy = small(cls)
    asked = [(*pair[:-1], task) for pair, task in zip(strategy.ask(), [4, 1, 4, 4, 0], strict=True)]
    strategy.tell(asked, np.array([[3.0], [8.0], [np.nan], [4.0], [np.nan]]))
    report = strategy.report()
    assert report["reward"] == report["score"] == 5
    assert report["attribute_rewards"] == {1: 8.0, 4: 3.5}
    assert strategy.best == asked[1]


def test_the_policy_learns_from_what_it_drew_and_for_whom(lessons):
    strategy = small(batch=9)
    for *_, asked, _ in play(strategy, rounds=2):
        choices, targets, descriptors = lessons.pop(0)
        np.testing.assert_array_equal(choices, [pair[:-1] for pair in asked])
        np.testing.assert_array_equal(descriptors, DESCRIPTORS[[pair[-1] for pair in asked]])
        assert targets.shape == (9, 2)
        assert (targets[:, 1] < 0).all()  # log π(a).


def test_scores_that_are_none_count_as_the_worst(lessons):
    strategy = AttributeGuided(PLAIN, DESCRIPTORS, 8, 0, batch=21, units=8)

    def worth(pair):
        return np.nan if pair[0] == 0 else hits(pair)

    play(strategy, worth, samples=0)
    assert all(np.isfinite(targets).all() for _, targets, _ in lessons)
    assert all(np.isfinite(weight).all() for weight in strategy.policy.weights)
    drawn, _ = strategy.policy.sample(210, np.random.default_rng(0), np.tile(DESCRIPTORS, (30, 1)))
    assert (drawn[:, 0] == 0).mean() < 0.2
    assert np.isfinite(strategy.report()["reward"])
    assert strategy.best[0] != 0


def test_a_round_without_any_score_is_reported_as_such():
    strategy = small()
    (_, _, _, report), *_ = play(strategy, lambda pair: np.nan)
    assert report["reward"] is None
    assert report["attribute_rewards"] == {}
    json.dumps([report, strategy.state(), strategy.best], allow_nan=False)


def test_a_constant_reward_leaves_the_policy_open():
    strategy = AttributeGuided(PLAIN, DESCRIPTORS, 10, 0, batch=14, units=8)
    play(strategy, lambda pair: 0.5, samples=0)
    assert strategy.report()["entropy"] == pytest.approx(np.log(3), rel=0.05)


def test_the_unit_of_a_tasks_scores_does_not_matter():
    def scaled(pair):
        return 1000.0 ** pair[-1] * hits(pair) - 7

    plain, other = play(small()), play(small(), scaled)
    assert [asked for *_, asked, _ in plain] == [asked for *_, asked, _ in other]


def test_random_pairs_are_uniform():
    strategy = small(RandomPairs, rounds=200, batch=7)
    pairs = []
    while not strategy.done:
        pairs += strategy.ask()
        strategy.tell(pairs[-7:], np.ones((7, 1)))
    shares = np.stack([(np.array(pairs)[:, :-1] == c).mean(axis=0) for c in range(3)])
    np.testing.assert_allclose(shares, 1 / 3, atol=0.06)
