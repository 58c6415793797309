"""PPO: the clipped loss, and the probabilities that it compares with."""

import math

import numpy as np
import pytest

from graftwork.policy import Policy
from graftwork.space import Decision, Space
from graftwork.strategies.ppo import PPO, ClippedLoss
from graftwork.strategies.reinforce import PolicyGradientLoss

SPACE = Space(tuple(Decision(f"decision {i}", ("a", "b", "c")) for i in range(5)))


def worth(architecture):
    return sum(choice == 1 for choice in architecture) + 0.01 * architecture[0]


def tell(strategy, architectures):
    strategy.tell(architectures, np.array([[worth(a)] for a in architectures]))


@pytest.mark.parametrize(
    ("ratio", "advantage", "gain"),
    [
        (1.1, 2.0, 2.2),
        (1.5, 2.0, 2.4),  # No gain beyond 1 + ε …
        (0.5, 2.0, 1.0),
        (0.9, -2.0, -1.8),
        (0.5, -2.0, -1.6),  # … nor below 1 − ε …
        (1.5, -2.0, -3.0),  # … but what made it worse is taken back in full.
    ],
)
def test_the_clipped_loss(ratio, advantage, gain):
    old = -4.0
    values = np.array([[old + math.log(ratio), 3.0]])
    loss = ClippedLoss(0.2, 0.1)(np.array([[advantage, old]]), values)
    assert float(loss[0]) == pytest.approx(-gain - 0.3)


def test_the_first_step_of_a_batch_is_that_of_reinforce():
    weights = []
    for loss in (PolicyGradientLoss(0.1), ClippedLoss(0.2, 0.1)):
        policy = Policy(SPACE.choice_counts, 4, 0.01, loss, np.random.default_rng(0))
        choices, logs = policy.sample(5, np.random.default_rng(1))
        advantages = np.array([1.0, -2.0, 0.5, 0.25, -1.0])
        policy.learn(choices, np.stack([advantages, logs], axis=1).astype("float32"))
        weights.append(policy.weights)
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_steps_stop_where_the_probabilities_have_changed_enough():
    """Without entropy and momentum's rest, a clipped batch has no gradient left."""
    policy = Policy(SPACE.choice_counts, 4, 0.01, ClippedLoss(0.2, 0.0), np.random.default_rng(0))
    choices, logs = policy.sample(1, np.random.default_rng(1))
    targets = np.stack([[1.0], logs], axis=1).astype("float32")
    policy.learn(choices, targets, steps=60)
    averages = [slot.copy() for slot in policy.slots]
    policy.learn(choices, targets, steps=20)
    # Adam's averages of the gradients decay as they do for gradients of exactly zero.
    for before, after in zip(averages, policy.slots, strict=True):
        if before.ndim and abs(before).max() > 1e-20:
            assert abs(after).max() < abs(before).max()
    assert policy.slots[0] == 80


def test_it_takes_several_steps_and_compares_with_the_policy_that_drew(monkeypatch):
    seen = []
    learn = Policy.learn

    def watched(self, choices, targets, steps=1):
        seen.append(([tuple(row) for row in choices.tolist()], targets, steps))
        learn(self, choices, targets, steps)

    monkeypatch.setattr(Policy, "learn", watched)
    strategy = PPO(SPACE, 40, seed=0, update_batch=4, epochs=3)
    # Eight are drawn before anything is learned, so that the second batch is an old one.
    first, second = ([strategy.ask()[0] for _ in range(4)] for _ in range(2))
    logs = dict(strategy.drawn)
    tell(strategy, first)
    tell(strategy, second)
    assert [steps for *_, steps in seen] == [3, 3]
    for architectures, targets, _ in seen:
        np.testing.assert_allclose(targets[:, 1], [logs[a] for a in architectures], rtol=1e-6)


def test_it_learns_to_draw_what_is_worth_more():
    space = Space(tuple(Decision(f"decision {i}", ("a", "b", "c")) for i in range(9)))
    strategy = PPO(space, 120, seed=0)
    scores = []
    while not strategy.done:
        asked = strategy.ask()
        scores += [worth(a) for a in asked]
        tell(strategy, asked)
    assert np.mean(scores[80:]) > np.mean(scores[:20]) + 2
    drawn, _ = strategy.policy.sample(200, np.random.default_rng(0))
    assert (drawn == 1).mean() > 0.7
