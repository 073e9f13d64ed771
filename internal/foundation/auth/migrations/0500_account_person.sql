-- Whose accounts there are: a person's page shows them.
CREATE INDEX account_person ON account (person, id);
