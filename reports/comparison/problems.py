"""Runs that are broken, unfinished or of another version, each with its reason."""

from collections.abc import Sequence

from reports.comparison.document import Cell, Column, Paragraphs, Section, Table
from reports.comparison.runs import ComparedRun
from reports.names import printable
from reports.wording import quantity

SHOWN = "what it has is in the tables"
LEFT_OUT = "left out"


def problems_section(runs: Sequence[ComparedRun]) -> Section | None:
    """Returns the runs with a problem, or None where all are whole."""
    troubled = [*_troubled(runs), *(i for run in runs for i in _troubled(run.inner))]
    if not troubled:
        return None
    rows = []
    for run in troubled:
        what, _, reason = run.problem.partition(": ")
        rows.append(
            (
                Cell(run.name, note=printable(str(run.path))),
                Cell(run.kind or "unknown"),
                Cell(what),
                Cell(reason or what),
                Cell(LEFT_OUT if run.folder is None else SHOWN),
            )
        )
    left_out = sum(run.folder is None for run in troubled)
    text = f"{quantity(len(troubled), 'run')} of this comparison {_has(len(troubled))} a problem"
    text += f"; {left_out} of them could not be used." if left_out else "."
    table = Table(
        "problems",
        "Runs with a problem. An unfinished run goes on with --resume.",
        (
            Column("run", numeric=False),
            Column("kind", numeric=False),
            Column("problem", numeric=False),
            Column("reason", numeric=False),
            Column("in this report", numeric=False),
        ),
        tuple(rows),
    )
    return Section("Problems", (Paragraphs((text,), "notice"), table), "problems")


def problem_lines(runs: Sequence[ComparedRun]) -> list[str]:
    """Returns a line for every run with a problem, for the terminal."""
    lines = [f"{run.name}: {run.problem}" for run in _troubled(runs)]
    for run in runs:
        lines += [f"{run.name}, {inner.name}: {inner.problem}" for inner in _troubled(run.inner)]
    return lines


def _troubled(runs: Sequence[ComparedRun]) -> list[ComparedRun]:
    return [run for run in runs if run.problem]


def _has(count: int) -> str:
    return "has" if count == 1 else "have"
