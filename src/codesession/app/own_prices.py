"""What has the user said that a model costs? Setting and removing prices in ``pricing.json``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from codesession.app.words import valid_text
from codesession.errors import InvalidInput
from codesession.meter import remove_prices, write_price
from codesession.meter.custom import FILE
from codesession.meter.userfiles import MOST_DOLLARS

if TYPE_CHECKING:
    from pathlib import Path

    from codesession.config import Config

LONGEST_PROVIDER = 100
LONGEST_MODEL = 200
"""characters of a name that can be given a price"""

_PLAIN_DECIMAL = re.compile(r"[0-9]{1,7}(\.[0-9]{0,18})?|\.[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class SetPrice:
    """A price the user has set, in dollars per million tokens."""

    key: str
    input: Decimal
    output: Decimal
    path: Path


def set_price(
    config: Config,
    model: str,
    input_: str,
    output: str,
    *,
    provider: str | None = None,
    cache_read: str | None = None,
    cache_write: str | None = None,
) -> SetPrice:
    """Set what a model costs, in dollars per million tokens as they were typed; it holds from now on.

    Raises:
        InvalidInput: a name or a number cannot be used, or the file is broken; nothing was written.
        DatabaseError: the file cannot be written.
    """
    key = _key(model, provider)
    dollars = {"input": _dollars("input", input_), "output": _dollars("output", output)}
    if cache_read is not None:
        dollars["cacheRead"] = _dollars("cache read", cache_read)
    if cache_write is not None:
        dollars["cacheWrite"] = _dollars("cache write", cache_write)
    path = config.data_dir / FILE
    write_price(path, key, dollars)
    return SetPrice(key, dollars["input"], dollars["output"], path)


def reset_prices(config: Config, model: str | None = None, provider: str | None = None) -> tuple[int, Path]:
    """Remove the price of a model, those of a provider, or all; returns how many there were, and the file.

    Raises:
        InvalidInput: a name is blank, or some prices are to stay and the file is broken; nothing was changed.
        DatabaseError: the file cannot be written.
    """
    path = config.data_dir / FILE
    if model is None and provider is None:
        return remove_prices(path), path
    if model is None:
        prefix = f"{_named('provider', provider or '', LONGEST_PROVIDER)}/".lower()
        return remove_prices(path, lambda key: key.strip().lower().startswith(prefix)), path
    wanted = _key(model, provider).lower()
    return remove_prices(path, lambda key: key.strip().lower() == wanted), path


def _key(model: str, provider: str | None) -> str:
    """The key of a model in the user's file."""
    model = _named("model", model, LONGEST_MODEL)
    if provider is None:
        return model
    provider = _named("provider", provider, LONGEST_PROVIDER)
    if "/" in provider:
        raise InvalidInput(f"The provider {provider!r} has a slash; a provider's name has none.")
    return model if model.lower().startswith(f"{provider.lower()}/") else f"{provider}/{model}"


def _named(what: str, said: str, longest: int) -> str:
    """A name as it is kept."""
    name = " ".join(valid_text(said).split())
    if not name or name.startswith("/") or name.endswith("/"):
        raise InvalidInput(f"The {what} {said!r} is no name.")
    if len(name) > longest:
        raise InvalidInput(f"The {what} has {len(name)} characters; at most {longest} are kept.")
    return name


def _dollars(what: str, said: str) -> Decimal:
    """Dollars per million tokens as they were typed."""
    if not _PLAIN_DECIMAL.fullmatch(said) or Decimal(said) > MOST_DOLLARS:
        raise InvalidInput(
            f"The {what} price {said!r} cannot be used: write dollars per million tokens, "
            f"from 0 to {MOST_DOLLARS:,}, such as 2.50"
        )
    return Decimal(said)
