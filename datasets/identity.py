"""What a run folder says of its dataset, and whether it is still the same."""

from pathlib import Path
from typing import Any

import numpy as np

from datasets.dataset import Dataset
from graftwork.errors import InputError
from graftwork.label_correlation import phi_coefficients
from graftwork.run import read_config

MOST_CORRELATED = 200
"""Attributes up to which a run folder says how their labels go together."""


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
        **_correlations(dataset),
    }


def _correlations(dataset: Dataset) -> dict[str, Any]:
    """Returns φ of every two attributes over the training labels, for a report to cluster."""
    if not 2 <= len(dataset.attributes) <= MOST_CORRELATED:
        return {}
    found = phi_coefficients(np.asarray(dataset.labels[dataset.split("train")]))
    return {
        "label_correlations": [
            [round(value, 4) if np.isfinite(value) else None for value in row]
            for row in found.tolist()
        ]
    }


def check_same_data(run: Path, dataset: Dataset) -> None:
    """Raises an `InputError` if the data are not those that a run began with."""
    stored = read_config(run).get("dataset", {}).get("fingerprint")
    if stored != dataset.fingerprint:
        raise InputError(
            f"the dataset {dataset.name!r} has changed since {run} began (fingerprint "
            f"{str(stored)[:12]}, now {dataset.fingerprint[:12]}). Begin a new run."
        )
