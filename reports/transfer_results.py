"""What a run of `transfer apply` measured: its methods and their differences, from its files."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import accumulate
from statistics import fmean
from typing import Any

from reports.names import attribute_name
from reports.run_folder import RunFolder, finite, interval, number

TRANSFERRED, FINE_TUNED, SCRATCH, RANDOM = "transferred", "fine-tuned", "from scratch", "random"
RANDOM_ARCHITECTURE = "random architecture"
"""The first random architecture of an attribute: what training any network at all gives."""

CHANCE = 0.5
"""What counts in means for a reward that is not a finite number."""

Span = tuple[float, float] | None


@dataclass(frozen=True)
class Scores:
    """What a method reached in one attribute, as means over seeds.

    Attributes:
        final: Reward of what it chose at its end.
        area: Mean of its best reward so far over all numbers of evaluations.
        expected: Mean reward of architectures that it draws at its end.
        test: Score of its trained choice on test images.
        shuffled: Mean reward of what it draws with the descriptors of other attributes.
    """

    final: float | None = None
    area: float | None = None
    expected: float | None = None
    test: float | None = None
    shuffled: float | None = None


@dataclass(frozen=True)
class TransferMethod:
    """One way to find architectures; its numbers are means over attributes and seeds.

    Attributes:
        name: Such as `"fine-tuned"`.
        curve: Best reward so far after 1, 2, … evaluations an attribute.
        band: 95 % interval of every point of the curve, or nothing.
        scores: The means of all attributes.
        final_interval: 95 % interval of the mean over attributes, or `None`; so the others.
        attributes: The scores of every attribute, by name.
        seconds: Time of the search, or `None`.
    """

    name: str
    curve: tuple[float | None, ...] = ()
    band: tuple[Span, ...] = ()
    scores: Scores = Scores()
    final_interval: Span = None
    expected_interval: Span = None
    test_interval: Span = None
    attributes: dict[str, Scores] = field(default_factory=dict)
    seconds: float | None = None


def read_transfer_methods(run: RunFolder) -> list[TransferMethod]:
    """Returns the methods of a run; without a result, from what its journal holds so far."""
    listed = run.result.get("methods")
    if isinstance(listed, list):
        return [_from_result(values) for values in listed if isinstance(values, dict)]
    found: dict[str, list[dict[str, Any]]] = {}
    for event in _comparable(run.of_kind("searched")):
        found.setdefault(str(event.get("method")), []).append(event)
    methods = [_from_journal(name, events) for name, events in found.items()]
    evaluations = max((len(method.curve) for method in methods), default=0)
    # What evaluates nothing has the same reward all along.
    return [
        method if method.curve else replace(method, curve=(method.scores.final,) * evaluations)
        for method in methods
    ]


def named(methods: Iterable[TransferMethod], name: str) -> TransferMethod | None:
    """Returns the method of a name, or `None`."""
    return next((method for method in methods if method.name == name), None)


def name_of(row: Any) -> str:
    """Returns the attribute that a row is of: the row itself, or what its key says."""
    return attribute_name(str(row.get("attribute", "") if isinstance(row, dict) else row))


def rows_of(values: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Returns the objects of a list, or nothing where there is no list."""
    listed = values.get(key)
    return [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []


def average(values: Iterable[float | None]) -> float | None:
    """Returns the mean of what is known, or `None`."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _comparable(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the events of the seeds that have all methods so far.

    Rewards of different seeds are under different weights: a method that has one seed more
    than another one would not be compared, but its seed's weights would.
    """
    seeds: dict[Any, set[str]] = {}
    for event in events:
        seeds.setdefault(event.get("seed"), set()).add(str(event.get("method")))
    every = set().union(*seeds.values())
    return [event for event in events if seeds[event.get("seed")] == every]


def _from_result(values: dict[str, Any]) -> TransferMethod:
    curve, band = values.get("curve"), values.get("curve_interval")
    return TransferMethod(
        name=str(values.get("name", "unnamed")),
        curve=tuple(map(finite, curve)) if isinstance(curve, list) else (),
        band=tuple(interval({"at": s}, "at") for s in band) if isinstance(band, list) else (),
        scores=_scores(values),
        final_interval=interval(values, "final_interval"),
        expected_interval=interval(values, "expected_interval"),
        test_interval=interval(values, "test_interval"),
        attributes={name_of(row): _scores(row) for row in rows_of(values, "attributes")},
        seconds=number(values, "seconds"),
    )


def _scores(row: dict[str, Any]) -> Scores:
    keys = ("final", "area", "expected", "test_score", "shuffled")
    return Scores(*(number(row, key) for key in keys))


def _from_journal(name: str, events: list[dict[str, Any]]) -> TransferMethod:
    curves: dict[str, list[list[float | None]]] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        for row in rows_of(event, "attributes"):
            rows.setdefault(name_of(row), []).append(row)
            best = best_so_far(row.get("rewards"))
            known: list[float | None] = [CHANCE if reward is None else reward for reward in best]
            curves.setdefault(name_of(row), []).append(known)
    attributes = {
        attribute: Scores(
            final=average(_reward(row, "score") for row in listed),
            # Without evaluations the curve is level.
            area=average(
                average(curve) if curve else _reward(row, "score")
                for curve, row in zip(curves[attribute], listed, strict=True)
            ),
            expected=average(_reward(row, "expected") for row in listed),
            shuffled=average(number(row, "shuffled") for row in listed),
        )
        for attribute, listed in rows.items()
    }
    every = [curve for listed in curves.values() for curve in listed]
    length = min(map(len, every), default=0)
    return TransferMethod(
        name=name,
        curve=tuple(average(curve[place] for curve in every) for place in range(length)),
        scores=Scores(
            final=average(scores.final for scores in attributes.values()),
            area=average(scores.area for scores in attributes.values()),
            expected=average(scores.expected for scores in attributes.values()),
            shuffled=average(scores.shuffled for scores in attributes.values()),
        ),
        attributes=attributes,
        seconds=average(number(event, "search_seconds") for event in events),
    )


def _reward(row: dict[str, Any], key: str) -> float | None:
    """Returns a reward of the journal: chance where it was measured and is not finite."""
    return CHANCE if key in row and row[key] is None else number(row, key)


def best_so_far(rewards: Any) -> list[float | None]:
    """Returns the highest of the first 1, 2, … rewards; an unknown reward is never it."""
    values = [finite(reward) for reward in rewards] if isinstance(rewards, list) else []

    def higher(best: float | None, value: float | None) -> float | None:
        return value if best is None else best if value is None else max(best, value)

    return list(accumulate(values, higher))
