"""The answer of a comparison in plain words."""

from collections.abc import Sequence

from reports.comparison.methods import in_words
from reports.comparison.phrases import (
    amount,
    duration,
    evidence,
    interval_of,
    span_text,
    value_text,
)
from reports.comparison.results import (
    MethodResult,
    Protocol,
    all_results,
    best_of,
    by_protocol,
    control_of,
    order,
    row_names,
)
from reports.comparison.runs import ComparedRun
from reports.comparison.statistics import (
    CONSTANT,
    EQUAL,
    LOST,
    NO_TEST,
    NONE_SHOWN,
    WON,
    Difference,
    difference,
    differences,
)
from reports.names import shorten
from reports.wording import count, quantity

MOST = 6
"""Protocols that get a paragraph; the tables have all of them."""
SEARCHED = 3
"""Searches of a protocol that are set against their random search by name."""


def summary(runs: Sequence[ComparedRun]) -> tuple[str, ...]:
    """Returns the paragraphs of the summary: what won, by how much, at what cost; what is wrong.

    Args:
        runs: The runs of the comparison.
    """
    groups = by_protocol([result for result in all_results(runs) if result.ranked])
    said = [
        protocol_summary(protocol, found, particulars(protocol, list(groups)))
        for protocol, found in list(groups.items())[:MOST]
    ]
    if len(groups) > MOST:
        said.append(f"{len(groups) - MOST} more tables follow below, of other data or protocols.")
    if not groups:
        said.append("No run has a result yet that could be compared.")
    if groups:
        said.append(_splits(list(groups)))
    return (*said, *problem_sentences(runs))


def particulars(protocol: Protocol, protocols: Sequence[Protocol]) -> str:
    """Returns what sets a protocol apart from others of the same job, data and measure.

    Args:
        protocol: The protocol that is spoken of.
        protocols: All that are spoken of.

    Returns:
        Words such as `"with 150 evaluations"`; empty where no other protocol is like it.
    """
    alike = [
        other.parts()
        for other in protocols
        if (other.job, other.dataset, other.metric, other.split)
        == (protocol.job, protocol.dataset, protocol.metric, protocol.split)
    ]
    own = protocol.parts()
    names = dict.fromkeys(name for parts in alike for name in parts)
    said = [
        _particular(name, own.get(name, ""))
        for name in names
        if len({parts.get(name, "") for parts in alike}) > 1
    ]
    return f"with {', '.join(said)}" if said else ""


def _particular(name: str, value: str) -> str:
    if not value:
        return f"{name} not known"
    if value.replace(",", "").isdecimal() and name.endswith("s"):
        return f"{value} {name.removesuffix('s') if value == '1' else name}"
    return f"{name} {value}"


def protocol_summary(protocol: Protocol, results: list[MethodResult], apart: str = "") -> str:
    """Returns what the results of one protocol say, in a few sentences.

    Args:
        protocol: What the results have in common.
        results: The results, in any order.
        apart: What sets the protocol apart from similar ones, as `particulars` says it.
    """
    results = sorted(results, key=order)
    names = {id(r): n for r, n in zip(results, row_names(results), strict=True)}
    best, compared = best_of(results), differences(results)
    assert best is not None
    side = "lowest" if protocol.lower_is_better else "highest"
    limits = interval_of(best)
    seeds = quantity(len(best.values), "seed") if best.values else "an unknown number of seeds"
    inside = f"95% interval {span_text(protocol, limits)}, {seeds}" if limits else seeds
    where = f"On {_images(protocol)} of {protocol.dataset}" + (f", {apart}" if apart else "")
    value = value_text(protocol, best.mean)
    if len(results) == 1:
        sentences = [f"{where}, {names[id(best)]} reaches {protocol.metric} {value} ({inside})."]
    else:
        sentences = [
            f"{where}, {names[id(best)]} has the {side} {protocol.metric} of "
            f"{quantity(len(results), 'method')}: {value} ({inside})."
        ]
        sentences += _second(results, names, compared)
    sentences += _against_random(results, names, compared)
    sentences += _cost(results, names)
    sentences += _few_seeds(results)
    return " ".join(sentences)


def _second(
    results: list[MethodResult], names: dict[int, str], compared: list[Difference]
) -> list[str]:
    """Says whether the best is better than the next one by more than chance."""
    best, second = results[:2]
    found = _between(second, best, compared)
    if found is None:
        return []
    return [
        f"Next is {names[id(second)]} with {value_text(second.protocol, second.mean)}; "
        f"{_claim(found, names[id(best)], names[id(second)], turned=found.first is second)}."
    ]


def _against_random(
    results: list[MethodResult], names: dict[int, str], compared: list[Difference]
) -> list[str]:
    """Says of the searched methods how they stand against the random search of their run."""
    sentences = []
    searched = [r for r in results if r.kind in ("searched", "transferred")]
    for result in searched[:SEARCHED]:
        control = control_of(result, results)
        if control is None or (result, control) == tuple(results[:2]):
            continue
        if results[:2] == [control, result]:
            continue  # Said of the best and the second.
        found = _between(result, control, compared)
        if found is None:
            continue
        ours, theirs = names[id(result)], names[id(control)]
        text = _claim(found, ours, theirs, turned=found.first is control, sized=False)
        sentences.append(f"Against {theirs}, {ours} is {_standing(found, result)}: {text}.")
    return sentences


