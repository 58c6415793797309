"""The datasets by name. A new one is a file with an `INFO` and a line here."""

import importlib

from datasets.dataset import Dataset, check_labels
from datasets.info import DatasetInfo, Progress
from datasets.loading import chosen, load_source, named, restricted
from datasets.options import DataOptions
from graftwork.errors import unknown_name

REGISTRY: dict[str, str | DatasetInfo] = {
    "celeba": "datasets.celeba",
    "cifar10": "datasets.cifar10",
    "digits": "datasets.digits",
    "folder": "datasets.folder",
    "glyphs": "datasets.glyphs",
    "lfwa": "datasets.lfwa",
    "market1501": "datasets.market1501",
    "stl10": "datasets.stl10",
    "tfds": "datasets.tfds",
}
"""The module of each dataset, imported when it is asked for, or its `INFO` itself."""


def names() -> list[str]:
    """Returns the names of all datasets, in order."""
    return sorted(REGISTRY)


def info(name: str) -> DatasetInfo:
    """Returns what is known of a dataset.

    Args:
        name: A name from `names()`; what follows a colon, as in `tfds:celeb_a`, is for
            the dataset itself.

    Raises:
        InputError: If there is no such dataset.
    """
    entry = REGISTRY.get(name.split(":")[0])
    if entry is None:
        raise unknown_name("dataset", name, REGISTRY)
    if isinstance(entry, str):
        entry = importlib.import_module(entry).INFO
        assert isinstance(entry, DatasetInfo)
    return entry


def load(
    options: DataOptions, progress: Progress | None = None, *, labelled: bool = False
) -> Dataset:
    """Loads a dataset, making or preparing it first where that is needed.

    Args:
        options: Which data, and how they are read.
        progress: Called as `progress(stage, done, total)` while the dataset is made.
        labelled: Whether attributes are to be learned: what makes that impossible is told
            before images are decoded.

    Returns:
        The dataset.

    Raises:
        InputError: If there is no such dataset, its files are not as they should be or the
            cache folder cannot be written.
    """
    options.check_data()
    known = info(options.dataset)
    known.check_flags(options)
    if known.loader is not None:
        return restricted(known.loader(options, progress), options)
    assert known.source is not None
    source = known.source(options)
    if labelled:
        check_labels(named(chosen(source, options), options))  # Before all images are decoded.
    return load_source(source, options, progress)
