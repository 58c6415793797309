"""Transfer of a search strategy: its curves, differences and attributes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from reports.comparison.document import Block, Cell, Chart, Column, Paragraphs, Section, Table
from reports.comparison.runs import ComparedRun, of_kind
from reports.comparison.series import MOST, attempt, left_out
from reports.run_folder import RunFolder, mapping, number
from reports.transfer_charts import difference_chart, reward_chart, round_chart
from reports.transfer_held_out import HeldOut, held_out_rows
from reports.transfer_learned import learned_difference, learned_rows
from reports.transfer_results import (
    FINE_TUNED,
    RANDOM,
    SCRATCH,
    TRANSFERRED,
    Difference,
    Span,
    TransferMethod,
    named,
    negative_transfer,
    paired,
    read_differences,
    read_transfer_methods,
)
from reports.transfer_tables import attribute_rows, nearest_rows, seed_differences
from reports.transfer_words import domain_names, score_name, seeds_of, signed
from reports.wording import MISSING, count, decimal, duration, quantity, span

CLAIMS = {
    "transferred": "expected reward: transferred − random",
    "mode": "most likely architecture of the transferred strategy − expected reward of random",
    "fine_tuned": "final reward: fine-tuned − from scratch",
    "area": "area under the curve: fine-tuned − from scratch",
    "test": "test, trained alone: transferred − one random architecture",
}
"""What is compared, by its key in `comparison` of a result."""


def transfer_section(runs: list[ComparedRun]) -> Section | None:
    """Returns the curves and tables of all runs of transfer; None without any."""
    blocks: list[Block] = []
    kinds: tuple[tuple[str, str, Callable[[ComparedRun, int], Iterator[Block]]], ...] = (
        ("transfer", "The transfer", _applied),
        ("leave-one-out", "The held-out domains", _held_out),
        ("learning", "What was learned", _learned),
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
    yield from _reward(title, methods, score, place)
    yield from _differences_chart(title, folder, methods, differences["transferred"], place)
    yield _methods(title, folder, methods, score, place)
    yield from _claims(title, differences, place)
    yield from _attributes(title, folder, methods, score, place)
    yield from _nearest(title, folder, place)


def _reward(
    title: str, methods: Sequence[TransferMethod], score: str, place: int
) -> Iterator[Chart]:
    figure = reward_chart(methods, score)
    if figure is None:
        return
    figure.axes[0].set_xlabel("evaluated architectures an attribute (count)")
    banded = any(limits for method in methods for limits in method.band)
    ends = [
        f"{method.name} {decimal(known[-1], 4)}"
        for method in methods
        if (known := [value for value in method.curve if value is not None])
    ]
    yield Chart(
        f"transfer-{place}-rewards",
        f"{title}: best reward so far, mean over attributes and seeds"
        f"{', with 95% intervals over attributes as bands' if banded else ''}. The transferred "
        "strategy evaluates nothing: its level line is the architecture that it finds most "
        "likely. The best of many is also the luckiest of them: that is why random search is "
        "beside it.",
        f"Best reward ({score}) at the end: {', '.join(ends)}.",
        figure,
    )


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
        "architectures, by attribute. Left of the dashed line transfer hurts: hollow triangles. "
        f"{_stripe(difference)}",
        f"Below zero in {len(below)} of {quantity(len(values), 'attribute')}"
        f"{': ' + ', '.join(below) if below else ''}. {_words(difference)}",
        figure,
    )


def _stripe(difference: Difference) -> str:
    return "Line and stripe: the mean and its 95% interval." if difference.interval else ""


def _words(difference: Difference) -> str:
    if difference.mean is None:
        return ""
    text = f"The mean is {signed(difference.mean)}"
    return f"{text}, 95% interval {span(difference.interval, 4)}." if difference.interval else text


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
            f"{title}: differences of methods, paired by attribute, with Student’s t. Where an "
            "interval holds 0, no difference is shown.",
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
    said = {"more": "higher", "less": "lower"}.get(difference.verdict, difference.verdict)
    seeds = ", ".join(signed(value) for value in difference.by_seed)
    return (
        Cell(words),
        Cell(signed(difference.mean), difference.mean),
        Cell(span(limits, 4), limits[0] if limits else None),
        Cell(MISSING if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}", p),
        Cell(said, note=f"by seed: {seeds}" if len(difference.by_seed) > 1 else ""),
    )


def _attributes(
    title: str, folder: RunFolder, methods: Sequence[TransferMethod], score: str, place: int
) -> Iterator[Table]:
    rows = attribute_rows(folder, methods, negative_transfer(folder, methods))
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
            Column("transferred − random", note="Of the expected rewards; below 0 it hurts."),
            *(Column(name) for name, _, _ in shown),
        ),
        tuple(
            (
                Cell(row.name),
                Cell(signed(row.difference, 3), row.difference, "hurts" if row.hurt else ""),
                *(_number(getattr(row.of(method), key)) for _, method, key in shown),
            )
            for row in rows
        ),
    )


def _number(value: float | None, digits: int = 3) -> Cell:
    return Cell(decimal(value, digits), value)


def _nearest(title: str, folder: RunFolder, place: int) -> Iterator[Table]:
    rows = nearest_rows(folder)
    if not rows:
        return
    yield Table(
        f"transfer-{place}-nearest",
        f"{title}: the source attributes whose descriptors are the most like those of each "
        "target attribute (cosine), which is what the strategy goes by.",
        (
            Column("target attribute", numeric=False),
            Column("nearest of the source", numeric=False),
            Column("similarity"),
            Column("next", numeric=False),
        ),
        tuple(
            (
                Cell(name),
                Cell(f"{near[0][1]} ({near[0][0]})"),
                _number(near[0][2], 2),
                Cell(", ".join(f"{one} ({decimal(value, 2)})" for _, one, value in near[1:])),
            )
            for name, near in rows
        ),
    )


def _learned(run: ComparedRun, place: int) -> Iterator[Block]:
    folder = run.folder
    assert folder is not None
    score, rows = score_name(folder), learned_rows(folder)
    figure = round_chart(folder, "reward", f"mean reward ({score})")
    if figure is not None:
        figure.axes[0].set_xlabel("round (count)")
        rewards = [n for e in folder.of_kind("round") if (n := number(e, "reward")) is not None]
        yield Chart(
            f"learning-{place}-rewards",
            f"{run.name}: mean reward of a round’s architectures while the strategy learns, by "
            "seed. Later weights are trained longer: a rise is not the strategy’s alone.",
            f"Mean reward ({score}) between {decimal(min(rewards), 3)} and "
            f"{decimal(max(rewards), 3)}, at the end {decimal(rewards[-1], 3)}.",
            figure,
        )
    if not rows:
        return
    several = len({row.domain for row in rows}) > 1
    labels = [f"{row.domain}: {row.name}" if several else row.name for row in rows]
    values = {
        label: row.difference
        for label, row in zip(labels, rows, strict=True)
        if row.difference is not None
    }
    mean = learned_difference(folder, rows)
    figure = difference_chart(values, {}, mean, f"reward ({score}), strategy − random")
    if figure is not None:
        yield Chart(
            f"learning-{place}-differences",
            f"{run.name}: mean reward of what the strategy draws at its end, less that of random "
            "architectures under the same weights, on the attributes that it has learned on. "
            f"Hollow triangles: below random. {_stripe(mean)}",
            f"Above random in {sum(v > 0 for v in values.values())} of "
            f"{quantity(len(values), 'attribute')}. {_words(mean)}",
            figure,
        )
    yield Table(
        f"learning-{place}-attributes",
        f"{run.name}: {score} on validation images, means over seeds, of the attributes that the "
        "strategy has learned on. They do not say that it helps another domain.",
        (
            Column("attribute", numeric=False),
            Column("positives", "%", note="Share of training images that have the attribute."),
            Column("random"),
            Column("strategy"),
            Column("difference"),
        ),
        tuple(
            (
                Cell(label),
                _number(None if row.rate is None else 100 * row.rate, 1),
                _number(row.random, 4),
                _number(row.policy, 4),
                Cell(signed(row.difference), row.difference),
            )
            for label, row in zip(labels, rows, strict=True)
        ),
    )


def _held_out(run: ComparedRun, place: int) -> Iterator[Block]:
    assert run.folder is not None
    rows = held_out_rows(run.folder)
    if not rows:
        yield Paragraphs((f"{run.name}: no domain has been left out yet.",))
        return
    yield Table(
        f"held-out-{place}",
        f"{run.name}: every domain was left out once; a strategy was learned on the others and "
        "applied to it. Rewards on validation images, means over attributes and seeds; "
        "differences are paired by attribute, with 95% intervals below them.",
        (
            Column("left out", numeric=False),
            Column("random, expected"),
            Column("transferred, expected"),
            Column("transferred − random"),
            Column("from scratch, final"),
            Column("fine-tuned, final"),
            Column("fine-tuned − from scratch"),
            Column("caught up after", "evaluations",
                   note="When fine-tuning is where the controller from scratch ends."),
            Column("hurts", "attributes"),
        ),
        tuple(_held_out_row(row) for row in rows),
    )  # fmt: skip
    for inner_place, inner in enumerate(run.inner[:MOST], start=1):
        if inner.folder is None:
            continue
        methods = read_transfer_methods(inner.folder)
        for chart in _reward(f"{run.name}, without {inner.name}", methods,
                             score_name(inner.folder), 0):  # fmt: skip
            yield replace(chart, name=f"held-out-{place}-{inner_place}-rewards")


def _held_out_row(row: HeldOut) -> tuple[Cell, ...]:
    def value(method: str, key: str) -> Cell:
        found = named(row.methods, method)
        return _number(getattr(found.scores, key) if found else None, 4)

    def difference(key: str) -> Cell:
        found = row.differences.get(key, Difference())
        said = {"more": "higher", "less": "lower"}.get(found.verdict, found.verdict)
        note = f"{span(found.interval, 4)}: {said}" if found.interval else said
        return Cell(signed(found.mean), found.mean, note)

    caught = MISSING if not row.differences else "never" if row.match is None else count(row.match)
    of = f"of {count(row.evaluations)}" if row.evaluations else ""
    hurts = f"of {row.attributes}" if row.attributes else ""
    return (
        Cell(row.name, note="" if row.differences else "not done yet"),
        value(RANDOM, "expected"),
        value(TRANSFERRED, "expected"),
        difference("transferred"),
        value(SCRATCH, "final"),
        value(FINE_TUNED, "final"),
        difference("fine_tuned"),
        Cell(caught, row.match, of if row.differences else ""),
        Cell(count(row.negative), row.negative, hurts),
    )
