-- What a store of the fourth schema has made of the rows of the third.
INSERT INTO peaks (digest, context, bytes, floor, updated_at) VALUES('digest', 5, 323456789, 0, 1710059412000);
UPDATE jobs SET options = json_set(options, '$.webhook', 'https://example.com/hook') WHERE seq IN (1, 4);
