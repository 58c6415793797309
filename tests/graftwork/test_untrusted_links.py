"""Links in a run folder from somebody else lead nothing that is written or removed outside."""

import json
import os
import shutil

import pytest
import tiny

from graftwork.errors import InputError
from graftwork.run_links import check_links


@pytest.fixture
def elsewhere(tmp_path):
    """A folder that is none of the run, with a file and a folder."""
    folder = tmp_path / "elsewhere"
    (folder / "00000000").mkdir(parents=True)
    (folder / "00000000" / "mine.txt").write_text("mine")
    (folder / "mine.txt").write_text("mine\n")
    return folder


def contents(folder):
    return {path: path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["journal.jsonl", "checkpoints", "lock", "samples"])
@pytest.mark.parametrize("words", [("search", "--resume"), ("train",), ("show",), ("remove",)])
def test_a_link_that_leads_out_is_refused(command, searched_copy, elsewhere, name, words):
    there = searched_copy / name
    shutil.rmtree(there) if there.is_dir() else there.unlink(missing_ok=True)
    there.symlink_to(elsewhere if name in ("checkpoints", "samples") else elsewhere / "mine.txt")
    before = contents(elsewhere)
    commands = {
        "search": ("trees", "search", "--out", searched_copy, "--resume", *tiny.SEARCH),
        "train": ("trees", "train", searched_copy, "--steps", "1"),
        "show": ("trees", "show", searched_copy),
        "remove": ("runs", "remove", searched_copy, "--yes"),
    }
    status, _, err = command(*commands[words[0]])
    assert (status, err.count("\n")) == (2, 1), err
    assert "a link that leads out of the run" in err
    assert contents(elsewhere) == before
    assert (searched_copy / "config.json").exists()


def test_links_inside_and_to_the_run_itself_are_fine(tmp_path):
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    (run / "checkpoints" / "newest").symlink_to(run / "checkpoints")
    (run / "a.json").symlink_to("b.json")
    (tmp_path / "link").symlink_to(run)
    check_links(run)
    check_links(tmp_path / "link")
    (run / "loop").symlink_to(run / "loop")
    check_links(run)
    (run / "b.json").symlink_to("../config.json")
    with pytest.raises(InputError, match="leads out"):
        check_links(tmp_path / "link")


@pytest.mark.parametrize(
    "path", ["../elsewhere", "../../etc", "a\0b", "x" * 5000, "\x1b[2J"], ids=range(5)
)
def test_runs_remove_takes_no_folder_that_is_no_run(command, tmp_path, elsewhere, path):
    """Names that nobody types, but scripts that read them from a run might."""
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text(json.dumps({"command": "trees search", "arguments": {}}))
    before = contents(elsewhere)
    status, _, err = command("runs", "remove", f"{run}/{path}", "--yes")
    assert status in (1, 2)
    assert "\x1b" not in err
    assert err.count("\n") == 1
    assert contents(elsewhere) == before
    assert os.listdir(run) == ["config.json"]
