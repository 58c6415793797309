"""What the methods reached: a table for every protocol, and tests that are corrected."""

from collections.abc import Callable, Sequence

from graftwork.statistics import BOOTSTRAP
from reports import wording
from reports.comparison.document import Block, Cell, Column, Paragraphs, Section, Table
from reports.comparison.phrases import (
    interval_of,
    seconds_text,
    signed,
    span_text,
    value_text,
)
from reports.comparison.results import (
    MethodResult,
    Protocol,
    all_results,
    by_protocol,
    order,
    row_names,
)
from reports.comparison.runs import ComparedRun
from reports.comparison.statistics import (
    LOST,
    SIZED,
    WON,
    Difference,
    differences,
)
from reports.wording import MISSING, quantity

JOBS = {
    "trees": "Trees",
    "gans": "Generators",
    "transfer": "Transfer",
    "learning": "Learned search strategies",
    "benchmark": "Benchmark",
}
INTERVAL_NOTE = (
    "Of the mean over seeds: by bootstrap, and by Student's t for fewer than "
    f"{BOOTSTRAP} seeds. None for fewer than 3."
)


def methods_section(runs: Sequence[ComparedRun]) -> Section | None:
    """Returns the tables of all methods, or None where no run has a result."""
    groups = by_protocol([result for result in all_results(runs) if result.mean is not None])
    if not groups:
        return None
    blocks: list[Block] = []
    if apart := protocol_sentences(list(groups)):
        blocks.append(Paragraphs(tuple(apart)))
    for place, (protocol, results) in enumerate(groups.items(), start=1):
        blocks += protocol_blocks(protocol, results, place)
    return Section("Methods", tuple(blocks), "methods")


def protocol_blocks(protocol: Protocol, results: list[MethodResult], place: int) -> list[Block]:
    """Returns the tables of one protocol.

    Args:
        protocol: What the results have in common.
        results: The results, in any order.
        place: The number of the protocol in the document, for the names of the tables.
    """
    results = sorted(results, key=order)
    names = row_names(results)
    blocks: list[Block] = [_methods(protocol, results, names, place)]
    if extra := _measures(protocol, results, names, place):
        blocks.append(extra)
    compared = differences(results)
    known = {id(result): name for result, name in zip(results, names, strict=True)}
    if compared:
        blocks.append(_comparisons(protocol, compared, known, place))
    few = [name for result, name in zip(results, names, strict=True) if len(result.values) == 1]
    if few:
        of = "" if len(few) == len(results) else f" ({'; '.join(shown(few))})"
        blocks.append(
            Paragraphs(
                (
                    f"One seed gives no interval{of}: what such a row shows may be chance. "
                    "--seeds 3 is the least that can tell.",
                ),
                "notice",
            )
        )
    return blocks


def protocol_sentences(protocols: Sequence[Protocol]) -> list[str]:
    """Says for each job with several protocols why they are not in one ranking."""
    said = []
    for job in dict.fromkeys(protocol.job for protocol in protocols):
        parts = [protocol.parts() for protocol in protocols if protocol.job == job]
        if len(parts) < 2:
            continue
        names = list(dict.fromkeys(name for part in parts for name in part))
        differing = []
        for name in names:
            values = list(dict.fromkeys(part.get(name) or "not known" for part in parts))
            if len(values) > 1:
                differing.append(f"{name} ({_list(values, 'or')})")
        said.append(
            f"{JOBS.get(job, job)}: {len(parts)} tables, as numbers of different protocols are "
            f"not ranked together. They differ in {_list(differing)}."
        )
    return said


