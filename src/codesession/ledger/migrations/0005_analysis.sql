-- What pages ask of many calls at once: sums of whole days, a session's own sums, what became of each file, and the
-- indices by which calls and sessions are found. Money is USD nano-dollars, times are milliseconds since the epoch (UTC).

-- What the calls of an ended session come to, as in session_model, to sort sessions by; 0 while it is active.
ALTER TABLE session ADD COLUMN calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN cost_nanos INTEGER NOT NULL DEFAULT 0;

UPDATE session SET (calls, tokens, cost_nanos) = (
    SELECT sum(calls), sum(tokens), sum(cost_nanos) FROM session_model WHERE session_id = session.id)
WHERE ended_ms IS NOT NULL AND id IN (SELECT session_id FROM session_model);

DROP INDEX session_started;
CREATE INDEX session_started ON session (started_ms, ended_ms, files, commits);
CREATE INDEX session_project ON session (directory, started_ms, ended_ms, files, commits);
CREATE INDEX session_name ON session (name COLLATE NOCASE);
CREATE INDEX session_duration ON session (ended_ms - started_ms);
CREATE INDEX session_files ON session (files);
CREATE INDEX session_commits ON session (commits);
CREATE INDEX session_calls ON session (calls) WHERE ended_ms IS NOT NULL;
CREATE INDEX session_tokens ON session (tokens) WHERE ended_ms IS NOT NULL;
CREATE INDEX session_cost ON session (cost_nanos) WHERE ended_ms IS NOT NULL;

DROP INDEX file_change_session;
CREATE INDEX file_change_session ON file_change (session_id, path);

-- What sessions did to each file.
CREATE TABLE project_file (
    directory TEXT NOT NULL,           -- the scope
    path      TEXT NOT NULL,
    changes   INTEGER NOT NULL,
    sessions  INTEGER NOT NULL,
    last_ms   INTEGER NOT NULL,
    creates   INTEGER NOT NULL,
    modifies  INTEGER NOT NULL,
    deletes   INTEGER NOT NULL,
    PRIMARY KEY (directory, path)
) STRICT, WITHOUT ROWID;

CREATE INDEX project_file_changes ON project_file (changes);

INSERT INTO project_file (directory, path, changes, sessions, last_ms, creates, modifies, deletes)
SELECT session.directory, file_change.path, count(*), count(DISTINCT file_change.session_id),
    max(file_change.timestamp_ms), sum(file_change.change = 'created'), sum(file_change.change = 'modified'),
    sum(file_change.change = 'deleted')
FROM file_change JOIN session ON session.id = file_change.session_id
GROUP BY 1, 2;

-- Up to when the tables below have summed up quarter_hour: a midnight, UTC, never a later one than the last of all.
-- What began before it is in them too, and what has begun since is not yet. No row: nothing is in them.
CREATE TABLE whole_days (
    until_ms INTEGER NOT NULL
) STRICT;

INSERT INTO whole_days (until_ms)
SELECT newest - newest % 86400000
FROM (SELECT min(max(started_ms), CAST(strftime('%s', 'now') AS INTEGER) * 1000) AS newest FROM quarter_hour)
WHERE newest IS NOT NULL;

-- What was billed in each quarter of an hour, each hour, and each six hours.
CREATE TABLE stretch (
    size_ms           INTEGER NOT NULL,
    started_ms        INTEGER NOT NULL,
    calls             INTEGER NOT NULL,
    unpriced          INTEGER NOT NULL,
    cost_nanos        INTEGER NOT NULL,
    input             INTEGER NOT NULL,
    cache_read        INTEGER NOT NULL,
    cache_write       INTEGER NOT NULL,
    cache_write_1h    INTEGER NOT NULL,
    cache_write_other INTEGER NOT NULL,
    input_audio       INTEGER NOT NULL,
    cache_read_audio  INTEGER NOT NULL,
    input_image       INTEGER NOT NULL,
    cache_read_image  INTEGER NOT NULL,
    input_video       INTEGER NOT NULL,
    output            INTEGER NOT NULL,
    reasoning         INTEGER NOT NULL,
    output_audio      INTEGER NOT NULL,
    output_image      INTEGER NOT NULL,
    output_video      INTEGER NOT NULL,
    web_searches      INTEGER NOT NULL,
    file_searches     INTEGER NOT NULL,
    rerank_searches   INTEGER NOT NULL,
    unsplit           INTEGER NOT NULL,
    PRIMARY KEY (size_ms, started_ms)
) STRICT, WITHOUT ROWID;

