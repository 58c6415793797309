"""The tables of a report that need more than a look-up."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reports.inline_tree import branch_class
from reports.layout import Layout
from reports.methods import Method
from reports.run_folder import RunFolder, finite, number


@dataclass(frozen=True)
class AttributeRow:
    """Test errors of one attribute, in percent.

    Attributes:
        name: Of the attribute.
        branch: CSS class of its branch in the drawn tree.
        base_error: Error of always guessing the majority class, or `None`.
        errors: One a method, or `None`.
        shades: One a method: the error as a part of the base error, from 0 to 1; 0 where
            the base error is not known.
        best: The lowest error of the row, or `None`.
    """

    name: str
    branch: str
    base_error: float | None
    errors: tuple[float | None, ...]
    shades: tuple[float, ...]
    best: float | None


def attribute_rows(
    run: RunFolder, methods: Sequence[Method], layout: Layout | None
) -> list[AttributeRow]:
    """Returns the errors of every attribute, in the order of the drawn tree."""
    attributes = run.attributes
    listed = run.result.get("base_errors")
    base = list(map(finite, listed)) if isinstance(listed, list) else []
    if len(base) != len(attributes):
        base = [None] * len(attributes)
    if layout:
        order = [(leaf.index, branch_class(leaf.branch)) for leaf in layout.leaves()]
    else:
        order = [(index, "stem") for index in range(len(attributes))]
    rows = []
    for index, branch in order:
        errors = tuple(method.attribute_errors[index] for method in methods)
        known = [error for error in errors if error is not None]
        scale = base[index]
        shades = tuple(min(1.0, (e or 0.0) / scale) if scale else 0.0 for e in errors)
        best = min(known, default=None)
        rows.append(AttributeRow(attributes[index], branch, base[index], errors, shades, best))
    return rows


@dataclass(frozen=True)
class Stage:
    """A part of the run and the seconds that it took, over all seeds."""

    name: str
    seconds: float
    share: float


def stages(run: RunFolder) -> list[Stage]:
    """Returns what the time of the run went to, from the journal."""
    seconds: dict[str, float] = {}
    for event in run.of_kind("searched"):
        for name, key in (
            ("search: training shared weights", "training_seconds"),
            ("search: evaluating trees", "evaluation_seconds"),
        ):
            seconds[name] = seconds.get(name, 0.0) + (number(event, key) or 0.0)
    for event in run.of_kind("trained"):
        name = f"training: {event.get('method')}"
        seconds[name] = seconds.get(name, 0.0) + (number(event, "training_seconds") or 0.0)
    longest = max(seconds.values(), default=0.0) or 1.0
    return [Stage(name, value, value / longest) for name, value in seconds.items()]


def flatten(values: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Returns nested objects as rows, with dots in the names: `search.steps`."""
    rows: list[tuple[str, Any]] = []
    for key, value in values.items():
        if isinstance(value, dict):
            rows += flatten(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value))
    return rows


def dataset_rows(dataset: dict[str, Any]) -> list[tuple[str, Any]]:
    """Returns what a run says of its dataset as rows, without what has a place of its own."""
    left_out = ("attributes", "label_correlations")
    return flatten({key: value for key, value in dataset.items() if key not in left_out})


def plain(value: Any) -> str:
    """Returns a JSON value as a person would write it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(plain, value)) or "none"
    return str(value)


def command_line(run: RunFolder) -> str:
    """Returns the command that makes the run again, with every argument that it had.

    One argument a line, for a POSIX shell.
    """
    lines = [f"graftwork {run.config.get('command', '')}"]
    for key, value in flatten(run.arguments):
        flag = "--" + key.replace("_", "-")
        # A run that is made again begins at its beginning.
        if value is None or value == [] or key == "resume":
            continue
        if isinstance(value, bool):
            head, _, tail = flag.removeprefix("--").rpartition(".")
            dot = f"{head}." if head else ""
            lines.append(f"--{dot}{'' if value else 'no-'}{tail}")
        elif isinstance(value, list):
            lines.append(shlex.join([flag, *map(str, value)]))
        else:
            lines.append(shlex.join([flag, str(value)]))
    return " \\\n  ".join(lines)
