"""The runs of a comparison and what is read of them: right numbers, and no trust in files."""

import copy
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_gan_runs import make_gan_run
from fake_runs import NASTY, make_run
from fake_transfer_runs import make_apply_run, make_learn_run, make_leave_one_out
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_benchmark_report import make_benchmark

from graftwork.errors import InputError
from reports.comparison.configuration import configuration_section
from reports.comparison.document import Table
from reports.comparison.methods import methods_section
from reports.comparison.problems import problems_section
from reports.comparison.published import published_section
from reports.comparison.results import all_results, by_protocol, method_results
from reports.comparison.runs import ComparedRun, read_runs
from reports.comparison.summary import summary
from reports.run_states import listed

BUILDERS = (methods_section, published_section, configuration_section, problems_section)
MAKERS = {
    "trees": make_run,
    "gans": make_gan_run,
    "transfer": make_apply_run,
    "learning": make_learn_run,
    "benchmark": make_benchmark,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("made")
    return {kind: make(folder / kind) for kind, make in MAKERS.items()}


def events_of(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "journal.jsonl").read_text().splitlines()]


def one(path: Path) -> ComparedRun:
    (run,) = read_runs([path])
    return run


def by_name(run: ComparedRun) -> dict[str, Any]:
    return {result.method: result for result in method_results(run)}


def apart(paths: list[Path]) -> list[Path]:
    """Makes the journals of runs differ, as those of different runs do: else they are copies."""
    for number, path in enumerate(paths):
        with open(path / "journal.jsonl", "a", encoding="utf-8") as journal:
            journal.write(json.dumps({"event": "other", "number": number}) + "\n")
    return paths


def check(runs: list[ComparedRun]) -> None:
    """Builds everything, and looks whether tables are tables."""
    assert all(isinstance(text, str) and text for text in summary(runs))
    for builder in BUILDERS:
        section = builder(runs)
        for block in section.blocks if section else ():
            if isinstance(block, Table):
                assert {len(row) for row in block.rows} <= {len(block.columns)}
                assert all(isinstance(cell.text, str) for row in block.rows for cell in row)


# Which runs there are.


def test_every_kind_is_known_by_its_command(made):
    runs = read_runs(list(made.values()))
    assert [run.kind for run in runs] == list(made)
    assert not any(run.problem for run in runs)
    check(runs)


def test_names_are_the_shortest_that_tell_runs_apart(tmp_path):
    paths = [tmp_path / "a" / "x", tmp_path / "b" / "x", tmp_path / "b" / "y"]
    for path in paths:
        make_run(path, seeds=1)
    runs = read_runs([*paths, tmp_path / "b" / ".." / "a" / "x"])
    assert [run.name for run in runs] == ["a/x", "b/x", "y"]


def test_broken_runs_stand_beside_whole_ones_with_their_reasons(tmp_path, made):
    unfinished = make_run(tmp_path / "unfinished", finished=False)
    older = shutil.copytree(made["trees"], tmp_path / "older")
    newer = shutil.copytree(made["trees"], tmp_path / "newer")
    for folder, version in ((older, 0), (newer, 2)):
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | {"format": version}))
    damaged = shutil.copytree(made["trees"], tmp_path / "damaged")
    lines = (damaged / "journal.jsonl").read_text().splitlines()
    (damaged / "journal.jsonl").write_text("\n".join([lines[0], "{broken", *lines[1:]]))
    empty = tmp_path / "empty"
    empty.mkdir()
    paths = [made["gans"], unfinished, older, newer, damaged, empty, tmp_path / "not there"]
    runs = read_runs(paths)
    assert [run.problem.partition(":")[0] for run in runs] == [
        *("", "unfinished", "older version", "newer version", "damaged", "no run", "no run")
    ]
    assert [run.folder is not None for run in runs] == [True, True, *[False] * 5]
    assert "line 2" in runs[4].problem
    check(runs)
    problems = problems_section(runs)
    (table,) = [block for block in problems.blocks if isinstance(block, Table)]
    assert [row[0].text for row in table.rows] == [run.name for run in runs[1:]]
    assert table.rows[0][4].text != table.rows[1][4].text
    assert problems_section(runs[:1]) is None


@pytest.mark.parametrize("kind", ["trees", "gans", "benchmark"])
def test_a_journal_that_lost_trainings_is_damaged(tmp_path, made, kind):
    torn = shutil.copytree(made[kind], tmp_path / "torn")
    lines = (torn / "journal.jsonl").read_text().splitlines(keepends=True)
    places = [
        i for i, line in enumerate(lines) if json.loads(line)["event"] in ("trained", "trial")
    ]
    # The end of a line is a place to be cut at, too.
    (torn / "journal.jsonl").write_text("".join(lines[: places[-1]]))
    runs = read_runs([made["learning"], torn])
    assert runs[1].problem.startswith("damaged: its journal is not whole: it has ")
    assert runs[1].folder is None
    assert {result.run.name for result in all_results(runs)} == {"learning"}
    check(runs)