-- What was billed on each day of each model.
CREATE TABLE day_model (
    provider          TEXT NOT NULL,
    model             TEXT NOT NULL,
    evidence          TEXT NOT NULL,
    day_ms            INTEGER NOT NULL,
    calls             INTEGER NOT NULL,
    unpriced          INTEGER NOT NULL,
    cost_nanos        INTEGER NOT NULL,
    input             INTEGER NOT NULL,
    cache_read        INTEGER NOT NULL,
    cache_write       INTEGER NOT NULL,
    cache_write_1h    INTEGER NOT NULL,
    cache_write_other INTEGER NOT NULL,
    input_audio       INTEGER NOT NULL,
    cache_read_audio  INTEGER NOT NULL,
    input_image       INTEGER NOT NULL,
    cache_read_image  INTEGER NOT NULL,
    input_video       INTEGER NOT NULL,
    output            INTEGER NOT NULL,
    reasoning         INTEGER NOT NULL,
    output_audio      INTEGER NOT NULL,
    output_image      INTEGER NOT NULL,
    output_video      INTEGER NOT NULL,
    web_searches      INTEGER NOT NULL,
    file_searches     INTEGER NOT NULL,
    rerank_searches   INTEGER NOT NULL,
    unsplit           INTEGER NOT NULL,
    PRIMARY KEY (provider, model, evidence, day_ms)
) STRICT, WITHOUT ROWID;

-- What was billed on each day of each agent ('' for none).
CREATE TABLE day_agent (
    agent             TEXT NOT NULL,
    day_ms            INTEGER NOT NULL,
    calls             INTEGER NOT NULL,
    unpriced          INTEGER NOT NULL,
    cost_nanos        INTEGER NOT NULL,
    input             INTEGER NOT NULL,
    cache_read        INTEGER NOT NULL,
    cache_write       INTEGER NOT NULL,
    cache_write_1h    INTEGER NOT NULL,
    cache_write_other INTEGER NOT NULL,
    input_audio       INTEGER NOT NULL,
    cache_read_audio  INTEGER NOT NULL,
    input_image       INTEGER NOT NULL,
    cache_read_image  INTEGER NOT NULL,
    input_video       INTEGER NOT NULL,
    output            INTEGER NOT NULL,
    reasoning         INTEGER NOT NULL,
    output_audio      INTEGER NOT NULL,
    output_image      INTEGER NOT NULL,
    output_video      INTEGER NOT NULL,
    web_searches      INTEGER NOT NULL,
    file_searches     INTEGER NOT NULL,
    rerank_searches   INTEGER NOT NULL,
    unsplit           INTEGER NOT NULL,
    PRIMARY KEY (agent, day_ms)
) STRICT, WITHOUT ROWID;

-- What was billed in each scope ('' for calls of no session).
CREATE TABLE project (
    directory         TEXT NOT NULL,
    calls             INTEGER NOT NULL,
    unpriced          INTEGER NOT NULL,
    cost_nanos        INTEGER NOT NULL,
    input             INTEGER NOT NULL,
    cache_read        INTEGER NOT NULL,
    cache_write       INTEGER NOT NULL,
    cache_write_1h    INTEGER NOT NULL,
    cache_write_other INTEGER NOT NULL,
    input_audio       INTEGER NOT NULL,
    cache_read_audio  INTEGER NOT NULL,
    input_image       INTEGER NOT NULL,
    cache_read_image  INTEGER NOT NULL,
    input_video       INTEGER NOT NULL,
    output            INTEGER NOT NULL,
    reasoning         INTEGER NOT NULL,
    output_audio      INTEGER NOT NULL,
    output_image      INTEGER NOT NULL,
    output_video      INTEGER NOT NULL,
    web_searches      INTEGER NOT NULL,
    file_searches     INTEGER NOT NULL,
    rerank_searches   INTEGER NOT NULL,
    unsplit           INTEGER NOT NULL,
    PRIMARY KEY (directory)
) STRICT, WITHOUT ROWID;

