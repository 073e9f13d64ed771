-- One series of numbers: an agency's, of one kind, in one year. last is the last number taken; day the youngest day among them.
CREATE TABLE register_series (
  agency {id} NOT NULL,
  kind   {text} NOT NULL,
  year   {int} NOT NULL,
  last   {int} NOT NULL,
  day    {time} NOT NULL,
  event  {id} NOT NULL,
  PRIMARY KEY (agency, year, kind)
){strict};

-- A number with what the printed register says beside it. thing is what it was taken for; day is the start of the day that is printed,
-- in Vietnam. Names stand as they were printed.
CREATE TABLE register_number (
  id         {id} PRIMARY KEY,
  agency     {id} NOT NULL,
  kind       {text} NOT NULL,
  year       {int} NOT NULL,
  number     {int} NOT NULL,
  notation   {text} NOT NULL,
  day        {time} NOT NULL,
  thing      {id} NOT NULL,
  summary    {text} NOT NULL,
  signer     {text} NOT NULL,
  recipients {text} NOT NULL,
  keeper     {text} NOT NULL,
  copies     {int} NOT NULL,
  sent       {time},
  note       {text} NOT NULL,
  backdated  {text} NOT NULL,
  event      {id} NOT NULL
){strict};
CREATE UNIQUE INDEX register_number_thing ON register_number (thing);
CREATE UNIQUE INDEX register_number_book ON register_number (agency, kind, year, number);
CREATE UNIQUE INDEX register_number_notation ON register_number (agency, year, notation);
CREATE INDEX register_number_day ON register_number (agency, day, id);
CREATE INDEX register_number_kind ON register_number (agency, kind, day, id);
CREATE INDEX register_number_year ON register_number (agency, year, day, id);
