-- The fifth version: results go out by themselves.

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
