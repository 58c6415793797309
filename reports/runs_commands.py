"""`graftwork runs list`, `show` and `compare`: what each does with its configuration."""

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from graftwork.errors import InputError
from reports.names import printable
from reports.run_folder import mapping
from reports.run_numbers import best, comparison_words, main_numbers
from reports.run_sizes import age_words, size_words
from reports.run_states import RunState, described_seeds, find_runs, is_run, read_state
from reports.runs_config import RunsCompare, RunsList, RunsShow
from reports.runs_details import print_details
from reports.wording import MISSING, quantity

STYLES = {
    **{"running": "bold cyan", "finished": "green", "time budget": "green"},
    **{"interrupted": "yellow", "failed": "bold red", "damaged": "bold red"},
}
WIDE = 120
"""Columns from which on a list shows everything."""
PIPED = 160
"""The width of tables that go into a file."""


def list_runs(config: RunsList) -> None:
    """`graftwork runs list`."""
    if not config.folder.is_dir():
        raise InputError(f"{config.folder} is no folder. Name the folder that holds the runs.")
    states = [read_state(path) for path in find_runs(config.folder)]
    states.sort(key=lambda state: (-state.started, str(state.path)))
    if config.json:
        json.dump([as_json(state) for state in states], sys.stdout, indent=1, allow_nan=False)
        print()
        return
    console = wide_console()
    if not states:
        console.print(
            f"No run in {config.folder}, nor in folders three deep in it.",
            markup=False,
            soft_wrap=True,
        )
        return
    console.print(_table(states, config.folder, console.width >= WIDE))
    for state in states:
        if state.reason:
            text = f"{_name(state.path, config.folder)}: {state.state}: {state.reason}"
            console.print(text, markup=False)
    total = sum(state.size for state in states if not _inside_another(state, states))
    console.print(f"{quantity(len(states), 'run')}, {size_words(total)}", style="dim")


def _inside_another(state: RunState, states: list[RunState]) -> bool:
    return any(other.path in state.path.parents for other in states)


def _table(states: list[RunState], folder: Path, wide: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("run", overflow="fold")
    table.add_column("state", no_wrap=True)
    table.add_column("command", no_wrap=True)
    table.add_column("dataset", no_wrap=True, overflow="ellipsis", max_width=16 if wide else 9)
    if wide:
        table.add_column("seeds", justify="right", min_width=5)
        table.add_column("best so far", no_wrap=True, overflow="ellipsis", max_width=24)
        table.add_column("last event", justify="right", no_wrap=True)
    else:
        table.add_column("best", justify="right", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    now = time.time()
    for state in states:
        found = best(state)
        cells: list[str | Text] = [
            _name(state.path, folder),
            Text(state.state, style=STYLES.get(state.state, "red")),
            state.command or MISSING,
            state.dataset or MISSING,
        ]
        if wide:
            cells += [str(len(state.seeds)) if state.seeds else MISSING]
            cells += [f"{found.text} {found.name.split(',')[0]}" if found else MISSING]
            cells += [f"{age_words(now - state.last_event)} ago"]
        else:
            cells += [found.text if found else MISSING]
        cells += [size_words(state.size)]
        # `Text`, never markup: a dataset may be called "[red]".
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))
    return table


def show(config: RunsShow) -> None:
    """`graftwork runs show`."""
    print_details(whole_state(config.run), Console(highlight=False))


def compare(config: RunsCompare) -> None:
    """`graftwork runs compare`."""
    paths = list(dict.fromkeys(config.runs))
    if len(paths) < 2:
        raise InputError(f"name two runs or more to compare. Received: {len(paths)}.")
    states = [whole_state(path) for path in paths]
    console = wide_console()
    console.print(_side_by_side(states))
    console.print()
    for line in same_data(states):
        console.print(line, markup=False)
    for state in states:
        for sentence in comparison_words(state.run):
            console.print(f"{state.path.name}: {sentence}", markup=False)
    console.print()
    if differences := configuration_differences(states):
        console.print("Differences in configuration", style="bold")
        table = _run_columns(states, "setting")
        for name, values in differences.items():
            table.add_row(Text(name), *(Text(_value_words(value)) for value in values))
        console.print(table)
    elif len({state.command for state in states}) > 1:
        console.print("The settings that all of these commands have are the same.")
    else:
        console.print("The configurations are the same, but for the folders.")


