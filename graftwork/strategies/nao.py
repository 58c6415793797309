"""NAO: gradient ascent in a learned continuous space of architectures."""

from typing import Any

import numpy as np

from graftwork.space import Architecture, Space
from graftwork.strategies.sequential import SequentialStrategy
from graftwork.surrogate_autoencoder import Autoencoder
from graftwork.surrogates import apart, mutants, normal_ranks


class Nao(SequentialStrategy):
    """Moves the embeddings of the best architectures uphill and decodes what is there.

    Luo et al., "Neural Architecture Optimization", NeurIPS 2018, algorithm 1: `initial` random
    architectures; then in turns fit encoder, predictor and decoder to the history, and move the
    embedding of each of the best `parents` architectures along the predictor's gradient,

        e' = e + η ∂f/∂e      (eq. 4),

    decode, and evaluate what is new. As in the authors' code, a step that decodes to a known
    architecture is followed by another step. Here every parent takes `ascent` steps of length
    η (the gradient's direction alone, so that η means the same at every fit), and of all new
    architectures that they pass, those predicted best are evaluated.

    Departures: perceptrons instead of LSTMs; normal ranks as targets; the decoder is also
    trained on random architectures, which need no evaluation (as in Luo et al., "Semi-Supervised
    Neural Architecture Search", NeurIPS 2020), because tens of evaluated ones do not teach it
    the space. Where the ascent finds too little that is new, mutants of the parents fill up.

    Architectures without a score count as the worst ones.

    Args:
        space: The space.
        evaluations: Architectures to evaluate before the strategy is done.
        seed: Seed of everything random; 0 is a seed.
        batch: Architectures to ask for at once.
        initial: Random architectures before the first fit.
        refit_every: Evaluations between two fits.
        parents: How many of the best architectures are moved.
        ascent: Steps that each of them is moved.
        step_size: η, as a fraction of the embeddings' typical length.
        unlabelled: Random architectures that the decoder learns from, at every fit.
        steps: Training steps of a fit.
    """

    def __init__(
        self,
        space: Space,
        evaluations: int,
        seed: int,
        batch: int = 1,
        initial: int = 20,
        refit_every: int = 10,
        parents: int = 20,
        ascent: int = 20,
        step_size: float = 0.05,
        unlabelled: int = 60,
        steps: int = 150,
    ) -> None:
        super().__init__(space, evaluations, seed, batch)
        self.initial, self.refit_every, self.parents = initial, refit_every, parents
        self.ascent, self.step_size, self.unlabelled = ascent, step_size, unlabelled
        self.model = Autoencoder(space.choice_counts, steps=steps)
        self._queue: list[Architecture] = []

    def propose(self, count: int) -> list[Architecture]:
        if len(self.history) + len(self.pending) < self.initial or not self.ranked():
            return []
        return self.take(self._queue, count, self.improved)

    def improved(self) -> list[Architecture]:
        """Returns new architectures uphill of the best ones, the one predicted best first."""
        random = [self.space.sample(self.rng) for _ in range(self.unlabelled)]
        self.model.fit(
            self.space.one_hot(list(self.history)),
            normal_ranks(list(self.history.values())),
            self.space.one_hot(random),
            self.rng,
        )
        parents = apart([architecture for architecture, _ in self.ranked()], self.parents)
        found = self.uphill(parents)
        if len(found) < self.refit_every:
            near = mutants(self.space, parents, 10 * self.refit_every, 1, self.rng)
            found += [a for a in near if self.is_new(a) and a not in found]
        predicted = self.model.predict(self.model.embed(self.space.one_hot(found)))
        order = np.argsort(-predicted, kind="stable")[: self.refit_every]
        return [found[i] for i in order]

    def uphill(self, parents: list[Architecture]) -> list[Architecture]:
        """Returns the new architectures that parents pass on their way, the nearest first."""
        embeddings = self.model.embed(self.space.one_hot(parents))
        length = self.step_size * np.linalg.norm(embeddings, axis=1).mean()
        found: dict[Architecture, None] = {}
        for _ in range(self.ascent):
            slope = self.model.slope(embeddings)
            steepness = np.linalg.norm(slope, axis=1, keepdims=True)
            embeddings = embeddings + length * slope / np.maximum(steepness, 1e-12)
            found.update(dict.fromkeys(self.model.decode(embeddings)))
        return [architecture for architecture in found if self.is_new(architecture)]

    def own_state(self) -> dict[str, Any]:
        return {"queue": [list(architecture) for architecture in self._queue]}

    def own_restore(self, state: dict[str, Any]) -> None:
        self._queue = [tuple(architecture) for architecture in state["queue"]]
