"""Neural Predictor: one network, trained once, ranks what is left."""

from typing import Any

import numpy as np

from graftwork.space import Architecture, Space
from graftwork.strategies.sequential import SequentialStrategy
from graftwork.surrogate_graph import GraphPredictor
from graftwork.surrogates import normal_ranks


class NeuralPredictor(SequentialStrategy):
    """Evaluates a random sample, fits a graph network to it, and evaluates its favourites.

    Wen et al., "Neural Predictor for Neural Architecture Search", ECCV 2020, section 3:

    1. evaluate N random architectures and train a regressor on them;
    2. predict the score of very many random architectures, here of all where the space has no
       more than `candidates`;
    3. evaluate the K predicted best, and choose among them by their real score.

    N is `share` of the evaluations and K the rest: nothing is fitted again. The paper puts a
    classifier before the regressor, which keeps the many bad architectures away from it;
    here the targets are normal ranks, which do the same in one network.

    Architectures without a score count as the worst ones.

    Args:
        space: The space; its `adjacency()` is the graph.
        evaluations: Architectures to evaluate before the strategy is done.
        seed: Seed of everything random; 0 is a seed.
        batch: Architectures to ask for at once.
        share: Fraction of the evaluations that is random, above 0 to 1.
        candidates: The most architectures to predict.
        steps: Training steps.
    """

    def __init__(
        self,
        space: Space,
        evaluations: int,
        seed: int,
        batch: int = 1,
        share: float = 0.5,
        candidates: int = 20_000,
        steps: int = 200,
    ) -> None:
        super().__init__(space, evaluations, seed, batch)
        self.sample_size = max(1, round(share * evaluations))
        self.candidates, self.steps = candidates, steps
        self._queue: list[Architecture] = []

    def propose(self, count: int) -> list[Architecture]:
        asked = len(self.history) + len(self.pending)
        if asked < self.sample_size or not self.ranked():
            return []
        return self.take(self._queue, count, self.predicted_best)

    def predicted_best(self) -> list[Architecture]:
        """Returns new architectures, the one predicted best first."""
        if self.space.size <= self.candidates:
            drawn = [self.space.at(index) for index in range(self.space.size)]
        else:
            drawn = [self.space.sample(self.rng) for _ in range(self.candidates)]
        new = [architecture for architecture in dict.fromkeys(drawn) if self.is_new(architecture)]
        predictor = GraphPredictor(self.space, steps=self.steps)
        targets = normal_ranks(list(self.history.values()))
        predictor.fit(list(self.history), targets, self.rng)
        order = np.argsort(-predictor.predict(new), kind="stable")
        left = self.evaluations - len(self.history) - len(self.pending)
        return [new[i] for i in order[:left]]

    def own_state(self) -> dict[str, Any]:
        return {"queue": [list(architecture) for architecture in self._queue]}

    def own_restore(self, state: dict[str, Any]) -> None:
        self._queue = [tuple(architecture) for architecture in state["queue"]]
