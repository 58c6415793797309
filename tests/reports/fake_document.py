"""A comparison with every kind of block, made up in milliseconds, for tests of the writers."""

import io
import itertools

import numpy as np
from jinja2 import Environment, PackageLoader
from PIL import Image

from reports.axes import legend, new_figure
from reports.comparison.document import (
    Cell,
    Chart,
    Column,
    Document,
    Drawing,
    Paragraphs,
    Picture,
    Section,
    Table,
)
from reports.gan_cell_drawing import draw_cell
from reports.gan_cells import read_cell
from reports.inline_tree import inline_tree
from reports.layout import lay_out
from reports.page import DrawnTree
from reports.palette import ACCENT, BRANCHES, INK, MUTED

NASTY = "<script>alert(1)</script>"
MARKS = r"a*b_c* `d` [e](f) <g> # h | i ~~j~~ $k$ \l &amp; {m} !n 100% ^o"
LONG = "wearing_a_hat_of_a_colour_that_no_other_person_in_the_picture_wears_or_has_worn"
ATTRIBUTES = (
    NASTY,
    LONG,
    "5_o_Clock_Shadow",
    "100% & $x_1^2$ #~{\\}",
    *(f"Attribute_{number}" for number in range(4, 40)),
)
METHODS = (
    "searched tree",
    "random search, the same budget",
    "random trees",
    "exact tree under shared weights",
    "one network for each attribute",
    f"shared trunk | {LONG}",
)


def make_document() -> Document:
    """Returns a comparison of three runs: 6 methods, 40 attributes, every kind of block."""
    rng = np.random.default_rng(5)
    return Document(
        title="Attribute-sharing trees and cells on CelebA and glyphs",
        summary=(
            "The searched tree has the lowest test error, 8.13%, and beats random search with the "
            "same budget by 0.42 points (95% interval 0.18 to 0.66, corrected p = 0.012, 3 seeds).",
            "Against the exact tree under shared weights no difference is shown. The search cost "
            "2.3 times the training of one final tree.",
            "The run /tmp/runs/broken could not be read: its journal is damaged.",
        ),
        sections=(
            Section("Methods", (*_methods(rng),), "methods"),
            Section("Progress of the search", tuple(_curves(rng)), "curves"),
            Section("Test error by attribute", (_attributes(rng), _differences(rng)), "attributes"),
            Section("Trees and cells", (_tree(rng), *_cells()), "drawings"),
            Section("Samples", tuple(_pictures(rng)), "samples"),
            Section("Commands and problems", _commands(), "commands"),
        ),
        command="graftwork report runs/a runs/b runs/c --out report/",
        about="Graftwork 0.1.0; 3 runs",
    )