def _methods(
    protocol: Protocol, results: list[MethodResult], names: list[str], place: int
) -> Table:
    """Returns the table of one protocol, without columns that no method has a number for."""
    side = "lower" if protocol.lower_is_better else "higher"
    counts = "trials" if protocol.job == "benchmark" else "trainings"
    intervals = [interval_of(result) for result in results]
    columns: list[tuple[Column, list[Cell]]] = [
        (
            Column("method", numeric=False),
            [Cell(n, note=r.note) for n, r in zip(names, results, strict=True)],
        ),
        (
            Column(protocol.metric, protocol.unit, note=f"Mean over seeds; {side} is better."),
            _cells(
                results,
                lambda r: r.mean,
                lambda v: value_text(protocol, v, unit=False),
                best=protocol.lower_is_better,
            ),
        ),
        (
            Column("95% interval", protocol.unit, note=INTERVAL_NOTE),
            [
                Cell(span_text(protocol, i)) if i is None else Cell(span_text(protocol, i), i[0])
                for i in intervals
            ],
        ),
        (
            Column("seeds"),
            [
                Cell(str(len(r.values)), len(r.values)) if r.values else Cell(MISSING)
                for r in results
            ],
        ),
        (
            Column(counts, note=f"All {counts}, of all seeds."),
            _cells(results, lambda r: r.trainings or None, wording.count),
        ),
    ]
    columns += [
        (
            Column("parameters", note="Of one model, mean."),
            _cells(results, lambda r: r.parameters, _whole, best=True),
        ),
        (
            Column("FLOPs", note="For one image: two for each multiply-add; mean."),
            _cells(results, lambda r: r.flops, wording.scaled, best=True),
        ),
        (
            Column("latency", "ms", note="For one image, on the device of the run."),
            _cells(results, lambda r: r.latency_ms, seconds_text, best=True),
        ),
        (
            Column("search", "s", note=_search_note(protocol)),
            _cells(results, lambda r: r.search_seconds, seconds_text),
        ),
        (
            Column("training", "s", note="Of one model by itself, mean."),
            _cells(results, lambda r: r.training_seconds, seconds_text),
        ),
        (
            Column(
                "peak memory",
                "MB",
                note="The most resident memory of the whole process until the method was done, "
                "so that a later row is never below an earlier one; without an accelerator's.",
            ),
            _cells(results, lambda r: r.peak_memory_mb, _whole),
        ),
    ]
    kept = [pair for pair in columns if any(cell.text != MISSING for cell in pair[1])]
    details = "; ".join(f"{name} {value}" for name, value in protocol.details)
    caption = (
        f"{protocol.dataset}: {protocol.metric} on {_images(protocol)}; {side} is better. "
        f"The same for all rows: {details or 'the data'}."
    )
    rows = tuple(zip(*(cells for _, cells in kept), strict=True))
    return Table(f"methods-{place}", caption, tuple(column for column, _ in kept), rows)


def _search_note(protocol: Protocol) -> str:
    """Says what the time of a search holds; the curves have wall time, which holds more."""
    if protocol.job == "benchmark":
        return "What the strategy itself computed for in a trial, mean."
    note = "Time of training and evaluation of one search, mean; 0 for what searches nothing."
    if protocol.job == "transfer":
        note = (
            "Time of one attribute's search, mean; 0 for what searches nothing. Training of the "
            "shared weights and learning on other domains are not part of it."
        )
    return note


def _cells(
    results: list[MethodResult],
    value: Callable[[MethodResult], float | None],
    text: Callable[[float | None], str],
    best: bool | None = None,
) -> list[Cell]:
    """Returns the cells of a column.

    Args:
        results: The rows.
        value: The number of a row.
        text: What is shown of a number.
        best: Whether the lowest number of the ranked rows is the best (True), the highest
            (False), or none (None).
    """
    known = [v for r in results if r.ranked and (v := value(r)) is not None]
    goal = None if best is None or len(known) < 2 else min(known) if best else max(known)
    return [
        Cell(text(v), v, best=goal is not None and r.ranked and v == goal)
        for r in results
        for v in [value(r)]
    ]


