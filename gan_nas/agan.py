"""A-GAN: a controller that learns, in turn with the shared weights, which generators are good."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graftwork.constraints import Constraints, penalised
from graftwork.policy import Policy
from graftwork.space import Architecture, Space
from graftwork.strategies import Strategy
from graftwork.strategies.reinforce import PolicyGradientLoss

POOL = 64
"""Architectures drawn at once for the steps of a round."""
MOST_DRAWS = 10_000
"""Uniform draws, at most, for the candidates of the last round."""
UNIT = math.sqrt(12)
"""Ranks from 0 to this have a standard deviation of 1."""


class AGan(Strategy):
    """REINFORCE with an LSTM controller on shared weights that go on learning.

    Wang & Huan, "AGAN: Towards Automated Design of Generative Adversarial Networks", 2019
    (arXiv 1906.11080) let a controller propose generators and rewarded it with their Inception
    Score, after training each of them by itself. Here the children share weights, and the two
    learn in turn (Pham et al., "Efficient Neural Architecture Search via Parameter Sharing",
    ICML 2018, section 2.2), as what the paper leaves open:

    1. `warmup` rounds: every training step uses a generator drawn uniformly.
    2. `rounds` rounds: a training step uses a generator of the controller, or with probability
       `uniform` one drawn uniformly, so that what the controller dislikes is not judged by weights
       that never learned. Then `children` generators of the controller are rewarded, and it takes
       one step down

           L = −(1/n) Σ_i (R_i − b) log π(a_i) − (β/n) Σ_i H_i.

       R is the rank of a child's score among the newest `memory` scores, this batch's
       with them, from 0 to √12: KID has no bound above, and one child that fails would
       drown all differences between the others. As old scores are forgotten, the rank follows
       the shared weights while they get better. b is a moving average of the batches' mean
       R, kept from update to update.
    3. One round without training: `candidates` different generators of the controller get their
       scores from the same final weights. The best of these are the shortlist.

    Args:
        space: The space.
        seed: Seed of everything random; 0 is a seed.
        warmup: Rounds before the controller begins, at least 0.
        rounds: Rounds in which it learns, at least 1.
        children: n, the generators of an update, at least 2.
        candidates: Generators that are scored at the end, at least 1.
        learning_rate: Adam's.
        entropy_weight: β, in standard deviations of the reward per nat.
        baseline_decay: Of b, at least 0 and below 1.
        memory: Scores that a child is ranked among, as far as there are so many.
        uniform: Share of the training steps of phase 2 that use a uniform draw.
        units: Size of the LSTM.
        constraints: What a generator may cost. A child over it is told a lower score
            (`graftwork.constraints.penalised`), so that the controller learns where the limits
            are; the candidates of the last round, and what is returned, keep them.
        most: Scored generators after which the search ends, at least 4: half of them candidates of
            the last round, the others children, fewer an update where they do not suffice for
            all rounds. None for no limit.
    """

    def __init__(
        self,
        space: Space,
        seed: int,
        warmup: int,
        rounds: int,
        children: int = 8,
        candidates: int = 32,
        learning_rate: float = 0.03,
        entropy_weight: float = 0.2,
        baseline_decay: float = 0.9,
        memory: int = 48,
        uniform: float = 0.3,
        units: int = 32,
        constraints: Constraints | None = None,
        most: int | None = None,
    ) -> None:
        self.constraints = constraints
        if most is not None:
            # Half is for the choice at the end. Fewer children an update rather than fewer rounds:
            # the shared weights learn in all of them.
            candidates = min(candidates, most // 2)
            children = max(2, min(children, (most - candidates) // rounds))
            rounds = min(rounds, (most - candidates) // children)
        self.space, self.warmup, self.rounds = space, warmup, rounds
        self.children, self.candidates = children, min(candidates, space.size)
        self.baseline_decay, self.memory, self.uniform = baseline_decay, memory, uniform
        self.rng = np.random.default_rng([seed, 31])
        loss = PolicyGradientLoss(entropy_weight)
        self.policy = Policy(space.choice_counts, units, learning_rate, loss, self.rng)
        self.baseline = UNIT / 2
        """The rank that is expected, at first that of a score in the middle."""
        self.recent: list[float] = []
        """The newest scores, which a child is ranked among."""
        self.entropy: float | None = None
        """Estimate of the policy's entropy, in nats a decision."""
        self.scores: dict[Architecture, float] = {}
        """What the candidates of the last round are worth under the final weights."""
        self._round = 0
        self._log_probabilities: list[float] = []
        self._first = constraints.draw(self.rng) if constraints else space.sample(self.rng)
        self._best = self._first
        self._pool: list[Architecture] = []
        self._report: dict[str, Any] = {}

    @property
    def done(self) -> bool:
        return bool(self.scores)

    @property
    def trains(self) -> bool:
        return self._round < self.warmup + self.rounds

    @property
    def learns(self) -> bool:
        """Whether the controller takes a step in this round."""
        return self.warmup <= self._round < self.warmup + self.rounds

    def stop_training(self) -> None:
        """Goes on to the last phase now: the candidates are scored in the next round."""
        self._round = max(self._round, self.warmup + self.rounds)

    @property
    def best(self) -> Architecture:
        ranked = self.ranked()
        return ranked[0][0] if ranked else self._best

    def ranked(self) -> list[tuple[Architecture, float]]:
        """Returns the candidates under the final weights that have a score, the best first."""
        scored = [(a, score) for a, score in self.scores.items() if np.isfinite(score)]
        return sorted(scored, key=lambda pair: -pair[1])

    def training_sample(self, rng: np.random.Generator) -> Architecture:
        if not self._pool or rng.random() < self.uniform:
            return self.space.sample(rng)
        return self._pool[int(rng.integers(len(self._pool)))]

    def ask(self) -> list[Architecture]:
        if self._round < self.warmup:
            return [self.space.sample(self.rng)]  # To show how far the weights are.
        if self.learns:
            drawn, self._log_probabilities = self._draw(self.children)
            return drawn
        return self._candidates()

    def tell(self, architectures: Sequence[Architecture], scores: np.ndarray) -> None:
        values = np.asarray(scores, float).mean(axis=1)
        finite = values[np.isfinite(values)]
        before = self.best
        within = np.array([self._keeps(a) for a in architectures])
        if (np.isfinite(values) & within).any():
            usable = np.where(np.isfinite(values) & within, values, np.nan)
            self._best = architectures[int(np.nanargmax(usable))]
        if not self.trains:
            self.scores = dict(zip(architectures, map(float, values), strict=True))
        elif self.learns and len(finite):
            known = np.where(np.isfinite(values), values, finite.min())
            self._learn(architectures, self._penalised(architectures, known))
        self._round += 1
        if self.trains and self._round >= self.warmup:
            self._pool = self._draw(POOL)[0]
        self._report = {
            "score": float(finite.mean()) if len(finite) else None,
            "best_score": float(finite.max()) if len(finite) else None,
            "changed": int(self.best != before),
            "evaluated": len(architectures),
            "entropy": self.entropy,
        }

    def _keeps(self, architecture: Architecture) -> bool:
        return self.constraints is None or self.constraints.keeps(architecture)

    def _penalised(self, architectures: Sequence[Architecture], scores: np.ndarray) -> np.ndarray:
        if self.constraints is None:
            return scores
        excesses = map(self.constraints.excess, architectures)
        return np.array([penalised(float(s), e) for s, e in zip(scores, excesses, strict=True)])

    def _learn(self, architectures: Sequence[Architecture], scores: np.ndarray) -> None:
        self.recent = [*self.recent, *map(float, scores)][-self.memory :]
        known = np.sort(self.recent)
        below, upto = (np.searchsorted(known, scores, side) for side in ("left", "right"))
        rewards = (below + upto) / 2 / len(known) * UNIT  # Equal scores share a rank.
        advantages = rewards - self.baseline
        self.baseline += (1 - self.baseline_decay) * float(advantages.mean())
        targets = np.stack([advantages, self._log_probabilities], axis=1).astype("float32")
        self.policy.learn(np.asarray(architectures, "int32"), targets)

    def _draw(self, count: int) -> tuple[list[Architecture], list[float]]:
        choices, log_probabilities = self.policy.sample(count, self.rng)
        self.entropy = -float(log_probabilities.mean()) / len(self.space)
        return [tuple(a) for a in choices.tolist()], log_probabilities.tolist()

    def _candidates(self) -> list[Architecture]:
        """Draws different generators within the limits; uniform ones where there are no more."""
        found: dict[Architecture, None] = {}
        for _ in range(8):
            found |= dict.fromkeys(filter(self._keeps, self._draw(self.candidates)[0]))
        for _ in range(MOST_DRAWS):  # Within limits there may be fewer than are wanted.
            if len(found) >= self.candidates:
                break
            limits = self.constraints
            found[limits.draw(self.rng) if limits else self.space.sample(self.rng)] = None
        return list(found)[: self.candidates]

    def report(self) -> dict[str, Any]:
        return self._report

    def state(self) -> dict[str, Any]:
        return {
            "policy": self.policy.state(),
            "baseline": self.baseline,
            "recent": list(self.recent),
            "entropy": self.entropy,
            "scores": [
                [list(a), score if np.isfinite(score) else None] for a, score in self.scores.items()
            ],
            "round": self._round,
            "log_probabilities": list(self._log_probabilities),
            "first": list(self._first),
            "best": list(self._best),
            "pool": [list(a) for a in self._pool],
            "report": dict(self._report),
            "rng": self.rng.bit_generator.state,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.policy.restore(state["policy"])
        self.baseline, self.recent = state["baseline"], list(state["recent"])
        self.entropy = state["entropy"]
        self.scores = {
            tuple(a): -np.inf if score is None else score for a, score in state["scores"]
        }
        self._round = state["round"]
        self._log_probabilities = list(state["log_probabilities"])
        self._first, self._best = tuple(state["first"]), tuple(state["best"])
        self._pool = [tuple(a) for a in state["pool"]]
        self._report = dict(state["report"])
        self.rng.bit_generator.state = state["rng"]
