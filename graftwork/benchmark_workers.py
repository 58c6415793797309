"""Worker processes that run trials, each on one core."""

import contextlib
import multiprocessing
import os
import signal
import traceback
from collections.abc import Generator, Iterator, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from graftwork.benchmark import Problem, Trial

Job = tuple[str, int]
"""A strategy's name and a seed."""

# Libraries read these when they are imported: too late for a process that has begun. More
# threads than one a worker slow each other down on networks as small as a surrogate.
ONE_CORE = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "LOKY_MAX_CPU_COUNT",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ),
    "1",
)
QUIET_AND_ON_THE_CPU = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
"""Each worker would take all of a GPU's memory."""


def run_jobs(
    problem: Problem, jobs: Sequence[Job], budget: int, workers: int
) -> Generator[tuple[Job, Trial | str], None, None]:
    """Runs jobs in worker processes and yields each as soon as it is done.

    A job that raises, or whose process dies, loses no other. Workers are new processes, not
    forks: TensorFlow does not survive a fork. They end with this iterator, and with this
    process, even if it is killed.

    Args:
        problem: Runs the trials.
        jobs: What to run, in this order.
        budget: Architectures a trial evaluates.
        workers: Processes at a time.

    Yields:
        The job, and its `Trial` or the reason why there is none.
    """
    waiting = list(reversed(jobs))
    busy: dict[Connection, tuple[_Worker, Job]] = {}
    idle: list[_Worker] = []
    try:
        while waiting or busy:
            while waiting and len(busy) < workers:
                worker, job = idle.pop() if idle else _Worker(problem, budget), waiting.pop()
                busy[worker.connection] = worker, job
                with contextlib.suppress(BrokenPipeError):  # It died: `take` says so.
                    worker.connection.send(job)
            ready = wait(list(busy))
            for connection in [each for each in busy if each in ready]:
                worker, job = busy.pop(connection)
                answer = worker.take()
                if answer is None:
                    answer = f"the worker process died ({worker.ending()})"
                else:
                    idle.append(worker)
                yield job, answer
    finally:
        for worker in [*idle, *(worker for worker, _ in busy.values())]:
            worker.end()


class _Worker:
    """A process that runs one job after the other."""

    def __init__(self, problem: Problem, budget: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(
            target=_work, args=(theirs, problem, budget), daemon=True
        )
        # A worker inherits what is blocked: Ctrl-C, which reaches every process of the
        # terminal, is for this one alone, which ends the others.
        resource_tracker.ensure_running()  # Its first start lets SIGINT through again.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            with _environment(ONE_CORE | QUIET_AND_ON_THE_CPU):
                self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        theirs.close()

    def take(self) -> Trial | str | None:
        """Returns the answer to the job under way; None where the process is gone."""
        try:
            return self.connection.recv()
        except (EOFError, ConnectionResetError):
            return None

    def ending(self) -> str:
        """Says how a process that is gone ended."""
        self._process.join()
        self.connection.close()
        code = self._process.exitcode or 0
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self.connection.close()


def _work(connection: Connection, problem: Problem, budget: int) -> None:
    """Answers jobs until the other side is gone."""
    # Greetings of TensorFlow and warnings of surrogates, in every worker and trial, would tear
    # the progress bar. What goes wrong is told by the answer.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    # A parent that was killed reads no more: there is nobody to tell.
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            strategy, seed = connection.recv()
            answer: Trial | str
            try:
                answer = problem.trial(strategy, seed, budget)
            except Exception as error:
                answer = _reason(error)
            connection.send(answer)


def _reason(error: Exception) -> str:
    """Says in one line what was raised, and where."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{text[:300]} ({Path(frame.filename).name}, line {frame.lineno})"


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Sets environment variables for the processes that the block starts."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
