-- What forms led to, for whoever sends one again: where the browser was sent, and what it was told (JSON).
CREATE TABLE form (
  key      {text} PRIMARY KEY,
  location {text} NOT NULL,
  said     {text} NOT NULL,
  at       {time} NOT NULL
){strict};
CREATE INDEX form_at ON form (at);
