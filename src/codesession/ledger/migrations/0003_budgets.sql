-- The spend firewall: what may be spent, what that has come to, what was refused, and who was asked.
-- A day, a week and a month begin in the user's time zone, so an account carries its own beginning and end.

ALTER TABLE call ADD COLUMN expected_nanos INTEGER CHECK (expected_nanos >= 0);  -- held by balanced budgets; NULL: hold_nanos is
ALTER TABLE call ADD COLUMN rule TEXT;                                           -- of the firewall, if it ended the answer
ALTER TABLE call ADD COLUMN saved_nanos INTEGER CHECK (saved_nanos >= 0);        -- of an answer from the cache

CREATE INDEX call_started ON call (started_ms);

CREATE TABLE budget (
    id             INTEGER PRIMARY KEY,
    kind           TEXT NOT NULL CHECK (kind IN ('session', 'all', 'project', 'agent', 'user', 'customer', 'model')),
    name           TEXT NOT NULL,     -- whose; '*': each of its kind alone; '' for session and all
    period         TEXT NOT NULL CHECK (period IN ('session', 'day', 'week', 'month', 'total')),
    limit_nanos    INTEGER NOT NULL CHECK (limit_nanos >= 0),
    mode           TEXT NOT NULL CHECK (mode IN ('warn', 'block', 'stop')),
    strict         INTEGER NOT NULL CHECK (strict IN (0, 1)),
    warn_at        INTEGER NOT NULL CHECK (warn_at BETWEEN 1 AND 100),               -- percent
    ask_s          INTEGER NOT NULL CHECK (ask_s >= 0),                              -- seconds
    unpriced_nanos INTEGER CHECK (unpriced_nanos >= 0),                              -- NULL: such calls are refused
    directory      TEXT NOT NULL,     -- the project whose codesession.toml says so; '': the user does
    UNIQUE (kind, name, period, directory),
    CHECK (kind <> 'session' OR period = 'session'),
    CHECK (kind <> 'all' OR period <> 'session')
) STRICT;

-- What a budget has come to, for one subject in one window. Kept in the transaction that changes a call; can be rebuilt.
CREATE TABLE account (
    id              INTEGER PRIMARY KEY,
    budget_id       INTEGER NOT NULL REFERENCES budget (id) ON DELETE CASCADE,
    kind            TEXT NOT NULL,
    subject         TEXT NOT NULL,
    session_id      INTEGER NOT NULL,  -- 0: of any session
    directory       TEXT NOT NULL,     -- '': of any project
    began_ms        INTEGER NOT NULL,
    ends_ms         INTEGER NOT NULL,  -- 9223372036854775807: never
    measured_nanos  INTEGER NOT NULL DEFAULT 0,
    reported_nanos  INTEGER NOT NULL DEFAULT 0,
    imported_nanos  INTEGER NOT NULL DEFAULT 0,
    manual_nanos    INTEGER NOT NULL DEFAULT 0,
    estimated_nanos INTEGER NOT NULL DEFAULT 0,
    held_nanos      INTEGER NOT NULL DEFAULT 0,
    unpriced        INTEGER NOT NULL DEFAULT 0,                        -- calls
    extra_nanos     INTEGER NOT NULL DEFAULT 0 CHECK (extra_nanos >= 0),  -- approved beyond the limit
    near_told       INTEGER NOT NULL DEFAULT 0 CHECK (near_told IN (0, 1)),
    over_told       INTEGER NOT NULL DEFAULT 0 CHECK (over_told IN (0, 1)),
    UNIQUE (budget_id, subject, session_id, began_ms)
) STRICT;

CREATE INDEX account_subject ON account (kind, subject, session_id);

CREATE TABLE mandate (
    id                  INTEGER PRIMARY KEY,
    kind                TEXT NOT NULL CHECK (kind IN ('all', 'project', 'agent', 'user', 'customer')),
    name                TEXT NOT NULL,
    allowed             TEXT NOT NULL,   -- patterns of models, as a JSON list
    denied              TEXT NOT NULL,
    most_per_call_nanos INTEGER CHECK (most_per_call_nanos >= 0),
    most_parallel       INTEGER CHECK (most_parallel >= 0),
    directory           TEXT NOT NULL,
    UNIQUE (kind, name, directory)
) STRICT;

CREATE TABLE event (
    id         INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('refused', 'ended', 'asked', 'approved', 'denied', 'warned')),
    at_ms      INTEGER NOT NULL,
    rule       TEXT,
    session_id INTEGER REFERENCES session (id) ON DELETE CASCADE,
    call_id    INTEGER REFERENCES call (id) ON DELETE CASCADE,
    provider   TEXT,
    model      TEXT,
    agent      TEXT,
    user       TEXT,
    customer   TEXT,
    message    TEXT NOT NULL,
    details    TEXT NOT NULL          -- JSON
) STRICT;

CREATE INDEX event_session ON event (session_id);

-- A call that waits for a person's word.
CREATE TABLE question (
    id           INTEGER PRIMARY KEY,
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'denied', 'expired')),
    rule         TEXT NOT NULL,
    message      TEXT NOT NULL,
    account_id   INTEGER REFERENCES account (id) ON DELETE SET NULL,
    session_id   INTEGER REFERENCES session (id) ON DELETE CASCADE,
    owner_id     INTEGER NOT NULL REFERENCES owner (id),
    model        TEXT NOT NULL,
    needed_nanos INTEGER CHECK (needed_nanos >= 0),
    asked_ms     INTEGER NOT NULL,
    until_ms     INTEGER NOT NULL
) STRICT;

CREATE INDEX question_waiting ON question (owner_id) WHERE state = 'waiting';
