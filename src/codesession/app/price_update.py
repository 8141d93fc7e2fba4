"""How does a newer price list come into use? Fetched, compiled, compared with the one in use, and put in its place.

Nothing of this happens by itself. Until the last step, which is one rename, the list in use is the old one.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, NamedTuple, NoReturn

from codesession.app.pricing import book_over
from codesession.errors import CodesessionError, InvalidInput
from codesession.meter import Catalogue, PricesUnavailable, ensure_shards
from codesession.meter.downloaded import Downloaded, list_in_use, put_in_use, put_installed_in_use, write_flushed
from codesession.meter.snapshot import FORMAT, PARTIAL, compile_elsewhere, installed_shards, installed_version, sweep
from codesession.meter.terms import basis_of, name_of, place_of
from codesession.model import NANOS_PER_USD, USAGE_FIELDS
from codesession.model.classes import KIND_OF
from codesession.model.price_changes import ListCounts, PriceUpdate, RateChange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    from codesession.app.core import App
    from codesession.meter import Rates, Resolved
    from codesession.model import Terms

MOST_TIMES = 5
"""A rate that becomes so many times as high, or as low, is more likely a mistake than a price."""

_MOST_SAID = 20
"""doubts that are told one by one"""
_PER_MILLION = 1_000_000


class PricesRefused(CodesessionError):
    """A newer list is so unlike the one in use that it may be wrong; nothing was changed."""

    code: ClassVar[str] = "prices_refused"
    http_status: ClassVar[int] = 409


def update_prices(
    app: App, source: str | None = None, *, to_installed: bool = False, is_trial: bool = False, accepts: bool = False
) -> PriceUpdate:
    """Put a newer price list in use: that at the address or in the file `source`, by default where genai-prices' is.

    With `to_installed` it is that of the installed package again. A trial changes nothing. A list that would lose half
    of the models, or the price of a model of the ledger's, or changes one by more than `MOST_TIMES`, is only taken
    where the user `accepts` that.

    Raises:
        InvalidInput: `source` cannot be used.
        PricesUnavailable: the list could not be had, or is none, or could not be put in use.
        PricesRefused: it is not accepted.
    """
    if source is not None and to_installed:
        raise InvalidInput("Say either --from or --installed.")
    home = app.config.data_dir / "prices"
    installed = installed_version()
    current = _Priced.at(app, _shards_in_use(app))
    if to_installed:
        return _to_installed(app, home, current, is_trial=is_trial)
    from codesession.app.price_download import fetch  # TLS and all that, which going back does without

    fetched = fetch(_address() if source is None else source)
    digest = hashlib.sha256(fetched.content).hexdigest()[:16]
    day = datetime.fromtimestamp(app.now_ms() / 1000, tz=UTC).date().isoformat()
    newer, now = Downloaded(day, digest, installed), list_in_use(home, installed)
    if now is not None and now.digest == digest:
        return PriceUpdate(
            current.source, current.source, fetched.origin, in_use=True, is_same=True, ledger_models=current.models
        )
    staged = _stage(home)
    try:
        write_flushed(staged / "list.json", fetched.content)
        _compile(staged, newer.version, fetched.origin)
        update = _compared(current, _Priced.at(app, staged / "shards"), fetched.origin, is_trial=is_trial)
        if not is_trial:
            if update.doubts and not accepts:
                _refuse(app, update)
            _put(home, newer, staged)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return update


def _address() -> str:
    """Where genai-prices itself fetches newer prices from; asked of the package, in a process of its own."""
    import subprocess
    import sys

    code = "from genai_prices.update_prices import DEFAULT_UPDATE_URL; print(DEFAULT_UPDATE_URL)"
    done = subprocess.run(  # noqa: S603 - a constant, run by the interpreter that runs us
        [sys.executable, "-P", "-c", code], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not done.stdout.strip():
        raise PricesUnavailable("The package genai-prices does not say where newer prices are: use --from.")
    return done.stdout.strip()


def _shards_in_use(app: App) -> Path | None:
    """The shards of the list in use; without any, whatever comes is better."""
    try:
        return ensure_shards(app.config.data_dir)
    except PricesUnavailable as error:
        app.problem(error.message)
        return None


def _stage(home: Path) -> Path:
    """A directory in which a list is made ready; what a killed update leaves of it is swept an hour later."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return home.joinpath(tempfile.mkdtemp(prefix=PARTIAL, dir=home))
    except OSError as error:
        raise PricesUnavailable(f"The price list cannot be kept in {home}: {error}.") from error


