"""What a run folder says of its dataset, and whether it is still the same."""

from pathlib import Path
from typing import Any

from datasets.dataset import Dataset
from graftwork.errors import InputError
from graftwork.run import read_config


def describe(dataset: Dataset) -> dict[str, Any]:
    """Returns what `config.json` and `result.json` say of a dataset."""
    return {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "images": {name: len(rows) for name, rows in dataset.splits.items()},
        "shape": list(dataset.image_shape),
        "attributes": list(dataset.attributes),
        "fit": dataset.fit,
        "left_out": dataset.problems.left_out,
        "note": dataset.note,
    }


def check_same_data(run: Path, dataset: Dataset) -> None:
    """Raises an `InputError` if the data are not those that a run began with."""
    stored = read_config(run).get("dataset", {}).get("fingerprint")
    if stored != dataset.fingerprint:
        raise InputError(
            f"the dataset {dataset.name!r} has changed since {run} began (fingerprint "
            f"{str(stored)[:12]}, now {dataset.fingerprint[:12]}). Begin a new run."
        )