def _side_by_side(states: list[RunState]) -> Table:
    table = _run_columns(states, "")
    numbers = [main_numbers(state) for state in states]
    rows = {
        "state": [state.state for state in states],
        "command": [state.command or MISSING for state in states],
        "dataset": [state.dataset or MISSING for state in states],
        "seeds": [described_seeds(state.seeds) or MISSING for state in states],
    }
    for name in dict.fromkeys(name for found in numbers for name in found):
        rows[name] = [found.get(name, MISSING) for found in numbers]
    for name, values in rows.items():
        table.add_row(Text(name), *map(Text, values))
    return table


def _run_columns(states: list[RunState], first: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first, overflow="fold", max_width=44)
    names = [state.path.resolve().name for state in states]
    for state, name in zip(states, names, strict=True):
        shown = name if names.count(name) == 1 else str(state.path)
        table.add_column(Text(printable(shown)), overflow="fold")
    return table


def same_data(states: list[RunState]) -> list[str]:
    """Says whether runs have the same data and the same command: else numbers do not compare."""
    lines = []
    prints = {state.fingerprint for state in states}
    if "" in prints:
        lines.append("Not every run says what its data are: whether they are the same is unknown.")
    elif len(prints) == 1:
        lines.append("All runs have the same data, by their fingerprint.")
    elif len({state.dataset for state in states}) == 1:
        lines.append(
            "The data differ, though their names are the same (other fingerprints): the numbers "
            "do not compare."
        )
    else:
        lines.append("The runs have different datasets: the numbers do not compare.")
    if len({state.command for state in states}) > 1:
        lines.append("The runs are of different commands: most numbers mean different things.")
    unfinished = [str(s.path) for s in states if s.state not in ("finished", "time budget")]
    if unfinished:
        lines.append(f"Not finished, so that its numbers may change: {', '.join(unfinished)}.")
    return lines


def configuration_differences(states: list[RunState]) -> dict[str, list[Any]]:
    """Returns every setting that differs between runs, with its value in each of them.

    Of different commands only those that all have are compared.
    """
    arguments = [state.run.arguments for state in states]
    found: dict[str, list[Any]] = {}
    names = dict.fromkeys(name for values in arguments for name in values)
    if len({state.command for state in states}) > 1:
        names = dict.fromkeys(n for n in names if all(n in values for values in arguments))
    for name in names:
        row = [values.get(name, MISSING) for values in arguments]
        if name not in ("out", "resume", "config") and any(value != row[0] for value in row):
            found[name.replace("_", "-")] = row
    versions = [mapping(state.run.config, "versions") for state in states]
    for name in dict.fromkeys(name for values in versions for name in values):
        row = [values.get(name, MISSING) for values in versions]
        if any(value != row[0] for value in row):
            found[f"version of {name}"] = row
    return found


def _value_words(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


def whole_state(path: Path) -> RunState:
    """Reads a run that was named, its journal too.

    Raises:
        InputError: If there is none.
    """
    if not path.is_dir():
        raise InputError(f"there is no folder {path}. Give a run folder, as named with --out.")
    if not is_run(path):
        raise InputError(
            f"{path} is not a run folder: it has no config.json of Graftwork. `graftwork runs "
            f"list {path}` looks for runs inside."
        )
    return read_state(path, journal=True)


def as_json(state: RunState) -> dict[str, Any]:
    """Returns a run as `graftwork runs list --json` prints it."""
    found = best(state)
    return {
        "path": str(state.path),
        "state": state.state,
        "reason": state.reason,
        "command": state.command,
        "dataset": state.dataset,
        "fingerprint": state.fingerprint,
        "seeds": list(state.seeds),
        "best": {"value": found.value, "name": found.name} if found else None,
        "started": _iso(state.started),
        "last_event": _iso(state.last_event),
        "bytes": state.size,
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _name(path: Path, folder: Path) -> str:
    name = str(path.relative_to(folder))
    return printable(str(path) if name == "." else name)


def wide_console() -> Console:
    """Returns a console whose tables are not cut where they go into a file."""
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        return Console(highlight=False, width=PIPED)
    return console
