-- What sessions and calls come to, kept in the transaction that changes them, so that no command and no page adds up
-- calls; and the names under which the earlier tools published their tables.

ALTER TABLE session ADD COLUMN files INTEGER NOT NULL DEFAULT 0 CHECK (files >= 0);      -- paths that changed
ALTER TABLE session ADD COLUMN commits INTEGER NOT NULL DEFAULT 0 CHECK (commits >= 0);
ALTER TABLE session ADD COLUMN begun_in TEXT;    -- the directory an earlier tool began it in, where that is not its scope

UPDATE session SET
    files = (SELECT count(DISTINCT path) FROM file_change WHERE file_change.session_id = session.id),
    commits = (SELECT count(*) FROM git_commit WHERE git_commit.session_id = session.id);

CREATE INDEX session_started ON session (started_ms);

-- Tokens of which only the total is known; they are in no other column.
ALTER TABLE call ADD COLUMN unsplit INTEGER CHECK (unsplit >= 0);

DROP INDEX call_held;
CREATE INDEX call_held ON call (session_id, owner_id) WHERE state = 'held';

-- What each model did in a session. Only calls that are no longer held; money is USD nano-dollars.
CREATE TABLE session_model (
    session_id INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    provider   TEXT NOT NULL,
    model      TEXT NOT NULL,      -- the one that answered, else the one asked for
    calls      INTEGER NOT NULL,   -- billed: settled or lost
    tokens     INTEGER NOT NULL,
    cost_nanos INTEGER NOT NULL,   -- of the priced ones
    unpriced   INTEGER NOT NULL,
    estimated  INTEGER NOT NULL,   -- whole answers whose usage or price the provider did not give
    cut        INTEGER NOT NULL,   -- by the client or the provider
    lost       INTEGER NOT NULL,
    failed     INTEGER NOT NULL,   -- released: nothing was billed
    PRIMARY KEY (session_id, provider, model)
) STRICT, WITHOUT ROWID;

-- What was billed in each quarter of an hour, by scope, provider, model, agent, customer and evidence ('' for none).
CREATE TABLE quarter_hour (
    started_ms       INTEGER NOT NULL,  -- its beginning, UTC; a call counts where it began
    directory        TEXT NOT NULL,     -- the scope
    provider         TEXT NOT NULL,
    model            TEXT NOT NULL,
    agent            TEXT NOT NULL,
    customer         TEXT NOT NULL,
    evidence         TEXT NOT NULL,
    calls            INTEGER NOT NULL,
    unpriced         INTEGER NOT NULL,
    cost_nanos       INTEGER NOT NULL,
    input            INTEGER NOT NULL,
    cache_read       INTEGER NOT NULL,
    cache_write      INTEGER NOT NULL,
    cache_write_1h   INTEGER NOT NULL,
    input_audio      INTEGER NOT NULL,
    cache_read_audio INTEGER NOT NULL,
    output           INTEGER NOT NULL,
    reasoning        INTEGER NOT NULL,
    output_audio     INTEGER NOT NULL,
    web_searches     INTEGER NOT NULL,
    unsplit          INTEGER NOT NULL,
    PRIMARY KEY (started_ms, directory, provider, model, agent, customer, evidence)
) STRICT, WITHOUT ROWID;

-- Both for the calls that are there.
INSERT INTO session_model
SELECT
    session_id,
    provider,
    coalesce(model_answered, model),
    count(*) FILTER (WHERE state IN ('settled', 'lost')),
    sum(coalesce(input, 0) + coalesce(cache_read, 0) + coalesce(cache_write, 0) + coalesce(cache_write_1h, 0)
        + coalesce(input_audio, 0) + coalesce(cache_read_audio, 0)
        + coalesce(output, 0) + coalesce(reasoning, 0) + coalesce(output_audio, 0)),
    coalesce(sum(cost_nanos), 0),
    count(*) FILTER (WHERE state IN ('settled', 'lost') AND cost_nanos IS NULL),
    count(*) FILTER (WHERE evidence = 'estimated' AND cut IS NULL),
    count(*) FILTER (WHERE cut IN ('client', 'upstream')),
    count(*) FILTER (WHERE state = 'lost'),
    count(*) FILTER (WHERE state = 'released')
FROM call
WHERE session_id IS NOT NULL AND state <> 'held'
GROUP BY 1, 2, 3;

INSERT INTO quarter_hour
SELECT
    call.started_ms - call.started_ms % 900000,
    coalesce(session.directory, ''),
    call.provider,
    coalesce(call.model_answered, call.model),
    coalesce(call.agent, ''),
    coalesce(call.customer, ''),
    call.evidence,
    count(*),
    count(*) FILTER (WHERE call.cost_nanos IS NULL),
    coalesce(sum(call.cost_nanos), 0),
    coalesce(sum(call.input), 0),
    coalesce(sum(call.cache_read), 0),
    coalesce(sum(call.cache_write), 0),
    coalesce(sum(call.cache_write_1h), 0),
    coalesce(sum(call.input_audio), 0),
    coalesce(sum(call.cache_read_audio), 0),
    coalesce(sum(call.output), 0),
    coalesce(sum(call.reasoning), 0),
    coalesce(sum(call.output_audio), 0),
    coalesce(sum(call.web_searches), 0),
    0
