"""What is known of a dataset before it is opened."""

import dataclasses
from collections.abc import Callable

from datasets.dataset import Dataset
from datasets.options import DataOptions
from datasets.source import Source
from graftwork.errors import InputError

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
        takes: The flags, beside those that every dataset takes, that say something to it.
        package: What must be installed for it beyond Graftwork's own requirements.
        source: Reads what the files say. It raises an `InputError` for files that are
            useless, and tells of everything else in `Source.problems`.
        loader: Makes the dataset by itself, for data that are drawn.
    """

    name: str
    summary: str
    needs: str
    images: str
    attributes: tuple[str, ...] = ()
    takes: tuple[str, ...] = ("data_dir",)
    package: str = ""
    source: Callable[[DataOptions], Source] | None = None
    loader: Callable[[DataOptions, Progress | None], Dataset] | None = None

    def check_flags(self, options: DataOptions) -> None:
        """Raises an `InputError` for a flag that says nothing to this dataset."""
        if ":" in options.dataset and self.name != "tfds":
            raise InputError(f"dataset {self.name!r} takes no part after a colon.")
        for name in ("data_dir", "labels", "market_age", *(["size"] if self.loader else [])):
            default = getattr(DataOptions, name)
            if name not in self.takes and getattr(options, name) != default:
                flag = name.replace("_", "-")
                raise InputError(
                    f"dataset {self.name!r} takes no --{flag}. `graftwork data list` says what "
                    "each dataset needs."
                )
