"""What the results of `graftwork transfer` show, and what not, in plain sentences."""

from typing import Any

from reports.transfer_caveats import caveats, match_words, seeds_words
from reports.transfer_differences import EQUAL, NO_INTERVAL, NOT_SHOWN, difference_of
from reports.wording import probability, quantity


def application_lines(result: dict[str, Any]) -> list[str]:
    """Returns what the result of `graftwork transfer apply` shows, and what not.

    Args:
        result: Its `result.json`; one of an older version lacks some comparisons.
    """
    comparison = result["comparison"]
    lines = [
        said(
            comparison["transferred"],
            "What the transferred strategy draws",
            "what is drawn at random",
        )
    ]
    if comparison.get("guidance"):
        lines.append(
            said(
                comparison["guidance"],
                "What it draws when told the attribute",
                "what it draws when told another",
            )
        )
    lines.append(
        said(
            comparison["fine_tuned"],
            "The best of the fine-tuned strategy",
            "that of the strategy from scratch",
        )
    )
    for key, name in (
        ("fine_tuned_random", "The best of the fine-tuned strategy"),
        ("scratch_random", "The best of the strategy from scratch"),
    ):
        if comparison.get(key):
            lines.append(said(comparison[key], name, "that of random search"))
    for key, name in (("match", "The fine-tuned strategy"), ("random_match", "Random search")):
        if comparison.get(key):
            lines.append(match_line(comparison[key], name))
    for key, first, second in (
        ("test", "the transferred choice", "a random architecture"),
        ("fine_tuned_test", "the fine-tuned choice", "that from scratch"),
    ):
        if comparison.get(key):
            lines.append(said(comparison[key], f"Trained by itself, {first}", second))
    lines += lower_lines(result)
    tau = result["kendall_tau"]
    if tau is not None:
        lines.append(
            f"Kendall's τ of rewards and validation scores of {result['kendall_networks']} "
            f"networks trained by themselves is {tau:.2f}."
        )
    if result["seen"]:
        lines.append("The strategy was learned on these very data: nothing here was unseen.")
    lines += caveats(result)
    if len(result["seeds"]) < 3:
        lines.append(few_seeds(result["seeds"]))
    return lines


def match_line(match: dict[str, Any], name: str) -> str:
    """Returns after how many evaluations a method is where the strategy from scratch ends.

    Args:
        match: `match` or `random_match` of a result.
        name: What is compared.
    """
    seeds = match_words(match)
    more = f" ({seeds})" if seeds else ""
    if match["evaluations"] is None:
        return (
            f"{name} does not reach the final reward of the one from scratch in {match['of']} "
            f"evaluations{more}."
        )
    return (
        f"{name} reaches the final reward of the one from scratch after "
        f"{match['evaluations']} of {match['of']} evaluations, in the mean{more}."
    )


def lower_lines(result: dict[str, Any]) -> list[str]:
    """Returns for which attributes a test shows negative transfer, and how many are lower.

    Args:
        result: The result of `graftwork transfer apply`.
    """
    of = len(result["attributes"])
    if "lower_by_chance" not in result:  # An older version named all that are lower.
        count = len(result["negative_transfer"])
        return [f"Lower than random for {count} of {of} attributes; that was not tested."]
    lines, lower = [], len(result["lower_by_chance"])
    names, test = result["negative_transfer"], result["negative_transfer_test"]["test"]
    if names:
        more = ", …" if len(names) > 8 else ""
        lines.append(
            f"Transfer draws worse than chance for {len(names)} of {of} attributes "
            f"({test}, Holm): {', '.join(names[:8])}{more}."
        )
    if lower:
        others = quantity(lower, "other attribute" if names else "attribute")
        chance = "by no more than chance" if test else "which was not tested"
        lines.append(f"Lower for {others}, {chance}.")
    return lines


def said(comparison: dict[str, Any] | None, first: str, second: str) -> str:
    """Returns a paired difference over attributes as one plain sentence.

    Args:
        comparison: An entry of `comparison` in a result, or None where nothing was measured.
        first: What is compared.
        second: What it is compared with.
    """
    if comparison is None:
        return f"{first} was not compared with {second}."
    found = difference_of(comparison)
    text = f"{first} scores {signed(comparison['mean'])} against {second}"
    attributes = comparison["attributes"]
    if found.verdict == EQUAL:
        return f"{text}, the same for each of {attributes} attributes, which gives no interval."
    if found.verdict == NO_INTERVAL:
        return f"{text}; {attributes} attributes give no interval: {NOT_SHOWN}."
    text += (
        f" (95 % interval {signed_span(comparison['interval'])} over {attributes} attributes, "
        f"{probability(comparison['p_value'])})"
    )
    words = {"more": "better", "less": "worse"}
    seeds = seeds_words(found)
    verdict = words.get(found.verdict, found.verdict)
    return f"{text}: {verdict} over these attributes{f' ({seeds})' if seeds else ''}."


def few_seeds(seeds: list[int]) -> str:
    """Returns what must be known of a result from one or two seeds."""
    one = len(seeds) == 1
    return (
        f"{'One seed' if one else 'Two seeds'}: the intervals are over attributes, and say "
        "nothing of what another seed would give."
    )


def decimal(value: float | None, digits: int = 4) -> str:
    """Writes a score."""
    return "–" if value is None else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = 4) -> str:
    """Writes a difference."""
    return "–" if value is None else f"{value:+.{digits}f}".replace("-", "−")


def span(interval: list[float] | None, digits: int = 4) -> str:
    """Writes an interval of scores."""
    return "–" if interval is None else "–".join(decimal(end, digits) for end in interval)


def signed_span(interval: list[float] | None) -> str:
    """Writes an interval of differences."""
    return "–" if interval is None else " to ".join(map(signed, interval))
