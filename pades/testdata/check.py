"""Says what pyHanko says of each signature of a file, a line each."""

import logging
import sys

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext

logging.disable(logging.CRITICAL)


def say(signature, status):
    level = getattr(status, "modification_level", None)
    print(
        f"{signature.field_name}: intact={status.intact} valid={status.valid}"
        f" docmdp_ok={getattr(status, 'docmdp_ok', None)}"
        f" level={level.name if level is not None else None}"
        f" coverage={status.coverage.name if status.coverage else None}"
        f" timestamp={bool(getattr(status, 'timestamp_validity', None))}"
        f" why={getattr(status, 'diff_result', None)}"
    )


def main(path):
    with open(path, "rb") as file:
        reader = PdfFileReader(file, strict=True)
        context = ValidationContext(allow_fetching=False)
        for signature in reader.embedded_signatures:
            if signature.sig_object_type == "/DocTimeStamp":
                say(signature, validate_pdf_timestamp(signature, context))
            else:
                say(signature, validate_pdf_signature(signature, context))


main(sys.argv[1])
