"""The main numbers of a run, whatever it searched: for lists, comparisons and the live view."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from reports.gan_summary import reward_name
from reports.run_folder import RunFolder, interval, mapping, number
from reports.run_states import RunState, listed
from reports.wording import count, decimal, duration, percent, scaled


@dataclass(frozen=True)
class Best:
    """The best that a run has found so far.

    Attributes:
        value: As in the run's files.
        text: The value as people read it.
        name: What it is.
    """

    value: float
    text: str
    name: str


def best(state: RunState) -> Best | None:
    """Returns the best score that a run has found, on the images that its search may see."""
    run, command = state.run, state.command
    if command.startswith("trees"):
        value = _highest([run.result], "shared_score", run, "score")
        name = f"{run.score.replace('-', ' ')}, validation"
        return None if value is None else Best(value, percent(100 * value), name)
    if command.startswith("gans"):
        value = _highest([run.result], "shared_score", run, "best_score", "score")
        text = decimal(value, 4 if "KID" in reward_name(run) else 2)
        return None if value is None else Best(value, text, f"{reward_name(run)}, validation")
    if command.startswith("benchmark"):
        name, value = max(_qualities(run), key=lambda pair: pair[1], default=("", None))
        return None if value is None else Best(value, percent(value), f"{name}, mean quality")
    score = str(run.result.get("score") or run.arguments.get("score") or "reward")
    name, value = _transferred(run)
    return None if value is None else Best(value, decimal(value, 3), f"{score}, {name}")


def _highest(
    results: Iterable[dict[str, Any]], key: str, run: RunFolder, *of_rounds: str
) -> float | None:
    """Returns the highest score: of the result, of finished searches, or of rounds so far."""
    found = [number(event, "score") for event in run.of_kind("searched")]
    found += [number(result, key) for result in results]
    if not any(value is not None for value in found):
        rounds = run.of_kind("round")
        by_key = [[number(event, key) for event in rounds] for key in of_rounds]
        found = next((v for v in by_key if any(x is not None for x in v)), [])
    return max((value for value in found if value is not None), default=None)


def _qualities(run: RunFolder) -> list[tuple[str, float]]:
    """Returns the strategies of a benchmark with their mean at the end of the budget."""
    strategies = listed(run.result, "strategies")
    if strategies:
        rows = [(str(s.get("name")), listed(s, "checkpoints")) for s in strategies]
        pairs = [(name, number(last[-1], "mean") if last else None) for name, last in rows]
    else:
        pairs = [(n, v[-1] if v else None) for n, v in trial_curves(run).items()]
    return [(name, value) for name, value in pairs if value is not None]


def trial_curves(run: RunFolder) -> dict[str, list[float]]:
    """Returns each strategy's mean quality at every checkpoint, over the trials so far."""
    trials: dict[str, list[list[float | None]]] = {}
    for event in run.of_kind("trial"):
        row = [number(point, "quality") for point in listed(event, "checkpoints")]
        trials.setdefault(str(event.get("strategy")), []).append(row)
    return {name: _column_means(rows) for name, rows in trials.items()}


def _column_means(rows: list[list[float | None]]) -> list[float]:
    means = []
    for column in zip(*rows, strict=False):
        known = [value for value in column if value is not None]
        means += [fmean(known)] if known else []
    return means


def _transferred(run: RunFolder) -> tuple[str, float | None]:
    """Returns what a transfer run says first, and what it is."""
    methods = [(str(m.get("name")), number(m, "final")) for m in listed(run.result, "methods")]
    known = [(name, value) for name, value in methods if value is not None]
    if known:
        name, value = max(known, key=lambda pair: pair[1])
        return f"{name}, validation", value
    if (learned := number(run.result, "policy_reward")) is not None:
        return "policy, validation", learned
    chosen = [
        (str(event.get("method")), fmean(scores))
        for event in run.of_kind("searched")
        if (scores := [v for r in listed(event, "attributes") if (v := number(r, "score"))])
    ]
    if chosen:
        name, value = max(chosen, key=lambda pair: pair[1])
        return f"{name}, validation", value
    rewards = [number(event, "reward") for event in run.of_kind("round")]
    rewards = [value for value in rewards if value is not None]
    return "newest round, validation", rewards[-1] if rewards else None


def main_numbers(state: RunState) -> dict[str, str]:
    """Returns the main numbers of a run by their names, for a comparison side by side.

    Every name says which images a number is from, where it is from images.
    """
    run, numbers = state.run, {}
    if found := best(state):
        numbers[f"best ({found.name})"] = found.text
    for row in listed(run.result, "methods"):
        numbers |= _method(run, row)
    for strategy in listed(run.result, "strategies"):
        last = (listed(strategy, "checkpoints") or [{}])[-1]
        text = _with_interval(percent(number(last, "mean")), interval(last, "interval"))
        numbers[f"{strategy.get('name')}: mean quality"] = text
    for key, name in (("policy_reward", "policy"), ("random_reward", "random architectures")):
        if (value := number(run.result, key)) is not None:
            numbers[f"{name}: reward, validation"] = decimal(value, 3)
    if (tau := number(run.result, "kendall_tau")) is not None:
        numbers["Kendall τ, shared against alone"] = decimal(tau)
    if (seconds := number(run.result, "search_seconds")) is not None:
        numbers["one search"] = duration(seconds)
    if (seconds := number(run.result, "training_seconds")) is not None:
        numbers["one training of what was found"] = duration(seconds)
    return numbers


def _method(run: RunFolder, row: dict[str, Any]) -> dict[str, str]:
    name = str(row.get("name"))
    kind, searched = row.get("kind"), row.get("kind") == "searched"
    # The searched method has the name of its strategy, which differs from run to run.
    name = name.split(" (")[0] if kind == "searched" else name
    numbers = {}
    if (error := number(row, "test_error")) is not None:
        text = _with_interval(percent(error), interval(row, "test_error_interval"))
        numbers[f"{name}: error, test"] = text
    if (kid := number(row, "kid")) is not None:
        limits = interval(row, "kid_interval")
        limits = (1000 * limits[0], 1000 * limits[1]) if limits else None
        numbers[f"{name}: KID·10³, test"] = _with_interval(decimal(1000 * kid, 1), limits, 1)
    for key, title in (("final", "final reward, validation"), ("test_score", "score, test")):
        if (value := number(row, key)) is not None:
            numbers[f"{name}: {title}"] = decimal(value, 3)
    if searched:
        numbers[f"{name}: parameters"] = count(number(row, "parameters"))
        numbers[f"{name}: FLOPs an image"] = scaled(number(row, "flops"))
    return numbers


def _with_interval(text: str, limits: tuple[float, float] | None, digits: int = 2) -> str:
    if limits is None:
        return text
    return f"{text} ({decimal(limits[0], digits)} to {decimal(limits[1], digits)})"


def comparison_words(run: RunFolder) -> list[str]:
    """Returns the sentences in which a result says what it found against its controls."""
    rows = [mapping(run.result, "comparison"), *listed(run.result, "comparisons")]
    return [str(row["statement"]) for row in rows if row.get("statement")]
