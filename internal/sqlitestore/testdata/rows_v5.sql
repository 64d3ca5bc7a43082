-- What a store of the fifth schema has made of the rows of the fourth.
INSERT INTO translations (job, language, complete, body, created_at) VALUES(1,'ko',1,X'04c0c109c2301480e15dfe730ef1e85b45a404fb0862934af30a42e94dc1010c8893b89371877e0b43c8710e51112e238ed398ae839a2236cdea281a93662bc861e1dc233b47b13059970ae21d9afb2e1564efbdc3f46608ad3e7f8ffaafef76ffb6cf8bf5b86e010000ffff',1710059413000);
INSERT INTO summaries (job, body, created_at) VALUES(1,X'2cc8b10ac2301405d05f29770e52d76c6eee8ea594182f69307daf244fb188ff2e15c773de2841d22324c2830207cb56769cba5449cb92f6e4cbe071d18557bd6d5d0b5beb6696a20738dcb94dab66b1063fe0cc5f8f0e710eabb136f8617408d1b2ca948dcb7fa23e5943e2b4b2468ac11ffbfef30d0000ffff',1710059413000);
UPDATE jobs SET quality = '{"lines":{"ko":{"done":1,"total":1}},"coverage_percent":100}' WHERE seq = 1;
INSERT INTO deliveries (id, job, event, url, state, attempts, since, next_at, last_status, created_at, tried_at, delivered_at)
  VALUES('5f5f',1,'job.done','https://example.com/hook','delivered',1,1710059413000,0,204,1710059413000,1710059413500,1710059413500);
INSERT INTO parts (key, n, job, body) VALUES('summary key',1,5,X'4b0400000000ffff');
INSERT INTO exports (path, job, sha256, written_at) VALUES('/out/talk.srt','01HRKQQAT0EBYD22B5JXVSRRVM','5f',1710059413000);
