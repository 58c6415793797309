"""From faces to other faces and to pedestrians: the formats of CelebA, LFWA and Market-1501."""

import made_celeba
import made_lfwa
import made_market1501
import pytest
from tiny_transfer import transfer

from graftwork.files import read_json

SMALL = ("--size", "16", "--batch-size", "8", "--reward-images", "12")
LEARNING = (
    *("--attributes", "Male", "Smiling", "--stages", "3", "--channels", "2", "--units", "4"),
    *("--seeds", "1", "--rounds", "1", "--warmup-rounds", "1", "--round-steps", "2"),
    *("--updates", "1", "--batch", "2"),
)
APPLYING = ("--shared-steps", "2", "--fine-tune", "2", "--steps", "0")


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """A strategy learned on two attributes of a small CelebA."""
    folder = tmp_path_factory.mktemp("celeba")
    made_celeba.make(folder / "data")
    flags = ("--dataset", "celeba", "--data-dir", folder / "data", "--out", folder / "run")
    transfer("learn", *flags, *SMALL, *LEARNING)
    return folder / "run"


@pytest.mark.parametrize(
    ("dataset", "made", "attributes"),
    [
        ("lfwa", made_lfwa, ["Male", "Smiling", "Wearing_Hat"]),
        ("market1501", made_market1501, ["female", "hat", "backpack"]),
    ],
    ids=["lfwa", "market1501"],
)
def test_what_is_learned_on_celeba_is_applied_by_flags(
    faces, command, tmp_path, dataset, made, attributes
):
    made.make(tmp_path / "data")
    run = tmp_path / "run"
    flags = ("--dataset", dataset, "--data-dir", tmp_path / "data", "--attributes", *attributes)
    status, out, error = command(
        "transfer", "apply", faces, "--out", run, *flags, *SMALL, *APPLYING
    )
    assert status == 0, error
    result = read_json(run / "result.json")
    assert result["source"]["domains"] == ["celeba"]
    assert result["dataset"]["name"] == dataset
    assert result["attributes"] == attributes
    assert not result["seen"]
    near = {row["attribute"]: row["nearest"] for row in result["nearest"]}
    assert {one["attribute"] for one in near[attributes[0]]} == {"Male", "Smiling"}
    drawn = [row["expected"] for row in result["methods"]]
    assert len(drawn) == 4
    assert all(0 <= value <= 1 for value in drawn)
    assert "random" in out
    assert (run / "report.html").exists()
