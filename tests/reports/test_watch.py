"""`graftwork watch` follows a journal that grows, is cut and grows again, and ends with the run."""

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import fake_gan_runs
import fake_runs
import pytest
from rich.console import Console

from graftwork.run import Run
from reports.run_folder import RunFolder
from reports.run_progress import current, units
from reports.run_states import RunState, read_state
from reports.watch_chart import curve, floor_of, resample
from reports.watch_frame import Cropped, frame
from reports.watch_journal import FollowedJournal


def lines(*numbers):
    return "".join(json.dumps({"event": "round", "round": n}) + "\n" for n in numbers)


def rounds(journal):
    return [event["round"] for event in journal.events]


def shown(state, width=100):
    console = Console(width=width, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(frame(state, state.last_event + 1, width))
    return console.export_text()


# The journal.


def test_a_journal_is_followed(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = FollowedJournal(path)
    assert not journal.read()  # Not there yet.
    path.write_text(lines(0, 1) + '{"event": "rou')
    assert journal.read()
    assert rounds(journal) == [0, 1]
    assert not journal.read()
    path.write_text(lines(0, 1) + '{"event": "round", "round": 2}\n')
    assert journal.read()
    assert rounds(journal) == [0, 1, 2]


@pytest.mark.parametrize(
    "after",
    [lines(0, 1), lines(0, 1, 7), lines(0, 1, 7, 8), lines(0, 1, 7, 8, 9, 10), ""],
    ids=["shorter", "as-long-less-one", "as-long", "longer", "empty"],
)
def test_a_journal_that_a_resume_cut_is_read_anew(tmp_path, after):
    path = tmp_path / "journal.jsonl"
    path.write_text(lines(0, 1, 2, 3))
    journal = FollowedJournal(path)
    journal.read()
    path.write_text(after)  # Cut and grown again between two looks.
    assert journal.read()
    assert rounds(journal) == [json.loads(line)["round"] for line in after.splitlines()]
    path.write_text(after + lines(11))
    journal.read()
    assert rounds(journal)[-1] == 11
    assert len(journal.events) == len(after.splitlines()) + 1


def test_a_broken_line_is_counted(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text(lines(0) + "\x00\x00\n[1]\n" + lines(1))
    journal = FollowedJournal(path)
    journal.read()
    assert (rounds(journal), journal.broken) == ([0, 1], 2)


# Curves.


def test_a_curve_has_its_highest_and_lowest_value_at_the_edges():
    drawn = curve([0.0, 1.0, None, 2.0, 4.0], 10, 2)
    assert [len(line) for line in drawn] == [5, 5]
    assert drawn[0][4] == drawn[1][4] == "█"
    assert (drawn[0][0], drawn[1][0]) == (" ", "▁")
    assert (drawn[0][2], drawn[1][2]) == (" ", " ")  # A gap, not a zero.
    assert curve([3.0, 3.0], 5, 1) == ["▄▄"]
    assert curve([None, None], 5, 1) == curve([], 5, 1) == [""]


def test_resampling_keeps_the_mean_of_neighbours():
    assert resample([1.0, 3.0, None, 5.0], 2) == [2.0, 5.0]
    assert len(resample(list(range(1000)), 77)) == 77
    assert resample([1.0, 2.0], 5) == [1.0, 2.0]


def test_one_very_low_score_hides_nothing():
    scores = [-1300.0, *(-5.0 + 0.1 * n for n in range(40))]
    assert floor_of(scores) > -20
    assert curve(scores, 50, 1, floor_of(scores))[0][0] == "▁"
    assert len(set(curve(scores, 50, 1, floor_of(scores))[0])) > 4
    assert floor_of([0.7, 0.75, 0.8, 0.85]) == 0.7
    assert floor_of([None]) is None


# Progress.


def test_progress_and_time_left(tmp_path):
    run = fake_runs.make_run(tmp_path / "run", seeds=2)
    (run / "result.json").unlink()
    state = read_state(run)
    config = state.run.config
    config["arguments"] |= {"round_steps": 100, "warmup_rounds": 6, "sweeps": 4}
    events = state.run.events[:6]  # The start and five rounds, one a second, of 18.

    def progress(events):
        return units(
            RunState(RunFolder(run, config, events, {}), "running", "", state.started, 0.0)
        )

    unit = current(progress(events))
    assert (unit.name, unit.seed, unit.done, unit.total) == ("search", 0, 500, 1800)
    assert unit.seconds_left == pytest.approx(13.0)
    searched = {**state.run.events[13], "shared_scores": [0.5] * 6}
    assert searched["event"] == "searched"
    trained = [
        {"event": "trained", "seed": 0, "kind": "random", "seconds": 40.0 + 10 * n} for n in (0, 1)
    ]
    final = {"event": "trained", "seed": 0, "kind": "fine-tuned", "seconds": 99.0}
    unit = current(progress([*events, searched, *trained, final]))
    assert (unit.name, unit.done, unit.total) == ("comparison", 2, 6)
    assert unit.seconds_left == pytest.approx(40.0)


# Views.


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("width", [80, 120])
def test_trees_are_shown(tmp_path, finished, width):
    text = shown(read_state(fake_runs.make_run(tmp_path / "run", finished=finished), True), width)
    for part in ("trees search", "accuracy over 12 rounds", "random trees", "monospace", "▁", "█"):
        assert part in text
    assert ("Go on: graftwork trees search" in text) == (not finished)
    assert max(map(len, text.splitlines())) <= width


def test_generators_are_shown(tmp_path):
    text = shown(read_state(fake_gan_runs.make_gan_run(tmp_path / "run"), True))
    for part in ("−KID over 30 rounds", "entropy", "discriminator loss", "stage 3: Node 1 adds"):
        assert part in text


def test_nasty_names_are_harmless(tmp_path):
    run = fake_runs.make_run(tmp_path / "run", attributes=fake_runs.NASTY)
    text = shown(read_state(run, True))
    assert "\x1b" not in text
    assert "[red]bold[/red]" in text


def make_run(path, command, events, result=None, **config):
    path.mkdir()
    whole = {"format": 1, "command": command, "arguments": {"seed": 0, "seeds": 1}, **config}
    (path / "config.json").write_text(json.dumps(whole))
    (path / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    if result:
        (path / "result.json").write_text(json.dumps(result))
    return path


def test_a_benchmark_is_shown(tmp_path):
    trials = [
        {
            "event": "trial",
            "strategy": name,
            "seed": seed,
            "checkpoints": [{"evaluations": 10, "quality": 90.0}, {"quality": 91.0 + seed}],
            "seconds": 2.0 * seed,
        }
        for seed in range(3)
        for name in ("random", "tpe")
    ]
    run = make_run(tmp_path / "run", "benchmark nats", [{"event": "start", "trials": 10}, *trials])
    text = shown(read_state(run, True))
    assert "trials: 6 of 10 trials" in text
    assert "92.00%" in text  # The mean of 91, 92 and 93.


def test_transfer_runs_are_shown(tmp_path):
    learning = [
        {
            "event": "round",
            "seed": 0,
            "round": n,
            "loss": {"a": 0.5, "b": 0.25},
            "reward": 0.5 + n / 10,
            "entropy": 1.5,
            "attribute_rewards": {"a/bold": 0.625 + n / 1000},
            "seconds": n,
        }
        for n in range(3)
    ]
    text = shown(read_state(make_run(tmp_path / "learn", "transfer learn", learning), True))
    for part in ("mean reward over 3 rounds", "0.375 now", "a/bold", "0.627"):
        assert part in text
    rows = [{"attribute": "x", "score": 0.75, "expected": 0.5, "rewards": []}]
    applied = [
        {"event": "shared", "seed": 0, "seconds": 1.0},
        {"event": "searched", "seed": 0, "method": "transferred", "attributes": rows},
    ]
    text = shown(read_state(make_run(tmp_path / "apply", "transfer apply", applied), True))
    assert "searches: 1 of 4 methods" in text
    assert "0.750" in text


@pytest.mark.parametrize(
    "event",
    [
        {"event": "round"},
        {"event": "round", "seed": 0, "score": "high", "architecture": "x", "loss": []},
        {"event": "searched", "seed": 0, "shortlist": [{"cells": {"generator": [1]}}]},
        {"event": "searched", "seed": 0, "architecture": [[5]], "shared_scores": 3},
        {"event": "trained"},
        {"event": "trial", "strategy": "a", "checkpoints": None},
        {"event": 3},
    ],
    ids=range(7),
)
@pytest.mark.parametrize(
    "command", ["trees search", "gans search", "benchmark nats", "transfer learn", "transfer apply"]
)
def test_events_of_another_shape_are_no_traceback(tmp_path, command, event):
    run = make_run(tmp_path / "run", command, [event, event], dataset={"attributes": ["a", "b"]})
    assert command in shown(read_state(run, True))


def test_a_view_is_no_higher_than_the_terminal(tmp_path):
    state = read_state(fake_runs.make_run(tmp_path / "run"), True)
    console = Console(width=80, height=20, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(Cropped(frame(state, 0.0, 80), 20))
    text = console.export_text().splitlines()
    assert len(text) <= 20
    assert "more lines" in text[-1]


# The command.


def test_one_view_where_there_is_no_terminal(command, tmp_path):
    run = fake_runs.make_run(tmp_path / "run")
    for words in ([], ["--once"]):
        status, out, err = command("watch", run, *words)
        assert (status, err) == (0, "")
        assert "trees search" in out
        assert "\x1b" not in out


def test_what_is_no_run_is_refused(command, tmp_path):
    for path, part in ((tmp_path / "later", "there is no folder"), (tmp_path, "is not a run")):
        status, out, err = command("watch", path)
        assert (status, out) == (2, "")
        assert part in err
        assert len(err.splitlines()) == 1
    status, _, err = command("watch", fake_runs.make_run(tmp_path / "run"), "--interval", "0")
    assert (status, "interval must be above 0" in err) == (2, True)


def test_a_command_of_one_word(command):
    status, out, _ = command("watch", "--help")
    assert status == 0
    assert "Example: graftwork watch runs/glyphs" in out
    assert "usage: graftwork watch" in out
    status, _, err = command("watch")
    assert status == 2
    for words in (["wach"], ["wacht", "runs/glyphs"]):
        status, _, err = command(*words)
        assert status == 2
        assert f"unknown command '{words[0]}'. Did you mean watch?" in err
    status, out, _ = command("--help")
    assert status == 0
    assert "graftwork watch " in out


class Terminal:
    """`graftwork` in a terminal of its own."""

    def __init__(self, *words):
        self.main, other = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "graftwork.cli", *map(str, words)],
            stdin=other,
            stdout=other,
            stderr=other,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
        os.close(other)
        self.output = b""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while text := os.read(self.main, 65536):
                self.output += text
        except OSError:
            return

    def wait_for(self, text):
        until = time.monotonic() + 30
        while text.encode() not in self.output:
            assert time.monotonic() < until, self.output[-2000:]
            time.sleep(0.05)

    def end(self):
        status = self.process.wait(30)
        time.sleep(0.2)
        return status, self.output.decode(errors="replace")


def test_a_running_search_is_watched_until_it_ends(tmp_path):
    path = fake_runs.make_run(tmp_path / "run", seeds=1)
    result = (path / "result.json").read_text()
    journal = (path / "journal.jsonl").read_text().splitlines(keepends=True)
    (path / "result.json").unlink()
    (path / "journal.jsonl").write_text("".join(journal[:4]))
    with Run.resume(path):
        terminal = Terminal("watch", path, "--interval", "0.1")
        terminal.wait_for("over 3 rounds")
        (path / "journal.jsonl").write_text("".join(journal[:6]))
        terminal.wait_for("over 5 rounds")
        (path / "journal.jsonl").write_text("".join(journal[:2]))  # As a resume does.
        terminal.wait_for("over 1 round\x1b")
        (path / "journal.jsonl").write_text("".join(journal))
        (path / "result.json").write_text(result)
        assert terminal.process.poll() is None
    status, output = terminal.end()
    assert status == 0
    assert "finished" in output
    assert "Traceback" not in output


def test_ctrl_c_ends_watching(tmp_path):
    path = fake_runs.make_run(tmp_path / "run", finished=False)
    terminal = Terminal("watch", path)
    terminal.wait_for("interrupted")
    time.sleep(0.3)
    terminal.process.send_signal(signal.SIGINT)
    status, output = terminal.end()
    assert status == 130
    assert "Traceback" not in output
    assert output.rstrip().endswith("graftwork: stopped.")
    assert "Go on: graftwork trees search" in output.replace("\r\n", " ")
