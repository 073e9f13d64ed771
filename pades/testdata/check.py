"""Says what pyHanko says of each signature of a file, a line each; with a root also what it says of the long-term level.

usage: check.py FILE [ROOT.der]
"""

import asyncio
import logging
import sys
from datetime import timedelta

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.registry import SimpleTrustManager

logging.disable(logging.CRITICAL)


def say(signature, status, level_of_proof):
    level = getattr(status, "modification_level", None)
    print(
        f"{signature.field_name}: intact={status.intact} valid={status.valid}"
        f" docmdp_ok={getattr(status, 'docmdp_ok', None)}"
        f" level={level.name if level is not None else None}"
        f" coverage={status.coverage.name if status.coverage else None}"
        f" timestamp={bool(getattr(status, 'timestamp_validity', None))}"
        f" lta={level_of_proof}"
        f" why={getattr(status, 'diff_result', None)}"
    )


def long_term(signature, root):
    # The anchor is on the path too, and nobody publishes the revocation of an anchor.
    checking = RevocationCheckingPolicy(
        ee_certificate_rule=RevocationCheckingRule.CRL_OR_OCSP_REQUIRED,
        intermediate_ca_cert_rule=RevocationCheckingRule.CHECK_IF_DECLARED,
    )
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=[root]),
        revinfo_policy=CertRevTrustPolicy(checking),
        time_tolerance=timedelta(seconds=5),
    )
    spec = PdfSignatureValidationSpec(
        SignatureValidationSpec(
            cert_validation_policy=policy,
            revinfo_gathering_policy=RevocationInfoGatheringSpec(
                online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY
            ),
        )
    )
    result = asyncio.run(ades_lta_validation(signature, spec))
    return f"{result.ades_subindic} {result.failure_msg}"


def main(path, root=None):
    anchor = None
    if root:
        with open(root, "rb") as file:
            anchor = x509.Certificate.load(file.read())
    with open(path, "rb") as file:
        reader = PdfFileReader(file, strict=True)
        context = ValidationContext(allow_fetching=False)
        for signature in reader.embedded_signatures:
            if signature.sig_object_type == "/DocTimeStamp":
                say(signature, validate_pdf_timestamp(signature, context), None)
            else:
                proof = long_term(signature, anchor) if anchor else None
                say(signature, validate_pdf_signature(signature, context), proof)


main(*sys.argv[1:])
