"""The report of a benchmark: a single HTML file that needs no network and no JavaScript."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

from graftwork.errors import InputError
from graftwork.files import write_text
from reports.benchmark_charts import rank_plot, regret_overview, regret_single
from reports.benchmark_summary import final, ranked, summarise
from reports.environment import make_environment
from reports.inline_svg import inline_svg
from reports.run_folder import RunFolder, interval, mapping, number, read_run_folder
from reports.tables import command_line, flatten


def write_benchmark_report(run: Path) -> Path:
    """Writes the report of a finished benchmark into its folder, atomically.

    The same run gives the same bytes.

    Args:
        run: The run folder, as described in `docs/benchmark.md`.

    Returns:
        The path of the report, `report.html` in the run folder.

    Raises:
        InputError: If the folder holds no finished benchmark, or a file in it is broken.
    """
    folder = read_run_folder(run)
    if not folder.result:
        raise InputError(f"the benchmark in {run} is not finished: it has no result.json.")
    path = Path(run) / "report.html"
    try:
        write_text(path, render(folder))
    except (KeyError, TypeError, IndexError) as error:
        raise InputError(f"{run / 'result.json'} is no result of a benchmark: {error!r}.") from None
    return path


def render(run: RunFolder) -> str:
    """Returns the report of a benchmark as HTML."""
    environment = make_environment()
    return environment.get_template("benchmark.html").render(_contents(run))


def _contents(run: RunFolder) -> dict[str, Any]:
    result = run.result
    strategies, control = ranked(result), result.get("control")
    ranks = mapping(result, "ranks")
    rank_of = dict(zip(ranks["names"], ranks["mean_ranks"], strict=True)) if ranks else {}
    overview = regret_overview(strategies, control)
    return {
        "title": f"Search strategies on {result['problem']['name']}",
        "run": run,
        "result": result,
        "problem": result["problem"],
        "summary": summarise(result),
        "strategies": strategies,
        "best": strategies[0] if strategies else None,
        "control": control,
        "against": mapping(result, "against_control"),
        "ranks": ranks,
        "rank_of": rank_of,
        "overview": inline_svg(overview, "overview", "Mean regret against evaluations.")
        if overview
        else None,
        "singles": [
            (
                strategy["name"],
                inline_svg(figure, f"single{place}", f"Mean regret of {strategy['name']}."),
            )
            for place, strategy in enumerate(strategies)
            if (figure := regret_single(strategy, strategies, control))
        ],
        "rank_chart": inline_svg(
            rank_plot(ranks, control), "ranks", "Mean ranks; the table holds the same numbers."
        )
        if ranks
        else None,
        "seconds": sum(strategy["own_seconds"] for strategy in strategies),
        "command": _command(run),
        "configuration": flatten(run.arguments),
        "versions": flatten(mapping(run.config, "versions")),
        "facts": [row for row in flatten(result["problem"]) if row[0] != "attributes"],
        "final": final,
        "interval": interval,
        "number": number,
        "mapping": mapping,
    }


def _command(run: RunFolder) -> str:
    """Returns the command that makes the run again, with its searched run where it has one."""
    command, source = str(run.config.get("command", "")), run.dataset.get("run")
    if source:
        command = f"{command} {shlex.quote(str(source))}"
    return command_line(replace(run, config={**run.config, "command": command}))