def _methods(rng: np.random.Generator) -> tuple[Paragraphs | Table, ...]:
    columns = (
        Column("method", numeric=False),
        Column("test error", "%", note="Mean over attributes, then over seeds; lower is better."),
        Column("95% interval", "%", note="Of the mean over seeds, by Student's t."),
        Column("seeds"),
        Column("parameters"),
        Column("FLOPs", note="Two for each multiply-add, one image."),
        Column("latency", "ms"),
        Column("search", "s"),
        Column("training", "s"),
        Column("peak memory", "MB"),
    )
    rows = []
    for place, name in enumerate(METHODS):
        error, seeds = 8.13 + 0.42 * place, 1 if place == 5 else 3
        low, high = error - rng.uniform(0.1, 0.4), error + rng.uniform(0.1, 0.4)
        parameters = float(rng.integers(20_000, 2_000_000))
        memory = float(rng.integers(400, 12_000))
        rows.append(
            (
                Cell(name, note="one seed gives no interval" if seeds == 1 else ""),
                Cell(f"{error:.2f}", error, best=place == 0),
                Cell("–") if seeds == 1 else Cell(f"{low:.2f} to {high:.2f}", low),
                Cell(str(seeds), seeds),
                Cell(f"{parameters:,.0f}", parameters, best=place == 2),
                Cell(f"{parameters / 5e4:.1f} M", 20 * parameters),
                Cell(f"{1.5 + place / 3:.1f}", 1.5 + place / 3, best=place == 0),
                Cell(f"{900 - 70 * place}", 900 - 70 * place) if place < 4 else Cell("–"),
                Cell(f"{410 + 33 * place}", 410 + 33 * place),
                Cell(f"{memory:,.0f}", memory, note="of the whole process" if not place else ""),
            )
        )
    comparisons = [
        (
            Cell(f"searched tree − {name}"),
            Cell(f"−{0.42 * place:.2f}", -0.42 * place),
            Cell(f"{0.004 * place**2:.3f}", 0.004 * place**2),
            Cell("searched tree won" if place < 3 else "no difference is shown"),
        )
        for place, name in enumerate(METHODS[1:], start=1)
    ]
    return (
        Paragraphs(
            ("Every method was trained with the same images, steps and augmentation; the test "
             "images were read once, after the last choice was made.",)
        ),
        Table("methods", "Test images of CelebA, 40 attributes, 64×64.", columns, tuple(rows)),
        Table(
            "comparisons",
            "The searched tree against every other method: paired by seed where seeds agree, with "
            "Holm's correction over all rows.",
            (
                Column("difference of", numeric=False),
                Column("test error", "points"),
                Column("corrected p", note="Of a paired t-test."),
                Column("in words", numeric=False),
            ),
            tuple(comparisons),
        ),
        Paragraphs(
            ("One method has a single seed: one seed gives no interval.", "Its rank is no result."),
            kind="notice",
        ),
    )  # fmt: skip


def _curves(rng: np.random.Generator) -> list[Chart]:
    charts = []
    for name, unit in (("evaluations", "evaluated trees (count)"), ("seconds", "time (s)")):
        figure, axes = new_figure(3.2)
        for colour, label in zip(BRANCHES, ("searched", "random search", "random"), strict=False):
            x = np.arange(60)
            y = 14 - 4 * (1 - np.exp(-x / rng.uniform(8, 30))) + rng.uniform(0, 0.8)
            axes.fill_between(x, y - 0.4, y + 0.4, color=colour, alpha=0.18, linewidth=0)
            axes.plot(x, y, color=colour, linewidth=1.6, label=label)
        axes.set_xlabel(unit)
        axes.set_ylabel("best validation error so far (%)")
        legend(axes)
        charts.append(
            Chart(
                f"curve-{name}",
                f"Best tree so far against {name}; bands are 95% intervals over seeds.",
                "The searched trees are lowest from the tenth evaluation on.",
                figure,
            )
        )
    figure, axes = new_figure(3.4, grid="both")
    x, y = rng.uniform(0.1, 2, 30), rng.uniform(8, 12, 30)
    axes.scatter(x, y, color=MUTED, s=18)
    axes.scatter(x[:4], y[:4], color=ACCENT, edgecolors="white", s=50, zorder=3)
    axes.text(1, 9, "text in plain black")
    axes.annotate(NASTY, (x[0], y[0]), color=INK, fontsize=9)
    axes.set_xlabel("parameters (millions)")
    axes.set_ylabel("test error (%)")
    alternative = "Four of 30 trees stand on the Pareto front, all searched."
    caption = "Error against size; the front is marked."
    return [*charts, Chart("pareto", caption, alternative, figure)]


def _attributes(rng: np.random.Generator) -> Table:
    errors = rng.uniform(1, 30, (len(METHODS), len(ATTRIBUTES)))
    best = errors.argmin(axis=0)
    return Table(
        "attributes",
        "Test error (%) of every method for every attribute, means over seeds.",
        (Column("method", numeric=False), *(Column(name, "%") for name in ATTRIBUTES)),
        tuple(
            (
                Cell(method),
                *(
                    Cell(f"{error:.2f}", float(error), best=best[column] == row)
                    for column, error in enumerate(errors[row])
                ),
            )
            for row, method in enumerate(METHODS)
        ),
    )


