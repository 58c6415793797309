"""`graftwork transfer`: what each command does with its configuration."""

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets.dataset import Dataset
from datasets.identity import describe
from graftwork.backend import backend_as
from graftwork.errors import InputError
from graftwork.progress import Progress
from graftwork.run import Run, read_config
from graftwork.stored_config import resumed, stored_arguments
from graftwork.stored_form import flaw
from transfer_nas.config import (
    LeaveOneOut,
    TransferApplication,
    TransferComparison,
    TransferLearning,
)
from transfer_nas.domains import Domain, absolute_spec, load_domains, parse_spec
from transfer_nas.space import ChainSpace
from transfer_nas.stored_result import (
    APPLY,
    LEARN,
    LEAVE_ONE_OUT,
    read_result,
    read_source_result,
)
from transfer_nas.terminal import print_application, print_learning, print_leave_one_out

DESCRIBED = {"name": str, "fingerprint": str}
"""What `config.json` must say of every dataset."""


def learn(config: TransferLearning) -> None:
    """`graftwork transfer learn`."""
    config = _begun(_with_absolute_specs(config), LEARN)
    progress = Progress()
    domains = load_domains(config.domain_options(), config.batch_size, progress)
    with backend_as(config):
        _check_batch_size(config)
        print_learning(config.out, run_learning(config, domains, progress), progress.console)


def apply(config: TransferApplication) -> None:
    """`graftwork transfer apply`."""
    config = _begun(dataclasses.replace(config, dataset=absolute_spec(config.dataset)), APPLY)
    assert config.source is not None
    read_source_result(config.source)
    progress = Progress()
    with backend_as(config):
        _check_batch_size(config)
        _read_source(config)
        options = parse_spec(config.dataset, config)
        (domain,) = load_domains([options], config.batch_size, progress)
        print_application(config.out, run_application(config, domain, progress), progress.console)


def compare(config: TransferComparison) -> None:
    """`graftwork transfer compare`."""
    command = read_config(config.run).get("command")
    printers = {
        LEARN: print_learning,
        APPLY: print_application,
        LEAVE_ONE_OUT: print_leave_one_out,
    }
    if not isinstance(command, str) or command not in printers:
        raise InputError(
            f"{config.run} is a run of `graftwork {command}`. Expected one of `graftwork transfer`."
        )
    result = read_result(config.run, command)
    try:
        printers[command](config.run, result, Progress().console)
    except InputError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Its journal is shown, too, and may come from anywhere.
        reason = f"{type(error).__name__}: {error}"[:200]
        raise InputError(
            f"the files of {config.run} are damaged: they cannot be shown ({reason}). Copy the run "
            "again."
        ) from None


def leave_one_out(config: LeaveOneOut) -> None:
    """`graftwork transfer leave-one-out`."""
    config = _begun(_with_absolute_specs(config), LEAVE_ONE_OUT)
    progress = Progress()
    domains = load_domains(config.domain_options(), config.batch_size, progress)
    with backend_as(config):
        _check_batch_size(config)
        from transfer_nas.leave_one_out import LeaveOneOutRun

        with _opened(config, LEAVE_ONE_OUT, [domain.dataset for domain in domains]) as run:
            result = LeaveOneOutRun(config, domains, run, progress).execute()
    print_leave_one_out(config.out, result, progress.console)


def run_learning(
    config: TransferLearning, domains: Sequence[Domain], progress: Progress
) -> dict[str, Any]:
    """Learns strategies in the folder of a run, or goes on with it. Returns its result.

    Args:
        config: What was asked for, checked; `resume` says whether the run is there.
        domains: The domains.
        progress: Where to show progress.
    """
    from transfer_nas.learn_run import LearnRun

    space = {"space": ChainSpace.make(config.stages).to_json()}
    with _opened(config, LEARN, [domain.dataset for domain in domains], space) as run:
        return LearnRun(config, domains, run, progress).execute()


