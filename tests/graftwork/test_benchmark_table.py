"""Tables of cells and of published results: columns by name, and what is wrong with them."""

import math

import numpy as np
import pytest
from made_tables import CELLS, SPACE, accuracies, write_table

from graftwork.errors import InputError
from graftwork.nats_table import read_table
from graftwork.published import OWN, read_published

TEXTS = [SPACE.text(cell) for cell in CELLS[:4]]
HEADER = ("architecture", "valid", "test")


def table(path, *rows, header=HEADER):
    return write_table(path / "table.csv", header, rows)


def test_scores_and_qualities_are_looked_up(tmp_path):
    read = read_table(write_table(tmp_path / "table.csv"))
    for cell, (validation, test) in zip(CELLS, accuracies(), strict=True):
        assert (read.score(cell), read.quality(cell)) == (validation, test)
    described = read.describe()
    best = CELLS[accuracies()[:, 0].argmax()]
    assert described["best_by_score"] == SPACE.text(best)
    assert described["best_quality"] == accuracies()[:, 1].max()


def test_cells_that_the_table_lacks_have_no_score(tmp_path):
    read = read_table(write_table(tmp_path / "table.csv"))
    assert read.missing == SPACE.size - len(CELLS) == int(np.isinf(read.validation).sum())
    assert read.score(SPACE.at(1)) == -math.inf
    assert read.failed == 0


@pytest.mark.parametrize("nothing", ["", "nan", "NaN", " ", "-inf"])
def test_an_architecture_without_a_number_failed(tmp_path, nothing):
    rows = [(TEXTS[0], 50, 60), (TEXTS[1], nothing, 90), (TEXTS[2], 99, nothing)]
    read = read_table(table(tmp_path, *rows))
    assert (read.failed, read.missing) == (2, SPACE.size - 3)
    assert [read.score(cell) for cell in CELLS[:3]] == [50, -math.inf, -math.inf]
    assert read.describe()["best_quality"] == 60


def test_columns_may_be_in_any_order_among_others(tmp_path):
    header = ("test", "seconds", "architecture", "valid", "latency")
    read = read_table(table(tmp_path, (60, 1, TEXTS[0], 50, "slow"), header=header))
    assert (read.score(CELLS[0]), read.quality(CELLS[0])) == (50, 60)
    assert read.columns == ("valid", "test")


def test_flags_choose_among_columns(tmp_path):
    header = ("architecture", "c10_valid", "c100_valid", "c10_test", "c100_test")
    path = table(tmp_path, (TEXTS[0], 1, 2, 3, 4), header=header)
    read = read_table(path, "c100_valid", "c100_test")
    assert (read.score(CELLS[0]), read.quality(CELLS[0])) == (2, 4)
    assert read_table(path, "c10_valid", "c10_test").fingerprint != read.fingerprint
    with pytest.raises(InputError, match=r"2 columns have 'valid'.*--validation.*c100_valid"):
        read_table(path, test="c10_test")
    with pytest.raises(InputError, match="2 columns have 'test'"):
        read_table(path, validation="c10_valid")
    with pytest.raises(InputError, match=r"unknown column 'c10_vali'\. Did you mean c10_valid"):
        read_table(path, "c10_vali", "c10_test")


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        ([(TEXTS[0], 1, 2), (TEXTS[1], 1, 2), (TEXTS[0], 3, 4)], ["line 4", "in line 2"]),
        ([(TEXTS[0].replace("none", "conv_9x9"), 1, 2)], ["line 2", "unknown operation 'conv_9x9"]),
        ([(TEXTS[0], 1, 2), ("resnet", 1, 2)], ["line 3", "'resnet' is no cell"]),
        ([(TEXTS[0], "high", 2)], ["line 2", "column 'valid'", "'high'"]),
        ([(TEXTS[0], 1, "inf")], ["line 2", "column 'test'", "'inf'"]),
        ([(TEXTS[0], 1)], ["line 2", "expected 3 cells", "Received 2"]),
        ([(TEXTS[0], 1, 2, 3)], ["line 2", "Received 4"]),
        ([(TEXTS[0], "nan", "nan")], ["has no architecture with a number in valid and test"]),
        ([], ["has no architecture with a number"]),
    ],
)
def test_a_malformed_table_is_refused_in_one_line(tmp_path, rows, parts):
    path = table(tmp_path, *rows)
    with pytest.raises(InputError) as error:
        read_table(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    for part in parts:
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "there is no column 'architecture'. Columns: nothing"),
        (b"arch,valid,test\n", "there is no column 'architecture'. Columns: arch, valid, test"),
        (b"architecture,valid,valid\n", "line 1: columns need different names"),
        (b"architecture,valid\n", "no columns have 'test'"),
        (b"architecture,valid,test\n\xff\xfe,1,2\n", "not a text file in UTF-8"),
        (b'architecture,valid,test\n"a"b,1,2\n', "line 2"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, content, part):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=part):
        read_table(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_table(tmp_path)


def test_the_command_refuses_before_it_makes_a_folder(command, tmp_path):
    path, out = table(tmp_path, (TEXTS[0], "x", 2)), tmp_path / "run"
    good = write_table(tmp_path / "good.csv")
    for flags in (
        ["--table", path],
        ["--table", tmp_path / "none.csv"],
        ["--table", good, "--strategies", "randum"],
        ["--table", good, "--seeds", "0"],
        ["--table", good, "--published", path],
        ["--table", good, "--strategies"],
    ):
        status, _, err = command("benchmark", "nats", "--out", out, *flags)
        assert status == 2
        assert len(err.splitlines()) == 1
        assert not out.exists()


# Published results.


def test_the_own_published_results_name_their_source_and_what_is_recalled():
    rows = read_published(None, "cifar10_test_200epochs")
    by_method = {row["method"]: row for row in rows}
    assert by_method["random search"]["quality"] == 93.70
    assert not by_method["random search"]["recalled"]
    assert by_method["aging evolution (REA)"]["recalled"]
    assert all(row["source"] for row in rows)


@pytest.mark.parametrize("column", ["cifar100_test", "test", "mycifar10", "imagenet16_test"])
def test_published_results_of_another_data_set_are_not_shown(column):
    assert read_published(None, column) == []


@pytest.mark.parametrize(
    ("before", "after", "part"),
    [
        ("93.70", "high", "line 3, column 'quality'.*'high'"),
        ("0.36", "x", "line 3, column 'plus_minus'"),
        ("source", "origin", "line 1: .*Missing: source"),
        ("no\nrandom", "maybe\nrandom", "line 2: recalled must be yes or no"),
        ("random search,cifar10", "random search,", "line 3: the row names no dataset"),
    ],
)
def test_malformed_published_results_are_refused(tmp_path, before, after, part):
    text = OWN.read_text()
    assert before in text
    path = tmp_path / "published.csv"
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(InputError, match=part):
        read_published(path, "cifar10_test")
