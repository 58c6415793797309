"""Differences of the methods of a transfer, and what may be said by them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from reports.run_folder import finite, interval, mapping, number
from reports.transfer_results import (
    FINE_TUNED,
    RANDOM,
    RANDOM_ARCHITECTURE,
    SCRATCH,
    TRANSFERRED,
    Scores,
    Span,
    TransferMethod,
    average,
    name_of,
    named,
)

CLAIMS = {
    "transferred": "expected reward: transferred − random",
    "guidance": "expected reward of the transferred strategy: told the attribute − told another",
    "mode": "most likely architecture of the transferred strategy − expected reward of random",
    "fine_tuned": "final reward: fine-tuned − from scratch",
    "area": "area under the curve: fine-tuned − from scratch",
    "scratch_random": "final reward: from scratch − random search",
    "fine_tuned_random": "final reward: fine-tuned − random search",
    "test": "test, trained alone: transferred − one random architecture",
    "fine_tuned_test": "test, trained alone: fine-tuned − from scratch",
}
"""What is compared, by its key in `comparison` of a result."""

# The first and the second method of each, with the number of both.
_PAIRS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "transferred": ((TRANSFERRED, "expected"), (RANDOM, "expected")),
    "guidance": ((TRANSFERRED, "expected"), (TRANSFERRED, "shuffled")),
    "mode": ((TRANSFERRED, "final"), (RANDOM, "expected")),
    "fine_tuned": ((FINE_TUNED, "final"), (SCRATCH, "final")),
    "area": ((FINE_TUNED, "area"), (SCRATCH, "area")),
    "scratch_random": ((SCRATCH, "final"), (RANDOM, "final")),
    "fine_tuned_random": ((FINE_TUNED, "final"), (RANDOM, "final")),
    "test": ((TRANSFERRED, "test"), (RANDOM_ARCHITECTURE, "test")),
    "fine_tuned_test": ((FINE_TUNED, "test"), (SCRATCH, "test")),
}
FEWEST_SEEDS = 3
NOT_SHOWN = "no difference is shown"
DISAGREE = "the seeds disagree: no difference is shown"
EQUAL = "the same for every attribute"
NO_INTERVAL = "no interval"


@dataclass(frozen=True)
class Difference:
    """A mean difference over attributes.

    Attributes:
        mean: First minus second, or `None` where it was not measured.
        interval: Its 95 % interval over attributes, or `None`.
        p_value: Of no difference, or `None`.
        by_seed: The same mean for every seed.
        attributes: Over how many attributes it is, or `None` where that is not known.
        seed_interval: The 95 % interval of the mean over seeds, or `None`.
        seed_p_value: Of no difference over seeds, or `None`.
    """

    mean: float | None = None
    interval: Span = None
    p_value: float | None = None
    by_seed: tuple[float, ...] = ()
    attributes: int | None = None
    seed_interval: Span = None
    seed_p_value: float | None = None

    @property
    def verdict(self) -> str:
        """`"more"`, `"less"`, why neither can be said, or nothing where nothing was measured.

        More and less need the whole interval over attributes on one side of 0, and the mean of
        every seed on the same side: attributes of a seed share its weights, so that an interval
        over attributes alone would call a seed's luck a difference.
        """
        if self.mean is None:
            return ""
        if self.interval is None:
            return EQUAL if (self.attributes or 0) >= 3 else NO_INTERVAL
        low, high = self.interval
        if low <= 0 <= high:
            return NOT_SHOWN
        if not all((value > 0) == (low > 0) and value for value in self.by_seed):
            return DISAGREE
        return "more" if low > 0 else "less"


def read_differences(
    result: dict[str, Any], methods: Sequence[TransferMethod]
) -> dict[str, Difference]:
    """Returns all differences by their keys in `comparison`.

    Where the result has none (no result yet, or one of an older version), the mean over the
    attributes that both methods have stands in, without an interval.
    """
    comparison = mapping(result, "comparison")
    return {
        key: difference_of(mapping(comparison, key), paired(methods, key).values())
        for key in _PAIRS
    }


def difference_of(values: dict[str, Any], pairs: Iterable[float | None] = ()) -> Difference:
    """Returns a difference as a result has it.

    Args:
        values: Its entry in `comparison`, or an empty object.
        pairs: The differences of single attributes: their mean stands in for a missing one.
    """
    known = number(values, "mean")
    if known is None:
        known = number(values, "difference")
    seeds = values.get("by_seed")
    listed = list(seeds.values()) if isinstance(seeds, dict) else seeds
    listed = listed if isinstance(listed, list) else []
    attributes = number(values, "attributes")
    return Difference(
        average(pairs) if known is None else known,
        interval(values, "interval"),
        number(values, "p_value"),
        tuple(value for seed in listed if (value := finite(seed)) is not None),
        None if attributes is None else int(attributes),
        interval(values, "seed_interval"),
        number(values, "seed_p_value"),
    )


def paired(methods: Sequence[TransferMethod], key: str) -> dict[str, float]:
    """Returns first minus second of a comparison for every attribute that has both."""
    (first, of_first), (second, of_second) = _PAIRS[key]
    ours, theirs = named(methods, first), named(methods, second)
    if ours is None or theirs is None:
        return {}
    found = {}
    for name, scores in ours.attributes.items():
        mine = getattr(scores, of_first)
        other = getattr(theirs.attributes.get(name, Scores()), of_second)
        if mine is not None and other is not None:
            found[name] = mine - other
    return found


@dataclass(frozen=True)
class NegativeTransfer:
    """The attributes for which the transferred strategy draws worse than chance.

    Attributes:
        shown: Those for which a test shows it.
        lower: The others that are lower.
        test: The name of the test, or `None` where there was none.
    """

    shown: tuple[str, ...] = ()
    lower: tuple[str, ...] = ()
    test: str | None = None


def negative_transfer(
    result: dict[str, Any], methods: Sequence[TransferMethod]
) -> NegativeTransfer:
    """Returns which attributes are lower, and for which of them a test shows it.

    Older results, and unfinished runs, have the signs alone: they show it for none.

    Args:
        result: `result.json`, empty where there is none yet.
        methods: The methods of the run.
    """
    lower = result.get("lower_by_chance")
    if not isinstance(lower, list):
        below = [name for name, value in paired(methods, "transferred").items() if value < 0]
        return NegativeTransfer(lower=tuple(below))
    shown = result.get("negative_transfer")
    test = mapping(result, "negative_transfer_test").get("test")
    return NegativeTransfer(
        tuple(map(name_of, shown if isinstance(shown, list) else [])),
        tuple(map(name_of, lower)),
        str(test) if test else None,
    )
