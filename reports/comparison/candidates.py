"""Every architecture that the runs of a comparison evaluated or trained, one row each."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from typing import Any

from reports.comparison.csv_files import Value
from reports.comparison.runs import ComparedRun
from reports.run_folder import RunFolder, finite, mapping, number
from reports.run_states import listed


@dataclass(frozen=True)
class Candidate:
    """An architecture, as the journal of a run has it. Scores are the higher, the better.

    Attributes:
        run: Name of the run.
        command: What made it.
        dataset: What it was searched on.
        seed: Of the search or trial.
        method: What proposed it.
        stage: `"round"` (the best of a round), `"evaluated"`, `"improved"` (better than all
            before it), `"found"`, `"shortlist"`, `"exact"` or `"trained"`.
        attribute: Of a search for one attribute: its name.
        round: Number of the round, from 0.
        evaluation: How many architectures had been evaluated with this one.
        index: Number among those of its method, seed and stage, from 0.
        architecture: As in the run folder; empty where the journal does not say.
        shared_measure: What `shared_score` is.
        shared_score: Under shared weights, on validation images.
        measure: What the next two are.
        validation_score: Trained by itself, on validation images.
        test_score: The same, on test images.
        parameters: Of the network.
        flops: For one image: two for each multiply-add.
        training_seconds: Of its training by itself.
        seconds: Since the start of the run, when it was written down.
    """

    run: str
    command: str
    dataset: str = ""
    seed: int | None = None
    method: str = ""
    stage: str = ""
    attribute: str = ""
    round: int | None = None
    evaluation: int | None = None
    index: int | None = None
    architecture: str = ""
    shared_measure: str = ""
    shared_score: float | None = None
    measure: str = ""
    validation_score: float | None = None
    test_score: float | None = None
    parameters: float | None = None
    flops: float | None = None
    training_seconds: float | None = None
    seconds: float | None = None


HEADER = tuple(field.name for field in fields(Candidate))


def candidates(runs: Sequence[ComparedRun]) -> Iterator[Candidate]:
    """Yields the candidates of runs, oldest first.

    Journals do not hold every evaluation: of a round the best one, of a benchmark those that
    were better than all before, of a transfer every score but only the chosen architecture.
    What cannot be read in a strange event is left out.

    Args:
        runs: The runs; those without a folder have none.
    """
    for run in runs:
        if run.folder is not None and run.kind in _KINDS:
            dataset = str(run.folder.dataset.get("name") or "")
            start = Candidate(run.name, str(run.folder.config.get("command") or ""), dataset)
            yield from _KINDS[run.kind](run.folder, start)
        for inner in candidates(run.inner):
            yield replace(inner, run=f"{run.name}/{inner.run}")


def candidate_rows(runs: Sequence[ComparedRun]) -> Iterator[tuple[Value, ...]]:
    """Yields the candidates as rows below `HEADER`."""
    yield from map(astuple, candidates(runs))


def _trees(run: RunFolder, start: Candidate) -> Iterator[Candidate]:
    strategy = str(run.result.get("strategy") or run.arguments.get("strategy") or "gnas")
    start = replace(start, method=strategy, shared_measure=run.score, measure=run.score)
    for event in run.events:
        row = _event(event, start)
        score = number(event, "score")
        if event.get("event") == "round":
            yield replace(row, stage="round", shared_score=score)
        elif event.get("event") == "searched":
            yield replace(row, stage="found", shared_score=score)
            if event.get("exact_architecture"):
                exact = {"architecture": event["exact_architecture"]}
                best = number(event, "exact_score")
                yield _event(exact, replace(row, method="exact", stage="exact", shared_score=best))
        elif event.get("event") == "trained":
            error = number(event, "test_error")
            test = None if error is None else 1 - error / 100
            validation = number(event, "validation_score")
            yield replace(_trained(event, row), validation_score=validation, test_score=test)


def _gans(run: RunFolder, start: Candidate) -> Iterator[Candidate]:
    strategy = str(run.result.get("strategy") or run.arguments.get("strategy") or "agan")
    reward = str(run.result.get("reward") or run.arguments.get("reward") or "")
    start = replace(start, method=strategy, shared_measure=reward, measure="−KID")
    for event in run.events:
        row = _event(event, start)
        if event.get("event") == "round":
            best = number(event, "best_score")
            score = number(event, "score") if best is None else best
            yield replace(row, stage="round", shared_score=score)
        elif event.get("event") == "searched":
            for index, found in enumerate(listed(event, "shortlist")):
                placed = replace(row, stage="shortlist", index=index)
                yield replace(_event(found, placed), shared_score=number(found, "score"))
            if found := mapping(event, "random_search"):
                placed = replace(row, method="random search", stage="found", architecture="")
                yield replace(_event(found, placed), shared_score=number(found, "score"))
        elif event.get("event") == "trained":
            validation, test = (
                number(event, "validation_kid"),
                number(mapping(event, "test"), "kid"),
            )
            yield replace(
                _trained(event, row),
                validation_score=_negative(validation),
                test_score=_negative(test),
            )


def _transfer(run: RunFolder, start: Candidate) -> Iterator[Candidate]:
    measure = str(run.result.get("score") or run.arguments.get("score") or "")
    start = replace(start, shared_measure=measure, measure=measure)
    for event in run.events:
        for values in listed(event, "attributes"):
            row = replace(_event(event, start), attribute=str(values.get("attribute") or ""))
            if event.get("event") == "searched":
                yield from _evaluated(values, row)
            elif event.get("event") == "trained":
                seconds = number(values, "training_seconds")
                yield replace(
                    _trained(values, _event(values, row)),
                    validation_score=number(values, "validation_score"),
                    test_score=number(values, "test_score"),
                    training_seconds=seconds,
                )


def _evaluated(values: dict[str, Any], row: Candidate) -> Iterator[Candidate]:
    """Yields what a method evaluated for one attribute; of the chosen one the architecture."""
    rewards = values.get("rewards")
    scores = [finite(value) for value in rewards] if isinstance(rewards, list) else []
    chosen, score = _event(values, row).architecture, number(values, "score")
    first = scores.index(score) if score is not None and score in scores else None
    if first is None:  # It was evaluated for the report alone.
        yield replace(row, stage="found", architecture=chosen, shared_score=score)
    for place, value in enumerate(scores):
        found = chosen if place == first else ""
        known = replace(row, stage="evaluated", evaluation=place + 1, shared_score=value)
        yield replace(known, architecture=found)


def _benchmark(run: RunFolder, start: Candidate) -> Iterator[Candidate]:
    problem = mapping(run.result, "problem") or run.dataset
    start = replace(start, dataset=str(problem.get("name") or start.dataset))
    score_name, quality_name = (f"{problem.get(key)} (%)" for key in ("score", "quality"))
    for event in run.of_kind("trial"):
        rows = event.get("improvements")
        rows = [row for row in rows if _is_row(row)] if isinstance(rows, list) else []
        trial = replace(_event(event, start), method=str(event.get("strategy") or ""))
        for place, (evaluation, score, quality) in enumerate(rows):
            last = place == len(rows) - 1
            row = replace(
                trial,
                stage="improved",
                evaluation=_whole(evaluation),
                architecture=trial.architecture if last else "",
            )
            if score_name == quality_name:  # Shared weights, and nothing trained by itself.
                yield replace(row, shared_measure=score_name, shared_score=finite(score))
            else:
                names = f"{score_name}, {quality_name}"
                row = replace(row, measure=names, validation_score=finite(score))
                yield replace(row, test_score=finite(quality))


_KINDS = {"trees": _trees, "gans": _gans, "transfer": _transfer, "benchmark": _benchmark}


def _event(event: dict[str, Any], start: Candidate) -> Candidate:
    """Returns a candidate with what all events call alike; what is not there stays."""
    architecture = event.get("architecture")
    if isinstance(architecture, list):
        architecture = json.dumps(architecture, separators=(",", ":"))
    numbers: dict[str, Any] = {
        "seed": _whole(event.get("seed")),
        "round": _whole(event.get("round")) if event.get("event") == "round" else None,
        "evaluation": _whole(event.get("evaluations")),
        "seconds": number(event, "seconds"),
    }
    if isinstance(event.get("method"), str):
        numbers["method"] = event["method"]
    if isinstance(architecture, str):
        numbers["architecture"] = architecture
    return replace(start, **{name: value for name, value in numbers.items() if value is not None})


def _trained(event: dict[str, Any], row: Candidate) -> Candidate:
    return replace(
        row,
        stage="trained",
        evaluation=None,
        index=_whole(event.get("index")),
        shared_score=number(event, "shared_score"),
        parameters=number(event, "parameters"),
        flops=number(event, "flops"),
        training_seconds=number(event, "training_seconds"),
    )


def _is_row(row: Any) -> bool:
    return isinstance(row, list) and len(row) == 3


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _negative(value: float | None) -> float | None:
    return None if value is None else -value
