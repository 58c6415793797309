"""What the models of a search of trees or of generators reached, trained by themselves."""

from collections.abc import Callable, Sequence
from typing import Any

from reports.comparison.measured import (
    MOST_ATTRIBUTES,
    Event,
    attribute_names,
    average,
    by_seed,
    column,
    detail,
    grouped,
    image_shape,
    measured,
    name_of,
    peak_memory,
    seed_of,
    text_of,
)
from reports.comparison.protocol import RANDOM, RANDOM_SEARCH, SEARCHED, MethodResult, Protocol
from reports.comparison.runs import ComparedRun
from reports.run_folder import RunFolder, interval, mapping
from reports.run_states import listed

SEARCHING = {SEARCHED, "exact", "shortlist", RANDOM_SEARCH, "shared", "fine-tuned", "final"}
"""Kinds of methods that need the shared weights of a search."""
NOTES = {
    "shared": "with the shared weights, not trained again; not ranked",
    "final": "trained with another budget; not ranked",
    "fine-tuned": "trained with another budget; not ranked",
    "exact": "the best tree under the same shared weights",
    RANDOM_SEARCH: "under the same shared weights, with as many evaluations",
}
STATED = "mean and interval as the run stated them"
GAN_MEASURES = {
    "fid": "FID",
    "inception_score": "Inception Score",
    "precision": "precision",
    "recall": "recall",
}


def tree_results(run: ComparedRun) -> list[MethodResult]:
    """Returns the methods of a search of trees: test errors in percent."""
    assert run.folder is not None
    folder, rows = run.folder, _rows(run.folder)
    names = attribute_names(folder.attributes)
    balanced = "balanced" in folder.score
    results = []
    for method, kind, events, row in rows:
        protocol = Protocol(
            "trees",
            text_of(folder.dataset, "name", "unnamed data"),
            text_of(folder.dataset, "fingerprint"),
            "balanced test error" if balanced else "test error",
            "%",
            "test",
            True,
            (
                *image_shape(folder.dataset),
                ("attributes", str(len(names))),
                *_training(folder, ("steps", "batch_size", "augment")),
            ),
        )
        others = {
            "validation error (%)": column(events, "validation_error"),
            "official test error (%)": column(events, "official_error"),
        }
        seconds = _search_seconds(folder, ("training_seconds", "evaluation_seconds"))
        found = _result(run, protocol, (method, kind, events, row), seconds)
        results.append(
            found(
                values=column(events, "test_error"),
                reported=measured(row, "test_error"),
                reported_interval=interval(row, "test_error_interval"),
                attributes=_by_attribute(events, row, names),
                others={name: values for name, values in others.items() if values},
            )
        )
    return results


def gan_results(run: ComparedRun) -> list[MethodResult]:
    """Returns the methods of a search of generators: KID on test images times 1,000."""
    assert run.folder is not None
    folder, results = run.folder, []
    shared = [
        {"seed": seed_of(event), "test": mapping(mapping(event, "shared_weights"), "test")}
        for event in folder.of_kind("searched")
    ]
    seconds = _search_seconds(folder, ("search_seconds",))
    for method, kind, events, row in _rows(folder):
        events = shared if kind == "shared" else events
        qualities = [{**mapping(e, "test"), "seed": e.get("seed")} for e in events]
        span = interval(row, "kid_interval")
        results.append(
            _result(run, _gan_protocol(folder), (method, kind, events, row), seconds)(
                values=column(qualities, "kid", 1000),
                reported=_thousandfold(measured(row, "kid")),
                reported_interval=(1000 * span[0], 1000 * span[1]) if span else None,
                others={
                    name: values
                    for key, name in GAN_MEASURES.items()
                    if (values := column(qualities, key))
                },
            )
        )
    return results


def _gan_protocol(folder: RunFolder) -> Protocol:
    quality = mapping(folder.result, "floor") or next(
        (mapping(event, "test") for event in folder.of_kind("floor")), {}
    )
    trained = [e for e in folder.of_kind("trained") if e.get("kind") != "final"]
    quality = quality or (mapping(trained[0], "test") if trained else {})
    size = detail(folder.result, "image_size", "image size") or image_shape(folder.dataset)
    classes = folder.result.get("conditional")
    return Protocol(
        "gans",
        text_of(folder.dataset, "name", "unnamed data"),
        text_of(folder.dataset, "fingerprint"),
        "KID·10³",
        "",
        "test",
        True,
        (
            *size,
            *detail(quality, "extractor", "features"),
            *(pair for pair in detail(quality, "resize", "resizing") if pair[1] != "none"),
            *detail(folder.arguments, "images", "generated images"),
            *detail(quality, "real_images", "real images"),
            *([("classes", str(len(classes)))] if isinstance(classes, list) and classes else []),
            *_training(folder, ("steps", "batch_size")),
        ),
    )


