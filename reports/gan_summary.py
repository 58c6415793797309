"""What a GAN search found, in plain sentences. Nothing is claimed without its control."""

from typing import Any

from graftwork.limit_words import limits_words
from reports.gan_control import control_words
from reports.gan_methods import FINAL, GanMethod, of_kind
from reports.run_folder import RunFolder, mapping, number
from reports.wording import count, decimal, duration, failed_words, magnitude, quantity

REWARDS = {"kid": "−KID", "fid": "−FID", "is": "Inception Score"}


def summarise(
    run: RunFolder, methods: list[GanMethod], floor: GanMethod | None, extractor: str
) -> list[str]:
    """Returns the summary of a run: one paragraph a string.

    What was searched; what came out against its controls, and whether by more than chance;
    at what cost; how far shared weights can be trusted; which images every number is from.

    Args:
        run: The run.
        methods: Its methods.
        floor: What real images get, or `None`.
        extractor: What the features of all metrics come from; empty where it is not known.
    """
    paragraphs = [_subject(run)]
    if not run.result:
        paragraphs.append(_progress(run))
    else:
        paragraphs += [
            " ".join(_outcome(run, methods, floor)),
            " ".join(_cost(run)),
            " ".join(_trust(run)),
        ]
    paragraphs += [" ".join(_trouble(run)), _images(methods, extractor, chosen_by(run))]
    return [text for text in paragraphs if text]


def chosen_by(run: RunFolder) -> str:
    """Returns which real images the search and its choices saw."""
    known = run.result.get("chosen_by")
    return str(known or "validation images (and training images where those are few)")


def reward_name(run: RunFolder) -> str:
    """Returns what the search maximised, such as `"−KID"`."""
    asked = str(run.arguments.get("reward") or "kid")
    return str(run.result.get("reward") or REWARDS.get(asked, asked))


def reward_scale(run: RunFolder) -> tuple[float, str]:
    """Returns by what rewards are multiplied to be shown, and what they are called then."""
    name = reward_name(run)
    return (1000.0, f"{name} · 10³") if "KID" in name else (1.0, name)


def _kid(value: float) -> str:
    return f"{decimal(1000 * value)}·10⁻³"


def _subject(run: RunFolder) -> str:
    result, arguments, dataset = run.result, run.arguments, run.dataset
    strategy = result.get("strategy") or arguments.get("strategy") or "unknown"
    size = result.get("space_distinct") or result.get("space_size")
    text = f"The strategy “{strategy}” searched "
    text += f"{magnitude(str(size))} different generators" if size else "generators"
    nodes = number(result, "nodes") or number(arguments, "nodes")
    stages, pixels = len(result.get("channels") or ()), number(result, "image_size")
    if nodes and stages and pixels:
        one = "one cell shared by" if arguments.get("shared_cell") else "a cell in each of"
        text += f", with {one} {quantity(stages, 'stage')} and {int(nodes)} nodes a cell,"
    text += (
        f" for the one whose images are most like those of “"
        f"{dataset.get('name', 'an unnamed dataset')}”"
    )
    text += f" at {int(pixels)}×{int(pixels)} pixels." if pixels else "."
    if arguments.get("search_discriminator"):
        text += " The discriminator was searched with it."
    images = {k: v for k, v in mapping(dataset, "images").items() if isinstance(v, int)}
    if images:
        words = {"train": "training", "test": "testing"}
        splits = ", ".join(f"{count(n)} for {words.get(k, k)}" for k, n in images.items())
        text += f" The dataset has {count(sum(images.values()))} images: {splits}."
    return text


def _progress(run: RunFolder) -> str:
    missing = []
    if not run.of_kind("floor"):
        missing.append("what real images get")
    if not run.of_kind("searched"):
        missing.append("the found cells")
    missing.append("some or all trainings of the comparison")
    done = ", ".join(
        (
            quantity(len(run.of_kind("round")), "search round"),
            quantity(len(run.of_kind("searched")), "finished search").replace("chs", "ches"),
            quantity(len(run.of_kind("trained")), "trained generator"),
        )
    )
    return (
        f"This run is unfinished: it has no result.json. Its journal holds {done}. Still "
        f"missing: {', '.join(missing)}. What follows comes from the journal, so it has no "
        "intervals and no test, and nothing can be said yet about whether the search helps."
    )