def run_application(
    config: TransferApplication, domain: Domain, progress: Progress
) -> dict[str, Any]:
    """Applies strategies in the folder of a run, or goes on with it. Returns its result.

    Args:
        config: What was asked for, checked; `resume` says whether the run is there.
        domain: The target.
        progress: Where to show progress.
    """
    from transfer_nas.apply_run import ApplyRun
    from transfer_nas.constraints import ChainConstraints

    strategies, score = _read_source(config)
    if limits := config.limits:
        channels = config.channels or strategies[0].channels
        space = ChainSpace.make(int(strategies[0].space["stages"]))  # Others are refused.
        ChainConstraints(space, channels, domain.dataset.image_shape, limits).check()
    assert config.source is not None
    described = _described(config.source, "domains")
    source = {
        "path": str(config.source.resolve()),
        "domains": [one["name"] for one in described],
        "fingerprints": [one["fingerprint"] for one in described],
        "strategies": [digest(config.source, strategy.seed) for strategy in strategies],
    }
    if config.resume:
        stored = read_config(config.out).get("source")
        if not isinstance(stored, dict) or stored.get("strategies") != source["strategies"]:
            raise InputError(
                f"the strategies in {config.source} have changed since {config.out} began. "
                "Begin a new run in another --out."
            )
    with _opened(
        config, APPLY, [domain.dataset], {"source": source, "space": strategies[0].space}
    ) as run:
        return ApplyRun(config, strategies, score, domain, run, progress).execute()


def _read_source(config: TransferApplication) -> tuple[Any, Any]:
    """Returns the strategies to apply, checked against the space, and the score."""
    from graftwork.attribute_descriptors import DESCRIPTOR_NAMES
    from transfer_nas.method_table import FINE_TUNED
    from transfer_nas.methods import make_method
    from transfer_nas.stored_strategy import read_strategies

    assert config.source is not None
    strategies = read_strategies(config.source)
    if config.seeds is not None:
        if config.seeds > len(strategies):
            raise InputError(
                f"seeds must be at most {len(strategies)}, as many as {config.source} has "
                f"learned. Received: {config.seeds}."
            )
        strategies = strategies[: config.seeds]
    stages = config.stages or int(strategies[0].space["stages"])
    space = ChainSpace.make(stages)
    for strategy in strategies:
        strategy.check_space(space)
        strategy.check_features(DESCRIPTOR_NAMES)
        # Weights that do not fit are refused here, before anything is trained.
        make_method(FINE_TUNED, space, strategy.descriptors[:1], strategy, 1, None)
    return strategies, config.score or read_source_result(config.source)["score"]


def digest(run: Path, seed: int) -> str:
    """Returns the SHA-256 of the file of a strategy."""
    from transfer_nas.stored_strategy import strategy_path

    return hashlib.sha256(strategy_path(run, seed).read_bytes()).hexdigest()


def _with_absolute_specs(config: Any) -> Any:
    return dataclasses.replace(config, dataset=tuple(map(absolute_spec, config.dataset)))


def _begun(config: Any, command: str) -> Any:
    """Returns the configuration to run with, checked; that of the run where it is resumed."""
    if config.resume:
        found = read_config(config.out).get("command")
        if found != command:
            raise InputError(
                f"{config.out} is a run of `graftwork {found}`, and cannot be resumed by "
                f"`graftwork {command}`."
            )
        config = resumed(config)
    config.check()
    if not config.resume:
        Run.check_new(config.out)
    return config


def _check_batch_size(config: Any) -> None:
    """Refuses a batch that the devices cannot share, before there is a run folder."""
    from graftwork.devices import check_batch_size

    check_batch_size(config.batch_size)


def _opened(
    config: Any, command: str, data: Sequence[Dataset], more: dict[str, Any] | None = None
) -> Run:
    """Creates the run of a configuration, or opens it where it is resumed."""
    described = [describe(dataset) for dataset in data]
    if not config.resume:
        # One dataset or several: the key says which.
        own = {"dataset": described[0]} if command == APPLY else {"domains": described}
        return Run.create(
            config.out,
            {"command": command, "arguments": stored_arguments(config), **own, **(more or {})},
            config.keep,
        )
    before = _described(config.out, "dataset" if command == APPLY else "domains")
    if len(before) != len(described):
        raise InputError(
            f"{config.out / 'config.json'} describes {len(before)} datasets, and its arguments "
            f"name {len(described)}. Begin a new run."
        )
    for one, now in zip(before, described, strict=True):
        if one["fingerprint"] != now["fingerprint"]:
            raise InputError(
                f"the dataset {now['name']!r} has changed since {config.out} began (fingerprint "
                f"{one['fingerprint'][:12]}, now {now['fingerprint'][:12]}). Begin a new run."
            )
    return Run.resume(config.out, config.keep)


def _described(run: Path, key: str) -> list[dict[str, Any]]:
    """Returns what the `config.json` of a run says of its datasets, checked."""
    config = read_config(run)
    found = flaw(config, {key: [DESCRIBED] if key == "domains" else DESCRIBED})
    if found:
        raise InputError(f"{run / 'config.json'} is damaged: {found}. Begin a new run.")
    return config[key] if key == "domains" else [config[key]]
