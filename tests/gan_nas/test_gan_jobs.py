"""Generators that are trained in a process of their own: what the run itself would record."""

import json
import os

import keras
import numpy as np
import pytest
import tiny
from workers_here import WorkersHere

from gan_nas import job_worker
from graftwork.engine_options import EngineOptions
from graftwork.files import read_json
from graftwork.job_folder import JobFolder, StopRequested


def test_a_worker_that_is_stopped_trains_what_the_run_would(searched_gan, tmp_path, monkeypatch):
    tiny.register_gan(monkeypatch)
    trained = [event for event in tiny.journal(searched_gan) if event["event"] == "trained"]
    expected = trained[1]
    assert (expected["method"], expected["seed"]) == ("random cells", 0)
    words = [EngineOptions().of_worker(), "0", "1", json.dumps(expected["architecture"])]
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
