package pades

import (
	"context"
	"crypto"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
)

// What a signature dictionary of this package says about itself (ISO 32000-2, table 255; EN 319 142-1, 5.3).
const (
	signatureHandler pdf.Name = "Adobe.PPKLite"
	subFilterCAdES   pdf.Name = "ETSI.CAdES.detached"
	subFilterToken   pdf.Name = "ETSI.RFC3161" //nolint:gosec // a name, no secret
)

// byteRangeWidth is four integers of twelve digits: files up to 1 TB, and never a change of length.
const byteRangeWidth = 4*12 + 3

// draft is a revision being laid out.
type draft struct {
	o           *Options
	u           *pdf.Update
	view        *pdf.View
	form        *form
	rules       rules
	permissions pdf.Permissions
	pdfA        string
	report      *Report

	signature           pdf.Ref
	byteRange, contents *pdf.Placeholder
}

func newDraft(ctx context.Context, d *pdf.Document, o *Options) (*draft, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	u, err := d.NewUpdate()
	if err != nil {
		return nil, err
	}
	dr := &draft{o: o, u: u, view: u.Base(), permissions: d.Permissions(), report: &Report{}}
	if dr.permissions.Owner {
		dr.permissions = pdf.Permissions{Owner: true, Modify: true, Annotate: true, FillForms: true, Assemble: true}
	}
	if dr.view.Trailer()["AuthCode"] != nil {
		return nil, codes.New(ErrUnsupported, "adding a revision", "", "the file's integrity is protected by ISO/TS 32004")
	}
	root, err := dr.view.Catalog()
	if err != nil {
		return nil, err
	}
	fields, err := formFields(u, root)
	if err != nil {
		return nil, err
	}
	if dr.rules, err = readRules(u, fields); err != nil {
		return nil, err
	}
	if d.Rebuilt() && dr.rules.signed {
		// A complete new cross-reference would make the signed revisions unreadable as such.
		return nil, codes.New(ErrDamagedSigned, "adding a revision", "", "the file is signed and its cross-reference is damaged")
	}
	u.Complete = d.Irregular() && !dr.rules.signed
	dr.form = newForm(u, fields, dr.rules.signed)
	dr.pdfA, err = pdfA(dr.view)
	return dr, err
}

// layOut builds everything of a signature revision but the digest: the tail with its places left open.
func layOut(ctx context.Context, d *pdf.Document, o *Options) (*Prepared, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	dr, err := newDraft(ctx, d, o)
	if err != nil {
		return nil, err
	}
	if dr.rules.mdp == 1 {
		return nil, codes.New(ErrDocMDP, "signing", "", "an earlier signature allows no changes")
	}
	if o.Certify != 0 && dr.rules.signed {
		return nil, codes.New(ErrDocMDP, "certifying", "", "only the first signature can certify")
	}
	person, err := dr.personPlace()
	if err != nil {
		return nil, err
	}
	if err := dr.reserve(ctx, person); err != nil {
		return nil, err
	}
	hash := o.Digest
	if hash == 0 {
		hash = cms.HashFor(o.Chain[0])
	}
	if err := dr.sign(&hash); err != nil {
		return nil, err
	}
	if err := dr.fill(); err != nil {
		return nil, err
	}
	if err := dr.stamps(); err != nil {
		return nil, err
	}
	if err := declareKey(dr.u, o.Chain[0], dr.pdfA); err != nil {
		return nil, err
	}
	if err := declare(dr.u, esicCAdES); err != nil {
		return nil, err
	}
	chain := completeChain(o)
	room, err := planRoom(ctx, o, chain, hash)
	if err != nil {
		return nil, err
	}
	r, err := dr.finish(room, o.Rand)
	if err != nil {
		return nil, err
	}
	return &Prepared{revision: r, level: o.Level, hash: hash, pss: o.PSS, chain: chain, report: *dr.report}, nil
}

