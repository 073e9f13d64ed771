-- Work that waits, runs, failed or is done. key is unique while a job of its kind is open.
CREATE TABLE job (
  id      {id} PRIMARY KEY,
  kind    {text} NOT NULL,
  key     {text} NOT NULL,
  payload {blob} NOT NULL,
  state   {text} NOT NULL,
  run_at  {time} NOT NULL,
  attempt {int} NOT NULL,
  error   {text} NOT NULL,
  owner   {int} NOT NULL,
  lease   {time} NOT NULL,
  actor   {id},
  agency  {id},
  made    {time} NOT NULL,
  ended   {time}
){strict};
CREATE UNIQUE INDEX job_open ON job (kind, key) WHERE state = 'waiting' OR state = 'running';
CREATE INDEX job_due ON job (run_at, id) WHERE state = 'waiting';
CREATE INDEX job_lost ON job (lease, id) WHERE state = 'running';
CREATE INDEX job_state ON job (state, id);

-- When each schedule runs next.
CREATE TABLE job_schedule (
  kind {text} PRIMARY KEY,
  next {time} NOT NULL
){strict};
