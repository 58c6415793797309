"""What a run of transfer showed, in plain sentences. Nothing is claimed without its control."""

from collections.abc import Sequence

from reports.run_folder import RunFolder, mapping
from reports.transfer_caveats import caveats, few_seeds
from reports.transfer_differences import NO_INTERVAL, Difference, NegativeTransfer, paired
from reports.transfer_outcome import alone_words, attributes_of, fine_tuning_words
from reports.transfer_results import RANDOM, TRANSFERRED, TransferMethod, named
from reports.transfer_words import (
    claim,
    domain_names,
    score_name,
    seeds_of,
    signed,
    verdict_words,
)
from reports.wording import decimal, magnitude, probability, quantity, span


def summarise_apply(
    run: RunFolder,
    methods: Sequence[TransferMethod],
    differences: dict[str, Difference],
    negative: NegativeTransfer,
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
            " ".join(fine_tuning_words(run, methods, differences)),
            " ".join(alone_words(run, methods, differences)),
            _seeds(run, differences["transferred"]),
            " ".join(caveats(run.result)),
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


def _without_evaluation(
    run: RunFolder,
    methods: Sequence[TransferMethod],
    differences: dict[str, Difference],
    negative: NegativeTransfer,
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
            attributes_of(run, methods, "transferred"),
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
            text += f": {verdict_words(mode)} over these attributes"
        sentences.append(f"{text}.")
    return [*sentences, *_guidance(run, methods, differences), *lower_words(run, methods, negative)]


def _guidance(
    run: RunFolder, methods: Sequence[TransferMethod], differences: dict[str, Difference]
) -> list[str]:
    """Returns whether it matters which attribute the strategy is told; older runs lack it."""
    found, ours = differences["guidance"], named(methods, TRANSFERRED)
    if found.mean is None or ours is None:
        return []
    return [
        "Told of other attributes instead of the one that they are scored for, it draws "
        f"architectures with a mean reward of {decimal(ours.scores.shuffled, 4)}.",
        claim(
            found,
            attributes_of(run, methods, "guidance"),
            "the attribute guides what is drawn",
            "what is drawn for other attributes is better",
        ),
    ]


def lower_words(
    run: RunFolder, methods: Sequence[TransferMethod], negative: NegativeTransfer
) -> list[str]:
    """Returns which attributes transfer hurts by a test, and how many others are lower."""
    known = len(paired(methods, "transferred")) or len(run.attributes)
    if not known:
        return []
    of, lower = quantity(known, "attribute"), len(negative.lower)
    if negative.test is None:
        return [f"It is lower for {lower} of {of}; no test says whether by more than chance."]
    listed = ", ".join(f"“{name}”" for name in negative.shown[:6])
    more = f" and {len(negative.shown) - 6} more" if len(negative.shown) > 6 else ""
    text = f"Transfer hurts in {len(negative.shown) or 'none'} of {of}"
    text += f": {listed}{more}" if listed else ""
    text += f" ({negative.test}, corrected by Holm’s method)"
    others = quantity(lower, "other attribute" if negative.shown else "attribute")
    text += f"; lower for {others}, by no more than chance" if lower else ""
    return [f"{text}."]


def _seeds(run: RunFolder, difference: Difference) -> str:
    seeds = seeds_of(run)
    if seeds in (1, 2):
        return few_seeds(seeds)
    text = "Intervals are over attributes, each a mean over seeds; a claim needs the same sign in "
    text += "every seed as well."
    if difference.interval is None and difference.verdict == NO_INTERVAL:
        text += " Fewer than three attributes give none."
    if difference.by_seed:
        ahead = sum(value > 0 for value in difference.by_seed)
        text += (
            " Seed by seed, the transferred strategy differs from random architectures by "
            f"{', '.join(map(signed, difference.by_seed))}: it is ahead in {ahead} of "
            f"{len(difference.by_seed)}."
        )
    if difference.seed_interval:
        text += (
            f" The 95% interval of that mean over seeds is {span(difference.seed_interval, 4)} "
            f"({probability(difference.seed_p_value)})."
        )
    return text
