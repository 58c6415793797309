"""Search strategies, one file each."""

from graftwork.strategies.base import Strategy
from graftwork.strategies.random import RandomSearch

__all__ = ["RandomSearch", "Strategy"]
