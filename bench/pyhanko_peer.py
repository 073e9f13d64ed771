"""Signs every PDF of a folder with pyHanko in one warm process and prints the median time of one."""

import importlib.metadata
import io
import json
import pathlib
import statistics
import sys
import time

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers

key, cert, folder = sys.argv[1:]
signer = signers.SimpleSigner.load(key, cert)
meta = signers.PdfSignatureMetadata(
    field_name="Signature1", md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES
)


def sign(data):
    start = time.perf_counter()
    signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), meta, signer=signer)
    return (time.perf_counter() - start) * 1000


inputs = [path.read_bytes() for path in pathlib.Path(folder).glob("*.pdf")]
warm = len(inputs) // 10 + 1
times = [sign(data) for data in inputs][warm:]
print(json.dumps({"median_ms": statistics.median(times), "version": importlib.metadata.version("pyHanko")}))
