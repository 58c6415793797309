"""What a run of transfer showed, in plain sentences. Nothing is claimed without its control."""

from collections.abc import Sequence

from reports.run_folder import RunFolder, mapping, number
from reports.transfer_results import (
    FINE_TUNED,
    RANDOM,
    RANDOM_ARCHITECTURE,
    SCRATCH,
    TRANSFERRED,
    Difference,
    TransferMethod,
    named,
    paired,
)
from reports.transfer_words import claim, domain_names, score_name, seeds_of, signed
from reports.wording import decimal, magnitude, probability, quantity, span


def summarise_apply(
    run: RunFolder,
    methods: Sequence[TransferMethod],
    differences: dict[str, Difference],
    negative: Sequence[str],
) -> list[str]:
    """Returns the summary of `transfer apply`: one paragraph a string.

    What was carried where; what it is worth without an evaluation, and where it hurts; what
    fine-tuning gains; what trained networks show; which images and seeds that is from.
    """
    paragraphs = [_subject(run, methods)]
    if not run.result:
        paragraphs.append(_progress(run))
    else:
        paragraphs += [
            " ".join(_without_evaluation(run, methods, differences, negative)),
            " ".join(_fine_tuning(run, methods, differences)),
            " ".join(_alone(run, methods, differences)),
            _seeds(run, differences["transferred"]),
        ]
    text = "Rewards are from validation images, under weights that all architectures share, and "
    text += "choices are by these rewards alone. "
    tested = any(method.scores.test is not None for method in methods)
    if run.result and not tested:
        text += "No test image was read."
    else:
        text += "Test images are read once, for the chosen architectures after they were trained "
        text += "by themselves."
    paragraphs.append(text)
    return [text for text in paragraphs if text]


def _subject(run: RunFolder, methods: Sequence[TransferMethod]) -> str:
    source = mapping(run.config, "source") or mapping(run.result, "source")
    origin = " and ".join(f"“{name}”" for name in domain_names(source)) or "another domain"
    target = run.dataset.get("name", "an unnamed dataset")
    text = (
        f"A strategy that was learned on {origin} chose networks for the attributes of “{target}”"
    )
    attributes, seeds = len(run.attributes), seeds_of(run)
    parts = [quantity(attributes, "attribute")] if attributes else []
    parts += [quantity(seeds, "seed")] if seeds else []
    text += f": {' and '.join(parts)}." if parts else "."
    size = mapping(run.result, "space").get("size")
    if size:
        text += f" The space has {magnitude(str(size))} architectures."
    text += f" A reward is the {score_name(run)} of an architecture for one attribute."
    if run.result.get("seen") is True:
        text += " The strategy was learned on these very data: nothing here is about new ones."
    return text


def _progress(run: RunFolder) -> str:
    return (
        "This run is unfinished: it has no result.json. Its journal holds "
        f"{quantity(len(run.of_kind('searched')), 'finished method')} and "
        f"{quantity(len(run.of_kind('trained')), 'trained set')} of chosen networks, over all "
        "seeds. What follows comes from the journal, so it has no intervals and no test, and "
        "nothing can be said yet about whether transfer helps."
    )


def _over(run: RunFolder, methods: Sequence[TransferMethod], key: str) -> str:
    count = len(paired(methods, key)) or len(run.attributes)
    return quantity(count, "attribute")


def _without_evaluation(
    run: RunFolder,
    methods: Sequence[TransferMethod],
    differences: dict[str, Difference],
    negative: Sequence[str],
) -> list[str]:
    ours, theirs = named(methods, TRANSFERRED), named(methods, RANDOM)
    if not ours or not theirs or ours.scores.expected is None or theirs.scores.expected is None:
        return ["The transferred strategy was not measured against random architectures."]
    sentences = [
        "Without evaluating anything here, the transferred strategy draws architectures with a "
        f"mean reward of {decimal(ours.scores.expected, 4)}; random architectures have "
        f"{decimal(theirs.scores.expected, 4)}.",
        claim(
            differences["transferred"],
            _over(run, methods, "transferred"),
            "the transferred strategy beats the mean random architecture",
            "the transferred strategy is worse than drawing at random",
        ),
    ]
    mode = differences["mode"]
    if mode.mean is not None:
        text = "The one architecture that it finds most likely for an attribute differs from the "
        text += f"mean random one by {signed(mode.mean)}"
        if mode.interval:
            text += f" ({span(mode.interval, 4)})"
            text += f": {mode.verdict}" if mode.verdict.startswith("no") else ""
        sentences.append(f"{text}.")
    known = len(paired(methods, "transferred"))
    if negative:
        listed = ", ".join(f"“{name}”" for name in negative[:6])
        more = f" and {len(negative) - 6} more" if len(negative) > 6 else ""
        sentences.append(
            f"Transfer hurts in {len(negative)} of {quantity(known, 'attribute')}: {listed}{more}."
        )
    elif known:
        sentences.append(f"Transfer hurts in none of {quantity(known, 'attribute')}.")
    return sentences


