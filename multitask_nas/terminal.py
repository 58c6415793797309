"""What a finished command prints: a short table, conclusions, paths."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from graftwork.disk import disk_use
from graftwork.failures import failure_line
from graftwork.limit_words import limits_words
from reports import write_report


def print_result(run: Path, result: dict[str, Any], console: Console) -> None:
    """Writes the report and prints the table of methods and the paths of the results."""
    report = write_report(run)
    table = Table(box=None, pad_edge=False, title_justify="left")
    error = "test error %" if result["score"] == "accuracy" else f"test error % ({result['score']})"
    official = any(row.get("official_error") is not None for row in result["methods"])
    headings = ["method", error, "95 % interval", "parameters", "seconds"]
    for heading in headings + ["official error %"] * official:
        left = heading == "method"
        table.add_column(heading, justify="left" if left else "right", no_wrap=True)
    for row in result["methods"]:
        interval = row["test_error_interval"]
        table.add_row(
            row["name"] + (f" × {row['trainings']}" if row["trainings"] > 1 else ""),
            f"{row['test_error']:.2f}",
            f"{interval[0]:.2f} – {interval[1]:.2f}" if interval else "–",
            f"{row['parameters']:,.0f}",
            f"{row['seconds']:.0f}",
            *([f"{row['official_error']:.2f}"] if official else []),
            style="bold" if row["kind"] == "searched" else "",
        )
    console.print()
    console.print(table)
    console.print()
    for line in conclusions(result):
        console.print(line, markup=False)
    console.print()
    for name in ("report.html", "result.json", "model.keras"):
        if (run / name).exists():
            console.print(f"{name:<12} {report.with_name(name)}", markup=False)
    console.print(disk_use(run), markup=False)


def conclusions(result: dict[str, Any]) -> list[str]:
    """Returns what the result says, in sentences."""
    lines = []
    if result["comparison"]:
        lines.append(result["comparison"]["statement"])
    lines.append(
        f"The search cost {result['search_cost_ratio']:.2f} times the training of one final tree "
        f"({result['search_seconds']:.0f} s against {result['training_seconds']:.0f} s)."
    )
    if result["regret"] is not None:
        lines.append(
            f"Under the shared weights the found tree is {result['regret']:.2f} points of "
            f"{result['score']} below the best of {Decimal(result['space_size']):.2e} trees."
        )
    else:
        lines.append(f"No exact optimum: {result['exact_reason']}.")
    random = result["kendall_tau_random"]
    if result["kendall_tau"] is not None:
        lines.append(
            f"Kendall's τ of shared-weight and stand-alone scores is {result['kendall_tau']:.2f} "
            f"over {result['kendall_tau_trees']} trained trees"
            + (f", {random:.2f} over the random ones alone." if random is not None else ".")
        )
    lines += [failure_line(failed) for failed in result.get("failed", [])]
    if words := limits_words(result):
        lines.append(words)
    if result["status"] != "finished":
        lines.append(f"Ended early: {result['status']}.")
    return lines
