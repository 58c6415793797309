"""A full disk: a clear line, whole files, and a run that goes on."""

import contextlib
import errno
import os
import resource

import numpy as np
import pytest
from written_runs import ARRAYS, checkpoints, restored, rounds_of, write

from graftwork import files
from graftwork.cli import main
from graftwork.disk import disk_use, full_disk, lost_data
from graftwork.event_files import EventFiles
from graftwork.journal import append_journal, read_journal
from graftwork.run import Run


@contextlib.contextmanager
def no_file_beyond(size):
    """Lets every write fail that makes a file larger: what a quota does, without root rights."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_line_that_does_not_fit_is_taken_back_whole(path):
    write(path, 2)
    journal = path / "journal.jsonl"
    before = journal.read_bytes()
    with no_file_beyond(len(before) + 10), pytest.raises(OSError, match="large") as error:
        append_journal(path, {"event": "round", "round": 2})
    assert error.value.filename == str(journal)
    assert journal.read_bytes() == before
    with Run.resume(path) as run:
        assert restored(run)[0] == {"round": 1}
        run.record("round", round=2)
    assert rounds_of(path) == [0, 1, 2]


def test_half_a_line_that_could_not_be_taken_back_is_dropped_on_resuming(path, monkeypatch):
    write(path, 2)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "truncate", full)
        patch.setattr(os, "fsync", full)
        with Run.resume(path) as run, pytest.raises(OSError, match="No space"):
            run.record("round", round=2)
    journal = path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-9])
    with Run.resume(path) as run:
        restored(run)
        assert rounds_of(path) == [0, 1]


def test_a_checkpoint_that_does_not_fit_leaves_the_newest_whole_and_no_rest(path):
    write(path, 3)
    with Run.resume(path) as run, no_file_beyond(40_000):
        with pytest.raises(OSError, match="large") as error:
            run.checkpoint({"round": 3}, {"w": np.zeros(100_000)})
        assert error.value.filename == str(path / "checkpoints" / "00000003")
    assert sorted(p.name for p in (path / "checkpoints").iterdir()) == ["00000001", "00000002"]
    with Run.resume(path) as run:
        assert restored(run)[0] == {"round": 2}


def save_model(path):
    from graftwork.model_file import save_model

    class Model:
        def save(self, target):
            target.write_bytes(bytes(50_000))

    save_model(Model(), path)


WRITES = {
    "result.json": lambda path: files.write_json(path, ["x" * 50_000]),
    "sample.png": lambda path: write_bytes(path),
    "model.keras": save_model,
}


def write_bytes(path):
    with files.atomic_file(path, "wb") as file:
        file.write(bytes(50_000))


@pytest.mark.parametrize("name", WRITES)
def test_a_file_that_does_not_fit_leaves_the_old_one_and_no_rest(tmp_path, name):
    path = tmp_path / name
    path.write_text("old")
    with no_file_beyond(40_000), pytest.raises(OSError, match="large") as error:
        WRITES[name](path)
    assert error.value.filename == str(path)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_curve_that_does_not_fit_is_named(tmp_path):
    curves = EventFiles(tmp_path)
    curves.scalars("search", 0, {"score": 0.5})
    (file,) = (tmp_path / "search").iterdir()
    with no_file_beyond(file.stat().st_size), pytest.raises(OSError, match="large") as error:
        curves.scalars("search", 1, {"score": 0.6})
    assert error.value.filename == str(file)


def test_the_line_names_the_file_its_disk_and_the_command_to_go_on_with(
    path, monkeypatch, capsys, tmp_path
):
    write(path, 1)

    def full(config):
        raise OSError(errno.ENOSPC, "No space left on device", str(path / "result.json"))

    monkeypatch.setattr("multitask_nas.commands.search", full)
    with pytest.raises(SystemExit) as exit_:
        main(["trees", "search", "--out", str(path)])
    assert exit_.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    mount = tmp_path
    while not os.path.ismount(mount):
        mount = mount.parent
    assert line.startswith(
        f"graftwork: {path}/result.json could not be written (No space left on device): its "
        f"disk, mounted at {mount}, has "
    )
    assert line.endswith(f"Go on with: graftwork trees search --out {path} --resume")


def test_other_errors_are_not_blamed_on_the_disk(tmp_path):
    assert full_disk(OSError(errno.EIO, "Input/output error", "file"), tmp_path) is None
    assert full_disk(OSError(errno.ENOSPC, "No space left"), None) is None
    assert lost_data(ValueError("OSError: images.npy is shorter than it was")) is None


def test_what_a_run_takes_is_told_with_its_checkpoints(path):
    write(path, 2, {"w": np.zeros(500_000)})
    (path / "large").write_bytes(bytes(4_000_000))
    assert disk_use(path) == "run folder: 12.0 MB, of which checkpoints 8.0 MB"


# How much is kept.


@pytest.mark.parametrize("keep", [2, 3, 5])
def test_as_many_checkpoints_stay_as_were_asked_for(path, keep):
    with Run.create(path, {}, keep) as run:
        for i in range(7):
            run.checkpoint({"round": i})
    assert checkpoints(path) == [f"{i:08d}" for i in range(7 - keep, 7)]
    with Run.resume(path, 2) as run:
        assert restored(run)[0] == {"round": 6}
        run.checkpoint({"round": 7})
    assert checkpoints(path) == ["00000006", "00000007"]


def test_a_damaged_newest_checkpoint_is_told_on_the_terminal_and_in_the_journal(path, capsys):
    write(path, 3)
    (path / "checkpoints" / "00000002" / "arrays.npz").write_bytes(b"noise")
    for kept in (ARRAYS, ARRAYS):  # The note stays where the run is killed right after it.
        with Run.resume(path) as run:
            state, arrays = restored(run)
        assert state == {"round": 1}
        assert set(arrays) == set(kept)
    (line,) = capsys.readouterr().err.splitlines()
    (note,) = [event for event in read_journal(path) if event["event"] == "restored"]
    assert "checkpoint 00000002 is damaged" in note["reason"]
    assert note["reason"].endswith("going on from checkpoint 00000001")
    assert line == f"graftwork: {path}: {note['reason']}."
    assert len(checkpoints(path)) == 2


def test_what_a_killed_process_wrote_half_in_a_folder_inside_is_removed(path):
    write(path, 1)
    (path / "samples").mkdir()
    for name in (".search-seed-0-step000005.png.abcd12_x", "search-seed-0-step000005.png"):
        (path / "samples" / name).write_text("x")
    with Run.resume(path):
        assert [entry.name for entry in (path / "samples").iterdir()] == [
            "search-seed-0-step000005.png"
        ]
