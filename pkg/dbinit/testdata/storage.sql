CREATE TABLE IF NOT EXISTS resource (
  uuid varchar(255),
  tenant varchar(255),
  created varchar(255)
)