"""Which generators are trained beside the found one, and how one of them is recorded."""

import dataclasses
from typing import Any

import numpy as np

from gan_nas.config import GanSearch
from gan_nas.networks import CELLS, DCGAN, SNGAN
from gan_nas.quality import METRICS
from gan_nas.setup import Setup
from gan_nas.standalone import StandaloneTraining
from graftwork.job_results import RETRIED, is_result
from graftwork.latency import latency_ms
from graftwork.space import Architecture

RANDOM = "random cells"
RANDOM_SEARCH = "random search"
_TEST = {
    **dict.fromkeys((*METRICS, "inception_score_deviation"), (None, float)),
    **dict.fromkeys(("inception_kind", "extractor", "resize", "split"), str),
    **dict.fromkeys(("images", "real_images"), int),
    "reasons": dict,
}
_TRAINED = {
    "cells": (None, dict),
    "validation_kid": float,
    "test": _TEST,
    **dict.fromkeys(("parameters", "flops", "steps"), int),
    "training_seconds": float,
}
_RESTORED = {"restored": [str]}
_PERHAPS = {"latency_ms": float, "retried": RETRIED, **_RESTORED}
FINAL = "final"
"""The kind of a generator that `graftwork gans train` made."""


@dataclasses.dataclass(frozen=True)
class Job:
    """One training of a comparison.

    Args:
        method: The name of the method.
        kind: `"searched"`, `"shortlist"`, `"random search"`, `"random"`, `"baseline"` or `FINAL`.
        seed: The seed of the search that it belongs to.
        index: Which of the method's trainings with this seed.
        networks: A kind of `gan_nas.networks`.
        architecture: What is trained, of the searched space; `()` for others.
        keep: Whether it becomes the `generator.keras` of the run: that of the first seed whose
            found generator could be trained.
    """

    method: str
    kind: str
    seed: int
    index: int
    networks: str
    architecture: Architecture = ()
    keep: bool = False

    def to_json(self) -> dict[str, Any]:
        """Returns the job as JSON values; `keep` where it is true, as runs of before had none."""
        values = dataclasses.asdict(self)
        return values if self.keep else {key: values[key] for key in values if key != "keep"}

    def accepts(self, result: dict[str, Any]) -> bool:
        """Whether what a worker's folder holds can be what came of it."""
        if result.get("event") == "failed":
            failed = self.failed("")
            del failed["reason"]
            return is_result(result, failed, {"reason": str}, _RESTORED)
        return is_result(result, {"event": "trained", **self.described}, _TRAINED, _PERHAPS)

    @property
    def described(self) -> dict[str, Any]:
        """What the journal says of it when it is trained."""
        return {
            "method": self.method,
            "kind": self.kind,
            "seed": self.seed,
            "index": self.index,
            "networks": self.networks,
            "architecture": list(self.architecture) or None,
        }

    @property
    def training_seed(self) -> int:
        """Seed of the first weights and of everything random.

        All methods of a seed share it, so that they can be compared in pairs.
        """
        return self.seed if self.kind == FINAL else self.seed + 1_000_003

    @property
    def slug(self) -> str:
        """A name for files."""
        words = f"{self.method} {self.index + 1}" if self.kind == "random" else self.method
        kept = "".join(c if c.isalnum() else "-" for c in words.lower())
        return f"seed{self.seed}-{'-'.join(filter(None, kept.split('-')))}"

    @property
    def label(self) -> str:
        """What progress calls it."""
        return self.method + (f" {self.index + 1}" if self.kind == "random" else "")

    def failed(self, reason: str) -> dict[str, Any]:
        """Returns the event `failed`: it could not be trained."""
        return {
            "event": "failed",
            "method": self.method,
            "kind": self.kind,
            "seed": self.seed,
            "index": self.index,
            "architecture": list(self.architecture),
            "reason": reason,
        }


def comparison_jobs(config: GanSearch, setup: Setup, searched: dict[str, Any]) -> list[Job]:
    """Returns the trainings of one seed, the most telling first.

    Args:
        config: What was asked for.
        setup: The data and networks.
        searched: The journal entry of the seed's search.
    """
    seed, space = searched["seed"], setup.space
    shortlist = [tuple(entry["architecture"]) for entry in searched["shortlist"]]
    name = f"searched cells ({config.strategy})"
    jobs = [Job(name, "searched", seed, 0, CELLS, shortlist[0])]
    rng = np.random.default_rng([seed, 47])
    draw = setup.constraints.draw_fitting if setup.constraints else space.sample
    jobs += [Job(RANDOM, "random", seed, i, CELLS, draw(rng)) for i in range(config.random_cells)]
    if config.controls:
        if searched["random_search"] is not None:
            found = tuple(searched["random_search"]["architecture"])
            jobs.append(Job(RANDOM_SEARCH, "random search", seed, 0, CELLS, found))
        jobs += [Job(kind, "baseline", seed, 0, kind) for kind in (DCGAN, SNGAN)]
    jobs += [
        Job(f"searched, rank {rank}", "shortlist", seed, 0, CELLS, architecture)
        for rank, architecture in enumerate(shortlist[1 : config.top], start=2)
    ]
    return jobs


def entry_of(job: Job, training: StandaloneTraining, setup: Setup) -> dict[str, Any]:
    """Returns the journal entry of a finished training, whose averaged weights are in place."""
    return {
        **job.described,
        "cells": described(setup, job.architecture),
        **setup.judge.judge(training.maker, job.architecture),
        **setup.cost(job.networks, job.architecture),
        **_latency(job, setup),
        "steps": training.step,
        "training_seconds": training.seconds,
    }


def _latency(job: Job, setup: Setup) -> dict[str, float]:
    """Measures the generator of a job where there is a limit of latency."""
    limits = setup.constraints
    if limits is None or limits.latency is None:
        return {}
    if job.networks == CELLS:
        return {"latency_ms": limits.latency(job.architecture)}
    return {"latency_ms": latency_ms(setup.networks.plain(job.networks, None))}


def described(setup: Setup, architecture: Architecture) -> dict[str, Any] | None:
    """Returns the cells of an architecture as JSON; None for one outside the space."""
    if not architecture:
        return None
    space = setup.space
    return {
        "generator": [cell.to_json() for cell in space.cells(architecture)],
        "discriminator": [cell.to_json() for cell in space.discriminator_cells(architecture)],
    }
