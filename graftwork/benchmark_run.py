"""One resumable run of a benchmark: every trial a line of the journal as soon as it is known."""

import contextlib
import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graftwork import files
from graftwork.benchmark import Problem, Trial, checkpoints
from graftwork.benchmark_config import ALL, NatsBenchmark, TreeBenchmark, stored_arguments
from graftwork.benchmark_result import summarize
from graftwork.benchmark_workers import Job, run_jobs
from graftwork.errors import InputError, unknown_name
from graftwork.event_files import FOLDER, EventFiles
from graftwork.journal import NAME, read_journal, truncate_journal
from graftwork.progress import Progress
from graftwork.run import Run, read_config
from graftwork.run_links import check_links
from graftwork.strategies import registry

Config = NatsBenchmark | TreeBenchmark
CURVES = 200
"""Trials to write curves of for TensorBoard, which shows no more: those of the first seeds."""


def run_benchmark(
    config: Config,
    command: str,
    problem: Problem,
    progress: Progress,
    published: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Runs what is not known yet, writes `result.json` and returns what it holds.

    Seeds are the outer loop: an interrupted run has compared whole seeds.

    Args:
        config: What was asked for, checked.
        command: The command's name, such as `"benchmark nats"`.
        problem: What is searched.
        progress: Where to show progress.
        published: Rows of published results to keep in the result.
    """
    path = config.out
    assert path is not None
    names = strategy_names(config.strategies, problem)
    with _open(config, path, command, problem) as run:
        _drop_cut_line(path)
        events = read_journal(path)
        known = {
            (event["strategy"], event["seed"]) for event in events if event["event"] == "trial"
        }
        wanted: list[Job] = [(name, seed) for seed in range(config.seeds) for name in names]
        jobs = [job for job in wanted if job not in known]
        run.record("start", trials=len(wanted), known=len(wanted) - len(jobs))
        curves = EventFiles(path / FOLDER)
        curves.hyperparameters(read_config(path))
        seeds_shown = max(1, CURVES // len(names))
        with (
            progress.stage("Benchmark", len(wanted), len(wanted) - len(jobs)) as stage,
            # Closed at once where Ctrl-C ends this loop: the workers must end too.
            contextlib.closing(run_jobs(problem, jobs, config.budget, config.jobs)) as done,
        ):
            for (name, seed), answer in done:
                _record(run, name, seed, answer, config.budget)
                if seed < seeds_shown and not isinstance(answer, str):
                    _show(curves, name, seed, answer, config.budget)
                stage.advance()
                stage.note(f"seed {seed}")
        result = {
            **summarize(names, config.seeds, config.budget, problem, read_journal(path)),
            "command": command,
            "published": list(published),
        }
        finals = {row["name"]: row["checkpoints"][-1]["mean"] for row in result["strategies"]}
        curves.result({f"quality/{name}": mean for name, mean in finals.items()})
        files.write_json(path / "result.json", result)
    return result


def strategy_names(asked: Sequence[str], problem: Problem) -> list[str]:
    """Returns the strategies to run, each once: `all` stands for all that there are.

    Raises:
        InputError: If there is no such strategy.
    """
    there = [*registry.names(), *problem.own_strategies]
    names: list[str] = []
    for name in asked:
        if name != ALL and name not in there:
            raise unknown_name("strategy", name, [*there, ALL])
        names += there if name == ALL else [name]
    return list(dict.fromkeys(names))


def _open(config: Config, path: Path, command: str, problem: Problem) -> Run:
    """Begins a run, or opens the one to go on with after a look at its configuration."""
    described = problem.describe()
    if not config.resume:
        stored = {"command": command, "arguments": stored_arguments(config), "dataset": described}
        return Run.create(path, stored)
    before = read_config(path)
    if before.get("command") != command:
        raise InputError(f"{path} holds a run of {before.get('command')!r}, not of {command!r}.")
    if before.get("dataset", {}).get("fingerprint") != described["fingerprint"]:
        raise InputError(
            f"the table has changed since {path} began (fingerprint "
            f"{before.get('dataset', {}).get('fingerprint')}, now {described['fingerprint']}). "
            "Begin a new run in another --out."
        )
    check_links(path)
    arguments = before.get("arguments", {})
    for name, value in stored_arguments(config).items():
        # The table's fingerprint is the same: where it lies does not matter.
        if name not in ("out", "jobs", "table") and value != arguments.get(name):
            raise InputError(
                f"--resume goes on with the configuration of {path}, where {name} is "
                f"{arguments.get(name)!r}. Received: {value!r}. Leave the flag out, or begin a "
                "new run in another --out."
            )
    return Run.resume(path)


def _drop_cut_line(path: Path) -> None:
    """Drops what a killed process wrote of its last line, so that none is glued to it."""
    journal = path / NAME
    if journal.exists():
        truncate_journal(path, journal.read_bytes().rfind(b"\n") + 1)


def _record(run: Run, name: str, seed: int, answer: Trial | str, budget: int) -> None:
    """Writes a trial, or the reason why there is none, into the journal."""
    if isinstance(answer, str):
        run.record("failed", strategy=name, seed=seed, reason=answer)
        return
    at = [(count, answer.at(count)) for count in checkpoints(budget)]
    run.record(
        "trial",
        strategy=name,
        seed=seed,
        evaluations=answer.evaluations,
        own_seconds=round(answer.own_seconds, 4),
        architecture=answer.architecture,
        checkpoints=[
            {
                "evaluations": count,
                "score": found.score if found else None,
                "quality": _finite(found.quality) if found else None,
            }
            for count, found in at
        ],
        improvements=[list(dataclasses.astuple(found)) for found in answer.improvements],
    )


def _show(curves: EventFiles, name: str, seed: int, trial: Trial, budget: int) -> None:
    """Writes the curve of a trial for TensorBoard."""
    for count in checkpoints(budget):
        if found := trial.at(count):
            shown = {"score": found.score, "quality": _finite(found.quality)}
            curves.scalars(f"{name}, seed {seed}", count, shown)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
