"""pyHanko as a peer: one job a line on standard input, fields separated by tabs, one line of JSON for each.

usage: pyhanko_peer.py ROOT.der
    validate  FILE [PASSWORD]
    sign      LEVEL ALGORITHM DIGEST PKCS12 PASSWORD TSA IN OUT

LEVEL is B-B, B-T, B-LT or B-LTA. Revocation data is fetched for signing only: validation has what the file holds.
"""

import asyncio
import json
import logging
import sys
from datetime import timedelta

from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps.requests_client import HTTPTimeStamper
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
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.registry import SimpleTrustManager

logging.disable(logging.CRITICAL)


def text(value):
    return None if value is None else str(value)


def status(signature, root):
    context = ValidationContext(trust_roots=[root], allow_fetching=False)
    if signature.sig_object_type == "/DocTimeStamp":
        found = validate_pdf_timestamp(signature, context)
    else:
        found = validate_pdf_signature(signature, context)
    level = getattr(found, "modification_level", None)
    return {
        "field": signature.field_name,
        "timestamp": signature.sig_object_type == "/DocTimeStamp",
        "intact": found.intact,
        "valid": found.valid,
        "trusted": found.trusted,
        "coverage": found.coverage.name if found.coverage else None,
        "modification_level": level.name if level is not None else None,
        "docmdp_ok": getattr(found, "docmdp_ok", None),
        "signature_timestamp": bool(getattr(found, "timestamp_validity", None)),
        "why": text(getattr(found, "diff_result", None)),
    }


def long_term(signature, root):
    """What EN 319 102-1's long-term process says with nothing but the root and what the file holds."""
    # Nobody publishes the revocation of an anchor, which is on the path too.
    checking = RevocationCheckingPolicy(
        ee_certificate_rule=RevocationCheckingRule.CRL_OR_OCSP_REQUIRED,
        intermediate_ca_cert_rule=RevocationCheckingRule.CHECK_IF_DECLARED,
    )
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=[root]),
        revinfo_policy=CertRevTrustPolicy(checking),
        time_tolerance=timedelta(seconds=5),
    )
    gathering = RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY)
    spec = PdfSignatureValidationSpec(
        SignatureValidationSpec(cert_validation_policy=policy, revinfo_gathering_policy=gathering)
    )
    result = asyncio.run(ades_lta_validation(signature, spec))
    return f"{result.ades_subindic}"


def validate(root, path, password=None):
    with open(path, "rb") as file:
        reader = PdfFileReader(file, strict=False)
        if reader.encrypted:
            reader.decrypt(password or "")
        answers = []
        for signature in reader.embedded_signatures:
            try:
                answer = status(signature, root)
                if not answer["timestamp"] and reader.root.get("/DSS") is not None:
                    answer["long_term"] = long_term(signature, root)
            except Exception as error:
                answer = {"field": signature.field_name, "error": repr(error)}
            answers.append(answer)
    return {"file": path, "signatures": answers}


def sign(root, level, algorithm, digest, pkcs12, password, tsa, source, target):
    signer = SimpleSigner.load_pkcs12(
        pkcs12, passphrase=password.encode(), prefer_pss=algorithm == "RSASSA-PSS", other_certs=[root]
    )
    context = ValidationContext(trust_roots=[root], allow_fetching=True, revocation_mode="soft-fail")
    meta = PdfSignatureMetadata(
        md_algorithm=digest,
        subfilter=SigSeedSubFilter.PADES,
        embed_validation_info=level in ("B-LT", "B-LTA"),
        use_pades_lta=level == "B-LTA",
        validation_context=context,
        field_name="Peer",
    )
    with open(source, "rb") as file, open(target, "wb") as out:
        writer = IncrementalPdfFileWriter(file, strict=False)
        if writer.prev.encrypted:
            writer.encrypt("")
        stamper = None if level == "B-B" else HTTPTimeStamper(tsa)
        sign_pdf(writer, meta, signer, timestamper=stamper, output=out)
    return {"file": target}


def main(root_path):
    with open(root_path, "rb") as file:
        root = x509.Certificate.load(file.read())
    for line in sys.stdin:
        job, *fields = line.rstrip("\n").split("\t")
        try:
            answer = {"validate": validate, "sign": sign}[job](root, *fields)
        except Exception as error:
            answer = {"error": repr(error)}
        print(json.dumps(answer, ensure_ascii=False), flush=True)


main(*sys.argv[1:])
