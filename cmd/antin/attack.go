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
	f := newFlags(e, "attack", e.say("attack.synopsis"))
	out := f.String("o", "", e.say("attack.flag.o"))
	prepare := f.Bool("prepare", false, e.say("attack.flag.prepare"))
	list := f.Bool("list", false, e.say("attack.flag.list"))
	inputs, exit, done := f.parse(args)
	if done {
		return exit
	}
	variants := attack.Variants()
	if *list {
		if len(inputs) > 0 {
			return e.fail(f.format, wrong(inputs[0], "usage.list_takes_no_file"))
		}
		for i := range variants {
			e.printVariant(f.format, describeVariant(&variants[i]))
		}
		return exitDone
	}
	if len(inputs) != 1 || *out == "" {
		return e.fail(f.format, wrong("", "usage.attack_input"))
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
		err = wrong(name, "usage.no_content")
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
		return nil, wrong(path, "usage.file_too_large")
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
