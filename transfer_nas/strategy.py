"""Strategies that search pairs: an architecture, and the task that it is for as last integer."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from graftwork.policy import Policy
from graftwork.space import Architecture, Space
from graftwork.strategies.reinforce import PolicyGradientLoss
from transfer_nas.pairs import PairStrategy
from transfer_nas.rewards import TaskRewards

BLOCK = 64
"""Pairs that the policy draws at once for the steps of shared training."""
BLOCKS = 8
"""Blocks that the steps between two rounds draw from."""
REDRAWS = 20
"""How often the policy draws again what is over the limits, before uniform draws take its place."""
STREAM = 62
"""Tells the random numbers of training samples from others that have the same seed."""


class RandomPairs(PairStrategy):
    """Uniform architectures, tasks in replay order: what a strategy has to beat.

    Args:
        space: The space of the architectures.
        tasks: The number of tasks T.
        rounds: Rounds before it is done.
        seed: Seed of everything random; 0 is a seed.
        batch: Pairs to ask for at once.
    """

    def __init__(
        self, space: Space, tasks: int, rounds: int, seed: int, *, batch: int = 24
    ) -> None:
        super().__init__(space, tasks, rounds, seed, batch)

    @property
    def trains(self) -> bool:
        return False

    def ask(self) -> list[Architecture]:
        return [(*self.draw(self.rng), task) for task in self.next_tasks(self.batch)]

    def learn(self, pairs: Sequence[Architecture], scores: np.ndarray) -> None:
        """Learns nothing."""

    def training_sample(self, rng: np.random.Generator) -> Architecture:
        return self.uniform_pair(rng)


class AttributeGuided(PairStrategy):
    """REINFORCE with one policy for all tasks, which reads what each of them is like.

    Cheng et al., ACM MM 2018, learn an architecture strategy that the attribute guides. A task's
    descriptor, embedded, is read by the controller at every decision
    (`graftwork.policy.GuidedController`), so that tasks which are alike learn from each other, and
    a task of another domain needs a descriptor and no search. Shared weights and policy learn in
    turn (Pham et al., "Efficient Neural Architecture Search via Parameter Sharing", ICML 2018,
    section 2.2):

    1. `warmup` rounds: the shared weights learn on uniform pairs. One uniform pair is scored, to
       show how far they are, and the policy learns nothing.
    2. `rounds` times: the shared weights learn on uniform pairs, or to a part on those of the
       policy; then, in `updates` rounds, `batch` pairs with the tasks in replay order get their
       scores, and the policy takes one step down

           L = −(1/n) Σ_i A_i log π(a_i | task i) − (β/n) Σ_i H_i

       with the advantages A of `TaskRewards`.

    Here it departs from Pham et al., whose shared weights learn on networks of the policy. There a
    network is rewarded for having been trained more than others, and what is learned so is of
    little worth for other weights (docs/transfer.md).

    The defaults were chosen on a synthetic problem: chains of six stages, 24 tasks of four kinds
    to learn and 8 others of the same kinds to transfer to, additive and pairwise worths, noise.
    Figures are what draws for new tasks are worth, in standard deviations of random architectures,
    of one seed (of two for decay and units), so that small differences mean nothing:

    - After 500 steps of the policy 3.6. With 0.03 and β = 0.2, as `Reinforce` and `AGan` have it
      for their few steps, 2.8. With β of 0.02 and 0.05, 2.8 and 3.4: the entropy is 0 too early.
      After 250 steps 3.5, and 2.8 with a learning rate of 0.003.
    - Decays of 0.8 and 0.95 and 64 units learn alike; 50 more steps on the new tasks have a mean
      of 3.0 to 3.2 with them, and of 3.5 with 0.9 and 32.
    - From scratch, where 50 steps are all there is, 0.03 is better than 0.01 (1.2 against 1.0; with
      β = 0.02, 1.7 against 1.1), so that a fair comparison tries both.

    Args:
        space: The space of the architectures.
        descriptors: Float32 `(T, d)`, a row a task, already scaled.
        rounds: Phases of shared training in which the policy learns, at least 1.
        seed: Seed of everything random; 0 is a seed.
        updates: Steps of the policy between two of these phases.
        batch: n, the pairs of a step, at least 1.
        warmup: Phases of shared training before that, at least 0.
        learning_rate: Adam's.
        entropy_weight: β, in standard deviations of the reward per nat.
        baseline_decay: Of the moving averages of the rewards, at least 0 and below 1.
        units: Size of the LSTM.
        embedding_size: Length of what the LSTM reads of a descriptor.
        uniform: The share of steps of shared training on uniform pairs, from 0 to 1.
        trains: Whether there are shared weights that learn. Without, all rounds go straight on
            from each other, and warm-up has none.
        start: What `Policy.state()` of a learned policy returned, to begin from its weights with
            a fresh Adam.

    Raises:
        InputError: If `start` is of a policy of another shape.
    """

    def __init__(
        self,
        space: Space,
        descriptors: np.ndarray,
        rounds: int,
        seed: int,
        *,
        updates: int = 5,
        batch: int = 24,
        warmup: int = 0,
        learning_rate: float = 0.01,
        entropy_weight: float = 0.1,
        baseline_decay: float = 0.9,
        units: int = 32,
        embedding_size: int = 16,
        uniform: float = 1.0,
        trains: bool = True,
        start: dict[str, Any] | None = None,
    ) -> None:
        self.warmup, self.updates = warmup if trains else 0, updates
        tasks, size = descriptors.shape
        super().__init__(space, tasks, self.warmup + rounds * updates, seed, batch)
        self.descriptors = np.asarray(descriptors, "float32")
        self.has_shared_weights, self.uniform = trains, uniform
        self.policy = Policy(
            space.choice_counts,
            units,
            learning_rate,
            PolicyGradientLoss(entropy_weight),
            self.rng,
            size,
            embedding_size,
        )
        if start is not None:
            self.policy.begin_from(start)
        self.rewards = TaskRewards(tasks, baseline_decay)
        self._log_probabilities: list[float] = []
        self._blocks: dict[int, list[Architecture]] = {}

    @property
    def learns(self) -> bool:
        """Whether the policy takes a step in this round."""
        return self.tells >= self.warmup

    @property
    def trains(self) -> bool:
        first = not self.learns or (self.tells - self.warmup) % self.updates == 0
        return self.has_shared_weights and first

    def ask(self) -> list[Architecture]:
        if not self.learns:
            return [self.uniform_pair(self.rng)]
        pairs, log_probabilities = self.draw_pairs(self.next_tasks(self.batch), self.rng)
        self._log_probabilities = log_probabilities.tolist()
        self.entropy = -float(log_probabilities.mean()) / len(self.space)
        return pairs

    def draw_pairs(
        self, tasks: Sequence[int], rng: np.random.Generator
    ) -> tuple[list[Architecture], np.ndarray]:
        """Draws a pair for every task, within the limits.

        What is over them is drawn again, as if the policy gave it no probability; where the policy
        hardly draws anything else, architectures are drawn uniformly.

        Returns:
            The pairs, and the log-probabilities that the policy draws them with; of uniform ones,
            that of the last pair that was refused.
        """
        pairs, log_probabilities = self._draw(tasks, rng)
        for _ in range(REDRAWS):
            over = [place for place, pair in enumerate(pairs) if not self.keeps(pair[:-1])]
            if not over:
                return pairs, log_probabilities
            again, values = self._draw([tasks[place] for place in over], rng)
            log_probabilities = log_probabilities.copy()
            log_probabilities[over] = values
            for place, pair in zip(over, again, strict=True):
                pairs[place] = pair
        for place, pair in enumerate(pairs):
            if not self.keeps(pair[:-1]):
                pairs[place] = (*self.draw(rng), pair[-1])
        return pairs, log_probabilities

    def _draw(
        self, tasks: Sequence[int], rng: np.random.Generator
    ) -> tuple[list[Architecture], np.ndarray]:
        rows = self.descriptors[np.asarray(tasks)]
        choices, log_probabilities = self.policy.sample(len(tasks), rng, rows)
        pairs = [(*a, task) for a, task in zip(choices.tolist(), tasks, strict=True)]
        return pairs, log_probabilities

    def learn(self, pairs: Sequence[Architecture], scores: np.ndarray) -> None:
        self._blocks = {}
        if not self.learns:
            return
        tasks = [pair[-1] for pair in pairs]
        advantages = self.rewards.advantages(tasks, scores)
        targets = np.stack([advantages, self._log_probabilities], axis=1).astype("float32")
        choices = np.asarray([pair[:-1] for pair in pairs], "int32")
        self.policy.learn(choices, targets, descriptors=self.descriptors[tasks])

    def training_sample(self, rng: np.random.Generator) -> Architecture:
        if not self.learns or rng.random() < self.uniform:
            return self.uniform_pair(rng)
        # A block depends on seed, weights and numbers alone, so that it needs no place in the
        # state, whichever blocks were drawn before.
        number = int(rng.integers(BLOCKS))
        if number not in self._blocks:
            own = np.random.default_rng([self.seed, STREAM, self.tells, number])
            tasks = own.integers(self.tasks, size=BLOCK).tolist()
            self._blocks[number] = self._draw(tasks, own)[0]
        return self._blocks[number][int(rng.integers(BLOCK))]

    def state(self) -> dict[str, Any]:
        return {
            **super().state(),
            "policy": self.policy.state(),
            "rewards": self.rewards.state(),
            "log_probabilities": list(self._log_probabilities),
        }

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.policy.restore(state["policy"])
        self.rewards.restore(state["rewards"])
        self._log_probabilities = list(state["log_probabilities"])
        self._blocks = {}
