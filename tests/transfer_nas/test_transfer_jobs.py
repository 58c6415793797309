"""Chosen networks that are trained side by side: each once, and the same journal."""

import dataclasses
import json

import keras
import numpy as np
import pytest
import tiny
import tiny_transfer
from workers_here import WorkersHere, in_turns

from graftwork.engine_options import EngineOptions
from graftwork.files import read_json
from graftwork.stopping import StopRequested
from transfer_nas import job_worker
from transfer_nas.job_training import Job
from transfer_nas.standalone import StandaloneChains


def trained(run):
    """Returns what the journal says of all networks that were trained, with their seeds."""
    return [
        {"seed": event["seed"], **row}
        for event in tiny_transfer.without_times(tiny.journal(run))
        if event["event"] == "trained"
        for row in event["attributes"]
    ]


@pytest.mark.slow
def test_a_worker_that_is_stopped_anywhere_trains_what_the_run_would(applied, tmp_path):
    expected = next(row for row in trained(applied) if row.get("saved"))
    attributes = read_json(applied / "config.json")["dataset"]["attributes"]
    number = attributes.index(expected["attribute"])
    chosen = tuple(expected["architecture"])
    job = Job(expected["seed"], number, expected["attribute"], chosen, 5, keep=True)
    words = [json.dumps(value) for value in (3, 3, "auc", dataclasses.asdict(job))]
    words = [EngineOptions().of_worker(), *words]
    # Evaluations are after every second step: stops right before one, and between two of them.
    folder = in_turns(tmp_path, [2, 1])
    with tiny_transfer.tiny_registered():
        for _ in range(2):
            with pytest.raises(StopRequested):
                job_worker.train(applied, words, folder)
        found = tiny_transfer.without_times(job_worker.train(applied, words, folder))
    assert {**found, "shared_score": expected["shared_score"], "seed": 0} == expected
    name = f"networks/{expected['attribute']}.keras"
    models = [keras.saving.load_model(path / name) for path in (tmp_path, applied)]
    for mine, ours in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(mine, ours)


def test_side_by_side_every_network_is_trained_once_and_none_that_is_finished_is_lost(
    command, learned, applied, tmp_path, monkeypatch
):
    workers = WorkersHere(monkeypatch, at_once=2, stop_after=1)
    path = tmp_path / "run"
    flags = ("--out", path, *tiny_transfer.APPLY, "--seeds", 1)
    status, _, err = command("transfer", "apply", learned, *flags, "--jobs", 2)
    assert (status, len(err.splitlines())) == (130, 1)
    fresh = [row for row in trained(applied) if row["seed"] == 0 and not row.get("reused")]
    assert len(workers.asked) == len(set(workers.asked)) == len(fresh)
    assert trained(path) == []
    assert len(list((path / "jobs").iterdir())) == 2
    # Without workers it takes what they have finished.
    begun = []
    monkeypatch.setattr(StandaloneChains, "begin", counted(begun))
    assert command("transfer", "apply", "--out", path, "--resume", "--jobs", 1)[0] == 0
    assert len([seed for seed in begun if seed]) == len(fresh) - 2
    mine, ours = (tiny_transfer.without_times(tiny.journal(run)) for run in (path, applied))
    assert mine == [event for event in ours if event.get("seed", 0) == 0]
    assert not (path / "jobs").exists()
    for name in ("shared", "networks"):
        names = [{entry.name for entry in (run / name).iterdir()} for run in (path, applied)]
        assert names[0] == names[1] - {"seed-1.npz"}
    listed = [read_json(run / "networks" / "networks.json") for run in (path, applied)]
    assert listed[0] == listed[1]


def counted(begun):
    """Returns a `begin` that notes the seed of every training but that of the trace."""
    begin = StandaloneChains.begin

    def noted(self, architecture, attribute, seed, batch_size=None):
        begun.append(seed)
        begin(self, architecture, attribute, seed, batch_size)

    return noted


CHAIN = Job(1, 2, "cross", (0, 3), 5, keep=False)
RESULT = {
    **{"attribute": "cross", "architecture": [0, 3], "validation_score": 0.9, "test_score": None},
    **{"parameters": 9, "flops": 99, "training_seconds": 0.5},
}


def test_what_a_training_returns_is_accepted():
    kept = dataclasses.replace(CHAIN, keep=True)
    retried = {"retried": {"seed": 3, "batch_size": 8, "reason": "memory ran out"}}
    assert all(map(CHAIN.accepts, (RESULT, RESULT | retried, CHAIN.failed("nan"))))
    assert all(map(kept.accepts, (RESULT | {"saved": True}, kept.failed("nan"))))
    assert not kept.accepts(RESULT)


@pytest.mark.parametrize(
    "change",
    [
        *({"failed": "nan"}, {"shared_score": 0.5}, {"reused": True}, {"saved": True}),
        *({"attribute": "dot"}, {"architecture": [0]}, {"training_seconds": 0}, {"flops": 1.5}),
    ],
    ids=str,
)
def test_what_no_training_of_this_job_returns_is_not_accepted(change):
    assert not CHAIN.accepts({**RESULT, **change})
