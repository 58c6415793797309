"""Images and labels as arrays with names, splits and checks."""

from datasets.dataset import MISSING, SPLITS, Dataset
from datasets.info import DatasetInfo
from datasets.options import DataOptions
from datasets.registry import REGISTRY, info, load, names

__all__ = ["MISSING", "REGISTRY", "SPLITS", "DataOptions", "Dataset", "DatasetInfo", "info"]
__all__ += ["load", "names"]
