-- Contents that are stored. object is the id of head and body in the storage; marked is when collection first found that nothing refers to it.
CREATE TABLE blob (
  name   {text} PRIMARY KEY,
  object {text} NOT NULL,
  size   {int} NOT NULL,
  stored {time} NOT NULL,
  marked {time}
){strict};
CREATE UNIQUE INDEX blob_object ON blob (object);
CREATE INDEX blob_marked ON blob (marked) WHERE marked IS NOT NULL;

-- Which row of which module refers to a content. Written in that module's own transaction.
CREATE TABLE blob_ref (
  blob  {text} NOT NULL REFERENCES blob (name),
  owner {id} NOT NULL,
  PRIMARY KEY (blob, owner)
){strict};

-- While one of these holds, nothing is collected. Row 0 is none: pinning and collecting both write it, so that one waits for the other.
CREATE TABLE blob_pin (
  id    {id} PRIMARY KEY,
  until {time} NOT NULL
){strict};
INSERT INTO blob_pin (id, until) VALUES (0, 0);
