"""How a run is computed, and what is kept of it: the flags that all trainings share."""

import dataclasses
import json
from typing import Literal

from graftwork.errors import InputError
from graftwork.limits import at_least


@dataclasses.dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """How a run is computed, and what is kept of it."""

    distribute: Literal["none", "mirrored", "multiworker"] = "none"
    """Train on one device, on all GPUs of this machine (mirrored), or on the machines that
    TF_CONFIG names (multiworker). A batch is split over them."""
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    """What layers compute in; weights stay float32. float16 scales the loss."""
    jit: bool = False
    """Compile the training steps with XLA."""
    deterministic: bool = False
    """The same numbers bit for bit when the run is repeated on this machine; may be slower."""
    keep: int = 2
    """How many checkpoints stay on the disk, at least 2: one may turn out damaged."""

    def check_engine(self) -> None:
        """Raises an `InputError` for a value that makes no sense."""
        at_least(self, 2, "keep")
        if self.jit and self.distribute != "none":
            raise InputError(
                f"--jit does not go with --distribute {self.distribute}: XLA compiles a step for "
                "one device. Leave one of them out."
            )

    def of_worker(self) -> str:
        """Returns these options as a worker process has them, on one device, as JSON."""
        names = [field.name for field in dataclasses.fields(EngineOptions)]
        return json.dumps({name: getattr(self, name) for name in names} | {"distribute": "none"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class JobOptions(EngineOptions):
    """How a run is computed that trains several networks by themselves."""

    jobs: int = 1
    """Networks that are trained side by side, each in a process of its own: on a GPU of its own,
    or a share of the cores."""

    def check_engine(self) -> None:
        """Raises an `InputError` for a value that makes no sense."""
        super().check_engine()
        at_least(self, 1, "jobs")
        if self.jobs > 1 and self.distribute != "none":
            raise InputError(
                f"--jobs must be 1 with --distribute {self.distribute}, where all devices train "
                f"every network together. Received: {self.jobs}. Give --jobs 1 or --distribute "
                "none."
            )
