"""Transfer of a search strategy: its curves, differences and attributes."""

from collections.abc import Callable, Iterator, Sequence

from reports.comparison.document import Block, Cell, Chart, Column, Paragraphs, Section, Table
from reports.comparison.learned_transfer import held_out, learned
from reports.comparison.runs import ComparedRun, of_kind
from reports.comparison.series import MOST, attempt, left_out
from reports.comparison.transfer_parts import (
    best_rewards,
    mean_words,
    nearest_table,
    score_cell,
    stripe_words,
)
from reports.run_folder import RunFolder, mapping
from reports.transfer_caveats import caveats, match_words, seeds_words
from reports.transfer_charts import difference_chart
from reports.transfer_differences import (
    CLAIMS,
    Difference,
    negative_transfer,
    paired,
    read_differences,
)
from reports.transfer_results import (
    FINE_TUNED,
    RANDOM,
    SCRATCH,
    TRANSFERRED,
    Span,
    TransferMethod,
    read_transfer_methods,
)
from reports.transfer_summary import lower_words
from reports.transfer_tables import attribute_rows, seed_differences
from reports.transfer_words import domain_names, score_name, seeds_of, signed, verdict_words
from reports.wording import MISSING, count, decimal, duration, quantity, span


def transfer_section(runs: list[ComparedRun]) -> Section | None:
    """Returns the curves and tables of all runs of transfer; None without any."""
    blocks: list[Block] = []
    kinds: tuple[tuple[str, str, Callable[[ComparedRun, int], Iterator[Block]]], ...] = (
        ("transfer", "The transfer", _applied),
        ("leave-one-out", "The held-out domains", held_out),
        ("learning", "What was learned", learned),
    )
    for kind, what, build in kinds:
        chosen = of_kind(runs, kind)
        for place, run in enumerate(chosen[:MOST], start=1):
            blocks += attempt(run, what, build, place)
        blocks += left_out(chosen)
    return Section("Transfer", tuple(blocks), "transfer") if blocks else None


def _applied(run: ComparedRun, place: int) -> Iterator[Block]:
    folder = run.folder
    assert folder is not None
    methods = read_transfer_methods(folder)
    if not methods:
        yield Paragraphs((f"{run.name}: no method is done yet.",))
        return
    score, differences = score_name(folder), read_differences(folder.result, methods)
    source = mapping(folder.config, "source") or mapping(folder.result, "source")
    origin = " and ".join(domain_names(source)) or "another domain"
    target = str(folder.dataset.get("name", "an unnamed dataset"))
    title = f"{run.name}, from {origin} to {target}"
    yield from best_rewards(title, methods, score, place)
    yield from _differences_chart(title, folder, methods, differences["transferred"], place)
    yield _methods(title, folder, methods, score, place)
    yield from _claims(title, differences, place)
    yield from _notes(folder, methods)
    yield from _attributes(title, folder, methods, score, place)
    yield from nearest_table(title, folder, place)


def _differences_chart(
    title: str,
    folder: RunFolder,
    methods: Sequence[TransferMethod],
    difference: Difference,
    place: int,
) -> Iterator[Chart]:
    values = paired(methods, "transferred")
    figure = difference_chart(
        values,
        seed_differences(folder),
        difference,
        f"reward ({score_name(folder)}), transferred − random",
    )
    if figure is None:
        return
    below = [name for name, value in values.items() if value < 0]
    yield Chart(
        f"transfer-{place}-differences",
        f"{title}: expected reward of the transferred strategy less that of random "
        "architectures, by attribute. Left of the dashed line (hollow triangles) it is lower, "
        "which may be chance. "
        f"{stripe_words(difference)}",
        f"Below zero in {len(below)} of {quantity(len(values), 'attribute')}"
        f"{': ' + ', '.join(below) if below else ''}. {mean_words(difference)}",
        figure,
    )


