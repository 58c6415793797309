"""The networks that the methods of a transfer chose, and what is known of them."""

from collections.abc import Iterable, Sequence
from typing import Any

from transfer_nas.job_training import Job
from transfer_nas.method_table import RANDOM_ARCHITECTURE

Choice = tuple[list[int], float | None]
"""An architecture, and its reward under the shared weights."""


class ChosenNetworks:
    """What came of the networks that were trained so far.

    Methods often choose the same architecture for an attribute. With the seed they would train it
    from the same weights on the same images in the same order: it is trained once.

    Args:
        events: The journal of the run.
    """

    def __init__(self, events: Iterable[dict[str, Any]]) -> None:
        self._known: dict[tuple[int, str, tuple[int, ...]], dict[str, Any]] = {}
        for event in events:
            if event["event"] == "trained":
                self.note(event["seed"], event["attributes"])
            elif event["event"] == "failed":
                self.note(event["seed"], [{**event, "failed": event["reason"]}])

    def note(self, seed: int, rows: Sequence[dict[str, Any]]) -> None:
        """Takes note of what the journal says of networks of a seed."""
        for row in rows:
            network = (seed, row["attribute"], tuple(row["architecture"]))
            before = self._known.get(network)
            if before is None or (row.get("saved") and not before.get("saved")):
                self._known[network] = row

    def known(self, job: Job, shared_score: float | None) -> dict[str, Any] | None:
        """Returns what the journal shall say of a job whose network was trained before.

        Args:
            job: The job.
            shared_score: The network's reward under the shared weights.

        Returns:
            What it says; None if the network must be trained.
        """
        known = self._known.get(job.network)
        if known is None:
            return None
        if "failed" in known:
            return {**job.failed(known["failed"]), "shared_score": shared_score}
        if job.keep and not known.get("saved"):
            return None
        return {**known, "shared_score": shared_score, "training_seconds": 0.0, "reused": True}


def choices(searched: Sequence[dict[str, Any]], network: str) -> list[Choice]:
    """Returns what is to be trained for every attribute.

    Args:
        searched: What the journal says of the method's attributes.
        network: One of `NETWORKS`.
    """
    if network == RANDOM_ARCHITECTURE:
        return [
            (row["first_architecture"], row.get("first_score", row["rewards"][0]))
            for row in searched
        ]
    return [(row["architecture"], row["score"]) for row in searched]
