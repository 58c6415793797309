"""A search that begins with what another one found: the first tree, its matches, resuming."""

import contextlib
import dataclasses
import io
import itertools
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import tiny
from stopped_graftwork import graftwork

from graftwork.cli import main
from graftwork.config_file import expand_config
from graftwork.errors import InputError
from graftwork.files import read_json, write_json
from graftwork.run import read_config
from multitask_nas.config import TreeSearch
from multitask_nas.exact import tree_scores
from multitask_nas.gnas import Gnas, full_tree
from multitask_nas.tree import Tree, TreeSpace
from multitask_nas.warm_source import Source, read_source
from multitask_nas.warm_start import warm_start, with_all_blocks

BLOCKS = (2, 3)
OTHERS = ("alpha", "beta", "gamma", "delta", "epsilon")
TREE = Tree(((0, 0), (1, 0, 1), (2, 0, 1, 1, 2)))


def config_of(**changes):
    given = {
        "out": Path("out"),
        "warm_start": Path("other"),
        "blocks": BLOCKS,
        "keep_blocks": False,
    }
    return TreeSearch(**(given | changes))


def source_of(attributes=tiny.ATTRIBUTES, tree=TREE, table=None):
    return Source(Path("other"), "tiny", attributes, tree, table)


def renamed(*attributes):
    return dataclasses.replace(tiny.tiny_dataset(), attributes=attributes)


def never():
    raise AssertionError("names suffice")


def table_of(seed, attributes=5):
    return np.random.default_rng(seed).random((6, attributes))


# The first tree.


def test_blocks_keep_their_parents_and_heads_follow_their_names():
    data = renamed("Dot", "cross", "frame", "ROW", "column")
    start = warm_start(config_of(), source_of(), data, never)
    assert start.tree.parents == (*TREE.parents[:-1], (2, 1, 1, 0, 2))
    assert [match.source for match in start.matches] == ["dot", "cross", "frame", "row", "column"]
    assert {match.by for match in start.matches} == {"name"}
    (line,) = start.lines()
    assert "5 of 5 attributes matched by name." in line
    assert "tiny" in line


def test_other_names_are_matched_by_what_they_look_like_and_told():
    shuffled = [3, 0, 4, 2, 1]
    data = tiny.tiny_dataset()
    other = dataclasses.replace(
        data, attributes=("a", "b", "dot", "d", "e"), labels=data.labels[:, shuffled]
    )
    start = warm_start(config_of(), source_of(), other, tiny.tiny_dataset)
    assert [match.source for match in start.matches] == [tiny.ATTRIBUTES[i] for i in shuffled]
    assert start.tree.parents[-1] == tuple(TREE.parents[-1][i] for i in shuffled)
    first, *rows = start.lines()
    assert "1 of 5 attributes matched by name, 4 by descriptor:" in first
    assert [row.split()[:3] for row in rows] == [
        ["a", "as", "frame"],
        ["b", "as", "column"],
        ["d", "as", "cross"],
        ["e", "as", "row"],
    ]


@pytest.mark.parametrize("seed", range(3))
def test_path_scores_give_the_best_tree_for_these_attributes(seed):
    data = renamed("dot", "row", "cross", "frame", "column")
    table = table_of(seed)
    config = config_of(warm_start_with="path-scores")
    start = warm_start(config, source_of(table=table), data, never)
    mine = table[:, [4, 1, 2, 3, 0]]
    best = max(
        np.max(
            [tree_scores(Tree(((0, 0), row, (leaf,) * 5)), mine) for leaf in range(3)], axis=0
        ).sum()
        for row in itertools.product(range(2), repeat=3)
    )
    assert tree_scores(start.tree, mine).sum() == pytest.approx(best)


# Blocks that are to be kept.


