-- The fifth version: transcripts are translated and summed up, and results go
-- out by themselves.

ALTER TABLE jobs ADD COLUMN quality TEXT; -- JSON: how complete the result is

-- Of the options, for the sums of work: JSON of the model that translates and
-- sums up, into how many languages, and whether there is to be a summary; '' for
-- a job that asks for neither. One short text keeps the sums of a long line fast.
ALTER TABLE jobs ADD COLUMN language_work TEXT NOT NULL DEFAULT '';

DROP INDEX jobs_ready;
CREATE INDEX jobs_ready ON jobs (priority DESC, rank, seq, model, language_work, duration_ms)
  WHERE state = 'queued' AND ready_at = 0;

-- loads is what it was, but one row for each kind of work.
DROP TRIGGER loads_added;
DROP TRIGGER loads_left;
DROP TRIGGER loads_joined;
DROP TRIGGER loads_removed;
DROP TABLE loads;

CREATE TABLE loads (
  model         TEXT    NOT NULL,
  language_work TEXT    NOT NULL,
  jobs          INTEGER NOT NULL,
  unknown       INTEGER NOT NULL, -- those of unknown duration
  media_ms      INTEGER NOT NULL,
  PRIMARY KEY (model, language_work)
) STRICT, WITHOUT ROWID;

INSERT INTO loads (model, language_work, jobs, unknown, media_ms)
  SELECT model, language_work, count(*), sum(duration_ms = 0), sum(duration_ms)
  FROM jobs INDEXED BY jobs_ready WHERE state = 'queued' AND ready_at = 0 GROUP BY model, language_work;

CREATE TRIGGER loads_added AFTER INSERT ON jobs WHEN NEW.state = 'queued' AND NEW.ready_at = 0 BEGIN
  INSERT INTO loads (model, language_work, jobs, unknown, media_ms)
    VALUES (NEW.model, NEW.language_work, 1, NEW.duration_ms = 0, NEW.duration_ms)
    ON CONFLICT (model, language_work)
      DO UPDATE SET jobs = jobs + 1, unknown = unknown + excluded.unknown, media_ms = media_ms + excluded.media_ms;
END;

CREATE TRIGGER loads_left AFTER UPDATE OF state, ready_at, model, language_work, duration_ms ON jobs
  WHEN OLD.state = 'queued' AND OLD.ready_at = 0 BEGIN
  UPDATE loads SET jobs = jobs - 1, unknown = unknown - (OLD.duration_ms = 0), media_ms = media_ms - OLD.duration_ms
    WHERE model = OLD.model AND language_work = OLD.language_work;
END;

CREATE TRIGGER loads_joined AFTER UPDATE OF state, ready_at, model, language_work, duration_ms ON jobs
  WHEN NEW.state = 'queued' AND NEW.ready_at = 0 BEGIN
  INSERT INTO loads (model, language_work, jobs, unknown, media_ms)
    VALUES (NEW.model, NEW.language_work, 1, NEW.duration_ms = 0, NEW.duration_ms)
    ON CONFLICT (model, language_work)
      DO UPDATE SET jobs = jobs + 1, unknown = unknown + excluded.unknown, media_ms = media_ms + excluded.media_ms;
END;

CREATE TRIGGER loads_removed AFTER DELETE ON jobs WHEN OLD.state = 'queued' AND OLD.ready_at = 0 BEGIN
  UPDATE loads SET jobs = jobs - 1, unknown = unknown - (OLD.duration_ms = 0), media_ms = media_ms - OLD.duration_ms
    WHERE model = OLD.model AND language_work = OLD.language_work;
END;

-- parts is what there is of a piece of work that is not finished. They are found
-- by what goes into it, as spans are, and go once it is a checkpoint.
CREATE TABLE parts (
  key  TEXT    NOT NULL,
  n    INTEGER NOT NULL, -- from 1, in order
  job  INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE, -- who worked on them last
  body BLOB    NOT NULL, -- deflated
  PRIMARY KEY (key, n)
) STRICT;

CREATE INDEX parts_job ON parts (job);

CREATE TABLE translations (
  job        INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
  language   TEXT    NOT NULL,
  complete   INTEGER NOT NULL,
  body       BLOB    NOT NULL, -- deflated JSON
  created_at INTEGER NOT NULL,
  PRIMARY KEY (job, language)
) STRICT;

CREATE TABLE summaries (
  job        INTEGER PRIMARY KEY REFERENCES jobs (seq) ON DELETE CASCADE,
  body       BLOB,             -- deflated JSON; NULL: none came about
  created_at INTEGER NOT NULL
) STRICT;

-- deliveries is what is to be told to whom when a job has ended. The message
-- is put together from the job's results just before it is first sent, stays
-- the same in every attempt, and is dropped once it has arrived.
CREATE TABLE deliveries (
  id           TEXT    PRIMARY KEY,
  job          INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
  event        TEXT    NOT NULL,
  url          TEXT    NOT NULL,
  body         BLOB,                       -- deflated; NULL: not put together
  state        TEXT    NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'parked')),
  attempts     INTEGER NOT NULL DEFAULT 0,
  since        INTEGER NOT NULL,           -- when the attempts began
  next_at      INTEGER NOT NULL,           -- of one that is pending
  last_status  INTEGER NOT NULL DEFAULT 0,
  last_error   TEXT    NOT NULL DEFAULT '',
  created_at   INTEGER NOT NULL,
  tried_at     INTEGER NOT NULL DEFAULT 0,
  delivered_at INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX deliveries_job   ON deliveries (job);
CREATE INDEX deliveries_due   ON deliveries (url, next_at) WHERE state = 'pending';
CREATE INDEX deliveries_next  ON deliveries (next_at) WHERE state = 'pending';
CREATE INDEX deliveries_state ON deliveries (state);

-- Whatever ends a job - the worker, somebody who cancels it, a recovery - its
-- delivery comes into being with the end, or neither does.
CREATE TRIGGER deliveries_due_at_end AFTER UPDATE OF state ON jobs
  WHEN NEW.state IN ('done', 'failed', 'canceled') AND OLD.state IN ('queued', 'running')
   AND json_extract(NEW.options, '$.webhook') <> '' BEGIN
  INSERT INTO deliveries (id, job, event, url, since, next_at, created_at)
    VALUES (lower(hex(randomblob(16))), NEW.seq, 'job.' || NEW.state, json_extract(NEW.options, '$.webhook'),
      NEW.finished_at, NEW.finished_at, NEW.finished_at);
END;

-- exports is the files that were written into people's folders: what is not
-- here, or has another content by now, is theirs and never written over.
CREATE TABLE exports (
  path       TEXT    PRIMARY KEY,
  job        TEXT    NOT NULL, -- its id; it may be gone
  sha256     TEXT    NOT NULL,
  written_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
