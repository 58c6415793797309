"""The strategies for any space by name. A new one is a file and a line here."""

import importlib
from typing import Any

from graftwork.errors import unknown_name
from graftwork.space import Space
from graftwork.strategies.sequential import SequentialStrategy

REGISTRY = {
    "random": "graftwork.strategies.random:RandomSampling",
    "local-search": "graftwork.strategies.local_search:LocalSearch",
    "evolution": "graftwork.strategies.evolution:Evolution",
    "evolution-non-aging": "graftwork.strategies.evolution:NonAgingEvolution",
    "reinforce": "graftwork.strategies.reinforce:Reinforce",
    "ppo": "graftwork.strategies.ppo:PPO",
    "pnas": "graftwork.strategies.pnas:Pnas",
    "neural-predictor": "graftwork.strategies.neural_predictor:NeuralPredictor",
    "bananas": "graftwork.strategies.bananas:Bananas",
    "nao": "graftwork.strategies.nao:Nao",
    "tpe": "graftwork.strategies.tpe:TreeParzen",
    "gp": "graftwork.strategies.gp:GaussianProcess",
    "kt-random": "graftwork.strategies.keras_tuner:KerasTunerRandom",
    "kt-bayesian": "graftwork.strategies.keras_tuner:KerasTunerBayesian",
    "kt-hyperband": "graftwork.strategies.keras_tuner:KerasTunerHyperband",
}
"""Module and class of each strategy, imported when it is asked for."""


def names() -> list[str]:
    """Returns the names of all strategies, in the order of the registry."""
    return list(REGISTRY)


def make_strategy(
    name: str, space: Space, evaluations: int, seed: int, **options: Any
) -> SequentialStrategy:
    """Makes a strategy at its beginning.

    Args:
        name: A name from `names()`.
        space: The space to search.
        evaluations: Architectures to evaluate before it is done.
        seed: Seed of everything random; 0 is a seed.
        options: Further arguments of the strategy.

    Raises:
        InputError: If there is no such strategy.
    """
    if name not in REGISTRY:
        raise unknown_name("strategy", name, REGISTRY)
    module, class_name = REGISTRY[name].split(":")
    strategy = getattr(importlib.import_module(module), class_name)
    return strategy(space, evaluations, seed, **options)
