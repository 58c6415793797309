"""`graftwork benchmark nats`: here, because `graftwork` itself knows no reports."""

import sys

from graftwork.benchmark_config import NatsBenchmark
from graftwork.benchmark_run import run_benchmark, strategy_names
from graftwork.errors import InputError
from graftwork.nats_table import read_table
from graftwork.progress import Progress
from graftwork.published import read_published
from graftwork.run import Run
from reports.benchmark_terminal import print_benchmark


def nats(config: NatsBenchmark) -> None:
    """`graftwork benchmark nats`."""
    config.check()
    if config.table is None:
        raise InputError("--table is needed: a CSV file with the column architecture.")
    problem = read_table(config.table, config.validation, config.test)
    strategy_names(config.strategies, problem)
    published = read_published(config.published, problem.columns[1])
    if not config.resume:
        Run.check_new(config.out)
    progress = Progress()
    for count, what in (
        (problem.missing, "are not in the table"),
        (problem.failed, "have no number in it"),
    ):
        if count:
            progress.console.print(
                f"{count:,} of {problem.space.size:,} architectures {what}: they score −inf.",
                markup=False,
            )
    result = run_benchmark(config, "benchmark nats", problem, progress, published)
    print_benchmark(config.out, result, progress.console)
    if result["failures"]:
        sys.exit(1)
