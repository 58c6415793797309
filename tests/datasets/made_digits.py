"""The digits, which need no files."""

from pathlib import Path

from datasets.options import DataOptions


def make(folder: Path) -> DataOptions:
    """Returns the options of the digits."""
    return DataOptions(dataset="digits")
