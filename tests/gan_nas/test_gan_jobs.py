"""Generators that are trained in a process of their own: what the run itself would record."""

import dataclasses
import json
import os
import weakref
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tiny
from workers_here import WorkersHere

from gan_nas import job_training, job_worker
from gan_nas import setup as gan_setup
from gan_nas.comparison import Job
from gan_nas.job_training import JobTrainings
from gan_nas.quality import Quality
from gan_nas.setup import Setup
from graftwork.engine_options import EngineOptions
from graftwork.files import read_json
from graftwork.job_folder import JobFolder
from graftwork.journal import read_journal
from graftwork.progress import Progress
from graftwork.stopping import StopRequested


@pytest.mark.slow
def test_a_worker_that_is_stopped_trains_what_the_run_would(searched_gan, tmp_path, monkeypatch):
    tiny.register_gan(monkeypatch)
    trained = [event for event in tiny.journal(searched_gan) if event["event"] == "trained"]
    expected = trained[1]
    assert (expected["method"], expected["seed"]) == ("random cells", 0)
    job = {key: expected[key] for key in ("method", "kind", "seed", "index", "networks")}
    job["architecture"] = expected["architecture"]
    words = [EngineOptions().of_worker(), str(expected["steps"]), json.dumps(job)]
    with open(os.devnull, "w") as nowhere:
        folder = JobFolder(tmp_path, nowhere)
    folder.tell = lambda: None
    on_steps, steps = folder.on_steps, []

    def stopping(count):
        steps.append(count)
        on_steps(count)
        if len(steps) == 5:  # In the second pair of its five steps.
            raise StopRequested

    folder.on_steps = stopping
    with pytest.raises(StopRequested):
        job_worker.train(searched_gan, words, folder)
    found = job_worker.train(searched_gan, words, folder)
    del expected["shared_score"]
    assert {k: v for k, v in found.items() if k not in tiny.TIMES} == expected


def test_final_trainings_side_by_side_end_the_same_and_keep_what_is_finished(
    searched_gan_copy, trained_gan, gan_command, monkeypatch
):
    path, workers = searched_gan_copy, WorkersHere(monkeypatch, stop_after=0)
    flags = ("train", path, "--steps", 7)
    # Begun anew, it takes nothing that may be of other steps.
    (path / "jobs" / "final-0").mkdir(parents=True)
    (path / "jobs" / "final-0" / "result.json").write_text('{"event": "trained"}')
    assert gan_command(*flags, "--jobs", 2)[0] == 130
    assert workers.folders == ["final-0"]
    status, _, err = gan_command(*flags, "--resume")
    assert (status, err) == (0, "")
    assert not (path / "jobs").exists()
    assert tiny.journal(path) == tiny.journal(trained_gan)
    results = [read_json(run / "result.json") for run in (path, trained_gan)]
    assert [row["name"] for row in results[0]["methods"]] == [
        row["name"] for row in results[1]["methods"]
    ]
    models = [keras.saving.load_model(run / "generator.keras") for run in (path, trained_gan)]
    for mine, ours in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(mine, ours)


def test_a_generator_of_the_shortlist_that_fails_does_not_keep_the_others(
    searched_gan_copy, gan_command, monkeypatch
):
    def train(self, job, *arguments):
        if job.index in failing:
            return job.failed("the loss became nan, twice")
        found = next(e for e in read_journal(searched_gan_copy) if e["event"] == "trained")
        for key in ("shared_score", "seconds", "memory_mb"):
            found.pop(key, None)
        folder = searched_gan_copy / "jobs" / f"final-{job.index}"
        folder.mkdir(parents=True)
        (folder / "generator.keras").write_text(f"rank {job.index + 1}")
        return found | {"method": job.method, "kind": job.kind, "index": job.index}

    monkeypatch.setattr(JobTrainings, "train", train)
    failing = [0]
    flags = ("train", searched_gan_copy, "--steps", 7, "--top", 2)
    status, out, err = gan_command(*flags)
    assert (status, err) == (0, "")
    assert "final generator of seed 0 failed: the loss became nan, twice" in out
    events = [e for e in tiny.journal(searched_gan_copy) if e.get("kind") == "final"]
    assert [(e["event"], e["index"]) for e in events] == [("failed", 0), ("trained", 1)]
    names = [row["name"] for row in read_json(searched_gan_copy / "result.json")["methods"]]
    assert names[-1] == "final generator, rank 2"
    generator = searched_gan_copy / "generator.keras"
    assert generator.read_text() == "rank 2"
    assert not (searched_gan_copy / "jobs").exists()
    failing.clear()
    assert gan_command(*flags)[0] == 0
    assert generator.read_text() == "rank 1"
    failing += [0, 1]
    status, _, err = gan_command(*flags)
    assert status == 2
    assert err.startswith("graftwork: the final generator cannot be trained: the loss became nan")