def _outcome(run: RunFolder, methods: list[GanMethod], floor: GanMethod | None) -> list[str]:
    searched = of_kind(methods, "searched")
    if searched is None or searched.kid is None:
        return ["The searched generator has no KID: no claim can be made."]
    text = f"The searched generator’s KID is {_kid(searched.kid)}"
    if floor and floor.kid is not None:
        text += f", where real training images get {_kid(floor.kid)}"
    sentences = [f"{text}; lower is better."]
    listed = run.result.get("comparisons")
    statements = [
        str(row["statement"])
        for row in (listed if isinstance(listed, list) else [])
        if isinstance(row, dict) and row.get("statement")
    ]
    sentences += statements or [
        "Nothing was trained beside it, so the run cannot say whether the search helps."
    ]
    # Final generators had another budget: they are not in the comparison.
    compared = [m for m in methods if m.kid is not None and m.kind not in (FINAL, "shared")]
    best = min(compared, key=lambda method: method.kid or 0.0)
    if best.name != searched.name:
        sentences.append(
            f"The lowest KID of the run is not the searched generator’s: “{best.name}” has "
            f"{_kid(best.kid or 0.0)}."
        )
    if len(searched.seeds) == 1:
        sentences.append("This is one seed: with another, any order of methods here may turn.")
    return sentences


def _cost(run: RunFolder) -> list[str]:
    result, sentences = run.result, []
    if (seconds := number(result, "search_seconds")) is not None:
        text = f"One search took {duration(seconds)}"
        if (ratio := number(result, "search_cost_ratio")) is not None:
            text += f", {decimal(ratio)} times the training of one generator"
        if (training := number(result, "training_seconds")) is not None:
            text += f" ({duration(training)})"
        sentences.append(f"{text}.")
    evaluations, pace = number(result, "evaluations"), number(result, "children_an_hour")
    if evaluations is not None and pace is not None:
        sentences.append(
            f"It rewarded {quantity(int(evaluations), 'generator')}, {count(pace)} an hour, "
            "training of the shared weights counted in."
        )
    return sentences


def _trust(run: RunFolder) -> list[str]:
    """Says how the search compares with its control under the same weights, and what τ is."""
    sentences = control_words(run.of_kind("searched"), reward_name(run))
    if (tau := number(run.result, "kendall_tau")) is not None:
        text = f"Kendall’s τ of this reward and −KID of the trained generators is {decimal(tau)}"
        if generators := number(run.result, "kendall_tau_generators"):
            text += f", over {quantity(int(generators), 'generator')}"
        if (alone := number(run.result, "kendall_tau_random")) is not None:
            text += f"; {decimal(alone)} over those with random cells alone"
        sentences.append(f"{text}. At 1, shared weights rank as training does; at 0, by chance.")
    return sentences


def _trouble(run: RunFolder) -> list[str]:
    sentences = [words] if (words := limits_words(run.result)) else []
    resets = sum(1 for event in run.of_kind("collapse") if event.get("reset"))
    resets = int(number(run.result, "resets") or resets)
    if resets:
        sentences.append(f"The shared weights collapsed and began anew {_times(resets)}.")
    if run.result.get("cut_short"):
        sentences.append(
            "Time was over before the search was: what was found is the best of what was scored."
        )
    if failed := run.of_kind("failed"):
        sentences.append(failed_words(failed))
    if run.of_kind("no reward"):
        sentences.append("No generator had a finite reward: what was found is arbitrary.")
    if restored := len(run.of_kind("restored")):
        sentences.append(f"A training was set back to sound weights {_times(restored)}.")
    if run.result.get("constant_reward") or run.of_kind("constant reward"):
        sentences.append(
            "All candidates of a search had the same reward: the choice among them is arbitrary."
        )
    return sentences


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _images(methods: list[GanMethod], extractor: str, seen: str) -> str:
    text = (
        "All metrics of trained generators are from test images, which took no part in any "
        f"choice: the search and its rewards saw {seen} only."
    )
    if extractor:
        text += f" Features come from: {extractor}. Numbers of other extractors do not compare."
    reasons = dict(reason for method in methods for reason in method.reasons)
    for name, why in reasons.items():
        text += f" No {name.replace('_', ' ')}: {why}"
    return text


def event_rows(run: RunFolder) -> list[dict[str, Any]]:
    """Returns collapses, restorations and constant rewards in their order."""
    kinds = ("collapse", "restored", "constant reward", "no reward", "failed")
    return [event for event in run.events if event.get("event") in kinds]
