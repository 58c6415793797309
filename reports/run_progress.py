"""How far a run is: its units of work, from the journal, and how long the rest may take."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from reports.run_folder import RunFolder, number
from reports.run_states import RunState, listed

Event = dict[str, Any]

OWN_BUDGET = ("final", "fine-tuned")
"""Kinds of trainings that a later command made: they are no units of the search."""
APPLIED = (
    ("shared", "shared weights", 1, "training"),
    ("searched", "searches", 4, "methods"),
    ("trained", "trainings", 5, "networks"),
)
"""Events of `transfer apply`, with how many come a seed."""
NEWEST = 12
"""How many of the newest steps tell how long one takes."""


@dataclass(frozen=True)
class Unit:
    """A stage of a run.

    Attributes:
        name: Such as `"search"` or `"comparison"`.
        seed: The seed that it belongs to, or `None` for all of them.
        done: Steps that are done.
        total: Steps in all, as far as it is known.
        step: What one step is, such as `"training steps"`.
        finished: Whether nothing of it is left.
        seconds: How long one step takes, as the newest did, or `None`.
        most: Whether it may end with fewer steps.
        note: What else to say.
    """

    name: str
    seed: int | None
    done: int
    total: int | None
    step: str
    finished: bool
    seconds: float | None = None
    most: bool = False
    note: str = ""

    @property
    def seconds_left(self) -> float | None:
        """How long the rest of it may take, or `None`."""
        if self.finished:
            return 0.0
        if self.total is None or self.seconds is None:
            return None
        return max(self.total - self.done, 0) * self.seconds

    @property
    def words(self) -> str:
        """Such as `1,200 of at most 1,800 training steps`."""
        of = "" if self.total is None else f" of {'at most ' * self.most}{self.total:,}"
        if self.finished and (self.most or self.total is None or self.done == self.total):
            of = ""
        text = f"{self.done:,}{of} {self.step}"
        return f"{text}, {self.note}" if self.note else text


def units(state: RunState) -> list[Unit]:
    """Returns what a run has done and is to do, in order; empty where it is not known."""
    run = state.run
    if state.command.startswith("benchmark"):
        return [_trials(run)]
    if state.command.startswith("transfer apply"):
        return [unit for seed in state.seeds or (0,) for unit in _application(run, seed)]
    if state.command.startswith("transfer leave-one-out"):
        return [_left_out(run)]
    return [
        unit
        for seed in state.seeds
        for unit in (_search(run, seed), _comparison(run, seed))
        if unit is not None
    ]


def current(progress: Sequence[Unit]) -> Unit | None:
    """Returns the unit under way: the first that is not finished."""
    return next((unit for unit in progress if not unit.finished), None)


def _trials(run: RunFolder) -> Unit:
    done = {
        (event.get("strategy"), event.get("seed"))
        for kind in ("trial", "failed")
        for event in run.of_kind(kind)
    }
    starts = run.of_kind("start")
    total = number(starts[-1], "trials") if starts else None
    failed = len({(e.get("strategy"), e.get("seed")) for e in run.of_kind("failed")})
    return Unit(
        "trials",
        None,
        len(done),
        None if total is None else int(total),
        "trials",
        bool(run.result),
        _pace(run.of_kind("trial")),
        note=f"{failed} failed" if failed else "",
    )


def _search(run: RunFolder, seed: int) -> Unit:
    rounds = [event for event in run.of_kind("round") if event.get("seed") == seed]
    ended = [e for kind in ("searched", "learned") for e in run.of_kind(kind)]
    finished = any(event.get("seed") == seed for event in ended)
    steps = [int(n) for event in rounds if (n := number(event, "steps")) is not None]
    if not steps:
        total = _rounds(run)
        pace = _pace(rounds)
        return Unit("search", seed, len(rounds), total, "rounds", finished, pace, most=True)
    size = number(run.arguments, "round_steps")
    total, rounds_asked = None, _rounds(run)
    if size is not None and rounds_asked is not None:
        total = int(size * rounds_asked)
    # The last rounds of many strategies train nothing: they are quick, and not foreseen here.
    gone = _seconds(rounds[-1]) - _seconds(rounds[0])
    pace = gone / (steps[-1] - steps[0]) if steps[-1] > steps[0] else None
    return Unit(
        "search",
        seed,
        steps[-1],
        total,
        "training steps",
        finished,
        pace,
        most=True,
        note=f"{len(rounds)} round{'s' * (len(rounds) != 1)}",
    )


def _rounds(run: RunFolder) -> int | None:
    """Returns the most rounds that train, as the configuration says."""
    arguments = run.arguments
    rounds, warmup = number(arguments, "rounds"), number(arguments, "warmup_rounds")
    sweeps, blocks = number(arguments, "sweeps"), arguments.get("blocks")
    if rounds is None and sweeps is not None and isinstance(blocks, list):
        # A sweep visits every layer that has a choice.
        rounds = sweeps * sum(1 for count in blocks if isinstance(count, int) and count > 1)
    if rounds is None:
        return None
    # A learned strategy learns several times, one round each, where it trains once.
    rounds *= number(arguments, "updates") or 1
    warmup = number(arguments, "warmup") if warmup is None else warmup
    return int(rounds + (warmup or 0))


def _comparison(run: RunFolder, seed: int) -> Unit | None:
    """Returns the trainings of a seed's comparison; `None` where there will be none."""
    searched = [e for e in run.of_kind("searched") if e.get("seed") == seed]
    trained = [
        e
        for e in run.events
        if e.get("event") in ("trained", "failed")
        and e.get("seed") == seed
        and e.get("kind") not in OWN_BUDGET
    ]
    scores = searched[0].get("shared_scores") if searched else None
    total = len(scores) if isinstance(scores, list) else None
    if total is None and not trained and (searched or run.of_kind("learned") or run.result):
        return None
    if not searched and not run.arguments.get("steps"):
        return None
    failed = sum(event.get("event") == "failed" for event in trained)
    finished = total is not None and len(trained) >= total
    return Unit(
        "comparison",
        seed,
        len(trained),
        total,
        "trainings",
        finished or (total is None and bool(run.result)),
        _pace([*searched, *trained]),
        note=f"{failed} failed" if failed else "",
    )


def _application(run: RunFolder, seed: int) -> list[Unit]:
    """Returns shared weights, searches and trainings of the methods of a transfer run."""
    units = []
    for event, name, total, step in APPLIED:
        rows = [e for e in run.of_kind(event) if e.get("seed") == seed]
        done = bool(run.result) or len(rows) >= total
        if event != "trained" or rows or run.arguments.get("steps") != 0:
            units.append(Unit(name, seed, len(rows), total, step, done, _pace(rows)))
    return units


def _left_out(run: RunFolder) -> Unit:
    domains = len(listed(run.config, "domains")) or None
    rows = run.of_kind("applied")
    total = domains if domains is None or run.result == {} else len(rows)
    pace = _pace(rows)
    return Unit("domains left out", None, len(rows), total, "domains", bool(run.result), pace)


def _seconds(event: Event) -> float:
    return number(event, "seconds") or 0.0


def _pace(events: Sequence[Event]) -> float | None:
    """Returns the usual time from one event to the next."""
    times = [_seconds(event) for event in events][-NEWEST:]
    gaps = [after - before for before, after in itertools.pairwise(times) if after > before]
    return median(gaps) if gaps else None


def elapsed(run: RunFolder) -> float:
    """Returns how many seconds a run had worked at its newest event."""
    return max((_seconds(event) for event in run.events[-3:]), default=0.0)
