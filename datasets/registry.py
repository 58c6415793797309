"""The datasets by name. A new one is a file with an `INFO` and a line here."""

from datasets import glyphs
from datasets.dataset import Dataset
from datasets.info import DatasetInfo, Progress
from graftwork.errors import unknown_name

REGISTRY: dict[str, DatasetInfo] = {
    info.name: info
    for info in (
        glyphs.INFO,
    )
}  # fmt: skip


def names() -> list[str]:
    """Returns the names of all datasets, in order."""
    return sorted(REGISTRY)


def infos() -> list[DatasetInfo]:
    """Returns what is known of each dataset, in the order of `names()`."""
    return [REGISTRY[name] for name in names()]


def load(name: str, *, seed: int = 0, progress: Progress | None = None) -> Dataset:
    """Loads a dataset, making it first where that is needed.

    Args:
        name: A name from `names()`.
        seed: What a drawn dataset is drawn with, its splits included.
        progress: Called as `progress(stage, done, total)` while the dataset is made.

    Returns:
        The dataset.

    Raises:
        InputError: If there is no such dataset or the cache folder cannot be written.
    """
    if name not in REGISTRY:
        raise unknown_name("dataset", name, REGISTRY)
    return REGISTRY[name].loader(seed, progress)
