"""A comparison put together: all sections in order, whatever the runs hold."""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import graftwork
from reports.comparison.attributes import attributes_section
from reports.comparison.cells import cells_section
from reports.comparison.configuration import configuration_section
from reports.comparison.curves import curves_section
from reports.comparison.document import Block, Document, Paragraphs, Section
from reports.comparison.dynamics import dynamics_section
from reports.comparison.methods import methods_section
from reports.comparison.pareto import pareto_section
from reports.comparison.problems import problems_section
from reports.comparison.published import published_section
from reports.comparison.runs import ComparedRun, read_runs
from reports.comparison.summary import summary
from reports.comparison.transfer import transfer_section
from reports.comparison.trees import trees_section
from reports.names import printable, shorten
from reports.wording import quantity

SECTIONS = (
    methods_section,
    curves_section,
    pareto_section,
    attributes_section,
    trees_section,
    cells_section,
    dynamics_section,
    transfer_section,
    published_section,
    configuration_section,
    problems_section,
)
"""What makes the sections, in order."""
_CONTINUED = re.compile(r"\s*\\\n\s*")


def compare(paths: Sequence[Path], title: str | None = None) -> Document:
    """Compares run folders of any kind.

    Args:
        paths: The run folders.
        title: The title, or None for one that says how many runs are compared.

    Returns:
        The `Document`. A run that cannot be read is named in it and stops nothing.

    Raises:
        InputError: If none of the runs can be read.
    """
    command = ["graftwork", "report", *map(str, paths), "--out", "report"]
    return build(read_runs(paths), title, shlex.join(command))


def build(runs: list[ComparedRun], title: str | None, command: str) -> Document:
    """Returns the comparison of runs that were read.

    Args:
        runs: The runs, with those that could not be read.
        title: The title, or None.
        command: The command that makes the report again.
    """
    taken: set[str] = set()
    sections = [
        replace(section, blocks=tuple(_named(section.blocks, taken)))
        for builder in SECTIONS
        if (section := _section(builder, runs)) is not None and section.blocks
    ]
    return Document(
        title=printable(title) if title else _title(runs),
        summary=_summary(runs),
        sections=tuple(sections),
        command=printable(command),
        about=f"Graftwork {graftwork.__version__}; {quantity(len(runs), 'run')}",
    )


def _title(runs: Sequence[ComparedRun]) -> str:
    names = [run.folder.dataset.get("name") for run in runs if run.folder is not None]
    datasets = list(dict.fromkeys(str(name) for name in names if name))
    if len(runs) == 1:
        return shorten(f"Report of {runs[0].name}", 100)
    what = f"{quantity(len(runs), 'run')} compared"
    if not datasets or len(datasets) > 3:
        return what
    listed = " and ".join([", ".join(datasets[:-1]), datasets[-1]] if datasets[1:] else datasets)
    return shorten(f"{listed}: {what}", 100)


def _summary(runs: list[ComparedRun]) -> tuple[str, ...]:
    texts, strange, reason = _without_strange(summary, runs)
    texts = tuple(texts or ("There is nothing to compare.",))
    if reason:
        texts += (_notice("The summary", strange, reason),)
    return texts


def _section(
    builder: Callable[[list[ComparedRun]], Section | None], runs: list[ComparedRun]
) -> Section | None:
    """Returns a section; what a strange run breaks is a notice in it."""
    section, strange, reason = _without_strange(builder, runs)
    if not reason:
        return section
    notice = Paragraphs((_notice("This section", strange, reason),), kind="notice")
    if section is None:
        name = builder.__name__.removesuffix("_section")
        return Section(name.capitalize(), (notice,), name)
    return replace(section, blocks=(notice, *section.blocks))


def _without_strange(
    builder: Callable[[list[ComparedRun]], Any], runs: list[ComparedRun]
) -> tuple[Any, list[str], str]:
    """Calls a builder; where it raises, once more without the runs that make it raise.

    Journals come from other versions, other programs and broken disks. Whatever they hold,
    one run must not take the others' report away.

    Returns:
        What the builder returns or None, the names of the runs left out, and the error.
    """
    try:
        return builder(runs), [], ""
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    strange = [run for run in runs if not _works(builder, [run])]
    rest = [run for run in runs if run not in strange]
    try:
        found = builder(rest) if strange and rest else None
    except Exception:
        found = None
    return found, [run.name for run in strange], reason


def _works(builder: Callable[[list[ComparedRun]], Any], runs: list[ComparedRun]) -> bool:
    try:
        builder(runs)
    except Exception:
        return False
    return True


def _notice(what: str, strange: Sequence[str], reason: str) -> str:
    reason = shorten(printable(" ".join(reason.split())), 200)
    if strange:
        return f"{what} leaves out {', '.join(strange)}, which it could not read ({reason})."
    return f"{what} could not be made from these runs together ({reason})."


def _named(blocks: Sequence[Block], taken: set[str]) -> Iterator[Block]:
    """Yields blocks whose names are names of files, and of one block each."""
    for block in blocks:
        if isinstance(block, Paragraphs):
            # A command that goes on in another line does so in a shell, not in every format.
            lines = (_CONTINUED.sub(" ", text) for text in block.texts)
            yield replace(block, texts=tuple(lines)) if block.kind == "command" else block
            continue
        start = name = re.sub(r"[^a-z0-9]+", "-", block.name.lower()).strip("-")[:80] or "block"
        number = 2
        while name in taken:
            name, number = f"{start}-{number}", number + 1
        taken.add(name)
        yield replace(block, name=name)
