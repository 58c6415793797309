"""The tree-structured Parzen estimator, by Optuna."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna

from graftwork.space import Architecture, Space
from graftwork.strategies.sequential import SequentialStrategy

STUDY = "search"
MOST_DRAWS = 3
MOST_MUTATIONS = 100


class TreeParzen(SequentialStrategy):
    """Draws what is likelier among good architectures than among the others (TPE).

    Bergstra et al., "Algorithms for Hyper-Parameter Optimization" (NeurIPS 2011), as Optuna's
    `TPESampler` has it, with one density over all decisions together (`multivariate`; Falkner
    et al., "BOHB", ICML 2018): l(x) of the best evaluated architectures and g(x) of the rest.
    Of 24 architectures drawn from l, the one with the largest l(x) / g(x) is evaluated.

    In a small space that is often one that was evaluated before. Then it is drawn again, up
    to three times in all, and mutated after that until it is new.

    Optuna keeps the scores; its random numbers are seeded anew for every `propose`, so that
    the history is all that has to be told to it again when a search is restored. What is
    pending does not count for it. On NATS-Bench (`graftwork.nats`) the mean test accuracy over
    60 seeds after 100 and 150 evaluations is 94.19 and 94.28. A density for every decision by
    itself did as well (10 seeds) and took three times the time.

    Args:
        space: The space.
        evaluations: Architectures to evaluate before the strategy is done.
        seed: Seed of everything random; 0 is a seed.
        batch: Architectures to ask for at once, at least 1.
        starts: Random architectures before the first density, at least 1.
    """

    def __init__(
        self, space: Space, evaluations: int, seed: int, batch: int = 1, starts: int = 10
    ) -> None:
        super().__init__(space, evaluations, seed, batch)
        self.starts = starts
        self.distributions: dict[str, optuna.distributions.BaseDistribution] = {
            decision.name: optuna.distributions.CategoricalDistribution(range(count))
            for decision, count in zip(space.decisions, space.choice_counts, strict=True)
        }
        self.storage = _new_storage()

    def propose(self, count: int) -> list[Architecture]:
        if len(self.history) < self.starts:
            return []
        # Loaded anew, as a study goes on with the trials that it once read.
        study = optuna.load_study(study_name=STUDY, storage=self.storage)
        sampler = optuna.samplers.TPESampler(
            multivariate=True,
            n_startup_trials=self.starts,
            constant_liar=False,
            seed=int(self.rng.integers(2**32)),
        )
        proposals: list[Architecture] = []
        for _ in range(count):
            proposals.append(self._proposal(study, sampler, proposals))
        return proposals

    def _proposal(
        self,
        study: optuna.Study,
        sampler: optuna.samplers.TPESampler,
        besides: Sequence[Architecture],
    ) -> Architecture:
        """Returns a draw, as a rule neither known nor among `besides`."""
        for _ in range(MOST_DRAWS):
            drawn = self._draw(study, sampler)
            if self.is_new(drawn) and drawn not in besides:
                return drawn
        for _ in range(MOST_MUTATIONS):
            drawn = self.space.mutate(drawn, self.rng)
            if self.is_new(drawn) and drawn not in besides:
                break
        return drawn

    def _draw(self, study: optuna.Study, sampler: optuna.samplers.TPESampler) -> Architecture:
        # Asked itself, the sampler takes half the time of `Study.ask`, which writes a trial
        # decision by decision. It looks at the trial for the constant liar alone.
        undecided = {name: d for name, d in self.distributions.items() if not d.single()}
        trial = optuna.trial.create_trial(value=0.0)
        choices = sampler.sample_relative(study, trial, undecided)
        return tuple(int(choices.get(decision.name, 0)) for decision in self.space.decisions)

    def learn(self, architectures: Sequence[Architecture], scores: np.ndarray) -> None:
        study = optuna.load_study(study_name=STUDY, storage=self.storage)
        names = list(self.distributions)
        study.add_trials(
            optuna.trial.create_trial(
                params=dict(zip(names, architecture, strict=True)),
                distributions=self.distributions,
                value=float(score),
            )
            for architecture, score in zip(architectures, scores, strict=True)
        )

    def own_restore(self, state: dict[str, Any]) -> None:
        self.storage = _new_storage()
        self.learn(list(self.history), np.array(list(self.history.values())))


def _new_storage() -> optuna.storages.InMemoryStorage:
    """Returns a storage with an empty study, of which Optuna would print an announcement."""
    storage = optuna.storages.InMemoryStorage()
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        optuna.create_study(direction="maximize", storage=storage, study_name=STUDY)
    finally:
        optuna.logging.set_verbosity(level)
    return storage
