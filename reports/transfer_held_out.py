"""What a run of `transfer leave-one-out` showed on every domain that was left out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from reports.names import attribute_name
from reports.run_folder import RunFolder, mapping, number, read_run_folder
from reports.transfer_caveats import few_seeds
from reports.transfer_differences import (
    FEWEST_SEEDS,
    Difference,
    NegativeTransfer,
    negative_transfer,
    paired,
    read_differences,
)
from reports.transfer_results import TransferMethod, read_transfer_methods, rows_of
from reports.wording import quantity


@dataclass(frozen=True)
class HeldOut:
    """A domain that was left out of learning, and how transfer to it went.

    Attributes:
        name: Of the domain.
        link: Relative address of the report of its `transfer apply`, or `None`.
        differences: As `read_differences` gives them; empty means where it is not done.
        methods: The methods of that run.
        match: Evaluations after which fine-tuning is where the controller from scratch ends.
        evaluations: Of how many.
        negative: The attributes for which transfer draws worse than chance.
        attributes: How many attributes the domain has, or `None`.
    """

    name: str
    link: str | None
    differences: dict[str, Difference]
    methods: list[TransferMethod]
    match: float | None
    evaluations: float | None
    negative: NegativeTransfer
    attributes: int | None


def held_out_rows(run: RunFolder) -> list[HeldOut]:
    """Returns a row for every held-out domain, finished or not."""
    results = {str(row.get("name")): row for row in rows_of(run.result, "domains")}
    names = list(results) or [str(domain.get("name")) for domain in rows_of(run.config, "domains")]
    if not names:
        names = sorted(path.name.removeprefix("without-") for path in run.path.glob("without-*"))
    return [_held_out(run, name, mapping(results.get(name, {}), "result")) for name in names]


def _held_out(run: RunFolder, name: str, result: dict[str, Any]) -> HeldOut:
    # As the run names its folders: no name leads out of it.
    parts = ("without-" + re.sub(r"[^\w .-]", "-", name), "apply")
    folder = run.path.joinpath(*parts)
    there = (folder / "config.json").is_file()
    apply = read_run_folder(folder) if there else RunFolder(folder, {}, [], {})
    full = {**apply.result, **result}
    methods = read_transfer_methods(replace(apply, result=full))
    match = mapping(mapping(full, "comparison"), "match")
    return HeldOut(
        name=attribute_name(name),
        link="/".join(map(quote, (*parts, "report.html"))) if there else None,
        differences=read_differences(full, methods) if full else {},
        methods=methods,
        match=number(match, "evaluations"),
        evaluations=number(match, "of") or number(full, "evaluations"),
        negative=negative_transfer(full, methods),
        attributes=len(paired(methods, "transferred")) or None,
    )


def summarise_held_out(run: RunFolder, rows: Sequence[HeldOut]) -> list[str]:
    """Returns the summary of `transfer leave-one-out`: one paragraph a string."""
    names = " and ".join(f"“{row.name}”" for row in rows) or "no known domain"
    paragraphs = [
        f"Every one of {names} was left out once: a strategy was learned on the others and "
        "applied to it."
    ]
    if not run.result:
        done = sum(bool(row.differences) for row in rows)
        paragraphs.append(
            f"This run is unfinished: it has no result.json. {done} of {len(rows)} held-out "
            "domains have a result."
        )
    known = [row for row in rows if row.differences]
    if known:
        better = _names(known, "transferred", "more")
        worse = _names(known, "transferred", "less")
        alike = [name for row in known if (name := f"“{row.name}”") not in better + worse]
        text = (
            "Without any evaluation on it, the transferred strategy beats the mean random "
            f"architecture in {len(better)} of {quantity(len(known), 'held-out domain')}"
        )
        text += f" ({', '.join(better)})" if better else ""
        text += f" and is worse in {len(worse)}"
        text += f" ({', '.join(worse)})" if worse else ""
        text += f"; no difference is shown for {', '.join(alike)}." if alike else "."
        half = [r for r in known if r.match and r.evaluations and r.match <= r.evaluations / 2]
        paragraphs.append(
            f"{text} Fine-tuning is where the controller from scratch ends after at most half of "
            f"its evaluations in {len(half)} of {len(known)}."
        )
        counts = {len(d.by_seed) for row in known if (d := row.differences["transferred"]).by_seed}
        if counts and max(counts) < FEWEST_SEEDS:
            paragraphs.append(few_seeds(max(counts)))
    paragraphs.append(
        "Rewards are from validation images; intervals are over the attributes of the held-out "
        "domain. The report of every domain has its curves, its attributes and its test scores."
    )
    return paragraphs


def _names(rows: Sequence[HeldOut], key: str, verdict: str) -> list[str]:
    return [f"“{row.name}”" for row in rows if row.differences[key].verdict == verdict]
