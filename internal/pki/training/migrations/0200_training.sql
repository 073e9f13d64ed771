-- The authorities of the training infrastructure: root, issuer, tsa, ocsp, root_ocsp. secret is the key (PKCS #8), sealed.
CREATE TABLE training_authority (
  name        {text} PRIMARY KEY,
  certificate {blob} NOT NULL,
  secret      {blob} NOT NULL,
  event       {id} NOT NULL
){strict};

-- What root and issuer issued. agency is whose it is, NULL for the infrastructure's own.
CREATE TABLE training_certificate (
  serial      {id} PRIMARY KEY,
  issuer      {text} NOT NULL,
  agency      {id},
  certificate {blob} NOT NULL,
  revoked     {time},
  reason      {int} NOT NULL,
  event       {id} NOT NULL
){strict};
CREATE INDEX training_certificate_revoked ON training_certificate (issuer, revoked) WHERE revoked IS NOT NULL;
