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
	f := &signFlags{flagSet: newFlags(e, "sign", e.say("sign.synopsis"))}
	f.output.register(f.flagSet)
	f.network.register(f.flagSet, true)
	f.StringVar(&f.key, "key", "", e.say("sign.flag.key"))
	f.StringVar(&f.pinFile, "pin-file", "", e.say("sign.flag.pin_file"))
	f.StringVar(&f.cert, "cert", "", e.say("sign.flag.cert"))
	f.StringVar(&f.level, "level", "B-B", e.say("sign.flag.level"))
	f.StringVar(&f.as, "as", asPAdES, e.say("sign.flag.as"))
	f.StringVar(&f.detached, "detached", "", e.say("sign.flag.detached"))
	f.IntVar(&f.countersign, "countersign", 0, e.say("sign.flag.countersign"))
	f.StringVar(&f.field, "field", "", e.say("sign.flag.field"))
	f.IntVar(&f.certify, "certify", 0, e.say("sign.flag.certify"))
	f.StringVar(&f.look, "appearance", "", e.say("sign.flag.appearance"))
	f.StringVar(&f.image, "image", "", e.say("sign.flag.image"))
	f.IntVar(&f.page, "page", 0, e.say("sign.flag.page"))
	f.StringVar(&f.rect, "rect", "", e.say("sign.flag.rect"))
	f.StringVar(&f.anchor, "anchor", "", e.say("sign.flag.anchor"))
	f.Var(&f.lines, "text", e.say("sign.flag.text"))
	f.StringVar(&f.qr, "qr", "", e.say("sign.flag.qr"))
	f.Var(&f.alsoOn, "also-on", e.say("sign.flag.also_on"))
	f.StringVar(&f.reason, "reason", "", e.say("sign.flag.reason"))
	f.StringVar(&f.location, "location", "", e.say("sign.flag.location"))
	f.Var(&f.reserve, "reserve", e.say("sign.flag.reserve"))
	f.Var(&f.fill, "fill", e.say("sign.flag.fill"))
	f.StringVar(&f.passwordFile, "password-file", "", e.say("flag.password_file"))
	f.BoolVar(&f.pss, "pss", false, e.say("sign.flag.pss"))
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
		return nil, wrong("--key", "usage.key_needed")
	}
	if s.level, err = pades.ParseLevel(f.level); err != nil {
		return nil, wrongLevel(f.level)
	}
	if f.certify < 0 || f.certify > 3 {
		return nil, wrong("--certify", "usage.certify")
	}
	if s.password, err = e.passwordFrom(ctx, f.passwordFile); err != nil {
		return nil, err
	}
	if s.network, err = f.network.open(e); err != nil {
		return nil, err
	}
	if s.level > pades.BB && s.network.tsa == nil {
		return nil, wrong("--level "+f.level, "usage.level_tsa")
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
		return wrong(key.Name, "usage.cert_needed")
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
		return wrong("", "usage.rect_or_anchor")
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
			return wrong("--appearance "+look, "usage.image_needed")
		}
	case appearance.Attachment, appearance.Copy:
		if len(f.lines) == 0 {
			return wrong("--appearance "+look, "usage.text_needed")
		}
	case appearance.Text:
	case "none":
		return f.nothingToShow()
	default:
		return wrong("--appearance "+look, "usage.appearance")
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
			return wrong(name, "usage.invisible")
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
