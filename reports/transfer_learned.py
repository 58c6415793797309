"""What a run of `transfer learn` showed on the attributes that it learned on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reports.run_folder import RunFolder, mapping, number
from reports.transfer_caveats import few_seeds
from reports.transfer_differences import Difference, difference_of
from reports.transfer_results import average, name_of, rows_of
from reports.transfer_words import claim, domain_names, score_name, seeds_of
from reports.wording import decimal, duration, magnitude, quantity


@dataclass(frozen=True)
class LearnedRow:
    """One attribute that a strategy learned on; rewards are means over seeds."""

    domain: str
    name: str
    rate: float | None
    policy: float | None
    random: float | None

    @property
    def difference(self) -> float | None:
        """Reward of the policy less that of random architectures."""
        return None if self.policy is None or self.random is None else self.policy - self.random


def learned_rows(run: RunFolder) -> list[LearnedRow]:
    """Returns policy and random rewards of every attribute, from the result or the journal."""
    listed = rows_of(run.result, "attributes")
    if not listed:
        listed = [row for e in run.of_kind("learned") for row in rows_of(e, "attributes")]
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in listed:
        groups.setdefault((str(row.get("domain", "")), name_of(row)), []).append(row)
    return [
        LearnedRow(
            domain,
            name,
            average(number(row, "rate") for row in rows),
            average(number(row, "policy_reward") for row in rows),
            average(number(row, "random_reward") for row in rows),
        )
        for (domain, name), rows in groups.items()
    ]


def summarise_learn(run: RunFolder, rows: Sequence[LearnedRow]) -> list[str]:
    """Returns the summary of `transfer learn`: one paragraph a string."""
    names = " and ".join(f"“{name}”" for name in domain_names(run.config)) or "no known domain"
    text = f"A search strategy learns on {names}"
    if rows:
        text += f", {quantity(len(rows), 'attribute')} in all"
    seeds = seeds_of(run)
    text += f", {quantity(seeds, 'seed')}." if seeds else "."
    size = mapping(run.result, "space").get("size")
    text += f" The space has {magnitude(str(size))} architectures." if size else ""
    paragraphs = [f"{text} A reward is the {score_name(run)} of an architecture for an attribute."]
    if not run.result:
        paragraphs.append(
            "This run is unfinished: it has no result.json. Its journal holds "
            f"{quantity(len(run.of_kind('round')), 'round')} and "
            f"{quantity(len(run.of_kind('learned')), 'learned strategy').replace('ys', 'ies')}."
        )
    else:
        paragraphs.append(" ".join(_learned(run, rows)))
        if seeds in (1, 2):
            paragraphs.append(few_seeds(seeds))
    paragraphs.append(
        "Rewards are from validation images of the very attributes that were learned on. They "
        "say that something was learned, not that it helps another domain: that is what "
        "graftwork transfer apply measures. No test image was read."
    )
    return paragraphs


def _learned(run: RunFolder, rows: Sequence[LearnedRow]) -> list[str]:
    ours = number(run.result, "policy_reward")
    theirs = number(run.result, "random_reward")
    ours = average(row.policy for row in rows) if ours is None else ours
    theirs = average(row.random for row in rows) if theirs is None else theirs
    if ours is None or theirs is None:
        return ["The learned strategy was not measured against random architectures."]
    worse = [row for row in rows if row.difference is not None and row.difference < 0]
    sentences = [
        f"At its end the strategy draws architectures with a mean reward of {decimal(ours, 4)}; "
        f"random architectures have {decimal(theirs, 4)} under the same weights, which "
        f"{weights_words(run.arguments)}.",
        claim(
            learned_difference(run, rows),
            quantity(len(rows), "attribute"),
            "the strategy has learned to choose",
            "the strategy chooses worse than chance",
        ),
        f"In {len(worse)} of {quantity(len(rows), 'attribute')} it is below random architectures.",
    ]
    evaluations, seconds = number(run.result, "evaluations"), number(run.result, "seconds")
    if evaluations is not None and seconds is not None:
        sentences.append(
            f"It took {quantity(int(evaluations), 'evaluation')} and {duration(seconds)}."
        )
    return sentences


def weights_words(arguments: dict[str, Any]) -> str:
    """Returns whom the shared weights of learning favour, to stand after `weights that`.

    In older runs the strategy drew most networks that they were trained on, and what is trained
    more is rewarded more.

    Args:
        arguments: Those of the run.
    """
    uniform = number(arguments, "uniform")
    if uniform is None or uniform < 1:
        return "were trained on what the strategy drew, and favour that"
    return "favour no network"


def learned_difference(run: RunFolder, rows: Sequence[LearnedRow]) -> Difference:
    """Returns the mean difference of policy and random architectures on what was learned."""
    return difference_of(mapping(run.result, "comparison"), [row.difference for row in rows])
