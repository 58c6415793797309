"""How the templates of all reports are read: escaped, and strict about names."""

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports import wording
from reports.tables import plain

_FILTERS: dict[str, Callable[..., Any]] = {
    "percent": wording.percent,
    "decimal": wording.decimal,
    "count": wording.count,
    "scaled": wording.scaled,
    "duration": wording.duration,
    "span": wording.span,
    "plain": plain,
    "probability": wording.probability,
    "quantity": wording.quantity,
}


def make_environment(**filters: Callable[..., Any]) -> Environment:
    """Returns what `reports/templates` are rendered by.

    Args:
        filters: What a template needs besides numbers in words.
    """
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= _FILTERS | filters
    return environment
