"""The units of a run that worker processes do side by side, in the order of the journal."""

import contextlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from graftwork.engine_options import JobOptions
from graftwork.progress import Stage
from graftwork.seats import seats
from graftwork.side_by_side import FOLDER, Task, finished_result, run_tasks
from graftwork.training import gpu_count

MOST_NAMES = 4
"""Names that progress shows."""

Unit = int | str
"""The number of a unit, or the name of a part of one."""


class Job(Protocol):
    """A training of a comparison."""

    @property
    def label(self) -> str:
        """What progress calls it."""

    def failed(self, reason: str) -> dict[str, Any]:
        """Returns the event `failed`."""


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

    What is trained before those ahead of it stays in its folder until its turn.

    Args:
        run: The run folder.
        options: How many at a time, and how they compute.
        jobs: The jobs, each with its unit and the arguments of its worker.
        address: `MODULE:FUNCTION` of what a worker does (`graftwork.job_worker`); its first
            argument is `EngineOptions.of_worker`.
        may_begin: Whether a job, by its place in `jobs`, may begin now.
        stage: Where to show progress.
        record: Told a job's place and its event. It writes the event and a checkpoint, and tells
            `forget` then.

    Returns:
        Whether all jobs were done.
    """
    engine = options.of_worker()
    tasks = [
        Task(job.label, unit_folder(run, unit), (address, str(run), engine, *map(str, arguments)))
        for unit, job, arguments in jobs
    ]
    places = seats(options.jobs, gpu_count())

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


def take_finished(run: Path, unit: Unit) -> dict[str, Any] | None:
    """Returns what a worker of an interrupted process has left of a unit, if it is done."""
    return finished_result(unit_folder(run, unit))


def forget(run: Path, unit: Unit) -> None:
    """Removes the folder of a unit that is done; the folder of all of them with the last."""
    folder = unit_folder(run, unit)
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


def unit_folder(run: Path, unit: Unit) -> Path:
    """Returns the folder in which a worker does a unit."""
    return run / FOLDER / (f"{unit:05d}" if isinstance(unit, int) else unit)
