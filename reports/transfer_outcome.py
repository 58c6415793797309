"""What fine-tuning gained in a run of transfer, and what trained networks show, in sentences."""

from collections.abc import Sequence

from reports.run_folder import RunFolder, mapping, number
from reports.transfer_caveats import match_words, seeds_words
from reports.transfer_differences import Difference, paired
from reports.transfer_results import (
    FINE_TUNED,
    RANDOM,
    RANDOM_ARCHITECTURE,
    SCRATCH,
    TRANSFERRED,
    TransferMethod,
    named,
)
from reports.transfer_words import claim, score_name, signed, verdict_words
from reports.wording import decimal, probability, quantity, span


def attributes_of(run: RunFolder, methods: Sequence[TransferMethod], key: str) -> str:
    """Returns over how many attributes a comparison is, such as `"7 attributes"`."""
    count = len(paired(methods, key)) or len(run.attributes)
    return quantity(count, "attribute")


def fine_tuning_words(
    run: RunFolder, methods: Sequence[TransferMethod], differences: dict[str, Difference]
) -> list[str]:
    """Returns sentences on what fine-tuning gains over its controls, and how soon."""
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
            attributes_of(run, methods, "fine_tuned"),
            "fine-tuning ends higher",
            "fine-tuning ends lower",
        ),
    ]
    if match and (reached := number(match, "evaluations")) is not None:
        part = "at most half" if reached <= of / 2 else "more than half"
        sentences.append(
            f"Fine-tuning is where the controller from scratch ends after {int(reached)} of its "
            f"{int(of)} evaluations, {part} of them, in the mean over attributes and seeds"
            f"{f' ({seeds})' if (seeds := match_words(match)) else ''}; a mean curve has no test."
        )
    elif match:
        sentences.append(
            "Fine-tuning does not reach the final reward of the controller from scratch within "
            f"its {int(of)} evaluations"
            f"{f' ({seeds})' if (seeds := match_words(match)) else ''}."
        )
    best = named(methods, RANDOM)
    if best and best.scores.final is not None:
        top = max(tuned.scores.final, scratch.scores.final)
        ahead = " That is more than either controller." if best.scores.final > top else ""
        sentences.append(
            f"The best of as many random architectures has {decimal(best.scores.final, 4)}.{ahead}"
        )
        sentences += _random_search(run, differences, of)
    area = differences["area"]
    if area.mean is not None:
        limits = f" ({span(area.interval, 4)}: " if area.interval else " ("
        said = {"more": "fine-tuning is better", "less": "fine-tuning is worse"}
        sentences.append(
            f"Over the whole curve the areas differ by {signed(area.mean)}{limits}"
            f"{said.get(area.verdict, area.verdict)})."
        )
    return sentences


def _random_search(run: RunFolder, differences: dict[str, Difference], of: float) -> list[str]:
    """Returns how both controllers compare with the best of random architectures."""
    sentences = []
    for key, name in (
        ("fine_tuned_random", "Fine-tuning"),
        ("scratch_random", "The controller from scratch"),
    ):
        found = differences[key]
        if found.interval is None:
            continue
        seeds = seeds_words(found)
        sentences.append(
            f"{name} differs from that by {signed(found.mean)} ({span(found.interval, 4)}): "
            f"{verdict_words(found)} over these attributes{f' ({seeds})' if seeds else ''}."
        )
    match = mapping(mapping(run.result, "comparison"), "random_match")
    reached = number(match, "evaluations")
    if match:
        seeds = match_words(match)
        when = f"after {int(reached)} of {int(of)} evaluations" if reached else "at no time"
        sentences.append(
            f"Random search is {when} where the controller from scratch ends"
            f"{f' ({seeds})' if seeds else ''}."
        )
    return sentences


def alone_words(
    run: RunFolder, methods: Sequence[TransferMethod], differences: dict[str, Difference]
) -> list[str]:
    """Returns sentences on what the chosen networks are worth when trained by themselves."""
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
                    attributes_of(run, methods, "test"),
                    "trained by itself it is better, too",
                    "trained by itself it is worse",
                )
            )
        if differences["fine_tuned_test"].mean is not None:
            found = differences["fine_tuned_test"]
            limits = f" ({span(found.interval, 4)}: " if found.interval else " ("
            sentences.append(
                "What fine-tuning chose differs on test images from what the controller from "
                f"scratch chose by {signed(found.mean)}{limits}{verdict_words(found)})."
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
