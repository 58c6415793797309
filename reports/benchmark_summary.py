"""What a benchmark found, in plain sentences. Nothing is claimed without its control."""

from typing import Any

from reports.run_folder import interval, mapping, number
from reports.wording import count, decimal, magnitude, percent, probability, quantity

Result = dict[str, Any]


def final(strategy: dict[str, Any]) -> dict[str, Any]:
    """Returns a strategy's statistics at the end of the budget."""
    return strategy["checkpoints"][-1]


def ranked(result: Result) -> list[dict[str, Any]]:
    """Returns the strategies, that with the highest mean first, those without any last."""
    return sorted(
        result["strategies"],
        key=lambda s: -mean if (mean := number(final(s), "mean")) is not None else float("inf"),
    )


def summarise(result: Result) -> list[str]:
    """Returns the summary of a benchmark: one paragraph a string."""
    paragraphs = [_subject(result)]
    best = next(iter(ranked(result)), None)
    if best is None or number(final(best), "mean") is None:
        return [*paragraphs, "No strategy found an architecture that has a score."]
    paragraphs += [" ".join([_winner(result, best), *_against_control(result, best)])]
    paragraphs += [text for text in (_ranks(result), _gaps(result), _uneven(result)) if text]
    return paragraphs


def _uneven(result: Result) -> str:
    """Says which strategies know more than the others."""
    notes = mapping(result["problem"], "strategy_notes")
    there = {strategy["name"] for strategy in result["strategies"]}
    return " ".join(
        f"Not on the same footing: “{name}” {note}."
        for name, note in notes.items()
        if name in there
    )


def _subject(result: Result) -> str:
    problem = result["problem"]
    text = (
        f"{quantity(len(result['strategies']), 'strategy').replace('ys', 'ies')} searched "
        f"{problem['name']}, {magnitude(str(problem['space_size']))} architectures, with a "
        f"budget of {quantity(result['budget'], 'evaluation')}, {quantity(result['seeds'], 'seed')}"
        " each. "
    )
    if problem["score"] == problem["quality"]:
        exact = "" if problem.get("best_quality_gap") else "exact "
        return (
            f"{text}All numbers are {problem['quality']}. The line to reach is the {exact}optimum, "
            f"{percent(problem['best_quality'])}."
        )
    text += (
        f"The search saw the column {problem['score']}; the numbers here are the column "
        f"{problem['quality']} of the architecture that it would return. The highest in the table "
        f"is {percent(problem['best_quality'])}."
    )
    if (known := number(problem, "best_by_score_quality")) is not None:
        text += (
            f" The architecture with the best {problem['score']} has {percent(known)}: more than "
            "that is luck."
        )
    return text


def _winner(result: Result, best: dict[str, Any]) -> str:
    last = final(best)
    text = f"After {quantity(result['budget'], 'evaluation')} “{best['name']}” has the highest mean"
    text += f", {percent(last['mean'])}"
    if limits := interval(last, "interval"):
        text += f" (95% interval {decimal(limits[0])} to {decimal(limits[1])})"
    elif last["seeds"] == 1:
        text += " (one seed gives no interval)"
    else:
        text += " (too few seeds for an interval)"
    return (
        f"{text}, {decimal(last['regret'])} points short of the best there is; its median is "
        f"{percent(last['median'])}."
    )


def _against_control(result: Result, best: dict[str, Any]) -> list[str]:
    control = result.get("control")
    if control is None:
        return [
            "Random search was not run, so that nobody can say whether any strategy does better "
            "than drawing at random."
        ]
    if best["name"] == control:
        return ["That is random search itself: no strategy does better than drawing at random."]
    rows = mapping(result, "against_control")
    row = mapping(rows, best["name"])
    difference = number(row, "difference")
    if difference is None:
        return ["It cannot be compared with random search, which has no result."]
    text = f"That is {decimal(difference)} points above random search"
    limits, p = interval(row, "interval"), number(row, "p_value")
    if limits is None or p is None:
        why = (
            "one seed gives no interval and no test"
            if row["seeds"] == 1
            else "too few seeds, or the same difference in each, give no interval and no test"
        )
        return [f"{text}; {why}, so that it cannot be told from chance."]
    verdict = (
        "more than chance" if p < 0.05 and limits[0] > 0 else "not shown to be more than chance"
    )
    sentences = [
        f"{text} (95% interval {decimal(limits[0])} to {decimal(limits[1])}; paired t-test over "
        f"{row['seeds']} seeds, adjusted after Holm, {probability(p)}): {verdict}."
    ]
    tested = {name: r for name, r in rows.items() if number(r, "p_value") is not None}
    better = [n for n, r in tested.items() if r["p_value"] < 0.05 and r["difference"] > 0]
    worse = [n for n, r in tested.items() if r["p_value"] < 0.05 and r["difference"] < 0]
    if len(tested) > 1:
        text = f"{len(better)} of {len(tested)} strategies are better than random search by more"
        text += " than chance"
        text += f"; worse: {', '.join(worse)}." if worse else ", none is worse."
        sentences.append(text)
    return sentences


def _ranks(result: Result) -> str:
    ranks = mapping(result, "ranks")
    if not ranks:
        return ""
    p = number(ranks, "friedman_p")
    if p is None or p >= 0.05:
        shown = "all values are the same" if p is None else probability(p)
        return f"Ranked seed by seed, the strategies are not shown to differ (Friedman: {shown})."
    first = ranks["names"][0]
    limit = ranks["mean_ranks"][0] + ranks["critical_difference"]
    alike = [
        name
        for name, rank in zip(ranks["names"], ranks["mean_ranks"], strict=True)
        if name != first and rank <= limit
    ]
    text = (
        f"Ranked seed by seed, the strategies differ (Friedman, {probability(p)}); “{first}” has "
        f"the best mean rank, {decimal(ranks['mean_ranks'][0])}. "
    )
    if alike:
        return f"{text}Not told apart from it (Nemenyi): {', '.join(alike)}."
    return f"{text}It differs from all others by more than chance (Nemenyi)."


def _gaps(result: Result) -> str:
    """Says what is incomplete: failed trials, cells that the table lacks."""
    problem, sentences = result["problem"], []
    if result["failures"]:
        names = dict.fromkeys(failure["strategy"] for failure in result["failures"])
        sentences.append(
            f"{quantity(len(result['failures']), 'trial')} failed ({', '.join(names)}): their "
            "reasons are below, and no number counts them."
        )
    for key, what in (("missing", "lacks"), ("failed", "has no number for")):
        if problem.get(key):
            sentences.append(
                f"The table {what} {count(problem[key])} of {count(int(problem['space_size']))} "
                "architectures; they score −∞."
            )
    without = [
        s["name"]
        for s in result["strategies"]
        if any(row["seeds"] < s["trials"] for row in s["checkpoints"])
    ]
    if without:
        sentences.append(
            f"Some trials had found no architecture with a score at a checkpoint "
            f"({', '.join(without)}): such a mean is over the others."
        )
    return " ".join(sentences)