def _compile(staged: Path, version: str, origin: str) -> None:
    try:
        compile_elsewhere(staged / "shards", staged / "list.json", version)
    except PricesUnavailable as error:
        said = error.message.removeprefix("The price list could not be compiled: ")
        raise PricesUnavailable(f"What is at {origin} cannot be used: {said} Nothing was changed.") from error


def _put(home: Path, newer: Downloaded, staged: Path) -> None:
    try:
        put_in_use(home, newer, staged / "list.json", staged / "shards", newer.shards_in(home, FORMAT))
    except OSError as error:
        raise PricesUnavailable(f"The price list cannot be put in use: {error}. Nothing was changed.") from error
    with suppress(OSError):  # it is in use; what is left over is swept another time
        sweep(home)


def _to_installed(app: App, home: Path, current: _Priced, *, is_trial: bool) -> PriceUpdate:
    """The installed package's list again: that it may be used was decided when it was installed."""
    installed = _Priced.at(app, installed_shards(app.config.data_dir))
    if list_in_use(home, installed_version()) is None:
        return PriceUpdate(
            current.source, installed.source, "installed", in_use=True, is_same=True, ledger_models=current.models
        )
    if not is_trial:
        try:
            put_installed_in_use(home)
        except OSError as error:
            raise PricesUnavailable(f"The price list cannot be put in use: {error}. Nothing was changed.") from error
    return _compared(current, installed, "installed", is_trial=is_trial)


# --- what changes ---


class _Used(NamedTuple):
    """What the ledger has calls of."""

    provider: str
    model: str
    terms: str
    """in words; empty for the standard ones"""


def _words(terms: Terms) -> str:
    """What in the terms of a call makes another price of it."""
    basis = basis_of(terms)
    return ", ".join(word for word in (name_of(basis) if basis else None, place_of(terms)) if word)


class _Priced(NamedTuple):
    """The price of everything at this moment, by one list."""

    source: str
    all: Mapping[tuple[str, str], Resolved]
    """every model that the list has a price of"""
    used: Mapping[_Used, Resolved | None]
    """every model that the ledger has calls of, on their terms; the user's prices and our corrections come first"""

    @property
    def models(self) -> int:
        """How many models the ledger has calls of."""
        return len({used[:2] for used in self.used})

    @classmethod
    def at(cls, app: App, shards: Path | None) -> _Priced:
        at = datetime.fromtimestamp(app.now_ms() / 1000, tz=UTC)
        book = book_over(app.config, Catalogue(shards))
        with app.ledger.reading() as tx:
            used = tx.models_used()
        return cls(
            book.catalogue.source,
            {(found.provider, found.model): found for found in book.catalogue.listed(at)},
            {_Used(name, model, _words(terms)): book.resolve(name, model, at, terms) for name, model, terms in used},
        )


def _compared(before: _Priced, after: _Priced, origin: str, *, is_trial: bool) -> PriceUpdate:
    changes = tuple(
        change for used, old in before.used.items() for change in _rate_changes(used, old, after.used[used])
    )
    counts = _counts(before, after)
    return PriceUpdate(
        before.source,
        after.source,
        origin,
        in_use=not is_trial,
        is_same=False,
        ledger_models=before.models,
        changes=changes,
        counts=counts,
        doubts=() if origin == "installed" else tuple(_doubts(before, after, changes)),
    )


