"""One view of a run: what `graftwork watch` shows, made from the run's files."""

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from graftwork.budget import parse_duration
from graftwork.errors import InputError
from reports import watch_parts
from reports.names import printable
from reports.run_numbers import best
from reports.run_progress import Unit, current, elapsed, units
from reports.run_states import FINISHED, RUNNING, TIME_BUDGET, RunState
from reports.runs_commands import STYLES
from reports.runs_details import going_on, unit_name
from reports.wording import duration

BAR = 24


def frame(state: RunState, now: float, width: int, broken: int = 0) -> RenderableType:
    """Returns the view of a run.

    Args:
        state: The run, with its events.
        now: Seconds since 1970.
        width: Columns of the terminal.
        broken: Lines of the journal that cannot be read.
    """
    progress = units(state)
    parts: list[RenderableType] = [_title(state), _facts(state, progress, now)]
    groups: list[Sequence[RenderableType | None]] = [
        watch_parts.curves(state, width),
        [watch_parts.strategies(state, width)],
        [watch_parts.rewards(state, width)] if state.command.startswith("transfer") else [],
        [watch_parts.trainings(state)],
        watch_parts.found(state, width),
    ]
    for group in groups:
        shown = [part for part in group if part is not None]
        parts += [Text(""), *shown] if shown else []
    if broken:
        lines = "line" if broken == 1 else "lines"
        parts.append(Text(f"{broken} {lines} of the journal cannot be read.", style="red"))
    if state.state not in (RUNNING, FINISHED):
        text = " ".join(going_on(state))
        parts += [Text(""), Text(text, style="yellow")]
    return Group(*parts)


def _title(state: RunState) -> Text:
    title = Text(state.command or "a run", style="bold")
    title.append("  ")
    title.append(state.state, style=STYLES.get(state.state, "red"))
    if state.dataset:
        title.append(f"  {state.dataset}", style="not bold")
    title.append(f"  {printable(str(state.path))}", style="not bold dim")
    return title


def _facts(state: RunState, progress: list[Unit], now: float) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    unit = current(progress)
    done = state.state in (FINISHED, TIME_BUDGET)
    if state.reason:
        table.add_row("why", Text(state.reason, style="red"))
    if unit is not None and not done:
        table.add_row("stage", _stage(unit))
        if unit.total:
            table.add_row("", _bar(unit.done, unit.total))
    others = [u for u in progress if (u.done or u.finished) and (done or u is not unit)]
    for other in others[-4:]:
        table.add_row("done", Text(f"{unit_name(other)}: {other.words}"))
    if found := best(state):
        table.add_row("best so far" if not done else "best", Text(f"{found.text}  {found.name}"))
    table.add_row("time", Text(_times(state, progress, now)))
    return table


def _stage(unit: Unit) -> Text:
    return Text.assemble((unit_name(unit), "bold"), f": {unit.words}")


def _bar(done: int, total: int) -> Text:
    part = min(done / total, 1.0)
    filled = round(part * BAR)
    return Text.assemble(("━" * filled, "cyan"), ("━" * (BAR - filled), "dim"), f" {part:.0%}")


def _times(state: RunState, progress: list[Unit], now: float) -> str:
    worked = elapsed(state.run)
    running = state.state == RUNNING
    since = max(now - state.last_event, 0.0)
    parts = [f"{duration(worked + (since if running else 0.0))} spent"]
    if running:
        parts.append(f"last event {duration(since)} ago")
        parts += _left(state, progress, worked + since, since)
    return ", ".join(parts)


def _left(state: RunState, progress: list[Unit], spent: float, since: float) -> list[str]:
    """Says how much time is left, as far as it is known."""
    parts = []
    unit = current(progress)
    left = unit.seconds_left if unit else None
    if unit and left is not None:
        most = "at most " if unit.most else ""
        parts.append(f"{most}about {duration(max(left - since, 0.0))} left of this stage")
    if budget := state.run.arguments.get("time_budget"):
        try:
            seconds = parse_duration(str(budget))
        except InputError:
            return parts
        parts.append(f"{duration(max(seconds - spent, 0.0))} left of the time budget")
    elif unit and unit is not progress[-1] and (rest := _rest(progress)) is not None:
        parts.append(f"about {duration(max(rest - since, 0.0))} left in all")
    return parts


def _rest(progress: list[Unit]) -> float | None:
    """Returns how long all units may take that are left; `None` where one is not known.

    One that has not begun takes as long as the last of its kind did.
    """
    total = 0.0
    seen: dict[str, float | None] = {}
    for unit in progress:
        whole = unit.total * unit.seconds if unit.total and unit.seconds else None
        left = unit.seconds_left
        if left is None and not unit.done:
            left = seen.get(unit.name)
        if left is None:
            return None
        total += left
        seen[unit.name] = whole if whole is not None else seen.get(unit.name)
    return total


class Cropped:
    """A view that is no higher than a terminal: what does not fit is counted.

    Args:
        view: What to show.
        height: The most lines.
    """

    def __init__(self, view: RenderableType, height: int) -> None:
        self.view, self.height = view, max(height, 2)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self.view, options.update(height=None), pad=False)
        hidden = len(lines) - self.height
        for line in lines if hidden <= 0 else lines[: self.height - 1]:
            yield from line
            yield Segment.line()
        if hidden > 0:
            yield Text(f"… {hidden + 1} more lines", style="dim")
