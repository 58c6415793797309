"""Numbers out of run files that nobody vouches for: what cannot be one is left out."""

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from reports.names import attribute_name, printable, shorten
from reports.run_folder import finite

Event = dict[str, Any]
LARGEST = 1e18
"""Nothing that a run measures is greater."""
NAME_LENGTH = 80
MOST_ATTRIBUTES = 1000


def measured(values: Any, key: str) -> float | None:
    """Returns the number under `key` of an object; None for what no measurement gives."""
    value = finite(values.get(key)) if isinstance(values, dict) else None
    return None if value is None or abs(value) > LARGEST else float(value)


def known(values: Iterable[float | None]) -> list[float]:
    """Returns the values that are known."""
    return [value for value in values if value is not None]


def average(values: Iterable[float | None]) -> float | None:
    """Returns the mean of the values that are known, or None."""
    found = known(values)
    return fmean(found) if found else None


def highest(values: Iterable[float | None]) -> float | None:
    """Returns the highest of the values that are known, or None."""
    return max(known(values), default=None)


def seed_of(event: Event) -> int | None:
    """Returns the seed of an event, or None where it has none."""
    seed = event.get("seed")
    return seed if type(seed) is int and abs(seed) < LARGEST else None


def name_of(event: Event, key: str = "method") -> str:
    """Returns a name, fit to print and not too long."""
    return shorten(printable(str(event.get(key, "unnamed"))), NAME_LENGTH) or "unnamed"


def grouped(events: Iterable[Event], key: str = "method") -> dict[str, list[Event]]:
    """Returns the events that have a seed, by a name, in the order in which they came."""
    found: dict[str, list[Event]] = {}
    for event in events:
        if seed_of(event) is not None:
            found.setdefault(name_of(event, key), []).append(event)
    return found


def by_seed(pairs: Iterable[tuple[int | None, float | None]]) -> dict[int, float]:
    """Returns the mean of every seed's values, without seeds that have none."""
    found: dict[int, list[float]] = {}
    for seed, value in pairs:
        if seed is not None and value is not None:
            found.setdefault(seed, []).append(value)
    return {seed: fmean(found[seed]) for seed in sorted(found)}


def column(events: Sequence[Event], key: str, factor: float = 1.0) -> dict[int, float]:
    """Returns the mean of a number by seed, times a factor."""
    values = by_seed((seed_of(event), measured(event, key)) for event in events)
    return {seed: factor * value for seed, value in values.items()}


def peak_memory(*events: Sequence[Event]) -> float | None:
    """Returns the most memory, in MB, that some events were recorded with, or None."""
    return highest(measured(event, "memory_mb") for listed in events for event in listed)


def attribute_names(values: Any) -> list[str]:
    """Returns the names of the attributes that a list names, each another one."""
    listed = values[:MOST_ATTRIBUTES] if isinstance(values, list) else []
    names: dict[str, None] = {}
    for place, value in enumerate(listed):
        name = attribute_name(shorten(str(value), NAME_LENGTH))
        names[name if name not in names else f"{name} ({place + 1})"] = None
    return list(names)


def text_of(values: Any, key: str, otherwise: str = "") -> str:
    """Returns the text under `key` of an object, shortened; `otherwise` where there is none."""
    value = values.get(key) if isinstance(values, dict) else None
    return shorten(value, 4 * NAME_LENGTH) if isinstance(value, str) and value else otherwise


def plain_number(value: float) -> str:
    """Returns a number as `600` or `0.002`."""
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def detail(values: Any, key: str, name: str) -> list[tuple[str, str]]:
    """Returns a detail of a protocol: the number, text or switch under `key`, or nothing."""
    value = values.get(key) if isinstance(values, dict) else None
    if isinstance(value, bool):
        return [(name, "yes" if value else "no")]
    if (number := measured(values, key)) is not None:
        return [(name, plain_number(number))]
    return [(name, text_of(values, key))] if text_of(values, key) else []


def image_shape(dataset: Any) -> list[tuple[str, str]]:
    """Returns the detail `image size` of a dataset's description, such as `32×32×3`."""
    shape = dataset.get("shape") if isinstance(dataset, dict) else None
    if not isinstance(shape, list) or len(shape) != 3 or None in map(finite, shape):
        return []
    return [("image size", "×".join(map(str, shape)))]
