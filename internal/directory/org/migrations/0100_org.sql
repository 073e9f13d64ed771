-- Agencies (bodies) and their internal units. agency is the body: the node itself, or the one that the unit is part of. event is the last
-- one that changed anything of it.
CREATE TABLE org_node (
  id     {id} PRIMARY KEY,
  agency {id} NOT NULL,
  event  {id} NOT NULL
){strict};

-- What is so of a node from since until until, as it was believed from recorded until replaced. A row with replaced NULL is believed now;
-- for each time that was believed, no two rows of one node hold at one day. A row never changes but by being replaced, once.
CREATE TABLE org_node_fact (
  id          {id} PRIMARY KEY,
  node        {id} NOT NULL,
  agency      {id} NOT NULL,
  since       {time} NOT NULL,
  until       {time} NOT NULL,
  recorded    {time} NOT NULL,
  replaced    {time},
  parent      {id},
  kind        {text} NOT NULL,
  level       {text} NOT NULL,
  sector      {text} NOT NULL,
  name        {text} NOT NULL,
  sort_key    {blob} NOT NULL,
  short_name  {text} NOT NULL,
  notation    {text} NOT NULL,
  own_seal    {bool} NOT NULL,
  code13      {text} NOT NULL,
  code35      {text} NOT NULL,
  tax_code    {text} NOT NULL,
  budget_code {text} NOT NULL,
  address     {text} NOT NULL,
  email       {text} NOT NULL,
  phone       {text} NOT NULL,
  basis       {text} NOT NULL,
  event       {id} NOT NULL,
  replaced_by {id}
){strict};
CREATE UNIQUE INDEX org_node_fact_believed ON org_node_fact (node, since) WHERE replaced IS NULL;
CREATE INDEX org_node_fact_node ON org_node_fact (node, recorded, id);
CREATE INDEX org_node_fact_parent ON org_node_fact (parent, sort_key, node);
CREATE INDEX org_node_fact_code13 ON org_node_fact (code13) WHERE replaced IS NULL AND code13 <> '';
CREATE INDEX org_node_fact_code35 ON org_node_fact (code35) WHERE replaced IS NULL AND code35 <> '';

-- People. event is the last one that changed anything of them, their posts or their absences.
CREATE TABLE org_person (
  id    {id} PRIMARY KEY,
  event {id} NOT NULL
){strict};

-- What is so of a person, in the same two times. agency is the one that keeps the person's record. sort_key has the given name first;
-- searched and searched_given are what a search by the beginning compares, byte by byte: the name as it is written, and with the given name
-- first.
CREATE TABLE org_person_fact (
  id             {id} PRIMARY KEY,
  person         {id} NOT NULL,
  since          {time} NOT NULL,
  until          {time} NOT NULL,
  recorded       {time} NOT NULL,
  replaced       {time},
  agency         {id} NOT NULL,
  name           {text} NOT NULL,
  given          {text} NOT NULL,
  sort_key       {blob} NOT NULL,
  searched       {blob} NOT NULL,
  searched_given {blob} NOT NULL,
  email          {text} NOT NULL,
  phone          {text} NOT NULL,
  basis          {text} NOT NULL,
  event          {id} NOT NULL,
  replaced_by    {id}
){strict};
CREATE UNIQUE INDEX org_person_fact_believed ON org_person_fact (person, since) WHERE replaced IS NULL;
CREATE INDEX org_person_fact_person ON org_person_fact (person, recorded, id);
CREATE INDEX org_person_fact_name ON org_person_fact (sort_key, person) WHERE replaced IS NULL;
CREATE INDEX org_person_fact_agency ON org_person_fact (agency, sort_key, person) WHERE replaced IS NULL;
CREATE INDEX org_person_fact_searched ON org_person_fact (searched, person) WHERE replaced IS NULL;
CREATE INDEX org_person_fact_given ON org_person_fact (searched_given, person) WHERE replaced IS NULL;
CREATE INDEX org_person_fact_agency_searched ON org_person_fact (agency, searched, person) WHERE replaced IS NULL;
CREATE INDEX org_person_fact_agency_given ON org_person_fact (agency, searched_given, person) WHERE replaced IS NULL;

-- Personal data: shown masked, read as a whole by a command alone, and what law erases is erased here. birth is a day, 1980-12-31.
CREATE TABLE org_person_private (
  person {id} PRIMARY KEY,
  birth  {text} NOT NULL,
  number {text} NOT NULL,
  event  {id} NOT NULL
){strict};

-- Posts that people hold. id is the row; post is the post through its corrections. unit is the unit inside the agency, NULL for none.
CREATE TABLE org_post (
  id          {id} PRIMARY KEY,
  post        {id} NOT NULL,
  person      {id} NOT NULL,
  agency      {id} NOT NULL,
  unit        {id},
  title       {text} NOT NULL,
  since       {time} NOT NULL,
  until       {time} NOT NULL,
  recorded    {time} NOT NULL,
  replaced    {time},
  basis       {text} NOT NULL,
  event       {id} NOT NULL,
  replaced_by {id}
){strict};
CREATE UNIQUE INDEX org_post_believed ON org_post (post) WHERE replaced IS NULL;
CREATE INDEX org_post_person ON org_post (person, recorded, id);
CREATE INDEX org_post_agency ON org_post (agency, until, post) WHERE replaced IS NULL;
CREATE INDEX org_post_unit ON org_post (unit, until, post) WHERE replaced IS NULL;

-- When people are away, and who stands in. A withdrawn absence is replaced by nothing.
CREATE TABLE org_absence (
  id          {id} PRIMARY KEY,
  person      {id} NOT NULL,
  substitute  {id},
  since       {time} NOT NULL,
  until       {time} NOT NULL,
  recorded    {time} NOT NULL,
  replaced    {time},
  event       {id} NOT NULL,
  replaced_by {id}
){strict};
CREATE INDEX org_absence_person ON org_absence (person, until) WHERE replaced IS NULL;
CREATE INDEX org_absence_substitute ON org_absence (substitute, until) WHERE replaced IS NULL;

-- What higher floors join: what is believed now, with the time in which it holds.
CREATE VIEW v_org_agency AS
  SELECT node AS id, since, until, parent, kind, level, sector, name, short_name, notation, own_seal, code13, code35
  FROM org_node_fact WHERE replaced IS NULL AND agency = node;
CREATE VIEW v_org_unit AS
  SELECT node AS id, since, until, agency, parent, kind, name, short_name, notation
  FROM org_node_fact WHERE replaced IS NULL AND agency <> node;
CREATE VIEW v_org_person AS
  SELECT person AS id, since, until, name, sort_key, given
  FROM org_person_fact WHERE replaced IS NULL;
CREATE VIEW v_org_post AS
  SELECT post AS id, person, agency, unit, title, since, until
  FROM org_post WHERE replaced IS NULL;
CREATE VIEW v_org_absence AS
  SELECT id, person, substitute, since, until
  FROM org_absence WHERE replaced IS NULL;
