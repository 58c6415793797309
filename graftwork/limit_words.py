"""What results say of the limits of a run: which held, and which controls are over them."""

from collections.abc import Mapping, Sequence
from typing import Any

from graftwork.budget_options import BudgetOptions
from graftwork.constraints import UNITS, amount

CHOSEN = ("searched", "random", "exact", "shortlist", "random search", "shared", "fine-tuned")
"""Kinds of networks that were chosen or drawn within the limits. Of these a latency that is
measured once more, for the table, says nothing: two measurements of one network differ."""


def with_limits(result: dict[str, Any], config: BudgetOptions) -> dict[str, Any]:
    """Returns a result that says which limits held, and what each of its methods is over.

    Args:
        result: What `result.json` is to hold, with `methods`.
        config: What was asked for.
    """
    limits = config.limits.given()
    if config.max_candidates is not None:
        limits = {"candidates": config.max_candidates, **limits}
    if not limits:
        return result
    rows = [_marked(row, limits) for row in result["methods"]]
    return {**result, "limits": limits, "methods": rows}


def _marked(row: dict[str, Any], limits: Mapping[str, float]) -> dict[str, Any]:
    over = [
        key
        for key in UNITS
        if key in limits
        and (row.get(key) or 0) > limits[key]
        and not (key == "latency_ms" and row.get("kind") in CHOSEN)
    ]
    if not over:
        return row
    words = " and ".join(f"{amount(limits[key])} {UNITS[key]}" for key in over)
    note = "; ".join(filter(None, [row.get("note"), f"over the limit of {words}"]))
    return {**row, "over_limits": over, "note": note}


def limits_words(result: Mapping[str, Any]) -> str:
    """Returns a sentence or two about the limits of a result; nothing where it had none.

    Args:
        result: What `result.json` holds, perhaps of another's run.
    """
    limits = result.get("limits")
    if not isinstance(limits, dict):
        return ""
    given = {key: value for key, value in limits.items() if _is_number(value)}
    parts = [f"{amount(given[key])} {unit}" for key, unit in UNITS.items() if key in given]
    text = []
    if "candidates" in given:
        text.append(f"The search evaluated at most {amount(given['candidates'])} candidates.")
    if parts:
        text.append(f"What was searched or drawn at random had to have at most {_listed(parts)}.")
        methods = result.get("methods")
        over = [_name(row) for row in methods if _is_over(row)] if isinstance(methods, list) else []
        if over:
            text.append(f"Over these limits, for comparison only: {_listed(over)}.")
    return " ".join(text)


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and value > 0  # type: ignore[operator]


def _is_over(row: object) -> bool:
    return isinstance(row, dict) and bool(row.get("over_limits"))


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("name"))


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]
