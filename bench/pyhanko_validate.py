"""Validates every PDF of a folder with pyHanko in one warm process and prints the median time of one."""

import importlib.metadata
import json
import logging
import pathlib
import statistics
import sys
import time

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

logging.disable(logging.CRITICAL)
root_path, folder = sys.argv[1:]
root = x509.Certificate.load(pathlib.Path(root_path).read_bytes())


def validate(path):
    start = time.perf_counter()
    with open(path, "rb") as file:
        for signature in PdfFileReader(file).embedded_regular_signatures:
            context = ValidationContext(trust_roots=[root], allow_fetching=False)
            status = validate_pdf_signature(signature, context)
            if not (status.intact and status.valid and status.trusted):
                sys.exit(f"{path} is not valid to pyHanko")
    return (time.perf_counter() - start) * 1000


files = sorted(pathlib.Path(folder).glob("*.pdf"))[:60]
warm = len(files) // 10 if len(files) > 3 else 0
times = [validate(path) for path in files][warm:]
print(json.dumps({"median_ms": statistics.median(times), "version": importlib.metadata.version("pyHanko")}))
