"""Two workers search together: one is killed, and all go on to the end of one process alone."""

import pytest
import tiny
from working_together import work_together

from graftwork.files import read_json

pytestmark = pytest.mark.slow

KILLED = "SIGKILL after 1 record round 2"


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """A search by two workers of which the second was killed, then gone on with by both."""
    path = tmp_path_factory.mktemp("together") / "run"
    command = ("trees", "search", "--out", path, "--distribute", "multiworker", *tiny.SEARCH)
    first = work_together(*command, stops=("", KILLED))
    before = tiny.journal(path)
    return path, first, before, work_together(*command, "--resume", stops=("", ""))


def test_the_others_end_with_the_name_of_a_killed_worker(together):
    _, (addresses, (chief, killed)), before, _ = together
    assert killed == (-9, f"worker 1 of 2: works for worker 0 at {addresses[0]}\n", "")
    assert chief[0] == 1
    (line,) = chief[2].splitlines()
    assert line.startswith(f"graftwork: worker 1 at {addresses[1]} does not answer. Start all ")
    assert line.endswith("--resume")
    assert before[-1]["event"] == "round"


def test_all_go_on_to_the_end_of_one_process_alone(together, searched):
    path, _, before, (_, workers) = together
    assert [(status, errors) for status, _, errors in workers] == [(0, ""), (0, "")]
    mine, theirs = tiny.journal(path), tiny.journal(searched)
    assert mine[: len(before)] == before
    assert [event["event"] for event in mine] == [event["event"] for event in theirs]
    assert mine[0] | {"replicas": 1} == theirs[0]
    for one, other in zip(mine[1:], theirs[1:], strict=True):
        assert one["architecture"] == other["architecture"]
        numbers = {key for key, value in other.items() if isinstance(value, float)}
        # Sums of two halves; a logit close to zero may fall to the other side.
        assert {k: one[k] for k in numbers} == pytest.approx(
            {k: other[k] for k in numbers}, abs=0.01
        )
    results = read_json(path / "result.json"), read_json(searched / "result.json")
    assert results[0]["architecture"] == results[1]["architecture"]


def test_only_the_chief_tells_and_writes(together):
    path, _, _, (addresses, (chief, other)) = together
    assert other[1] == f"worker 1 of 2: works for worker 0 at {addresses[0]}\n"
    assert "searched tree" in chief[1]
    assert (path / "report.html").exists()
    assert not list(path.glob("*worker*"))
