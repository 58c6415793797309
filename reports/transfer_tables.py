"""The tables of the reports of transfer: attributes, architectures in words, held-out domains."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from reports.run_folder import RunFolder, mapping, number
from reports.tables import command_line
from reports.transfer_differences import NegativeTransfer, paired
from reports.transfer_results import (
    RANDOM,
    TRANSFERRED,
    Scores,
    TransferMethod,
    name_of,
    rows_of,
)

SHOWN = 12
"""Attributes whose architectures the page shows."""


@dataclass(frozen=True)
class AttributeRow:
    """One attribute of the target in all methods.

    Attributes:
        name: Of the attribute.
        difference: Reward of what the transferred strategy draws, less that of random ones.
        hurt: Whether a test shows that transfer hurts.
        scores: By method; a method without the attribute has empty scores.
    """

    name: str
    difference: float | None
    hurt: bool
    scores: dict[str, Scores]

    def of(self, method: str) -> Scores:
        """Returns the scores of a method, empty where it has none."""
        return self.scores.get(method, Scores())


def attribute_rows(
    run: RunFolder, methods: Sequence[TransferMethod], negative: NegativeTransfer
) -> list[AttributeRow]:
    """Returns a row for every attribute that a method has, in the order of the run."""
    differences = paired(methods, "transferred")
    names = dict.fromkeys([*run.attributes, *(name for m in methods for name in m.attributes)])
    return [
        AttributeRow(
            name,
            differences.get(name),
            name in negative.shown,
            {method.name: method.attributes.get(name, Scores()) for method in methods},
        )
        for name in names
        if any(name in method.attributes for method in methods)
    ]


def seed_differences(run: RunFolder) -> dict[str, list[float]]:
    """Returns transferred less random for every attribute and seed of the journal."""
    expected: dict[tuple[Any, str, str], float] = {}
    for event in run.of_kind("searched"):
        for row in rows_of(event, "attributes"):
            if (value := number(row, "expected")) is not None:
                expected[event.get("seed"), str(event.get("method")), name_of(row)] = value
    found: dict[str, list[float]] = {}
    for (seed, method, name), value in expected.items():
        other = expected.get((seed, RANDOM, name))
        if method == TRANSFERRED and other is not None:
            found.setdefault(name, []).append(value - other)
    return found


def nearest_rows(run: RunFolder) -> list[tuple[str, list[tuple[str, str, float | None]]]]:
    """Returns the source attributes that each target attribute resembles, nearest first."""
    listed = rows_of(run.result, "nearest")
    if not listed:
        events = [e for e in run.of_kind("searched") if e.get("method") == TRANSFERRED]
        listed = rows_of(events[0], "attributes") if events else []
    found = []
    for row in listed:
        near = [
            (str(one.get("domain", "")), name_of(one), number(one, "similarity"))
            for one in rows_of(row, "nearest")
        ]
        if near:
            found.append((name_of(row), near))
    return found


def chosen(run: RunFolder) -> list[tuple[str, list[tuple[str, float | None, str]]]]:
    """Returns what the methods of the first seed chose for the first attributes, in words.

    Each with the method, its reward under the shared weights, and the architecture.
    """
    searched = run.of_kind("searched")
    first = searched[0].get("seed") if searched else None
    space = mapping(run.config, "space")
    found: dict[str, list[tuple[str, float | None, str]]] = {}
    for event in searched:
        if event.get("seed") != first:
            continue
        for row in rows_of(event, "attributes"):
            words = architecture_words(space, row.get("architecture"))
            if words:
                line = (str(event.get("method")), number(row, "score"), words)
                found.setdefault(name_of(row), []).append(line)
    return list(found.items())[:SHOWN]


def architecture_words(space: dict[str, Any], architecture: Any) -> str:
    """Returns an architecture as one line, such as `conv 3×3 → max pool → conv 5×5 (and 1)`.

    Args:
        space: The space as `config.json` describes it, with the names of its decisions.
        architecture: A choice a decision.

    Returns:
        The line, or nothing where the architecture is not one of the space.
    """
    decisions = rows_of(space, "decisions")
    if not isinstance(architecture, list) or len(architecture) != len(decisions):
        return ""
    stages: dict[int, str] = {}
    skips: dict[int, list[str]] = {}
    for decision, choice in zip(decisions, architecture, strict=True):
        choices = decision.get("choices")
        if not isinstance(choices, list) or not isinstance(choice, int):
            return ""
        if not 0 <= choice < len(choices):
            return ""
        name, value = str(decision.get("name")), str(choices[choice])
        if match := re.fullmatch(r"stage (\d+), operation", name):
            stages[int(match[1])] = operation_words(value)
        elif (match := re.fullmatch(r"stage (\d+), skip from (\d+)", name)) and value == "yes":
            skips.setdefault(int(match[1]), []).append(match[2])
    lines = []
    for stage, operation in sorted(stages.items()):
        more = f" (and {', '.join(skips[stage])})" if stage in skips else ""
        lines.append(f"{operation}{more}")
    return " → ".join(lines)


def operation_words(name: str) -> str:
    """Returns `separable_3x3` as `separable 3×3`."""
    return re.sub(r"(\d)x(\d)", r"\1×\2", name.replace("_", " "))


@dataclass(frozen=True)
class TrainedNetwork:
    """A network that was trained by itself; both scores are from validation images.

    Attributes:
        method: That chose it.
        group: Its seed and attribute: scores of two groups do not compare.
        shared: Its reward under shared weights.
        alone: Its score when trained by itself.
    """

    method: str
    group: tuple[Any, str]
    shared: float
    alone: float


def trained_networks(run: RunFolder) -> list[TrainedNetwork]:
    """Returns the networks of the journal that have both scores.

    What several methods chose for an attribute is one network, of the first that was trained.
    """
    found = []
    counted: set[tuple[Any, ...]] = set()
    for event in run.of_kind("trained"):
        for row in rows_of(event, "attributes"):
            shared, alone = number(row, "shared_score"), number(row, "validation_score")
            architecture = row.get("architecture")
            group = (event.get("seed"), name_of(row))
            network = (*group, *(architecture if isinstance(architecture, list) else [None]))
            if shared is not None and alone is not None and network not in counted:
                if architecture:
                    counted.add(network)
                found.append(TrainedNetwork(str(event.get("method")), group, shared, alone))
    return found


def command_again(run: RunFolder) -> str:
    """Returns the command that makes the run again.

    Unlike those of other searches it begins with the run that the strategy is from, and
    `--dataset` is there once a domain.
    """
    source = run.arguments.get("source") or mapping(run.config, "source").get("path")
    words = str(run.config.get("command", ""))
    words += f" {shlex.quote(str(source))}" if source else ""
    arguments = {key: value for key, value in run.arguments.items() if key != "source"}
    if isinstance(listed := arguments.get("dataset"), list):
        del arguments["dataset"]
        words += "".join(f" \\\n  --dataset {shlex.quote(str(name))}" for name in listed)
    return command_line(
        replace(run, config={**run.config, "command": words, "arguments": arguments})
    )
