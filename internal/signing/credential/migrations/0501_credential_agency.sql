-- The keys that sign for an agency, the youngest first.
CREATE INDEX credential_agency ON credential (agency, id);
