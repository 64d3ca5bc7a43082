-- What a store of the third schema has made of the rows of the second.
INSERT INTO notices (at, code, text, hint) VALUES(1710059411000,'backup_restored','The database was damaged.','Look at the newest jobs.');
UPDATE jobs SET priority = 3 WHERE seq = 5;
UPDATE peaks SET bytes = 223456789 WHERE digest = 'digest';