def _differences(rng: np.random.Generator) -> Chart:
    figure, axes = new_figure(7.5, grid="x", width=10.0)
    for row in range(len(ATTRIBUTES)):
        middle, half = rng.normal(-0.3, 0.5), rng.uniform(0.1, 0.6)
        axes.plot((middle - half, middle + half), (row, row), color=ACCENT, linewidth=2)
        axes.plot(middle, row, "o", color=ACCENT, markersize=4)
    axes.axvline(0, color=MUTED, linewidth=1)
    names = [name[:28] for name in ATTRIBUTES]
    axes.set_yticks(range(len(names)), names, parse_math=False, color=INK)
    axes.set_xlabel("test error, searched − random (points)")
    alternative = "Differences of 40 attributes; most are below zero."
    return Chart("differences", "Where the searched tree gains.", alternative, figure)


def _macro(template: str, argument: object) -> str:
    environment = Environment(
        loader=PackageLoader("reports"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return str(environment.get_template(template).module.draw(argument))  # type: ignore[attr-defined]


def _tree(rng: np.random.Generator) -> Drawing:
    counts = (1, 3, 10, 18, len(ATTRIBUTES))
    parents = [
        sorted(int(parent) for parent in rng.integers(0, above, below))
        for above, below in itertools.pairwise(counts)
    ]
    layout = lay_out(parents, ATTRIBUTES)
    picture = inline_tree(layout)
    svg = _macro("tree.svg", DrawnTree("searched", picture, layout, layout.root))  # type: ignore[arg-type]
    return Drawing("tree", "The searched tree of seed 0.", picture.description, svg)


def _cells() -> list[Drawing]:
    nodes = read_cell(
        [
            ["transposed_5x5(input)", "nearest_conv_3x3(input)"],
            ["conv_3x3(node 1)", "max_pool_3(node 1)"],
            ["identity(node 1)", "conv_1x7_7x1(node 2)"],
        ]
    )
    drawn = [draw_cell(nodes, f"Stage {stage}") for stage in (1, 2, 3)]
    return [
        Drawing(
            f"cell-{place}",
            f"{cell.title} of the generator.",
            cell.description,
            _macro("gan_cell.svg", cell),
        )
        for place, cell in enumerate(drawn)
    ]


def _pictures(rng: np.random.Generator) -> list[Picture]:
    pictures = []
    for number, size in enumerate((256, 256, 128)):
        buffer = io.BytesIO()
        pixels = rng.integers(0, 255, (size // 16, size // 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((size, size), 0).save(buffer, "png")
        caption = f"Samples of {METHODS[number]}, not chosen by hand; seed 0."
        pictures.append(
            Picture(
                f"samples-{number}",
                caption,
                f"A grid of samples, method {number}.",
                buffer.getvalue(),
            )
        )
    return pictures


def _commands() -> tuple[Paragraphs, Table]:
    commands = Paragraphs(
        (
            "graftwork trees search --dataset celeba --image-size 64 --blocks 2 4 8 --channels 32 "
            "--steps 20000 --round-steps 100 --seeds 3 --random-trees 10 --out runs/a",
            "graftwork trees search --dataset glyphs --seeds 3 --out runs/b",
        ),
        kind="command",
    )
    return commands, Table(
        "problems",
        "Runs that are broken, unfinished or of an older version.",
        (Column("run", numeric=False), Column("reason", numeric=False)),
        ((Cell("/tmp/runs/broken"), Cell("damaged: line 12 of journal.jsonl is no JSON")),),
    )


def a_document(*blocks, summary=("One.",)) -> Document:
    section = Section("Section", blocks, "section")
    return Document("Title", summary, (section,), "graftwork report", "1 run")


def a_table(*rows, columns=2) -> Table:
    names = tuple(Column(f"c{place}", numeric=place > 0) for place in range(columns))
    return Table("table", "Caption.", names, tuple(rows))


def tables(document):
    return [b for section in document.sections for b in section.blocks if isinstance(b, Table)]
