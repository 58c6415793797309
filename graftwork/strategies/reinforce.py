"""REINFORCE: a controller that learns to draw better architectures."""

import dataclasses
import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from graftwork.policy import Policy
from graftwork.space import Architecture, Space
from graftwork.strategies.sequential import SequentialStrategy

BARREN_BATCHES = 3
"""So many batches in a row without a new architecture, and a random one is evaluated."""


@dataclasses.dataclass(frozen=True)
class PolicyGradientLoss:
    """The loss whose gradient is REINFORCE's: −A log π(a) − β H (Williams 1992).

    Args:
        entropy_weight: β, in standard deviations of the reward per nat.
    """

    entropy_weight: float

    def __call__(self, targets: Any, values: Any) -> Any:
        """Returns the loss of every architecture, `(n,)`.

        Args:
            targets: Float tensor `(n, 2)`: advantage, and log π(a) when `a` was drawn.
            values: Float tensor `(n, 2)`: log π(a) and H, as `Controller` gives them.
        """
        return -targets[:, 0] * values[:, 0] - self.entropy_weight * values[:, 1]


class Reinforce(SequentialStrategy):
    """Draws from an LSTM policy and makes what was better than expected more likely.

    Zoph & Le, "Neural Architecture Search with Reinforcement Learning", ICLR 2017. When the n
    architectures of a batch have their rewards, Adam takes one step down

        L = −(1/n) Σ_i (R_i − b) log π(a_i) − (β/n) Σ_i H_i,

    where log π(a) is that of the whole sequence of decisions, H the entropy of the decisions'
    distributions, and the baseline b a moving average of the batches' mean rewards, kept from
    update to update: b ← d b + (1 − d) mean(R).

    - The reward of an architecture is the rank of its score among all scores so far, from 0
      (worst) to √12 (best), which has a standard deviation of 1. So the defaults suit scores of
      any unit, and a few very bad architectures do not drown the differences between the good.
      (NATS-Bench, 100 evaluations: 93.99 % against 93.81 % for scores over their deviation.)
    - An architecture without a score gets the reward of the worst score so far; while there is
      no score at all, nothing is learned.
    - The policy may draw what was evaluated before. Its score is known, so it costs nothing
      and counts in the batch like any other, so that the batch stays a sample of the policy.
      (Leaving it out made no difference on NATS-Bench.) After three batches without anything
      new, an architecture drawn uniformly is evaluated. The policy does not learn from it, as it
      did not draw it; but it counts in the ranks.

    The defaults were chosen on the CIFAR-10 columns of NATS-Bench.

    Args:
        space: The space.
        evaluations: Architectures to evaluate before the strategy is done.
        seed: Seed of everything random; 0 is a seed.
        batch: Architectures to ask for at once, at least 1.
        update_batch: n, the architectures of an update, at least 1.
        learning_rate: Of Adam.
        entropy_weight: β, in standard deviations of the reward per nat.
        baseline_decay: d, at least 0 and below 1.
        units: Size of the LSTM.
    """

    steps_an_update = 1

    def __init__(
        self,
        space: Space,
        evaluations: int,
        seed: int,
        batch: int = 1,
        update_batch: int = 5,
        learning_rate: float = 0.03,
        entropy_weight: float = 0.2,
        baseline_decay: float = 0.9,
        units: int = 32,
    ) -> None:
        super().__init__(space, evaluations, seed, batch)
        self.update_batch = update_batch
        self.entropy_weight = entropy_weight
        self.baseline_decay = baseline_decay
        self.policy = Policy(space.choice_counts, units, learning_rate, self.loss(), self.rng)
        self.baseline = math.sqrt(12) / 2
        """The reward that is expected, at first that of a score in the middle."""
        self.drawn: list[tuple[Architecture, float]] = []
        """What the policy drew and did not learn from yet, with log π(a) at that time."""

    def loss(self) -> Hashable:
        """Returns the loss that the policy learns by."""
        return PolicyGradientLoss(self.entropy_weight)

    def propose(self, count: int) -> list[Architecture]:
        new = self._new_ones()
        barren = 0
        while len(new) < count and barren < BARREN_BATCHES:
            before = len(new)
            self._draw()
            self._update()
            new = self._new_ones()
            barren = barren + 1 if len(new) == before else 0
        return new

    def learn(self, architectures: Sequence[Architecture], scores: np.ndarray) -> None:
        self._update()

    def _new_ones(self) -> list[Architecture]:
        return list(dict.fromkeys(a for a, _ in self.drawn if self.is_new(a)))

    def _draw(self) -> None:
        choices, log_probabilities = self.policy.sample(self.update_batch, self.rng)
        self.drawn += zip(map(tuple, choices.tolist()), log_probabilities.tolist(), strict=True)

    def _update(self) -> None:
        """Learns from every whole batch of drawn architectures that were evaluated."""
        # With several workers the batches mix: what was evaluated first is learned from first.
        while True:
            known = [i for i, (a, _) in enumerate(self.drawn) if a in self.history]
            if len(known) < self.update_batch:
                return
            taken = known[: self.update_batch]
            episodes = [self.drawn[i] for i in taken]
            self.drawn = [e for i, e in enumerate(self.drawn) if i not in taken]
            rewards = self.rewards([a for a, _ in episodes])
            if not len(rewards):
                continue
            advantages = rewards - self.baseline
            self.baseline += (1 - self.baseline_decay) * float(advantages.mean())
            targets = np.stack([advantages, [log for _, log in episodes]], axis=1)
            choices = np.asarray([a for a, _ in episodes], "int32")
            self.policy.learn(choices, targets.astype("float32"), self.steps_an_update)

    def rewards(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns the rewards of evaluated architectures: ranks, scaled to unit deviation.

        Equal scores have the same reward, the mean of their ranks.

        Returns:
            Float array `(architectures,)` in 0…√12, empty while nothing has a score.
        """
        scores = np.sort([score for score in self.history.values() if score > -np.inf])
        if not len(scores):
            return scores
        values = np.maximum([self.history[a] for a in architectures], scores[0])
        below, upto = (np.searchsorted(scores, values, side) for side in ("left", "right"))
        return (below + upto) / 2 / len(scores) * math.sqrt(12)

    def own_state(self) -> dict[str, Any]:
        return {
            "policy": self.policy.state(),
            "baseline": self.baseline,
            "drawn": [[list(a), log] for a, log in self.drawn],
        }

    def own_restore(self, state: dict[str, Any]) -> None:
        self.policy.restore(state["policy"])
        self.baseline = state["baseline"]
        self.drawn = [(tuple(a), log) for a, log in state["drawn"]]
