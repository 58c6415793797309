"""`graftwork runs`: lists what is there, and removes nothing but what belongs to a run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import fake_gan_runs
import fake_runs
import numpy as np
import pytest

from graftwork.run import Run
from reports.runs_removal import OF_A_RUN

BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "keras", "multitask_nas", "gan_nas"):
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
import json
from graftwork.cli import main
for words in json.loads(sys.argv[1]):
    main(words)
"""


def graftwork(*commands, **options):
    """Calls `graftwork` where neither TensorFlow nor Keras nor a model can be imported."""
    words = json.dumps([list(map(str, command)) for command in commands])
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, words],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A folder with a finished, an interrupted and a damaged run, the oldest first."""
    monkeypatch.setenv("COLUMNS", "120")
    folder = tmp_path / "runs"
    fake_runs.make_run(folder / "trees")
    fake_gan_runs.make_gan_run(folder / "deep" / "gan", finished=False)
    fake_runs.make_run(folder / "broken", attributes=fake_runs.NASTY)
    (folder / "broken" / "result.json").write_text("{")
    for age, name in enumerate(("broken", "deep/gan", "trees")):
        os.utime(folder / name / "config.json", (10**9 - age, 10**9 - age))
    return folder


def checkpointed(path, status="finished", state=None):
    """Makes a run with two checkpoints, the older one with arrays."""
    fake = fake_runs.make_run(path, seeds=1)
    with Run.resume(fake) as run:
        run.checkpoint({"done": 1, "current": {"x": 1}}, {"weights": np.zeros(1000)})
        run.checkpoint(state or {"done": 2, "current": None}, {"weights": np.zeros(1000)})
    result = json.loads((path / "result.json").read_text())
    (path / "result.json").write_text(json.dumps(result | {"status": status}))
    return path


# list


def test_all_runs_are_listed_newest_first(command, runs):
    status, out, err = command("runs", "list", runs)
    assert (status, err) == (0, "")
    rows = [line.split()[:2] for line in out.splitlines()]
    assert rows[1:4] == [["broken", "damaged"], ["deep/gan", "interrupted"], ["trees", "finished"]]
    assert "broken: damaged: result.json is not valid JSON" in out
    assert "3 runs" in out
    assert max(map(len, out.splitlines()[:4])) <= 120


@pytest.mark.parametrize("columns", ["80", "120"])
def test_a_list_fits_its_terminal(command, runs, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    out = command("runs", "list", runs)[1]
    assert max(map(len, out.splitlines()[:4])) <= int(columns)
    assert "interrupted" in out
    assert "gans search" in out


def test_a_list_as_json(command, runs):
    rows = json.loads(command("runs", "list", runs, "--json")[1])
    assert [row["state"] for row in rows] == ["damaged", "interrupted", "finished"]
    assert rows[2]["path"] == str(runs / "trees")
    assert rows[2]["seeds"] == [0, 1, 2]
    searched = [
        event["score"]
        for event in map(json.loads, (runs / "trees" / "journal.jsonl").read_text().splitlines())
        if event["event"] == "searched"
    ]
    result = json.loads((runs / "trees" / "result.json").read_text())
    assert rows[2]["best"]["value"] in (result["shared_score"], max(searched))
    assert rows[2]["started"].startswith("2001-09-09T")
    assert rows[1]["best"]["value"] == -0.021


def test_an_empty_and_a_missing_folder(command, tmp_path):
    assert command("runs", "list", tmp_path)[:2] == (
        0,
        f"No run in {tmp_path}, nor in folders three deep in it.\n",
    )
    status, _, err = command("runs", "list", tmp_path / "nowhere")
    assert status == 2
    assert "is no folder" in err


def test_neither_tensorflow_nor_keras_is_needed(runs):
    done = graftwork(
        ["runs", "list", runs],
        ["runs", "show", runs / "trees"],
        ["runs", "show", runs / "deep" / "gan"],
        ["runs", "compare", runs / "trees", runs / "deep" / "gan"],
        ["watch", runs / "trees", "--once"],
        ["watch", runs / "broken", "--once"],
        ["watch", runs / "deep" / "gan", "--once"],
        ["runs", "remove", runs / "trees", "--yes"],
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not (runs / "trees").exists()


# show and compare


def test_a_run_is_shown(command, runs):
    status, out, err = command("runs", "show", runs / "trees")
    assert (status, err) == (0, "")
    words = " ".join(out.split())
    for part in (
        f"graftwork trees search --config {runs}/trees/config.json --out NEW",
        "17,000 train, 3,600 validation, 3,600 test images, 32×32×1, 24 attributes",
        "seeds 0, 1, 2",
        "keras 3.15.1",
        "learning-rate 0.002",
        "seed 2, search 1,200 training steps, 12 rounds",
        "searched tree: error, test",
        "journal.jsonl",
        f"graftwork trees train {runs}/trees",
    ):
        assert part in words


def test_what_is_left_to_do_is_shown(command, runs):
    words = " ".join(command("runs", "show", runs / "deep" / "gan")[1].split())
    assert "state interrupted" in words
    assert "seed 0, search 6,000" in words
    assert f"graftwork gans search --out {runs}/deep/gan --resume" in words
    out = command("runs", "show", runs / "broken")[1]
    assert "damaged: result.json is not valid JSON" in out
    assert "\x1b" not in out
    status, _, err = command("runs", "show", runs)
    assert status == 2
    assert "is not a run folder" in err


def test_runs_are_compared(command, runs, tmp_path):
    other = fake_runs.make_run(tmp_path / "other", seeds=1)
    config = json.loads((other / "config.json").read_text())
    config["arguments"]["steps"] = 77
    (other / "config.json").write_text(json.dumps(config))
    status, out, _ = command("runs", "compare", runs / "trees", other)
    assert status == 0
    assert "All runs have the same data" in out
    settings = out.split("Differences in configuration")[1]
    rows = [line.split() for line in settings.splitlines()]
    assert ["steps", "600", "77"] in rows
    assert ["seeds", "3", "1"] in rows
    assert "blocks" not in settings
    config["dataset"]["fingerprint"] = "0"
    (other / "config.json").write_text(json.dumps(config))
    assert "the numbers do not compare" in command("runs", "compare", runs / "trees", other)[
        1
    ].replace("\n", " ")
    assert command("runs", "compare", other, other)[0] == 2


# remove


IN_JOBS = tuple(
    f"jobs/00004-1/{name}"
    for name in (
        *("job.json", "result.json", "lock", "log.txt", "networks/one.keras", ".job.json.ab12cd34"),
        *("checkpoints/00000003/state.json", "checkpoints/.00000004.ab12cd34/arrays.npz"),
    )
)


def test_a_run_is_removed_with_all_that_belongs_to_it(command, tmp_path):
    path = checkpointed(tmp_path / "run")
    for name in ("samples/seed0-dcgan-final.png", "tensorboard/a/events.out.tfevents.1", *IN_JOBS):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).touch()
    for name in ("report.html", "model.keras", "tree.svg", ".result.json.abcd_123"):
        (path / name).touch()
    status, out, _ = command("runs", "remove", path, "--yes")
    assert status == 0
    assert "Removed" in out
    assert not path.exists()
    assert list(tmp_path.iterdir()) == []


def test_all_files_of_a_run_that_are_documented_can_be_removed():
    text = (Path(__file__).parents[2] / "docs" / "run-folder.md").read_text(encoding="utf-8")
    table = text[text.index("| file | holds |") :].split("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines()[2:]]
    names = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    assert "journal.jsonl" in names
    for name in names:
        if name.endswith("/"):
            assert f"|{name}" in OF_A_RUN.pattern, name
        else:
            assert OF_A_RUN.fullmatch(name), name


def test_files_of_others_are_named_and_kept(command, tmp_path):
    path = checkpointed(tmp_path / "run")
    foreign = ["notes.txt", "samples/holiday.png", "checkpoints/mine.npz", "data/config.json"]
    for name in foreign:
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text("{}")
    out = command("runs", "remove", path, "--yes")[1]
    left = {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}
    assert left == set(foreign)
    for name in foreign:
        assert f"stays, it is none of the run: {path / name}" in out


def test_a_run_inside_a_run_is_kept_unless_it_is_named(command, tmp_path):
    path = fake_runs.make_run(tmp_path / "run", seeds=1)
    inner = fake_runs.make_run(path / "benchmark", seeds=1)
    assert str(inner) in command("runs", "remove", path, "--yes")[1]
    assert sorted(file.name for file in path.iterdir()) == ["benchmark"]
    assert (inner / "config.json").exists()
    fake_runs.make_run(tmp_path / "second", seeds=1)
    fake_runs.make_run(tmp_path / "second" / "benchmark", seeds=1)
    command("runs", "remove", tmp_path / "second", tmp_path / "second/benchmark", "--yes")
    assert not (tmp_path / "second").exists()


def test_runs_that_a_run_made_go_with_it(command, tmp_path):
    path = fake_runs.make_run(tmp_path / "run", seeds=1)
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(config | {"command": "transfer leave-one-out"}))
    fake_runs.make_run(path / "without-a" / "learn", seeds=1)
    assert command("runs", "remove", path, "--yes")[0] == 0
    assert not path.exists()


def test_what_must_not_go_is_refused(command, tmp_path):
    good = fake_runs.make_run(tmp_path / "good", seeds=1)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "other" / "journal.jsonl").write_text("")
    os.symlink(good, tmp_path / "link")
    leading = fake_runs.make_run(tmp_path / "leading", seeds=1)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "state.json").touch()
    os.symlink(outside, leading / "checkpoints")
    running = fake_runs.make_run(tmp_path / "running", seeds=1)
    before = sorted(tmp_path.rglob("*"))
    for path, part in (
        (tmp_path / "other", "is not a run folder"),
        (tmp_path / "nowhere", "there is no folder"),
        (tmp_path / "link", "is a link"),
        (leading, "leads out of the run"),
    ):
        # One that is refused keeps the others, too.
        status, out, err = command("runs", "remove", good, path, "--yes")
        assert (status, out) == (2, "")
        assert part in err
    assert sorted(tmp_path.rglob("*")) == before
    with Run.resume(running):
        status, _, err = command("runs", "remove", running, "--yes")
        assert status == 2
        assert "is running" in err
    assert (running / "config.json").exists()


@pytest.mark.parametrize(("answer", "gone"), [("yes", True), ("no", False), ("", False)])
def test_it_asks_first(command, tmp_path, monkeypatch, answer, gone):
    path = fake_runs.make_run(tmp_path / "run", seeds=1)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: answer)
    status, out, _ = command("runs", "remove", path)
    assert (status, path.exists()) == (0 if gone else 1, not gone)
    assert ("Nothing was removed." in out) == (not gone)


def test_without_a_terminal_nobody_is_asked(tmp_path):
    path = fake_runs.make_run(tmp_path / "run", seeds=1)
    done = graftwork(["runs", "remove", path], stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert (path / "config.json").exists()


def test_checkpoints_alone(command, tmp_path):
    path = checkpointed(tmp_path / "run")
    others = {file.name for file in path.iterdir()}
    status, out, _ = command("runs", "remove", path, "--checkpoints", "--yes")
    assert status == 0
    assert "commands are as before" in out.replace("\n", " ")
    assert {file.name for file in path.iterdir()} == others
    assert [file.name for file in path.rglob("*.npz")] == []
    with Run.resume(path) as run:
        assert run.restore() == ({"done": 2, "current": None}, {})


@pytest.mark.parametrize(
    ("status", "state", "part"),
    [
        ("time budget", None, "is not finished (time budget)"),
        ("finished", {"done": 2, "current": {"step": 1}}, "was interrupted"),
        ("finished", {"done": 2, "current": None, "training": {"step": 1}}, "was interrupted"),
        (
            "finished",
            {"done": 2, "current": None, "final": {"trained": 0, "current": {"step": 1}}},
            "was interrupted",
        ),
    ],
    ids=["time-budget", "search", "tree", "generator"],
)
def test_checkpoints_that_are_needed_stay(command, tmp_path, status, state, part):
    path = checkpointed(tmp_path / "run", status, state)
    before = sorted(path.rglob("*"))
    code, _, err = command("runs", "remove", path, "--checkpoints", "--yes")
    assert code == 2
    assert part in err
    assert sorted(path.rglob("*")) == before
