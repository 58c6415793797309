"""Progress: plain lines where there is no terminal, a bar where there is one."""

import io

import pytest
from rich.console import Console

from graftwork import progress
from graftwork.progress import Progress, clock


class Clock:
    """A clock that the test moves."""

    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def time(monkeypatch):
    fake = Clock()
    monkeypatch.setattr(progress, "time", fake)
    return fake


@pytest.fixture
def output():
    return io.StringIO()


@pytest.fixture
def plain(output):
    return Progress(Console(file=output, force_terminal=False, soft_wrap=True))


def test_plain_lines_tell_stage_step_note_and_time_left(plain, output, time):
    with plain.stage("training [shared]", total=40, done=20) as stage:
        stage.note("loss 0.31")
        for _ in range(20):
            time.now += 1
            stage.advance()
    assert output.getvalue().splitlines() == [
        "training [shared]: 20/40",
        "training [shared]: 25/40, loss 0.31, 15 s left",
        "training [shared]: 30/40, loss 0.31, 10 s left",
        "training [shared]: 35/40, loss 0.31, 5 s left",
        "training [shared]: 40/40, loss 0.31, 20 s in all",
    ]


def test_quick_steps_print_no_lines_of_their_own(plain, output, time):
    with plain.stage("evaluation", total=1000) as stage:
        for _ in range(10):
            stage.advance(100)
    assert output.getvalue().splitlines() == [
        "evaluation: 0/1000",
        "evaluation: 1000/1000, 0 s in all",
    ]


def test_slow_beginnings_tell_no_time_left(plain, output, time):
    with plain.stage("download", total=2) as stage:
        time.now += 60
        stage.advance(0)
        stage.advance(2)
    assert output.getvalue().splitlines() == [
        "download: 0/2",
        "download: 2/2, 1 min 00 s in all",
    ]


def test_a_callback_opens_one_stage_after_another(plain, output, time):
    with plain.callback() as report:
        report("drawing", 0, 2)
        time.now += 6
        report("drawing", 1, 2)
        report("drawing", 2, 2)
        report("writing", 3, 3)
    assert output.getvalue().splitlines() == [
        "drawing: 0/2",
        "drawing: 1/2, 6 s left",
        "drawing: 2/2, 6 s in all",
        "writing: 0/3",
        "writing: 3/3, 0 s in all",
    ]


def test_plain_lines_hold_no_control_characters(plain, output, time):
    with plain.stage("search", total=1) as stage:
        stage.advance()
    assert "\x1b" not in output.getvalue()
    assert "\r" not in output.getvalue()


def test_an_error_does_not_claim_the_end(plain, output):
    with pytest.raises(ZeroDivisionError), plain.stage("search", total=2):
        raise ZeroDivisionError
    assert "in all" not in output.getvalue()


def test_a_terminal_gets_a_bar(output):
    console = Console(file=output, force_terminal=True, width=120)
    with Progress(console).stage("search", total=4, done=1) as stage:
        stage.note("score 0.9")
        stage.advance(3)
    shown = output.getvalue()
    assert "search" in shown
    assert "4/4" in shown
    assert "score 0.9" in shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (42.4, "42 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599.7, "1 h 00 min"),
        (7620, "2 h 07 min"),
    ],
)
def test_durations_are_written_as_people_do(seconds, text):
    assert clock(seconds) == text
