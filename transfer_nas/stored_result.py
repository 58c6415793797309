"""The `result.json` of a run of `graftwork transfer`, read and checked before it is used."""

from pathlib import Path
from typing import Any, get_args

from graftwork import files
from graftwork.errors import InputError
from graftwork.run import read_config
from graftwork.stored_form import NUMBER, flaw
from transfer_nas.config import Score

LEARN, APPLY, LEAVE_ONE_OUT = "transfer learn", "transfer apply", "transfer leave-one-out"

SPAN = (None, [float])
COMPARISON = (
    None,
    {"mean": float, "interval": SPAN, "p_value": NUMBER, "attributes": int},
)
COMPARED = {
    "transferred": COMPARISON,
    "fine_tuned": COMPARISON,
    "test": COMPARISON,
    "match": {"evaluations": (None, int), "of": int},
}
METHOD = {
    **{"name": str, "expected": NUMBER, "final": NUMBER, "test_score": NUMBER},
    **{"expected_interval": SPAN, "final_interval": SPAN, "seconds": NUMBER},
}
REWARDS = {"policy_reward": NUMBER, "random_reward": NUMBER}
FORMS: dict[str, dict[str, Any]] = {
    LEARN: {
        **{"status": str, "score": str, "seeds": [int], "domains": [{"name": str}]},
        "attributes": [{"domain": str, "attribute": str, **REWARDS, "difference": NUMBER}],
        **REWARDS,
        "comparison": COMPARISON,
    },
    APPLY: {
        **{"status": str, "score": str, "seeds": [int], "seen": bool, "attributes": [str]},
        **{"evaluations": int, "methods": [METHOD], "comparison": COMPARED},
        **{"negative_transfer": [str], "kendall_tau": NUMBER, "kendall_networks": int},
    },
    LEAVE_ONE_OUT: {
        **{"status": str, "asked": int},
        "domains": [{"name": str, "result": {"comparison": COMPARED}}],
    },
}
"""What of each result is read again, by a command or the next one."""


def read_result(run: Path, command: str) -> dict[str, Any]:
    """Returns the `result.json` of a run.

    Args:
        run: The run folder.
        command: The command that it must be of, such as `"transfer learn"`.

    Raises:
        InputError: If it is not there, of another command, or lacks something; the line names
            the file and what is missing.
    """
    path = run / "result.json"
    if not path.exists():
        raise InputError(
            f"the run in {run} is not finished. Go on with: graftwork {command} --out {run} "
            "--resume"
        )
    result = files.read_json(path)
    if not isinstance(result, dict) or result.get("command") != command:
        raise InputError(f"{path} is not the result of `graftwork {command}`.")
    found = flaw(result, FORMS[command])
    scores = get_args(Score)
    if not found and result.get("score") not in (None, *scores):
        found = f"score is {result['score']!r} in place of {' or '.join(scores)}"
    if found:
        raise InputError(
            f"{path} is damaged: {found}. Copy it again, or write it again by: graftwork "
            f"{command} --out {run} --resume"
        )
    return result


def read_source_result(run: Path) -> dict[str, Any]:
    """Returns the result of a run of `graftwork transfer learn`.

    Raises:
        InputError: If the folder holds no such run, it is not finished, or damaged.
    """
    command = read_config(run).get("command")
    if command != LEARN:
        raise InputError(
            f"{run} is a run of `graftwork {command}`. Expected one of `graftwork {LEARN}`."
        )
    return read_result(run, LEARN)