def test_a_copy_of_a_run_is_no_other_run(tmp_path, made):
    copy = shutil.copytree(made["trees"], tmp_path / "copied")
    runs = read_runs([made["trees"], made["gans"], copy])
    assert [run.problem.partition(";")[0] for run in runs] == ["", "", "copy: a copy of trees"]
    assert {result.run.name for result in all_results(runs)} == {"trees", "gans"}
    check(runs)


@pytest.mark.parametrize("kind", ["trees", "gans"])
def test_a_folder_of_images_is_called_by_its_name(tmp_path, made, kind):
    path = shutil.copytree(made[kind], tmp_path / "run")
    for file in ("config.json", "result.json"):
        values = json.loads((path / file).read_text())
        if "dataset" in values:
            values["dataset"]["name"] = "folder"
        if "arguments" in values:
            values["arguments"]["data_dir"] = "/data/emoji/images/"
        (path / file).write_text(json.dumps(values))
    run = one(path)
    assert run.folder.dataset["name"] == "folder images"
    protocol = method_results(run)[0].protocol
    assert protocol.dataset == "folder images"
    assert not {"0", "none", ""} & set(dict(protocol.details).values())
    check([run])


def test_without_any_readable_run_there_is_an_error_that_names_them(tmp_path):
    with pytest.raises(InputError, match="not there: no run"):
        read_runs([tmp_path / "not there"])
    with pytest.raises(InputError, match="no run was given"):
        read_runs([])


# What the methods reached.


def test_values_of_trees_are_means_of_the_journal_by_seed(made):
    found = by_name(one(made["trees"]))
    random_trees = found["random trees"]
    for seed in range(3):
        errors = [
            event["test_error"]
            for event in events_of(made["trees"])
            if event.get("method") == "random trees" and event["seed"] == seed
        ]
        assert len(errors) == 10
        assert random_trees.values[seed] == pytest.approx(np.mean(errors))
    assert random_trees.trainings == 30
    searched = found["searched tree (gnas)"]
    assert searched.search_seconds == pytest.approx(25.5)
    assert random_trees.search_seconds == 0
    assert searched.parameters == 31234
    serif = [e for e in events_of(made["trees"]) if e.get("method") == "searched tree (gnas)"]
    assert searched.attributes["serif"][1] == serif[1]["attribute_errors"][0]
    assert searched.protocol.split == "test"
    assert (searched.protocol.metric, searched.protocol.unit) == ("test error", "%")


def test_values_of_generators_are_kids_times_a_thousand(made):
    found = by_name(one(made["gans"]))
    searched = found["searched cells (agan)"]
    event = next(e for e in events_of(made["gans"]) if e.get("kind") == "searched")
    assert searched.values[0] == pytest.approx(1000 * event["test"]["kid"])
    assert searched.others["FID"][0] == event["test"]["fid"]
    assert searched.protocol.lower_is_better
    shared = [result for result in found.values() if result.kind == "shared"]
    assert not any(result.ranked for result in shared)


def test_values_of_transfer_are_means_over_attributes(made):
    found = by_name(one(made["transfer"]))
    event = next(e for e in events_of(made["transfer"]) if e["event"] == "trained")
    scores = [row["test_score"] for row in event["attributes"] if row["test_score"] is not None]
    assert found[event["method"]].values[event["seed"]] == pytest.approx(np.mean(scores))
    assert not found[event["method"]].protocol.lower_is_better


def test_values_of_a_benchmark_are_those_at_the_end_of_the_budget(made):
    found = by_name(one(made["benchmark"]))
    trial = next(e for e in events_of(made["benchmark"]) if e["event"] == "trial")
    result = found[trial["strategy"]]
    assert result.values[trial["seed"]] == trial["checkpoints"][-1]["quality"]
    assert len(result.values) == 30
    assert result.mean == pytest.approx(result.reported)
    assert found["random"].kind == "random search"


def test_a_result_without_a_journal_still_has_its_means(tmp_path, made):
    for kind in ("trees", "gans", "benchmark"):
        copy = shutil.copytree(made[kind], tmp_path / kind)
        whole = by_name(one(copy))
        (copy / "journal.jsonl").unlink()
        for name, result in by_name(one(copy)).items():
            assert result.values == {}
            if result.mean is not None:
                assert result.mean == pytest.approx(whole[name].mean, rel=0.02)


def test_an_unfinished_run_has_what_its_journal_has(tmp_path):
    run = one(make_run(tmp_path / "run", finished=False))
    assert by_name(run)["searched tree (gnas)"].kind == "searched"
    assert {seed for result in by_name(run).values() for seed in result.values} == {0}


