"""What transfer and benchmarks reached: strategies, rather than models by themselves."""

from collections.abc import Iterable

from reports.comparison.measured import (
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
    plain_number,
    seed_of,
    text_of,
)
from reports.comparison.protocol import RANDOM, RANDOM_SEARCH, SEARCHED, MethodResult, Protocol
from reports.comparison.runs import ComparedRun
from reports.names import attribute_name
from reports.run_folder import RunFolder, mapping, number
from reports.run_states import listed
from reports.transfer_words import SCORES, domain_names

TRANSFER_KINDS = {
    "random search": RANDOM_SEARCH,
    "random": RANDOM_SEARCH,
    "random architecture": RANDOM,
    "transferred": "transferred",
    "fine-tuned": "adapted",
    "from scratch": SEARCHED,
}
"""What the methods of `transfer apply` are; `adapted` is fine-tuning a strategy, not a model."""


def transfer_results(run: ComparedRun) -> list[MethodResult]:
    """Returns the methods of an application of a learned strategy.

    Scores on test images of what every method chose and trained, means over the attributes;
    or, where nothing was trained, rewards under the shared weights.
    """
    assert run.folder is not None
    folder = run.folder
    trained, searched = grouped(folder.of_kind("trained")), grouped(folder.of_kind("searched"))
    results = [
        _transfer_result(run, name, events, "test_score", searched)
        for name, events in trained.items()
    ]
    if any(result.values for result in results):
        return results
    return [
        _transfer_result(run, name, events, "score", searched) for name, events in searched.items()
    ]


def _transfer_result(
    run: ComparedRun, name: str, events: list[Event], key: str, searched: dict[str, list[Event]]
) -> MethodResult:
    folder = run.folder
    assert folder is not None
    factor = 1.0 if _score(folder) == "auc" else 100.0
    pairs: dict[str, list[tuple[int | None, float | None]]] = {}
    rows: list[Event] = []
    for event in events:
        for row in listed(event, "attributes"):
            value = measured(row, key)
            attribute = attribute_name(name_of(row, "attribute"))
            scaled = None if value is None else factor * value
            pairs.setdefault(attribute, []).append((seed_of(event), scaled))
            rows.append(row)
    attributes = {attribute: values for attribute, p in pairs.items() if (values := by_seed(p))}
    # A network that was drawn first needed no search; the best of a search is called random.
    searches = searched.get("random" if name == "random search" else name, [])
    seconds = average(measured(event, "search_seconds") for event in searches)
    count = average(float(len(listed(event, "attributes"))) for event in searches)
    return MethodResult(
        run,
        name,
        TRANSFER_KINDS.get(name, "control"),
        _transfer_protocol(run, folder, key),
        over_attributes(attributes),
        trainings=len(rows) if key == "test_score" else 0,
        parameters=average(measured(row, "parameters") for row in rows),
        flops=average(measured(row, "flops") for row in rows),
        search_seconds=0.0 if not searches else seconds / count if seconds and count else seconds,
        training_seconds=average(
            measured(row, "training_seconds") for row in rows if not row.get("reused")
        ),
        peak_memory_mb=peak_memory(events, searches),
        attributes=attributes,
    )


def _transfer_protocol(run: ComparedRun, folder: RunFolder, key: str) -> Protocol:
    tested = key == "test_score"
    score, arguments = _score(folder), folder.arguments
    own = [] if tested else [("shared weights of", run.name)]
    return Protocol(
        "transfer",
        text_of(folder.dataset, "name", "unnamed data"),
        text_of(folder.dataset, "fingerprint"),
        SCORES.get(score, score) + ("" if tested else " under shared weights"),
        "" if score == "auc" else "%",
        "test" if tested else "validation",
        False,
        (
            *image_shape(folder.dataset),
            ("attributes", str(len(attribute_names(folder.dataset.get("attributes"))))),
            *(detail(arguments, "steps", "training steps") if tested else []),
            *detail(arguments, "batch_size", "batch size"),
            *detail(arguments, "augment", "augmentation"),
            *own,
        ),
    )