INSERT INTO stretch (size_ms, started_ms, calls, unpriced, cost_nanos, input, cache_read, cache_write, cache_write_1h,
    cache_write_other, input_audio, cache_read_audio, input_image, cache_read_image, input_video, output,
    reasoning, output_audio, output_image, output_video, web_searches, file_searches, rerank_searches, unsplit)
SELECT size.ms, quarter_hour.started_ms - quarter_hour.started_ms % size.ms,
    sum(quarter_hour.calls), sum(quarter_hour.unpriced), sum(quarter_hour.cost_nanos),
    sum(quarter_hour.input), sum(quarter_hour.cache_read), sum(quarter_hour.cache_write),
    sum(quarter_hour.cache_write_1h), sum(quarter_hour.cache_write_other), sum(quarter_hour.input_audio),
    sum(quarter_hour.cache_read_audio), sum(quarter_hour.input_image), sum(quarter_hour.cache_read_image),
    sum(quarter_hour.input_video), sum(quarter_hour.output), sum(quarter_hour.reasoning),
    sum(quarter_hour.output_audio), sum(quarter_hour.output_image), sum(quarter_hour.output_video),
    sum(quarter_hour.web_searches), sum(quarter_hour.file_searches), sum(quarter_hour.rerank_searches),
    sum(quarter_hour.unsplit)
FROM quarter_hour JOIN (SELECT 900000 AS ms UNION ALL SELECT 3600000 UNION ALL SELECT 21600000) AS size
WHERE quarter_hour.started_ms < (SELECT until_ms FROM whole_days)
GROUP BY 1, 2;

INSERT INTO day_model (provider, model, evidence, day_ms, calls, unpriced, cost_nanos, input, cache_read, cache_write,
    cache_write_1h, cache_write_other, input_audio, cache_read_audio, input_image, cache_read_image,
    input_video, output, reasoning, output_audio, output_image, output_video, web_searches, file_searches,
    rerank_searches, unsplit)
SELECT quarter_hour.provider, quarter_hour.model, quarter_hour.evidence, quarter_hour.started_ms - quarter_hour.started_ms % 86400000,
    sum(quarter_hour.calls), sum(quarter_hour.unpriced), sum(quarter_hour.cost_nanos),
    sum(quarter_hour.input), sum(quarter_hour.cache_read), sum(quarter_hour.cache_write),
    sum(quarter_hour.cache_write_1h), sum(quarter_hour.cache_write_other), sum(quarter_hour.input_audio),
    sum(quarter_hour.cache_read_audio), sum(quarter_hour.input_image), sum(quarter_hour.cache_read_image),
    sum(quarter_hour.input_video), sum(quarter_hour.output), sum(quarter_hour.reasoning),
    sum(quarter_hour.output_audio), sum(quarter_hour.output_image), sum(quarter_hour.output_video),
    sum(quarter_hour.web_searches), sum(quarter_hour.file_searches), sum(quarter_hour.rerank_searches),
    sum(quarter_hour.unsplit)
FROM quarter_hour
WHERE quarter_hour.started_ms < (SELECT until_ms FROM whole_days)
GROUP BY 1, 2, 3, 4;

INSERT INTO day_agent (agent, day_ms, calls, unpriced, cost_nanos, input, cache_read, cache_write, cache_write_1h, cache_write_other,
    input_audio, cache_read_audio, input_image, cache_read_image, input_video, output, reasoning,
    output_audio, output_image, output_video, web_searches, file_searches, rerank_searches, unsplit)
