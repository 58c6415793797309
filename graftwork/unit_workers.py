"""The units of a run that worker processes do side by side, in the order of the journal."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from graftwork.compiled import gpu_count
from graftwork.engine_options import JobOptions
from graftwork.progress import Stage
from graftwork.seats import seats
from graftwork.side_by_side import Task, run_tasks
from graftwork.unit_folders import Job, Unit, discard_others, unit_folder

MOST_NAMES = 4
"""Names that progress shows."""


def train_side_by_side(
    run: Path,
    options: JobOptions,
    jobs: Sequence[tuple[Unit, Job, Sequence[object]]],
    address: str,
    may_begin: Callable[[int], bool],
    stage: Stage,
    record: Callable[[int, dict[str, Any]], None],
) -> bool:
    """Trains jobs in worker processes, and has them recorded one by one, in their order.

    What is trained before those ahead of it stays in its folder until its turn. What other jobs
    have left in these folders is removed.

    Args:
        run: The run folder.
        options: How many at a time, and how they compute.
        jobs: The jobs, each with its unit and the arguments of its worker.
        address: `MODULE:FUNCTION` of what a worker does (`graftwork.job_worker`); its first
            argument is `EngineOptions.of_worker`.
        may_begin: Whether a job, by its place in `jobs`, may begin now.
        stage: Where to show progress.
        record: Told a job's place and its event. It writes the event and a checkpoint, and tells
            `graftwork.unit_folders.forget` then. Where time is over, jobs may be lacking between
            two.

    Returns:
        Whether all jobs were done.
    """
    engine = options.of_worker()
    tasks = []
    for unit, job, arguments in jobs:
        folder, words = unit_folder(run, unit), tuple(str(word) for word in arguments)
        discard_others(folder, words, job.accepts)
        worker = (address, str(run), engine, *words)
        tasks.append(Task(job.label, folder, worker, words, job.accepts))
    places = seats(max(1, min(options.jobs, len(tasks))), gpu_count())

    def show(busy: list[str]) -> None:
        more = f" and {len(busy) - MOST_NAMES} more" if len(busy) > MOST_NAMES else ""
        stage.note(", ".join(busy[:MOST_NAMES]) + more)

    done = 0
    # Closed at once where Ctrl-C ends this loop: the workers must end, too.
    with contextlib.closing(run_tasks(tasks, places, may_begin, stage.advance, show)) as results:
        for number, found in results:
            job = jobs[number][1]
            record(number, job.failed(found) if isinstance(found, str) else found)
            done += 1
    return done == len(jobs)
