"""The four methods that a transfer compares, each a strategy of pairs under one evaluator."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graftwork.attribute_matching import cosines
from graftwork.constraints import Constraints
from graftwork.search import Evaluator, agreed
from graftwork.space import Architecture
from transfer_nas.described import scaled
from transfer_nas.domains import Domain
from transfer_nas.method_table import CHANCE, FINE_TUNED, RANDOM, SCRATCH, TRANSFERRED
from transfer_nas.shared_weights import SharedWeights
from transfer_nas.space import ChainSpace
from transfer_nas.stored_strategy import StoredStrategy
from transfer_nas.strategy import AttributeGuided, PairStrategy, RandomPairs

METHODS = (RANDOM, TRANSFERRED, SCRATCH, FINE_TUNED)
DRAWN = 16
"""Architectures an attribute that a method draws at its end, to show what it draws on average."""
LEARNING: dict[str, dict[str, float]] = {
    SCRATCH: {"learning_rate": 0.03, "entropy_weight": 0.02},
    FINE_TUNED: {"learning_rate": 0.01, "entropy_weight": 0.1},
}
"""How the controllers that learn here do: each as did best in 50 evaluations of a synthetic problem
(`AttributeGuided`)."""
LIKELY = 64
"""Draws among which a transferred strategy's choice is looked for, where its first is too large."""
NEAREST = 3
"""Source attributes to name for every attribute of the target."""


