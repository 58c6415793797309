"""Whether what lies in a worker's folder can be the result of its job: others may have put it."""

import json
from collections.abc import Mapping
from typing import Any

from graftwork.stored_form import flaw

RETRIED = {"seed": int, "batch_size": int, "reason": str}
"""What `graftwork.failures.Attempt.retried` says of a second attempt."""
ABOVE_ZERO = ("parameters", "flops", "steps", "training_seconds")
"""Numbers that no training has without being above zero."""
LARGEST = 2.0**63
"""Where numbers end that TensorBoard and sums can hold."""


def is_result(
    result: Mapping[str, Any],
    known: Mapping[str, Any],
    needed: Mapping[str, Any],
    possible: Mapping[str, Any],
) -> bool:
    """Whether a result says what it must say of a job, and nothing else.

    Its names become those of an event in the journal, and its numbers go into means.

    Args:
        result: What was read.
        known: What the job knows and the result must say alike, as JSON values by name.
        needed: The forms (`graftwork.stored_form`) of what else it must hold, by name.
        possible: The forms of what it may hold besides.
    """
    names = set(result)
    if not {*known, *needed} <= names <= {*known, *needed, *possible}:
        return False
    forms = {name: form for name, form in possible.items() if name in names}
    if flaw(result, {**forms, **needed}):
        return False
    said = {name: result[name] for name in known}
    # As texts: to Python 1, 1.0 and True are the same.
    if json.dumps(said, sort_keys=True) != json.dumps(dict(known), sort_keys=True):
        return False
    above = all(result[name] > 0 for name in ABOVE_ZERO if name in needed)
    return above and _numbers_end(result)


def _numbers_end(result: Mapping[str, Any]) -> bool:
    """Whether no number, at any depth, is too large."""
    left: list[Any] = [result]
    while left:
        value = left.pop()
        if isinstance(value, Mapping):
            left += value.values()
        elif isinstance(value, list):
            left += value
        elif isinstance(value, int | float) and not abs(value) < LARGEST:
            return False
    return True
