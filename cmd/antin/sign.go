package main

import (
	"context"
	"io"
	"os"
	"slices"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/keys"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pdf/text"
)

type signFlags struct {
	*flagSet
	output  outputFlags
	network networkFlags

	key, pinFile, cert, level, field, look, image, rect, anchor, reason, location, passwordFile, qr string
	as, detached                                                                                    string
	page, certify, countersign                                                                      int
	reserve, fill, lines, alsoOn                                                                    list
	pss                                                                                             bool
}

func newSignFlags(e *env) *signFlags {
	f := &signFlags{flagSet: newFlags(e, "sign", e.words("TỆP… -o TỆP|THƯ_MỤC --key p12:TỆP|pem:TỆP|'pkcs11:token=…;object=…'", "FILE… -o FILE|DIR --key p12:FILE|pem:FILE|'pkcs11:token=…;object=…'"))}
	f.output.register(f.flagSet)
	f.network.register(f.flagSet, true)
	f.StringVar(&f.key, "key", "", e.words("khóa ký: `p12:TỆP`, pem:TỆP hoặc pkcs11:token=…;object=…[?module-path=…]", "the signing key: `p12:FILE`, pem:FILE or pkcs11:token=…;object=…[?module-path=…]"))
	f.StringVar(&f.pinFile, "pin-file", "", e.words("`TỆP` có mật khẩu hoặc PIN ở dòng đầu", "`FILE` whose first line is the password or PIN"))
	f.StringVar(&f.cert, "cert", "", e.words("`TỆP` chứng thư và chuỗi, nếu khóa không mang theo", "`FILE` of the certificate and its chain, where the key brings none"))
	f.StringVar(&f.level, "level", "B-B", e.words("`MỨC` B-B, B-T, B-LT hoặc B-LTA", "`LEVEL` B-B, B-T, B-LT or B-LTA"))
	f.StringVar(&f.as, "as", asPAdES, e.words("`DẠNG` chữ ký: pades (PDF), cades (nội dung nằm trong .p7m) hoặc cades-detached (.p7s tách rời)", "`FORM` of the signature: pades (PDF), cades (content inside, .p7m) or cades-detached (.p7s)"))
	f.StringVar(&f.detached, "detached", "", e.words("`TỆP` nội dung, khi tệp vào là chữ ký tách rời .p7s cần thêm người ký", "`FILE` of the content, where the input is a detached .p7s that gets another signer"))
	f.IntVar(&f.countersign, "countersign", 0, e.words("CAdES: ký xác nhận chữ ký thứ `N` thay vì ký nội dung", "CAdES: counter-sign signature `N` instead of the content"))
	f.StringVar(&f.field, "field", "", e.words("`TÊN` trường chữ ký", "`NAME` of the signature field"))
	f.IntVar(&f.certify, "certify", 0, e.words("chứng nhận văn bản với `P` 1, 2 hoặc 3", "certify the document with `P` 1, 2 or 3"))
	f.StringVar(&f.look, "appearance", "", e.words("`KIỂU` person, agency, attachment, copy, text hoặc none", "`KIND` person, agency, attachment, copy, text or none"))
	f.StringVar(&f.image, "image", "", e.words("`TỆP` ảnh chữ ký hoặc con dấu (PNG, JPEG)", "`FILE` of the picture of signature or seal (PNG, JPEG)"))
	f.IntVar(&f.page, "page", 0, e.words("`TRANG` đặt chữ ký, số âm đếm từ cuối", "`PAGE` of the signature, negative from the end"))
	f.StringVar(&f.rect, "rect", "", e.words("vị trí `x,y,w,h` theo điểm, từ góc dưới bên trái", "place `x,y,w,h` in points from the lower left"))
	f.StringVar(&f.anchor, "anchor", "", e.words("đặt dưới dòng `CHỮ` này (CHỮ#n: lần gặp thứ n)", "place it below this `TEXT` (TEXT#n: the n-th)"))
	f.Var(&f.lines, "text", e.words("một `DÒNG` chữ hiển thị (lặp lại được)", "a `LINE` of text to show (repeatable)"))
	f.StringVar(&f.qr, "qr", "", e.words("`NỘI_DUNG` mã QR hiển thị", "`CONTENT` of a QR code to show"))
	f.Var(&f.alsoOn, "also-on", e.words("`TRANG:x,y,w,h` hiện cùng hình ở trang khác (lặp lại được)", "`PAGE:x,y,w,h` shows the picture on another page too (repeatable)"))
	f.StringVar(&f.reason, "reason", "", e.words("`LÝ_DO` ký", "`REASON` of signing"))
	f.StringVar(&f.location, "location", "", e.words("`NƠI` ký", "`PLACE` of signing"))
	f.Var(&f.reserve, "reserve", e.words("`TÊN[=TRANG:x,y,w,h]` ô để điền sau: number, day, month, year, seal (lặp lại được)", "`NAME[=PAGE:x,y,w,h]` of a field to be filled later: number, day, month, year, seal (repeatable)"))
	f.Var(&f.fill, "fill", e.words("`TÊN=GIÁ_TRỊ` điền ô đã đặt sẵn (lặp lại được)", "`NAME=VALUE` fills a reserved field (repeatable)"))
	f.StringVar(&f.passwordFile, "password-file", "", e.words("`TỆP` có mật khẩu mở PDF ở dòng đầu", "`FILE` whose first line is the PDF's password"))
	f.BoolVar(&f.pss, "pss", false, e.words("khóa RSA: ký theo RSASSA-PSS", "RSA keys: sign by RSASSA-PSS"))
	return f
}

