"""Trees that cannot be trained: tried once more, recorded, and left out of what is compared."""

import signal

import numpy as np
import pytest
import tiny

from graftwork.files import read_json
from graftwork.training import Trainer
from multitask_nas.job_training import JobTrainings
from multitask_nas.standalone import StandaloneTraining
from reports.comparison.runs import read_runs


@pytest.fixture
def sabotage(monkeypatch):
    """`sabotage(spoil)` calls `spoil(kind, index, trainer)` before every call of `Trainer.train`.

    `kind` is None in the search. What it returns is raised; True spoils a weight.
    """
    under_way, train_job, train = [], JobTrainings.train, Trainer.train

    def noted(self, job, *arguments):
        under_way.append(job)
        try:
            return train_job(self, job, *arguments)
        finally:
            under_way.clear()

    def begin(spoil):
        def spoiled(self, *arguments):
            job = under_way[0] if under_way else None
            what = spoil(job and job.kind, job and job.index, self)
            if isinstance(what, BaseException):
                raise what
            if what:
                weight = self.network.weights[0]
                weight.assign(np.full(weight.shape, np.nan, np.float32))
            return train(self, *arguments)

        monkeypatch.setattr(JobTrainings, "train", noted)
        monkeypatch.setattr(Trainer, "train", spoiled)

    return begin


def test_controls_that_fail_are_tried_again_recorded_and_left_out(command, tmp_path, sabotage):
    shared = []

    def spoil(kind, index, trainer):
        if kind is None and trainer.step == 6:
            shared.append(float(trainer.model.optimizer.learning_rate))
            return len(shared) == 1
        if (kind, index) == ("random", 1):
            return trainer.batch_size == 16 and MemoryError("3 GB")
        return (kind, index) == ("random", 2)

    sabotage(spoil)
    path = tmp_path / "run"
    flags = [*tiny.SEARCH, "--random-trees", 3]
    status, out, err = command("trees", "search", "--out", path, *flags)
    assert (status, err) == (0, "")
    # The shared weights went back once, and learned on at half the rate.
    np.testing.assert_allclose(shared, [0.01, 0.005])
    events = tiny.journal(path)
    (restored,) = [event for event in events if event["event"] == "restored"]
    assert "steps 6 to 9; going on from step 6 with learning rate 0.005" in restored["reason"]
    # Memory ran out: half the batch; not finite: another seed, and that was that.
    trained = [event for event in events if event["event"] == "trained"]
    assert [(e["kind"], e["index"], "retried" in e) for e in trained] == [
        ("searched", 0, False),
        ("random", 0, False),
        ("random", 1, True),
    ]
    assert trained[2]["retried"] == {
        **{"seed": 1_000_003, "batch_size": 8},
        "reason": "memory ran out (3 GB)",
    }
    (failed,) = [event for event in events if event["event"] == "failed"]
    assert (failed["method"], failed["kind"], failed["index"]) == ("random trees", "random", 2)
    assert len(failed["architecture"]) == 3
    result = read_json(path / "result.json")
    assert result["failed"] == [
        {name: failed[name] for name in ("method", "seed", "index", "reason")}
    ]
    assert result["status"] == "finished"
    assert [row["trainings"] for row in result["methods"]] == [1, 2]
    assert result["comparison"]["better_than_random"].endswith("of 2")
    assert "random trees 3 of seed 0 failed: " in out
    report = (path / "report.html").read_text()
    assert "1 training failed and counts nowhere (random trees: " in report
    assert "1 training failed at first" in report
    (run,) = read_runs([path])
    assert run.problem.startswith("finished, but parts failed: 1 training failed")


def test_a_run_none_of_whose_searched_trees_can_be_trained_ends_with_one_line(
    command, tmp_path, sabotage
):
    sabotage(lambda kind, index, trainer: kind == "searched")
    path = tmp_path / "run"
    status, _, err = command("trees", "search", "--out", path, *tiny.SEARCH, "--random-trees", 0)
    assert status == 2
    (line,) = err.splitlines()
    assert line.startswith("graftwork: the searched tree (gnas) of seed 0 cannot be trained: ")
    assert "Begin a new run with a lower learning rate" in line
    assert [event["event"] for event in tiny.journal(path)][-2:] == ["searched", "failed"]
    assert not (path / "result.json").exists()


def test_a_searched_tree_that_fails_in_one_seed_is_left_out_of_what_is_compared(
    command, tmp_path, sabotage
):
    seeds = []

    def spoil(kind, index, trainer):
        if kind == "searched":
            seeds.append(trainer.step)
        return kind == "searched" and len(seeds) <= 2  # Both attempts of the first seed.

    sabotage(spoil)
    path = tmp_path / "run"
    status, out, err = command("trees", "search", "--out", path, *tiny.SEARCH, "--seeds", 2)
    assert (status, err) == (0, "")
    assert "searched tree (gnas) of seed 0 failed: " in out
    result = read_json(path / "result.json")
    assert [(row["kind"], row["seeds"]) for row in result["methods"]] == [
        ("random", [0, 1]),
        ("searched", [1]),
    ]
    assert [failed["seed"] for failed in result["failed"]] == [0]
    assert result["comparison"]["better_than_random"].endswith("of 1")
    assert (path / "report.html").exists()


def test_shared_weights_that_fail_twice_end_the_run_with_one_line(command, tmp_path, sabotage):
    sabotage(lambda kind, index, trainer: trainer.step == 3)
    path = tmp_path / "run"
    status, _, err = command("trees", "search", "--out", path, *tiny.SEARCH)
    assert status == 2
    (line,) = err.splitlines()
    assert line == (
        "graftwork: the loss became nan in steps 3 to 6. Begin a new run with a lower "
        "learning rate."
    )
    assert [e["event"] for e in tiny.journal(path)] == ["start", "round", "restored"]


def test_a_final_training_without_memory_is_tried_again_and_saved_when_stopped(
    command, searched_copy, monkeypatch
):
    train, sizes, advance = Trainer.train, [], StandaloneTraining.advance

    def spoiled(self, *arguments):
        sizes.append(self.batch_size)
        if self.batch_size == 16:
            raise MemoryError("3 GB")
        return train(self, *arguments)

    def signalled(self, on_step):
        def noted():
            on_step()
            if self.trainer.batch_size == 8 and next(steps) == 1:
                signal.raise_signal(signal.SIGTERM)

        return advance(self, noted)

    monkeypatch.setattr(Trainer, "train", spoiled)
    words = ("trees", "train", searched_copy, "--steps", 40)
    with monkeypatch.context() as patch:
        steps = iter(range(100))
        patch.setattr(StandaloneTraining, "advance", signalled)
        status, _, err = command(*words)
    assert status == 143
    (line,) = err.splitlines()
    assert line.startswith("graftwork: terminated.")
    newest = max((searched_copy / "checkpoints").iterdir())
    with np.load(newest / "arrays.npz") as arrays:
        assert int(arrays["step"]) == 2
    tried = sizes.count(16)
    status, _, err = command(*words, "--resume")
    assert (status, err, sizes.count(16)) == (0, "", tried)
    trained = tiny.journal(searched_copy)[-1]
    assert trained["retried"]["batch_size"] == 8
    assert "memory ran out (3 GB)" in trained["retried"]["reason"]
