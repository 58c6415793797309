"""The space of one attribute's network: a chain of stages with skip connections."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from graftwork.errors import InputError
from graftwork.space import Decision, Space

OPERATIONS = (
    "conv_3x3",
    "conv_5x5",
    "separable_3x3",
    "separable_5x5",
    "average_pool",
    "max_pool",
    "identity",
)
"""What a stage can do to its input. Each keeps height, width and channels."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage of a chain.

    Args:
        operation: A name of `OPERATIONS`.
        skips: The earlier stages, numbered from 1 and ascending, that feed it besides the
            one before it (the stem, for stage 1), which always does.
    """

    operation: str
    skips: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class ChainSpace(Space):
    """Chains of stages, the macro space of ENAS (Pham et al. 2018, section 2.2).

    Stage k = 1…N decides its operation, then for each of the stages 1…k−2, in order,
    whether it feeds stage k, too. Made by `ChainSpace.make`.

    Args:
        decisions: The decisions, stage after stage.
        length: The number N of stages.
    """

    length: int

    @classmethod
    def make(cls, stages: int = 6) -> "ChainSpace":
        """Returns the space of chains with a number of stages.

        Args:
            stages: The number N of stages, at least 3.

        Raises:
            InputError: If there are fewer, too few to halve height and width twice.
        """
        if stages < 3:
            raise InputError(
                f"a chain needs at least 3 stages. Received: stages={stages}. Raise --stages."
            )
        decisions: list[Decision] = []
        for stage in range(1, stages + 1):
            decisions.append(Decision(f"stage {stage}, operation", OPERATIONS))
            for earlier in range(1, stage - 1):
                decisions.append(Decision(f"stage {stage}, skip from {earlier}", ("no", "yes")))
        return cls(tuple(decisions), stages)

    def stages(self, architecture: Sequence[int]) -> tuple[Stage, ...]:
        """Returns the stages of an architecture, the one after the stem first.

        Raises:
            InputError: If the architecture is not of this space.
        """
        choices = iter(self.check(architecture))
        return tuple(
            Stage(
                OPERATIONS[next(choices)],
                tuple(earlier for earlier in range(1, stage - 1) if next(choices)),
            )
            for stage in range(1, self.length + 1)
        )

    def text(self, architecture: Sequence[int]) -> str:
        """Returns an architecture as one line, such as `"conv_3x3, identity, max_pool + 1"`.

        Behind `+` are the numbers of the earlier stages that feed a stage by a skip.
        """
        return ", ".join(
            " + ".join([stage.operation, *map(str, stage.skips)])
            for stage in self.stages(architecture)
        )

    def to_json(self) -> dict[str, Any]:
        """Returns the space as JSON, for run folders and for `difference`."""
        return {
            "stages": self.length,
            "operations": list(OPERATIONS),
            "decisions": [
                {"name": decision.name, "choices": list(decision.choices)}
                for decision in self.decisions
            ],
        }


def reductions(stages: int) -> tuple[int, int]:
    """Returns the stages, numbered from 1, after which height and width are halved.

    Args:
        stages: The number N of stages, at least 3. The answer is N // 3 and 2 N // 3.
    """
    return stages // 3, 2 * stages // 3


def difference(mine: dict[str, Any], other: dict[str, Any]) -> str | None:
    """Says how another space differs from this one.

    Args:
        mine: What `ChainSpace.to_json` returned for this space.
        other: The same for the other one, as read from a file.

    Returns:
        Part of a sentence about the other space, such as `"it has 6 stages, this one 4"`,
        or None if the two are equal.
    """
    if mine == other:
        return None
    parts = []
    if mine.get("stages") != other.get("stages"):
        parts.append(f"it has {other.get('stages')} stages, this one {mine.get('stages')}")
    here, there = list(mine.get("operations") or ()), list(other.get("operations") or ())
    if here != there:
        more = [name for name in there if name not in here]
        fewer = [name for name in here if name not in there]
        if more:
            parts.append(f"it has operations that this one lacks: {', '.join(map(str, more))}")
        if fewer:
            parts.append(f"it lacks operations that this one has: {', '.join(map(str, fewer))}")
        if not more and not fewer:
            parts.append(
                f"its operations are in another order ({', '.join(there)}; "
                f"this one: {', '.join(here)})"
            )
    if parts:
        return "; ".join(parts)
    # Stages and operations agree, so another version decided them in another way.
    mine_decisions, other_decisions = mine.get("decisions") or [], other.get("decisions") or []
    if len(mine_decisions) != len(other_decisions):
        return f"it makes {len(other_decisions)} decisions, this one {len(mine_decisions)}"
    for number, (one, another) in enumerate(
        zip(mine_decisions, other_decisions, strict=True), start=1
    ):
        if one != another:
            return f"its decision {number} is {another}, this one's is {one}"
    return "it was written in another form"
