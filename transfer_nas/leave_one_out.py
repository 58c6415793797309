"""`graftwork transfer leave-one-out`: every domain in turn is the one never seen."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets.identity import describe
from graftwork import files
from graftwork.budget import parse_duration
from graftwork.engine_options import JobOptions
from graftwork.progress import Progress
from graftwork.run import Run
from graftwork.units import UnitRun
from transfer_nas.commands import run_application, run_learning
from transfer_nas.config import LeaveOneOut, TransferApplication, TransferLearning
from transfer_nas.domains import Domain, number
from transfer_nas.stored_result import APPLY, read_result
from transfer_nas.terminal import print_application, print_learning

LEARNING_SHARE = 0.6
"""The part of a domain's time that learning on the others takes."""


class LeaveOneOutRun(UnitRun):
    """One run of `graftwork transfer leave-one-out`.

    Every learning and every application is a unit, and a run in a folder of its own inside
    that of this run, where it is resumed.

    Args:
        config: What was asked for, checked.
        domains: All domains, checked.
        run: The run folder.
        progress: Where to show progress.
    """

    def __init__(
        self, config: LeaveOneOut, domains: Sequence[Domain], run: Run, progress: Progress
    ) -> None:
        super().__init__(run)
        self.config, self.domains, self.progress = config, tuple(domains), progress
        self.budget = parse_duration(config.time_budget) if config.time_budget else None

    def execute(self) -> dict[str, Any]:
        """Does what is left to do, writes `result.json` and returns what it holds."""
        self.begin()
        status, results = "finished", []
        for place, domain in enumerate(self.domains):
            folder = self.run.path / f"without-{folder_name(domain.name)}"
            if place and 2 * place >= self.done and self._is_over():
                status = "time budget"
                break
            if 2 * place >= self.done:
                self._learn(domain, folder / "learn")
            if 2 * place + 1 >= self.done:
                self._apply(domain, folder)
            results.append((domain, read_result(folder / "apply", APPLY)))
        if any(result["status"] != "finished" for _, result in results):
            status = "time budget"
        result = {
            "format": 1,
            "command": "transfer leave-one-out",
            "status": status,
            "score": self.config.score,
            "asked": len(self.domains),
            "domains": [
                {"name": domain.name, "dataset": describe(domain.dataset), "result": one}
                for domain, one in results
            ],
        }
        files.write_json(self.run.path / "result.json", result)
        return result

    def _is_over(self) -> bool:
        return self.budget is not None and not self.time_left(self.budget)

    def _learn(self, left_out: Domain, out: Path) -> None:
        self.progress.console.print(f"Learn on all but {left_out.name}", markup=False)
        config = self.config
        given = {f.name: getattr(config, f.name) for f in dataclasses.fields(TransferLearning)}
        places = [i for i, domain in enumerate(self.domains) if domain is not left_out]
        mine = TransferLearning(
            **{
                **given,
                "dataset": tuple(config.dataset[place] for place in places),
                "out": out,
                "config": None,
                "resume": is_begun(out),
                "time_budget": self._share(LEARNING_SHARE),
            }
        )
        others = number([(self.domains[i].name, self.domains[i].dataset) for i in places])
        result = run_learning(mine, others, self.progress)
        print_learning(out, result, self.progress.console)
        self.run.record("learned on the others", domain=left_out.name)
        self.unit_done()

    def _apply(self, left_out: Domain, folder: Path) -> None:
        self.progress.console.print(f"Apply to {left_out.name}", markup=False)
        config, out = self.config, folder / "apply"
        options = config.domain_options()[self.domains.index(left_out)]
        mine = TransferApplication(
            **{f.name: getattr(options, f.name) for f in dataclasses.fields(options)},
            **{f.name: getattr(config, f.name) for f in dataclasses.fields(JobOptions)},
            source=folder / "learn",
            out=out,
            shared_steps=config.shared_steps,
            fine_tune=config.fine_tune,
            steps=config.steps,
            reward_images=config.reward_images,
            batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            standalone_learning_rate=config.standalone_learning_rate,
            controller_learning_rate=config.controller_learning_rate,
            augment=config.augment,
            resume=is_begun(out),
            time_budget=self._share(1 - LEARNING_SHARE),
        )
        result = run_application(
            mine, number([(left_out.name, left_out.dataset)])[0], self.progress
        )
        print_application(out, result, self.progress.console)
        self.run.record("applied", domain=left_out.name)
        self.unit_done()

    def _share(self, part: float) -> str | None:
        if self.budget is None:
            return None
        return f"{part * self.budget / len(self.domains):.3f}s"


def is_begun(run: Path) -> bool:
    """Whether a folder holds a run to go on with; makes the folder's parents otherwise."""
    if (run / "config.json").exists():
        return True
    run.parent.mkdir(parents=True, exist_ok=True)
    return False


def folder_name(name: str) -> str:
    """Returns a domain's name as part of a folder's name."""
    return re.sub(r"[^\w .-]", "-", name)