@pytest.mark.parametrize("start_with", ["tree", "path-scores"])
@pytest.mark.parametrize("seed", range(5))
def test_kept_blocks_all_have_children(seed, start_with):
    rng = np.random.default_rng(seed)
    space = TreeSpace(BLOCKS, tiny.ATTRIBUTES)
    table = np.repeat(table_of(seed, 1), 5, axis=1)  # All attributes like the same leaf best.
    source = source_of(
        tree=space.sample_tree(rng), table=table if start_with == "path-scores" else None
    )
    config = config_of(warm_start_with=start_with, keep_blocks=True)
    tree = warm_start(config, source, tiny.tiny_dataset(), never).tree
    assert tree.pruned() == tree


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("blocks", "attributes"), [((2, 4, 8), 9), ((5, 2), 3), ((3, 3), 2)])
def test_as_many_blocks_as_can_be_are_in_use_and_full_trees_stay(seed, blocks, attributes):
    rng = np.random.default_rng(seed)
    space = TreeSpace(blocks, [f"a{i}" for i in range(attributes)])
    tree, costs = space.sample_tree(rng), rng.random((attributes, blocks[-1]))
    filled = with_all_blocks(tree, costs)
    for row, before, above in zip(filled.parents, tree.parents, space.blocks, strict=True):
        assert len(set(row)) == min(above, len(row))
        # No connection moved in vain: one for each block that had no child.
        moved = sum(a != b for a, b in zip(row, before, strict=True))
        assert moved == len(set(row)) - len(set(before))
    full = full_tree(space, rng)
    assert with_all_blocks(full, costs) == full


def test_the_connection_that_costs_least_moves():
    tree = Tree(((0, 0), (0, 0, 0), (0, 0, 1, 1, 2)))
    costs = np.full((5, 3), 0.5)
    # The last head may not leave, as its leaf would be empty.
    assert with_all_blocks(tree, costs).parents == ((0, 0), (0, 0, 1), (0, 0, 1, 1, 2))
    tree = Tree(((0, 0), (0, 1, 0), (0, 0, 1, 1, 1)))
    costs[1, 2], costs[3, 2], costs[2, 1] = 0.4, 0.3, 0.0
    assert with_all_blocks(tree, costs).parents[-1] == (0, 0, 1, 2, 1)


def test_the_match_that_is_least_alike_moves():
    data = tiny.tiny_dataset()
    tree = Tree(((0, 0), (1, 0, 1), (0, 0, 0, 0, 1)))
    other = dataclasses.replace(data, attributes=("column", "row", "x", "frame", "dot"))
    config = config_of(keep_blocks=True)
    start = warm_start(config, source_of(tree=tree), other, tiny.tiny_dataset)
    assert start.matches[2].source == "cross"
    assert start.tree.parents[-1] == (0, 0, 2, 0, 1)


def test_gnas_begins_with_the_given_tree_and_warms_up_on_random_ones():
    space = TreeSpace(BLOCKS, tiny.ATTRIBUTES)
    gnas = Gnas(space, seed=0, warmup=1, sweeps=1, keep_blocks=True, start=TREE)
    assert gnas.best == space.architecture(TREE)
    drawn = {gnas.training_sample(np.random.default_rng(i)) for i in range(20)}
    assert len(drawn) > 10
    with pytest.raises(InputError, match="blocks"):
        Gnas(space, seed=0, warmup=1, sweeps=1, start=Tree(((0, 0), (0, 0, 0, 0, 0))))


# What is refused.


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"strategy": "random"}, ["--warm-start", "random"]),
        ({"warm_start": None, "warm_start_with": "path-scores"}, ["path-scores", "--warm-start"]),
    ],
    ids=["strategy", "nothing to start with"],
)
def test_flags_that_do_not_fit_are_refused(changes, parts):
    with pytest.raises(InputError) as error:
        config_of(**changes).check()
    assert all(part in str(error.value) for part in parts)


def test_other_blocks_are_refused_with_both(searched):
    result = read_json(searched / "result.json")
    with pytest.raises(InputError, match=r"same blocks, 2 4\. Received: .*, with 2 3\."):
        read_source(config_of(warm_start=searched, blocks=(2, 4)), result)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"PK\x03\x04 no archive"),
        lambda path: path.write_bytes(b""),
        lambda path: np.savez(path, other=np.zeros(3)),
        lambda path: np.savez(path, scores=np.zeros((5, 5))),
        lambda path: np.savez(path, scores=np.full((6, 5), np.nan)),
    ],
    ids=["missing", "no archive", "empty", "other key", "shape", "not finite"],
)
def test_path_scores_that_cannot_be_used_are_refused(searched_copy, damage):
    config = config_of(warm_start=searched_copy, warm_start_with="path-scores")
    result = read_json(searched_copy / "result.json")
    assert read_source(config, result).table.shape == (6, 5)
    damage(searched_copy / "path_scores.npz")
    with pytest.raises(InputError, match=r"path_scores\.npz.*Use --warm-start-with tree"):
        read_source(config, result)


