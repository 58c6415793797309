"""Configurations in run folders: as they were given, and held to."""

import dataclasses
import json
from pathlib import Path

import pytest

from graftwork.errors import InputError
from graftwork.limits import at_least, positive
from graftwork.run import Run
from graftwork.stored_config import read_arguments, resumed, stored_arguments


@dataclasses.dataclass(frozen=True)
class Search:
    """A configuration with every kind of field."""

    out: Path
    steps: int = 3
    learning_rate: float = 0.1
    widths: tuple[int, ...] = (4,)
    data_dir: Path | None = None
    time_budget: str | None = None
    config: Path | None = None
    resume: bool = False

    def check(self) -> None:
        at_least(self, 1, "steps")
        positive(self, "learning_rate")


def write(config):
    Run.create(config.out, {"arguments": stored_arguments(config)}).close()
    return config


def test_what_was_given_is_read_again(path):
    given = write(Search(path, 5, 0.5, (8, 16), Path("/data"), "1h"))
    assert read_arguments(Search, path) == given


def test_a_relative_path_is_found_from_any_folder(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(Search(path, data_dir=Path("images")))
    monkeypatch.chdir("/")
    assert read_arguments(Search, path).data_dir == tmp_path / "images"


def test_a_moved_run_is_where_it_is_now(path, tmp_path):
    write(Search(path))
    moved = path.rename(tmp_path / "moved")
    assert read_arguments(Search, moved).out == moved


def test_how_it_was_called_is_not_stored(path):
    stored = stored_arguments(Search(path, config=Path("a.toml"), resume=True))
    assert {"resume", "config"}.isdisjoint(stored)
    json.dumps(stored)


def test_resuming_takes_the_stored_values_and_the_new_time_budget(path):
    write(Search(path, 5, time_budget="10m"))
    given = Search(path, 5, time_budget="1h", resume=True)
    assert resumed(given) == Search(path, 5, time_budget="1h", resume=True)


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"steps": 4}, "steps is 5. Received: 4"),
        ({"widths": (4, 8)}, "widths is (4,)"),
        ({"learning_rate": 0.2}, "learning-rate is 0.1"),
        ({"data_dir": Path("/other")}, "data-dir is /data. Received: /other"),
    ],
)
def test_resuming_with_another_value_is_refused(path, changes, flag):
    stored = write(Search(path, 5, data_dir=Path("/data")))
    with pytest.raises(InputError, match="--resume goes on with the configuration") as caught:
        resumed(dataclasses.replace(stored, resume=True, **changes))
    assert flag in str(caught.value)


def test_the_same_folder_by_a_relative_path_is_no_difference(path, tmp_path, monkeypatch):
    write(Search(path, data_dir=tmp_path / "images"))
    monkeypatch.chdir(tmp_path)
    given = Search(path, data_dir=Path("images"), resume=True)
    assert resumed(given).data_dir == tmp_path / "images"


@pytest.mark.parametrize(
    "arguments",
    [
        *([1, 2], "text", None, 3, {"unknown": 1}, {"steps": "many"}, {"steps": 0}),
        *({"data_dir": 3}, {"learning_rate": None}, {"steps": [1]}),
    ],
)
def test_arguments_of_something_else_are_refused(path, arguments):
    write(Search(path))
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(config | {"arguments": arguments}))
    with pytest.raises(
        InputError, match=r"config\.json (holds no arguments of such a search|is damaged)"
    ):
        read_arguments(Search, path)


def test_a_folder_without_a_run_is_named(path):
    with pytest.raises(InputError, match="holds no run"):
        read_arguments(Search, path)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_is_a_finite_number_above_zero(path, value):
    with pytest.raises(InputError, match="learning-rate must be a number above 0"):
        Search(path, learning_rate=value).check()
