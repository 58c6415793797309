"""What a method reached, and how that was measured: only the same may stand in one ranking."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

from reports.comparison.runs import ComparedRun

SEARCHED, RANDOM, RANDOM_SEARCH = "searched", "random", "random search"
UNRANKED = {"fine-tuned", "final", "shared"}
"""Kinds of methods that had another training than the others beside them."""


@dataclass(frozen=True)
class Protocol:
    """How a number came about. Numbers of different protocols are not ranked together.

    Attributes:
        job: `"trees"`, `"gans"`, `"transfer"`, `"learning"` or `"benchmark"`.
        dataset: The name of the dataset or of the problem.
        fingerprint: The hash of its data.
        metric: What was measured, such as `"test error"` or `"KID·10³"`.
        unit: Its unit, `"%"` or nothing.
        split: The images that it is from: `"test"` or `"validation"`.
        lower_is_better: Whether a lower number is the better one.
        details: What else has to agree, by name: training steps, extractor, …
    """

    job: str
    dataset: str
    fingerprint: str
    metric: str
    unit: str
    split: str
    lower_is_better: bool
    details: tuple[tuple[str, str], ...] = ()

    @property
    def difference_unit(self) -> str:
        """The unit of a difference of two numbers."""
        return "points" if self.unit == "%" else self.unit

    def parts(self) -> dict[str, str]:
        """Returns all that has to agree, by the names that readers know."""
        return {
            "dataset": self.dataset,
            "fingerprint of the data": self.fingerprint[:12],
            "measure": self.metric,
            "split": self.split,
            **dict(self.details),
        }


@dataclass(frozen=True)
class MethodResult:
    """What one method of one run reached. Means of a seed are over its trainings.

    Attributes:
        run: The run.
        method: The name of the method, fit to print.
        kind: `"searched"`, `"random"`, `"random search"`, `"control"`, `"baseline"`, `"exact"`,
            `"shortlist"`, `"transferred"`, `"shared"`, `"final"`, `"fine-tuned"`, …
        protocol: How it was measured.
        values: The number of the protocol's metric by seed.
        trainings: How many models were trained, or trials made.
        reported: The mean that `result.json` states where nothing is known seed by seed.
        reported_interval: The interval that it states then.
        parameters: Of one model, mean.
        flops: Of one image: two for each multiply-add; mean.
        latency_ms: Milliseconds an image.
        search_seconds: Of one search, mean; 0 for a method that searches nothing, None where
            that is not known.
        training_seconds: Of one training of a model by itself, mean.
        peak_memory_mb: The most resident memory of the process until the method was done.
        attributes: The metric by attribute and seed, where it is one an attribute.
        others: Other measures by name and seed, as `"FID"`.
        note: What a reader must know about it.
    """

    run: ComparedRun
    method: str
    kind: str
    protocol: Protocol
    values: dict[int, float]
    trainings: int = 0
    reported: float | None = None
    reported_interval: tuple[float, float] | None = None
    parameters: float | None = None
    flops: float | None = None
    latency_ms: float | None = None
    search_seconds: float | None = None
    training_seconds: float | None = None
    peak_memory_mb: float | None = None
    attributes: dict[str, dict[int, float]] = field(default_factory=dict)
    others: dict[str, dict[int, float]] = field(default_factory=dict)
    note: str = ""

    @property
    def split(self) -> str:
        return self.protocol.split

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(sorted(self.values))

    @property
    def mean(self) -> float | None:
        """The mean over seeds, or the mean that the result states."""
        return fmean(self.values.values()) if self.values else self.reported

    @property
    def ranked(self) -> bool:
        """Whether it may be called the best: its training was that of the others."""
        return self.kind not in UNRANKED and self.mean is not None

    @property
    def total_seconds(self) -> float | None:
        """Seconds of one search and one training, where both are known."""
        known = (self.search_seconds, self.training_seconds)
        return None if None in known else sum(value for value in known if value is not None)


def by_protocol(results: Sequence[MethodResult]) -> dict[Protocol, list[MethodResult]]:
    """Returns the results of every protocol, in the order in which they come."""
    found: dict[Protocol, list[MethodResult]] = {}
    for result in results:
        found.setdefault(result.protocol, []).append(result)
    return found


def row_names(results: Sequence[MethodResult]) -> list[str]:
    """Returns a name for every result that no other one has; with its run where there are some."""
    several = len({result.run.path for result in results}) > 1
    names: list[str] = []
    for result in results:
        whole = f"{result.method} · {result.run.name}" if several else result.method
        name, number = whole, 2
        while name in names:
            name, number = f"{whole} ({number})", number + 1
        names.append(name)
    return names


def order(result: MethodResult) -> tuple[bool, float]:
    """The key that sorts results: the best first, what is not ranked last."""
    mean = result.mean
    if mean is None:
        return True, float("inf")
    return not result.ranked, mean if result.protocol.lower_is_better else -mean


def best_of(results: Sequence[MethodResult]) -> MethodResult | None:
    """Returns the best ranked result of one protocol, or None where nothing is ranked."""
    return min((result for result in results if result.ranked), key=order, default=None)


def control_of(result: MethodResult, results: Sequence[MethodResult]) -> MethodResult | None:
    """Returns what a random search of the same run reached, or None where it has none.

    A random search with the same budget comes before random architectures, which chose nothing.
    """
    for kind in (RANDOM_SEARCH, RANDOM):
        for other in results:
            if other.kind == kind and other.run.path == result.run.path and other is not result:
                return other
    return None
