-- The ledger. Money is USD nano-dollars, times are milliseconds since the Unix epoch (UTC), sizes are bytes.
-- Table names are in the singular: the plural names belong to the published views (sessions, ai_usage, …).

CREATE TABLE migration (
    number     INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    applied_ms INTEGER NOT NULL
) STRICT;

-- A process that holds calls. They are in flight while it lives, which a lock tells, not this row.
CREATE TABLE owner (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    pid        INTEGER NOT NULL CHECK (pid > 0),
    started_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE session (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL CHECK (length(name) > 0),
    directory  TEXT NOT NULL,            -- the scope: git root, or directory outside git
    git_root   TEXT,
    branch     TEXT,
    start_head TEXT,
    started_ms INTEGER NOT NULL,
    ended_ms   INTEGER CHECK (ended_ms >= started_ms),
    notes      TEXT,
    owner_id   INTEGER REFERENCES owner (id),
    background INTEGER NOT NULL DEFAULT 0 CHECK (background IN (0, 1))
) STRICT;

-- One active session per scope, whatever races.
CREATE UNIQUE INDEX session_active ON session (directory) WHERE ended_ms IS NULL;

-- Uncommitted files as they were when the session began; dropped when it ends.
CREATE TABLE file_mark (
    session_id INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    path       TEXT NOT NULL,
    size       INTEGER,
    mtime_ns   INTEGER,                  -- nanoseconds since the epoch
    PRIMARY KEY (session_id, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE file_change (
    id           INTEGER PRIMARY KEY,
    session_id   INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    path         TEXT NOT NULL,
    change       TEXT NOT NULL CHECK (change IN ('created', 'modified', 'deleted')),
    timestamp_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX file_change_session ON file_change (session_id);

CREATE TABLE git_commit (
    id           INTEGER PRIMARY KEY,
    session_id   INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    hash         TEXT NOT NULL,
    message      TEXT NOT NULL,
    timestamp_ms INTEGER NOT NULL,
    UNIQUE (session_id, hash)
) STRICT;

CREATE TABLE annotation (
    id           INTEGER PRIMARY KEY,
    session_id   INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    message      TEXT NOT NULL,
    timestamp_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX annotation_session ON annotation (session_id);

-- One request to a model: held before it is sent, then settled, released or lost, once.
CREATE TABLE call (
    id               INTEGER PRIMARY KEY,
    session_id       INTEGER REFERENCES session (id) ON DELETE CASCADE,
    owner_id         INTEGER REFERENCES owner (id),
    state            TEXT NOT NULL CHECK (state IN ('held', 'settled', 'released', 'lost')),
    provider         TEXT NOT NULL,
    model            TEXT NOT NULL,      -- as asked for
    model_answered   TEXT,               -- as the provider says
    endpoint         TEXT NOT NULL,
    streamed         INTEGER NOT NULL CHECK (streamed IN (0, 1)),
    started_ms       INTEGER NOT NULL,
    ended_ms         INTEGER,
    hold_nanos       INTEGER CHECK (hold_nanos >= 0),   -- NULL: no price is known
    cost_nanos       INTEGER CHECK (cost_nanos >= 0),   -- NULL: not billed, or unpriced
    price_source     TEXT,
    evidence         TEXT CHECK (evidence IN ('measured', 'reported', 'imported', 'manual', 'estimated')),
    cut              TEXT CHECK (cut IN ('client', 'upstream', 'process')),
    http_status      INTEGER,
    request_id       TEXT,
    response_id      TEXT,
    agent            TEXT,
    user             TEXT,
    customer         TEXT,
    feature          TEXT,
    client_session   TEXT,
    retry            INTEGER NOT NULL DEFAULT 0,
    -- tokens, each counted in one column; NULL: not known
    input            INTEGER CHECK (input >= 0),
    cache_read       INTEGER CHECK (cache_read >= 0),
    cache_write      INTEGER CHECK (cache_write >= 0),
    cache_write_1h   INTEGER CHECK (cache_write_1h >= 0),
    input_audio      INTEGER CHECK (input_audio >= 0),
    cache_read_audio INTEGER CHECK (cache_read_audio >= 0),
    output           INTEGER CHECK (output >= 0),
    reasoning        INTEGER CHECK (reasoning >= 0),
    output_audio     INTEGER CHECK (output_audio >= 0),
    web_searches     INTEGER CHECK (web_searches >= 0),  -- requests, not tokens
    CHECK ((state IN ('settled', 'lost')) = (evidence IS NOT NULL)),
    CHECK ((state = 'held') = (ended_ms IS NULL)),
    CHECK (state <> 'held' OR owner_id IS NOT NULL)
) STRICT;

CREATE INDEX call_session ON call (session_id);
CREATE INDEX call_held ON call (owner_id) WHERE state = 'held';