func runSign(ctx context.Context, e *env, args []string) int {
	f := newSignFlags(e)
	inputs, exit, done := f.parse(args)
	if done {
		return exit
	}
	s, err := newSigner(ctx, e, f, inputs)
	if err != nil {
		return e.fail(f.format, err)
	}
	defer s.key.Close()
	work := s.sign
	if f.as != asPAdES {
		work = s.signCMS
	}
	return e.batch(ctx, f.format, inputs, s.outputs, work)
}

// signer holds what all files of one call share.
type signer struct {
	e        *env
	flags    *signFlags
	inputs   []string
	outputs  []string
	password []byte
	key      *keys.Key
	level    pades.Level
	options  pades.Options // of every file; place and appearance are the file's own
	network  *network
}

func newSigner(ctx context.Context, e *env, f *signFlags, inputs []string) (*signer, error) {
	s := &signer{e: e, flags: f, inputs: inputs}
	err := f.checkAs()
	if err != nil {
		return nil, err
	}
	if s.outputs, err = f.output.targets(inputs); err != nil {
		return nil, err
	}
	if f.key == "" {
		return nil, wrong("--key", "a key is needed: p12:FILE, pem:FILE or pkcs11:…", "cần khóa ký: p12:TỆP, pem:TỆP hoặc pkcs11:…")
	}
	if s.level, err = pades.ParseLevel(f.level); err != nil {
		return nil, wrongLevel(f.level)
	}
	if f.certify < 0 || f.certify > 3 {
		return nil, wrong("--certify", "1, 2 or 3 is expected", "cần 1, 2 hoặc 3")
	}
	if s.password, err = e.passwordFrom(ctx, f.passwordFile); err != nil {
		return nil, err
	}
	if s.network, err = f.network.open(e); err != nil {
		return nil, err
	}
	if s.level > pades.BB && s.network.tsa == nil {
		return nil, wrong("--level "+f.level, "--tsa is needed above B-B", "mức trên B-B cần --tsa")
	}
	if err := s.prepareOptions(); err != nil {
		return nil, err
	}
	return s, s.openKey(ctx)
}

func (s *signer) openKey(ctx context.Context) error {
	o := &keys.Options{
		Secret: func(ctx context.Context, prompt string) ([]byte, error) {
			return s.e.secret(ctx, s.flags.pinFile, s.e.prompt(prompt))
		},
		Trace: s.network.fetch.Trace,
		Clock: s.e.clock,
	}
	if s.flags.cert != "" {
		data, err := os.ReadFile(s.flags.cert)
		if err != nil {
			return codes.Wrap(errInput, "reading the certificate", s.flags.cert, err)
		}
		if o.Chain, err = certpath.ParseCertificates(data); err != nil {
			return err
		}
	}
	key, err := s.e.openNamedKey(ctx, s.flags.key, o)
	if err != nil {
		s.e.terminal.Lock() // opening ends at once when interrupted; the question gives the terminal its echo back first
		defer s.e.terminal.Unlock()
		return err
	}
	if len(key.Chain) == 0 {
		key.Close()
		return wrong(key.Name, "no certificate comes with the key; give --cert", "khóa không kèm chứng thư; thêm --cert")
	}
	s.key = key
	s.options.Chain, s.options.KeyName = key.Chain, key.Name
	return nil
}

func (s *signer) prepareOptions() (err error) {
	f := s.flags
	o := &s.options
	o.Level, o.Certify, o.PSS = s.level, pades.DocMDP(f.certify), f.pss
	o.Reason, o.Location = f.reason, f.location
	o.Field.Name = f.field
	if s.network.tsa != nil {
		o.TSA = s.network.tsa
	}
	o.Status, o.Issuers = s.network.status, s.network.status
	o.Anchors, o.Pool = s.network.store, s.network.store.Pool()
	if o.Reserve, err = parseReservations(f.reserve); err != nil {
		return err
	}
	if o.Fill, err = parseFill(f.fill); err != nil {
		return err
	}
	for _, a := range f.alsoOn {
		r, err := parseReservation("x=" + a)
		if err != nil {
			return err
		}
		o.AlsoOn = append(o.AlsoOn, *r.Place)
	}
	if f.rect != "" && f.anchor != "" {
		return wrong("", "--rect and --anchor exclude each other", "chỉ dùng một trong hai: --rect hoặc --anchor")
	}
	if f.rect != "" {
		box, err := parseRect(f.rect)
		if err != nil {
			return err
		}
		page := f.page
		if page == 0 {
			page = 1
		}
		o.Field.Place = &pades.Place{Page: page, Rect: box}
	}
	return s.prepareAppearance()
}

