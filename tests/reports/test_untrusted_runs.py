"""Run folders from others: every reader ends in order, whatever their files hold."""

import csv
import itertools
import json
import os
import shutil
import struct
import time
import zlib

import fake_gan_runs
import fake_runs
import fake_transfer_runs
import pytest
from fake_comparison_runs import edit, edit_journal
from mutated_runs import mutate

from graftwork.json_text import LARGEST_JOURNAL
from reports.comparison.csv_files import write_rows
from reports.comparison.latex_text import escape
from reports.gan_samples import LARGEST_IMAGE, read_png, sample_grids
from reports.run_folder import read_run_folder

MAKERS = {
    "trees": fake_runs.make_run,
    "searching": lambda path: fake_runs.make_run(path, finished=False),
    "gans": fake_gan_runs.make_gan_run,
    "apply": fake_transfer_runs.make_apply_run,
    "learn": fake_transfer_runs.make_learn_run,
    "leave-one-out": fake_transfer_runs.make_leave_one_out,
}
CASES = 7
"""Changed copies of every kind of run; as many more as wished were tried when this was written."""
NASTY = "\x1b]0;owned\x07\x1b[2J\x1b[31mname"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    for name, make in MAKERS.items():
        make(folder / name)
    return folder


@pytest.mark.parametrize("seed", range(CASES))
@pytest.mark.parametrize("kind", MAKERS)
def test_changed_files_end_in_an_answer_or_one_line(command, made, tmp_path, kind, seed):
    run = shutil.copytree(made / kind, tmp_path / "run")
    mutate(run, seed)
    whole = (made / "trees", "--out", tmp_path / "report", "--format", "json,csv,markdown")
    commands = [
        ("runs", "list", tmp_path),
        ("runs", "list", tmp_path, "--json"),
        ("runs", "show", run),
        ("runs", "compare", run, made / "trees"),
        ("watch", run, "--once"),
        ("trees", "show", run),
        *([("transfer", "compare", run)] if kind in ("apply", "learn", "leave-one-out") else []),
        *([("report", run, *whole)] if seed == 0 else []),
    ]
    for words in commands:
        started = time.monotonic()
        status, out, err = command(*words)
        assert status in (0, 1, 2), words
        assert "Traceback" not in err
        assert not set("\x1b\x07\0") & set(out + err), words
        assert time.monotonic() - started < 30, words
        if words[0] != "report":
            assert err.count("\n") == (0 if status == 0 else 1), err


def changed(made, tmp_path, kind, **arguments):
    """Returns a copy of a run with other arguments."""
    run = shutil.copytree(made / kind, tmp_path / "run")
    edit(run / "config.json", lambda values: values["arguments"].update(arguments))
    return run


def test_what_no_machine_has_is_not_allocated(command, made, tmp_path):
    """Lists of all seeds, or of all blocks, would not fit into any memory."""
    run = changed(made, tmp_path, "searching", seeds=10**12, blocks=[10**9] * 9, sweeps=10**15)
    for words in (("runs", "show", run), ("watch", run, "--once"), ("runs", "list", tmp_path)):
        assert command(*words)[0] == 0
    edit(run / "config.json", lambda values: values["arguments"].update(seeds=-5, seed=10**400))
    assert command("runs", "show", run)[0] == 0


def test_huge_and_endless_files_are_damage(command, made, tmp_path):
    run = shutil.copytree(made / "searching", tmp_path / "run")
    with open(run / "journal.jsonl", "ab") as file:
        file.truncate(LARGEST_JOURNAL + 1)
    assert "damaged" in command("runs", "show", run)[1]
    assert command("watch", run, "--once")[0] in (0, 2)
    (run / "journal.jsonl").unlink()
    os.mkfifo(run / "journal.jsonl")
    assert "damaged" in command("runs", "show", run)[1]
    status, _, err = command("watch", run, "--once")
    assert status == 0 or err.count("\n") == 1
    (run / "config.json").unlink()
    os.symlink("/dev/zero", run / "config.json")
    for words in (("runs", "show", run), ("runs", "list", tmp_path), ("trees", "show", run)):
        assert command(*words)[0] in (0, 2)