def test_data_that_cannot_be_loaded_are_named_with_what_needs_them():
    def gone():
        raise InputError("--data-dir /gone is not a folder that exists.")

    data = renamed("column", "row", "x", "y", "dot")
    with pytest.raises(InputError) as error:
        warm_start(config_of(), source_of(), data, gone)
    for part in ("x, y (2 of 5 attributes)", "other", "/gone", "--without"):
        assert part in str(error.value)


def test_a_run_that_is_no_finished_search_is_refused(command, tmp_path, searched_copy):
    flags = (*tiny.SEARCH, "--out", tmp_path / "run", "--warm-start")
    status, _, err = command("trees", "search", *flags, tmp_path / "nothing")
    assert (status, "holds no run" in err) == (2, True)
    (searched_copy / "result.json").unlink()
    status, _, err = command("trees", "search", *flags, searched_copy)
    assert (status, "is not finished" in err) == (2, True)


# Whole searches.

SEARCH = (*tiny.SEARCH, "--sweeps", "1", "--steps", "2", "--random-trees", "0")


@pytest.fixture(scope="module")
def whole(searched, tmp_path_factory):
    """The folder of a search that was not disturbed, of the run it began with, and what it said."""
    folder = tmp_path_factory.mktemp("warm")
    shutil.copytree(searched, folder / "other")
    flags = ("--out", folder / "run", "--warm-start", folder / "other")
    with (
        contextlib.redirect_stdout(io.StringIO()) as printed,
        pytest.MonkeyPatch.context() as patch,
    ):
        handler = signal.getsignal(signal.SIGTERM)
        tiny.register(patch)
        main(["trees", "search", *SEARCH, *map(str, flags)])
        signal.signal(signal.SIGTERM, handler)
    return folder / "run", folder / "other", printed.getvalue()


def test_a_whole_search_begins_with_the_other_tree_and_tells_so(whole, searched):
    run, other, printed = whole
    assert "5 of 5 attributes matched by name" in " ".join(printed.split())
    first = next(event for event in tiny.journal(run) if event["event"] == "round")
    found = read_json(searched / "result.json")["architecture"]
    assert first["architecture"] == found
    stored = read_config(run)["source"]
    assert stored["architecture"] == found
    assert stored["path"] == str(other.resolve())
    assert [match["by"] for match in stored["matches"]] == ["name"] * 5


def test_the_configuration_of_such_a_run_serves_another_one(whole):
    flags = expand_config(TreeSearch, ["--config", str(whole[0] / "config.json")])
    assert flags[flags.index("--warm-start") + 1] == str(whole[1].resolve())


def test_a_run_that_lost_its_first_tree_is_not_resumed(command, whole, tmp_path):
    run = shutil.copytree(whole[0], tmp_path / "run")
    write_json(run / "config.json", {k: v for k, v in read_config(run).items() if k != "source"})
    status, _, err = command("trees", "search", "--out", run, "--resume")
    assert (status, "lacks the tree" in err) == (2, True)


@pytest.mark.slow
def test_resumed_without_the_other_run_it_ends_the_same(command, whole, tmp_path):
    run, gone = tmp_path / "run", shutil.copytree(whole[1], tmp_path / "gone")
    flags = ("--out", run, "--warm-start", gone)
    process = graftwork("trees", "search", *SEARCH, *flags, stop="SIGKILL after 5 step")
    assert process.returncode == -9, process.stderr
    shutil.rmtree(gone)
    status, _, err = command("trees", "search", "--out", run, "--resume")
    assert status == 0, err
    assert tiny.journal(run) == tiny.journal(whole[0])