func (o *Options) check() error {
	switch {
	case len(o.Chain) == 0 || o.Chain[0] == nil:
		return codes.New(ErrCertificate, "signing", "", "no signing certificate is given")
	case o.Level < BB || o.Level > BLTA:
		return codes.New(ErrOptions, "signing", o.Level.String(), "there is no such level")
	case o.Certify < 0 || o.Certify > 3:
		return codes.New(ErrOptions, "certifying", "", "the levels are 1, 2 and 3")
	case o.PlaceholderBytes < 0 || o.PlaceholderBytes > maxRoom:
		return codes.New(ErrOptions, "signing", "", "the room asked for the signature is out of bounds")
	case o.Digest != 0 && certpath.OIDByHash(o.Digest) == nil:
		return codes.New(ErrOptions, "signing", o.Digest.String(), "this digest is not supported")
	case o.Lock != nil:
		if err := o.Lock.check(); err != nil {
			return err
		}
	}
	at, cert := o.time(), o.Chain[0]
	if at.Before(cert.NotBefore) || at.After(cert.NotAfter) {
		return codes.New(ErrCertificate, "signing", cert.Subject.CommonName(),
			"the certificate is valid from "+cert.NotBefore.UTC().Format(time.RFC3339)+" to "+cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

func (o *Options) time() time.Time {
	if o.Time.IsZero() {
		return time.Now()
	}
	return o.Time
}

// personPlace is where the picture of this revision's signature is shown, its box where there is no picture, nil if nowhere.
func (dr *draft) personPlace() (*Place, error) {
	at := dr.o.Field.Place
	if at == nil {
		f, ok := dr.form.fields[dr.o.Field.fullName()]
		if !ok || len(f.widgets) == 0 {
			return nil, nil //nolint:nilnil // no place is an answer
		}
		var err error
		if at, err = dr.shownPlace(f.widgets[0]); err != nil || at == nil {
			return nil, err
		}
	}
	picture, err := appearance.PictureBox(dr.o.Appearance, at.Rect)
	return &Place{Page: at.Page, Rect: picture}, err
}

// sign finds or makes the field and puts the signature dictionary into it.
func (dr *draft) sign(hash *crypto.Hash) error {
	f, err := dr.field()
	if err != nil {
		return err
	}
	dr.report.Field = f.name
	if dr.rules.locked(f.name) {
		return codes.New(ErrFieldLocked, "signing the field", f.name, "an earlier signature locks it")
	}
	lock, err := readLock(dr.u, f.dict["Lock"])
	if err != nil {
		return err
	}
	sv, err := readSeed(dr.u, f)
	if err != nil {
		return err
	}
	if sv != nil {
		if err := sv.obey(dr.o, hash); err != nil {
			return err
		}
	}
	certifyAs := dr.o.Certify
	if certifyAs == 0 && len(dr.o.Reserve) > 0 && !dr.rules.signed {
		certifyAs = 2 // filling in and signing only: whoever fills, nothing else may change
	}
	d := dr.dictionary(subFilterCAdES)
	if refs := references(certifyAs, lock, dr.view.CatalogRef()); refs != nil {
		d["Reference"] = refs
	}
	dr.describe(d)
	dr.signature = dr.u.Add(d)
	if certifyAs != 0 {
		if err := certify(dr.u, dr.signature); err != nil {
			return err
		}
	}
	return dr.showSigned(f)
}

// field is the field to sign: the existing one of that name, or a new one.
func (dr *draft) field() (formField, error) {
	name := dr.o.Field.fullName()
	if f, ok := dr.form.fields[name]; ok && name != "" {
		return f, dr.mayFill(f)
	}
	if !dr.permissions.Modify || !dr.permissions.Annotate {
		return formField{}, codes.New(ErrPermission, "making a signature field", name, "the file forbids making form fields")
	}
	if dr.o.Field.Name == "" {
		name = dr.form.numbered(join(dr.o.Field.Parent, "Signature"))
	}
	at := dr.o.Field.Place
	page, err := dr.pageFor(at)
	if err != nil {
		return formField{}, err
	}
	if at != nil && dr.rules.certified {
		dr.report.Notes = append(dr.report.Notes, NoteVisibleLate)
	}
	d := widget(page, at)
	d["FT"] = pdf.Name("Sig")
	if lock := dr.lock(); lock != nil {
		d["Lock"] = dr.u.Add(lock.dictionary("SigFieldLock"))
	}
	return dr.form.add(name, page, d)
}

// lock of a new field: as asked, or all fields but those just reserved.
func (dr *draft) lock() *Lock {
	if dr.o.Lock == nil && len(dr.report.Reserved) > 0 {
		return &Lock{Action: "Exclude", Fields: dr.report.Reserved}
	}
	return dr.o.Lock
}

func (dr *draft) mayFill(f formField) error {
	const act = "signing the field"
	v, err := dr.u.Resolve(f.value)
	switch {
	case err != nil:
		return err
	case f.kind != "Sig" || !f.leaf || f.ref == (pdf.Ref{}):
		return codes.New(ErrField, act, f.name, "it is not a signature field")
	case v != nil:
		return codes.New(ErrFieldSigned, act, f.name, "it holds a signature already")
	case dr.o.Lock != nil && f.dict["Lock"] != nil:
		return codes.New(ErrOptions, act, f.name, "it has a lock of its own")
	case dr.o.Field.Place != nil:
		return codes.New(ErrOptions, act, f.name, "it has a place of its own")
	case !dr.permissions.FillForms && !dr.permissions.Annotate && !dr.permissions.Modify:
		return codes.New(ErrPermission, act, f.name, "the file forbids filling in and signing")
	}
	return nil
}

// pageFor is a place's page. An invisible field stands on the first page, or on none where there is none, or none that could
// list it.
func (dr *draft) pageFor(at *Place) (*pdf.Page, error) {
	if at != nil {
		return at.page(dr.view)
	}
	page, err := dr.view.Page(1)
	if errors.Is(err, pdf.ErrNoPage) || err == nil && page.Ref == (pdf.Ref{}) {
		return nil, nil //nolint:nilnil // no page is an answer
	}
	return page, err
}

// dictionary is the part that signatures and document time-stamps share. Its two placeholders are direct and outside
// any object stream, and are written in clear in encrypted files too (ISO 32000-2, 7.6.2).
func (dr *draft) dictionary(format pdf.Name) pdf.Dict {
	dr.byteRange = &pdf.Placeholder{Prefix: "[", Suffix: "]", Width: byteRangeWidth, Fill: ' '}
	dr.contents = &pdf.Placeholder{Prefix: "<", Suffix: ">", Fill: '0'}
	return pdf.Dict{
		"Type": pdf.Name("Sig"), "Filter": signatureHandler, "SubFilter": format,
		"ByteRange": dr.byteRange, "Contents": dr.contents,
	}
}

// describe adds what the signer claims. EN 319 142-1, 6.3: /M stands in place of signing-time, /Cert is not used.
func (dr *draft) describe(d pdf.Dict) {
	d["M"] = pdf.String(pdfDate(dr.o.time()))
	for key, value := range map[pdf.Name]string{
		"Reason": dr.o.Reason, "Location": dr.o.Location, "ContactInfo": dr.o.ContactInfo, "Name": dr.o.Name,
	} {
		if value != "" {
			d[key] = pdf.EncodeTextString(value)
		}
	}
}

// pdfDate is a date with its zone (ISO 32000-2, 7.9.4).
func pdfDate(t time.Time) string {
	zone := t.Format("-07'00'")
	if _, offset := t.Zone(); offset == 0 {
		zone = "Z"
	}
	return t.Format("D:20060102150405") + zone
}

// showSigned puts the value into the field and the appearance onto its widget.
func (dr *draft) showSigned(f formField) error {
	h, err := hold(dr.u, f.ref)
	if err != nil {
		return err
	}
	h.dict["V"] = dr.signature
	if err := h.save(); err != nil {
		return err
	}
	if err := dr.form.settle(true); err != nil {
		return err
	}
	if len(f.widgets) == 0 {
		return nil
	}
	w, err := hold(dr.u, f.widgets[0])
	if err != nil {
		return err
	}
	page, box, err := dr.widgetPlace(f.widgets[0], w.dict)
	if err != nil {
		return err
	}
	if page == nil {
		if dr.o.Appearance != nil {
			return codes.New(ErrPlace, "showing the signature", f.name, "the field is on no page or has no area")
		}
		return dr.showNothing(w)
	}
	width, height := shownSize(page, box)
	switch _, shown := w.dict["AP"]; {
	case dr.o.Appearance != nil:
		n, err := appearance.Form(dr.u, page, width, height, dr.o.Appearance, dr.pdfA)
		if err != nil {
			return err
		}
		w.dict["AP"] = pdf.Dict{"N": n}
	case shown:
		return nil
	default:
		// A visible widget has an appearance, if an empty one (ISO 19005-2, 6.3.3).
		n, err := dr.emptyForm(page, width, height)
		if err != nil {
			return err
		}
		w.dict["AP"] = pdf.Dict{"N": n}
	}
	return w.save()
}

// showNothing gives an invisible widget the appearance that PDF/A-1 asks of every field (ISO 19005-1, 6.9). After a
// signature it is one that exists already, so that a document time-stamp brings nothing new that is drawn.
func (dr *draft) showNothing(w holder) error {
	if !strings.HasPrefix(dr.pdfA, "1") || w.dict["AP"] != nil {
		return nil
	}
	n, err := dr.someForm()
	if err != nil {
		return err
	}
	w.dict["AP"] = pdf.Dict{"N": n}
	return w.save()
}

// someForm is the oldest appearance of a field, known to every signature there is, or a new empty form. In a box without
// area neither shows.
func (dr *draft) someForm() (pdf.Ref, error) {
	var oldest pdf.Ref
	for _, f := range dr.form.order {
		for _, r := range f.widgets {
			d, err := dictOf(dr.u, r)
			if err != nil {
				return oldest, err
			}
			ap, err := dictOf(dr.u, d["AP"])
			if err != nil {
				return oldest, err
			}
			if n, ok := ap["N"].(pdf.Ref); ok && (oldest.Number == 0 || n.Number < oldest.Number) {
				oldest = n
			}
		}
	}
	if oldest.Number != 0 {
		return oldest, nil
	}
	return dr.emptyForm(&pdf.Page{}, 0, 0)
}

// emptyForm is an appearance that shows nothing yet, in all else like the one that takes its place.
func (dr *draft) emptyForm(page *pdf.Page, width, height float64) (pdf.Ref, error) {
	return appearance.Form(dr.u, page, width, height, &appearance.Spec{}, dr.pdfA)
}

// widgetPlace is the page and rectangle of a widget; page is nil where nothing is shown.
func (dr *draft) widgetPlace(w pdf.Ref, d pdf.Dict) (*pdf.Page, pdf.Rect, error) {
	box, ok, err := rectOf(dr.u, d["Rect"])
	if err != nil || !ok || box.X0 >= box.X1 || box.Y0 >= box.Y1 {
		return nil, box, err
	}
	n, err := pageOf(dr.view, dr.u, w, d)
	if err != nil || n == 0 {
		return nil, box, err
	}
	page, err := dr.view.Page(n)
	return page, box, err
}

// shownPlace is a widget's place as it is shown.
func (dr *draft) shownPlace(w pdf.Ref) (*Place, error) {
	d, err := dictOf(dr.u, w)
	if err != nil {
		return nil, err
	}
	page, box, err := dr.widgetPlace(w, d)
	if err != nil || page == nil {
		return nil, err
	}
	n, err := pageOf(dr.view, dr.u, w, d)
	return &Place{Page: n, Rect: onPage(page, box)}, err
}

// stamps shows the same picture on more pages: a signature field has one widget (ISO 32000-2, 12.7.5.5), so these
// are stamp annotations of the signed revision.
func (dr *draft) stamps() error {
	if len(dr.o.AlsoOn) == 0 {
		return nil
	}
	switch {
	case dr.o.Appearance == nil:
		return codes.New(ErrOptions, "stamping more pages", "", "there is no appearance to repeat")
	case dr.rules.mdp == 1 || dr.rules.mdp == 2:
		return codes.New(ErrDocMDP, "stamping more pages", "", "an earlier signature forbids annotations")
	case !dr.permissions.Annotate:
		return codes.New(ErrPermission, "stamping more pages", "", "the file forbids annotations")
	}
	for i := range dr.o.AlsoOn {
		at := &dr.o.AlsoOn[i]
		page, err := at.page(dr.view)
		if err != nil {
			return err
		}
		n, err := appearance.Form(dr.u, page, at.width(), at.height(), dr.o.Appearance, dr.pdfA)
		if err != nil {
			return err
		}
		d := widget(page, at)
		d["Subtype"] = pdf.Name("Stamp")
		d["AP"] = pdf.Dict{"N": n}
		delete(d, "MK")
		if err := annotate(dr.u, page, dr.u.Add(d)); err != nil {
			return err
		}
	}
	return nil
}

// finish serialises the revision with room bytes for the CMS or token, and fills in the byte range.
func (dr *draft) finish(room int, random io.Reader) (revision, error) {
	dr.contents.Width = 2 * room
	dr.u.Rand = random
	tail, err := dr.u.Tail(nil)
	if err != nil {
		return revision{}, err
	}
	r := revision{base: dr.view.Document().Size(), tail: tail, contents: dr.contents.Offset, room: room}
	spelt := r.spellByteRange()
	if len(spelt) > byteRangeWidth {
		return revision{}, codes.New(ErrUnsupported, "signing", "", "the file is larger than 1 TB")
	}
	copy(r.tail[dr.byteRange.Offset-r.base:], spelt)
	return r, nil
}

// completeChain adds to the chain what the caller's certificates hold of it, the anchor left out. Names and key
// identifiers decide: a wrong guess costs room, not validity.
func completeChain(o *Options) []*certpath.Certificate {
	const longest = 10
	chain := append([]*certpath.Certificate(nil), o.Chain...)
	var anchors []certpath.Anchor
	if o.Anchors != nil {
		anchors = o.Anchors.Anchors(o.time())
	}
	for last := chain[len(chain)-1]; len(chain) < longest && !last.SelfIssued(); last = chain[len(chain)-1] {
		next := issuerIn(last, o.Pool)
		if next == nil || next.SelfIssued() || isAnchor(next, anchors) {
			break
		}
		chain = append(chain, next)
	}
	return chain
}

func issuerIn(c *certpath.Certificate, pool []*certpath.Certificate) *certpath.Certificate {
	for _, i := range pool {
		if i != nil && i.Subject.Equal(c.Issuer) &&
			(len(c.AuthorityKeyID) == 0 || len(i.SubjectKeyID) == 0 || string(c.AuthorityKeyID) == string(i.SubjectKeyID)) {
			return i
		}
	}
	return nil
}

func isAnchor(c *certpath.Certificate, anchors []certpath.Anchor) bool {
	for _, a := range anchors {
		if a.Certificate.Equal(c) {
			return true
		}
	}
	return false
}

func (s *FieldSpec) fullName() string {
	if s.Name == "" {
		return ""
	}
	return join(s.Parent, s.Name)
}

func join(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + "." + name
}
