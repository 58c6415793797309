"""Pieces of work side by side, each in a process of its own: a queue, one retry, the results.

A piece has a folder, in which its worker (`graftwork.job_worker`) keeps checkpoints and a log, and
leaves `result.json` in the end. A result stays there until the caller has it in the journal:
neither a worker nor the caller that is killed loses one.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graftwork import files
from graftwork.errors import InputError

FOLDER = "jobs"
RESULT, LOG = "result.json", "log.txt"
SECONDS_TO_STOP = 8.0
"""How long workers may take to save their checkpoints when they are to stop."""
SECONDS_BETWEEN_LOOKS = 0.2
LONGEST_LINE = 200


@dataclass(frozen=True)
class Task:
    """A piece of work.

    Args:
        name: What progress calls it.
        folder: Its own folder; the parent must exist.
        words: The worker's arguments (`graftwork.job_worker`), without the folder.
    """

    name: str
    folder: Path
    words: tuple[str, ...]


def finished_result(folder: Path) -> dict[str, Any] | None:
    """Returns the result that a worker left in its folder; None where there is none."""
    try:
        result = files.read_json(folder / RESULT)
    except InputError:
        return None
    return result if isinstance(result, dict) else None


def run_tasks(
    tasks: Sequence[Task],
    seats: Sequence[Mapping[str, str]],
    may_begin: Callable[[int], bool] = lambda number: True,
    on_steps: Callable[[int], None] = lambda steps: None,
    on_change: Callable[[list[str]], None] = lambda names: None,
) -> Generator[tuple[int, dict[str, Any] | str], None, None]:
    """Runs pieces of work in worker processes and yields the results in the order of the pieces.

    A worker that dies is started once more, and goes on from its checkpoint. The workers end with
    this iterator, and with this process, even if it is killed. Close it to end them early.

    Args:
        tasks: What to do, in this order.
        seats: Environment variables of every place for a worker: as many work at a time.
        may_begin: Whether a piece, by its number, may begin now. Where not, it and all after it
            are left out.
        on_steps: Told how many steps a worker has taken, or taken back.
        on_change: Told the names of what is worked on, whenever that changes.

    Yields:
        The number of a piece, and its result or why there is none.
    """
    free, begun = list(range(len(seats)))[::-1], 0
    workers: dict[int, _Worker] = {}
    results: dict[int, dict[str, Any] | str] = {}
    try:
        for number in range(len(tasks)):
            while number not in results:
                while begun < len(tasks) and (free or finished_result(tasks[begun].folder)):
                    if found := finished_result(tasks[begun].folder):
                        results[begun] = found
                    elif may_begin(begun):
                        seat = free.pop()
                        workers[begun] = _Worker(tasks[begun], seat, seats[seat])
                        on_change([worker.task.name for worker in workers.values()])
                    else:
                        tasks = tasks[:begun]
                        break
                    begun += 1
                if number in results:
                    break
                if number >= len(tasks):
                    return
                _wait(list(workers.values()), on_steps)
                for place, worker in list(workers.items()):
                    worker.read(on_steps)
                    if (result := worker.result()) is not None:
                        results[place] = result
                        free.append(worker.seat)
                        del workers[place]
                        on_change([each.task.name for each in workers.values()])
            yield number, results.pop(number)
    finally:
        _stop(list(workers.values()))


class _Worker:
    """A process that works on one piece, and the one that takes its place if it dies."""

    def __init__(self, task: Task, seat: int, environment: Mapping[str, str]) -> None:
        self.task, self.seat, self._environment = task, seat, environment
        self._deaths: list[str] = []
        self._steps = self._lost = 0
        task.folder.mkdir(parents=True, exist_ok=True)
        self._start()

    def _start(self) -> None:
        self._left = b""
        with open(self.task.folder / LOG, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "graftwork.job_worker", self.task.folder, *self.task.words],
                stdin=subprocess.PIPE,  # Its end tells the worker that this process is gone.
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self._environment},
                start_new_session=True,  # Ctrl-C is for this process, which ends the workers.
            )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)

    def read(self, on_steps: Callable[[int], None]) -> None:
        """Passes on the steps that the worker has told."""
        assert self.process.stdout is not None
        *lines, self._left = (self._left + (self.process.stdout.read() or b"")).split(b"\n")
        steps = sum(int(line) for line in lines) - self._lost
        self._steps += steps
        self._lost = 0
        if steps:
            on_steps(steps)

    def result(self) -> dict[str, Any] | str | None:
        """Returns the result, or why there is none; None while there may be one yet."""
        code = self.process.poll()
        if code is None:
            return None
        self.close()
        if found := finished_result(self.task.folder):
            return found
        self._deaths.append(self._ending(code))
        if len(self._deaths) == 1:
            self._lost, self._steps = self._steps, 0  # The next one tells where it goes on.
            self._start()
            return None
        first, second = self._deaths
        return f"{first}, twice" if first == second else f"{first}; once more: {second}"

    def _ending(self, code: int) -> str:
        told = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        text = (self.task.folder / LOG).read_text(encoding="utf-8", errors="replace")
        lines = text.strip().splitlines() if code > 0 else []  # A signal has no last words.
        last = f": {lines[-1].strip()[:LONGEST_LINE]}" if lines else ""
        return f"the worker process died ({told}{last})"

    def close(self) -> None:
        """Lets go of the pipes of a process that has ended."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def _wait(workers: Sequence[_Worker], on_steps: Callable[[int], None]) -> None:
    """Waits until a worker tells something or ends, or for a moment."""
    with selectors.DefaultSelector() as selector:
        for worker in workers:
            assert worker.process.stdout is not None
            selector.register(worker.process.stdout, selectors.EVENT_READ, worker)
        for key, _ in selector.select(SECONDS_BETWEEN_LOOKS):
            key.data.read(on_steps)


def _stop(workers: Sequence[_Worker]) -> None:
    """Ends workers: they save their checkpoints; after a time they are killed."""
    # What stops this process would stop the wait, too (`graftwork.stopping` asks again and again).
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    try:
        for worker in workers:
            worker.process.terminate()
        until = time.monotonic() + SECONDS_TO_STOP
        for worker in workers:
            try:
                worker.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            worker.close()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
