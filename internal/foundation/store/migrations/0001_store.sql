-- Who made which ids: each running program leases a number.
CREATE TABLE node (
  number {int} PRIMARY KEY,
  owner  {int} NOT NULL,
  until  {time} NOT NULL
){strict};

-- What happened. seq is the place in the log; NULL until the sequencer gave one. personal can be erased, the rest never changes.
CREATE TABLE event (
  id       {id} PRIMARY KEY,
  at       {time} NOT NULL,
  kind     {text} NOT NULL,
  actor    {id},
  agency   {id},
  method   {text} NOT NULL,
  object   {id},
  request  {text} NOT NULL,
  leaf     {blob} NOT NULL,
  personal {blob},
  seq      {int}
){strict};
CREATE INDEX event_object ON event (object, id);
CREATE INDEX event_unsequenced ON event (id) WHERE seq IS NULL;
CREATE UNIQUE INDEX event_seq ON event (seq) WHERE seq IS NOT NULL;

-- Forms that were sent: the same form sent twice gives the first result.
CREATE TABLE once (
  id     {text} PRIMARY KEY,
  actor  {id},
  at     {time} NOT NULL,
  event  {id} NOT NULL,
  object {id}
){strict};
CREATE INDEX once_at ON once (at);
