-- The second factor that an app shows (RFC 6238). secret is sealed; step is the last one that was used: a code works once.
CREATE TABLE totp (
  account {id} PRIMARY KEY,
  secret  {blob} NOT NULL,
  step    {int} NOT NULL,
  since   {time} NOT NULL,
  event   {id} NOT NULL
){strict};

-- What is used in its place when the app is lost: keyed hashes, each for one use.
CREATE TABLE recovery (
  account {id} NOT NULL,
  hash    {blob} NOT NULL,
  event   {id} NOT NULL,
  PRIMARY KEY (account, hash)
){strict};

-- Keys in a person's device (WebAuthn). public is a SubjectPublicKeyInfo.
CREATE TABLE passkey (
  id         {id} PRIMARY KEY,
  account    {id} NOT NULL,
  credential {blob} NOT NULL,
  public     {blob} NOT NULL,
  counter    {int} NOT NULL,
  name       {text} NOT NULL,
  since      {time} NOT NULL,
  used       {time} NOT NULL,
  event      {id} NOT NULL
){strict};
CREATE UNIQUE INDEX passkey_credential ON passkey (credential);
CREATE INDEX passkey_account ON passkey (account, id);

-- Challenges that were answered: none is taken twice.
CREATE TABLE spent (
  challenge {blob} PRIMARY KEY,
  until     {time} NOT NULL
){strict};
CREATE INDEX spent_until ON spent (until);
