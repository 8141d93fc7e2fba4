-- Sessions whose calls a person has paused or stopped. Times are milliseconds since the epoch (UTC).

CREATE TABLE switch (
    session_id INTEGER PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
    state      TEXT NOT NULL CHECK (state IN ('paused', 'stopped')),
    since_ms   INTEGER NOT NULL,
    wait_s     INTEGER NOT NULL CHECK (wait_s >= 0)   -- seconds a call waits during a pause before it is refused
) STRICT;

-- An event may also be that: SQLite changes a CHECK by making the table anew (https://www.sqlite.org/lang_altertable.html).
CREATE TABLE event_with_switches (
    id         INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN (
        'refused', 'ended', 'asked', 'approved', 'denied', 'warned', 'stopped', 'paused', 'resumed')),
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

INSERT INTO event_with_switches (
    id, kind, at_ms, rule, session_id, call_id, provider, model, agent, user, customer, message, details)
SELECT id, kind, at_ms, rule, session_id, call_id, provider, model, agent, user, customer, message, details FROM event;

DROP TABLE event;
ALTER TABLE event_with_switches RENAME TO event;
CREATE INDEX event_session ON event (session_id);
