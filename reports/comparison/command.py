"""`graftwork report`: one comparison of any number of runs."""

import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from graftwork.errors import InputError
from reports.comparison.build import build
from reports.comparison.config import ComparisonReport
from reports.comparison.formats import read_formats, write
from reports.comparison.output import ReportFolder
from reports.comparison.problems import problem_lines
from reports.comparison.runs import read_runs
from reports.names import printable
from reports.run_states import find_runs, is_run
from reports.wording import quantity


def report(config: ComparisonReport) -> None:
    """`graftwork report`."""
    formats = read_formats(config.format)
    if not config.runs:
        raise InputError("no run was named. Give run folders, or a folder that holds some.")
    runs = read_runs(runs_in(config.runs))
    folder = ReportFolder(config.out)
    document = build(runs, config.title, _command(config, formats))
    notices = write(document, runs, folder, formats)
    for line in _written(folder):
        print(f"wrote {line}")
    print()
    print(document.summary[0])
    for notice in [*problem_lines(runs), *notices]:
        print(f"graftwork: {notice}", file=sys.stderr)
    if "pdf" in formats and "report.pdf" not in folder.written():
        sys.exit(1)


def runs_in(paths: Sequence[Path]) -> list[Path]:
    """Returns the runs that paths stand for: themselves, or those in a folder of runs.

    Runs that a `transfer leave-one-out` made inside its own folder belong to that run. What is
    neither a run nor a folder of runs stays, to be named in the report.
    """
    found: list[Path] = []
    for path in paths:
        inside = [] if is_run(path) else find_runs(path)
        found += [run for run in inside if not _belongs(run, inside)] or [path]
    return found


def _belongs(run: Path, others: Sequence[Path]) -> bool:
    return run.parent.name.startswith("without-") and run.parent.parent in others


def _command(config: ComparisonReport, formats: Sequence[str]) -> str:
    words = ["graftwork", "report", *map(str, config.runs), "--out", str(config.out)]
    if formats != ("html",):
        words += ["--format", ",".join(formats)]
    if config.title:
        words += ["--title", config.title]
    return shlex.join(words)


def _written(folder: ReportFolder) -> list[str]:
    """Returns the files at the top by their names, those in folders by their number."""
    names = list(folder.written())
    inner = Counter(name.split("/")[0] for name in names if "/" in name)
    lines = [str(folder.path / name) for name in names if "/" not in name]
    lines += [f"{folder.path / name}: {quantity(count, 'file')}" for name, count in inner.items()]
    return [printable(line) for line in lines]
