"""Numbers that others published, beside ours and never in one ranking with them."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.comparison.document import Block, Cell, Column, Paragraphs, Section, Table
from reports.comparison.methods import JOBS, shown
from reports.comparison.phrases import seconds_text
from reports.comparison.results import MethodResult, all_results, order, row_names
from reports.comparison.runs import ComparedRun
from reports.comparison.series import slug
from reports.wording import MISSING, decimal, scaled

OWN = Path(__file__).parents[1] / "published_results.csv"
"""Published results with their sources; those that nobody looked up again are `recalled`."""

COLUMNS = (
    *("group", "method", "metric", "dataset", "value", "plus_minus"),
    *("cost", "params_millions", "source", "mark"),
)
MARKS = ("verified", "recalled")
GROUPS = {"trees": "attributes", "gans": "gan", "benchmark": "nas-bench-201"}
"""What published numbers a job is shown beside."""
METRICS = {
    "accuracy_percent": "accuracy (%)",
    "test_accuracy_percent": "test accuracy (%)",
    "inception_score": "Inception Score",
    "fid": "FID",
    "gpu_days": "search (GPU-days)",
}
APART = {
    "trees": "Published accuracies are of networks that their authors trained for as long as "
    "they saw fit, on larger images as a rule.",
    "gans": "Published FID and Inception Scores are from the Inception network and as a rule "
    "50,000 images; numbers of another extractor, of fewer images or of other data are on "
    "another scale.",
    "benchmark": "Published results had a budget of simulated time, ours one of evaluations; and "
    "methods with shared weights trained them, which strategies on a table do not.",
}
"""What differs in all comparisons of a job with what is published."""
MOST_OURS = 12


@dataclass(frozen=True)
class Published:
    """One published number.

    Attributes:
        group: What it is about: `"attributes"`, `"gan"` or `"nas-bench-201"`.
        method: As its authors call it.
        metric: A key of `METRICS`.
        dataset: The name of the dataset, as `graftwork datasets` has it.
        value: The number.
        plus_minus: Its standard deviation, or None.
        cost: What the search cost, in words; may be empty.
        parameters: Of the network, or None.
        source: Where it is from.
        mark: `"verified"` or `"recalled"`.
    """

    group: str
    method: str
    metric: str
    dataset: str
    value: float
    plus_minus: float | None
    cost: str
    parameters: float | None
    source: str
    mark: str


def read_published(path: Path = OWN) -> list[Published]:
    """Returns the published numbers of a file.

    Raises:
        ValueError: If a row is not what `COLUMNS` say; it names the line.
    """
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, strict=True)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{path}, line 1: expected the columns {', '.join(COLUMNS)}")
        return [_row(row, f"{path}, line {reader.line_num}") for row in reader]


def _row(row: dict[str, str], where: str) -> Published:
    if None in row or None in row.values():
        raise ValueError(f"{where}: expected {len(COLUMNS)} cells")
    if row["metric"] not in METRICS or row["mark"] not in MARKS or not row["source"]:
        raise ValueError(f"{where}: the metric, the mark or the source is not known")
    millions = _number(row["params_millions"], where)
    value = _number(row["value"], where)
    if value is None:
        raise ValueError(f"{where}: there is no value")
    return Published(
        row["group"],
        row["method"],
        row["metric"],
        row["dataset"],
        value,
        _number(row["plus_minus"], where),
        row["cost"],
        None if millions is None else 1e6 * millions,
        row["source"],
        row["mark"],
    )


def _number(text: str, where: str) -> float | None:
    if not text:
        return None
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{where}: {text} is no number")
    return value


def published_section(runs: Sequence[ComparedRun]) -> Section | None:
    """Returns published numbers beside ours, or None where no run has any to compare."""
    results = [result for result in all_results(runs) if result.ranked]
    rows, blocks = read_published(), list[Block]()
    for job, group in GROUPS.items():
        ours = [result for result in results if result.protocol.job == job]
        theirs = [row for row in rows if row.group == group]
        if job == "benchmark":  # Of trees, or of other data, nothing is published.
            ours = [r for r in ours if any(row.dataset in r.protocol.metric for row in theirs)]
        if ours:
            blocks += _job(job, ours, theirs)
    return Section("Published numbers", tuple(blocks), "published") if blocks else None


def _job(job: str, ours: list[MethodResult], theirs: list[Published]) -> list[Block]:
    mine = list(dict.fromkeys(result.protocol.dataset for result in ours))
    same = [row for row in theirs if _names(ours, row.dataset)]
    rows = same or theirs
    blocks: list[Block] = [
        Paragraphs((f"{JOBS[job]}. {difference_sentence(job, ours, rows)}",)),
    ]
    # A table a measure: in one column, numbers of different units would be sorted together.
    measured = [(m, result) for result in ours for m, _ in measures(result)]
    for key, measure in METRICS.items():
        if found := [row for row in rows if row.metric == key]:
            blocks.append(_published(job, measure, found))
        if known := [result for m, result in measured if m == measure]:
            blocks.append(_ours(job, measure, known, ", ".join(shown(mine, 3))))
    return blocks


def difference_sentence(job: str, ours: list[MethodResult], rows: list[Published]) -> str:
    """Says in what the protocols of our numbers differ from those of published ones."""
    datasets = list(dict.fromkeys(row.dataset for row in rows))
    protocols = list(dict.fromkeys(result.protocol for result in ours))
    others = [p.dataset for p in protocols if not any(_is(p.dataset, d) for d in datasets)]
    parts = []
    if others and job != "benchmark":
        parts.append(
            f"Ours are of {_and(list(dict.fromkeys(others)))}, published ones of "
            f"{_and(datasets)}: other data, so that the two tables say nothing about each other."
        )
    parts.append(APART[job])
    details = [
        f"{name} {_and(values)}"
        for name in ("image size", "training steps", "features", "generated images", "evaluations")
        if (
            values := list(
                dict.fromkeys(v for p in protocols for key, v in p.details if key == name)
            )
        )
    ]
    if details:
        parts.append(f"Ours: {'; '.join(details)}.")
    parts.append("They are not ranked together.")
    return " ".join(parts)


def _names(ours: list[MethodResult], dataset: str) -> bool:
    """Whether some of our results are of a dataset, which the metric of a benchmark names."""
    return any(_is(r.protocol.dataset, dataset) or dataset in r.protocol.metric for r in ours)


def _is(name: str, dataset: str) -> bool:
    plain = "".join(character for character in name.lower() if character.isalnum())
    return plain == dataset


def _column(measure: str) -> Column:
    """Returns the column of a measure, such as `accuracy (%)`."""
    name, _, unit = measure.partition(" (")
    return Column(name, unit.rstrip(")"))


def _published(job: str, measure: str, rows: list[Published]) -> Table:
    """Returns the table of one published measure, without columns that nothing is known for."""
    columns: list[tuple[Column, list[Cell]]] = [
        (Column("method", numeric=False), [Cell(row.method) for row in rows]),
        (Column("dataset", numeric=False), [Cell(row.dataset) for row in rows]),
        (_column(measure), [Cell(decimal(row.value), row.value) for row in rows]),
        (
            Column("±", note="Standard deviation, as published."),
            [Cell(decimal(row.plus_minus), row.plus_minus) for row in rows],
        ),
        (
            Column("cost", note="What the search cost, as published.", numeric=False),
            [Cell(row.cost or MISSING) for row in rows],
        ),
        (
            Column("parameters"),
            [Cell(scaled(row.parameters), row.parameters) for row in rows],
        ),
        (Column("source", numeric=False), [Cell(row.source) for row in rows]),
        (Column("mark", numeric=False), [Cell(row.mark) for row in rows]),
    ]
    kept = [pair for pair in columns if any(cell.text != MISSING for cell in pair[1])]
    return Table(
        f"published-{job}-{slug(measure)}",
        f"{JOBS[job]}: published {measure}, in the order of the project's own file. Recalled "
        "numbers were written from memory and not looked up again.",
        tuple(column for column, _ in kept),
        tuple(zip(*(cells for _, cells in kept), strict=True)),
    )


def _ours(job: str, measure: str, ours: list[MethodResult], datasets: str) -> Table:
    """Returns our numbers in a measure that published ones have."""
    ours = sorted(ours, key=lambda result: (result.protocol.dataset, order(result)))
    kept = list(zip(ours, row_names(ours), strict=True))
    rows = [
        (
            Cell(name),
            Cell(result.protocol.dataset),
            Cell(decimal(value := dict(measures(result))[measure]), value),
            Cell(seconds_text(result.search_seconds), result.search_seconds),
            Cell(scaled(result.parameters), result.parameters),
            Cell(f"{len(result.values)}", len(result.values)),
        )
        for result, name in kept[:MOST_OURS]
    ]
    more = f" The first {MOST_OURS} of {len(kept)} methods." if len(kept) > MOST_OURS else ""
    return Table(
        f"ours-{job}-{slug(measure)}",
        f"{JOBS[job]}: our {measure}, of {datasets}; means over seeds, on test images.{more}",
        (
            Column("method", numeric=False),
            Column("dataset", numeric=False),
            _column(measure),
            Column("search", "s"),
            Column("parameters"),
            Column("seeds"),
        ),
        tuple(rows),
    )


def measures(result: MethodResult) -> list[tuple[str, float]]:
    """Returns what a method reached in measures that are published, by their names."""
    protocol, mean = result.protocol, result.mean
    if protocol.job == "trees" and protocol.metric == "test error" and mean is not None:
        return [(METRICS["accuracy_percent"], 100 - mean)]
    if protocol.job == "benchmark" and mean is not None:
        return [(METRICS["test_accuracy_percent"], mean)]
    return [
        (name, sum(values.values()) / len(values))
        for name, values in result.others.items()
        if values and name in ("FID", "Inception Score")
    ]


def _and(words: list[str]) -> str:
    few = shown(words, 4)
    return f"{', '.join(few[:-1])} and {few[-1]}" if len(few) > 1 else "".join(few)
