"""The methods that a run compares: from its result, or from the journal while there is none."""

from dataclasses import dataclass
from statistics import fmean
from typing import Any

from reports.run_folder import RunFolder, finite, interval, number


@dataclass(frozen=True)
class Method:
    """One row of the comparison. All errors are percentages.

    Attributes:
        name: Such as `"random trees"`.
        kind: `"searched"`, `"random"`, `"control"`, `"exact"`, `"fine-tuned"`, or `""`
            where only the journal is there.
        seeds: The seeds that it ran with.
        trainings: How many models were trained.
        validation_error: Mean over the trainings.
        test_error: Mean over the trainings.
        test_error_interval: 95 % interval of the mean, or `None`.
        official_error: Test error as the dataset's own score counts labels, where it has one.
        parameters: Parameters of one model, on average.
        flops: Floating-point operations for one image.
        latency_ms: Milliseconds for one image.
        seconds: Time that all trainings took.
        attribute_errors: Test error of every attribute.
        note: What a reader must know about this row.
    """

    name: str
    kind: str
    seeds: tuple[int, ...]
    trainings: int
    validation_error: float | None
    test_error: float | None
    test_error_interval: tuple[float, float] | None
    parameters: float | None
    flops: float | None
    latency_ms: float | None
    seconds: float | None
    attribute_errors: tuple[float | None, ...]
    official_error: float | None = None
    note: str = ""


def read_methods(run: RunFolder) -> list[Method]:
    """Returns the methods of a run.

    Without a result, the means of what the journal holds so far stand in, and no method
    has an interval or a kind.
    """
    listed = run.result.get("methods")
    if isinstance(listed, list):
        return [_from_result(values) for values in listed if isinstance(values, dict)]
    trained: dict[str, list[dict[str, Any]]] = {}
    for event in run.of_kind("trained"):
        trained.setdefault(str(event.get("method")), []).append(event)
    return [_from_journal(name, events) for name, events in trained.items()]


def of_kind(methods: list[Method], kind: str) -> Method | None:
    """Returns the first method of a kind."""
    return next((method for method in methods if method.kind == kind), None)


def _from_result(values: dict[str, Any]) -> Method:
    listed = values.get("seeds")
    seeds = tuple(listed) if isinstance(listed, list) else ()
    trainings = values.get("trainings")
    return Method(
        name=str(values.get("name", "unnamed")),
        kind=str(values.get("kind", "")),
        seeds=seeds,
        trainings=trainings if isinstance(trainings, int) else len(seeds),
        validation_error=number(values, "validation_error"),
        test_error=number(values, "test_error"),
        test_error_interval=interval(values, "test_error_interval"),
        parameters=number(values, "parameters"),
        flops=number(values, "flops"),
        latency_ms=number(values, "latency_ms"),
        seconds=number(values, "seconds"),
        attribute_errors=tuple(map(finite, values.get("attribute_errors") or ())),
        official_error=number(values, "official_error"),
        note=str(values.get("note") or ""),
    )


def _from_journal(name: str, events: list[dict[str, Any]]) -> Method:
    def mean(key: str) -> float | None:
        known = [value for event in events if (value := number(event, key)) is not None]
        return fmean(known) if known else None

    rows = [list(map(finite, event.get("attribute_errors") or ())) for event in events]
    columns = zip(*rows, strict=True) if len({len(row) for row in rows}) == 1 else ()
    seconds = mean("training_seconds")
    return Method(
        name=name,
        kind="",
        seeds=tuple(sorted({event["seed"] for event in events if "seed" in event})),
        trainings=len(events),
        validation_error=mean("validation_error"),
        test_error=mean("test_error"),
        test_error_interval=None,
        parameters=mean("parameters"),
        flops=mean("flops"),
        latency_ms=mean("latency_ms"),
        seconds=None if seconds is None else seconds * len(events),
        official_error=mean("official_error"),
        attribute_errors=tuple(None if None in column else fmean(column) for column in columns),
    )
