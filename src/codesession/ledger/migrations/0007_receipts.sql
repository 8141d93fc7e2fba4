-- What was answered to usage that was pushed with a key, so that the same push counts once.

CREATE TABLE receipt (
    key    TEXT PRIMARY KEY NOT NULL,
    digest TEXT NOT NULL,      -- SHA-256 of what was pushed
    at_ms  INTEGER NOT NULL,   -- milliseconds since the epoch (UTC)
    calls  TEXT NOT NULL,      -- the ids of the calls, as a JSON list
    sums   TEXT NOT NULL       -- what their sessions came to then: JSON lists of id, calls, nano-dollars, tokens, unpriced
) STRICT, WITHOUT ROWID;

CREATE INDEX receipt_at ON receipt (at_ms);
