"""Trees as pictures and as text in the terminal."""

import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from fake_runs import GLYPHS, NASTY, random_tree
from rich.console import Console

from graftwork.errors import InputError
from reports import draw_tree, save_tree, tree_text
from reports.names import attribute_name, shorten


def printed(tree) -> str:
    file = io.StringIO()
    Console(file=file, width=400).print(tree)
    return file.getvalue()


@pytest.mark.parametrize("blocks", [(), (1,), (2, 4, 8), (2, 3, 10, 18, 33)])
def test_text_lists_every_attribute_once(blocks):
    names = [f"name-{i:02d}" for i in range(40)]
    tree = random_tree(np.random.default_rng(0), blocks, len(names))
    text = printed(tree_text(tree, names))
    assert [text.count(name) for name in names] == [1] * len(names)


def test_text_shows_shared_stems_and_leaves_out_unused_blocks():
    text = printed(tree_text([[0, 0, 0], [0, 0, 2, 1], [0, 0, 1, 2]], list("abcd")))
    assert [line.strip("│├└─ ") for line in text.splitlines()] == [
        "root  shared by 4 attributes",
        "layer 1  shared by 3 attributes",
        "layer 2  shared by 2 attributes",
        "a",
        "b",
        "c  alone in layer 2",
        "d  alone in layers 1–2",
    ]


def test_text_does_not_read_names_as_markup():
    text = printed(tree_text([[0, 0]], ["[red]bold[/red]", "\x1b[31m"]))
    assert "[red]bold[/red]" in text
    assert "\x1b" not in text


def test_one_attribute_alone():
    assert "only" in printed(tree_text([[0], [0]], ["only"]))
    assert draw_tree([[0], [0]], ["only"]).axes


def test_svg_holds_every_name_as_text_and_is_the_same_every_time(tmp_path):
    for names in (GLYPHS, NASTY):
        tree = random_tree(np.random.default_rng(1), (2, 4, 8), len(names))
        save_tree(tree, names, tmp_path / "tree.svg")
        first = (tmp_path / "tree.svg").read_bytes()
        save_tree(tree, names, tmp_path / "tree.svg")
        assert (tmp_path / "tree.svg").read_bytes() == first
        root = ElementTree.fromstring(first)
        texts = ["".join(e.itertext()) for e in root.iter() if e.tag.endswith("}text")]
        assert {shorten(attribute_name(name), 48) for name in names} <= set(texts)
        assert not [e for e in root.iter() if e.tag.endswith("script")]


def test_png_is_a_picture(tmp_path):
    save_tree([[0, 0], [0, 1, 1]], ["a", "b", "漢字"], tmp_path / "tree.png")
    assert (tmp_path / "tree.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(InputError, match="unknown picture format 'jpgg'"):
        save_tree([[0]], ["a"], tmp_path / "tree.jpgg")
