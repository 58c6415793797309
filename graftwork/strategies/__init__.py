"""Search strategies, one file each."""

from graftwork.strategies.base import Strategy
from graftwork.strategies.constrained import Constrained, FeasibleSpace
from graftwork.strategies.one_shot import OneShot
from graftwork.strategies.random import RandomSampling, RandomSearch
from graftwork.strategies.registry import make_strategy, names
from graftwork.strategies.sequential import SequentialStrategy

__all__ = [
    "Constrained",
    "FeasibleSpace",
    "OneShot",
    "RandomSampling",
    "RandomSearch",
    "SequentialStrategy",
    "Strategy",
]
__all__ += ["make_strategy", "names"]
