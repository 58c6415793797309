"""Trees that are trained side by side: the same journal, whatever is killed."""

import json
import shutil
from pathlib import Path

import pytest
import tiny
from workers_here import WorkersHere, in_turns

from graftwork import side_by_side
from graftwork.engine_options import EngineOptions
from graftwork.files import read_json
from graftwork.stopping import StopRequested
from multitask_nas import job_worker
from multitask_nas.comparison import Job
from multitask_nas.networks import Network
from multitask_nas.tree import Tree


def without_last_unit(run):
    """Takes a finished run back to the state before its last unit. Returns that unit's event."""
    last = tiny.journal(run)[-1]
    newest = sorted((run / "checkpoints").iterdir())
    assert json.loads((newest[-2] / "state.json").read_text())["state"]["done"] == 2
    shutil.rmtree(newest[-1])
    return last


def asked(run, event):
    """Returns the arguments of the worker that a network of the space would have."""
    arguments = read_json(run / "config.json")["arguments"]
    tree = Tree.from_json(event["architecture"])
    network = Network(tree, arguments["channels"], arguments["depth"])
    job = Job(*(event[key] for key in ("method", "kind", "seed", "index")), network)
    assert Job.from_json(json.loads(json.dumps(job.to_json()))) == job
    return [str(arguments["steps"]), json.dumps(job.to_json())]


def test_a_worker_that_is_stopped_anywhere_trains_what_the_run_would(command, searched, tmp_path):
    expected = [event for event in tiny.journal(searched) if event["event"] == "trained"][1]
    words = [EngineOptions().of_worker(), *asked(searched, expected)]
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
    monkeypatch.setattr("multitask_nas.search_run.TreeSearchRun.WORKER", "tiny_worker:trees")
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
    (folder / "job.json").write_text(json.dumps(asked(path, entry)))
    assert command("trees", "search", "--out", path, "--resume")[0] == 0
    assert tiny.journal(path)[-1]["test_error"] == 12.5
    assert not (path / "jobs").exists()


@pytest.mark.parametrize("wrong", ["steps", "names"])
def test_what_is_no_result_of_this_training_is_not_collected(
    command, searched, searched_copy, wrong
):
    path, folder = searched_copy, searched_copy / "jobs" / "00002"
    entry = without_last_unit(path)
    folder.mkdir(parents=True)
    words = asked(path, entry)
    if wrong == "steps":
        words[0] = "5"
    result = {**entry, "latency_ms": None, "training_seconds": 1.0}
    if wrong == "steps":
        del result["shared_score"]
    (folder / "result.json").write_text(json.dumps(result))
    (folder / "job.json").write_text(json.dumps(words))
    status, _, err = command("trees", "search", "--out", path, "--resume")
    assert (status, err) == (0, "")
    assert tiny.journal(path) == tiny.journal(searched)


TREE = Job("random trees", "random", 1, 0, Network(Tree(((0, 0), (0, 1, 1))), 3, 1))
RESULT = {
    **{"event": "trained", **TREE.described, "channels": 3, "attribute_errors": [1.0, 2, 3.5]},
    **{"validation_score": 0.9, "validation_error": 10.0, "test_error": 2.2},
    **{"official_error": None, "latency_ms": None, "training_seconds": 0.5},
    **{"parameters": 9, "flops": 99, "steps": 8},
    "retried": {"seed": 3, "batch_size": 8, "reason": "memory ran out"},
}


def test_what_a_training_returns_is_accepted():
    whole = {key: value for key, value in RESULT.items() if key != "retried"}
    failed = TREE.failed("the loss became nan, twice")
    for result in (RESULT, whole, failed):
        assert TREE.accepts(json.loads(json.dumps(result)))
    assert not TREE.accepts(failed | {"self": 1})
    assert not TREE.accepts(failed | {"seed": 2})
    apart = Job("no sharing", "control", 1, 0, Network(Tree(((0,), (0,))), 3, 1, 3), False)
    assert apart.accepts({**RESULT, **apart.described})


@pytest.mark.parametrize(
    "change",
    [
        *({"shared_score": 0.5}, {"self": 1}, {"seconds": 1.0}, {"reason": ""}, {"restored": []}),
        *({"event": "failed"}, {"event": "restored"}, {"event": None}),
        *({"method": "searched tree"}, {"kind": "searched"}, {"seed": True}, {"index": 1}),
        *({"architecture": None}, {"channels": 4}, {"attribute_errors": [1.0]}, {"retried": {}}),
        *({"training_seconds": 0}, {"parameters": -9}, {"flops": 10**400}, {"test_error": "2"}),
    ],
    ids=lambda change: f"{change}"[:30],
)
def test_what_no_training_of_this_job_returns_is_not_accepted(change):
    assert not TREE.accepts({**RESULT, **change})
