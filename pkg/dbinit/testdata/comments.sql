-- One; two; the first of seven comments that hold what ends a statement;
CREATE TABLE POLICY (
    ID INTEGER NOT NULL AUTO_INCREMENT, -- given by the server; never by us
    DEFINITION VARCHAR(512), # JSON; see below
    NAME VARCHAR(50), /* unique; it's the key */
    PRIMARY KEY (ID)
);
-- CREATE TABLE NOT_WANTED (ID INTEGER);
#;
/* INSERT INTO POLICY (NAME) VALUES ('not wanted');
   INSERT INTO POLICY (NAME) VALUES ("neither"); */
INSERT INTO POLICY (NAME, DEFINITION) VALUES
('tiers', '{"id": "A;B", "policyKey": "gov:/tiers.xml", "note": "it''s; -- all", "path": "C:\\;"}');
INSERT INTO POLICY (NAME, DEFINITION) VALUES ('--;', "{'a': ';', ""b"": '#;'}")
