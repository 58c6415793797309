"""The parts of the live view that differ by what is searched: curves, tables, what was found."""

from collections.abc import Callable
from statistics import fmean
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from graftwork.errors import InputError
from reports.gan_cells import describe_cell, read_cell
from reports.gan_summary import reward_name
from reports.names import shorten
from reports.run_folder import RunFolder, finite, mapping, number
from reports.run_numbers import trial_curves
from reports.run_states import RunState, listed
from reports.terminal import tree_text
from reports.watch_chart import curve, floor_of
from reports.wording import decimal, percent, quantity

Event = dict[str, Any]
Format = Callable[[float | None], str]

BEST = "best of a round"
LABEL = 20
"""Columns of the names at the left."""
CURVE_LINES = 5
MOST_ROWS = 12


def newest_seed(run: RunFolder) -> Any:
    """Returns the seed of the newest round: curves show one search."""
    rounds = run.of_kind("round")
    return rounds[-1].get("seed") if rounds else None


def curves(state: RunState, width: int) -> list[RenderableType]:
    """Returns the curve of the score over the rounds, and lines for losses and entropy.

    Args:
        state: The run.
        width: Columns of the terminal.
    """
    run, seed = state.run, newest_seed(state.run)
    rounds = [event for event in run.of_kind("round") if event.get("seed") == seed]
    if not rounds:
        return []
    if state.command.startswith("gans"):
        name = reward_name(run)
        show: Format = lambda value: decimal(value, 4 if "KID" in name else 2)  # noqa: E731
        scale, key = 1.0, "score"
    elif "reward" in rounds[-1]:
        scale, name, key = 1.0, "mean reward", "reward"
        show = lambda value: decimal(value, 3)  # noqa: E731
    else:
        scale, name, key = 100.0, run.score.replace("-", " "), "score"
        show = percent
    values = _values(rounds, key, scale)
    parts: list[RenderableType] = [
        _curve(f"{name} over {quantity(len(rounds), 'round')}", values, width, show)
    ]
    wide = max(width - LABEL - 26, 8)
    table = Table.grid(padding=(0, 1))
    table.add_column(width=LABEL - 1, no_wrap=True, style="dim")
    table.add_column(width=wide, no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    for label, row in _lines(rounds, scale):
        known = [value for value in row if value is not None]
        if known:
            floor = floor_of(row) if label == BEST else None
            line = curve(row, wide, 1, floor)[0]
            table.add_row(label, line, f"{decimal(known[-1], 3)} now")
    return [*parts, table] if table.row_count else parts


def _values(rounds: list[Event], key: str, scale: float = 1.0) -> list[float | None]:
    found = [number(event, key) for event in rounds]
    return [None if value is None else scale * value for value in found]


def _lines(rounds: list[Event], scale: float) -> list[tuple[str, list[float | None]]]:
    lines = [
        (BEST, _values(rounds, "best_score", scale)),
        ("generator loss", _values(rounds, "generator_loss")),
        ("discriminator loss", _values(rounds, "discriminator_loss")),
        ("training loss", [_mean_loss(event.get("loss")) for event in rounds]),
        ("entropy, nats", _values(rounds, "entropy")),
    ]
    return [(name, values) for name, values in lines if any(v is not None for v in values)]


def _mean_loss(loss: Any) -> float | None:
    """Returns a loss, or the mean of those of several datasets."""
    if not isinstance(loss, dict):
        return finite(loss)
    known = [value for value in map(finite, loss.values()) if value is not None]
    return fmean(known) if known else None


def _curve(title: str, values: list[float | None], width: int, show: Format) -> RenderableType:
    known = [value for value in values if value is not None]
    if not known:
        return Text(f"{title}: none yet", style="dim")
    floor = floor_of(values)
    lines = curve(values, max(width - LABEL - 2, 8), CURVE_LINES, floor)
    table = Table.grid(padding=(0, 1))
    table.add_column(width=LABEL - 1, no_wrap=True, justify="right")
    table.add_column(no_wrap=True)
    cut = "≤ " if floor is not None and min(known) < floor else ""
    edge = {0: show(max(known)), len(lines) - 1: cut + show(floor)}
    for place, line in enumerate(lines):
        table.add_row(Text(edge.get(place, ""), style="dim"), Text(line, style="cyan"))
    table.add_row("", Text(title, style="dim"))
    return table


def trainings(state: RunState) -> RenderableType | None:
    """Returns a table of what was trained by itself so far, with validation numbers."""
    rows: dict[str, list[Event]] = {}
    for event in state.run.of_kind("trained"):
        rows.setdefault(str(event.get("method")), []).append(event)
    if not rows:
        return None
    heading, value_of = _validation(next(iter(rows.values()))[0])
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("trained by itself", no_wrap=True, overflow="ellipsis", max_width=44)
    table.add_column("trained", justify="right")
    table.add_column(heading, justify="right")
    for name, events in list(rows.items())[:MOST_ROWS]:
        known = [value for value in map(value_of, events) if value is not None]
        text = decimal(fmean(known)) if known else "–"
        table.add_row(Text(name), str(len(events)), text)
    return table


def _validation(event: Event) -> tuple[str, Callable[[Event], float | None]]:
    """Returns what is shown of a training: never test images, which choose nothing."""
    if "validation_kid" in event:
        return "KID·10³, validation", lambda e: _scaled(number(e, "validation_kid"), 1000.0)
    if "validation_error" in event:
        return "error %, validation", lambda e: number(e, "validation_error")
    return "score, validation", lambda e: _mean_score(listed(e, "attributes"), "validation_score")


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else scale * value


def _mean_score(rows: list[Event], key: str) -> float | None:
    known = [value for row in rows if (value := number(row, key)) is not None]
    return fmean(known) if known else None


def strategies(state: RunState, width: int) -> RenderableType | None:
    """Returns a table of a benchmark's strategies: trials, mean so far, its curve."""
    found = trial_curves(state.run)
    if not found:
        return None
    trials = [str(event.get("strategy")) for event in state.run.of_kind("trial")]
    last_of = [row[-1] for row in found.values() if row]
    low, top = min(last_of, default=0.0), max(last_of, default=0.0)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("strategy", no_wrap=True)
    table.add_column("trials", justify="right")
    table.add_column("mean quality", justify="right")
    table.add_column("from the lowest to the highest", no_wrap=True)
    for name, row in sorted(found.items(), key=lambda item: -(item[1] or [0])[-1]):
        last = row[-1] if row else None
        part = (last - low) / (top - low) if last is not None and top > low else 0.0
        bar = "▏" + "█" * round(part * max(min(width - 50, 40), 8))
        table.add_row(Text(name), str(trials.count(name)), percent(last), Text(bar, style="cyan"))
    return table


def rewards(state: RunState, width: int) -> RenderableType | None:
    """Returns a table of a transfer run's rewards: by attribute, or by method."""
    run = state.run
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True, overflow="ellipsis", max_width=max(width - 40, 20))
    if searched := [event for event in run.of_kind("searched") if event.get("method")]:
        table.columns[0].header = "method"
        for heading in ("seed", "chosen", "drawn at the end"):
            table.add_column(heading, justify="right")
        for event in searched[-MOST_ROWS:]:
            rows = listed(event, "attributes")
            means = (_mean_score(rows, "score"), _mean_score(rows, "expected"))
            cells = (str(event.get("seed")), *(decimal(value, 3) for value in means))
            table.add_row(Text(str(event["method"])), *cells)
        return table
    rounds = [event for event in run.of_kind("round") if mapping(event, "attribute_rewards")]
    if not rounds:
        return None
    newest: dict[str, float | None] = {}
    for event in rounds:
        newest |= {k: finite(v) for k, v in event["attribute_rewards"].items()}
    known = sorted(((v, k) for k, v in newest.items() if v is not None), reverse=True)
    table.columns[0].header = "attribute"
    table.add_column("newest reward", justify="right")
    half = MOST_ROWS // 2
    gap = [(None, f"… {len(known) - 2 * half} between")] if len(known) > 2 * half else []
    shown = known[:half] + gap + known[max(half, len(known) - half) :]
    for value, name in shown:
        table.add_row(Text(name), decimal(value, 3) if value is not None else "")
    return table


