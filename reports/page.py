"""The report of one run: a single HTML file that needs no network and no JavaScript."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graftwork.files import write_text
from reports.charts import error_plot, score_scatter, search_curve
from reports.environment import make_environment
from reports.gan_page import COMMAND as GAN_SEARCH
from reports.gan_page import gan_contents
from reports.inline_svg import inline_svg
from reports.inline_tree import InlineTree, branch_class, inline_tree
from reports.layout import Architecture, Layout, Stem, lay_out, outline
from reports.methods import Method, of_kind, read_methods
from reports.run_folder import RunFolder, mapping, number, read_run_folder
from reports.summary import summarise
from reports.tables import attribute_rows, command_line, dataset_rows, flatten, stages
from reports.terminal import describe_blocks


def write_report(run: Path) -> Path:
    """Writes the report of a run into its folder, atomically.

    A run that is not finished gets a report too: it says what is missing. The same run
    gives the same bytes.

    Args:
        run: The run folder, as described in `docs/run-folder.md`.

    Returns:
        The path of the report, `report.html` in the run folder.

    Raises:
        InputError: If the folder holds no run, or a file in it is broken.
    """
    page = render(read_run_folder(run))
    path = Path(run) / "report.html"
    write_text(path, page)
    return path


def render(run: RunFolder) -> str:
    """Returns the report of a run as HTML: the page that belongs to its command."""
    environment = make_environment()
    if run.config.get("command") == GAN_SEARCH:
        return environment.get_template("gan.html").render(gan_contents(run))
    return environment.get_template("report.html").render(_contents(run))


@dataclass(frozen=True)
class DrawnTree:
    """A tree of the report, as a drawing and as an outline in words."""

    name: str
    picture: InlineTree
    layout: Layout
    outline: Stem


def _contents(run: RunFolder) -> dict[str, Any]:
    attributes = len(run.attributes)
    # A list of another length belongs to other attributes: better none than a wrong one.
    methods = [
        method
        if len(method.attribute_errors) == attributes
        else replace(method, attribute_errors=(None,) * attributes)
        for method in read_methods(run)
    ]
    architecture, origin = run.tree()
    tree = _draw(run, "found", architecture) if architecture else None
    exact = mapping(run.result, "exact").get("architecture")
    searches = run.of_kind("searched")
    return {
        "title": f"Attribute-sharing trees on {run.dataset.get('name', 'an unnamed dataset')}",
        "run": run,
        "summary": summarise(run, methods),
        "methods": methods,
        "official": any(method.official_error is not None for method in methods),
        "searched": of_kind(methods, "searched"),
        "comparison": mapping(run.result, "comparison"),
        "tree": tree,
        "tree_origin": origin,
        "exact_tree": _draw(run, "exact", exact) if exact else None,
        "other_trees": [
            _draw(run, f"seed{event.get('seed')}", event["architecture"])
            for event in searches[1:]
            if event.get("architecture")
        ],
        "searches": searches,
        "charts": _charts(run, methods),
        "attribute_rows": attribute_rows(run, methods, tree.layout if tree else None),
        "stages": stages(run),
        "configuration": flatten(run.arguments),
        "versions": flatten(mapping(run.config, "versions") | run.engine),
        "dataset": dataset_rows(run.dataset),
        "command": command_line(run),
        "branch_class": branch_class,
        "describe_blocks": describe_blocks,
        "number": number,
    }


def _draw(run: RunFolder, name: str, architecture: Architecture) -> DrawnTree:
    attributes = run.attributes or [f"attribute {i}" for i in range(len(architecture[-1]))]
    layout = lay_out(architecture, attributes)
    return DrawnTree(name, inline_tree(layout), layout, outline(layout.root))


def _charts(run: RunFolder, methods: list[Method]) -> dict[str, Any]:
    """Returns the charts that the run has data for, by name."""
    figures = {
        "curve": (
            search_curve(run),
            f"Validation {run.score} of the current tree against training steps, by seed.",
        ),
        "errors": (
            error_plot(run, methods),
            "Test error of every method; the table holds the same numbers.",
        ),
        "scatter": (
            score_scatter(run, methods),
            "Score of every trained tree under shared weights and when trained alone.",
        ),
    }
    return {
        name: inline_svg(figure, name, label) if figure else None
        for name, (figure, label) in figures.items()
    }
