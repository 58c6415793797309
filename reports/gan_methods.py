"""The generators that a GAN search compares, from its result or from its journal so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from reports.run_folder import RunFolder, finite, interval, mapping, number

FINAL = "final"
"""The kind of a generator that `graftwork gans train` made: it is no part of the comparison."""


@dataclass(frozen=True)
class GanMethod:
    """One row of the comparison; metrics are means over the trainings, on test images.

    Attributes:
        name: Such as `"random cells"`.
        kind: `"searched"`, `"random"`, `"random search"`, `"baseline"`, `"shortlist"`,
            `"shared"`, `"final"` or `"floor"`.
        seeds: The seeds that it ran with.
        trainings: How many generators were trained.
        steps: Training steps of one generator.
        parameters: Parameters of one generator, on average.
        flops: Floating-point operations for one image.
        seconds: Time that all trainings took.
        kid: Kernel Inception Distance, as it is (tables show it times 1000).
        kid_interval: 95 % interval of the mean over seeds, or `None`.
        kid_error: Standard error of the KID of the only generator, or `None` for several.
        fid: Fréchet Inception Distance.
        inception_score: Inception Score.
        precision: Part of the generated images that lie among the real ones.
        recall: Part of the real images that lie among the generated ones.
        single_kids: The KID of every generator, where the journal has it.
        reasons: Why a metric is missing, by its name.
        note: What a reader must know about this row.
    """

    name: str
    kind: str
    seeds: tuple[int, ...] = ()
    trainings: int = 0
    steps: float | None = None
    parameters: float | None = None
    flops: float | None = None
    seconds: float | None = None
    kid: float | None = None
    kid_interval: tuple[float, float] | None = None
    kid_error: float | None = None
    fid: float | None = None
    inception_score: float | None = None
    precision: float | None = None
    recall: float | None = None
    single_kids: tuple[float, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()
    note: str = ""


def read_gan_methods(run: RunFolder) -> list[GanMethod]:
    """Returns the methods of a run.

    Without a result, the means of what the journal holds so far stand in, and no method has
    an interval.
    """
    listed = run.result.get("methods")
    if isinstance(listed, list):
        return [_from_result(run, values) for values in listed if isinstance(values, dict)]
    trained: dict[str, list[dict[str, Any]]] = {}
    for event in run.of_kind("trained"):
        trained.setdefault(str(event.get("method")), []).append(event)
    return [_from_journal(name, events) for name, events in trained.items()]


def read_floor(run: RunFolder) -> GanMethod | None:
    """Returns what real training images get, which bounds what a generator can; or `None`."""
    values = floor_values(run)
    if not values:
        return None
    return GanMethod(
        name="real training images",
        kind="floor",
        kid=number(values, "kid"),
        kid_error=number(values, "kid_error"),
        fid=number(values, "fid"),
        inception_score=number(values, "inception_score"),
        precision=number(values, "precision"),
        recall=number(values, "recall"),
        reasons=_reasons(values),
    )


def floor_values(run: RunFolder) -> dict[str, Any]:
    """Returns the measured floor as the run has it, with its counts of images, or `{}`."""
    floor = mapping(run.result, "floor")
    return floor or next((mapping(event, "test") for event in run.of_kind("floor")), {})


def of_kind(methods: Sequence[GanMethod], kind: str) -> GanMethod | None:
    """Returns the first method of a kind."""
    return next((method for method in methods if method.kind == kind), None)


def _from_result(run: RunFolder, values: dict[str, Any]) -> GanMethod:
    listed = values.get("seeds")
    seeds = tuple(listed) if isinstance(listed, list) else ()
    trainings = values.get("trainings")
    name, kind = str(values.get("name", "unnamed")), str(values.get("kind", ""))
    errors = values.get("kid_errors")
    single = errors[0] if isinstance(errors, list) and len(errors) == 1 else None
    return GanMethod(
        name=name,
        kind=kind,
        seeds=seeds,
        trainings=trainings if isinstance(trainings, int) else len(seeds),
        steps=number(values, "steps"),
        parameters=number(values, "parameters"),
        flops=number(values, "flops"),
        seconds=number(values, "seconds"),
        kid=number(values, "kid"),
        kid_interval=interval(values, "kid_interval"),
        kid_error=finite(single),
        fid=number(values, "fid"),
        inception_score=number(values, "inception_score"),
        precision=number(values, "precision"),
        recall=number(values, "recall"),
        single_kids=_kids(_qualities(run, name, kind)),
        reasons=_reasons(values),
        note=str(values.get("note") or ""),
    )


def _from_journal(name: str, events: list[dict[str, Any]]) -> GanMethod:
    qualities = [mapping(event, "test") for event in events]
    seconds = _mean(events, "training_seconds")
    return GanMethod(
        name=name,
        kind=str(events[0].get("kind", "")),
        seeds=tuple(sorted({event["seed"] for event in events if "seed" in event})),
        trainings=len(events),
        steps=_mean(events, "steps"),
        parameters=_mean(events, "parameters"),
        flops=_mean(events, "flops"),
        seconds=None if seconds is None else seconds * len(events),
        kid=_mean(qualities, "kid"),
        kid_error=number(qualities[0], "kid_error") if len(events) == 1 else None,
        fid=_mean(qualities, "fid"),
        inception_score=_mean(qualities, "inception_score"),
        precision=_mean(qualities, "precision"),
        recall=_mean(qualities, "recall"),
        single_kids=_kids(qualities),
        reasons=_reasons(qualities[0]),
    )


def _qualities(run: RunFolder, name: str, kind: str) -> list[dict[str, Any]]:
    """Returns the metrics of every generator of a method, from the journal."""
    if kind == "shared":
        return [mapping(mapping(e, "shared_weights"), "test") for e in run.of_kind("searched")]
    found = [mapping(e, "test") for e in run.of_kind("trained") if e.get("method") == name]
    # A final training that was made again takes the place of the one before.
    return found[-1:] if kind == FINAL else found


def _kids(qualities: list[dict[str, Any]]) -> tuple[float, ...]:
    return tuple(kid for quality in qualities if (kid := number(quality, "kid")) is not None)


def _mean(rows: list[dict[str, Any]], key: str) -> float | None:
    """Returns the mean of a number; `None` where one row lacks it, as in a result."""
    values = [number(row, key) for row in rows]
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def _reasons(values: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(why)) for name, why in mapping(values, "reasons").items())