func (s *signer) prepareAppearance() error {
	f := s.flags
	look := f.look
	if look == "" {
		look = "none"
		if f.rect != "" || f.anchor != "" {
			look = "text"
		}
	}
	spec := &appearance.Spec{Kind: appearance.Kind(look), Lines: f.lines, QR: f.qr}
	switch spec.Kind {
	case appearance.Person, appearance.Agency:
		if f.image == "" {
			return wrong("--appearance "+look, "--image is needed", "cần --image")
		}
	case appearance.Attachment, appearance.Copy:
		if len(f.lines) == 0 {
			return wrong("--appearance "+look, "--text is needed", "cần --text")
		}
	case appearance.Text:
	case "none":
		return f.nothingToShow()
	default:
		return wrong("--appearance "+look, "person, agency, attachment, copy, text or none is expected", "cần person, agency, attachment, copy, text hoặc none")
	}
	if f.image != "" {
		data, err := os.ReadFile(f.image)
		if err != nil {
			return codes.Wrap(errInput, "reading the picture", f.image, err)
		}
		spec.Image = data
	}
	s.options.Appearance = spec
	return nil
}

// nothingToShow refuses what an invisible signature would silently leave out.
func (f *signFlags) nothingToShow() error {
	for name, given := range map[string]bool{
		"--image": f.image != "", "--text": len(f.lines) > 0, "--qr": f.qr != "", "--also-on": len(f.alsoOn) > 0, "--page": f.page != 0 && f.rect == "",
	} {
		if given {
			return wrong(name, "the signature is invisible: --appearance, --rect or --anchor is needed", "chữ ký không hiện ra; thêm --appearance, --rect hoặc --anchor")
		}
	}
	return nil
}

// sign signs one input.
func (s *signer) sign(ctx context.Context, i int, w *os.File) (result, error) {
	report, err := s.signTo(ctx, w, s.inputs[i])
	if err != nil {
		return result{}, err
	}
	return result{Level: report.Level.String(), Field: report.Field, Size: report.Size, Notes: report.Notes}, nil
}

func (s *signer) signTo(ctx context.Context, w io.Writer, input string) (*pades.Report, error) {
	d, file, err := openPDF(ctx, input, s.password)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	o := s.options
	o.Time = s.e.clock()
	if err := s.place(ctx, d, &o); err != nil {
		return nil, err
	}
	return pades.Sign(ctx, w, d, s.key.Signer, &o)
}

// place finds where this document's signature goes, and finishes the text that depends on file and time.
func (s *signer) place(ctx context.Context, d *pdf.Document, o *pades.Options) error {
	if o.Appearance == nil {
		return nil
	}
	spec := *o.Appearance
	o.Appearance = &spec
	if spec.Kind == appearance.Text && len(spec.Lines) == 0 {
		spec.Lines = []string{s.key.Chain[0].Subject.CommonName(), localTime(o.Time)}
	}
	if spec.Kind == appearance.Attachment || spec.Kind == appearance.Copy {
		spec.Lines = slices.Clone(spec.Lines)
		if spec.Kind == appearance.Copy && len(spec.Lines) == 1 { // the form of copy alone: the agency is whose key signs
			spec.Lines = append(spec.Lines, s.key.Chain[0].Subject.CommonName())
		}
		spec.Lines = append(spec.Lines, localTime(o.Time))
	}
	if s.flags.anchor != "" {
		m, err := text.Find(ctx, d.Latest(), s.flags.anchor)
		if err != nil {
			return err
		}
		box, err := text.SpaceBelow(ctx, d.Latest(), m, text.SignatureWidth, text.SignatureHeight)
		if err != nil {
			return err
		}
		o.Field.Place = &pades.Place{Page: m.Page, Rect: box}
		return nil
	}
	if o.Field.Place == nil && o.Field.Name == "" {
		page := s.flags.page
		if page == 0 {
			page = defaultPage(spec.Kind)
		}
		p, err := d.Latest().Page(page)
		if err != nil {
			return err
		}
		box, err := appearance.DefaultBox(p, &spec)
		if err != nil {
			return err
		}
		o.Field.Place = &pades.Place{Page: page, Rect: box}
	}
	return nil
}

// defaultPage is the first page for texts (decree 30/2020, appendix I), the last for pictures.
func defaultPage(k appearance.Kind) int {
	if k == appearance.Attachment || k == appearance.Copy {
		return 1
	}
	return -1
}

// localTime is a time as documents show it: ISO 8601 in Vietnam's zone.
func localTime(t time.Time) string {
	return t.In(time.FixedZone("", 7*60*60)).Format("2006-01-02T15:04:05-07:00")
}