def _counts(before: _Priced, after: _Priced) -> ListCounts:
    return ListCounts(
        providers_before=len({provider for provider, _ in before.all}),
        providers_after=len({provider for provider, _ in after.all}),
        models_before=len(before.all),
        models_after=len(after.all),
        added=len(after.all.keys() - before.all.keys()),
        removed=len(before.all.keys() - after.all.keys()),
        changed=sum(before.all[key].rates != after.all[key].rates for key in before.all.keys() & after.all.keys()),
    )


def _rate_changes(used: _Used, before: Resolved | None, after: Resolved | None) -> Iterator[RateChange]:
    """Each class of a model whose rate is another one, tier by tier, for as far as the tiers are not alike."""
    start = after.start if after else None
    told: dict[str, tuple[Fraction | None, Fraction | None]] = {}
    for above in sorted({band.above for found in (before, after) if found for band in found.rates.bands}):
        old, new = (_rates(found.rates if found else None, above) for found in (before, after))
        for name, rate in old.items():
            pair = rate, new[name]
            kind = KIND_OF.get(name, name)
            goes_without_saying = kind != name and pair == (old[kind], new[kind])
            if rate != new[name] and told.get(name) != pair and not goes_without_saying:
                yield RateChange(
                    used.provider, used.model, name, used.terms, above, _dollars(rate), _dollars(new[name]), start
                )
            told[name] = pair


def _rates(rates: Rates | None, above: int) -> dict[str, Fraction | None]:
    """Nano-dollars for one of each class, for prompts just longer than `above` tokens."""
    if rates is None:
        return {**dict.fromkeys(USAGE_FIELDS), "request": Fraction(0)}
    band = rates.band(above + 1)
    known = {
        name: None if rate is None else Fraction(rate, rates.per)
        for name, rate in zip(USAGE_FIELDS, band.classes, strict=True)
    }
    return {**known, "request": Fraction(band.request, rates.per)}


def _dollars(rate: Fraction | None) -> Decimal | None:
    """Dollars for a million; exact, for a rate is a whole number of what a power of ten costs."""
    from decimal import Decimal

    if rate is None:
        return None
    dollars = rate * _PER_MILLION / NANOS_PER_USD
    return Decimal(dollars.numerator) / Decimal(dollars.denominator)


# --- may it be used? ---


def _doubts(before: _Priced, after: _Priced, changes: Sequence[RateChange]) -> Iterator[str]:
    """Why a list may be wrong, a sentence each."""
    old, new = ({provider for provider, _ in priced.all} for priced in (before, after))
    for what, had, has in (("providers", old, new), ("models", before.all.keys(), after.all.keys())):
        kept = len(had & has)
        if 2 * kept < len(had):
            yield f"Of {len(had):,} {what} that have a price now, it has {kept:,}."
    lost = [used for used, found in before.used.items() if found is not None and after.used[used] is None]
    for used in lost:
        yield f"{_named(used)}, which the ledger has calls of, would have no price."
    for change in changes:
        used = _Used(change.provider, change.model, change.terms)
        if used not in lost and _is_doubtful(change.before, change.after):
            kind = change.name.replace("_", " ")
            yield f"{_named(used)} would cost {_said(change.after)} a million for {kind}, not {_said(change.before)}."


def _named(used: _Used) -> str:
    return f"{used.provider}/{used.model}" + (f" ({used.terms})" if used.terms else "")


def _is_doubtful(before: Decimal | None, after: Decimal | None) -> bool:
    """Whether a rate is lost, or becomes another one by too much; that something has one now is no reason."""
    if before is None:
        return False
    return after is None or after > MOST_TIMES * before or before > MOST_TIMES * after


def _said(dollars: Decimal | None) -> str:
    return "nothing that is known" if dollars is None else f"${dollars.normalize():f}"


def _refuse(app: App, update: PriceUpdate) -> NoReturn:
    for doubt in update.doubts[:_MOST_SAID]:
        app.say(doubt)
    if len(update.doubts) > _MOST_SAID:
        app.say(f"And {len(update.doubts) - _MOST_SAID:,} more.")
    raise PricesRefused(
        f"The price list at {update.origin} may be wrong, and nothing was changed; "
        "use it nevertheless with --yes, or look at it with --dry-run.",
        doubts=list(update.doubts),
    )
