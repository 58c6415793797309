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
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graftwork import worker_errors
from graftwork.errors import InputError
from graftwork.unit_folders import LOG, Accepts, any_object, begin_folder, finished_result

SECONDS_TO_STOP = 8.0
"""How long workers may take to save their checkpoints when they are to stop."""
SECONDS_BETWEEN_LOOKS = 0.2
LONGEST_LINE = 200
ENDED_BY_SIGNAL = 128 + signal.SIGTERM
"""The exit status of a worker that SIGTERM ended, with a checkpoint."""

Result = dict[str, Any] | str
"""What a piece ended with, or why there is nothing."""


@dataclass(frozen=True)
class Task:
    """A piece of work.

    Args:
        name: What progress calls it.
        folder: Its own folder; the parent must exist.
        words: The worker's arguments (`graftwork.job_worker`), without the folder.
        asked: What is done, as its folder keeps it.
        accepts: Whether what lies in its folder can be its result.
    """

    name: str
    folder: Path
    words: tuple[str, ...]
    asked: tuple[str, ...] = ()
    accepts: Accepts = any_object

    def finished(self) -> dict[str, Any] | None:
        """Returns the result that a worker has left; None where there is none."""
        return finished_result(self.folder, self.accepts)


def run_tasks(
    tasks: Sequence[Task],
    seats: Sequence[Mapping[str, str]],
    may_begin: Callable[[int], bool] = lambda number: True,
    on_steps: Callable[[int], None] = lambda steps: None,
    on_change: Callable[[list[str]], None] = lambda names: None,
) -> Generator[tuple[int, Result], None, None]:
    """Runs pieces of work in worker processes and yields the results in the order of the pieces.

    A worker that dies is started once more, and goes on from its checkpoint: twice killed is a
    result, twice ended by an error is none. The workers end with this iterator, and with this
    process, even if it is killed. Close it to end them early.

    Args:
        tasks: What to do, in this order.
        seats: Environment variables of every place for a worker: as many work at a time.
        may_begin: Whether a piece, by its number, may begin now. Where not, it and all after it
            are left out, but for those whose results are there.
        on_steps: Told how many steps a worker has taken, or taken back.
        on_change: Told the names of what is worked on, whenever that changes.

    Yields:
        The number of a piece, and its result or why there is none.

    Raises:
        InputError: If a worker was asked for what it cannot do, or ended by an error twice.
        OSError: If a worker could not read or write, as where the disk is full.
        LostDataError: If a worker could not read the data.
    """
    free = list(range(len(seats)))[::-1]
    workers: dict[int, _Worker] = {}
    found = {number: task.finished() for number, task in enumerate(tasks)}
    results: dict[int, Result] = {number: one for number, one in found.items() if one is not None}
    waiting = [number for number in found if number not in results]
    try:
        for number in range(len(tasks)):
            while number not in results:
                while waiting and free:
                    if not may_begin(waiting[0]):
                        waiting.clear()
                        break
                    first, seat = waiting.pop(0), free.pop()
                    workers[first] = _Worker(tasks[first], seat, seats[seat])
                    on_change([worker.task.name for worker in workers.values()])
                if number not in waiting and number not in workers:
                    break  # Left out.
                _wait(list(workers.values()), on_steps)
                for place, worker in list(workers.items()):
                    worker.read(on_steps)
                    if (result := worker.result(on_steps)) is not None:
                        results[place] = result
                        free.append(worker.seat)
                        del workers[place]
                        on_change([each.task.name for each in workers.values()])
            if number in results:
                yield number, results.pop(number)
    finally:
        _stop(list(workers.values()))


class _Worker:
    """A process that works on one piece, and the one that takes its place if it dies."""

    def __init__(self, task: Task, seat: int, environment: Mapping[str, str]) -> None:
        self.task, self.seat, self._environment = task, seat, environment
        self._deaths: list[str] = []
        self._told: Exception | None = None
        self._steps = self._lost = 0
        begin_folder(task.folder, task.asked)
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
        """Passes on the steps that the worker has told, and takes note of an error."""
        assert self.process.stdout is not None
        *lines, self._left = (self._left + (self.process.stdout.read() or b"")).split(b"\n")
        steps = -self._lost
        for line in lines:
            try:
                steps += int(line)
            except ValueError:  # An error, or what something printed before the worker began.
                self._told = worker_errors.read(line.decode(errors="replace")) or self._told
        self._steps += steps
        self._lost = 0
        if steps:
            on_steps(steps)

    def result(self, on_steps: Callable[[int], None]) -> Result | None:
        """Returns the result, or why there is none; None while there may be one yet.

        Raises:
            Exception: What ended the worker, if it is none of its training.
        """
        code = self.process.poll()
        if code is None:
            return None
        self.read(on_steps)  # What it told last.
        self.close()
        if code == worker_errors.STATUS and self._told:
            raise self._told
        if (found := self.task.finished()) is not None:
            return found
        killed = code < 0 or code == ENDED_BY_SIGNAL
        self._deaths.append(self._ending(code))
        if len(self._deaths) == 1:
            self._lost, self._steps = self._steps, 0  # The next one tells where it goes on.
            self._start()
            return None
        if not killed:  # What went wrong may be mended; a result would stay.
            raise InputError(
                f"{self.task.name}: {self._deaths[-1]}. What was done before is kept, and goes on "
                f"with --resume. All that the worker printed is in {self.task.folder / LOG}."
            )
        first, second = self._deaths
        return f"{first}, twice" if first == second else f"{first}; once more: {second}"

    def _ending(self, code: int) -> str:
        code = -signal.SIGTERM if code == ENDED_BY_SIGNAL else code
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
    with _undisturbed():
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


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Lets `graftwork.stopping`, which asks again and again, ask after the block."""
    if not hasattr(signal, "setitimer"):  # Not on Windows.
        yield
        return
    # The timer is stopped: its signal, if blocked here, would go to another thread.
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        yield
    finally:
        if left:
            signal.setitimer(signal.ITIMER_REAL, left)
