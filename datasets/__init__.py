"""Images and labels as arrays with names, splits and checks."""

from datasets.dataset import MISSING, SPLITS, Dataset
from datasets.info import DatasetInfo
from datasets.registry import REGISTRY, infos, load, names

__all__ = ["MISSING", "REGISTRY", "SPLITS", "Dataset", "DatasetInfo", "infos", "load", "names"]
