-- Keys that can sign. holder is a person or, for a seal, the agency; agency is whose duty the key is. chain is the certificates in DER,
-- one behind the other, the holder's first; secret is the key (PKCS #8), sealed, for the channel "soft".
CREATE TABLE credential (
  id       {id} PRIMARY KEY,
  holder   {id} NOT NULL,
  agency   {id} NOT NULL,
  name     {text} NOT NULL,
  purpose  {text} NOT NULL,
  channel  {text} NOT NULL,
  training {bool} NOT NULL,
  serial   {id} NOT NULL,
  chain    {blob} NOT NULL,
  secret   {blob} NOT NULL,
  since    {time} NOT NULL,
  until    {time} NOT NULL,
  event    {id} NOT NULL
){strict};
CREATE INDEX credential_holder ON credential (holder, agency, purpose, until);
