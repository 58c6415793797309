"""What a finished benchmark prints: a short table, conclusions, paths."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reports.benchmark import write_benchmark_report
from reports.benchmark_summary import final, ranked, summarise
from reports.run_folder import interval, mapping, number
from reports.wording import decimal, span


def print_benchmark(run: Path, result: dict[str, Any], console: Console) -> None:
    """Writes the report and prints the table of strategies and the paths of the results."""
    report = write_benchmark_report(run)
    table = Table(box=None, pad_edge=False)
    against, ranks = mapping(result, "against_control"), mapping(result, "ranks")
    rank_of = dict(zip(ranks["names"], ranks["mean_ranks"], strict=True)) if ranks else {}
    for heading in ("strategy", "mean", "95 % interval", "SD", "median", "− random", "rank", "ms"):
        left = heading == "strategy"
        table.add_column(heading, justify="left" if left else "right", no_wrap=True)
    for place, strategy in enumerate(ranked(result)):
        last, name = final(strategy), strategy["name"]
        table.add_row(
            escape(name) + (f" ({strategy['failed']} failed)" if strategy["failed"] else ""),
            decimal(number(last, "mean")),
            span(interval(last, "interval")),
            decimal(number(last, "standard_deviation")),
            decimal(number(last, "median")),
            decimal(number(mapping(against, name), "difference")),
            decimal(rank_of.get(name), 1),
            decimal(number(strategy, "own_milliseconds_per_evaluation"), 1),
            style="bold" if place == 0 else "",
        )
    console.print()
    console.print(table)
    console.print()
    for paragraph in summarise(result):
        console.print(paragraph, markup=False)
    for failure in result["failures"][:3]:
        console.print(
            f"Failed: {failure['strategy']}, seed {failure['seed']}: {failure['reason']}",
            markup=False,
        )
    console.print()
    for name in ("report.html", "result.json"):
        console.print(f"{name:<12} {report.with_name(name)}", markup=False)
