"""What the commands of `graftwork data` can be told: one dataclass a command."""

import dataclasses
from typing import Annotated

import tyro

from datasets.options import DataOptions


@dataclasses.dataclass(frozen=True)
class DataList:
    """List the datasets: what they show, what they need.

    Example: graftwork data list
    """


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataCheck(DataOptions):
    """Check the files of a dataset: counts, splits, attributes, and what is wrong with them.

    Every image is decoded, unless --no-decode; the images are kept, so that a search on them
    starts at once.

    Example: graftwork data check digits
    """

    dataset: Annotated[str, tyro.conf.Positional]
    """The dataset; `graftwork data list` names them."""
    decode: bool = True
    """Decode every image to see whether it can be read."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataPrepare(DataOptions):
    """Decode and resize the images of a dataset once; later runs start at once.

    An interrupted preparation goes on where it stopped.

    Example: graftwork data prepare digits --size 16
    """

    dataset: Annotated[str, tyro.conf.Positional]
    """The dataset; `graftwork data list` names them."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataCache:
    """List what is prepared and how large it is, or remove it.

    Example: graftwork data cache
    """

    names: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Only these: names of datasets, or of entries as the list shows them."""
    clear: bool = False
    """Remove them."""
