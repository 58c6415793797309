"""What worker processes do, done in this process: a new one with TensorFlow takes seconds.

workers = WorkersHere(monkeypatch, stop_after=1)
"""

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from graftwork import files, unit_workers
from graftwork.job_folder import JobFolder
from graftwork.side_by_side import Task
from graftwork.unit_folders import RESULT, begin_folder


class WorkersHere:
    """Takes the place of `graftwork.side_by_side.run_tasks`.

    Args:
        patch: For as long as this lasts.
        at_once: How many pieces are done before the first result is taken.
        stop_after: Ctrl-C comes when so many results have been taken.
    """

    def __init__(
        self, patch: pytest.MonkeyPatch, at_once: int = 100, stop_after: int | None = None
    ) -> None:
        self.at_once, self.stop_after = at_once, stop_after
        self.asked: list[str] = []
        """The folders of all pieces."""
        self.folders: list[str] = []
        """Those of the pieces that were worked on."""
        patch.setattr(unit_workers, "run_tasks", self.run_tasks)

    def run_tasks(
        self,
        tasks: Sequence[Task],
        seats: Sequence[dict[str, str]],
        may_begin: Callable[[int], bool],
        on_steps: Callable[[int], None],
        on_change: Callable[[list[str]], None],
    ) -> Iterator[tuple[int, dict]]:
        """Does pieces that may begin, and yields their results then."""
        self.asked += [task.folder.name for task in tasks]
        results = []
        for number, task in enumerate(tasks[: self.at_once]):
            if not task.finished():
                if not may_begin(number):
                    break
                on_change([task.name])
                self.work(task)
            results.append((number, task.finished()))
        for taken, result in enumerate(results):
            if taken == self.stop_after:
                raise KeyboardInterrupt
            yield result

    def work(self, task: Task) -> None:
        """Does what `graftwork.job_worker` does."""
        self.folders.append(task.folder.name)
        address, run, *words = task.words
        module, function = address.split(":")
        begin_folder(task.folder, task.asked)
        with open(os.devnull, "w") as nowhere:
            folder = JobFolder(task.folder, nowhere)
            with folder._run:
                result = getattr(importlib.import_module(module), function)(
                    Path(run), words, folder
                )
        files.write_json(task.folder / RESULT, result)


def in_turns(folder: Path, stops: Sequence[int]) -> JobFolder:
    """Returns a folder whose training stops after each of these numbers of steps."""
    from graftwork.stopping import StopRequested

    with open(os.devnull, "w") as nowhere:
        made = JobFolder(folder, nowhere)
    made.tell = lambda: None
    on_steps, left = made.on_steps, list(stops)

    def stopping(steps: int) -> None:
        on_steps(steps)
        if left and steps == 1:
            left[0] -= 1
            if not left[0]:
                left.pop(0)
                raise StopRequested

    made.on_steps = stopping
    return made
