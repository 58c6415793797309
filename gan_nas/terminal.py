"""What the commands of `graftwork gans` print: short tables, conclusions, paths."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from gan_nas.space import GanSpace
from graftwork.disk import disk_use
from graftwork.failures import failure_line
from graftwork.limit_words import limits_words
from reports import write_report
from reports.gan_control import control_words


def print_space(space: GanSpace, console: Console) -> None:
    """Prints the exact size of a space."""
    console.print(
        f"Space: {space.size:,} architectures, {space.distinct:,} different networks "
        f"({Decimal(space.distinct):.2e}): {space.stages} stages to {space.image_size}×"
        f"{space.image_size}, {space.nodes} nodes a cell"
        + (", one cell for all stages" if space.shared_cell else "")
        + (", generator and discriminator." if space.discriminator else "."),
        markup=False,
    )


def print_result(run: Path, result: dict[str, Any], console: Console) -> None:
    """Writes the report and prints the table of methods and the paths of the results."""
    report = write_report(run)
    table = Table(box=None, pad_edge=False)
    interval = any(row["kid_interval"] for row in result["methods"])
    headings = ["method", "KID ·10³", *["95 % interval"] * interval, "FID", "IS"]
    for heading in [*headings, "parameters", "seconds"]:
        justify: Any = "left" if heading == "method" else "right"
        table.add_column(heading, justify=justify, no_wrap=heading != "method")
    floor = {"name": "real training images", "kind": "floor", **result["floor"]}
    for row in [*result["methods"], floor]:
        table.add_row(*_cells(row, interval), style="bold" if row["kind"] == "searched" else "")
    console.print()
    console.print(table)
    console.print(
        f"against {result['floor']['real_images']:,} test images, "
        f"{result['methods'][0]['images']:,} generated; {result['extractor']}; "
        f"resize: {result['resize']}",
        markup=False,
    )
    console.print()
    for line in conclusions(result):
        console.print(line, markup=False)
    console.print()
    for name in ("report.html", "result.json", "generator.keras", "samples"):
        if (run / name).exists():
            console.print(f"{name:<16} {report.with_name(name)}", markup=False)
    console.print(disk_use(run), markup=False)


def _cells(row: dict[str, Any], interval: bool) -> list[str]:
    bounds = row.get("kid_interval")
    trainings = row.get("trainings", 1)
    parameters, seconds = row.get("parameters"), row.get("seconds")
    return [
        row["name"] + (f" × {trainings}" if trainings > 1 else ""),
        _number(row["kid"], 1000),
        *([f"{1000 * bounds[0]:.2f} – {1000 * bounds[1]:.2f}" if bounds else "–"] * interval),
        *(_number(row[name]) for name in ("fid", "inception_score")),
        f"{parameters:,.0f}" if parameters else "–",
        f"{seconds:.0f}" if seconds else "–",
    ]


def _number(value: float | None, times: float = 1) -> str:
    return "–" if value is None else f"{times * value:.2f}"


def conclusions(result: dict[str, Any]) -> list[str]:
    """Returns what the result says, in sentences."""
    lines = [compared["statement"] for compared in result["comparisons"]]
    lines.append(
        f"The search cost {result['search_cost_ratio']:.2f} times the training of one generator "
        f"({result['search_seconds']:.0f} s against {result['training_seconds']:.0f} s): "
        f"{result['evaluations']} generators, {result['children_an_hour']:,.0f} an hour."
    )
    lines += control_words(_searches(result), result["reward"])
    tau = result["kendall_tau"]
    if tau is not None:
        alone = result["kendall_tau_random"]
        lines.append(
            f"Kendall's τ of the reward under shared weights and −KID when trained is {tau:.2f} "
            f"over {result['kendall_tau_generators']} generators"
            + (f", {alone:.2f} over those with random cells alone." if alone is not None else ".")
        )
    if result["constant_reward"]:
        lines.append("All candidates had the same reward: the choice among them is arbitrary.")
    lines += [failure_line(failed) for failed in result.get("failed", [])]
    if result.get("cut_short"):
        lines.append(
            "Time was over before the search was: what was found is the best of what was scored."
        )
    if result["resets"]:
        lines.append(f"The shared weights collapsed and started over {result['resets']} times.")
    reasons = {name: why for row in result["methods"] for name, why in row["reasons"].items()}
    lines += [f"No {name.replace('_', ' ')}: {why}" for name, why in reasons.items()]
    if result["status"] != "finished":
        lines.append(f"Ended early: {result['status']}.")
    if words := limits_words(result):
        lines.append(words)
    return lines


def _searches(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns of every seed's search what `control_words` reads; the score of the first alone."""
    keys = ("candidates", "candidates_mean", "random_search")
    # Results of older versions lack the first two.
    columns = [result.get(key) or [None] * len(result["random_search"]) for key in keys]
    searches = [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]
    return [
        {**one, "score": None if n else result["shared_score"]} for n, one in enumerate(searches)
    ]


def print_quality(found: dict[str, Any], console: Console) -> None:
    """Prints the table of `graftwork gans evaluate`."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "generated", "real training images"):
        table.add_column(heading, justify="right" if heading else "left")
    generated, floor = found["generated"], found["floor"]
    score = "IS" if generated["inception_kind"] == "classes" else "IS over attributes"
    rows = [
        ("KID ·10³", "kid", "kid_error", 1000),
        ("FID", "fid", None, 1),
        (score, "inception_score", "inception_score_deviation", 1),
        ("precision", "precision", None, 1),
        ("recall", "recall", None, 1),
    ]
    for heading, name, error, times in rows:
        cells = []
        for quality in (generated, floor):
            text = _number(quality[name], times)
            if error and quality[name] is not None and quality[error] is not None:
                text += f" ± {times * quality[error]:.2f}"
            cells.append(text)
        table.add_row(heading, *cells)
    table.add_row("images", f"{generated['images']:,}", f"{floor['images']:,}")
    console.print(table)
    console.print(
        f"against {generated['real_images']:,} test images of {found['dataset']}; "
        f"{generated['extractor']}; resize: {generated['resize']}",
        markup=False,
    )
    for line in found["remarks"]:
        console.print(line, markup=False)
    for name, why in generated["reasons"].items():
        console.print(f"No {name.replace('_', ' ')}: {why}", markup=False)
