"""What a search with shared weights has found: the best, ranked anew with more images."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np

from gan_nas.agan import AGan
from gan_nas.comparison import described
from gan_nas.evaluator import GanEvaluator
from gan_nas.image_maker import ImageMaker
from gan_nas.setup import Setup
from graftwork.space import Architecture
from graftwork.strategies import OneShot

SHORTLIST = 10
"""Generators that are ranked anew with more images."""

Ranked = list[tuple[Architecture, float]]
Searching = AGan | OneShot


def outcome(
    strategy: Searching,
    setup: Setup,
    evaluator: GanEvaluator,
    maker: ImageMaker,
    seed: int,
    asked: int,
) -> dict[str, Any]:
    """Ranks the best anew with more images, beside those of a random search.

    Args:
        strategy: What searched.
        setup: The data and networks.
        evaluator: Gives rewards under the weights of the search.
        maker: Makes images with them.
        seed: The seed of the search.
        asked: How many rewards it could choose by: those during training on random
            generators say how far the weights are, and choose nothing.
    """
    found = ranked(strategy)
    search_seconds = evaluator.training_seconds + evaluator.evaluation_seconds
    shortlist = ranked_anew(setup, evaluator, [a for a, _ in found] or [strategy.best])
    search_seconds_all = evaluator.training_seconds + evaluator.evaluation_seconds
    scores = [score for _, score in found]
    constant = len(scores) > 1 and float(np.ptp(scores)) == 0.0
    if not scores:
        evaluator.on_event(
            "no reward",
            reason="no generator has a reward that is a finite number: what was found is "
            "arbitrary. Train longer, or with lower learning rates.",
        )
    if constant:
        evaluator.on_event(
            "constant reward",
            reason=f"all {len(scores)} generators have the same reward, {scores[0]:.4g}: the "
            "choice among them is arbitrary. Train longer or choose another --reward.",
        )
    random = _random_search(setup, evaluator, seed, asked) if setup.config.controls else None
    return {
        "architecture": list(shortlist[0][0]),
        "score": finite_or_none(shortlist[0][1]),
        "shortlist": [
            {
                "architecture": list(a),
                "score": finite_or_none(score),
                "cells": described(setup, a),
            }
            for a, score in shortlist
        ],
        "constant_reward": constant,
        "candidates": len(scores),
        "candidates_mean": float(np.mean(scores)) if scores else None,
        "random_search": random,
        "evaluations": asked,
        "resets": evaluator.resets,
        "steps": evaluator.steps,
        "training_seconds": evaluator.training_seconds,
        "search_seconds": search_seconds_all,
        "children_an_hour": 3600 * asked / max(search_seconds, 1e-9),
        "shared_weights": setup.judge.judge(maker, shortlist[0][0]),
    }


def ranked_anew(
    setup: Setup, evaluator: GanEvaluator, architectures: Sequence[Architecture]
) -> Ranked:
    """Returns the first of some architectures, ranked by rewards from more images."""
    # The first of a network's encodings: they have shared weights of their own.
    different: dict[Architecture, Architecture] = {}
    for architecture in architectures:
        different.setdefault(setup.space.canonical(architecture), architecture)
    best = _within(setup, list(different.values()), max(SHORTLIST, setup.config.top))
    scores = evaluator.evaluate_with_more_images(best)[:, 0]
    order = np.argsort(-scores, kind="stable")
    return [(best[i], float(scores[i])) for i in order]


def _within(setup: Setup, architectures: Sequence[Architecture], count: int) -> list[Architecture]:
    """Returns the first `count` of some architectures that keep all limits, measured if need be.

    Where none does, it is the smallest generator of all, which keeps them.
    """
    limits = setup.constraints
    if limits is None:
        return list(architectures)[:count]
    return list(islice(filter(limits.fits, architectures), count)) or [limits.smallest]


def _random_search(
    setup: Setup, evaluator: GanEvaluator, seed: int, evaluations: int
) -> dict[str, Any]:
    """Scores as many random generators as the search did, under the same weights.

    Most of what agan scored had weights that were still learning, so that its best is the best of
    far fewer. What its controller has learned is seen in the means alone.
    """
    rng = np.random.default_rng([seed, 59])
    limits = setup.constraints
    draw = limits.draw if limits else setup.space.sample
    drawn = [draw(rng) for _ in range(evaluations)]
    scores = evaluator.evaluate(drawn)[:, 0]
    order = np.argsort(-scores, kind="stable")
    known = scores[np.isfinite(scores)]
    best, score = ranked_anew(setup, evaluator, [drawn[i] for i in order])[0]
    return {
        "architecture": list(best),
        "score": finite_or_none(score),
        "evaluations": evaluations,
        "scored": len(known),
        "mean_score": float(known.mean()) if len(known) else None,
    }


def ranked(strategy: Searching) -> Ranked:
    """Returns what a strategy has scored under the final weights, the best first."""
    return strategy.ranked() if isinstance(strategy, AGan) else strategy.strategy.ranked()


def finite_or_none(value: float) -> float | None:
    """Returns a number, or None for what JSON has no form of."""
    return value if np.isfinite(value) else None
