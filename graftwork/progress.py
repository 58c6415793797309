"""Progress for people: a bar in a terminal, plain lines elsewhere."""

import contextlib
import time
from collections.abc import Callable, Iterator

from rich import progress as bars
from rich.console import Console

from graftwork.cluster import is_chief

SECONDS_BETWEEN_LINES = 5.0


class Progress:
    """Shows stage, step and time left; the chief alone does, where several machines work.

    Args:
        console: Where to write. A terminal gets a bar that moves; anything else a plain
            line when a stage begins, now and then, and when it ends.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(
            stderr=False, highlight=False, soft_wrap=True, quiet=not is_chief()
        )

    @contextlib.contextmanager
    def stage(self, name: str, total: int, done: int = 0) -> Iterator["Stage"]:
        """Shows one stage of the work.

        Args:
            name: What is done.
            total: The number of steps.
            done: How many of them were done before an interruption.
        """
        if not self.console.is_terminal:
            stage = _Lines(self.console, name, total, done)
            yield stage
            stage.end()
            return
        with bars.Progress(
            bars.TextColumn("{task.description}"),
            bars.BarColumn(bar_width=24),
            bars.MofNCompleteColumn(),
            bars.TextColumn("{task.fields[note]}"),
            bars.TimeElapsedColumn(),
            bars.TextColumn("left"),
            bars.TimeRemainingColumn(),
            console=self.console,
        ) as display:
            yield _Bar(display, display.add_task(name, total=total, completed=done, note=""))

    @contextlib.contextmanager
    def callback(self) -> Iterator[Callable[[str, int, int], None]]:
        """Yields a function `(stage, done, total)` that opens and moves stages by itself."""
        with contextlib.ExitStack() as stack:
            name, shown, position = "", Stage(), 0

            def report(stage: str, done: int, total: int) -> None:
                nonlocal name, shown, position
                if stage != name:
                    stack.close()
                    shown = stack.enter_context(self.stage(stage, total))
                    name, position = stage, 0
                shown.advance(done - position)
                position = done

            yield report


class Stage:
    """A stage under way."""

    def advance(self, steps: int = 1) -> None:
        """Says that some steps are done."""

    def note(self, text: str) -> None:
        """Shows a short text beside the steps, such as a score."""


class _Bar(Stage):
    def __init__(self, display: bars.Progress, task: bars.TaskID) -> None:
        self._display, self._task = display, task

    def advance(self, steps: int = 1) -> None:
        self._display.advance(self._task, steps)

    def note(self, text: str) -> None:
        self._display.update(self._task, note=text)


class _Lines(Stage):
    def __init__(self, console: Console, name: str, total: int, done: int) -> None:
        self._console, self._name, self._total = console, name, total
        self._first = self._done = done
        self._note = ""
        self._begin = self._last = time.monotonic()
        console.print(f"{name}: {done}/{total}", markup=False)

    def advance(self, steps: int = 1) -> None:
        self._done += steps
        now = time.monotonic()
        due = now - self._last >= SECONDS_BETWEEN_LINES
        if due and self._first < self._done < self._total:
            self._last = now
            left = (now - self._begin) / (self._done - self._first) * (self._total - self._done)
            self._print(f"{clock(left)} left")

    def note(self, text: str) -> None:
        self._note = text

    def end(self) -> None:
        self._print(f"{clock(time.monotonic() - self._begin)} in all")

    def _print(self, ending: str) -> None:
        parts = [f"{self._name}: {self._done}/{self._total}", self._note, ending]
        self._console.print(", ".join(part for part in parts if part), markup=False)


def clock(seconds: float) -> str:
    """Writes a duration as people do: `42 s`, `3 min 05 s`, `2 h 07 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
