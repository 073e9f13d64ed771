package interop

import "regexp"

// differences are all that there are; one that is missing here fails TestSideBySide, and so does one that is none any more.
var differences = []difference{
	{
		"DSS", re("B-[BT],.*" + offline), re("^INDETERMINATE/CERTIFICATE_CHAIN_GENERAL_FAILURE$"), re("^INDETERMINATE/TRY_LATER$"),
		"without revocation data the answer may still come: EN 319 102-1, 5.2.5, returns TRY_LATER, which table 6 defines as lacking revocation " +
			"information that will be there later; CERTIFICATE_CHAIN_GENERAL_FAILURE is for errors that are not specified.",
		false,
	},
	{
		"pyHanko", re("B-[BT],.*" + offline), re("^INDETERMINATE/CERTIFICATE_CHAIN_GENERAL_FAILURE$"), re("^INDETERMINATE/TRY_LATER$"),
		"the same as the one before: EN 319 102-1, 5.2.5 and table 6.",
		false,
	},
	{
		"pyHanko", re("CAdES.*B-LTA?.*" + offline), re("^INDETERMINATE/CERTIFICATE_CHAIN_GENERAL_FAILURE$"), re("^TOTAL_PASSED$"),
		"it does not read the evidence that a CAdES file holds (EN 319 122-1, 6.3: SignedData.crls, and what archive time-stamps protect).",
		false,
	},
	{
		"DSS", re("B-LTA?.*" + revokedBefore), re("^TOTAL_PASSED$"), re("^INDETERMINATE/REVOKED_NO_POE$"),
		"not in every run: the stored answer, five minutes older than the signature, is fresh by EN 319 102-1, 5.2.5 (its nextUpdate has not come), and " +
			"where EU DSS keeps to it, it does not learn of the revocation that reaches back before the signature.",
		true,
	},
	{
		"pyHanko", re("B-LTA?.*" + revokedBefore), re("^INDETERMINATE/CERTIFICATE_CHAIN_GENERAL_FAILURE$"), re("^INDETERMINATE/REVOKED_NO_POE$"),
		"its long-term process has no word of its own for a revoked certificate; EN 319 102-1, 5.2.6.4, has.",
		false,
	},
	{
		"DSS", re("B-[BT],.*" + expired), re("^INDETERMINATE/CERTIFICATE_CHAIN_GENERAL_FAILURE$"), re("^INDETERMINATE/OUT_OF_BOUNDS_NO_POE$"),
		"an answer from after the end of a certificate, without archive cut-off, says nothing of it (RFC 6960, 4.4.4): to EU DSS revocation data " +
			"is missing, as in the first; EN 319 102-1, 5.2.6.4 and table 6, names an expired certificate of which that is not known OUT_OF_BOUNDS_NO_POE.",
		false,
	},
	{
		"pyHanko", re("B-T,.*" + expired), re("^TOTAL_PASSED$"), re("^INDETERMINATE/OUT_OF_BOUNDS_NO_POE$"),
		"it counts such an answer as good. A responder need not keep what it knew of expired certificates unless it states an archive cut-off " +
			"(RFC 6960, 4.4.4), so that the certificate may have been revoked when the time-stamp was made: EN 319 102-1, 5.5.4, needs that known.",
		false,
	},
	{
		"pyHanko", re(withSHA1), re("^INDETERMINATE/CRYPTO_CONSTRAINTS_FAILURE$"), re("^INDETERMINATE/CRYPTO_CONSTRAINTS_FAILURE_NO_POE$"),
		"its list knows no date until which SHA-1 was good, so that no proof could help; with a date (TS 119 312) the missing proof of an earlier " +
			"time is what EN 319 102-1, 5.2.8 and table 6, names.",
		false,
	},
	{
		"pyHanko", re("CAdES.*signed again"), re("signer_infos should contain exactly one entry"), re("^TOTAL_PASSED$"),
		"it reads no CMS with several signers (RFC 5652, 5.1, allows any number).",
		false,
	},
}

func re(s string) *regexp.Regexp { return regexp.MustCompile(s) }
