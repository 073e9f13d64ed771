-- Who may sign in: a person or a service. login is unique in the house; agency is the one that manages the account.
CREATE TABLE account (
  id       {id} PRIMARY KEY,
  kind     {text} NOT NULL,
  login    {text} NOT NULL,
  name     {text} NOT NULL,
  sort_key {blob} NOT NULL,
  person   {id},
  agency   {id} NOT NULL,
  state    {text} NOT NULL,
  since    {time} NOT NULL,
  event    {id} NOT NULL
){strict};
CREATE UNIQUE INDEX account_login ON account (login);
CREATE INDEX account_name ON account (sort_key, id);
CREATE INDEX account_agency ON account (agency, sort_key, id);

-- What an account is found by, from its beginning: its sign-in name, its name, and its name with the given name first; folded.
CREATE TABLE account_term (
  term    {text} NOT NULL,
  account {id} NOT NULL,
  PRIMARY KEY (term, account)
){strict};

-- One password an account. hash holds the parameters it was made with; once: it was given, must be changed when it is used, and ends.
CREATE TABLE password (
  account {id} PRIMARY KEY,
  hash    {text} NOT NULL,
  once    {bool} NOT NULL,
  since   {time} NOT NULL,
  until   {time} NOT NULL,
  event   {id} NOT NULL
){strict};

-- Roles at agencies. at_unit is where the reach begins: the agency or one of its units.
CREATE TABLE role_grant (
  id       {id} PRIMARY KEY,
  account  {id} NOT NULL,
  role     {text} NOT NULL,
  agency   {id} NOT NULL,
  at_unit  {id} NOT NULL,
  reach    {int} NOT NULL,
  since    {time} NOT NULL,
  until    {time} NOT NULL,
  given_by {id},
  event    {id} NOT NULL
){strict};
CREATE INDEX role_grant_account ON role_grant (account, until);
CREATE INDEX role_grant_agency ON role_grant (agency, until);

-- Who is signed in, where. secret is the SHA-256 of what the browser holds; used is written seldom.
CREATE TABLE session (
  id      {id} PRIMARY KEY,
  account {id} NOT NULL,
  secret  {blob} NOT NULL,
  agency  {id},
  since   {time} NOT NULL,
  used    {time} NOT NULL,
  until   {time} NOT NULL,
  device  {text} NOT NULL,
  address {text} NOT NULL,
  event   {id} NOT NULL
){strict};
CREATE UNIQUE INDEX session_secret ON session (secret);
CREATE INDEX session_account ON session (account, until);
CREATE INDEX session_until ON session (until);

-- How often signing in failed, by sign-in name and by address, and until when it is refused.
CREATE TABLE attempt (
  key    {text} PRIMARY KEY,
  failed {int} NOT NULL,
  at     {time} NOT NULL,
  until  {time} NOT NULL
){strict};
CREATE INDEX attempt_at ON attempt (at);