SELECT quarter_hour.agent, quarter_hour.started_ms - quarter_hour.started_ms % 86400000,
    sum(quarter_hour.calls), sum(quarter_hour.unpriced), sum(quarter_hour.cost_nanos),
    sum(quarter_hour.input), sum(quarter_hour.cache_read), sum(quarter_hour.cache_write),
    sum(quarter_hour.cache_write_1h), sum(quarter_hour.cache_write_other), sum(quarter_hour.input_audio),
    sum(quarter_hour.cache_read_audio), sum(quarter_hour.input_image), sum(quarter_hour.cache_read_image),
    sum(quarter_hour.input_video), sum(quarter_hour.output), sum(quarter_hour.reasoning),
    sum(quarter_hour.output_audio), sum(quarter_hour.output_image), sum(quarter_hour.output_video),
    sum(quarter_hour.web_searches), sum(quarter_hour.file_searches), sum(quarter_hour.rerank_searches),
    sum(quarter_hour.unsplit)
FROM quarter_hour
WHERE quarter_hour.started_ms < (SELECT until_ms FROM whole_days)
GROUP BY 1, 2;

INSERT INTO project (directory, calls, unpriced, cost_nanos, input, cache_read, cache_write, cache_write_1h, cache_write_other,
    input_audio, cache_read_audio, input_image, cache_read_image, input_video, output, reasoning,
    output_audio, output_image, output_video, web_searches, file_searches, rerank_searches, unsplit)
SELECT quarter_hour.directory,
    sum(quarter_hour.calls), sum(quarter_hour.unpriced), sum(quarter_hour.cost_nanos),
    sum(quarter_hour.input), sum(quarter_hour.cache_read), sum(quarter_hour.cache_write),
    sum(quarter_hour.cache_write_1h), sum(quarter_hour.cache_write_other), sum(quarter_hour.input_audio),
    sum(quarter_hour.cache_read_audio), sum(quarter_hour.input_image), sum(quarter_hour.cache_read_image),
    sum(quarter_hour.input_video), sum(quarter_hour.output), sum(quarter_hour.reasoning),
    sum(quarter_hour.output_audio), sum(quarter_hour.output_image), sum(quarter_hour.output_video),
    sum(quarter_hour.web_searches), sum(quarter_hour.file_searches), sum(quarter_hour.rerank_searches),
    sum(quarter_hour.unsplit)
FROM quarter_hour
WHERE quarter_hour.started_ms < (SELECT until_ms FROM whole_days)
GROUP BY 1;

DROP INDEX call_session;
CREATE INDEX call_session ON call (session_id, started_ms);

-- Where a list of calls begins. None has those in flight, of which there are few, so that a call is entered once.
CREATE INDEX call_model ON call (provider, coalesce(model_answered, model), started_ms, cost_nanos) WHERE state <> 'held';
CREATE INDEX call_agent ON call (agent, started_ms, cost_nanos) WHERE state <> 'held' AND agent IS NOT NULL;
CREATE INDEX call_customer ON call (customer, started_ms, cost_nanos) WHERE state <> 'held' AND customer IS NOT NULL;
CREATE INDEX call_user ON call (user, started_ms, cost_nanos) WHERE state <> 'held' AND user IS NOT NULL;
CREATE INDEX call_feature ON call (feature, started_ms, cost_nanos) WHERE state <> 'held' AND feature IS NOT NULL;
CREATE INDEX call_request ON call (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX call_cost ON call (cost_nanos) WHERE cost_nanos IS NOT NULL;
-- These have few rows or none: most calls are settled, measured and priced.
CREATE INDEX call_state ON call (state, started_ms, cost_nanos) WHERE state IN ('released', 'lost');
CREATE INDEX call_evidence ON call (evidence, started_ms, cost_nanos) WHERE evidence <> 'measured';
CREATE INDEX call_unpriced ON call (started_ms, cost_nanos) WHERE state IN ('settled', 'lost') AND cost_nanos IS NULL;
