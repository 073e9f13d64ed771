-- Signing sessions. base is the file that was prepared, prepared what was prepared, result the signed file: names of blobs.
CREATE TABLE signing_session (
  id         {id} PRIMARY KEY,
  thing      {id} NOT NULL,
  agency     {id} NOT NULL,
  account    {id} NOT NULL,
  purpose    {text} NOT NULL,
  credential {id} NOT NULL,
  base       {text} NOT NULL,
  prepared   {text} NOT NULL,
  result     {text} NOT NULL,
  state      {text} NOT NULL,
  expires    {time} NOT NULL,
  event      {id} NOT NULL
){strict};
CREATE UNIQUE INDEX signing_session_open ON signing_session (thing) WHERE state = 'open';
CREATE INDEX signing_session_thing ON signing_session (thing, id);