class Rewards(Evaluator):
    """An evaluator that notes every reward in the order of evaluation.

    Args:
        shared: The shared weights, which do not learn here.
        tasks: The number of tasks.
        constraints: What a network may cost that is chosen; None without limits.
    """

    def __init__(
        self, shared: SharedWeights, tasks: int, constraints: Constraints | None = None
    ) -> None:
        self.shared, self.constraints = shared, constraints
        self.pairs: list[list[Architecture]] = [[] for _ in range(tasks)]
        self.rewards: list[list[float | None]] = [[] for _ in range(tasks)]

    def train(self, sample: Callable[[np.random.Generator], Architecture]) -> dict[str, Any]:
        """Trains nothing: all methods search under the same weights."""
        return {}

    def evaluate(self, architectures: Sequence[Architecture]) -> np.ndarray:
        scores = self.shared.scores(architectures)
        for pair, score in zip(architectures, scores, strict=True):
            self.pairs[pair[-1]].append(tuple(pair[:-1]))
            self.rewards[pair[-1]].append(score)
        return np.array([[np.nan if score is None else score] for score in scores])

    def best(self, task: int) -> Architecture:
        """Returns the architecture of a task with the highest reward, the first of equals.

        With a limit of latency it is the best of those that keep it.
        """
        rewards = [-np.inf if reward is None else reward for reward in self.rewards[task]]
        order = np.argsort(-np.array(rewards), kind="stable")
        return self.first_that_fits([self.pairs[task][place] for place in order])

    def first_that_fits(self, architectures: Sequence[Architecture]) -> Architecture:
        """Returns the first of some architectures that keeps all limits, or the smallest of all."""
        if self.constraints is None:
            return architectures[0]
        return self.constraints.first_that_fits(architectures) or self.constraints.smallest

    def state(self) -> dict[str, Any]:
        """Returns what was noted, as JSON values."""
        return {"pairs": self.pairs, "rewards": self.rewards}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from what `state` returned."""
        self.pairs = [[tuple(pair) for pair in pairs] for pairs in state["pairs"]]
        self.rewards = [list(rewards) for rewards in state["rewards"]]


def make_method(
    method: str,
    space: ChainSpace,
    descriptors: np.ndarray,
    stored: StoredStrategy,
    evaluations: int,
    learning_rate: float | None,
    constraints: Constraints | None = None,
) -> PairStrategy:
    """Returns the strategy of a method, at its beginning.

    A round evaluates one architecture for every task, so that after k rounds each task has had
    k evaluations.

    Args:
        method: One of `METHODS`.
        space: The space.
        descriptors: The target's descriptors, `(T, d)`, not scaled.
        stored: The learned strategy.
        evaluations: How many architectures to evaluate for every task.
        learning_rate: Of the controller; that of `LEARNING` if None.
        constraints: What a network may cost; None without limits.
    """
    strategy = _unlimited(method, space, descriptors, stored, evaluations, learning_rate)
    strategy.constraints = constraints
    return strategy


def _unlimited(
    method: str,
    space: ChainSpace,
    descriptors: np.ndarray,
    stored: StoredStrategy,
    evaluations: int,
    learning_rate: float | None,
) -> PairStrategy:
    tasks = len(descriptors)
    if method == RANDOM:
        return RandomPairs(space, tasks, evaluations, stored.seed, batch=tasks)
    learning: dict[str, Any] = {**LEARNING.get(method, LEARNING[FINE_TUNED])}
    if learning_rate is not None:
        learning["learning_rate"] = learning_rate
    return AttributeGuided(
        space,
        scaled(descriptors, [""] * tasks, stored.scaling),
        evaluations,
        stored.seed,
        updates=1,
        batch=tasks,
        units=stored.units,
        embedding_size=stored.embedding_size,
        trains=False,
        start=None if method == SCRATCH else stored.policy,
        **learning,
    )


def method_entry(
    method: str,
    strategy: PairStrategy,
    found: Rewards,
    domain: Domain,
    descriptors: np.ndarray,
    stored: StoredStrategy,
) -> list[dict[str, Any]]:
    """Returns what the journal says of a method's attributes.

    Args:
        method: One of `METHODS`.
        strategy: Its strategy, at its end.
        found: What was evaluated.
        domain: The target.
        descriptors: Its descriptors, `(T, d)`, not scaled.
        stored: The learned strategy.
    """
    rng = np.random.default_rng([stored.seed, 302, METHODS.index(method)])
    shared = found.shared
    modes = None
    if isinstance(strategy, AttributeGuided) and method == TRANSFERRED:
        modes = agreed(strategy.policy.mode(strategy.descriptors).tolist())
    near = nearest(descriptors, stored) if modes else None
    rows = []
    for task, attribute in enumerate(domain.attributes):
        rewards = found.rewards[task]
        if modes is None:
            chosen = found.best(task)
        elif found.constraints is None or found.constraints.fits(modes[task]):
            chosen = modes[task]
        else:
            chosen = found.first_that_fits(likely(strategy, task, rng))
        (score,) = shared.scores([(*chosen, task)])
        drawn = shared.scores(drawn_pairs(strategy, task, DRAWN, rng))
        if method == RANDOM:
            drawn += rewards  # As uniform as the others: the mean is only more exact.
        row: dict[str, Any] = {
            "attribute": attribute,
            "rewards": rewards,
            "architecture": list(chosen),
            "score": score,
            "expected": known_mean(drawn),
            "drawn": drawn,
        }
        if method == RANDOM:
            first = found.first_that_fits(found.pairs[task])
            row["first_architecture"] = list(first)
            if found.constraints is not None:  # The first that was evaluated may be too slow.
                (row["first_score"],) = shared.scores([(*first, task)])
        if near:
            row["nearest"] = near[task]
            # Drawn for another attribute: does it matter which one the strategy is told?
            other = drawn_pairs(strategy, (task + 1) % strategy.tasks, DRAWN, rng)
            row["shuffled"] = known_mean(shared.scores([(*pair[:-1], task) for pair in other]))
        rows.append(row)
    return rows


def drawn_pairs(
    strategy: PairStrategy, task: int, count: int, rng: np.random.Generator
) -> list[Architecture]:
    """Draws pairs of a task from what a strategy has learned, or uniformly where it learns not."""
    if not isinstance(strategy, AttributeGuided):
        return [(*strategy.draw(rng), task) for _ in range(count)]
    return strategy.draw_pairs([task] * count, rng)[0]


def likely(strategy: PairStrategy, task: int, rng: np.random.Generator) -> list[Architecture]:
    """Returns architectures within the limits that a policy draws for a task, the likeliest first.

    They stand for its most likely architecture where that one is over a limit.
    """
    assert isinstance(strategy, AttributeGuided)
    pairs, log_probabilities = strategy.draw_pairs([task] * LIKELY, rng)
    order = np.argsort(-log_probabilities, kind="stable")
    return agreed([pairs[place][:-1] for place in order])


def nearest(descriptors: np.ndarray, stored: StoredStrategy) -> list[list[dict[str, Any]]]:
    """Returns the source attributes that every attribute of the target is most like.

    Args:
        descriptors: The target's descriptors, `(T, d)`, not scaled.
        stored: The learned strategy.

    Returns:
        For every task up to three, the most similar first, by the cosine of descriptors scaled
        as the policy reads them.
    """
    here = scaled(descriptors, [""] * len(descriptors), stored.scaling)
    there = scaled(stored.descriptors, [one.domain for one in stored.attributes], stored.scaling)
    rows = []
    for row in cosines(here, there):
        order = np.argsort(-row, kind="stable")[:NEAREST]
        sources = [(stored.attributes[place], float(row[place])) for place in order]
        rows.append(
            [
                {"domain": one.domain, "attribute": one.attribute, "similarity": similarity}
                for one, similarity in sources
            ]
        )
    return rows


def known_mean(values: Sequence[float | None]) -> float | None:
    """Returns the mean of rewards, or None without any; one that is no number counts as chance."""
    known = [CHANCE if value is None else value for value in values]
    return float(np.mean(known)) if known else None
