"""pyHanko as a peer: one job a line on standard input, fields separated by tabs, one line of JSON for each.

usage: pyhanko_peer.py ROOT.der
    validate  FILE [PASSWORD]
    judge     FILE DETACHED ROOT.der yes|no TIME
    sign      LEVEL ALGORITHM DIGEST PKCS12 PASSWORD TSA IN OUT
    extend    TSA IN OUT

LEVEL is B-B, B-T, B-LT or B-LTA. For signing revocation data is fetched; validate has what the file holds. judge gives the answer of
the process of EN 319 102-1 that is made for what a file holds, as of a time (ISO 8601); DETACHED and TIME may be empty, no: nothing is
fetched. extend adds a document time-stamp to a B-LTA file.
"""

import asyncio
import json
import logging
import sys
from datetime import datetime, timedelta
from hashlib import new as digest_named

from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, PdfTimeStamper, SimpleSigner, sign_pdf
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps.requests_client import HTTPTimeStamper
from pyhanko.sign.validation import DocumentSecurityStore, validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.ades import ades_basic_validation, ades_lta_validation, ades_with_time_validation
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    DisallowWeakAlgorithmsPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

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


def specification(root, online=False, knowledge=LocalKnowledge()):
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
    rule = RevinfoOnlineFetchingRule.ALWAYS_FETCH if online else RevinfoOnlineFetchingRule.LOCAL_ONLY
    return SignatureValidationSpec(
        cert_validation_policy=policy,
        revinfo_gathering_policy=RevocationInfoGatheringSpec(online_fetching_rule=rule),
        local_knowledge=knowledge,
    )


def long_term(signature, root):
    """What EN 319 102-1's long-term process says with nothing but the root and what the file holds."""
    result = asyncio.run(ades_lta_validation(signature, PdfSignatureValidationSpec(specification(root))))
    return f"{result.ades_subindic}"


def stored(reader):
    """What the document security store holds, which only the long-term process reads by itself."""
    if reader.root.get("/DSS") is None:
        return LocalKnowledge()
    store = DocumentSecurityStore.read_dss(reader)
    responses = [ocsp.OCSPResponse.load(r.get_object().data) for r in store.ocsps]
    return LocalKnowledge(
        known_ocsps=[c for r in responses for c in OCSPContainer.load_multi(r)],
        known_crls=[CRLContainer(crl.CertificateList.load(c.get_object().data)) for c in store.crls],
        known_certs=list(store.load_certs()),
    )


def judge(_, path, detached, root_path, online, moment):
    root, online = load(root_path), online == "yes"
    timing = None
    if moment:
        at = datetime.fromisoformat(moment)
        timing = ValidationTimingInfo(validation_time=at, best_signature_time=at, point_in_time_validation=False)

    def process(signed, knowledge, digest):
        specified = specification(root, online, knowledge)
        attributes = signed["signer_infos"][0]["unsigned_attrs"] or []
        stamped = any(a["type"].native == "signature_time_stamp_token" for a in attributes)
        run = ades_with_time_validation if stamped else ades_basic_validation
        return run(signed, specified, timing_info=timing, raw_digest=digest)

    with open(path, "rb") as file:
        if file.read(5) != b"%PDF-":
            file.seek(0)
            signed = cms.ContentInfo.load(file.read())["content"]
            digest = None
            if detached:
                with open(detached, "rb") as content:
                    name = signed["signer_infos"][0]["digest_algorithm"]["algorithm"].native
                    digest = digest_named(name, content.read()).digest()
            results = [asyncio.run(process(signed, LocalKnowledge(), digest))]
        else:
            reader = PdfFileReader(file, strict=False)
            results = []
            stamps = [s for s in reader.embedded_signatures if s.sig_object_type == "/DocTimeStamp"]
            for s in reader.embedded_regular_signatures:
                s.compute_integrity_info()
                if any(t.signed_revision > s.signed_revision for t in stamps):
                    spec = PdfSignatureValidationSpec(specification(root, online))
                    run = ades_lta_validation(s, spec, timing_info=timing)
                else:
                    run = process(s.signed_data, stored(reader), s.compute_digest())
                results.append(asyncio.run(run))
    return {"file": path, "judged": [f"{r.ades_subindic.status.name}/{r.ades_subindic.name}" for r in results]}


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
    context = ValidationContext(
        trust_roots=[root],
        allow_fetching=True,
        revocation_mode="soft-fail",
        algorithm_usage_policy=DisallowWeakAlgorithmsPolicy(weak_hash_algos=()),  # SHA-1 is to be signed with too
    )
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


def extend(root, tsa, source, target):
    context = ValidationContext(trust_roots=[root], allow_fetching=True, revocation_mode="soft-fail")
    with open(source, "rb") as file, open(target, "wb") as out:
        PdfTimeStamper(HTTPTimeStamper(tsa)).update_archival_timestamp_chain(
            PdfFileReader(file, strict=False), context, in_place=False, output=out
        )
    return {"file": target}


def load(path):
    with open(path, "rb") as file:
        return x509.Certificate.load(file.read())


def main(root_path):
    root = load(root_path)
    for line in sys.stdin:
        job, *fields = line.rstrip("\n").split("\t")
        try:
            answer = {"validate": validate, "judge": judge, "sign": sign, "extend": extend}[job](root, *fields)
        except Exception as error:
            answer = {"error": repr(error)}
        print(json.dumps(answer, ensure_ascii=False), flush=True)


main(*sys.argv[1:])
