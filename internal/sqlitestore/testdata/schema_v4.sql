-- What a model takes depends on more than the model: the beam of the speech
-- engine, the context of a language model. What was kept before was also of
-- runs that did not come to their end, so it is learned anew.
DROP TABLE peaks;

CREATE TABLE peaks (
  digest     TEXT    NOT NULL,
  context    INTEGER NOT NULL DEFAULT 0,
  bytes      INTEGER NOT NULL DEFAULT 0, -- the most that a finished run took; 0 = none has
  floor      INTEGER NOT NULL DEFAULT 0, -- asked for since a run died for want of memory
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (digest, context)
) STRICT, WITHOUT ROWID;