def _methods(
    title: str, folder: RunFolder, methods: Sequence[TransferMethod], score: str, place: int
) -> Table:
    best = {
        key: max((v for m in methods if (v := getattr(m.scores, key)) is not None), default=None)
        for key in ("expected", "final", "area", "test")
    }

    def cell(method: TransferMethod, key: str, limits: Span = None) -> Cell:
        value = getattr(method.scores, key)
        note = span(limits, 4) if limits else ""
        return Cell(decimal(value, 4), value, note, value is not None and value == best[key])

    seeds = seeds_of(folder)
    over = f", each a mean over {seeds} seeds" if seeds > 1 else "; one seed gives none over seeds"
    return Table(
        f"transfer-{place}-methods",
        f"{title}: {score}, means over attributes. Rewards are from validation images under "
        "shared weights, the test score from test images, which were read once. Intervals are "
        f"95%, over attributes{over}.",
        (
            Column("method", numeric=False),
            Column("expected reward", note="Mean of architectures that it draws at its end."),
            Column("final reward", note="Of the one that it chooses."),
            Column("area under the curve", note="Mean of its best reward so far."),
            Column("test score", note="Of the choice, trained by itself."),
            Column("search time"),
        ),
        tuple(
            (
                Cell(method.name),
                cell(method, "expected", method.expected_interval),
                cell(method, "final", method.final_interval),
                cell(method, "area"),
                cell(method, "test", method.test_interval),
                Cell(duration(method.seconds), method.seconds),
            )
            for method in methods
        ),
    )


def _claims(title: str, differences: dict[str, Difference], place: int) -> Iterator[Table]:
    rows = [_claim(words, differences[key]) for key, words in CLAIMS.items()]
    known = [row for row in rows if row is not None]
    if known:
        yield Table(
            f"transfer-{place}-claims",
            f"{title}: differences of methods, paired inside attribute and seed, with "
            "Student’s t over attributes. Where an interval holds 0, or the seeds have different "
            "signs, no difference is shown.",
            (
                Column("difference", numeric=False),
                Column("mean"),
                Column("95% interval"),
                Column("p"),
                Column("in words", numeric=False),
            ),
            tuple(known),
        )


def _claim(words: str, difference: Difference) -> tuple[Cell, ...] | None:
    if difference.mean is None:
        return None
    limits, p = difference.interval, difference.p_value
    seeds = ", ".join(signed(value) for value in difference.by_seed)
    notes = [seeds_words(difference), f"by seed: {seeds}" if len(difference.by_seed) > 1 else ""]
    return (
        Cell(words),
        Cell(signed(difference.mean), difference.mean),
        Cell(span(limits, 4), limits[0] if limits else None),
        Cell(MISSING if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}", p),
        Cell(verdict_words(difference), note="; ".join(note for note in notes if note)),
    )


def _notes(folder: RunFolder, methods: Sequence[TransferMethod]) -> Iterator[Paragraphs]:
    """Yields what the numbers above do not say: tests by attribute, matches, what was cut."""
    if not folder.result:
        return
    comparison = mapping(folder.result, "comparison")
    texts = lower_words(folder, methods, negative_transfer(folder.result, methods))
    for key, name in (("match", "Fine-tuning"), ("random_match", "Random search")):
        match = mapping(comparison, key)
        if not match:
            continue
        when = match.get("evaluations")
        seeds = match_words(match)
        texts.append(
            f"{name} is where the controller from scratch ends "
            f"{'never' if when is None else f'after {count(when)}'} of {count(match.get('of'))} "
            f"evaluations{f' ({seeds})' if seeds else ''}."
        )
    yield Paragraphs((" ".join([*texts, *caveats(folder.result)]),))


def _attributes(
    title: str, folder: RunFolder, methods: Sequence[TransferMethod], score: str, place: int
) -> Iterator[Table]:
    rows = attribute_rows(folder, methods, negative_transfer(folder.result, methods))
    if not rows:
        return
    shown = [
        ("random, expected", RANDOM, "expected"),
        ("transferred, expected", TRANSFERRED, "expected"),
        ("random search", RANDOM, "final"),
        ("from scratch", SCRATCH, "final"),
        ("fine-tuned", FINE_TUNED, "final"),
    ]
    tested = [m.name for m in methods if any(s.test is not None for s in m.attributes.values())]
    shown += [(f"{name}, test", name, "test") for name in tested]
    yield Table(
        f"transfer-{place}-attributes",
        f"{title}: {score} by attribute, means over seeds. Expected: of what a method draws at "
        "its end; the others: of what it chooses; test: of its choice, trained by itself.",
        (
            Column("attribute", numeric=False),
            Column(
                "transferred − random", note="Of expected rewards; “hurts” by a corrected test."
            ),
            *(Column(name) for name, _, _ in shown),
        ),
        tuple(
            (
                Cell(row.name),
                Cell(signed(row.difference, 3), row.difference, "hurts" if row.hurt else ""),
                *(score_cell(getattr(row.of(method), key)) for _, method, key in shown),
            )
            for row in rows
        ),
    )
