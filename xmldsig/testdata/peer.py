"""What lxml and cryptography say of canonical forms and signatures; one JSON request a line, one answer a line."""
import base64
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

DS = "{http://www.w3.org/2000/09/xmldsig#}"


def canonical(node, exclusive=True, comments=False, prefixes=None):
    return etree.tostring(node, method="c14n", exclusive=exclusive, with_comments=comments, inclusive_ns_prefixes=prefixes)


def digest(name):
    for n, h in (("sha1", hashes.SHA1), ("sha384", hashes.SHA384), ("sha512", hashes.SHA512)):
        if n in name:
            return h()
    return hashes.SHA256()


def verify(text, pem):
    """An enveloped signature over the whole document, exclusive throughout."""
    tree = etree.ElementTree(etree.fromstring(text))
    sig = tree.getroot().find(DS + "Signature")
    info = sig.find(DS + "SignedInfo")
    algorithm = info.find(DS + "SignatureMethod").get("Algorithm").split("#")[1]
    value = base64.b64decode(sig.find(DS + "SignatureValue").text)
    octets = canonical(info)
    key = serialization.load_pem_public_key(pem.encode())
    h = digest(algorithm)
    try:
        if "ed25519" in algorithm:
            key.verify(value, octets)
        elif "ecdsa" in algorithm:
            half = len(value) // 2
            der = encode_dss_signature(int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big"))
            key.verify(der, octets, ec.ECDSA(h))
        elif "MGF1" in algorithm:
            key.verify(value, octets, padding.PSS(padding.MGF1(h), h.digest_size), h)
        else:
            key.verify(value, octets, padding.PKCS1v15(), h)
    except InvalidSignature:
        return "signature"
    ref = info.find(DS + "Reference")
    want = base64.b64decode(ref.find(DS + "DigestValue").text)
    method = ref.find(DS + "DigestMethod").get("Algorithm").split("#")[1]
    lists = ref.findall(".//{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces")
    prefixes = lists[0].get("PrefixList").split() if lists else None
    tail = sig.tail or ""
    before = sig.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + tail
    sig.getparent().remove(sig)
    hasher = hashes.Hash(digest(method))
    hasher.update(canonical(tree, prefixes=prefixes))
    return "valid" if hasher.finalize() == want else "digest"


for line in sys.stdin:
    q = json.loads(line)
    try:
        if q["op"] == "verify":
            answer = verify(q["xml"].encode(), q["key"])
        else:
            tree = etree.ElementTree(etree.fromstring(q["xml"].encode()))
            answer = canonical(tree, q["exclusive"], q["comments"], q.get("prefixes")).decode()
    except Exception as e:  # the peer's own refusal is an answer too
        answer = "refused: " + str(e)
    print(json.dumps(answer), flush=True)
