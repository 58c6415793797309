"""The run folder: who may write it, and what its journal tells."""

import json
import signal

import pytest
from written_runs import other_process, restored, rounds_of, write

import graftwork
from graftwork import run as run_module
from graftwork.errors import InputError
from graftwork.journal import read_journal
from graftwork.json_text import LARGEST_JOURNAL
from graftwork.run import Run, read_config

pytestmark = pytest.mark.usefixtures("no_waiting_for_the_disk")


# Creating and opening.


def test_a_new_run_holds_its_configuration_and_versions(path):
    with Run.create(path / "deep" / "er", {"seed": 3, "dataset": {"name": "glyphs"}}) as run:
        config = read_config(run.path)
    assert config["format"] == run_module.FORMAT
    assert config["seed"] == 3
    assert config["dataset"] == {"name": "glyphs"}
    assert config["versions"]["graftwork"] == graftwork.__version__
    assert set(config["versions"]) >= {"keras", "tensorflow", "numpy", "python"}


def test_an_empty_folder_will_do(path):
    path.mkdir()
    (path / ".hidden").touch()
    with Run.create(path, {}):
        assert read_config(path)["format"] == run_module.FORMAT


def test_a_run_is_not_overwritten(path):
    write(path, 2)
    written = [path / "config.json", path / "journal.jsonl"]
    before = [file.read_bytes() for file in written]
    with pytest.raises(InputError, match=r"already holds a run.*--resume"):
        Run.create(path, {"seed": 1})
    assert [file.read_bytes() for file in written] == before


def test_a_folder_with_other_files_is_left_alone(path):
    path.mkdir()
    (path / "thesis.tex").write_text("text")
    with pytest.raises(InputError, match=r"holds no run \(it has 'thesis.tex'\)"):
        Run.create(path, {})
    assert [entry.name for entry in path.iterdir()] == ["thesis.tex"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    file = tmp_path / "file"
    file.touch()
    for place in (file, file / "run"):
        with pytest.raises(InputError, match=r"cannot be written.*another --out") as error:
            Run.create(place, {})
        assert str(place) in str(error.value)
        assert "\n" not in str(error.value)


def test_a_lock_that_cannot_be_written_is_named(path):
    write(path, 1)
    (path / "lock").unlink(missing_ok=True)
    (path / "lock").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        Run.resume(path)


def test_creation_that_was_killed_can_be_tried_again(path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("graftwork.files.write_json", killed)
        with pytest.raises(KeyboardInterrupt):
            Run.create(path, {})
    with Run.create(path, {"seed": 0}):
        assert read_config(path)["seed"] == 0


def test_only_a_run_is_resumed(tmp_path, path):
    with pytest.raises(InputError, match=r"holds no run: there is no config\.json"):
        Run.resume(tmp_path)
    path.mkdir()
    for content, message in (
        ('{"format": 99}', "format 1. Received format: 99"),
        ("{}", "Received format: None"),
        ("[]", "Received format: 'list'"),
        ('{"format"', "is not valid JSON"),
        ('{"format": 1, "arguments": []}', "damaged: arguments is a list in place of an object"),
        ('{"format": 1, "command": 7}', "damaged: command is a whole number in place of"),
    ):
        (path / "config.json").write_text(content)
        with pytest.raises(InputError, match=message):
            Run.resume(path)


# The lock.


def test_a_second_writer_in_this_process_is_refused(path):
    with Run.create(path, {}), pytest.raises(InputError, match="another process is writing"):
        Run.resume(path)
    Run.resume(path).close()


def test_a_run_that_another_process_writes_is_refused_until_it_is_killed(path):
    write(path, 1)
    process = other_process("run = Run.resume(path); print('open', flush=True); input()", path)
    with process:
        assert process.stdout.readline() == "open\n"
        with pytest.raises(InputError, match="another process is writing") as error:
            Run.resume(path)
        assert "\n" not in str(error.value)
        with pytest.raises(InputError, match="already holds a run"):
            Run.create(path, {})
        process.send_signal(signal.SIGKILL)
        process.wait()
    with Run.resume(path) as run:
        assert restored(run)[0] == {"round": 0}


# The journal.


def test_the_journal_holds_events_in_their_order(path):
    with Run.create(path, {}) as run:
        run.record("start")
        run.record("round", score=0.5, architecture=[[0, 1]])
        first, second = read_journal(path)
    assert first["event"] == "start"
    assert {k: second[k] for k in ("event", "score", "architecture")} == {
        "event": "round",
        "score": 0.5,
        "architecture": [[0, 1]],
    }
    assert 0 <= first["seconds"] <= second["seconds"]


MEMORY = """
with Run.create(path, {}) as run:
    run.record("start")
    bytearray(b"x") * 200_000_000  # Given back at once.
    run.record("round")
"""


def test_every_event_has_the_most_memory_of_its_process_so_far(path):
    large = bytearray(b"x") * 500_000_000  # Of this process, which starts the other one.
    with other_process(MEMORY, path) as process:
        assert process.wait() == 0
    first, second = (event["memory_mb"] for event in read_journal(path))
    assert 10 < first < 200 <= second < 500 < len(large)


def test_memory_that_the_system_does_not_tell_is_left_out(path, monkeypatch):
    monkeypatch.setattr(run_module, "peak_memory_mb", lambda: None)
    with Run.create(path, {}) as run:
        run.record("start")
    (event,) = read_journal(path)
    assert set(event) == {"event", "seconds"}


def test_a_run_that_did_nothing_has_no_events(path):
    write(path, 0)
    assert read_journal(path) == []


def test_an_event_that_is_no_json_is_refused_whole(path):
    with Run.create(path, {}) as run:
        run.record("start")
        with pytest.raises(ValueError, match="JSON compliant"):
            run.record("round", score=float("nan"))
        assert [event["event"] for event in read_journal(path)] == ["start"]


def test_a_torn_last_line_is_left_out(path):
    write(path, 3)
    journal = path / "journal.jsonl"
    whole = journal.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for size in range(last, len(whole) - 1):
        journal.write_bytes(whole[:size])
        assert rounds_of(path) == [0, 1]
    journal.write_bytes(whole[:-1])  # All but the end of the line.
    assert rounds_of(path) == [0, 1, 2]


def test_a_broken_line_before_the_last_is_named(path):
    write(path, 2)
    journal = path / "journal.jsonl"
    journal.write_bytes(b"{broken\n" + journal.read_bytes())
    with pytest.raises(InputError, match=r"journal\.jsonl, line 1, is not valid JSON"):
        read_journal(path)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1]", "is no event"),
        ('{"event": 1}', "is no event"),
        ('{"event": "round", "score": NaN}', "NaN is no number"),
        ("[" * 9999, "nested"),
    ],
    ids=["list", "no event", "NaN", "deep"],
)
def test_a_line_that_is_no_event_is_named(path, line, reason):
    write(path, 1)
    with open(path / "journal.jsonl", "a") as file:
        file.write(line + "\n")
    with pytest.raises(InputError, match=rf"journal\.jsonl, line 2, .*{reason}"):
        read_journal(path)


