"""What sections on transfer share: the chart of rewards, words of differences, cells."""

from collections.abc import Iterator, Sequence

from reports.comparison.document import Cell, Chart, Column, Table
from reports.run_folder import RunFolder
from reports.transfer_charts import reward_chart
from reports.transfer_differences import Difference
from reports.transfer_results import TransferMethod
from reports.transfer_tables import nearest_rows
from reports.transfer_words import signed
from reports.wording import decimal, span


def best_rewards(
    title: str, methods: Sequence[TransferMethod], score: str, place: int
) -> Iterator[Chart]:
    """Yields the best reward so far of all methods, if there are any."""
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


def stripe_words(difference: Difference) -> str:
    """Returns what line and stripe of a chart of differences are."""
    return "Line and stripe: the mean and its 95% interval." if difference.interval else ""


def mean_words(difference: Difference) -> str:
    """Returns a mean difference with its interval."""
    if difference.mean is None:
        return ""
    text = f"The mean is {signed(difference.mean)}"
    return f"{text}, 95% interval {span(difference.interval, 4)}." if difference.interval else text


def score_cell(value: float | None, digits: int = 3) -> Cell:
    """Returns a cell with a number."""
    return Cell(decimal(value, digits), value)


def nearest_table(title: str, folder: RunFolder, place: int) -> Iterator[Table]:
    """Yields the source attributes that each of the target is most like, if they are known."""
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
                score_cell(near[0][2], 2),
                Cell(", ".join(f"{one} ({decimal(value, 2)})" for _, one, value in near[1:])),
            )
            for name, near in rows
        ),
    )
