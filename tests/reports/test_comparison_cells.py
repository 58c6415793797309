"""Cells and samples of a comparison: as graphs, and as the very pictures of the run folder."""

import fake_comparison_runs as fake
from fake_gan_runs import METHODS, make_gan_run
from fake_runs import make_run
from test_comparison_runs import apart

from reports.comparison.cells import cells_section
from reports.comparison.document import Drawing, Paragraphs, Picture
from reports.comparison.runs import read_runs


def blocks(section, kind):
    return [block for block in section.blocks if isinstance(block, kind)]


def texts(section) -> str:
    return " ".join(text for block in blocks(section, Paragraphs) for text in block.texts)


def test_every_stage_is_drawn_with_the_names_of_its_operations(tmp_path):
    run = make_gan_run(tmp_path / "run", nodes=3, discriminator=True)
    section = cells_section(read_runs([run]))
    found = blocks(section, Drawing)
    assert [d.name for d in found] == [
        *(f"cell-1-generator-{stage}" for stage in (1, 2, 3)),
        *(f"cell-1-discriminator-{stage}" for stage in (1, 2, 3)),
    ]
    for drawing in found:
        assert drawing.svg.lstrip().startswith("<svg")
        assert drawing.alternative.count("Node ") == 3
        # Six operations, and what makes the output.
        assert drawing.svg.count("<rect") == 7
    assert "Stage 1: 4×4 to 8×8" in found[0].caption
    assert "The cells of 2 other seeds" in texts(section)


def test_a_shared_cell_is_drawn_once(tmp_path):
    run = make_gan_run(tmp_path / "run", shared_cell=True)
    (drawing,) = blocks(cells_section(read_runs([run])), Drawing)
    assert "One cell for all 3 stages" in drawing.caption


def test_samples_are_the_files_of_the_run(tmp_path):
    run = fake.make_drawing_gan_run(tmp_path / "run")
    pictures = {p.name: p for p in blocks(cells_section(read_runs([run])), Picture)}
    folder = run / "samples"
    assert (
        pictures["samples-1-1"].png == (folder / "seed0-searched-cells-agan-final.png").read_bytes()
    )
    assert "KID·10³" in pictures["samples-1-1"].caption
    captions = " ".join(picture.caption for picture in pictures.values())
    for name in ("DCGAN", "SNGAN", "random cells 1"):
        assert name in captions
    walk = pictures["interpolation-seed0-1"]
    assert walk.png == (run / "interpolation-seed0.png").read_bytes()
    assert "begins at one sample and ends at another" in walk.alternative
    assert "samples-seed0-1" in pictures


def test_where_there_are_no_walks_the_command_is_named(tmp_path):
    without, drawn = make_gan_run(tmp_path / "plain"), fake.make_drawing_gan_run(tmp_path / "drawn")
    said = texts(cells_section(read_runs([without, drawn])))
    assert "no walks between latents of plain: graftwork gans sample RUN --interpolate" in said
    assert "--interpolate" not in texts(cells_section(read_runs([drawn])))


def test_of_many_runs_the_searched_samples_alone_are_shown(tmp_path):
    runs = [make_gan_run(tmp_path / f"run{i}", seeds=1) for i in range(4)]
    pictures = blocks(cells_section(read_runs(apart(runs))), Picture)
    assert [p.name for p in pictures] == [f"samples-{i}-1" for i in (1, 2, 3, 4)]
    assert all(METHODS[0][0] in picture.caption for picture in pictures)


def test_pictures_that_are_none_are_left_out(tmp_path):
    run = fake.make_drawing_gan_run(tmp_path / "run")
    (run / "samples" / "seed0-dcgan-final.png").write_bytes(b"no picture")
    (run / "interpolation-seed0.png").write_bytes(b"")
    (run / "samples-seed0.png").unlink()
    (run / "samples-seed0.png").mkdir()
    names = [picture.name for picture in blocks(cells_section(read_runs([run])), Picture)]
    assert names == ["samples-1-1", "samples-1-2", "samples-1-3"]


def test_cells_that_are_none_are_said_and_samples_are_shown(tmp_path):
    run = make_gan_run(tmp_path / "run")

    def broken(event):
        for row in event.get("shortlist", []):
            row["cells"] = {"generator": [[["conv_3x3(node 9)", "x"]]]}

    fake.edit_journal(run, broken)
    section = cells_section(read_runs([run]))
    assert "The cells of run cannot be shown" in texts(section)
    assert blocks(section, Picture)
    assert not blocks(section, Drawing)


def test_operations_are_text_and_nothing_else(tmp_path):
    run = make_gan_run(tmp_path / "run", nodes=1, shared_cell=True)

    def nasty(event):
        for row in event.get("shortlist", []):
            row["cells"] = {"generator": [[["<script>alert(1)</script>(input)"] * 2]]}

    fake.edit_journal(run, nasty)
    (drawing,) = blocks(cells_section(read_runs([run])), Drawing)
    assert "<script" not in drawing.svg
    assert "&lt;script&gt;" in drawing.svg


def test_other_runs_have_no_such_section(tmp_path):
    assert cells_section(read_runs([make_run(tmp_path / "trees")])) is None
