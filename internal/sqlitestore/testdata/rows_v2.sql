-- What a store of the second schema has made of the rows of the first.
UPDATE jobs SET duration_ms = 60000 WHERE seq IN (1, 4);
UPDATE jobs SET duration_ms = 90000 WHERE seq = 5;
UPDATE jobs SET metadata = '{"video_id":"v5"}' WHERE seq = 5;
UPDATE jobs SET state = 'queued', reason = 'turn', owner = '', deaths = 1, progress_stage = '', progress = 0, eta_seconds = 0 WHERE seq = 4;
UPDATE stage_runs SET finished_at = 1710059408000, error = 'worker_crashed' WHERE seq = 5;
INSERT INTO events VALUES(24,4,1710059408000,'recover','running','queued','turn','transcribe',1,'','worker_crashed');
INSERT INTO stage_runs VALUES(6,4,'transcribe',1710059409000,1710059410000,0,'interrupted',1);
INSERT INTO jobs (seq, id, state, reason, reason_text, until, ready_at, priority, rank, title, title_folded, source, model, options, identity, stage, attempts, error, created_at, started_at, duration_ms)
  VALUES(8,'01HRKQQKQ85N0T5Y1KT5TA8RX8','queued','backoff','It stopped.',1710059409500,1710059409500,5,8192,'Urgent Talk','urgent talk','{"kind":"path","path":"/media/Urgent Talk","name":"Urgent Talk","size":1,"mod_time":"1970-01-01T00:00:01Z","fingerprint":""}','large-v3','{"language":"auto","model":"large-v3","beam_size":0,"threads":0,"words":false,"reuse":true}','same','extract',1,'{"code":"engine_stuck","message":"It stopped.","stage":"extract"}',1710059408000,1710059408000,30000);
INSERT INTO jobs (seq, id, state, reason, reason_text, ready_at, priority, rank, title, title_folded, source, model, options, identity, stage, created_at)
  VALUES(9,'01HRKQQMPG9Y5D1Q2W3E4R5T6Y','queued','model','The model is not installed.',4611686018427387904,0,9216,'no model','no model','{"kind":"path","path":"/media/no model","name":"no model","size":1,"mod_time":"1970-01-01T00:00:01Z","fingerprint":""}','medium','{"language":"auto","model":"medium","beam_size":0,"threads":0,"words":false,"reuse":true}','other','extract',1710059409000);
INSERT INTO events VALUES(25,8,1710059408000,'submit','','queued','turn','extract',0,'','');
INSERT INTO events VALUES(26,9,1710059409000,'submit','','queued','model','extract',0,'','');
UPDATE line SET paused = 1;
INSERT INTO paces VALUES('extract','',3000.0,60000.0,4,0.0,1710059408000);
INSERT INTO paces VALUES('transcribe','tiny',30000.0,60000.0,3,8.5,1710059408000);
INSERT INTO samples VALUES(1710059400000,'normal',52,9000000000,3,1,2000000000);
INSERT INTO samples VALUES(1710059410000,'warn',31,5000000000,2,0,0);
