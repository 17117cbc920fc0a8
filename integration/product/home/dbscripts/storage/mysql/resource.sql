CREATE TABLE IF NOT EXISTS resource (
    uuid VARCHAR(255),
    tenantId VARCHAR(250),
    fileName VARCHAR(250),
    contentLength INTEGER,
    contentType VARCHAR(150),
    content LONGBLOB
);
