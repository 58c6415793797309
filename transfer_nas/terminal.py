"""What the commands of `graftwork transfer` print: a short table, what it shows, paths."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from graftwork.disk import disk_use
from graftwork.run import read_config
from reports import save_transfer_report
from reports.run_folder import mapping
from reports.transfer_learned import weights_words
from transfer_nas.sentences import (
    application_lines,
    decimal,
    few_seeds,
    said,
    signed,
    signed_span,
    span,
)

MOST_ROWS = 40


def print_learning(run: Path, result: dict[str, Any], console: Console) -> None:
    """Writes the report of `graftwork transfer learn`, and prints rewards by attribute."""
    report = save_transfer_report(run)
    table = Table(box=None, pad_edge=False)
    several = len(result["domains"]) > 1
    headings = ["attribute", "policy", "random", "difference"]
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "attribute" else "right")
    for row in result["attributes"][:MOST_ROWS]:
        name = f"{row['domain']}/{row['attribute']}" if several else row["attribute"]
        table.add_row(
            escape(name),
            decimal(row["policy_reward"]),
            decimal(row["random_reward"]),
            signed(row["difference"]),
        )
    if len(result["attributes"]) > MOST_ROWS:
        table.add_row(f"… {len(result['attributes']) - MOST_ROWS} more in the report", "", "", "")
    table.add_row(
        "mean", decimal(result["policy_reward"]), decimal(result["random_reward"]), style="bold"
    )
    console.print()
    console.print(table)
    arguments = mapping(read_config(run), "arguments")
    console.print(
        f"mean {result['score']} on validation images, under shared weights that "
        f"{weights_words(arguments)}",
        markup=False,
    )
    console.print()
    lines = [
        said(
            result["comparison"],
            "What the strategy draws for an attribute it learned on",
            "what is drawn at random",
        )
    ]
    seeds = result["seeds"]
    if len(seeds) < 3:
        lines.append(few_seeds(seeds))
    _end(console, lines, result, report, ("report.html", "result.json", "strategies"))
    console.print(
        f"Apply it: graftwork transfer apply {run} --dataset NAME --out FOLDER", markup=False
    )


def print_application(run: Path, result: dict[str, Any], console: Console) -> None:
    """Writes the report of `graftwork transfer apply`, and prints the table of methods."""
    report = save_transfer_report(run)
    table = Table(box=None, pad_edge=False)
    tested = any(row["test_score"] is not None for row in result["methods"])
    headings = ["method", "drawn", "95 % int.", "best", "95 % int.", *["test"] * tested, "s"]
    for heading in headings:
        left = heading == "method"
        table.add_column(heading, justify="left" if left else "right", no_wrap=True)
    for row in result["methods"]:
        table.add_row(
            row["name"],
            decimal(row["expected"], 3),
            span(row["expected_interval"], 3),
            decimal(row["final"], 3),
            span(row["final_interval"], 3),
            *([decimal(row["test_score"], 3)] if tested else []),
            "–" if row["seconds"] is None else f"{row['seconds']:.0f}",
            style="bold" if row["name"] == "transferred" else "",
        )
    console.print()
    console.print(table)
    console.print(
        f"{result['score']}; drawn: mean of what a method draws at its end; best: of "
        f"{result['evaluations']} evaluated for each of {len(result['attributes'])} attributes "
        "(transferred: the likeliest). Both on validation images under the shared weights"
        + ("; test: the chosen network trained by itself." if tested else "."),
        markup=False,
    )
    console.print()
    _end(console, application_lines(result), result, report, ("report.html", "result.json"))


def print_leave_one_out(run: Path, result: dict[str, Any], console: Console) -> None:
    """Writes the reports of `graftwork transfer leave-one-out`, and prints a row a domain."""
    report = save_transfer_report(run)
    table = Table(box=None, pad_edge=False)
    headings = [
        "left out",
        "transferred",
        "95 % interval",
        "fine-tuned",
        "95 % interval",
        "match",
    ]
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "left out" else "right")
    for row in result["domains"]:
        one = row["result"]["comparison"]
        cells = []
        for key in ("transferred", "fine_tuned"):
            values = one[key] or {"mean": None, "interval": None}
            cells += [signed(values["mean"]), signed_span(values["interval"])]
        match = one["match"]
        after = "–" if match["evaluations"] is None else str(match["evaluations"])
        table.add_row(escape(row["name"]), *cells, f"{after}/{match['of']}")
    console.print()
    console.print(table)
    console.print(
        "transferred: what it draws, less what is drawn at random; fine-tuned: its best, less "
        "that from scratch; match: evaluations after which fine-tuning is as good"
    )
    console.print()
    lines = []
    for row in result["domains"]:
        lines.append(
            said(
                row["result"]["comparison"]["transferred"],
                f"On {row['name']}, what the transferred strategy draws",
                "what is drawn at random",
            )
        )
    if len(result["domains"]) < result["asked"]:
        left = result["asked"] - len(result["domains"])
        lines.append(f"{left} of {result['asked']} domains were not reached.")
    _end(console, lines, result, report, ("report.html", "result.json"))


def _end(
    console: Console,
    lines: list[str],
    result: dict[str, Any],
    report: Path,
    names: tuple[str, ...],
) -> None:
    if result["status"] != "finished":
        lines = [*lines, f"Ended early: {result['status']}."]
    for line in lines:
        console.print(line, markup=False)
    console.print()
    for name in names:
        if report.with_name(name).exists():
            console.print(f"{name:<12} {report.with_name(name)}", markup=False)
    console.print(disk_use(report.parent), markup=False)
