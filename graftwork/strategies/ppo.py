"""PPO: REINFORCE that takes several careful steps a batch."""

import dataclasses
from collections.abc import Hashable
from typing import Any

from keras import ops

from graftwork.space import Space
from graftwork.strategies.reinforce import Reinforce


@dataclasses.dataclass(frozen=True)
class ClippedLoss:
    """The loss of PPO: −min(r A, clip(r, 1 − ε, 1 + ε) A) − β H.

    r = π(a) / π_old(a) is how much more likely the policy makes an architecture than it did when
    it drew it (Schulman et al. 2017, equations 6 and 7).

    Args:
        clip: ε.
        entropy_weight: β, in standard deviations of the reward per nat.
    """

    clip: float
    entropy_weight: float

    def __call__(self, targets: Any, values: Any) -> Any:
        """Returns the loss of every architecture, `(n,)`.

        Args:
            targets: Float tensor `(n, 2)`: advantage, and log π_old(a).
            values: Float tensor `(n, 2)`: log π(a) and H, as `Controller` gives them.
        """
        advantage = targets[:, 0]
        ratio = ops.exp(values[:, 0] - targets[:, 1])
        clipped = ops.clip(ratio, 1 - self.clip, 1 + self.clip)
        gain = ops.minimum(ratio * advantage, clipped * advantage)
        return -gain - self.entropy_weight * values[:, 1]


class PPO(Reinforce):
    """REINFORCE with several steps a batch, none of them far from the policy that drew it.

    Schulman et al., "Proximal Policy Optimization Algorithms", arXiv 1707.06347, as Zoph et al.,
    "Learning Transferable Architectures for Scalable Image Recognition", CVPR 2018, train their
    controller: a clipped ratio of probabilities of whole architectures, and a moving average for
    a baseline in place of a value network. Rewards, duplicates and failures as in `Reinforce`.

    The defaults were chosen on the CIFAR-10 columns of NATS-Bench.

    Args:
        space: The space.
        evaluations: Architectures to evaluate before the strategy is done.
        seed: Seed of everything random; 0 is a seed.
        batch: Architectures to ask for at once, at least 1.
        update_batch: The architectures of an update, at least 1.
        epochs: Steps on each of these batches.
        clip: ε: steps stop to gain where a probability has changed by this part.
        learning_rate: Of Adam.
        entropy_weight: β, in standard deviations of the reward per nat.
        baseline_decay: Of the moving average of rewards, at least 0 and below 1.
        units: Size of the LSTM.
    """

    def __init__(
        self,
        space: Space,
        evaluations: int,
        seed: int,
        batch: int = 1,
        update_batch: int = 5,
        epochs: int = 4,
        clip: float = 0.2,
        learning_rate: float = 0.01,
        entropy_weight: float = 0.1,
        baseline_decay: float = 0.9,
        units: int = 32,
    ) -> None:
        self.clip = clip
        super().__init__(
            space,
            evaluations,
            seed,
            batch,
            update_batch,
            learning_rate,
            entropy_weight,
            baseline_decay,
            units,
        )
        self.steps_an_update = epochs

    def loss(self) -> Hashable:
        return ClippedLoss(self.clip, self.entropy_weight)
