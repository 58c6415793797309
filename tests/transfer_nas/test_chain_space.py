"""The space of chains: its size, what choices mean, and how two spaces are told apart."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graftwork.errors import InputError
from transfer_nas.space import OPERATIONS, ChainSpace, Stage, difference, reductions


@st.composite
def chains(draw):
    """A space, and for each stage an operation and the set of its skips."""
    length = draw(st.integers(3, 8))
    stages = [
        (
            draw(st.sampled_from(OPERATIONS)),
            draw(st.sets(st.integers(1, stage - 2))) if stage > 2 else set(),
        )
        for stage in range(1, length + 1)
    ]
    return ChainSpace.make(length), stages


def by_name(space, stages):
    """Returns the architecture by the decisions' names alone."""
    names = {}
    for number, (operation, skips) in enumerate(stages, start=1):
        names[f"stage {number}, operation"] = operation
        for earlier in range(1, number - 1):
            names[f"stage {number}, skip from {earlier}"] = "yes" if earlier in skips else "no"
    assert len(names) == len(space)
    return tuple(decision.choices.index(names[decision.name]) for decision in space.decisions)


@pytest.mark.parametrize(
    ("stages", "size"),
    [(3, 7**3 * 2), (4, 7**4 * 2**3), (6, 120_472_576), (12, 7**12 * 2**55)],
)
def test_size_is_exact(stages, size):
    space = ChainSpace.make(stages)
    assert space.size == size
    assert len(space) == stages + (stages - 1) * (stages - 2) // 2


def test_decisions_of_the_usual_space():
    space = ChainSpace.make()
    assert len(space) == 16
    assert space.choice_counts == (7, 7, 7, 2, 7, 2, 2, 7, 2, 2, 2, 7, 2, 2, 2, 2)
    assert [decision.name for decision in space.decisions[:4]] == [
        "stage 1, operation",
        "stage 2, operation",
        "stage 3, operation",
        "stage 3, skip from 1",
    ]


@given(chains())
def test_stages_are_what_the_decisions_say(chain):
    space, stages = chain
    found = space.stages(by_name(space, stages))
    assert found == tuple(Stage(operation, tuple(sorted(skips))) for operation, skips in stages)
    # The sources of a stage are earlier ones, and never the one that feeds it anyway.
    for number, stage in enumerate(found, start=1):
        assert all(1 <= earlier <= number - 2 for earlier in stage.skips)


@given(chains(), st.integers(0, 2**32 - 1))
def test_different_architectures_have_different_stages_and_texts(chain, seed):
    space, stages = chain
    one = by_name(space, stages)
    another = space.mutate(one, np.random.default_rng(seed))
    assert one != another
    assert space.stages(one) != space.stages(another)
    assert space.text(one) != space.text(another)


@given(chains())
def test_text_is_one_line_that_says_every_stage(chain):
    space, stages = chain
    parts = space.text(by_name(space, stages)).split(", ")
    assert len(parts) == space.length
    for part, (operation, skips) in zip(parts, stages, strict=True):
        first, *others = part.split(" + ")
        assert first == operation
        assert [int(other) for other in others] == sorted(skips)


def test_text_of_one():
    space = ChainSpace.make(4)
    assert space.text((0, 6, 5, 1, 3, 1, 1)) == (
        "conv_3x3, identity, max_pool + 1, separable_5x5 + 1 + 2"
    )


@pytest.mark.parametrize("architecture", [(0, 0, 0), (0, 0, 7, 0), (0, 0, 0, 2), (0, -1, 0, 0)])
def test_architectures_of_another_space_are_refused(architecture):
    with pytest.raises(InputError):
        ChainSpace.make(3).stages(architecture)


@pytest.mark.parametrize("stages", [2, 0, -1])
def test_too_few_stages_are_refused(stages):
    with pytest.raises(InputError, match=rf"at least 3 stages. Received: stages={stages}\."):
        ChainSpace.make(stages)


@pytest.mark.parametrize(
    ("stages", "expected"), [(3, (1, 2)), (4, (1, 2)), (5, (1, 3)), (6, (2, 4)), (8, (2, 5))]
)
def test_where_height_and_width_are_halved(stages, expected):
    assert reductions(stages) == expected


@pytest.mark.parametrize("stages", [3, 6])
def test_a_space_equals_itself_as_read_from_a_file(stages):
    stored = json.loads(json.dumps(ChainSpace.make(stages).to_json()))
    assert difference(ChainSpace.make(stages).to_json(), stored) is None
    assert stored["stages"] == stages
    assert stored["operations"] == list(OPERATIONS)
    assert stored["decisions"][0] == {
        "name": "stage 1, operation",
        "choices": list(OPERATIONS),
    }


def test_difference_in_stages_names_both_numbers():
    four, six = ChainSpace.make(4).to_json(), ChainSpace.make(6).to_json()
    assert difference(four, six) == "it has 6 stages, this one 4"
    assert difference(six, four) == "it has 4 stages, this one 6"


def changed(**changes):
    return copy.deepcopy(ChainSpace.make(4).to_json()) | changes


def renamed_decision():
    other = changed()
    other["decisions"][2]["name"] = "stage 3, what"
    return other


@pytest.mark.parametrize(
    ("other", "words"),
    [
        pytest.param(
            changed(operations=[*OPERATIONS, "conv_7x7"]),
            ["has operations that this one lacks: conv_7x7"],
            id="more operations",
        ),
        pytest.param(
            changed(operations=list(OPERATIONS[:-2])),
            ["lacks operations that this one has: max_pool, identity"],
            id="fewer operations",
        ),
        pytest.param(
            changed(operations=list(OPERATIONS[::-1])), ["another order"], id="another order"
        ),
        pytest.param(
            changed(stages=5, operations=["conv_9x9", *OPERATIONS[1:]]),
            ["it has 5 stages, this one 4", "conv_9x9", "conv_3x3"],
            id="several differences",
        ),
        pytest.param(renamed_decision(), ["decision 3", "stage 3, what"], id="a decision"),
        pytest.param(
            changed(decisions=[]), ["makes 0 decisions, this one 7"], id="fewer decisions"
        ),
        pytest.param({}, ["None stages"], id="nothing at all"),
        pytest.param(changed(more=1), ["another form"], id="something else"),
    ],
)
def test_difference_is_a_sentence_about_what_differs(other, words):
    sentence = difference(ChainSpace.make(4).to_json(), other)
    assert "\n" not in sentence
    for word in words:
        assert word in sentence
