-- On what terms a call was made, every class of tokens a provider tells apart, and what is told beside them.
-- Times are milliseconds since the epoch (UTC), money is USD nano-dollars.

ALTER TABLE call ADD COLUMN cache_write_other INTEGER CHECK (cache_write_other >= 0);
ALTER TABLE call ADD COLUMN input_image INTEGER CHECK (input_image >= 0);
ALTER TABLE call ADD COLUMN cache_read_image INTEGER CHECK (cache_read_image >= 0);
ALTER TABLE call ADD COLUMN input_video INTEGER CHECK (input_video >= 0);
ALTER TABLE call ADD COLUMN output_image INTEGER CHECK (output_image >= 0);
ALTER TABLE call ADD COLUMN output_video INTEGER CHECK (output_video >= 0);
ALTER TABLE call ADD COLUMN file_searches INTEGER CHECK (file_searches >= 0);      -- requests, not tokens
ALTER TABLE call ADD COLUMN rerank_searches INTEGER CHECK (rerank_searches >= 0);  -- requests, not tokens
ALTER TABLE call ADD COLUMN service_tier TEXT;   -- these three as the provider names them; NULL: nothing was said
ALTER TABLE call ADD COLUMN speed TEXT;
ALTER TABLE call ADD COLUMN geography TEXT;
ALTER TABLE call ADD COLUMN batch INTEGER NOT NULL DEFAULT 0 CHECK (batch IN (0, 1));
ALTER TABLE call ADD COLUMN local INTEGER NOT NULL DEFAULT 0 CHECK (local IN (0, 1));  -- on the user's own hardware
ALTER TABLE call ADD COLUMN hardware TEXT;       -- what of the user's own it ran on, where that is what is paid for
ALTER TABLE call ADD COLUMN extra TEXT;          -- JSON: numbers of its usage that have no column, by their path

ALTER TABLE quarter_hour ADD COLUMN cache_write_other INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quarter_hour ADD COLUMN input_image INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quarter_hour ADD COLUMN cache_read_image INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quarter_hour ADD COLUMN input_video INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quarter_hour ADD COLUMN output_image INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quarter_hour ADD COLUMN output_video INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quarter_hour ADD COLUMN file_searches INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quarter_hour ADD COLUMN rerank_searches INTEGER NOT NULL DEFAULT 0;

-- What a batch came to may be fetched again: each of its results counts once.
CREATE UNIQUE INDEX call_result ON call (provider, response_id) WHERE batch = 1 AND response_id IS NOT NULL;

-- How long the user's own hardware worked in a session.
CREATE TABLE session_hardware (
    session_id INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    hardware   TEXT NOT NULL,          -- '': no hourly rate was known
    calls      INTEGER NOT NULL,
    took_ms    INTEGER NOT NULL,
    cost_nanos INTEGER NOT NULL,
    PRIMARY KEY (session_id, hardware)
) STRICT, WITHOUT ROWID;

-- Calls whose cost was found anew, by whose word, and what it was before.
CREATE TABLE repricing (
    id            INTEGER PRIMARY KEY,
    call_id       INTEGER NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    at_ms         INTEGER NOT NULL,
    before_nanos  INTEGER,            -- NULL: it was unpriced
    before_source TEXT,
    after_nanos   INTEGER NOT NULL CHECK (after_nanos >= 0),
    after_source  TEXT NOT NULL,
    reason        TEXT NOT NULL CHECK (reason IN ('unpriced', 'estimated'))
) STRICT;

CREATE INDEX repricing_call ON repricing (call_id);

DROP VIEW ai_usage;
CREATE VIEW ai_usage AS SELECT
    id,
    session_id,
    provider,
    coalesce(model_answered, model) AS model,
    coalesce(input, 0) + coalesce(cache_read, 0) + coalesce(cache_write, 0) + coalesce(cache_write_1h, 0)
        + coalesce(cache_write_other, 0) + coalesce(input_audio, 0) + coalesce(cache_read_audio, 0)
        + coalesce(input_image, 0) + coalesce(cache_read_image, 0) + coalesce(input_video, 0)
        + coalesce(output, 0) + coalesce(reasoning, 0) + coalesce(output_audio, 0)
        + coalesce(output_image, 0) + coalesce(output_video, 0) + coalesce(unsplit, 0) AS tokens,
    CASE WHEN coalesce(unsplit, 0) = 0 OR input + output > 0 THEN
        input + cache_read + cache_write + cache_write_1h + coalesce(cache_write_other, 0) + input_audio
        + cache_read_audio + coalesce(input_image, 0) + coalesce(cache_read_image, 0) + coalesce(input_video, 0)
        END AS prompt_tokens,
    CASE WHEN coalesce(unsplit, 0) = 0 OR input + output > 0 THEN
        output + reasoning + output_audio + coalesce(output_image, 0) + coalesce(output_video, 0)
        END AS completion_tokens,
    cost_nanos / 1e9 AS cost,        -- NULL: unpriced
    strftime('%Y-%m-%dT%H:%M:%fZ', started_ms / 1000.0, 'unixepoch') AS timestamp,
    strftime('%Y-%m-%dT%H:%M:%fZ', started_ms / 1000.0, 'unixepoch') AS logged_at,
    agent AS agent_name,
    nullif((ended_ms - started_ms) / 1000.0, 0) AS duration_seconds
FROM call
WHERE state IN ('settled', 'lost');
