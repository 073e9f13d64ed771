-- Who stands below whom, from when until when: the closure of the tree of agencies and units, without the node itself. internal: all the
-- way down are units of one agency.
CREATE TABLE scope (
  ancestor   {id} NOT NULL,
  descendant {id} NOT NULL,
  internal   {bool} NOT NULL,
  since      {time} NOT NULL,
  until      {time} NOT NULL,
  PRIMARY KEY (descendant, ancestor, since)
){strict};
CREATE INDEX scope_ancestor ON scope (ancestor, until);
