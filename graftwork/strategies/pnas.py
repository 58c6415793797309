"""PNAS: from simple to complex architectures, guided by a learned predictor."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from graftwork.space import Architecture, Space
from graftwork.strategies.sequential import SequentialStrategy
from graftwork.surrogate_perceptron import Ensemble
from graftwork.surrogates import apart, encode, mutants, normal_ranks


class Pnas(SequentialStrategy):
    """Grows the architectures of one level by a decision, and keeps the most promising.

    Liu et al., "Progressive Neural Architecture Search", ECCV 2018, algorithm 1: evaluate all
    the simplest architectures and fit a predictor to them; expand those of the level by one
    block in every way, let the predictor rank the expansions, evaluate the best `width` of
    them, fit again, and so on to the full size.

    Their cells have 1 to 5 blocks. An architecture of a `Space` always makes every decision;
    here it is as complex as the number of decisions that are not at their first choice. In a
    cell of NATS-Bench that is the number of edges that are not `none`, in a tree the number of
    blocks that leave their layer's first parent, so that both begin at the emptiest one: a cell
    without operations, one trunk for all attributes. Level l holds architectures of complexity
    l. Spaces with so many decisions that growing would take more than `growth` of the
    evaluations make several decisions a level.

    Once full-sized, the search goes on where the paper stops: the best architectures are
    mutated, in rounds of `width` that the predictor chooses.

    The predictor is an ensemble of perceptrons over the encoding, where the paper has an
    ensemble of LSTMs or perceptrons over embeddings, and predicts normal ranks instead of
    accuracies. Architectures without a score count as the worst ones. On NATS-Bench's CIFAR-10
    table (16 seeds) paths beside the one-hot encoding, and 100 steps instead of 60, took 2.4
    times as long and made no difference after 100 evaluations: 93.99 and 94.01.

    Args:
        space: The space.
        evaluations: Architectures to evaluate before the strategy is done.
        seed: Seed of everything random; 0 is a seed.
        batch: Architectures to ask for at once.
        width: Architectures to evaluate at each level (the paper's K).
        growth: The largest fraction of the evaluations that growing may take, above 0 to 1.
        parents: How many of the best architectures are mutated after growing.
        candidates: Mutants drawn, or expansions by several decisions, before equal ones are merged.
        encoding: A name from `graftwork.surrogates.ENCODINGS`.
        members: Networks of the predictor.
        steps: Training steps of a fit.
    """

    def __init__(
        self,
        space: Space,
        evaluations: int,
        seed: int,
        batch: int = 1,
        width: int = 5,
        growth: float = 0.6,
        parents: int = 10,
        candidates: int = 1000,
        encoding: str = "one-hot",
        members: int = 20,
        steps: int = 60,
    ) -> None:
        super().__init__(space, evaluations, seed, batch)
        self.width, self.parents, self.candidates = width, parents, candidates
        self.encoding = encoding
        self.ensemble = Ensemble(members, steps=steps)
        self._open = [i for i, count in enumerate(space.choice_counts) if count > 1]
        levels = max(1, int(growth * evaluations / width))
        self._stride = max(1, -(-len(self._open) // levels))
        self._level = [(0,) * len(space)]
        self._queue = list(self._level)

    def complexity(self, architecture: Architecture) -> int:
        """Returns how many decisions are not at their first choice."""
        return sum(choice > 0 for choice in architecture)

    def propose(self, count: int) -> list[Architecture]:
        return self.take(self._queue, count, self.next_level)

    def next_level(self) -> list[Architecture]:
        """Returns the architectures of the next level, the most promising first."""
        if self.complexity(self._level[0]) < len(self._open):
            drawn = self.expansions(self._level)
        else:
            best = apart([architecture for architecture, _ in self.ranked()], self.parents)
            drawn = mutants(self.space, best or self._level, self.candidates, 3, self.rng)
        drawn = [architecture for architecture in drawn if self.is_new(architecture)]
        chosen = self.promising(drawn)[: self.width]
        self._level = chosen or self._level
        return chosen

    def expansions(self, level: Sequence[Architecture]) -> list[Architecture]:
        """Returns different architectures that make one more decision (or `stride` more).

        All of them where one decision is made; where several are, there are too many, and
        `candidates` are drawn.
        """
        if self._stride == 1:
            ways = (a for simpler in level for a in self.space.neighbours(simpler))
            made = self.complexity(level[0]) + 1
            return list(dict.fromkeys(a for a in ways if self.complexity(a) == made))
        counts = np.asarray(self.space.choice_counts)
        grown = np.asarray(level)[np.arange(self.candidates) % len(level)]
        # Decisions in a random order, those that are made already and cannot be made last.
        order = np.argsort(self.rng.random(grown.shape) + (grown > 0) + 2 * (counts == 1), axis=1)
        rows, places = np.indices(grown[:, : self._stride].shape)[0], order[:, : self._stride]
        drawn = self.rng.integers(1, np.maximum(counts[places], 2))
        still = (grown[rows, places] == 0) & (counts[places] > 1)
        grown[rows, places] = np.where(still, drawn, grown[rows, places])
        return list(dict.fromkeys(map(tuple, grown.tolist())))

    def promising(self, candidates: list[Architecture]) -> list[Architecture]:
        """Sorts candidates by predicted score, the best first."""
        if not candidates or len(self.ranked()) < 2:
            return candidates
        known = encode(self.space, list(self.history), self.encoding)
        self.ensemble.fit(known, normal_ranks(list(self.history.values())), self.rng)
        predicted = self.ensemble.predict(encode(self.space, candidates, self.encoding))
        order = np.argsort(-predicted.mean(axis=0), kind="stable")
        return [candidates[i] for i in order]

    def own_state(self) -> dict[str, Any]:
        return {
            "level": [list(architecture) for architecture in self._level],
            "queue": [list(architecture) for architecture in self._queue],
        }

    def own_restore(self, state: dict[str, Any]) -> None:
        self._level = [tuple(architecture) for architecture in state["level"]]
        self._queue = [tuple(architecture) for architecture in state["queue"]]