def test_names_cannot_steer_the_terminal(command, made, tmp_path):
    run = shutil.copytree(made / "trees", tmp_path / "run")

    def rename(values):
        values["command"] = values.get("command", "trees search")
        values["dataset"]["name"] = NASTY
        if "attributes" in values:
            values["attributes"][0] = NASTY
        values["dataset"]["attributes"][0] = NASTY

    edit(run / "config.json", rename)
    edit(run / "result.json", rename)
    edit_journal(run, lambda event: event.update(note=NASTY, reason=NASTY))
    for words in (
        ("runs", "list", tmp_path),
        ("runs", "show", run),
        ("runs", "compare", run, made / "trees"),
        ("watch", run, "--once"),
        ("trees", "show", run),
        ("report", run, made / "apply", "--out", tmp_path / "report"),
        ("runs", "show", tmp_path / NASTY),
        ("trees", "train", run),
    ):
        status, out, err = command(*words)
        assert status in (0, 2)
        assert not set("\x1b\x07") & set(out + err), words
    pages = [*(tmp_path / "report").rglob("*.html"), run / "tree.svg"]
    assert len(pages) > 1
    for page in pages:
        assert "\x1b" not in page.read_text("utf-8")


def png(width, height, size=200):
    """Returns the begin of a PNG file that says that it has so many pixels."""
    header = struct.pack(">4s2I5B", b"IHDR", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + bytes(size)


def test_pictures_come_from_the_run_alone_and_are_not_huge(made, tmp_path):
    secret = tmp_path / "secret-final.png"
    secret.write_bytes(png(4, 4))
    run = shutil.copytree(made / "gans", tmp_path / "run")
    shown = len(sample_grids(read_run_folder(run)))
    assert shown
    for seed in ("/../../../secret-final.png\0", "/../../..", str(tmp_path), 10**30, None, [1]):
        edit_journal(run, lambda event, seed=seed: event.update(seed=seed))
        for grid in sample_grids(read_run_folder(run)):
            assert len(grid.png) > 300
    link = run / "samples" / "link-final.png"
    link.symlink_to(secret)
    assert read_png(secret) is not None
    assert read_png(link) is None
    (tmp_path / "large.png").write_bytes(png(LARGEST_IMAGE, 2))
    assert read_png(tmp_path / "large.png") is None
    with open(tmp_path / "secret-final.png", "ab") as file:
        file.truncate(2**30)
    assert read_png(secret) is None
    os.mkfifo(tmp_path / "pipe.png")
    assert read_png(tmp_path / "pipe.png") is None


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", "\r=", " =", "＝"], ids=range(8))
def test_no_cell_of_a_csv_file_is_a_formula(tmp_path, begin):
    text = f'{begin}HYPERLINK("http://x")'
    rows = [[text, -1.5, "-1.5", "+3e5", None, "–", 7], ["a=b", 0, "−1", "x", None, "-", 1]]
    write_rows(tmp_path / "t.csv", [text, "b"], rows)
    with open(tmp_path / "t.csv", encoding="utf-8", newline="") as file:
        header, first, second = csv.reader(file)
    assert header == [f"'{text}", "b"]
    assert first == [f"'{text}", "-1.5", "-1.5", "+3e5", "", "–", "7"]
    assert second == ["a=b", "0", "−1", "x", "", "'-", "1"]


@pytest.mark.parametrize(
    "text",
    [
        r"\input{/etc/passwd}",
        r"\write18{rm}",
        r"^^5cinput{x}",
        "%\n\\def\\a{}",
        "$\\catcode`\\@=0$",
    ],
    ids=range(5),
)
def test_no_name_is_a_command_of_latex(text):
    found = escape(text)
    for command in ("input", "write", "def", "catcode"):
        assert f"\\{command}" not in found
    assert "^^" not in found
    assert "\n" not in found
    # Every backslash begins a word or a sign of ours.
    words = ("textbackslash", "textasciicircum", "allowbreak", "textquotesingle", "{", "}", "%")
    words += ("$", "_", "&", "#", "textasciigrave")
    for before, after in itertools.pairwise(found.split("\\")):
        assert after.startswith(words), (before, after)


def test_a_marker_of_a_report_cannot_name_files_outside(command, made, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    for name in ("../mine.txt", str(tmp_path / "mine.txt"), "a/../../mine.txt", 5, None):
        marker = {"format": 1, "made_by": "graftwork report", "files": {"html": [name]}}
        (out / "files.json").write_text(json.dumps(marker))
        status, _, err = command("report", made / "trees", "--out", out)
        assert (status, err.count("\n")) == (2, 1)
    assert (tmp_path / "mine.txt").read_text() == "mine"
