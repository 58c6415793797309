"""Checkpoints survive kills and damage, and the journal goes with them."""

import signal
import time

import numpy as np
import pytest
from written_runs import ARRAYS, checkpoints, other_process, restored, rounds_of, write

from graftwork import run as run_module
from graftwork.errors import InputError
from graftwork.journal import read_journal
from graftwork.run import Run

pytestmark = pytest.mark.usefixtures("no_waiting_for_the_disk")


def test_a_checkpoint_comes_back(path):
    write(path, 1)
    with Run.resume(path) as run:
        state, arrays = restored(run)
    assert state == {"round": 0}
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype


def test_a_checkpoint_needs_no_arrays(path):
    write(path, 1, arrays=None)
    with Run.resume(path) as run:
        assert restored(run) == ({"round": 0}, {})


def test_the_newest_two_are_kept(path):
    write(path, 5)
    assert checkpoints(path) == ["00000003", "00000004"]
    with Run.resume(path) as run:
        assert restored(run)[0] == {"round": 4}
        run.checkpoint({"round": 5})
    assert checkpoints(path) == ["00000004", "00000005"]


def test_the_journal_ends_where_the_checkpoint_was_made(path):
    write(path, 3)
    with Run.resume(path) as run:
        run.record("round", round=3)
        with open(path / "journal.jsonl", "a") as file:
            file.write('{"event": "rou')
    with Run.resume(path) as run:
        assert restored(run)[0] == {"round": 2}
        assert rounds_of(path) == [0, 1, 2]
        run.record("round", round=3)
    assert rounds_of(path) == [0, 1, 2, 3]


def test_without_a_checkpoint_the_journal_begins_anew(path):
    with Run.create(path, {}) as run:
        run.record("round", round=0)
    with Run.resume(path) as run:
        assert run.restore() is None
        assert rounds_of(path) == []
        run.record("round", round=0)
    assert rounds_of(path) == [0]


@pytest.mark.parametrize("name", ["state.json", "arrays.npz"])
@pytest.mark.parametrize("damage", ["empty", "half", "zeros", "noise"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(path, name, damage):
    write(path, 3)
    file = path / "checkpoints" / "00000002" / name
    content = file.read_bytes()
    file.write_bytes(
        {
            "empty": b"",
            "half": content[: len(content) // 2],
            "zeros": bytes(len(content)),
            "noise": np.random.default_rng(0).bytes(len(content)),
        }[damage]
    )
    with Run.resume(path) as run:
        assert restored(run)[0] == {"round": 1}
        assert rounds_of(path) == [0, 1]


def test_one_wrong_byte_in_the_arrays_is_never_an_error(path):
    numbers = np.arange(6, dtype="float32")
    write(path, 2, {"w": numbers})
    folder = path / "checkpoints" / "00000001"
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    journal = (path / "journal.jsonl").read_bytes()
    content, found = files["arrays.npz"], set()
    with Run.resume(path) as run:
        for i in range(len(content)):
            folder.mkdir(exist_ok=True)
            (path / "journal.jsonl").write_bytes(journal)
            (folder / "state.json").write_bytes(files["state.json"])
            wrong = content[:i] + bytes([content[i] ^ 0xFF]) + content[i + 1 :]
            (folder / "arrays.npz").write_bytes(wrong)
            state, arrays = restored(run)
            found.add(state["round"])
            # A byte that does not count may be wrong, a number never is.
            np.testing.assert_array_equal(arrays["w"], numbers)
    assert found == {0, 1}


def test_a_checkpoint_that_was_passed_over_does_not_come_back(path):
    write(path, 3)
    (path / "checkpoints" / "00000002" / "state.json").write_text("{")
    with Run.resume(path) as run:
        assert restored(run)[0] == {"round": 1}
        assert restored(run)[0] == {"round": 1}
        run.checkpoint({"round": 2})
        assert restored(run)[0] == {"round": 2}


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '{"state": {}, "journal_bytes": -1, "elapsed": 0}',
        '{"state": {}, "journal_bytes": true, "elapsed": 0}',
        '{"state": {}, "journal_bytes": 0, "elapsed": -1}',
        '{"state": {}, "journal_bytes": 0, "elapsed": 1e999}',
        '{"state": 0, "journal_bytes": 0, "elapsed": 0}',
        "[" * 100_000,
    ],
    ids=["list", "before the journal", "no size", "no time", "endless", "no state", "deep"],
)
def test_a_checkpoint_of_another_form_gives_way_to_the_one_before(path, text):
    write(path, 2)
    (path / "checkpoints" / "00000001" / "state.json").write_text(text)
    with Run.resume(path) as run:
        assert restored(run)[0] == {"round": 0}
        assert rounds_of(path) == [0]


def test_a_run_with_a_link_that_leads_out_of_it_is_not_resumed(path, tmp_path):
    write(path, 1)
    (path / "samples").symlink_to(tmp_path)
    with pytest.raises(InputError, match="leads out of the run"):
        Run.resume(path)


def test_a_checkpoint_ahead_of_the_journal_is_passed_over(path):
    write(path, 3)
    journal = path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-3])
    with Run.resume(path) as run:
        assert restored(run)[0] == {"round": 1}
        assert rounds_of(path) == [0, 1]


