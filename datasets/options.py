"""Which data, and how they are read: the flags that every command on data shares."""

import dataclasses
import re
from pathlib import Path
from typing import Literal

from graftwork.errors import InputError

LARGEST_SIDE = 1024
NAME = r"[^\W_][\w .:+-]{0,63}"
"""What a dataset can be called: it stands in tables, before attributes, and in file names."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Which data, and how they are read."""

    dataset: str = "glyphs"
    """The dataset; `graftwork data list` names them."""
    data_dir: Path | None = None
    """Where its files lie, for a dataset that has files."""
    labels: Path | None = None
    """For the dataset `folder`: the CSV file of attributes."""
    size: str | None = None
    """Height and width of an image, as 64 or 128x64; the dataset's own choice if not given."""
    fit: Literal["crop", "pad", "stretch"] = "crop"
    """How images of another shape are brought to the size: cut, padded with white or stretched."""
    attributes: tuple[str, ...] = ()
    """Use these attributes only."""
    without: tuple[str, ...] = ()
    """Leave these attributes out."""
    market_age: Literal["binary", "ordinal"] = "binary"
    """For market1501: age as four binary attributes, or as three thresholds in order."""
    max_bad: float = 0.01
    """The share of images that may be missing or unreadable and are left out; more stop."""
    data_seed: int = 0
    """Seed of drawn images, and of splits that a dataset does not come with."""
    name: str | None = None
    """What reports call the dataset, such as emoji for a folder; its own name if not given."""

    def check_data(self) -> None:
        """Raises an `InputError` for a value that makes no sense."""
        self.shape()
        if not 0 <= self.max_bad <= 1:
            raise InputError(f"max-bad must be between 0 and 1. Received: {self.max_bad}.")
        if self.data_seed < 0:
            raise InputError(f"data-seed must be at least 0. Received: {self.data_seed}.")
        repeated = sorted(n for n in self.attributes if self.attributes.count(n) > 1)
        if repeated:
            raise InputError(f"attributes names {repeated[0]!r} twice.")
        both = sorted(set(self.attributes) & set(self.without))
        if both:
            raise InputError(f"attribute {both[0]!r} is both in attributes and in without.")
        if self.name is not None and not re.fullmatch(NAME, self.name):
            raise InputError(
                "name must be 1 to 64 letters, digits, spaces and _ . : + -, the first a letter or "
                f"digit: folders and tables show it. Received: {self.name!r}."
            )

    def shape(self) -> tuple[int, int] | None:
        """Returns height and width, or None where the dataset shall choose."""
        if self.size is None:
            return None
        match = re.fullmatch(r"(\d{1,5})(?:x(\d{1,5}))?", self.size)
        height, width = (int(g or match[1]) for g in match.groups()) if match else (0, 0)
        if not (4 <= height <= LARGEST_SIDE and 4 <= width <= LARGEST_SIDE):
            raise InputError(
                f"size must be a side like 64, or height x width like 128x64, of 4 to "
                f"{LARGEST_SIDE} pixels. Received: {self.size!r}."
            )
        return height, width

    def folder(self) -> Path:
        """Returns `data_dir`, resolved; it must be a folder.

        Raises:
            InputError: If it was not given or is no folder.
        """
        if self.data_dir is None:
            raise InputError(
                f"dataset {self.dataset!r} needs --data-dir, the folder of its files. "
                f"`graftwork data list` says which files."
            )
        if not self.data_dir.is_dir():
            raise InputError(f"--data-dir {self.data_dir} is not a folder that exists.")
        return self.data_dir.resolve()
