"""What every method of every run reached, for all kinds of runs."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from reports.comparison.protocol import (
    MethodResult,
    Protocol,
    best_of,
    by_protocol,
    control_of,
    order,
    row_names,
)
from reports.comparison.runs import ComparedRun
from reports.comparison.searched_results import (
    benchmark_results,
    learning_results,
    transfer_results,
)
from reports.comparison.trained_results import gan_results, tree_results

__all__ = [
    "MethodResult",
    "Protocol",
    "all_results",
    "best_of",
    "by_protocol",
    "control_of",
    "method_results",
    "order",
    "row_names",
]

_READERS: dict[str, Callable[[ComparedRun], list[MethodResult]]] = {
    "trees": tree_results,
    "gans": gan_results,
    "transfer": transfer_results,
    "learning": learning_results,
    "benchmark": benchmark_results,
}


def method_results(run: ComparedRun) -> list[MethodResult]:
    """Returns what the methods of a run reached; nothing for a run that cannot be read.

    The results of a leave-one-out run are those of the applications in it, one protocol a
    domain. Files are never trusted: a wrong type or a missing key leaves the number out.
    """
    if run.kind == "leave-one-out":
        return [replace(result, run=run) for inner in run.inner for result in method_results(inner)]
    if run.folder is None or run.kind not in _READERS:
        return []
    return _READERS[run.kind](run)


def all_results(runs: Sequence[ComparedRun]) -> list[MethodResult]:
    """Returns what the methods of all runs reached, run by run."""
    return [result for run in runs for result in method_results(run)]
