"""What a run found, in plain sentences. Nothing is claimed without its control."""

from typing import Any

from graftwork.limit_words import limits_words
from reports.methods import Method, of_kind
from reports.run_folder import RunFolder, interval, mapping, number
from reports.wording import (
    count,
    decimal,
    duration,
    failed_words,
    magnitude,
    percent,
    probability,
    quantity,
)


def summarise(run: RunFolder, methods: list[Method]) -> list[str]:
    """Returns the summary of a run: one paragraph a string.

    What was searched on what data; what won, by how much, and whether by more than chance;
    at what cost; which split every number is from.
    """
    paragraphs = [_subject(run)]
    if not run.result:
        paragraphs.append(_progress(run))
    else:
        paragraphs += [" ".join(_outcome(run, methods)), _cost(run)]
        paragraphs += [limits_words(run.result), _trouble(run)]
    paragraphs.append(
        "Test errors are from the test split, which took no part in any choice. Search "
        "scores, the exact optimum and Kendall’s τ are from the validation split. Errors are "
        f"percentages, averaged over the attributes; the search maximised {run.score}."
    )
    return [text for text in paragraphs if text]


def _subject(run: RunFolder) -> str:
    dataset = run.dataset
    images = {k: v for k, v in mapping(dataset, "images").items() if isinstance(v, int)}
    strategy = run.result.get("strategy") or run.arguments.get("strategy") or "unknown"
    blocks = run.result.get("blocks") or run.arguments.get("blocks") or []
    size = run.result.get("space_size")
    text = f"The strategy “{strategy}” searched "
    text += f"{magnitude(str(size))} trees" if size else "the trees"
    if isinstance(blocks, list) and blocks:
        text += f" with layers of {', '.join(map(str, blocks))} blocks"
    text += (
        f" for the tree in which the {len(run.attributes)} attributes of "
        f"“{dataset.get('name', 'an unnamed dataset')}” share representation best."
    )
    if images:
        words = {"train": "training", "test": "testing"}
        splits = ", ".join(f"{count(n)} for {words.get(k, k)}" for k, n in images.items())
        text += f" The dataset has {count(sum(images.values()))} images: {splits}."
    return text


def _progress(run: RunFolder) -> str:
    done = ", ".join(
        (
            quantity(len(run.of_kind("round")), "search round"),
            quantity(len(run.of_kind("searched")), "finished search").replace("chs", "ches"),
            quantity(len(run.of_kind("trained")), "trained model"),
        )
    )
    return (
        f"This run is unfinished: it has no result.json. Its journal holds {done}. What "
        "follows comes from the journal, so it has no intervals and no test, and nothing can "
        "be said yet about whether the search helps."
    )


def _outcome(run: RunFolder, methods: list[Method]) -> list[str]:
    searched, random = of_kind(methods, "searched"), of_kind(methods, "random")
    if searched is None or searched.test_error is None:
        return ["The searched tree has no test error: no claim can be made."]
    sentences = [
        f"The searched tree’s test error is {percent(searched.test_error)}"
        f"{_with_interval(searched)}, over {quantity(len(searched.seeds), 'seed')}."
    ]
    if random is None or random.test_error is None:
        sentences.append(
            "No random trees were trained, so the run cannot say whether the search does "
            "better than drawing a tree at random."
        )
    else:
        sentences.append(
            f"Random trees, trained the same way, have {percent(random.test_error)}"
            f"{_with_interval(random)}, the mean of {quantity(random.trainings, 'training')}."
        )
        sentences += _verdict(mapping(run.result, "comparison"), searched, random)
    # The final tree had another budget: it is not in the comparison.
    compared = [m for m in methods if m.test_error is not None and m.kind != "fine-tuned"]
    best = min(compared, key=lambda m: m.test_error or 0.0)
    if best.name != searched.name:
        sentences.append(
            f"The lowest test error of the run is not the searched tree’s: “{best.name}” has "
            f"{percent(best.test_error)}."
        )
    return sentences


def _with_interval(method: Method) -> str:
    if method.test_error_interval is None:
        return ""
    low, high = method.test_error_interval
    return f" (95% interval {decimal(low)} to {decimal(high)})"


def _verdict(comparison: dict[str, Any], searched: Method, random: Method) -> list[str]:
    difference = number(comparison, "difference")
    if difference is None:
        difference = (random.test_error or 0.0) - (searched.test_error or 0.0)
    direction = "lower" if difference >= 0 else "higher"
    text = f"The searched tree’s error is {decimal(abs(difference))} points {direction}"
    limits, p = interval(comparison, "interval"), number(comparison, "p_value")
    if len(searched.seeds) < 2 or limits is None:
        why = (
            "One seed gives no interval and no test"
            if len(searched.seeds) < 2
            else "The run recorded no interval of the difference"
        )
        verdict = [f"{text}. {why}, so it cannot be told from chance."]
    else:
        details = f"95% interval of the difference {decimal(limits[0])} to {decimal(limits[1])}"
        if p is not None:
            details += f"; {comparison.get('test') or 'test'}, {probability(p)}"
        verdict = [f"{text} ({details}). {_judge(limits, p)}"]
        if len(searched.seeds) < 5:
            verdict.append(f"With {len(searched.seeds)} seeds, intervals are rough.")
    if wins := comparison.get("better_than_random"):
        verdict.append(f"It has a lower test error than {wins} random trees.")
    return verdict


def _judge(limits: tuple[float, float], p: float | None) -> str:
    low, high = limits
    if low <= 0 <= high:
        return "The interval includes zero: the difference may be chance."
    if p is not None and p >= 0.05:
        return (
            "The interval excludes zero, but the test does not: the difference is not shown "
            "to be larger than chance."
        )
    if low > 0:
        return "The difference is larger than chance."
    return "The searched tree is worse, by more than chance."


def _trouble(run: RunFolder) -> str:
    """Says what failed and what was done about it."""
    sentences = [failed_words(run.of_kind("failed"))]
    if restored := len(run.of_kind("restored")):
        sentences.append(
            f"Shared weights were no longer finite {quantity(restored, 'time')}; the search went "
            "back to those before the round, with half the learning rate."
        )
    if again := sum(1 for event in run.of_kind("trained") if event.get("retried")):
        sentences.append(
            f"{quantity(again, 'training')} failed at first, and counts as trained once more: "
            "from another seed, or with half the images a step where memory had run out."
        )
    return " ".join(text for text in sentences if text)


def _cost(run: RunFolder) -> str:
    result = run.result
    sentences = []
    if (seconds := number(result, "search_seconds")) is not None:
        text = f"One search took {duration(seconds)}"
        if (ratio := number(result, "search_cost_ratio")) is not None:
            text += f", {decimal(ratio, 1)} times the training of one final tree from scratch"
        if (training := number(result, "training_seconds")) is not None:
            text += f" ({duration(training)})"
        sentences.append(text + ".")
    if (regret := number(result, "regret")) is not None:
        sentences.append(
            f"Under the shared weights, the found tree is {decimal(regret)} points of "
            f"{run.score} short of the best tree there is."
        )
    return " ".join(sentences)