FROM call LEFT JOIN session ON session.id = call.session_id
WHERE call.state IN ('settled', 'lost')
GROUP BY 1, 2, 3, 4, 5, 6, 7;

-- A database of an earlier tool whose rows were taken over, once.
CREATE TABLE takeover (
    id          INTEGER PRIMARY KEY,
    source      TEXT NOT NULL,       -- the path it had
    kept        TEXT NOT NULL,       -- the path where it lies, unchanged
    taken_ms    INTEGER NOT NULL,
    sessions    INTEGER NOT NULL,
    calls       INTEGER NOT NULL,
    files       INTEGER NOT NULL,
    commits     INTEGER NOT NULL,
    annotations INTEGER NOT NULL
) STRICT;

-- What in it could not be kept as it was.
CREATE TABLE takeover_problem (
    id          INTEGER PRIMARY KEY,
    takeover_id INTEGER NOT NULL REFERENCES takeover (id) ON DELETE CASCADE,
    place       TEXT NOT NULL,       -- table and row there, such as: ai_usage 17
    problem     TEXT NOT NULL
) STRICT;

-- The published names: the columns of every documented schema, times as ISO 8601, money in dollars.
CREATE VIEW sessions AS SELECT
    id,
    name,
    name AS description,
    strftime('%Y-%m-%dT%H:%M:%fZ', started_ms / 1000.0, 'unixepoch') AS start_time,
    strftime('%Y-%m-%dT%H:%M:%fZ', started_ms / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', ended_ms / 1000.0, 'unixepoch') AS end_time,
    strftime('%Y-%m-%dT%H:%M:%fZ', ended_ms / 1000.0, 'unixepoch') AS ended_at,
    (ended_ms - started_ms) / 1000 AS duration,
    (ended_ms - started_ms) / 60000 AS duration_minutes,
    coalesce(begun_in, directory) AS working_directory,
    git_root,
    start_head AS start_git_head,
    files AS files_changed,
    commits,
    commits AS commits_count,
    (SELECT coalesce(sum(cost_nanos), 0) / 1e9 FROM session_model WHERE session_id = session.id) AS ai_cost,
    (SELECT coalesce(sum(tokens), 0) FROM session_model WHERE session_id = session.id) AS ai_tokens,
    notes,
    CASE WHEN ended_ms IS NULL THEN 'active' ELSE 'completed' END AS status
FROM session;

CREATE VIEW ai_usage AS SELECT
    id,
    session_id,
    provider,
    coalesce(model_answered, model) AS model,
    coalesce(input, 0) + coalesce(cache_read, 0) + coalesce(cache_write, 0) + coalesce(cache_write_1h, 0)
        + coalesce(input_audio, 0) + coalesce(cache_read_audio, 0)
        + coalesce(output, 0) + coalesce(reasoning, 0) + coalesce(output_audio, 0) + coalesce(unsplit, 0) AS tokens,
    CASE WHEN coalesce(unsplit, 0) = 0 OR input + output > 0 THEN
        input + cache_read + cache_write + cache_write_1h + input_audio + cache_read_audio END AS prompt_tokens,
    CASE WHEN coalesce(unsplit, 0) = 0 OR input + output > 0 THEN
        output + reasoning + output_audio END AS completion_tokens,
    cost_nanos / 1e9 AS cost,        -- NULL: unpriced
    strftime('%Y-%m-%dT%H:%M:%fZ', started_ms / 1000.0, 'unixepoch') AS timestamp,
    strftime('%Y-%m-%dT%H:%M:%fZ', started_ms / 1000.0, 'unixepoch') AS logged_at,
    agent AS agent_name,
    nullif((ended_ms - started_ms) / 1000.0, 0) AS duration_seconds
FROM call
WHERE state IN ('settled', 'lost');

CREATE VIEW session_notes AS SELECT
    id,
    session_id,
    message,
    strftime('%Y-%m-%dT%H:%M:%fZ', timestamp_ms / 1000.0, 'unixepoch') AS timestamp
FROM annotation;

CREATE VIEW file_changes AS SELECT
    id,
    session_id,
    path AS file_path,
    change AS change_type,
    strftime('%Y-%m-%dT%H:%M:%fZ', timestamp_ms / 1000.0, 'unixepoch') AS timestamp
FROM file_change;

CREATE VIEW commits AS SELECT
    id,
    session_id,
    hash,
    message,
    strftime('%Y-%m-%dT%H:%M:%fZ', timestamp_ms / 1000.0, 'unixepoch') AS timestamp
FROM git_commit;
