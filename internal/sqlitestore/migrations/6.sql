-- The sixth version: people correct texts, and look at what went wrong.

-- edits is what somebody made of segments. The texts themselves stay as they
-- were made; a correction holds while the segment says what it corrects, and
-- waits otherwise: a text that was made anew may come out the same again.
CREATE TABLE edits (
  seq       INTEGER PRIMARY KEY,
  job       INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
  language  TEXT    NOT NULL, -- of the translation; '': of the transcript
  segment   INTEGER NOT NULL, -- its id
  original  TEXT    NOT NULL, -- what it corrects
  text      TEXT    NOT NULL, -- what it says now; '': it is left out
  edited_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX edits_place ON edits (job, language, segment, original);

-- attempts is the tries at a stage that did not come to their end, the newest
-- of each job.
CREATE TABLE attempts (
  seq         INTEGER PRIMARY KEY,
  job         INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
  stage       TEXT    NOT NULL,
  number      INTEGER NOT NULL, -- of those at the stage, from 1
  started_at  INTEGER NOT NULL,
  finished_at INTEGER NOT NULL,
  kind        TEXT    NOT NULL,
  code        TEXT    NOT NULL DEFAULT '',
  message     TEXT    NOT NULL DEFAULT '',
  hint        TEXT    NOT NULL DEFAULT '',
  log         BLOB              -- deflated; NULL: there is none
) STRICT;

CREATE INDEX attempts_job ON attempts (job, seq);

-- For the machine's views: runs of stages and ends of jobs by time, and what
-- was waited for that nobody asked for.
CREATE INDEX stage_runs_time ON stage_runs (finished_at, started_at);
CREATE INDEX events_ended ON events (at, to_state, from_state, code, job)
  WHERE to_state IN ('done', 'failed', 'canceled') AND from_state IN ('queued', 'running');
CREATE INDEX events_waits ON events (at)
  WHERE to_state = 'queued' AND reason NOT IN ('', 'turn', 'held', 'scheduled', 'paused');
