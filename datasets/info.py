"""What is known of a dataset before it is loaded."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from datasets.cache import read_entry
from datasets.dataset import Dataset
from graftwork.errors import InputError

Progress = Callable[[str, int, int], None]
"""Called as `progress(stage, done, total)` while a dataset is made."""


@dataclasses.dataclass(frozen=True)
class DatasetInfo:
    """What is known of a dataset before it is loaded.

    Attributes:
        name: The name that `datasets.load` takes.
        summary: One line on what the images show.
        needs: One line on what must be there before it can be loaded.
        images: The number of images.
        image_shape: Height, width and channels.
        attributes: The attributes' names.
        loader: Loads it, given a seed and a progress callback or `None`.
        folder: Returns where it lies, or will lie, on disk for a seed.
    """

    name: str
    summary: str
    needs: str
    images: int
    image_shape: tuple[int, int, int]
    attributes: tuple[str, ...]
    loader: Callable[[int, Progress | None], Dataset]
    folder: Callable[[int], Path]

    def size_on_disk(self, seed: int = 0) -> int | None:
        """Returns the bytes that the dataset takes on disk, or `None` if it is not there."""
        folder = self.folder(seed)
        try:
            read_entry(folder)
        except InputError:
            return None
        return sum(file.stat().st_size for file in folder.iterdir())
