"""What is in the exact cache, and what has it saved?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from codesession.model import to_usd
from codesession.report.documents import document
from codesession.report.formats import duration, iso, money, plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesession.ledger.answers import AnswerContents, Removed, ScopeAnswers
    from codesession.report.documents import Document

HOW_TO_ENABLE = "Write `enabled = true` under [cache] in config.toml, or type: cs run --cache -- CMD"
_MB = 1024 * 1024


def cache_document(cache: AnswerContents, *, is_enabled: bool) -> Document:
    """What ``cache stats`` answers."""
    unknown = {"lastHit": None, "oldestEntry": None, "newestEntry": None}
    return document(
        {
            "path": str(cache.path),
            **unknown,
            **cache_sums_document(cache, is_enabled=is_enabled),
            "howToEnable": None if is_enabled else HOW_TO_ENABLE,
            "scopes": [_scope(scope) for scope in cache.scopes],
        }
    )


def cache_sums_document(cache: AnswerContents, *, is_enabled: bool) -> Document:
    """What ``/proxy/stats`` answers; times are left out where nothing is kept."""
    scopes = cache.scopes
    times = {
        "lastHit": _latest(scope.last_hit_ms for scope in scopes),
        "oldestEntry": iso(min(scope.oldest_ms for scope in scopes)) if scopes else None,
        "newestEntry": _latest(scope.newest_ms for scope in scopes),
    }
    return {
        "enabled": is_enabled,
        "ttlSeconds": cache.ttl_s,
        "maxBytes": cache.max_bytes,
        "entries": sum(scope.entries for scope in scopes),
        "expired": sum(scope.expired for scope in scopes),
        "unpriced": sum(scope.unpriced for scope in scopes),
        "bytes": sum(scope.size for scope in scopes),
        "hits": sum(scope.hits for scope in scopes),
        "savedCost": to_usd(sum(scope.saved_nanos for scope in scopes)),
        "storedCost": to_usd(sum(scope.stored_nanos for scope in scopes)),
    } | {name: time for name, time in times.items() if time is not None}


def _scope(scope: ScopeAnswers) -> Document:
    return {
        "directory": scope.directory,
        "entries": scope.entries,
        "expired": scope.expired,
        "unpriced": scope.unpriced,
        "bytes": scope.size,
        "hits": scope.hits,
        "savedCost": to_usd(scope.saved_nanos),
        "storedCost": to_usd(scope.stored_nanos),
        "lastHit": None if scope.last_hit_ms is None else iso(scope.last_hit_ms),
        "oldestEntry": iso(scope.oldest_ms),
        "newestEntry": iso(scope.newest_ms),
    }


def _latest(times: Iterable[int | None]) -> str | None:
    known = [time for time in times if time is not None]
    return iso(max(known)) if known else None


def cache_text(cache: AnswerContents, *, is_enabled: bool) -> str:
    """The same for a person."""
    from codesession.report.tables import columns, facts

    scopes = cache.scopes
    size = sum(scope.size for scope in scopes)
    answers, hits = (sum(scope.entries for scope in scopes), sum(scope.hits for scope in scopes))
    for_long = duration(cache.ttl_s)
    rows = [
        ("Answers", f"{answers:,}, {_size(size)} of at most {_size(cache.max_bytes)}; each is used for {for_long}"),
        ("Hits", f"{hits:,}, which saved {money(sum(scope.saved_nanos for scope in scopes))}{_unpriced(scopes)}"),
    ]
    if scopes:
        oldest, newest = (min(scope.oldest_ms for scope in scopes), max(scope.newest_ms for scope in scopes))
        rows.append(("Kept", f"{_local(oldest)} to {_local(newest)}{_expired(scopes)}"))
    rows.append(("File", f"{cache.path} (not encrypted)"))
    told = facts(f"Exact cache: {'on' if is_enabled else 'off'}", rows)
    if scopes:
        names = ("Directory", "Answers", "Size", "Hits", "Saved")
        lines = [
            (scope.directory, f"{scope.entries:,}", _size(scope.size), f"{scope.hits:,}", money(scope.saved_nanos))
            for scope in scopes
        ]
        told += "\n\n" + columns("", names, lines, names[1:])
    return told if is_enabled else f"{told}\n\n{HOW_TO_ENABLE}"


def _unpriced(scopes: Iterable[ScopeAnswers]) -> str:
    unpriced = sum(scope.unpriced for scope in scopes)
    return f"; {plural(unpriced, 'answer')} without a known price aside" if unpriced else ""


def _expired(scopes: Iterable[ScopeAnswers]) -> str:
    expired = sum(scope.expired for scope in scopes)
    return f"; {expired:,} of them too old to be used" if expired else ""


def _local(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M")


def _size(size: int) -> str:
    """Bytes as people say them.

    >>> _size(0), _size(900), _size(20_480), _size(268_435_456)
    ('0 KB', '1 KB', '20 KB', '256.0 MB')
    """
    return f"{size / _MB:,.1f} MB" if size >= _MB else f"{-(-size // 1024):,} KB"


def cleared_document(removed: Removed) -> Document:
    """What ``cache clear`` answers; `removed` is null where the file could not be read any more."""
    return document({"removed": removed.entries, "bytes": removed.size})


def cleared_text(removed: Removed) -> str:
    """The same for a person."""
    if removed.entries is None:
        return f"The cache could not be read, and was thrown away ({_size(removed.size)})."
    if not removed.entries:
        return "There was nothing to delete."
    return f"Deleted {plural(removed.entries, 'answer')} ({_size(removed.size)})."