def _measures(
    protocol: Protocol, results: list[MethodResult], names: list[str], place: int
) -> Table | None:
    """Returns the table of the other measures of a protocol, or None where there are none."""
    measures = list(dict.fromkeys(name for result in results for name in result.others))
    if not measures:
        return None
    columns = [Column(m.removesuffix(" (%)"), "%" if m.endswith(" (%)") else "") for m in measures]
    rows = []
    for result, name in zip(results, names, strict=True):
        means = [
            sum(values.values()) / len(values) if (values := result.others.get(m)) else None
            for m in measures
        ]
        rows.append((Cell(name), *(Cell(_three(mean), mean) for mean in means)))
    return Table(
        f"measures-{place}",
        f"{protocol.dataset}: other measures of the same models, means over seeds. "
        "FID and KID: lower is better; Inception Score, precision and recall: higher."
        if protocol.job == "gans"
        else f"{protocol.dataset}: other measures of the same models, means over seeds.",
        (Column("method", numeric=False), *columns),
        tuple(rows),
    )


def _comparisons(
    protocol: Protocol, compared: list[Difference], names: dict[int, str], place: int
) -> Table:
    rows = tuple(
        (
            Cell(names[id(d.first)]),
            Cell(names[id(d.second)], note=f"the {d.role}"),
            Cell(signed(protocol, d.mean), d.mean),
            Cell(span_text(protocol, d.interval), d.interval[0] if d.interval else None),
            Cell(MISSING if d.effect is None else wording.decimal(d.effect), d.effect),
            Cell(_probability(d.corrected), d.corrected),
            Cell(d.test),
            Cell(in_words(d)),
        )
        for d in compared
    )
    side = "below" if protocol.lower_is_better else "above"
    tests = sum(d.p_value is not None for d in compared)
    corrections = (
        f"p-values are corrected for {quantity(tests, 'test')} by Holm's method. " if tests else ""
    )
    return Table(
        f"comparisons-{place}",
        f"{protocol.dataset}: every method against its control (the random search of its run, or "
        "its random architectures where there was none) and against the best of the table; random "
        f"rows are compared with the best only. A difference {side} 0 is in favour of the method. "
        f"{corrections}The best one was found by the same numbers, which favours it.",
        (
            Column("method", numeric=False),
            Column("against", numeric=False),
            Column("difference", protocol.difference_unit, note="The method less the other."),
            Column(
                "95% interval", protocol.difference_unit, note="Student's t, of this row alone."
            ),
            Column(
                "effect",
                note="In standard deviations: Cohen's d_z of pairs, else d, with Hedges' "
                f"correction for few seeds. Below {SIZED} pairs its size is not named.",
            ),
            Column("corrected p"),
            Column("test", numeric=False),
            Column("in words", numeric=False),
        ),
        rows,
    )


def in_words(found: Difference) -> str:
    """Returns the verdict on a difference, with its size where it is shown."""
    if found.verdict in (WON, LOST) and found.size is not None:
        return f"{found.verdict} ({found.size} effect)"
    return found.verdict


def _images(protocol: Protocol) -> str:
    return (
        "images of an unknown split" if protocol.split == "unknown" else f"{protocol.split} images"
    )


def _probability(value: float | None) -> str:
    if value is None:
        return MISSING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _whole(value: float | None) -> str:
    return wording.count(value) if value is None or abs(value) < 1e12 else f"{value:.3g}"


def _three(value: float | None) -> str:
    return MISSING if value is None else f"{value:.4g}".replace("-", "−")


def _list(words: Sequence[str], last: str = "and") -> str:
    """Returns words as `a, b and c`, and no more than a few of them."""
    few = shown(words)
    return f"{', '.join(few[:-1])} {last} {few[-1]}" if len(few) > 1 else "".join(few)


def shown(words: Sequence[str], most: int = 6) -> list[str]:
    """Returns the first words, and how many more there are."""
    return [*words[:most], *([f"{len(words) - most} more"] if len(words) > most else [])]
