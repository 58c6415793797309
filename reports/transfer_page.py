"""The report of a run of `graftwork transfer`: a single HTML file that loads nothing."""

from pathlib import Path
from typing import Any

from graftwork.errors import InputError
from graftwork.files import write_text
from reports.environment import make_environment
from reports.inline_svg import inline_svg
from reports.run_folder import RunFolder, mapping, number, read_run_folder
from reports.tables import dataset_rows, flatten
from reports.transfer_caveats import match_words, seeds_words
from reports.transfer_charts import (
    alone_chart,
    difference_chart,
    reward_chart,
    round_chart,
)
from reports.transfer_differences import CLAIMS, negative_transfer, paired, read_differences
from reports.transfer_held_out import held_out_rows, summarise_held_out
from reports.transfer_learned import learned_difference, learned_rows, summarise_learn
from reports.transfer_outcome import kendall
from reports.transfer_results import (
    FINE_TUNED,
    RANDOM,
    RANDOM_ARCHITECTURE,
    SCRATCH,
    TRANSFERRED,
    named,
    read_transfer_methods,
)
from reports.transfer_summary import summarise_apply
from reports.transfer_tables import (
    attribute_rows,
    chosen,
    command_again,
    nearest_rows,
    seed_differences,
    trained_networks,
)
from reports.transfer_words import domain_names, score_name, seeds_of, signed, verdict_words

LEARN, APPLY, LEAVE_ONE_OUT = "transfer learn", "transfer apply", "transfer leave-one-out"
"""What `config.json` calls the runs that this page is of."""
_NAMES = {
    "transferred": TRANSFERRED,
    "tuned": FINE_TUNED,
    "scratch": SCRATCH,
    "random": RANDOM,
    "one": RANDOM_ARCHITECTURE,
}


def save_transfer_report(run: Path) -> Path:
    """Writes the report of a run of transfer into its folder, atomically.

    A run that is not finished gets a report too: it says what is missing. The same run gives
    the same bytes. With `transfer leave-one-out` the runs inside it get theirs as well, as the
    page links to them.

    Args:
        run: The folder of a run of `transfer learn`, `apply` or `leave-one-out`.

    Returns:
        The path of the report, `report.html` in the run folder.

    Raises:
        InputError: If the folder holds no such run, or a file in it is broken.
    """
    run = Path(run)
    folder = read_run_folder(run)
    page = render_transfer(folder)
    if folder.config["command"] == LEAVE_ONE_OUT:
        for inside in sorted(run.glob("without-*/*/config.json")):
            save_transfer_report(inside.parent)
    path = run / "report.html"
    write_text(path, page)
    return path


def render_transfer(run: RunFolder) -> str:
    """Returns the report of a run of transfer as HTML: the page that belongs to its command."""
    pages = {
        LEARN: ("transfer_learn.html", _learn),
        APPLY: ("transfer_apply.html", _apply),
        LEAVE_ONE_OUT: ("transfer_leave_one_out.html", _leave_one_out),
    }
    command = run.config.get("command")
    if command not in pages:
        raise InputError(
            f"{run.path} is no run of transfer. Expected a run of {', '.join(pages)}. "
            f"Received: {command!r}."
        )
    environment = make_environment(signed=signed, verdict=verdict_words, seeds_words=seeds_words)
    template, contents = pages[command]
    return environment.get_template(template).render(_common(run) | contents(run))


def _common(run: RunFolder) -> dict[str, Any]:
    return {
        "run": run,
        "score": score_name(run),
        "seeds": seeds_of(run),
        "configuration": flatten(run.arguments),
        "versions": flatten(mapping(run.config, "versions") | run.engine),
        "command": command_again(run),
        "number": number,
    }


