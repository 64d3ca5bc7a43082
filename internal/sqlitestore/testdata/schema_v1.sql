-- The first schema, frozen: a later one is a migration on top of it.
-- Times are Unix milliseconds and 0 is "none". JSON columns hold what is only
-- ever read and written whole.

CREATE TABLE jobs (
  seq              INTEGER PRIMARY KEY AUTOINCREMENT, -- order of arrival, never used twice
  id               TEXT    NOT NULL UNIQUE,
  state            TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'canceled')),
  reason           TEXT    NOT NULL DEFAULT '',
  reason_text      TEXT    NOT NULL DEFAULT '',
  until            INTEGER NOT NULL DEFAULT 0, -- for people
  ready_at         INTEGER NOT NULL DEFAULT 0, -- for the line: not handed out before
  priority         INTEGER NOT NULL CHECK (priority BETWEEN -512 AND 511),
  rank             INTEGER NOT NULL,           -- seq * 1024 until somebody moves it
  title            TEXT    NOT NULL,
  title_folded     TEXT    NOT NULL,           -- composed, lower case: what a search looks at
  source           TEXT    NOT NULL,           -- JSON
  upload           TEXT,                       -- of the source, when it came that way
  model            TEXT    NOT NULL,           -- of the options
  options          TEXT    NOT NULL,           -- JSON
  metadata         TEXT,                       -- JSON
  identity         TEXT,                       -- NULL: never identical to another
  keyed            INTEGER NOT NULL DEFAULT 0, -- came with a key of its own
  stage            TEXT    NOT NULL,
  progress_stage   TEXT    NOT NULL DEFAULT '',
  progress         REAL    NOT NULL DEFAULT 0,
  eta_seconds      INTEGER NOT NULL DEFAULT 0,
  need             TEXT,                       -- JSON
  attempts         INTEGER NOT NULL DEFAULT 0,
  crashes          INTEGER NOT NULL DEFAULT 0,
  deaths           INTEGER NOT NULL DEFAULT 0,
  error            TEXT,                       -- JSON
  warnings         TEXT,                       -- JSON
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  token            INTEGER NOT NULL DEFAULT 0, -- of the newest lease, live or not
  owner            TEXT    NOT NULL DEFAULT '',
  transcribe_key   TEXT,                       -- whose spans are its partial transcript
  swept            INTEGER NOT NULL DEFAULT 0, -- its scratch folder is gone
  created_at       INTEGER NOT NULL,
  started_at       INTEGER NOT NULL DEFAULT 0,
  finished_at      INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Queries name their index (INDEXED BY): a plan that would scan the table is
-- an error then and not a slow day.
CREATE INDEX jobs_line     ON jobs (priority DESC, rank, seq, ready_at) WHERE state = 'queued';
CREATE INDEX jobs_due      ON jobs (ready_at) WHERE state = 'queued' AND ready_at > 0;
CREATE INDEX jobs_waiting  ON jobs (reason) WHERE state = 'queued' AND reason <> 'turn';
CREATE INDEX jobs_running  ON jobs (owner) WHERE state = 'running';
CREATE INDEX jobs_state    ON jobs (state, seq);
CREATE INDEX jobs_ended    ON jobs (finished_at, seq) WHERE finished_at > 0;
CREATE INDEX jobs_unswept  ON jobs (finished_at) WHERE finished_at > 0 AND swept = 0;
CREATE INDEX jobs_uploads  ON jobs (upload) WHERE upload IS NOT NULL;
CREATE INDEX jobs_identity ON jobs (identity)
  WHERE identity IS NOT NULL AND state IN ('queued', 'running');
CREATE UNIQUE INDEX jobs_one_identity ON jobs (identity)
  WHERE identity IS NOT NULL AND keyed = 0 AND state IN ('queued', 'running');

-- counters has one row per state, so that a glance at the depth of the line
-- costs the same with ten jobs and with a million.
CREATE TABLE counters (
  state TEXT    PRIMARY KEY,
  n     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counters (state, n)
  VALUES ('queued', 0), ('running', 0), ('done', 0), ('failed', 0), ('canceled', 0);

CREATE TRIGGER jobs_added AFTER INSERT ON jobs BEGIN
  UPDATE counters SET n = n + 1 WHERE state = NEW.state;
END;

CREATE TRIGGER jobs_moved AFTER UPDATE OF state ON jobs WHEN OLD.state <> NEW.state BEGIN
  UPDATE counters SET n = n - 1 WHERE state = OLD.state;
  UPDATE counters SET n = n + 1 WHERE state = NEW.state;
END;

CREATE TRIGGER jobs_removed AFTER DELETE ON jobs BEGIN
  UPDATE counters SET n = n - 1 WHERE state = OLD.state;
END;

CREATE TABLE stage_runs (
  seq         INTEGER PRIMARY KEY,
  job         INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
  stage       TEXT    NOT NULL,
  started_at  INTEGER NOT NULL,
  finished_at INTEGER NOT NULL DEFAULT 0,
  reused      INTEGER NOT NULL DEFAULT 0,
  error       TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX stage_runs_job ON stage_runs (job, seq);

-- checkpoints are found by what went into a stage, whatever job it was.
CREATE TABLE checkpoints (
  stage      TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  job        INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE, -- who left it
  body       BLOB    NOT NULL, -- deflated
  created_at INTEGER NOT NULL,
  PRIMARY KEY (stage, key)
) STRICT;

CREATE INDEX checkpoints_job ON checkpoints (job);

CREATE TABLE spans (
  key     TEXT    NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms   INTEGER NOT NULL,
  job     INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE, -- who worked on them last
  body    BLOB    NOT NULL, -- deflated JSON
  PRIMARY KEY (key, from_ms)
) STRICT;

CREATE INDEX spans_job ON spans (job);

CREATE TABLE transcripts (
  job        INTEGER PRIMARY KEY REFERENCES jobs (seq) ON DELETE CASCADE,
  language   TEXT    NOT NULL,
  body       BLOB    NOT NULL, -- deflated JSON
  created_at INTEGER NOT NULL
) STRICT;

-- events is the history of each job: one row per transition, written with it.
CREATE TABLE events (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  job        INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
  at         INTEGER NOT NULL,
  verb       TEXT    NOT NULL,
  from_state TEXT    NOT NULL,
  to_state   TEXT    NOT NULL,
  reason     TEXT    NOT NULL DEFAULT '',
  stage      TEXT    NOT NULL DEFAULT '',
  token      INTEGER NOT NULL DEFAULT 0,
  owner      TEXT    NOT NULL DEFAULT '',
  code       TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX events_job ON events (job, seq);

-- idempotency keys go with their job, and not before they are a day old.
CREATE TABLE idempotency (
  key        TEXT    PRIMARY KEY,
  body       TEXT    NOT NULL, -- hash of the request
  job        INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_age ON idempotency (created_at);
CREATE INDEX idempotency_job ON idempotency (job);

CREATE TABLE peaks (
  digest     TEXT    PRIMARY KEY,
  bytes      INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
