"""Variables as the named arrays of a checkpoint, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graftwork.errors import InputError


def named_arrays(groups: Mapping[str, Sequence[Any]]) -> dict[str, np.ndarray]:
    """Returns the values of variables, each named by its group and its place in it."""
    return {
        f"{prefix}_{i}": np.asarray(variable)
        for prefix, variables in groups.items()
        for i, variable in enumerate(variables)
    }


def restore_variables(groups: Mapping[str, Sequence[Any]], state: dict[str, np.ndarray]) -> None:
    """Assigns what `named_arrays` returned.

    Args:
        groups: The variables, in the same groups.
        state: The arrays; others beside them are not looked at.

    Raises:
        InputError: If an array is missing or has another shape than its variable.
    """
    for prefix, variables in groups.items():
        for i, variable in enumerate(variables):
            value = state.get(f"{prefix}_{i}")
            if value is None or value.shape != tuple(variable.shape):
                raise InputError(
                    f"the checkpoint is of another network: {prefix} {i} is "
                    f"{'missing' if value is None else value.shape} where "
                    f"{tuple(variable.shape)} is expected. It was written by another version "
                    "of Graftwork, or changed. Begin a new run."
                )
            variable.assign(value)
