"""Trees that are trained side by side: the same journal, whatever is killed."""

import json
import shutil
from pathlib import Path

import pytest
import tiny
from workers_here import WorkersHere, in_turns

from graftwork import side_by_side
from graftwork.engine_options import EngineOptions
from graftwork.job_folder import StopRequested
from multitask_nas import job_worker


def without_last_unit(run):
    """Takes a finished run back to the state before its last unit. Returns that unit's event."""
    last = tiny.journal(run)[-1]
    newest = sorted((run / "checkpoints").iterdir())
    assert json.loads((newest[-2] / "state.json").read_text())["state"]["done"] == 2
    shutil.rmtree(newest[-1])
    return last


def test_a_worker_that_is_stopped_anywhere_trains_what_the_run_would(command, searched, tmp_path):
    expected = [event for event in tiny.journal(searched) if event["event"] == "trained"][1]
    words = [EngineOptions().of_worker(), "0", "1", json.dumps(expected["architecture"])]
    # Evaluations are after every second step: stops between two of them, and right before one.
    folder = in_turns(tmp_path, [3, 3])
    for _ in range(2):
        with pytest.raises(StopRequested):
            job_worker.train(searched, words, folder)
    found = job_worker.train(searched, words, folder)
    del expected["shared_score"]
    assert {k: v for k, v in found.items() if k not in tiny.TIMES} == expected


def test_a_worker_process_trains_what_the_run_would(command, searched_copy, monkeypatch):
    expected, started = tiny.journal(searched_copy), []
    without_last_unit(searched_copy)
    popen = side_by_side.subprocess.Popen
    noted = lambda *words, **more: started.append(words[0]) or popen(*words, **more)  # noqa: E731
    monkeypatch.setattr(side_by_side.subprocess, "Popen", noted)
    monkeypatch.setattr("multitask_nas.search_run.ADDRESS", "tiny_worker:trees")
    tests = Path(tiny.__file__).parent
    monkeypatch.setenv("PYTHONPATH", f"{tests}:{tests.parent}")
    status, _, err = command("trees", "search", "--out", searched_copy, "--resume", "--jobs", 2)
    assert (status, err) == (0, "")
    assert len(started) == 1
    assert tiny.journal(searched_copy) == expected
    assert not (searched_copy / "jobs").exists()


def test_side_by_side_the_journal_is_the_same_whatever_is_interrupted(
    command, searched, tmp_path, monkeypatch
):
    workers = WorkersHere(monkeypatch, stop_after=1)
    path = tmp_path / "run"
    flags = ("--out", path, *tiny.SEARCH, "--jobs", 2)
    assert command("trees", "search", *flags)[0] == 130
    assert workers.folders == ["00001", "00002"]
    assert [entry.name for entry in (path / "jobs").iterdir()] == ["00002"]
    status, _, err = command("trees", "search", *flags, "--resume")
    assert (status, err) == (0, "")
    assert len(workers.folders) == 2
    assert tiny.journal(path) == tiny.journal(searched)
    assert not (path / "jobs").exists()


def test_what_a_worker_has_finished_is_collected_by_a_run_without_workers(command, searched_copy):
    path = searched_copy
    entry = {**without_last_unit(path), "test_error": 12.5, "training_seconds": 3.0}
    folder = path / "jobs" / "00002"
    folder.mkdir(parents=True)
    kept = {k: v for k, v in entry.items() if k != "shared_score"} | {"latency_ms": None}
    (folder / "result.json").write_text(json.dumps(kept))
    assert command("trees", "search", "--out", path, "--resume")[0] == 0
    assert tiny.journal(path)[-1]["test_error"] == 12.5
    assert not (path / "jobs").exists()
