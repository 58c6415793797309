"""What is known of a dataset before it is opened."""

import dataclasses
from collections.abc import Callable

from datasets.dataset import Dataset
from datasets.options import DataOptions
from datasets.source import Source

Progress = Callable[[str, int, int], None]
"""Called as `progress(stage, done, total)` while a dataset is made."""


@dataclasses.dataclass(frozen=True)
class DatasetInfo:
    """What is known of a dataset before it is opened.

    Exactly one of `source` and `loader` is given.

    Attributes:
        name: The name that `--dataset` takes.
        summary: One line on what the images show.
        needs: One line on what must be there: packages, and the files in `--data-dir`.
        images: How many images there are, of what size and kind.
        attributes: The attributes' names, where they do not depend on the files.
        source: Reads what the files say. It raises an `InputError` for files that are
            useless, and tells of everything else in `Source.problems`.
        loader: Makes the dataset by itself, for data that are drawn.
    """

    name: str
    summary: str
    needs: str
    images: str
    attributes: tuple[str, ...] = ()
    source: Callable[[DataOptions], Source] | None = None
    loader: Callable[[DataOptions, Progress | None], Dataset] | None = None