def _between(
    first: MethodResult, second: MethodResult, compared: list[Difference]
) -> Difference | None:
    """Returns the difference between two methods, as it stands in the table where it does."""
    pair = {id(first), id(second)}
    found = next((d for d in compared if {id(d.first), id(d.second)} == pair), None)
    return found or difference(first, second)


def _standing(found: Difference, result: MethodResult) -> str:
    gain = found.gain if found.first is result else -found.gain
    if gain == 0:
        return "level"
    return f"{amount(result.protocol, gain)} {'better' if gain > 0 else 'worse'}"


def _claim(found: Difference, ours: str, theirs: str, turned: bool, sized: bool = True) -> str:
    """Says whether a difference is larger than chance.

    Args:
        found: The difference.
        ours: The name of the method that is spoken of.
        theirs: The name of the other one.
        turned: Whether the difference is that of the other one.
        sized: Whether to say how large it is.
    """
    behind = evidence(found)
    verdict = found.verdict
    size = f"the difference of {amount(found.first.protocol, found.mean)}" if sized else "this"
    if verdict in (WON, LOST):
        winner = f" in favour of {ours if (verdict == WON) != turned else theirs}" if sized else ""
        return f"{size}{winner} is larger than chance ({behind})"
    if verdict == NONE_SHOWN:
        return f"no difference is shown ({behind})"
    if verdict == EQUAL:
        return "both are the same in every seed"
    if verdict == CONSTANT:
        return f"{size} is the same in every seed, so that no test can be made"
    assert verdict == NO_TEST, in_words(found)
    return f"{size} may be chance: there are too few seeds for a test"


def _cost(results: list[MethodResult], names: dict[int, str]) -> list[str]:
    """Says what the best searched method cost, in time and memory."""
    for result in results:
        if not result.search_seconds or result.kind not in ("searched", "transferred"):
            continue
        took = _took(result.search_seconds)
        if result.protocol.job == "benchmark":
            return [f"{names[id(result)]} itself computed for {took} in a trial."]
        text = f"One search of {names[id(result)]} took {took}"
        if result.protocol.job == "transfer":
            # Shared weights, and what was learned before, are used by all attributes: to count
            # them would need a number of uses that nobody knows.
            text += f" for one attribute, {_left_out(result)}"
        elif result.training_seconds:
            ratio = result.search_seconds / result.training_seconds
            text += f", {_times(ratio)} one training of what it found"
        if result.peak_memory_mb is not None:
            text += f"; the process used {count(min(result.peak_memory_mb, 1e12))} MB at most"
        return [f"{text}."]
    return []


def _left_out(result: MethodResult) -> str:
    """Says what the search time of a transfer does not hold."""
    learned = (
        " and of learning on other domains" if result.kind in ("transferred", "adapted") else ""
    )
    return f"without the time of training the shared weights{learned}"


def _took(seconds: float) -> str:
    """Returns a duration, below one second in milliseconds."""
    if seconds < 0.001:
        return "less than 1 ms"
    return f"{1000 * seconds:.3g} ms" if seconds < 0.9995 else duration(seconds)


def _times(ratio: float) -> str:
    return f"{ratio:,.1f} times" if ratio < 1e6 else f"{ratio:.1e} times"


def _few_seeds(results: list[MethodResult]) -> list[str]:
    """Warns where no interval stands behind the numbers."""
    seeds = [len(result.values) for result in results]
    if max(seeds) >= 3:
        return []
    if max(seeds) == 0:
        return ["Nothing is known seed by seed."]
    given = "One seed gives" if max(seeds) == 1 else "Two seeds give"
    return [f"{given} no interval: all of this may be chance. Use --seeds 3 or more."]


def _splits(protocols: list[Protocol]) -> str:
    """Says which images the numbers are from."""
    splits = {protocol.split for protocol in protocols}
    if splits == {"test"}:
        return (
            "All numbers of this summary are from test images, which no search and no choice of "
            "a training has seen."
        )
    named = [
        f"{protocol.metric} of {protocol.dataset} ({protocol.split})" for protocol in protocols
    ]
    known = "No search has seen test images. "
    return known + "Where the numbers are from: " + "; ".join(dict.fromkeys(named)) + "."


def problem_sentences(runs: Sequence[ComparedRun]) -> list[str]:
    """Names the runs that are broken, unfinished or of another version."""
    troubled = [run for run in runs if run.problem]
    if not troubled:
        return []
    named = [f"{run.name} ({shorten(run.problem, 160).rstrip('.')})" for run in troubled[:MOST]]
    if len(troubled) > MOST:
        named.append(f"{len(troubled) - MOST} more in the section on problems")
    verb = "has" if len(troubled) == 1 else "have"
    return [
        f"Of {quantity(len(runs), 'run')}, {len(troubled)} {verb} a problem: {'; '.join(named)}."
    ]


def _images(protocol: Protocol) -> str:
    return "images" if protocol.split == "unknown" else f"{protocol.split} images"
