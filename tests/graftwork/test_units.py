"""Runs of units: what is done is not done again, what was under way goes on."""

import numpy as np
import pytest

from graftwork import units
from graftwork.journal import read_journal
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
