"""What must be known of the numbers of a transfer: seeds, searches cut short, missing rewards."""

from typing import Any

from graftwork.limit_words import limits_words
from reports.run_folder import number
from reports.transfer_differences import FEWEST_SEEDS, Difference
from reports.transfer_results import rows_of
from reports.wording import failed_words, probability, quantity, span


def caveats(result: dict[str, Any]) -> list[str]:
    """Returns sentences on searches that time cut short, rewards that are no numbers, failures.

    Args:
        result: `result.json` of `transfer apply`; an older one says nothing of either.
    """
    failed = failed_words(rows_of(result, "failed"))
    found = (limits_words(result), _cut_short(result), _missing(result), failed)
    return [text for text in found if text]


def _cut_short(result: dict[str, Any]) -> str:
    seeds = _list(result, "seeds")
    cut = []
    for method in rows_of(result, "methods"):
        flags, counts = _list(method, "cut_short"), _list(method, "evaluations")
        for seed, flag, evaluations in zip(seeds, flags, counts, strict=False):
            if flag is True:
                cut.append(f"{method.get('name')} in seed {seed} after {evaluations}")
    if not cut:
        return ""
    length = number(result, "evaluations")
    return (
        f"Time ended some searches early: {', '.join(cut)} evaluations an attribute. Curves, "
        f"areas and final rewards are after {'as few' if length is None else int(length)} of "
        "every method; what a method draws at its end, its chosen architecture and the test score "
        "of that one are after all of its own, so that they do not compare the methods fairly."
    )


def _list(values: dict[str, Any], key: str) -> list[Any]:
    listed = values.get(key)
    return listed if isinstance(listed, list) else []


def _missing(result: dict[str, Any]) -> str:
    counts = {
        str(method.get("name")): int(count)
        for method in rows_of(result, "methods")
        if (count := number(method, "missing"))
    }
    if not counts:
        return ""
    parts = ", ".join(f"{count} of {name}" for name, count in counts.items())
    return f"Rewards and scores that were no finite numbers count as 0.5, chance: {parts}."


def seeds_words(difference: Difference) -> str:
    """Returns what the seeds say of a difference, to stand after its verdict.

    Args:
        difference: The difference.
    """
    count = len(difference.by_seed)
    if not count:
        return ""
    if count < FEWEST_SEEDS:
        return f"from {quantity(count, 'seed')}, too few to say what another would give"
    sign = 1 if (difference.mean or 0) > 0 else -1
    agree = sum(sign * value > 0 for value in difference.by_seed)
    text = f"{'above' if sign > 0 else 'below'} 0 in {agree} of {count} seeds"
    if difference.seed_interval is None:
        return text
    low_to_high = span(difference.seed_interval, 4)
    return f"{text}, over seeds {low_to_high}, {probability(difference.seed_p_value)}"


def few_seeds(count: int) -> str:
    """Returns what must be known of a result from one or two seeds."""
    return (
        f"{'This is one seed' if count == 1 else 'These are two seeds'}: the intervals are over "
        "attributes, and there is none over seeds. With another seed everything here may turn."
    )


def match_words(match: dict[str, Any]) -> str:
    """Returns the match of every seed, such as `by seed 3, 12, never; 95% interval 1.0 to 14.2`.

    Args:
        match: `match` or `random_match` of a comparison.
    """
    listed = match.get("by_seed")
    if not isinstance(listed, list) or len(listed) < 2:
        return ""
    text = "by seed " + ", ".join("never" if place is None else str(place) for place in listed)
    limits = match.get("interval")
    if isinstance(limits, list) and len(limits) == 2:
        return f"{text}; 95% interval over seeds {span((limits[0], limits[1]), 1)}"
    return text
