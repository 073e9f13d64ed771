package verify

// Indication is a main indication of EN 319 102-1, 5.1.3.
type Indication string

// The main indications.
const (
	TotalPassed   Indication = "TOTAL_PASSED"
	TotalFailed   Indication = "TOTAL_FAILED"
	Indeterminate Indication = "INDETERMINATE"
)

// worse orders indications: failed, then undetermined, then passed.
func worse(a, b Indication) bool { return a.rank() > b.rank() }

func (i Indication) rank() int {
	switch i {
	case TotalPassed:
		return 0
	case TotalFailed:
		return 2
	case Indeterminate:
	}
	return 1
}

// SubIndication is a sub-indication of EN 319 102-1, tables 5 and 6; NO_SIGNATURE is Antin's own, for a document without any.
type SubIndication string

// The sub-indications of TOTAL_FAILED.
const (
	FormatFailure    SubIndication = "FORMAT_FAILURE"
	HashFailure      SubIndication = "HASH_FAILURE"
	SigCryptoFailure SubIndication = "SIG_CRYPTO_FAILURE"
	Revoked          SubIndication = "REVOKED"
	Expired          SubIndication = "EXPIRED"
	NotYetValid      SubIndication = "NOT_YET_VALID"
)

// The sub-indications of INDETERMINATE.
const (
	SigConstraintsFailure   SubIndication = "SIG_CONSTRAINTS_FAILURE"
	ChainConstraintsFailure SubIndication = "CHAIN_CONSTRAINTS_FAILURE"
	ChainGeneralFailure     SubIndication = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
	CryptoConstraints       SubIndication = "CRYPTO_CONSTRAINTS_FAILURE"
	CryptoConstraintsNoPOE  SubIndication = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
	PolicyProcessingError   SubIndication = "POLICY_PROCESSING_ERROR"
	PolicyNotAvailable      SubIndication = "SIGNATURE_POLICY_NOT_AVAILABLE"
	TimestampOrderFailure   SubIndication = "TIMESTAMP_ORDER_FAILURE"
	NoSigningCertificate    SubIndication = "NO_SIGNING_CERTIFICATE_FOUND"
	NoCertificateChain      SubIndication = "NO_CERTIFICATE_CHAIN_FOUND"
	NoCertificateChainNoPOE SubIndication = "NO_CERTIFICATE_CHAIN_FOUND_NO_POE"
	RevokedNoPOE            SubIndication = "REVOKED_NO_POE"
	RevokedCANoPOE          SubIndication = "REVOKED_CA_NO_POE"
	OutOfBoundsNotRevoked   SubIndication = "OUT_OF_BOUNDS_NOT_REVOKED"
	OutOfBoundsNoPOE        SubIndication = "OUT_OF_BOUNDS_NO_POE"
	RevocationOutOfBounds   SubIndication = "REVOCATION_OUT_OF_BOUNDS_NO_POE"
	NoPOE                   SubIndication = "NO_POE"
	TryLater                SubIndication = "TRY_LATER"
	SignedDataNotFound      SubIndication = "SIGNED_DATA_NOT_FOUND"
	NoSignature             SubIndication = "NO_SIGNATURE"
)

// conclusion is what a building block or a process comes to.
type conclusion struct {
	indication Indication
	sub        SubIndication
	process    Process
	chain      *ChainFacts
	errors     []Finding
	warnings   []Finding
	early      bool         // the time lies before the first day of the signature's own certificate
	past       *PastVerdict // nil where past validation was not asked
}

// fail adds what is wrong; the worst indication stays, and of equal ones the first.
func (c *conclusion) fail(i Indication, sub SubIndication, f Finding) {
	if worse(i, c.indication) {
		c.indication, c.sub = i, sub
	}
	c.errors = append(c.errors, f)
}

func (c *conclusion) warn(f Finding) { c.warnings = append(c.warnings, f) }

// severe does what a policy says of a rule that was not kept; at [Fail] it leaves the answer open.
func (c *conclusion) severe(s Severity, sub SubIndication, f Finding) {
	switch s {
	case Fail:
		c.fail(Indeterminate, sub, f)
	case Warn:
		c.warn(f)
	case Ignore:
	}
}

// take joins what another block found.
func (c *conclusion) take(o *conclusion) {
	if worse(o.indication, c.indication) {
		c.indication, c.sub = o.indication, o.sub
	}
	c.errors = append(c.errors, o.errors...)
	c.warnings = append(c.warnings, o.warnings...)
	if o.chain != nil {
		c.chain = o.chain
	}
	c.early = c.early || o.early
}
