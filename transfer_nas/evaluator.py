"""What architectures are worth for an attribute under the shared weights of its domain."""

import functools
import shlex
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graftwork.collective import agree
from graftwork.errors import InputError
from graftwork.search import Evaluator
from graftwork.space import Architecture, Space
from graftwork.training import Trainer
from transfer_nas.domains import Domain
from transfer_nas.predictor import Predictor
from transfer_nas.scores import attribute_score, has_both_classes
from transfer_nas.supernet import ChainSupernet

STREAM = 63
"""Tells the random choice of images from other random numbers of the same seed."""
DRAWS = 50
"""How often a pair of a domain is asked for before its task is drawn uniformly."""


class TransferEvaluator(Evaluator):
    """Trains the shared weights of all domains, and scores pairs on validation images.

    A pair is an architecture with its task, the number of an attribute among those of all
    domains, as last integer.

    Args:
        space: The architectures.
        domains: The domains; tasks are numbered through all of them.
        trainers: A trainer a domain.
        supernets: Their networks, built.
        score: `"auc"`, `"balanced-accuracy"` or `"accuracy"`.
        steps: Training steps a round, in every domain.
        reward_images: At most so many validation images of a domain score an architecture,
            always the same. Where they show an attribute in one class only, all do.
        seed: Seed of the choice of these images.
        on_step: Called after every training step.
        report: Told one line where shared weights go back to those before the round.

    Raises:
        InputError: If an attribute has one class only on all validation images.
    """

    def __init__(
        self,
        space: Space,
        domains: Sequence[Domain],
        trainers: Sequence[Trainer],
        supernets: Sequence[ChainSupernet],
        score: str,
        steps: int,
        reward_images: int,
        seed: int,
        on_step: Callable[[], None] = lambda: None,
        report: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.domains, self.trainers = tuple(domains), tuple(trainers)
        self.steps, self.on_step, self.report = steps, on_step, report
        self.training_seconds = self.evaluation_seconds = 0.0
        self.scorers = tuple(
            DomainScorer(
                domain, Predictor(net, domain.dataset, len(space)), score, reward_images, seed
            )
            for domain, net in zip(domains, supernets, strict=True)
        )

    def train(self, sample: Callable[[np.random.Generator], Architecture]) -> dict[str, Any]:
        """Trains every domain's shared weights, on pairs of its own tasks.

        Args:
            sample: Draws the pair that a step learns from.

        Returns:
            `{"loss": {domain: mean loss}}`.
        """
        begin = time.perf_counter()
        losses = {}
        for domain, trainer in zip(self.domains, self.trainers, strict=True):
            draw = functools.partial(own_pair, domain, sample)
            losses[domain.name] = trainer.train_shared(self.steps, draw, self.on_step, self.report)
        self.training_seconds += time.perf_counter() - begin
        return {"loss": losses}

    def evaluate(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns the scores of pairs, `(pairs, 1)`; NaN where logits are not finite.

        Pairs of one architecture and domain share its pass over the images.
        """
        begin = time.perf_counter()
        scores = np.full((len(architectures), 1), np.nan)
        for scorer in self.scorers:
            tasks = scorer.domain.tasks
            places = [i for i, pair in enumerate(architectures) if pair[-1] in tasks]
            scores[places, 0] = scorer.scores(
                [(*architectures[i][:-1], architectures[i][-1] - tasks.start) for i in places]
            )
        scores = agree(scores)
        self.evaluation_seconds += time.perf_counter() - begin
        return scores


class DomainScorer:
    """Scores architectures for the attributes of one domain.

    Args:
        domain: The domain.
        predictor: Runs its supernet.
        score: A name of `transfer_nas.scores.SCORES`.
        reward_images: At most so many validation images.
        seed: Seed of the choice of these images.

    Raises:
        InputError: If an attribute has one class only on all validation images.
    """

    def __init__(
        self, domain: Domain, predictor: Predictor, score: str, reward_images: int, seed: int
    ) -> None:
        self.domain, self.predictor, self.score = domain, predictor, score
        self._count, self._every = reward_images, domain.dataset.split("validation")
        check_validation(domain)
        self.choose(seed)

    def choose(self, seed: int) -> None:
        """Chooses the images of the scores by a seed."""
        order = np.random.default_rng([seed, STREAM]).permutation(len(self._every))
        self.rows = np.sort(self._every[order[: self._count]])
        self._images = list(self.predictor.read(self.rows))
        self._suffices = has_both_classes(self.domain.dataset.labels[self.rows])

    def scores(self, pairs: Sequence[Architecture]) -> list[float]:
        """Returns the scores of architectures, each with the domain's attribute number last."""
        labels = self.domain.dataset.labels
        passes: dict[tuple[Architecture, bool], np.ndarray] = {}
        result = []
        for *choices, attribute in pairs:
            few = bool(self._suffices[attribute])
            key, rows = (tuple(choices), few), self.rows if few else self._every
            if key not in passes:
                passes[key] = (
                    self.predictor.run(key[0], self._images)[: len(rows)]
                    if few
                    else self.predictor.logits(key[0], rows)
                )
            logits = passes[key][:, attribute]
            result.append(attribute_score(self.score, logits, labels[rows, attribute]))
        return result


def own_pair(
    domain: Domain,
    sample: Callable[[np.random.Generator], Architecture],
    rng: np.random.Generator,
) -> Architecture:
    """Draws a pair of a domain, and numbers its task as the domain's attribute.

    Args:
        domain: The domain.
        sample: Draws a pair of any domain.
        rng: For the draws.

    Returns:
        The architecture with an attribute of the domain, from 0, as last integer. The pair is
        as drawn, unless 50 draws are of other domains: then its task is drawn uniformly.
    """
    for _ in range(DRAWS):
        pair = sample(rng)
        if pair[-1] in domain.tasks:
            return (*pair[:-1], pair[-1] - domain.offset)
    return (*pair[:-1], int(rng.integers(len(domain.tasks))))


def check_validation(domain: Domain) -> None:
    """Raises an `InputError` if a search could not score an attribute on validation images."""
    dataset = domain.dataset
    labels = dataset.labels[dataset.split("validation")]
    lacking = np.flatnonzero(~has_both_classes(labels))
    if len(lacking):
        name, column = dataset.attributes[lacking[0]], labels[:, lacking[0]]
        raise InputError(
            f"dataset {domain.name!r}: attribute {name!r} has one class only in validation, where "
            f"both are needed to score by: {int((column == 1).sum())} images have it and "
            f"{int((column == 0).sum())} do not. Leave it out by --without {shlex.quote(name)}, or "
            "add images of the other class."
        )
