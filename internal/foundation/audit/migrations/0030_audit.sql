-- The log: one row, id 1. root is in the checkpoint, which signs (size, root); cosigned is the newest checkpoint with co-signatures.
CREATE TABLE audit_log (
  id            {int} PRIMARY KEY,
  origin        {text} NOT NULL,
  verifier      {text} NOT NULL,
  sealed        {blob} NOT NULL,
  size          {int} NOT NULL,
  checkpoint    {blob} NOT NULL,
  cosigned_size {int} NOT NULL,
  cosigned      {blob},
  owner         {int} NOT NULL,
  until         {time} NOT NULL
){strict};

-- The hash tiles of c2sp.org/tlog-tiles, the last of each level as far as it goes. Entries are the events' own leaves.
CREATE TABLE audit_tile (
  level  {int} NOT NULL,
  n      {int} NOT NULL,
  hashes {blob} NOT NULL,
  PRIMARY KEY (level, n)
){strict};
