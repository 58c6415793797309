"""How fast searches find what they find: best so far, and regret where the optimum is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from reports.axes import TICKS, new_figure, spread
from reports.comparison.benchmark_curves import benchmark_curves
from reports.comparison.document import Block, Chart, Paragraphs, Section
from reports.comparison.measured import measured as number
from reports.comparison.runs import ComparedRun, of_kind
from reports.comparison.series import (
    MOST,
    Points,
    attempt,
    column_legend,
    draw_series,
    left_out,
    mean_line,
    seeds_words,
)
from reports.gan_summary import reward_scale
from reports.run_folder import RunFolder
from reports.wording import count, decimal, quantity

WALL = "wall time since the search began, with loading and compiling (s)"
"""Not the search time of the tables, which is the sum of what is timed."""


@dataclass(frozen=True)
class Step:
    """A round of a search with a score that chose something.

    Attributes:
        rounds: Rounds so far.
        evaluations: Architectures scored so far, or None where the journal does not say.
        seconds: Since this search began.
        score: As it is shown; higher is better.
        settled: Whether the shared weights are those of the end.
    """

    rounds: float
    evaluations: float | None
    seconds: float | None
    score: float
    settled: bool


@dataclass(frozen=True)
class Search:
    """The searches of one run, a list of steps a seed.

    Attributes:
        run: The run.
        label: Its name and strategy.
        subject: What has to agree for scores to stand on one axis, in words.
        score: What a score is, with its unit.
        seeds: The steps by seed.
        optima: The score of the best architecture under the final weights, by seed.
    """

    run: ComparedRun
    label: str
    subject: str
    score: str
    seeds: dict[Any, list[Step]]
    optima: dict[Any, float]

    def lines(self, along: Callable[[Step], float | None]) -> list[Points]:
        """Returns the best score so far of every seed against something."""
        return [line for steps in self.seeds.values() if (line := best_so_far(steps, along))]


def curves_section(runs: list[ComparedRun]) -> Section | None:
    """Returns the any-time and regret curves of all searches; None without any."""
    blocks: list[Block] = []
    groups: dict[tuple[str, str], list[Search]] = {}
    for run in of_kind(runs, "trees", "gans"):
        blocks += attempt(run, "The curve", _gather, groups)
    for place, searches in enumerate(groups.values(), start=1):
        blocks += [chart for chart in _charts(searches, f"curve-{place}") if chart]
    if groups:
        text = (
            "Scores are from validation images, under shared weights. While these train, scores "
            "of different rounds are under different weights: what rises is not the choice alone."
        )
        if len(groups) > 1:
            text += (
                " Searches on other data, or with another score, have charts of their own: their "
                "scores do not compare."
            )
        blocks.insert(0, Paragraphs((text,)))
    benchmarks = of_kind(runs, "benchmark")
    for place, run in enumerate(benchmarks[:MOST], start=1):
        blocks += attempt(run, "The regret", benchmark_curves, place)
    blocks += left_out(benchmarks)
    if not blocks:
        return None
    return Section("Search curves", tuple(blocks), "curves")


def _gather(run: ComparedRun, groups: dict[tuple[str, str], list[Search]]) -> list[Block]:
    """Adds the search of a run to those whose scores compare."""
    search = read_search(run)
    if any(search.seeds.values()):
        groups.setdefault((search.subject, search.score), []).append(search)
    return []


def read_search(run: ComparedRun) -> Search:
    """Returns the rounds of a run of trees or GANs, by seed."""
    folder = run.folder
    assert folder is not None
    is_gan = run.kind == "gans"
    scale, score = _score(folder, is_gan)
    rounds: dict[Any, list[dict[str, Any]]] = {}
    begins: dict[Any, float] = {}
    before: float | None = 0.0
    for event in folder.events:
        if event.get("event") == "round":
            seed = event.get("seed", 0)
            begins.setdefault(seed, before or 0.0)
            rounds.setdefault(seed, []).append(event)
        before = number(event, "seconds")
    optima = {
        event.get("seed", 0): scale * value
        for event in folder.of_kind("searched")
        if (value := number(event, "exact_score")) is not None
    }
    strategy = str(folder.result.get("strategy") or folder.arguments.get("strategy") or "")
    subject = str(folder.dataset.get("name", "an unnamed dataset"))
    extractor = str(folder.result.get("extractor") or "")
    return Search(
        run,
        f"{run.name} ({strategy})" if strategy else run.name,
        f"{subject}, features of {extractor}" if is_gan and extractor else subject,
        score,
        {seed: _steps(events, begins[seed], scale, is_gan) for seed, events in rounds.items()},
        optima,
    )


def _score(folder: RunFolder, is_gan: bool) -> tuple[float, str]:
    """Returns by what scores are multiplied to be shown, and what they are called then."""
    if is_gan:
        scale, name = reward_scale(folder)
        return scale, f"best reward so far ({name})"
    return 100.0, f"best validation {folder.score} so far (%)"


def _steps(
    events: Sequence[dict[str, Any]], begin: float, scale: float, is_gan: bool
) -> list[Step]:
    # While shared weights train, most strategies score one architecture to show how far the
    # weights are; it chooses nothing. The others choose by what training rounds score, too.
    training = "generator_loss" if is_gan else "loss"
    chooses = not any("evaluated" in event or is_gan for event in events) or any(
        "best_score" in event for event in events
    )
    steps = []
    for place, event in enumerate(events, start=1):
        score = number(event, "best_score" if "best_score" in event else "score")
        settled = training not in event
        if score is None or not (chooses or settled):
            continue
        seconds = number(event, "seconds")
        steps.append(
            Step(
                rounds=place,
                evaluations=number(event, "evaluations" if is_gan else "evaluated"),
                seconds=None if seconds is None else max(seconds - begin, 0.0),
                score=scale * score,
                settled=settled,
            )
        )
    return steps


def best_so_far(steps: Sequence[Step], along: Callable[[Step], float | None]) -> Points:
    """Returns the highest score so far against what `along` gives, in rising order."""
    known = [(x, step.score) for step in steps if (x := along(step)) is not None]
    known.sort(key=lambda point: point[0])
    best = accumulate((score for _, score in known), max)
    return [(x, y) for (x, _), y in zip(known, best, strict=True)]


def _charts(searches: list[Search], name: str) -> list[Block | None]:
    counted = all(
        step.evaluations is not None for s in searches for steps in s.seeds.values()
        for step in steps
    )  # fmt: skip
    along: Callable[[Step], float | None] = lambda step: (  # noqa: E731
        step.evaluations if counted else step.rounds
    )
    return [
        _any_time(
            searches,
            f"{name}-evaluations",
            along,
            "evaluated architectures (count)" if counted else "search rounds (count)",
        ),
        _any_time(searches, f"{name}-seconds", lambda step: step.seconds, WALL),
        _regret(searches, f"{name}-regret", along),
    ]


def _any_time(
    searches: list[Search], name: str, along: Callable[[Step], float | None], label: str
) -> Chart | None:
    lines = [(search, lines) for search in searches if (lines := search.lines(along))]
    title = f"{searches[0].subject}: best so far against {label.partition(' (')[0]}"
    caption = "Mean over the seeds."
    if label == WALL:
        caption += (
            " The search times of the tables are of training and evaluation alone, and shorter."
        )
    return _chart(name, title, lines, label, searches[0].score, caption)


def _regret(
    searches: list[Search], name: str, along: Callable[[Step], float | None]
) -> Block | None:
    """Returns how far the best so far is below the optimum, under weights that stay the same."""
    lines = []
    for search in searches:
        own = []
        for seed, steps in search.seeds.items():
            optimum = search.optima.get(seed)
            line = best_so_far([step for step in steps if step.settled], along)
            if optimum is not None and len(line) > 1:
                own.append([(x, max(optimum - y, 0.0)) for x, y in line])
        if own:
            lines.append((search, own))
    if lines and not any(y for _, seeds in lines for line in seeds for _, y in line):
        names = ", ".join(search.label for search, _ in lines)
        return Paragraphs(
            (
                f"{searches[0].subject}: the regret of {names} is 0 points in every round under "
                "the final shared weights: the best tree under them was found by then.",
            )
        )
    label = (
        "search rounds (count)" if along(Step(1, None, 0, 0, True)) else "evaluated trees (count)"
    )
    caption = (
        "Regret: the score of the best tree under the final shared weights, which is known "
        "exactly, less the best so far under the same weights. Rounds before these were trained "
        "are left out."
    )
    title = f"{searches[0].subject}: regret"
    return _chart(name, title, lines, label, "regret (points)", caption)


def _chart(
    name: str,
    title: str,
    lines: Sequence[tuple[Search, list[Points]]],
    x_label: str,
    y_label: str,
    caption: str,
) -> Chart | None:
    """Draws the mean over the seeds of every search; None without any."""
    if not lines:
        return None
    figure, axes = new_figure(3.5)
    words: list[str] = []
    shown: list[float] = []
    bands: list[float] = []
    for place, (search, seeds) in enumerate(lines[:MOST]):
        line = mean_line(seeds)
        x, y = line.x, line.y
        draw_series(axes, place, x, y, search.label, line.band, steps=True)
        shown += y.tolist()
        bands += [] if line.band is None else np.concatenate(line.band).tolist()
        unit = y_label.rpartition("(")[2].rstrip(")")
        words.append(
            f"{search.label}: {decimal(float(y[0]))} after {count(float(x[0]))}, "
            f"{decimal(float(y[-1]))} after {count(float(x[-1]))} ({unit}; "
            f"{quantity(len(seeds), 'seed')})"
        )
    if "(%)" not in y_label:
        spread(axes.set_yscale, axes.yaxis, shown)
    cut = _limit(axes, shown, bands)
    if "regret" in y_label:
        axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=TICKS, integer="count" in x_label))
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    column_legend(axes)
    if len(lines) > MOST:
        caption += f" The first {MOST} of {len(lines)} runs."
    drawn = seeds_words(len(seeds) for _, seeds in lines[:MOST])
    if cut:
        drawn += " They are wider than the chart in places."
    return Chart(
        name,
        f"{title}. {caption} {drawn}".strip(),
        f"{y_label} against {x_label}. {'; '.join(words)}.",
        figure,
    )


def _limit(axes: Axes, shown: Sequence[float], bands: Sequence[float]) -> bool:
    """Sets the limits of the values so that the wide band of few seeds does not flatten the lines.

    Returns:
        Whether a band is cut.
    """
    low, high = min(shown), max(shown)
    if axes.get_yscale() == "linear":
        room = 0.6 * (high - low) or 0.02 * abs(high) or 1.0
        ends = max(low - room, min(bands, default=low)), min(high + room, max(bands, default=high))
        margin = 0.05 * (ends[1] - ends[0]) or room
        axes.set_ylim(ends[0] - margin, ends[1] + margin)
    else:
        # Such an axis has no end towards zero.
        near, far = min(abs(low), abs(high)) / 1.5, 1.5 * max(abs(low), abs(high))
        axes.set_ylim((near, far) if high > 0 else (-far, -near))
    bottom, top = axes.get_ylim()
    return any(not bottom <= value <= top for value in bands)