def _fine_tuning(
    run: RunFolder, methods: Sequence[TransferMethod], differences: dict[str, Difference]
) -> list[str]:
    tuned, scratch = named(methods, FINE_TUNED), named(methods, SCRATCH)
    if not tuned or not scratch or tuned.scores.final is None or scratch.scores.final is None:
        return ["Fine-tuning was not compared with a controller from scratch."]
    match = mapping(mapping(run.result, "comparison"), "match")
    of = number(match, "of") or number(run.result, "evaluations") or len(tuned.curve)
    sentences = [
        f"After {quantity(int(of), 'evaluation')} an attribute the best network has a reward of "
        f"{decimal(tuned.scores.final, 4)} with fine-tuning and of "
        f"{decimal(scratch.scores.final, 4)} with the controller from scratch.",
        claim(
            differences["fine_tuned"],
            _over(run, methods, "fine_tuned"),
            "fine-tuning ends higher",
            "fine-tuning ends lower",
        ),
    ]
    if match and (reached := number(match, "evaluations")) is not None:
        part = "at most half" if reached <= of / 2 else "more than half"
        sentences.append(
            f"Fine-tuning is where the controller from scratch ends after {int(reached)} of its "
            f"{int(of)} evaluations, {part} of them, in the mean over attributes and seeds; a "
            "mean curve has no test."
        )
    elif match:
        sentences.append(
            "Fine-tuning does not reach the final reward of the controller from scratch within "
            f"its {int(of)} evaluations."
        )
    best = named(methods, RANDOM)
    if best and best.scores.final is not None:
        top = max(tuned.scores.final, scratch.scores.final)
        ahead = " That is more than either controller." if best.scores.final > top else ""
        sentences.append(
            f"The best of as many random architectures has {decimal(best.scores.final, 4)}.{ahead}"
        )
    area = differences["area"]
    if area.mean is not None:
        limits = f" ({span(area.interval, 4)}: " if area.interval else " ("
        said = {"more": "fine-tuning is better", "less": "fine-tuning is worse"}
        sentences.append(
            f"Over the whole curve the areas differ by {signed(area.mean)}{limits}"
            f"{said.get(area.verdict, area.verdict)})."
        )
    return sentences


def _alone(
    run: RunFolder, methods: Sequence[TransferMethod], differences: dict[str, Difference]
) -> list[str]:
    ours, theirs = named(methods, TRANSFERRED), named(methods, RANDOM_ARCHITECTURE)
    sentences = []
    score = score_name(run)
    if ours and ours.scores.test is not None:
        text = (
            "Trained by itself, the transferred choice has a mean "
            f"{score} of {decimal(ours.scores.test, 4)} on test images"
        )
        if theirs and theirs.scores.test is not None:
            text += f"; one random architecture has {decimal(theirs.scores.test, 4)}"
        sentences.append(f"{text}.")
        if differences["test"].mean is not None:
            sentences.append(
                claim(
                    differences["test"],
                    _over(run, methods, "test"),
                    "trained by itself it is better, too",
                    "trained by itself it is worse",
                )
            )
    else:
        sentences.append(
            "No chosen network was trained by itself, so that nothing here says what the choices "
            "are worth outside the shared weights."
        )
    tau, p_value = kendall(run)
    if tau is not None:
        text = "Kendall’s τ of shared rewards and validation scores of networks trained by "
        text += f"themselves, inside attributes, is {decimal(tau)}"
        text += f" ({probability(p_value)})" if p_value is not None else ""
        sentences.append(f"{text}. At 1 shared weights rank as training does, at 0 by chance.")
    return sentences


def kendall(run: RunFolder) -> tuple[float | None, float | None]:
    """Returns Kendall's τ of shared and own scores, and its p-value."""
    values = mapping(run.result, "kendall_tau")
    if values:
        return number(values, "tau"), number(values, "p_value")
    return number(run.result, "kendall_tau"), number(run.result, "kendall_tau_p_value")


def _seeds(run: RunFolder, difference: Difference) -> str:
    seeds = seeds_of(run)
    if seeds == 1:
        return (
            "This is one seed: the intervals are over attributes, and there is none over seeds. "
            "With another seed everything here may turn."
        )
    text = "Intervals are over attributes, each a mean over seeds."
    if difference.interval is None:
        text += " Fewer than three attributes give none."
    if difference.by_seed:
        ahead = sum(value > 0 for value in difference.by_seed)
        text += (
            " Seed by seed, the transferred strategy differs from random architectures by "
            f"{', '.join(map(signed, difference.by_seed))}: it is ahead in {ahead} of "
            f"{len(difference.by_seed)}."
        )
    return text
