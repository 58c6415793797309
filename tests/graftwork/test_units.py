"""Runs of units: what is done is not done again, what was under way goes on."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from graftwork import units
from graftwork.comparison_run import ComparisonRun
from graftwork.files import read_json
from graftwork.journal import read_journal
from graftwork.progress import Progress
from graftwork.run import Run
from graftwork.units import UnitRun

pytestmark = pytest.mark.usefixtures("no_waiting_for_the_disk")


class StopError(Exception):
    """Stands for a kill."""


class Counting(UnitRun):
    """Three units that each count to four; `stop` is called before every count."""

    def __init__(self, run, stop=lambda unit, count: None):
        super().__init__(run)
        self.stop, self.counted = stop, []

    def execute(self):
        self.begin()
        for unit in range(self.done, 3):
            begun = self.steps_done()
            current, arrays = self.take_state()
            count = 0
            if current:
                count = current["count"]
                assert int(arrays["step"]) == begun == count
            while count < 4:
                self.stop(unit, count)
                self.counted.append((unit, count))
                count += 1
                if self.checkpoint_is_due():
                    self.checkpoint({"count": count}, {"step": np.asarray(count)})
            self.run.record("unit", number=unit)
            self.stop(unit, "recorded")
            self.unit_done()


@pytest.fixture(autouse=True)
def always_due(monkeypatch):
    monkeypatch.setattr(units, "SECONDS_BETWEEN_CHECKPOINTS", -1)


def events(path):
    return [(event["event"], event.get("number")) for event in read_journal(path)]


WHOLE = [("start", None), ("unit", 0), ("unit", 1), ("unit", 2)]


def test_an_undisturbed_run_does_every_unit_once(path):
    with Run.create(path, {}) as run:
        counting = Counting(run)
        counting.execute()
        assert counting.counted == [(unit, count) for unit in range(3) for count in range(4)]
        assert counting.event("unit", number=1)["number"] == 1
    assert events(path) == WHOLE


@pytest.mark.parametrize("place", [(0, 0), (0, 2), (1, 0), (1, 3), (1, "recorded"), (2, 1)])
def test_a_stopped_run_goes_on_where_it_was(path, place):
    def stop(unit, count):
        if (unit, count) == place:
            raise StopError

    Run.create(path, {}).close()
    with Run.resume(path) as run:
        first = Counting(run, stop)
        with pytest.raises(StopError):
            first.execute()
    with Run.resume(path) as run:
        second = Counting(run)
        second.execute()
    whole = [(unit, count) for unit in range(3) for count in range(4)]
    assert first.counted + second.counted == whole
    assert events(path) == WHOLE


def test_without_a_checkpoint_inside_a_unit_it_begins_anew(path, monkeypatch):
    monkeypatch.setattr(units, "SECONDS_BETWEEN_CHECKPOINTS", 1e9)

    def stop(unit, count):
        if (unit, count) == (1, 2):
            raise StopError

    Run.create(path, {}).close()
    with Run.resume(path) as run, pytest.raises(StopError):
        Counting(run, stop).execute()
    with Run.resume(path) as run:
        second = Counting(run)
        second.execute()
    assert second.counted[0] == (1, 0)
    assert events(path) == WHOLE


def test_a_state_is_taken_once(path):
    with Run.create(path, {}) as run:
        first = Counting(run)
        first.begin()
        first.checkpoint({"count": 1}, {"step": np.asarray(1)})
        second = Counting(run)
        second.begin()
        assert second.steps_done() == 1
        assert second.take_state()[0] == {"count": 1}
        assert second.take_state() == (None, {})
        assert second.steps_done() == 0


@pytest.mark.parametrize(
    "state",
    [{"x": 1}, {"done": 1, "current": 3}, {"done": "1", "current": None}],
    ids=["foreign", "no unit", "no number"],
)
def test_a_state_of_another_form_gives_way_to_the_one_before(path, state):
    with Run.create(path, {}) as run:
        Counting(run).execute()
        run.checkpoint(state)
        again = Counting(run)
        again.begin()
        assert again.done == 3
    assert events(path)[-1] == ("restored", None)


# Time budgets of searches with their comparisons, seed after seed.


@dataclasses.dataclass(frozen=True)
class Training:
    seed: int
    kind: str

    def to_json(self):
        return dataclasses.asdict(self)

    def accepts(self, result):
        return False


class Comparing(ComparisonRun):
    """Two seeds in 100 s of a clock of the test: rounds of 5 s, a quarter of the time for them.

    The trainings of the first seed end at a given second, those of the second take one.
    """

    WORKER, FINAL = "", "final"

    def __init__(self, run, clock, first_ends, stop=lambda seed: None):
        config = SimpleNamespace(seed=0, seeds=2, steps=1, jobs=1, time_budget="100s")
        super().__init__(config, run, Progress())
        self.clock, self.first_ends, self.stop = clock, first_ends, stop

    def execute(self):
        self.begin()
        return self.compare_all(walked=0)["status"]

    def search(self, seed):
        time_left = self.search_time(seed, 0.25)
        current, _ = self.take_state()
        rounds = current["rounds"] if current else 0
        while time_left():
            self.clock[0] += 5
            rounds += 1
            self.run.record("round", seed=seed)
            self.checkpoint({"rounds": rounds}, {})
            self.stop(seed)
        self.run.record("searched", seed=seed, rounds=rounds, shared_scores=[None, None])
        self.unit_done()

    def jobs_of(self, searched):
        return [Training(searched["seed"], kind) for kind in ("searched", "random")]

    def train(self, job, state, stage):
        if job.seed == 0 and job.kind == "random":
            self.clock[0] = self.first_ends
        else:
            self.clock[0] += 1
        return {"event": "trained", **job.to_json()}

    def summary(self, events, status):
        return {"status": status, "methods": []}


@pytest.fixture
def clock(monkeypatch):
    """The seconds that runs have worked."""
    seconds = [0.0]
    monkeypatch.setattr(Run, "elapsed", property(lambda run: seconds[0]))
    return seconds


@pytest.mark.parametrize(
    ("first_ends", "rounds", "trained", "status"),
    [
        (40, 5, 2, "finished"),  # Until 62.5 s, as if the first had taken all of its time.
        (70, 2, 2, "finished"),  # Until 77.5 s.
        (99.9, 1, 1, "time budget"),
        (100, None, 0, "time budget"),
    ],
)
def test_a_search_has_its_share_of_the_time_that_is_left(
    path, clock, first_ends, rounds, trained, status
):
    with Run.create(path, {}) as run:
        assert Comparing(run, clock, first_ends).execute() == status
    events = read_journal(path)
    searched = {e["seed"]: e["rounds"] for e in events if e["event"] == "searched"}
    assert searched == ({0: 3} if rounds is None else {0: 3, 1: rounds})
    assert sum(e["event"] == "trained" and e["seed"] == 1 for e in events) == trained
    assert read_json(path / "result.json")["status"] == status


@pytest.mark.parametrize("first_ends", [70, 99.9])
def test_a_search_that_is_resumed_ends_when_it_would_have(path, clock, first_ends):
    def stop(seed):
        if seed == 1:
            raise StopError

    with Run.create(path.with_name("whole"), {}) as run:
        status = Comparing(run, clock, first_ends).execute()
    clock[0] = 0.0
    with Run.create(path, {}) as run, pytest.raises(StopError):
        Comparing(run, clock, first_ends, stop).execute()
    with Run.resume(path) as run:
        assert Comparing(run, clock, first_ends).execute() == status
    whole, mine = (
        [{**event, "memory_mb": 0} for event in read_journal(each)]
        for each in (path.with_name("whole"), path)
    )
    assert mine == whole
