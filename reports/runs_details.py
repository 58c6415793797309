"""What `graftwork runs show` says of one run."""

import shlex
import stat
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.names import printable
from reports.run_folder import mapping
from reports.run_numbers import best, comparison_words, main_numbers
from reports.run_progress import elapsed, units
from reports.run_sizes import size_words
from reports.run_states import (
    DAMAGED,
    FAILED,
    FINISHED,
    INTERRUPTED,
    RUNNING,
    TIME_BUDGET,
    RunState,
    described_seeds,
    listed,
    walk,
)
from reports.wording import count, duration, quantity

MOST_FILES = 12
"""Lines of the list of files; folders are one line each."""


def print_details(state: RunState, console: Console) -> None:
    """Prints what a run is, how far it came, what it found, and how to go on."""
    console.print(Text(printable(str(state.path)), style="bold"))
    _section(console, "", _about(state))
    _section(console, "Progress", [(unit_name(u), u.words) for u in units(state)])
    _section(console, "Result", list(main_numbers(state).items()))
    for sentence in comparison_words(state.run):
        console.print(f"  {sentence}", markup=False)
    _section(console, "Files", _files(state.path))
    _section(console, "Going on", [("", text) for text in going_on(state)])


def unit_name(unit: Any) -> str:
    """Returns a unit's name with its seed."""
    return unit.name if unit.seed is None else f"seed {unit.seed}, {unit.name}"


def _section(console: Console, title: str, rows: list[tuple[str, str]]) -> None:
    if not rows:
        return
    if title:
        console.print(f"\n[bold]{title}[/]")
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(width=1)
    if any(name for name, _ in rows):
        table.add_column(style="dim", no_wrap=max(len(name) for name, _ in rows) < 34)
    table.add_column(overflow="fold")
    for name, value in rows:
        cells = (name, value) if len(table.columns) == 3 else (value,)
        table.add_row("", *map(Text, cells))
    console.print(table)


def _about(state: RunState) -> list[tuple[str, str]]:
    run = state.run
    versions = mapping(run.config, "versions")
    worked = f", {duration(elapsed(run))} of work" if run.events else ""
    began = datetime.fromtimestamp(state.started).strftime("%Y-%m-%d %H:%M")
    found = best(state)
    rows = [
        ("state", f"{state.state}: {state.reason}" if state.reason else state.state),
        ("command", state.command),
        ("again", again(state)),
        ("began", began + worked),
        ("dataset", "; ".join(map(_data_words, _described(state)))),
        ("seeds", described_seeds(state.seeds)),
        ("best", f"{found.text} ({found.name})" if found else ""),
        ("versions", ", ".join(f"{name} {value}" for name, value in versions.items())),
        ("settings", _settings(run.arguments)),
    ]
    return [(name, value) for name, value in rows if value]


def _described(state: RunState) -> list[dict[str, Any]]:
    return [d for d in (state.run.dataset, *listed(state.run.config, "domains")) if d]


def _data_words(dataset: dict[str, Any]) -> str:
    parts = [str(dataset.get("name", "an unnamed dataset"))]
    images = {k: v for k, v in mapping(dataset, "images").items() if isinstance(v, int)}
    if images:
        parts.append(", ".join(f"{count(n)} {split}" for split, n in images.items()) + " images")
    shape, attributes = dataset.get("shape"), dataset.get("attributes")
    if isinstance(shape, list):
        parts.append("×".join(map(str, shape)))
    if isinstance(attributes, list):
        parts.append(quantity(len(attributes), "attribute"))
    if dataset.get("fingerprint"):
        parts.append(f"fingerprint {str(dataset['fingerprint'])[:12]}")
    return ", ".join(parts)


def _settings(arguments: dict[str, Any]) -> str:
    """Returns the settings that say something: neither folders nor what was not given."""
    shown = []
    for name, value in arguments.items():
        if value is None or value == [] or name in ("out", "seed", "seeds", "resume", "config"):
            continue
        words = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        flag = name.replace("_", "-")
        shown.append(
            (flag if value else f"no {flag}") if type(value) is bool else f"{flag} {words}"
        )
    return ", ".join(shown)


def again(state: RunState) -> str:
    """Returns the command that makes the run again, elsewhere; empty where there is none."""
    if not state.run.arguments or not state.command:
        return ""
    config = state.path / "config.json"
    words = ["graftwork", *state.command.split(), *_source(state), "--config", str(config)]
    return f"{shlex.join(words)} --out NEW"


def _source(state: RunState) -> list[str]:
    """Returns what a command is told without a flag: the run that it starts from."""
    source = state.run.dataset.get("run") or mapping(state.run.config, "source").get("path")
    return [str(source)] if isinstance(source, str) else []


def going_on(state: RunState) -> list[str]:
    """Returns how to go on with a run, in sentences with commands."""
    words = ["graftwork", *state.command.split(), *_source(state), "--out", str(state.path)]
    resume = f"{shlex.join(words)} --resume"
    path = shlex.quote(str(state.path))
    if state.state == RUNNING:
        return [f"It is running. Watch it: graftwork watch {path}"]
    if state.state == INTERRUPTED:
        return [f"It is not done. Go on: {resume}"]
    if state.state == TIME_BUDGET:
        return [f"Its time was over. Go on with more time: {resume} --time-budget 1h"]
    if state.state == FAILED:
        return [f"Try again what failed: {resume}"]
    if state.state == FINISHED:
        found = ["It is finished."]
        group = state.command.split()[0]
        if state.command in ("trees search", "gans search"):
            found.append(f"Train what it found: graftwork {group} train {path}")
        if state.command == "transfer learn":
            found.append(f"Apply it: graftwork transfer apply {path} --dataset NAME --out NEW")
        return found
    if state.state == DAMAGED:
        return ["A damaged run cannot go on. Begin a new one, or bring the file back from a copy."]
    return ["Use the version of Graftwork that wrote it."]


def _files(path: Path) -> list[tuple[str, str]]:
    sizes: dict[str, list[int]] = {}
    for file, status in walk(path):
        first, *inside = file.relative_to(path).parts
        size = 0 if stat.S_ISLNK(status.st_mode) else status.st_size
        sizes.setdefault(f"{first}/" if inside else first, []).append(size)
    rows = []
    for name, found in sorted(sizes.items(), key=lambda item: -sum(item[1])):
        words = size_words(sum(found))
        if name.endswith("/"):
            words += f" in {quantity(len(found), 'file')}"
        if name == "checkpoints/":
            words += f", {_checkpoints(path)}"
        rows.append((printable(name), words))
    if len(rows) > MOST_FILES:
        rows = [*rows[:MOST_FILES], ("…", quantity(len(rows) - MOST_FILES, "smaller one"))]
    total = sum(map(sum, sizes.values()))
    return [*rows, ("in all", size_words(total))]


def _checkpoints(path: Path) -> str:
    numbers = [p.name for p in (path / "checkpoints").iterdir() if p.name.isdecimal()]
    return (
        f"{quantity(len(numbers), 'checkpoint')}: {', '.join(str(int(n)) for n in sorted(numbers))}"
    )
