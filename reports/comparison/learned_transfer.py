"""Learned strategies in a comparison: what they learned, and domains that were left out."""

from collections.abc import Iterator
from dataclasses import replace

from reports.comparison.document import Block, Cell, Chart, Column, Paragraphs, Table
from reports.comparison.runs import ComparedRun
from reports.comparison.series import MOST
from reports.comparison.transfer_parts import best_rewards, mean_words, score_cell, stripe_words
from reports.run_folder import number
from reports.transfer_charts import difference_chart, round_chart
from reports.transfer_differences import Difference
from reports.transfer_held_out import HeldOut, held_out_rows
from reports.transfer_learned import learned_difference, learned_rows, weights_words
from reports.transfer_results import (
    FINE_TUNED,
    RANDOM,
    SCRATCH,
    TRANSFERRED,
    named,
    read_transfer_methods,
)
from reports.transfer_words import score_name, signed, verdict_words
from reports.wording import MISSING, count, decimal, quantity, span


def learned(run: ComparedRun, place: int) -> Iterator[Block]:
    """Yields the rewards of learning, and the strategy against random architectures."""
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
            "architectures under the same weights, on the attributes that it has learned on; these "
            f"weights {weights_words(folder.arguments)}. "
            f"Hollow triangles: below random. {stripe_words(mean)}",
            f"Above random in {sum(v > 0 for v in values.values())} of "
            f"{quantity(len(values), 'attribute')}. {mean_words(mean)}",
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
                score_cell(None if row.rate is None else 100 * row.rate, 1),
                score_cell(row.random, 4),
                score_cell(row.policy, 4),
                Cell(signed(row.difference), row.difference),
            )
            for label, row in zip(labels, rows, strict=True)
        ),
    )


def held_out(run: ComparedRun, place: int) -> Iterator[Block]:
    """Yields a row for every domain that was left out, and the rewards of each."""
    assert run.folder is not None
    rows = held_out_rows(run.folder)
    if not rows:
        yield Paragraphs((f"{run.name}: no domain has been left out yet.",))
        return
    yield Table(
        f"held-out-{place}",
        f"{run.name}: every domain was left out once; a strategy was learned on the others and "
        "applied to it. Rewards on validation images, means over attributes and seeds; "
        "differences are paired by attribute, with 95% intervals over attributes below them.",
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
            Column("hurts", "attributes", note="By a corrected test; others are only lower."),
        ),
        tuple(_held_out_row(row) for row in rows),
    )  # fmt: skip
    for inner_place, inner in enumerate(run.inner[:MOST], start=1):
        if inner.folder is None:
            continue
        methods = read_transfer_methods(inner.folder)
        for chart in best_rewards(f"{run.name}, without {inner.name}", methods,
                             score_name(inner.folder), 0):  # fmt: skip
            yield replace(chart, name=f"held-out-{place}-{inner_place}-rewards")


def _held_out_row(row: HeldOut) -> tuple[Cell, ...]:
    def value(method: str, key: str) -> Cell:
        found = named(row.methods, method)
        return score_cell(getattr(found.scores, key) if found else None, 4)

    def difference(key: str) -> Cell:
        found = row.differences.get(key, Difference())
        said = verdict_words(found)
        note = f"{span(found.interval, 4)}: {said}" if found.interval else said
        return Cell(signed(found.mean), found.mean, note)

    caught = MISSING if not row.differences else "never" if row.match is None else count(row.match)
    of = f"of {count(row.evaluations)}" if row.evaluations else ""
    hurts, tested = row.negative, row.negative.test is not None
    hurt = len(hurts.shown) if tested else None
    lower = f"of {row.attributes}, {len(hurts.lower)} lower" if row.attributes else ""
    return (
        Cell(row.name, note="" if row.differences else "not done yet"),
        value(RANDOM, "expected"),
        value(TRANSFERRED, "expected"),
        difference("transferred"),
        value(SCRATCH, "final"),
        value(FINE_TUNED, "final"),
        difference("fine_tuned"),
        Cell(caught, row.match, of if row.differences else ""),
        Cell(count(hurt), hurt, lower),
    )