def test_where_no_checkpoint_is_whole_no_work_is_thrown_away(path):
    write(path, 3)
    before = rounds_of(path)
    for state in (path / "checkpoints").glob("*/state.json"):
        state.unlink()
    with Run.resume(path) as run, pytest.raises(InputError, match="no checkpoint in"):
        run.restore()
    assert rounds_of(path) == before


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(path):
    with Run.create(path, {}) as run:
        run.record("start")
    with Run.resume(path) as run:
        assert run.restore() is None
        assert read_journal(path) == []


def test_what_a_killed_write_left_is_neither_read_nor_kept(path):
    write(path, 2)
    (path / "checkpoints" / ".00000002.abc").mkdir()
    (path / "checkpoints" / ".00000002.abc" / "state.json").write_text("{")
    with Run.resume(path) as run:
        assert restored(run)[0] == {"round": 1}
    assert checkpoints(path) == ["00000000", "00000001"]


def test_a_failing_write_leaves_the_old_checkpoints(path, monkeypatch):
    write(path, 2)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with Run.resume(path) as run:
        monkeypatch.setattr(np, "savez", full)
        with pytest.raises(OSError, match="No space"):
            run.checkpoint({"round": 2}, ARRAYS)
        assert checkpoints(path) == ["00000000", "00000001"]
        assert restored(run)[0] == {"round": 1}


@pytest.mark.parametrize("milliseconds", [0, 7, 23, 60])
def test_a_kill_at_any_moment_loses_no_checkpoint_and_tears_nothing(path, milliseconds):
    write(path, 0)
    code = """
import numpy as np
run = Run.resume(path)
for i in range(100_000):
    run.record("round", round=i)
    run.checkpoint({"round": i}, {"w": np.full(50_000, i)})
    if i == 3: print("going", flush=True)
"""
    process = other_process(code, path)
    with process:
        assert process.stdout.readline() == "going\n"
        time.sleep(milliseconds / 1000)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with Run.resume(path) as run:
        state, arrays = restored(run)
        last = state["round"]
        assert last >= 3
        assert rounds_of(path) == list(range(last + 1))
        assert (arrays["w"] == last).all()
        run.record("round", round=last + 1)
        run.checkpoint({"round": last + 1})
    assert rounds_of(path) == list(range(last + 2))
    assert len(checkpoints(path)) <= 2


@pytest.mark.parametrize(
    "error", [MemoryError(), OSError(5, "Input/output error"), PermissionError(13, "denied")]
)
def test_an_error_that_may_pass_costs_no_checkpoint(path, monkeypatch, error):
    write(path, 3)

    def fails(*_, **__):
        raise error

    with Run.resume(path) as run:
        for place, name in ((np, "load"), (run_module, "parse_json")):
            with monkeypatch.context() as patch:
                patch.setattr(place, name, fails)
                with pytest.raises(type(error)):
                    run.restore()
        assert checkpoints(path) == ["00000001", "00000002"]
        assert restored(run)[0] == {"round": 2}
        assert rounds_of(path) == [0, 1, 2]


def test_an_array_that_says_it_is_huge_is_damage_and_takes_no_memory(path):
    write(path, 2, {"w": np.zeros(1_000, "uint8")})
    file = path / "checkpoints" / "00000001" / "arrays.npz"
    file.write_bytes(file.read_bytes().replace(b"(1000,), }      ", b"(999999999999,)}"))
    with Run.resume(path) as run:
        assert restored(run)[0] == {"round": 0}


def test_a_damaged_checkpoint_is_there_until_a_newer_one_is_whole(path, monkeypatch):
    write(path, 3)
    (path / "checkpoints" / "00000002" / "state.json").write_text("{")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with Run.resume(path) as run:
        with monkeypatch.context() as patch:
            patch.setattr(np, "savez", full)
            with pytest.raises(OSError, match="No space"):
                run.restore()
        assert restored(run)[0] == {"round": 1}
        assert checkpoints(path) == [".00000002.passed", "00000001"]
        run.checkpoint({"round": 2})
    assert checkpoints(path) == ["00000001", "00000002"]
