-- Documents. file is the name of the blob; name what its owner called it. number, notation and day are those of the register, as printed;
-- signer is who signed, as certified; reason is why it was returned.
CREATE TABLE document (
  id       {id} PRIMARY KEY,
  agency   {id} NOT NULL,
  drafter  {id} NOT NULL,
  title    {text} NOT NULL,
  kind     {text} NOT NULL,
  state    {text} NOT NULL,
  file     {text} NOT NULL,
  name     {text} NOT NULL,
  size     {int} NOT NULL,
  number   {int} NOT NULL,
  notation {text} NOT NULL,
  day      {time},
  signer   {text} NOT NULL,
  reason   {text} NOT NULL,
  event    {id} NOT NULL
){strict};
CREATE INDEX document_agency ON document (agency, id);
CREATE INDEX document_waiting ON document (agency, state, id);
CREATE INDEX document_drafter ON document (drafter, state, id);

-- To whom it goes. name stands as it was; issued is when it was issued to them, opened when their clerk first opened it.
CREATE TABLE document_recipient (
  document {id} NOT NULL,
  agency   {id} NOT NULL,
  name     {text} NOT NULL,
  issued   {time},
  opened   {time},
  event    {id} NOT NULL,
  PRIMARY KEY (document, agency)
){strict};
CREATE INDEX document_received ON document_recipient (agency, issued, document) WHERE issued IS NOT NULL;
CREATE INDEX document_unopened ON document_recipient (agency, document) WHERE issued IS NOT NULL AND opened IS NULL;

-- Who took part.
CREATE TABLE document_part (
  account  {id} NOT NULL,
  document {id} NOT NULL,
  event    {id} NOT NULL,
  PRIMARY KEY (account, document)
){strict};

-- Who did what, when; names as they were.
CREATE TABLE document_step (
  id       {id} PRIMARY KEY,
  document {id} NOT NULL,
  what     {text} NOT NULL,
  at       {time} NOT NULL,
  account  {id} NOT NULL,
  agency   {id} NOT NULL,
  name     {text} NOT NULL,
  note     {text} NOT NULL,
  event    {id} NOT NULL
){strict};
CREATE INDEX document_step_of ON document_step (document, id);

-- Whose opening of a content was recorded on which day (the start of it, in Vietnam).
CREATE TABLE document_opening (
  document {id} NOT NULL,
  account  {id} NOT NULL,
  day      {time} NOT NULL,
  event    {id} NOT NULL,
  PRIMARY KEY (document, account, day)
){strict};
