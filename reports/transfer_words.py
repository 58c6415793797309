"""What the reports of transfer say in the same words: scores, seeds, domains, differences."""

from typing import Any

from reports.names import attribute_name
from reports.run_folder import RunFolder
from reports.transfer_caveats import seeds_words
from reports.transfer_differences import EQUAL, NO_INTERVAL, Difference
from reports.wording import decimal, probability, span

SCORES = {
    "auc": "ROC AUC",
    "balanced-accuracy": "balanced accuracy",
    "accuracy": "accuracy",
}


def signed(value: float | None, digits: int = 4) -> str:
    """Returns a difference with its sign, such as `+0.0123`."""
    text = decimal(value, digits)
    return f"+{text}" if value is not None and value > 0 else text


def score_name(run: RunFolder) -> str:
    """Returns what a reward is, such as `"ROC AUC"`; `"score"` where that is not known yet."""
    score = str(run.result.get("score") or run.arguments.get("score") or "score")
    return SCORES.get(score, score)


def seeds_of(run: RunFolder) -> int:
    """Returns how many seeds a run has, or has begun."""
    listed = run.result.get("seeds")
    if isinstance(listed, list):
        return len(listed)
    if isinstance(listed, int):
        return listed
    return len({event["seed"] for event in run.events if "seed" in event})


def domain_names(values: dict[str, Any], key: str = "domains") -> list[str]:
    """Returns the names of a list of domains, which are names or descriptions."""
    listed = values.get(key)
    return [
        attribute_name(str(domain.get("name", "") if isinstance(domain, dict) else domain))
        for domain in (listed if isinstance(listed, list) else [])
    ]


def claim(difference: Difference, over: str, better: str, worse: str) -> str:
    """Returns a difference with its interval, and what may be said by it.

    Args:
        difference: The mean difference.
        over: What the interval is over, such as `"12 attributes"`.
        better: What is said where all of the interval is above 0.
        worse: What is said where all of it is below 0.
    """
    text = f"The difference is {signed(difference.mean)}"
    if difference.verdict == EQUAL:
        return f"{text} for every attribute: where all are the same there is no interval."
    if difference.interval is None or difference.verdict == NO_INTERVAL:
        return f"{text}; there is no interval for it, so that it cannot be told from chance."
    text += f" (95% interval {span(difference.interval, 4)} over {over}"
    if difference.p_value is not None:
        text += f"; paired t-test, {probability(difference.p_value)}"
    said = {"more": better, "less": worse}.get(difference.verdict, difference.verdict)
    seeds = seeds_words(difference)
    return f"{text}): {said} over these attributes{f' ({seeds})' if seeds else ''}."


def verdict_words(difference: Difference) -> str:
    """Returns a verdict as tables have it: `"higher"`, `"lower"` or why neither can be said."""
    return {"more": "higher", "less": "lower"}.get(difference.verdict, difference.verdict)