def found(state: RunState, width: int) -> list[RenderableType]:
    """Returns the newest tree, or cells in words; nothing where there is none yet."""
    run = state.run
    if state.command.startswith("trees"):
        architecture, words = run.tree()
        if architecture is None:
            return []
        try:
            return [Text(words, style="dim"), tree_text(architecture, run.attributes)]
        except (InputError, TypeError, ValueError, IndexError) as error:
            return [Text(f"The newest tree cannot be drawn: {error}", style="yellow")]
    if state.command.startswith("gans"):
        return _cells(run, width)
    return []


def _cells(run: RunFolder, width: int) -> list[RenderableType]:
    searched = run.of_kind("searched")
    shortlist = listed(searched[-1], "shortlist") if searched else []
    generator = mapping(shortlist[0], "cells").get("generator") if shortlist else None
    if not isinstance(generator, list):
        rounds = [e for e in run.of_kind("round") if e.get("architecture")]
        if not rounds:
            return []
        choices = shorten(" ".join(map(str, rounds[-1]["architecture"])), max(width - 32, 16))
        text = f"Best of the newest round: {choices} (one number a decision)"
        return [Text(text, style="dim")]
    parts: list[RenderableType] = [
        Text(f"The cells that the search found, seed {searched[-1].get('seed')}", style="dim")
    ]
    for stage, values in enumerate(generator, start=1):
        try:
            words = describe_cell(read_cell(values))
        except InputError as error:
            words = str(error)
        parts.append(Text.assemble((f"stage {stage}: ", "bold"), words))
    return parts
