"""What every run was asked for, what differs between them, and how to make them again."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from reports.comparison.document import Block, Cell, Column, Paragraphs, Section, Table
from reports.comparison.runs import ComparedRun
from reports.names import printable, shorten
from reports.run_folder import RunFolder, mapping
from reports.run_states import listed
from reports.tables import command_line, dataset_rows, flatten, plain
from reports.transfer_tables import command_again
from reports.wording import MISSING

BESIDE = 5
"""Runs whose settings stand side by side."""
LONGEST = 200
"""Characters of a setting; an attribute list may be longer."""
TITLES = {
    "trees": "searches of trees",
    "gans": "searches of generators",
    "learning": "learned strategies",
    "transfer": "transfers",
    "leave-one-out": "leave-one-out transfers",
    "benchmark": "benchmarks",
}


def configuration_section(runs: Sequence[ComparedRun]) -> Section | None:
    """Returns the settings of all runs, what differs first, and the commands that make them."""
    readable = [(run, run.folder) for run in runs if run.folder is not None]
    if not readable:
        return None
    blocks: list[Block] = []
    for kind, title in TITLES.items():
        group = [(run, settings(folder)) for run, folder in readable if run.kind == kind]
        if len(group) > 1:
            blocks += _differing(kind, title, group)
    for kind, title in TITLES.items():
        group = [(run, settings(folder)) for run, folder in readable if run.kind == kind]
        for part in range(0, len(group), BESIDE):
            blocks.append(_whole(kind, title, group[part : part + BESIDE], part // BESIDE + 1))
    blocks += [
        Paragraphs(("The commands that make the runs again:",)),
        *_commands(readable),
    ]
    return Section("Configuration", tuple(blocks), "configuration")


def settings(run: RunFolder) -> dict[str, str]:
    """Returns the seeds, arguments, data and versions of a run, by name, as text."""
    rows: list[tuple[str, Any]] = [
        ("status", run.status),
        ("seeds that ended", _number_of_seeds(run)),
        *((f"--{name.replace('_', '-')}", value) for name, value in flatten(run.arguments)),
        *((f"data: {name}", value) for name, value in dataset_rows(run.dataset)),
    ]
    for domain in listed(run.config, "domains"):
        name = domain.get("name")
        rows += [(f"data of {name}: {key}", value) for key, value in dataset_rows(domain)]
    rows += list(run.engine.items())
    rows += [
        (f"version of {name}", value) for name, value in flatten(mapping(run.config, "versions"))
    ]
    return {shorten(printable(name), 80): shorten(text_of(value), LONGEST) for name, value in rows}


def _number_of_seeds(run: RunFolder) -> Any:
    """Returns how many seeds ended: some results list them, others count them."""
    seeds = run.result.get("seeds")
    return len(seeds) if isinstance(seeds, list) else seeds


def text_of(value: Any) -> str:
    """Returns a setting as a person would write it; long lists end with how many more there are."""
    if isinstance(value, list) and len(value) > 40:
        return f"{plain(value[:40])}, … ({len(value)} in all)"
    return printable(plain(value))


def _differing(
    kind: str, title: str, group: list[tuple[ComparedRun, dict[str, str]]]
) -> list[Block]:
    """Returns the table of the settings that are not the same in all runs of a kind."""
    names = list(dict.fromkeys(name for _, values in group for name in values))
    differing = [
        name
        for name in names
        if name != "--out" and len({values.get(name) for _, values in group}) > 1
    ]
    if not differing:
        return [Paragraphs((f"All {len(group)} {title} have the same settings.",))]
    caption = f"What differs between the {title}."
    if len(group) <= BESIDE:
        return [_side_by_side(f"differences-{kind}", caption, differing, group)]
    columns = (Column("run", numeric=False), *(Column(name, numeric=False) for name in differing))
    rows = tuple(
        (Cell(run.name), *(Cell(values.get(name, MISSING)) for name in differing))
        for run, values in group
    )
    return [Table(f"differences-{kind}", caption, columns, rows)]


def _whole(
    kind: str, title: str, group: list[tuple[ComparedRun, dict[str, str]]], part: int
) -> Table:
    names = list(dict.fromkeys(name for _, values in group for name in values))
    caption = f"All settings: {title}, {', '.join(run.name for run, _ in group)}."
    return _side_by_side(f"settings-{kind}-{part}", caption, names, group)


def _side_by_side(
    name: str, caption: str, names: list[str], group: list[tuple[ComparedRun, dict[str, str]]]
) -> Table:
    columns = (
        Column("setting", numeric=False),
        *(Column(run.name, numeric=False) for run, _ in group),
    )
    rows = tuple(
        (Cell(setting), *(Cell(values.get(setting, MISSING)) for _, values in group))
        for setting in names
    )
    return Table(name, caption, columns, rows)


def _commands(readable: list[tuple[ComparedRun, RunFolder]]) -> list[Block]:
    """Returns every command once, under the names of the runs that it makes."""
    makes: dict[str, list[str]] = {}
    for run, folder in readable:
        makes.setdefault(command_of(folder), []).append(run.name)
    if len(makes) == 1:
        return [Paragraphs(tuple(makes), "command")]
    return [
        block
        for command, names in makes.items()
        for block in (Paragraphs((f"{', '.join(names)}:",)), Paragraphs((command,), "command"))
    ]


def command_of(run: RunFolder) -> str:
    """Returns the command that makes a run again, on lines that a shell joins."""
    command = str(run.config.get("command", ""))
    if command.startswith("transfer"):
        return printable_lines(command_again(run))
    searched = run.dataset.get("run")
    if command == "benchmark trees" and searched:
        command = f"{command} {shlex.quote(str(searched))}"
    return printable_lines(command_line(replace(run, config={**run.config, "command": command})))


def printable_lines(text: str) -> str:
    """Returns text of several lines, each fit to print."""
    return "\n".join(printable(line) for line in text.split("\n"))
