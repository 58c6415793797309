"""How a run stands is read from its files and its lock, and reading disturbs nobody."""

import json
import os
import threading
from pathlib import Path

import fake_gan_runs
import fake_runs
import pytest

from graftwork.run import Run
from reports.run_lock import lock_is_held
from reports.run_states import find_runs, is_run, read_state, walk


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.fixture
def run(tmp_path):
    return fake_runs.make_run(tmp_path / "run")


@pytest.fixture
def unfinished(tmp_path):
    return fake_gan_runs.make_gan_run(tmp_path / "unfinished", finished=False)


def test_finished_and_interrupted(run, unfinished):
    state = read_state(run)
    assert (state.state, state.reason) == ("finished", "")
    assert (state.command, state.dataset, state.seeds) == ("trees search", "glyphs", (0, 1, 2))
    assert state.size == sum(file.stat().st_size for file in run.rglob("*") if file.is_file())
    assert state.last_event == (run / "journal.jsonl").stat().st_mtime
    assert read_state(unfinished).state == "interrupted"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("time budget", "time budget"),
        ("finished, but trials failed", "failed"),
        ("failed", "failed"),
    ],
)
def test_the_result_says_how_a_run_ended(run, status, state):
    change(run / "result.json", status=status, failures=[{"reason": "it was killed"}])
    found = read_state(run)
    assert found.state == state
    assert ("it was killed" in found.reason) == (state == "failed")


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("config.json", "{", "config.json is not valid JSON"),
        ("config.json", "[]", "config.json must hold a JSON object"),
        ("config.json", '{"format": 1}', "no command"),
        ("config.json", None, "config.json does not exist"),
        ("config.json", "[" * 100_000, "nested more than 100 levels deep"),
        ("result.json", "\x00\x00", "result.json is not valid JSON"),
        ("journal.jsonl", '{"event": "start"}\n\x00\x00\n{"event": "round"}\n', "line 2"),
        ("journal.jsonl", '{"event": "start"}\n{"event": "rou\n{"event": "round"}\n', "line 2"),
    ],
    ids=range(8),
)
@pytest.mark.parametrize("journal", [False, True])
def test_damage_is_said_and_never_raised(run, file, text, reason, journal):
    (run / file).unlink()
    if text is not None:
        (run / file).write_text(text)
    assert is_run(run)
    state = read_state(run, journal)
    assert state.state == "damaged"
    assert reason in state.reason


def test_a_damaged_journal_of_an_unfinished_run(unfinished):
    text = (unfinished / "journal.jsonl").read_text()
    assert not text.endswith("\n")  # A last line that was cut off is no damage.
    (unfinished / "journal.jsonl").write_text(text.replace("round", "ro\nund", 1))
    assert read_state(unfinished).state == "damaged"


@pytest.mark.parametrize(
    ("version", "state"), [(0, "older format"), (None, "older format"), (2, "newer format")]
)
@pytest.mark.parametrize("file", ["config.json", "result.json"])
def test_another_format(run, file, version, state):
    change(run / file, format=version)
    found = read_state(run)
    assert found.state == state
    assert file in found.reason


def test_a_run_whose_lock_is_held_is_running(run, unfinished):
    for path in (run, unfinished):
        before = sorted(path.rglob("*"))
        assert not lock_is_held(path)
        assert sorted(path.rglob("*")) == before  # No lock file is made.
        with Run.resume(path):
            assert lock_is_held(path)
            assert read_state(path).state == "running"
        assert not lock_is_held(path)  # The file stays; nobody holds it.
        assert (path / "lock").exists()
        assert read_state(path).state != "running"


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="no list of locks here")
def test_looking_never_lets_a_starting_run_fail(run):
    stop = threading.Event()

    def look():
        while not stop.is_set():
            lock_is_held(run)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for thread in lookers:
        thread.start()
    try:
        for _ in range(200):
            Run.resume(run).close()
    finally:
        stop.set()
        for thread in lookers:
            thread.join()


def test_runs_are_found_three_levels_deep(tmp_path):
    folder = tmp_path / "runs"
    for place in ("one", "two/inner", "a/b/three", "a/b/c/four"):
        fake_runs.make_run(folder / place, seeds=1)
    fake_runs.make_run(folder / "one" / "benchmark", seeds=1)  # As `benchmark trees` does.
    (folder / "other").mkdir()
    (folder / "other" / "config.json").write_text('{"model_type": "bert"}')
    (folder / "empty").mkdir()
    os.symlink(folder / "one", folder / "link")
    found = [path.relative_to(folder).as_posix() for path in find_runs(folder)]
    assert found == ["a/b/three", "one", "one/benchmark", "two/inner"]
    assert find_runs(folder / "one")[0] == folder / "one"
    assert find_runs(folder / "nowhere") == []


def test_links_are_not_followed(run, tmp_path):
    (tmp_path / "large").write_bytes(b"0" * 10**6)
    size = read_state(run).size
    os.symlink(tmp_path / "large", run / "link")
    os.symlink(run, run / "loop")
    assert size <= read_state(run).size < size + 1000
    assert {path.name for path, _ in walk(run)} >= {"link", "loop"}