def _training(folder: RunFolder, keys: Sequence[str]) -> list[tuple[str, str]]:
    names = {"steps": "training steps", "batch_size": "batch size", "augment": "augmentation"}
    return [pair for key in keys for pair in detail(folder.arguments, key, names[key])]


def _rows(folder: RunFolder) -> list[tuple[str, str, list[Event], Event]]:
    """Returns name, kind, trainings and row of the result of every method, those with a row first.

    Trainings that another command added later are in the journal alone, or in both.
    """
    stated = {name_of(row, "name"): row for row in listed(folder.result, "methods")}
    trained = grouped(folder.of_kind("trained"))
    found = []
    for method in dict.fromkeys([*stated, *trained]):
        events, row = trained.get(method, []), stated.get(method, {})
        kind = text_of(row, "kind") or text_of(events[0] if events else {}, "kind")
        kind = kind or _guessed(method)
        # A final training that was made again takes the place of the one before.
        found.append(
            (method, kind, events[-1:] if kind in ("final", "fine-tuned") else events, row)
        )
    return found


def _guessed(method: str) -> str:
    """Returns the kind of a method whose entries lack it, as those of older runs do."""
    if method in ("random trees", "random cells"):
        return RANDOM
    return SEARCHED if method.startswith(("searched tree", "searched cells")) else "control"


def _search_seconds(folder: RunFolder, keys: Sequence[str]) -> float | None:
    """Returns the mean seconds of a search, of which the events hold the parts."""
    searches = [[measured(event, key) for key in keys] for event in folder.of_kind("searched")]
    whole = [sum(v for v in parts if v is not None) for parts in searches if None not in parts]
    return average(whole) if whole else measured(folder.result, "search_seconds")


def _result(
    run: ComparedRun,
    protocol: Protocol,
    what: tuple[str, str, list[Event], Event],
    search_seconds: float | None,
) -> Callable[..., MethodResult]:
    """Returns what makes the result of a method from what differs between the two searches."""
    method, kind, events, row = what
    trainings = measured(row, "trainings")
    seconds = average(measured(event, "training_seconds") for event in events)
    if seconds is None and trainings and (total := measured(row, "seconds")) is not None:
        seconds = total / trainings
    assert run.folder is not None
    searches = run.folder.of_kind("searched") if kind in SEARCHING else []
    notes = [NOTES.get(kind, ""), text_of(row, "note")]

    def mean(key: str) -> float | None:
        found = average(measured(event, key) for event in events)
        return measured(row, key) if found is None else found

    def make(**values: Any) -> MethodResult:
        stated = not values.get("values") and values.get("reported_interval") is not None
        return MethodResult(
            run,
            method,
            kind,
            protocol,
            trainings=len(events) or int(trainings or 0),
            parameters=mean("parameters"),
            flops=mean("flops"),
            latency_ms=mean("latency_ms"),
            search_seconds=search_seconds if kind in SEARCHING else 0.0,
            training_seconds=0.0 if kind == "shared" else seconds,
            peak_memory_mb=peak_memory(events, searches),
            note="; ".join(dict.fromkeys(filter(None, [*notes, STATED if stated else ""]))),
            **values,
        )

    return make


def _by_attribute(
    events: Sequence[Event], row: Event, names: Sequence[str]
) -> dict[str, dict[int, float]]:
    """Returns the test error of every attribute by seed, where lists are as long as they must."""
    rows = [
        (seed_of(event), event["attribute_errors"][:MOST_ATTRIBUTES])
        for event in events
        if isinstance(event.get("attribute_errors"), list)
    ]
    rows = [(seed, errors) for seed, errors in rows if len(errors) == len(names)]
    return {
        name: values
        for place, name in enumerate(names)
        if (values := by_seed((s, measured({"at": errors[place]}, "at")) for s, errors in rows))
    }


def _thousandfold(value: float | None) -> float | None:
    return None if value is None else 1000 * value
