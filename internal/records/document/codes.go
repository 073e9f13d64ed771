package document

import "github.com/antinvn/antin/codes"

// The codes of this package.
const (
	// ErrNotPDF: a file that is no PDF, or cannot be read as one.
	ErrNotPDF codes.Code = "document.not_pdf"
	// ErrEncrypted: a PDF with a password.
	ErrEncrypted codes.Code = "document.encrypted"
	// ErrSecret: a document that is marked as a state secret.
	ErrSecret codes.Code = "document.secret"
	// ErrSigned: a PDF that somebody signed already.
	ErrSigned codes.Code = "document.signed"
	// ErrForm: a PDF with form fields of the names that number, date and seal need.
	ErrForm codes.Code = "document.form"
	// ErrNoNumber: no gap for the number.
	ErrNoNumber codes.Code = "document.no_number"
	// ErrNoDate: no gap for day and month.
	ErrNoDate codes.Code = "document.no_date"
	// ErrNoSigner: no line to sign under, and so no place for signature and seal.
	ErrNoSigner codes.Code = "document.no_signer"
	// ErrState: the document's state does not allow it.
	ErrState codes.Code = "document.state"
	// ErrReason: it is returned without a reason.
	ErrReason codes.Code = "document.reason"
	// ErrRecipients: nobody is to receive it, or one who cannot.
	ErrRecipients codes.Code = "document.recipients"
	// ErrKind: no kind of document that takes a number.
	ErrKind codes.Code = "document.kind"
)