def _apply(run: RunFolder) -> dict[str, Any]:
    methods = read_transfer_methods(run)
    differences = read_differences(run.result, methods)
    negative = negative_transfer(run.result, methods)
    tau, tau_p_value = kendall(run)
    comparison = mapping(run.result, "comparison")
    source = mapping(run.config, "source") or mapping(run.result, "source")
    origin = " and ".join(domain_names(source)) or "another domain"
    charts = {
        "rewards": (
            reward_chart(methods, score_name(run)),
            "Best reward so far against evaluated architectures, by method.",
        ),
        "differences": (
            difference_chart(
                paired(methods, "transferred"),
                seed_differences(run),
                differences["transferred"],
                "reward, transferred − random architectures",
            ),
            "Transferred less random, by attribute; the table holds the same numbers.",
        ),
        "alone": (
            alone_chart(trained_networks(run), score_name(run)),
            "Reward under shared weights and score when trained alone, of every trained network.",
        ),
    }
    return {
        "title": f"Transfer from {origin} to {run.dataset.get('name', 'an unnamed dataset')}",
        "summary": summarise_apply(run, methods, differences, negative),
        "methods": methods,
        "banded": any(limits for method in methods for limits in method.band),
        "differences": differences,
        "claims": {
            key: words for key, words in CLAIMS.items() if differences[key].mean is not None
        },
        "match_words": match_words,
        "names": _NAMES,
        "rows": attribute_rows(run, methods, negative),
        "tested": [
            m.name for m in methods if any(s.test is not None for s in m.attributes.values())
        ],
        "match": mapping(comparison, "match"),
        "random_match": mapping(comparison, "random_match"),
        "nearest": nearest_rows(run),
        "chosen": chosen(run),
        "tau": tau,
        "tau_p_value": tau_p_value,
        "dataset": dataset_rows(run.dataset),
        "source": flatten(source | {"domains": domain_names(source)}),
        "charts": _drawn(charts),
    }


def _learn(run: RunFolder) -> dict[str, Any]:
    rows = learned_rows(run)
    difference = learned_difference(run, rows)
    domains = domain_names(run.config) or domain_names(run.result)
    several = len({row.domain for row in rows}) > 1
    labels = [f"{row.domain}: {row.name}" if several else row.name for row in rows]
    charts = {
        "rewards": (
            round_chart(run, "reward", f"mean reward ({score_name(run)})"),
            "Mean reward of every round of learning, by seed.",
        ),
        "entropy": (
            round_chart(run, "entropy", "entropy (nats)"),
            "Entropy of the controller in every round of learning, by seed.",
        ),
        "differences": (
            difference_chart(
                {
                    label: row.difference
                    for label, row in zip(labels, rows, strict=True)
                    if row.difference is not None
                },
                {},
                difference,
                "reward, learned strategy − random architectures",
            ),
            "Learned strategy less random, by attribute; the table holds the same numbers.",
        ),
    }
    return {
        "title": f"A search strategy learned on {' and '.join(domains) or 'an unnamed dataset'}",
        "summary": summarise_learn(run, rows),
        "rows": rows,
        "several": several,
        "difference": difference,
        "domains": [
            (name, dataset_rows(values))
            for name, values in zip(domains, _described(run), strict=False)
        ],
        "charts": _drawn(charts),
    }


def _described(run: RunFolder) -> list[dict[str, Any]]:
    listed = run.config.get("domains")
    return [d if isinstance(d, dict) else {} for d in (listed if isinstance(listed, list) else [])]


def _leave_one_out(run: RunFolder) -> dict[str, Any]:
    rows = held_out_rows(run)
    return {
        "title": "Transfer to every domain, learned on the others",
        "summary": summarise_held_out(run, rows),
        "rows": rows,
        "named": named,
        "names": _NAMES,
    }


def _drawn(charts: dict[str, Any]) -> dict[str, Any]:
    """Returns the charts that the run has data for, by name."""
    return {
        name: inline_svg(figure, name, label) if figure else None
        for name, (figure, label) in charts.items()
    }
