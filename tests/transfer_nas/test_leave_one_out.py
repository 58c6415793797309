"""Every domain left out once: a run that is killed after the first goes on with the second."""

import contextlib
import io

import pytest
import tiny
import tiny_transfer
from stopped_graftwork import graftwork
from tiny_transfer import transfer

from graftwork.files import read_json

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def gone_on(tmp_path_factory):
    """A run that was killed and ended here.

    Its folder, the process that was killed, the files of the first learning at that time, and
    what was printed afterwards.
    """
    path = tmp_path_factory.mktemp("transfer") / "run"
    first = ("leave-one-out", "--out", path, *tiny_transfer.LEAVE_ONE_OUT)
    process = graftwork("transfer", *first, stop="SIGKILL after 1 record applied")
    left = files(path / "without-bars" / "learn")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        transfer(*first, "--resume")
    return path, process, left, printed.getvalue()


def files(folder):
    """Returns all files of a folder, with their bytes."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_goes_on_inside(gone_on):
    path, process, left, _ = gone_on
    assert process.returncode == -9, process.stderr
    assert left
    assert files(path / "without-bars" / "learn") == left
    events = [event["event"] for event in tiny.journal(path)]
    assert events == ["start", *2 * ["learned on the others", "applied"]]


def test_every_domain_is_left_out_once(gone_on, command):
    path, *_, printed = gone_on
    result = read_json(path / "result.json")
    assert [row["name"] for row in result["domains"]] == ["bars", "marks"]
    for left_out, other in (("bars", "marks"), ("marks", "bars")):
        inside = path / f"without-{left_out}"
        assert [one["name"] for one in read_json(inside / "learn" / "config.json")["domains"]] == [
            other
        ]
        applied = read_json(inside / "apply" / "config.json")
        assert applied["dataset"]["name"] == left_out
        assert applied["source"]["domains"] == [other]
        assert (inside / "apply" / "report.html").exists()
        for name in ("learn", "apply"):  # How to compute, and what to keep, holds inside, too.
            assert read_json(inside / name / "config.json")["arguments"]["keep"] == 3
    assert "left out" in printed
    assert (path / "report.html").exists()
    status, _, error = command("transfer", "leave-one-out", "--out", path, "--resume")
    assert status == 0, error
    assert read_json(path / "result.json") == result