def test_before_a_retry_with_fewer_images_the_first_networks_are_dropped(monkeypatch, tmp_path):
    made = {"trainings": [], "pairs": []}

    class Networks:
        def __init__(self, *arguments):
            made["pairs" if isinstance(arguments[0], str) else "trainings"].append(
                weakref.ref(self)
            )
            self.arguments = arguments  # A training has its pair.

    monkeypatch.setattr(job_training, "StandaloneTraining", Networks)
    monkeypatch.setattr(gan_setup, "Pair", Networks)
    setup = Setup.__new__(Setup)  # Without data.
    setup._pairs, setup.progress = {}, Progress()
    for name in ("networks", "data", "loss", "class_numbers"):
        setattr(setup, name, None)
    setup._settings = lambda batch_size: None
    setup.config = SimpleNamespace(steps=5)
    trainings = JobTrainings(setup, tmp_path, None)
    trainings._training("cells", 8)
    trainings._training("DCGAN", 8)
    trainings._training("cells", 4)
    for listed in made.values():
        assert [one() is None for one in listed] == [True, False, False]


CELLS = Job("random cells", "random", 1, 0, "cells", (2, 1))
DCGAN = dataclasses.replace(CELLS, method="DCGAN", kind="baseline", architecture=())
MEASURED = Quality(0.1, 0.2, None, 1.5, 0, 1, 0.5, "attributes", "x", "none", 64, 70, "test")
RESULT = {
    **{"event": "trained", **CELLS.described, "cells": {"generator": []}, "validation_kid": 0.1},
    **{"test": MEASURED.to_json(), "parameters": 9, "flops": 99, "steps": 5},
    "training_seconds": 0.5,
}


def test_what_a_training_returns_is_accepted():
    more = {
        **{"restored": ["back"], "latency_ms": 1.5},
        "retried": {"seed": 3, "batch_size": 4, "reason": "memory ran out"},
    }
    for result in (RESULT, RESULT | more, CELLS.failed("nan") | {"restored": ["back"]}):
        assert CELLS.accepts(json.loads(json.dumps(result)))
    assert DCGAN.accepts({**RESULT, **DCGAN.described, "cells": None})
    assert DCGAN.accepts(DCGAN.failed("nan"))
    assert not DCGAN.accepts(CELLS.failed("nan"))
    assert not CELLS.accepts(CELLS.failed("nan") | {"restored": 5})


@pytest.mark.parametrize(
    "change",
    [
        *({"restored": 5}, {"restored": [5]}, {"shared_score": 0.5}, {"self": 1}, {"seconds": 1.0}),
        *({"reason": ""}, {"event": "failed"}, {"method": "DCGAN"}, {"kind": "searched"}),
        *({"seed": 1.0}, {"index": 1}, {"networks": "DCGAN"}, {"architecture": [1, 2]}),
        *({"test": {}}, {"test": {**MEASURED.to_json(), "images": None}}, {"cells": 3}),
        *({"training_seconds": 0.0}, {"steps": 2**64}, {"latency_ms": None}),
    ],
    ids=lambda change: f"{change}"[:30],
)
def test_what_no_training_of_this_job_returns_is_not_accepted(change):
    assert not CELLS.accepts({**RESULT, **change})
