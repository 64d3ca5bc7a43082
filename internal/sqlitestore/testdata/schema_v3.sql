-- The third version: what people do to the line, search, and a store that
-- watches over itself.

ALTER TABLE jobs ADD COLUMN fresh TEXT; -- JSON: stages that retries asked to do anew

-- The job to take, and the work ahead of one, are found among those that are
-- ready, however many step aside. One that has become ready by the clock alone
-- is in jobs_due until the next take. The line itself is for places and pages.
DROP INDEX jobs_line;
CREATE INDEX jobs_line  ON jobs (priority DESC, rank, seq) WHERE state = 'queued';
CREATE INDEX jobs_ready ON jobs (priority DESC, rank, seq, model, duration_ms) WHERE state = 'queued' AND ready_at = 0;

-- loads is the work of the jobs that are ready, per model, kept up with every
-- change: every view asks for it, and a long line takes long to add up.
CREATE TABLE loads (
  model    TEXT    PRIMARY KEY,
  jobs     INTEGER NOT NULL,
  unknown  INTEGER NOT NULL, -- those of unknown duration
  media_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO loads (model, jobs, unknown, media_ms)
  SELECT model, count(*), sum(duration_ms = 0), sum(duration_ms)
  FROM jobs INDEXED BY jobs_ready WHERE state = 'queued' AND ready_at = 0 GROUP BY model;

CREATE TRIGGER loads_added AFTER INSERT ON jobs WHEN NEW.state = 'queued' AND NEW.ready_at = 0 BEGIN
  INSERT INTO loads (model, jobs, unknown, media_ms) VALUES (NEW.model, 1, NEW.duration_ms = 0, NEW.duration_ms)
    ON CONFLICT (model) DO UPDATE SET jobs = jobs + 1, unknown = unknown + excluded.unknown, media_ms = media_ms + excluded.media_ms;
END;

CREATE TRIGGER loads_left AFTER UPDATE OF state, ready_at, model, duration_ms ON jobs WHEN OLD.state = 'queued' AND OLD.ready_at = 0 BEGIN
  UPDATE loads SET jobs = jobs - 1, unknown = unknown - (OLD.duration_ms = 0), media_ms = media_ms - OLD.duration_ms WHERE model = OLD.model;
END;

CREATE TRIGGER loads_joined AFTER UPDATE OF state, ready_at, model, duration_ms ON jobs WHEN NEW.state = 'queued' AND NEW.ready_at = 0 BEGIN
  INSERT INTO loads (model, jobs, unknown, media_ms) VALUES (NEW.model, 1, NEW.duration_ms = 0, NEW.duration_ms)
    ON CONFLICT (model) DO UPDATE SET jobs = jobs + 1, unknown = unknown + excluded.unknown, media_ms = media_ms + excluded.media_ms;
END;

CREATE TRIGGER loads_removed AFTER DELETE ON jobs WHEN OLD.state = 'queued' AND OLD.ready_at = 0 BEGIN
  UPDATE loads SET jobs = jobs - 1, unknown = unknown - (OLD.duration_ms = 0), media_ms = media_ms - OLD.duration_ms WHERE model = OLD.model;
END;

-- What a stage left stays as long as any job relies on it: when its job goes, it
-- becomes the newest other one's.
ALTER TABLE stage_runs ADD COLUMN key TEXT; -- of the checkpoint that the run left or found
UPDATE stage_runs SET key = (SELECT key FROM checkpoints
    WHERE checkpoints.job = stage_runs.job AND checkpoints.stage = stage_runs.stage ORDER BY created_at DESC LIMIT 1)
  WHERE finished_at > 0 AND error = '';
CREATE INDEX stage_runs_key ON stage_runs (key, stage, job) WHERE key IS NOT NULL;
CREATE INDEX jobs_transcribe ON jobs (transcribe_key) WHERE transcribe_key IS NOT NULL;

CREATE TRIGGER left_to_others BEFORE DELETE ON jobs BEGIN
  UPDATE checkpoints SET job = coalesce(
    (SELECT max(r.job) FROM stage_runs AS r WHERE r.key = checkpoints.key AND r.stage = checkpoints.stage AND r.job <> OLD.seq), job)
    WHERE job = OLD.seq;
  UPDATE spans SET job = coalesce(
    (SELECT max(j.seq) FROM jobs AS j WHERE j.transcribe_key = spans.key AND j.seq <> OLD.seq), job)
    WHERE job = OLD.seq;
END;

-- words finds titles and transcripts. It holds no text: a row is a title or a
-- segment, and its number says whose. The newest job has the highest numbers,
-- and within a job the title comes first and the segments from the last number
-- down, so that going down the numbers is the order of a list of hits.
CREATE VIRTUAL TABLE words USING fts5 (
  text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2'
);

-- What is taken out is dropped from the index as new words come in: left to
-- itself, a delete now and then rewrites all of it, in one go.
INSERT INTO words (words, rank) VALUES ('deletemerge', 0);

-- unsaid is whose segments are gone, and of a job that is gone the title too,
-- while their rows are still among words: they are taken out bit by bit, since
-- that takes far longer than to delete the job.
CREATE TABLE unsaid (
  job INTEGER PRIMARY KEY
) STRICT;

CREATE TRIGGER words_removed BEFORE DELETE ON jobs BEGIN
  INSERT OR IGNORE INTO unsaid (job) VALUES (OLD.seq);
END;

CREATE TRIGGER words_unsaid AFTER DELETE ON transcripts BEGIN
  INSERT OR IGNORE INTO unsaid (job) VALUES (OLD.job);
END;

-- A title comes among words some time after its job: together with it, it would
-- make submitting half as slow again. Numbers only grow, so one says how far.
CREATE TABLE indexing (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  titles INTEGER NOT NULL DEFAULT 0 -- those of jobs up to this number are there
) STRICT;

INSERT INTO indexing (one) VALUES (1);

ALTER TABLE transcripts ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0; -- its segments are among words
CREATE INDEX transcripts_unindexed ON transcripts (job) WHERE indexed = 0;

-- notices is what people must be told until they have seen it.
CREATE TABLE notices (
  id   INTEGER PRIMARY KEY AUTOINCREMENT,
  at   INTEGER NOT NULL,
  code TEXT    NOT NULL,
  text TEXT    NOT NULL,
  hint TEXT    NOT NULL
) STRICT;
