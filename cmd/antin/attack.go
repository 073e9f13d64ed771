package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/verify/attack"
)

// variantReport is one forged file, and what a validator must say of it.
type variantReport struct {
	Variant     string  `json:"variant"`
	Attack      string  `json:"attack"`
	Description string  `json:"description"`
	Expect      string  `json:"expect"` // "TOTAL_FAILED", or "warning": refused, or the attack at least named
	File        *string `json:"file"`   // null where the input has nothing for this variant, and with --list
	Made        bool    `json:"made"`
}

// maxForged bounds the input of attack, which is kept in memory.
const maxForged = 256 << 20

// runAttack makes forged files out of a signed one: a test kit for validators.
func runAttack(ctx context.Context, e *env, args []string) int {
	f := newFlags(e, "attack", e.words("TỆP_ĐÃ_KÝ -o THƯ_MỤC | --list | --prepare TỆP_CHƯA_KÝ -o TỆP", "SIGNED_FILE -o DIR | --list | --prepare UNSIGNED_FILE -o FILE"))
	out := f.String("o", "", e.words("`THƯ_MỤC` ghi các tệp giả mạo", "`DIR` for the forged files"))
	prepare := f.Bool("prepare", false, e.words("giấu nội dung vào tệp trước khi ký, cho kiểu hidden-content-prepared", "hide content in a file before it is signed, for the variant hidden-content-prepared"))
	list := f.Bool("list", false, e.words("chỉ liệt kê các kiểu giả mạo", "only list the variants"))
	inputs, exit, done := f.parse(args)
	if done {
		return exit
	}
	variants := attack.Variants()
	if *list {
		if len(inputs) > 0 {
			return e.fail(f.format, wrong(inputs[0], "--list takes no file", "--list không nhận tệp"))
		}
		for i := range variants {
			e.printVariant(f.format, describeVariant(&variants[i]))
		}
		return exitDone
	}
	if len(inputs) != 1 || *out == "" {
		return e.fail(f.format, wrong("", "one signed file and -o DIR are expected", "cần một tệp đã ký và -o THƯ_MỤC"))
	}
	signed, err := readForForging(inputs[0])
	if err != nil {
		return e.fail(f.format, err)
	}
	if *prepare {
		return e.prepareForAttack(ctx, f.format, inputs[0], signed, *out)
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return e.fail(f.format, codes.Wrap(errOutput, "making the folder", *out, err))
	}
	stem := strings.TrimSuffix(filepath.Base(inputs[0]), filepath.Ext(inputs[0]))
	for i := range variants {
		v := &variants[i]
		r := describeVariant(v)
		forged, err := v.Make(ctx, signed)
		switch {
		case errors.Is(err, attack.ErrNotApplicable):
		case err != nil:
			return e.fail(f.format, err)
		default:
			path := filepath.Join(*out, stem+"."+v.Name+".pdf")
			if err := os.WriteFile(path, forged, 0o644); err != nil {
				return e.fail(f.format, codes.Wrap(errOutput, "writing", path, err))
			}
			r.File, r.Made = &path, true
		}
		e.printVariant(f.format, r)
	}
	return exitDone
}

// prepareForAttack writes the file as whoever means ill would hand it over for signing.
func (e *env) prepareForAttack(ctx context.Context, format, name string, unsigned []byte, out string) int {
	prepared, err := attack.Prepare(ctx, unsigned)
	if errors.Is(err, attack.ErrNotApplicable) {
		err = wrong(name, "its first page has no content to stand in for", "trang đầu không có nội dung để thay")
	}
	if err != nil {
		return e.fail(format, err)
	}
	if err := os.WriteFile(out, prepared, 0o644); err != nil {
		return e.fail(format, codes.Wrap(errOutput, "writing", out, err))
	}
	return exitDone
}

func readForForging(path string) ([]byte, error) {
	i, err := os.Stat(path)
	if err != nil {
		return nil, codes.Wrap(errInput, "opening", path, err)
	}
	if i.Size() > maxForged {
		return nil, wrong(path, "the file is larger than 256 MB", "tệp lớn hơn 256 MB")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, codes.Wrap(errInput, "reading", path, err)
	}
	return b, nil
}

func describeVariant(v *attack.Variant) *variantReport {
	r := &variantReport{Variant: v.Name, Attack: v.Attack, Description: v.Description, Expect: "warning"}
	if v.Fails {
		r.Expect = "TOTAL_FAILED"
	}
	return r
}

func (e *env) printVariant(format string, r *variantReport) {
	if format == "json" {
		e.printJSON(r)
		return
	}
	file := ""
	if r.File != nil {
		file = "  " + *r.File
	}
	fmt.Fprintf(e.stdout, "%-28s %-30s %-12s %s%s\n", r.Variant, r.Attack, r.Expect, r.Description, file)
}