def test_a_journal_that_is_none_is_not_read(path):
    write(path, 0)
    with open(path / "journal.jsonl", "wb") as file:
        file.truncate(LARGEST_JOURNAL + 1)
    with pytest.raises(InputError, match="bytes, where at most"):
        read_journal(path)


# Time.


def test_elapsed_time_accumulates_over_interruptions(path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(run_module.time, "monotonic", lambda: now[0])
    with Run.create(path, {}) as run:
        now[0] += 5
        run.checkpoint({})
        now[0] += 2  # Lost: after the last checkpoint.
        assert run.elapsed == 7
    now[0] = 50.0  # Another start of the machine, another zero of the clock.
    with Run.resume(path) as run:
        run.restore()
        now[0] += 3
        assert run.elapsed == 8
        run.record("round")
        run.checkpoint({})
    with Run.resume(path) as run:
        run.restore()
        assert run.elapsed == 8
    assert json.loads((path / "journal.jsonl").read_text())["seconds"] == 8


def test_what_a_killed_process_wrote_half_is_removed_and_nothing_else(tmp_path):
    with Run.create(tmp_path, {}):
        pass
    left = [".result.json.abcd12_x", ".saving.model.keras", ".exporting.tree.onnx"]
    kept = [".gitignore", ".notes.txt", "result.json"]
    for name in left + kept:
        (tmp_path / name).write_text("text")
    with Run.resume(tmp_path):
        names = {path.name for path in tmp_path.iterdir()}
    assert names.isdisjoint(left)
    assert names >= set(kept)


# What is somebody else's.


def test_a_folder_with_checkpoints_or_links_of_others_is_left_alone(tmp_path):
    for number, make in enumerate(
        (
            lambda path: (path / "checkpoints" / "epoch-1").mkdir(parents=True),
            lambda path: (path / "checkpoints").symlink_to(tmp_path),
            lambda path: (path / ".cache").symlink_to(tmp_path),
            lambda path: (path / "lock").symlink_to(tmp_path / "elsewhere"),
        )
    ):
        path = tmp_path / str(number)
        path.mkdir()
        make(path)
        with pytest.raises(InputError, match="holds no run"):
            Run.create(path, {})
    assert (tmp_path / "0" / "checkpoints" / "epoch-1").is_dir()
    assert not (tmp_path / "elsewhere").exists()


def test_hidden_files_and_foreign_checkpoints_outlive_a_run(path):
    (path / ".git").mkdir(parents=True)
    kept = [".env.template", ".git/.cfg.00000000", ".notes.settings", ".my.json.abcdefgh"]
    for name in kept:
        (path / name).write_text("mine")
    with Run.create(path, {}) as run:
        assert run.restore() is None
        run.checkpoint({"round": 0})
    (path / "checkpoints" / "best").mkdir()
    for number in range(3):
        with Run.resume(path) as run:
            assert restored(run)[0] == {"round": number}
            run.checkpoint({"round": number + 1})
    assert all((path / name).read_text() == "mine" for name in kept)
    assert (path / "checkpoints" / "best").is_dir()