def test_leave_one_out_has_a_protocol_a_domain(tmp_path):
    run = one(make_leave_one_out(tmp_path / "run"))
    assert run.kind == "leave-one-out"
    assert [inner.kind for inner in run.inner] == ["transfer", "transfer"]
    results = method_results(run)
    assert results
    assert all(result.run is run for result in results)


def test_another_training_is_another_protocol(tmp_path):
    paths = [make_run(tmp_path / name, seeds=1) for name in ("a", "b", "c")]
    config = json.loads((paths[2] / "config.json").read_text())
    config["arguments"]["steps"] = 900
    (paths[2] / "config.json").write_text(json.dumps(config))
    apart(paths)
    groups = by_protocol(all_results(read_runs(paths)))
    assert [len({result.run.name for result in group}) for group in groups.values()] == [2, 1]
    text = methods_section(read_runs(paths)).blocks[0].texts[0]
    assert "training steps (600 or 900)" in text
    assert "dataset" not in text


def test_memory_is_the_highest_of_a_method_and_its_search(tmp_path):
    path = make_run(tmp_path / "run", seeds=1)
    memory = {"searched": 700, "trained": 500}
    lines = [json.dumps(e | {"memory_mb": memory.get(e["event"], 1)}) for e in events_of(path)]
    (path / "journal.jsonl").write_text("\n".join(lines) + "\n")
    found = by_name(one(path))
    assert found["searched tree (gnas)"].peak_memory_mb == 700
    assert found["random trees"].peak_memory_mb == 500


# No trust.

BLOCKED = ("tensorflow", "keras", "multitask_nas", "gan_nas", "transfer_nas", "datasets")


def test_names_cannot_break_a_line_or_turn_text_around(tmp_path):
    path = make_run(tmp_path / "\u202ename\x1b[31m", seeds=1, attributes=NASTY)
    run = one(path)
    assert "\x1b" not in run.name
    assert "\u202e" not in run.name
    check([run])


def test_no_model_code_and_no_tensorflow_is_imported(made):
    program = f"""
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {BLOCKED!r}:
            raise ImportError(name)
sys.meta_path.insert(0, Block())
from pathlib import Path
from reports.comparison.methods import methods_section
from reports.comparison.runs import read_runs
from reports.comparison.summary import summary
runs = read_runs([Path(p) for p in {[str(path) for path in made.values()]!r}])
assert methods_section(runs).blocks and summary(runs)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


STRANGE = (
    *(None, True, -1, 0, 1e308, -1e308, float("nan"), float("inf"), 10**400, "", "text", [], {}),
    *([[]], {"a": 1}, [None], ["x"] * 2000, [1.0] * 2000, "\x00\u202e" * 200, [[[[[]]]]]),
)


def mutate(value: Any, rng: random.Random, changes: int) -> Any:
    """Returns JSON data with so many places changed: strange values, lost or doubled ones."""
    value = json.loads(json.dumps(value))
    for _ in range(changes):
        parent: Any = value
        while True:
            keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(parent[key], dict | list) and parent[key] and rng.random() < 0.75:
                parent = parent[key]
                continue
            if rng.random() < 0.2:
                del parent[key]
            elif isinstance(parent, list) and rng.random() < 0.2:
                parent.append(parent[key])
            else:
                parent[key] = copy.deepcopy(rng.choice(STRANGE))
            break
    return value


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    kind=st.sampled_from(sorted(MAKERS)),
    file=st.sampled_from(("result.json", "config.json", "journal.jsonl", "all")),
    seed=st.integers(0, 10**6),
    changes=st.integers(1, 40),
)
def test_whatever_the_files_hold_the_tables_are_built(tmp_path, made, kind, file, seed, changes):
    folder = tmp_path / "changed"
    folder.mkdir(exist_ok=True)
    rng = random.Random(seed)
    for name in ("result.json", "config.json"):
        values = json.loads((made[kind] / name).read_text())
        kept = {key: values[key] for key in ("format", "command") if key in values}
        if file in (name, "all"):
            # Without its command and its format, most of what is strange would not be read.
            values = mutate(values, rng, changes) | (kept if rng.random() < 0.9 else {})
        if file in ("journal.jsonl", "all") and rng.random() < 0.8:
            # With fewer trainings than the result states, nothing of the journal would be read.
            for row in listed(values, "methods") + listed(values, "strategies"):
                row.pop("trainings", row.pop("trials", None))
        (folder / name).write_text(json.dumps(values))
    events = events_of(made[kind])
    if file in ("journal.jsonl", "all"):
        events = mutate(events, rng, 3 * changes)
    (folder / "journal.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    runs = read_runs([folder, made["trees"], made["transfer"]])
    check(runs)