def learning_results(run: ComparedRun) -> list[MethodResult]:
    """Returns the rewards of a learned policy's architectures and of random ones."""
    assert run.folder is not None
    folder, events = run.folder, run.folder.of_kind("learned")
    score = _score(folder)
    factor = 1.0 if score == "auc" else 100.0
    domains = domain_names(folder.config) or domain_names(folder.result)
    described = listed(folder.config, "domains")
    protocol = Protocol(
        "learning",
        ", ".join(domains) or "unnamed data",
        "+".join(text_of(domain, "fingerprint")[:12] for domain in described),
        f"{SCORES.get(score, score)} under shared weights",
        "" if score == "auc" else "%",
        "validation",
        False,
        (("shared weights of", run.name),),
    )
    results = []
    for name, kind, key in (
        ("learned policy", SEARCHED, "policy_reward"),
        ("random architectures", RANDOM, "random_reward"),
    ):
        pairs: dict[str, list[tuple[int | None, float | None]]] = {}
        for event in events:
            for row in listed(event, "attributes"):
                attribute = f"{name_of(row, 'domain')}/{name_of(row, 'attribute')}"
                value = measured(row, key)
                scaled = None if value is None else factor * value
                pairs.setdefault(attribute, []).append((seed_of(event), scaled))
        attributes = {a: values for a, p in pairs.items() if (values := by_seed(p))}
        seconds = average(measured(event, "search_seconds") for event in events)
        reported = number(folder.result, key)
        results.append(
            MethodResult(
                run,
                name,
                kind,
                protocol,
                over_attributes(attributes),
                reported=None if reported is None else factor * reported,
                search_seconds=seconds if kind == SEARCHED else 0.0,
                peak_memory_mb=peak_memory(events),
                attributes=attributes,
            )
        )
    return [result for result in results if result.mean is not None]


def benchmark_results(run: ComparedRun) -> list[MethodResult]:
    """Returns the strategies of a benchmark: quality of what they prefer at the budget's end."""
    assert run.folder is not None
    folder = run.folder
    problem = mapping(folder.result, "problem") or folder.dataset
    quality = text_of(problem, "quality", "quality")
    protocol = Protocol(
        "benchmark",
        text_of(problem, "name", "unnamed problem"),
        text_of(problem, "fingerprint"),
        quality.replace("_", " "),
        "%",
        "validation" if "valid" in quality else "test" if "test" in quality else "unknown",
        False,
        (
            *detail(problem, "score", "chosen by"),
            *detail(folder.arguments, "budget", "evaluations"),
        ),
    )
    stated = {name_of(row, "name"): row for row in listed(folder.result, "strategies")}
    trials = grouped(folder.of_kind("trial"), "strategy")
    control = text_of(folder.result, "control", "random")
    results = []
    for name in dict.fromkeys([*stated, *trials]):
        events, row = trials.get(name, []), stated.get(name, {})
        values = [{"seed": e.get("seed"), **_last(e)} for e in events]
        at_end = (listed(row, "checkpoints") or [{}])[-1]
        results.append(
            MethodResult(
                run,
                name,
                RANDOM_SEARCH if name == control else SEARCHED,
                protocol,
                column(values, "quality"),
                trainings=len(events) or int(measured(row, "trials") or 0),
                reported=measured(at_end, "mean"),
                search_seconds=average(measured(event, "own_seconds") for event in events),
                peak_memory_mb=peak_memory(events),
                note=_failures(row),
            )
        )
    return results


def _last(event: Event) -> Event:
    """Returns the last checkpoint of a trial."""
    return {"quality": measured((listed(event, "checkpoints") or [{}])[-1], "quality")}


def _failures(row: Event) -> str:
    failed = measured(row, "failed")
    return f"{plain_number(failed)} trials failed" if failed else ""


def over_attributes(attributes: dict[str, dict[int, float]]) -> dict[int, float]:
    """Returns the mean over attributes of every seed."""
    pairs: Iterable[tuple[int | None, float | None]] = (
        pair for values in attributes.values() for pair in values.items()
    )
    return by_seed(pairs)


def _score(folder: RunFolder) -> str:
    score = folder.result.get("score") or folder.arguments.get("score")
    return score if isinstance(score, str) else "score"
