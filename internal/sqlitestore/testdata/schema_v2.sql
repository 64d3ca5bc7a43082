-- The second version: how long the media of a job is, how fast this machine
-- works, whether the line is paused, and the machine's history.

ALTER TABLE jobs ADD COLUMN duration_ms INTEGER NOT NULL DEFAULT 0; -- of the media; 0: not known yet

-- A run that went on from finished spans did only part of the work: nothing
-- can be learnt from the time it took.
ALTER TABLE stage_runs ADD COLUMN resumed INTEGER NOT NULL DEFAULT 0;

-- The line's index also holds what the work ahead of a job is added up from,
-- so that a sum over a long line reads nothing but the index.
DROP INDEX jobs_line;
CREATE INDEX jobs_line       ON jobs (priority DESC, rank, seq, ready_at, model, duration_ms) WHERE state = 'queued';
CREATE INDEX jobs_unmeasured ON jobs (priority DESC, rank, seq) WHERE state = 'queued' AND duration_ms = 0;

-- line is the state of the line as a whole: one row.
CREATE TABLE line (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  paused INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO line (one) VALUES (1);

-- paces holds sums of past runs, in which an old run fades with every new one.
CREATE TABLE paces (
  stage      TEXT    NOT NULL,
  model      TEXT    NOT NULL, -- '': the stage has nothing to do with it
  work_ms    REAL    NOT NULL,
  media_ms   REAL    NOT NULL,
  runs       INTEGER NOT NULL, -- that it rests on
  odd        REAL    NOT NULL, -- work per media of the newest run, if that was far off; else 0
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (stage, model)
) STRICT, WITHOUT ROWID;

-- samples is the machine's history: a day of them, by number.
CREATE TABLE samples (
  at           INTEGER PRIMARY KEY,
  level        TEXT    NOT NULL,
  free_percent INTEGER NOT NULL,
  available    INTEGER NOT NULL, -- bytes
  depth        INTEGER NOT NULL,
  running      INTEGER NOT NULL,
  engine       INTEGER NOT NULL  -- bytes
) STRICT;
