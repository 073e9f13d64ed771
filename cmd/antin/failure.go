package main

import (
	"context"
	"errors"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/verify"
)

const (
	codeCancelled codes.Code = "cmd.cancelled" // the command was interrupted
	codeFailed    codes.Code = "cmd.failed"    // an error that carries no code
)

// problem is a failure as JSON says it.
type problem struct {
	Code   string `json:"code"`
	Cause  string `json:"cause,omitempty"` // the innermost code, where it is another
	Text   string `json:"text"`            // the catalogue's sentences for both
	Detail string `json:"detail"`          // what the engine said
	exit   int
}

// explain says a failure by the catalogue: what happened, what lies at the bottom of it, and what to do about that.
func explain(err error, lang string) *problem {
	if errors.Is(err, context.Canceled) {
		err = codes.Wrap(codeCancelled, "", "", context.Canceled)
	}
	entry, ok := codes.Find(codes.Code(codes.Of(err)))
	if !ok {
		entry, _ = codes.Find(codeFailed)
	}
	p := &problem{Code: string(entry.Code), Text: entry.Text(lang), Detail: err.Error(), exit: entry.Exit}
	if cause, ok := codes.Find(codes.Code(rootCode(err))); ok && cause.Code != entry.Code {
		p.Cause = string(cause.Code)
		p.Text = entry.WhatVI + " Nguyên nhân: " + cause.Text(lang)
		if lang == "en" {
			p.Text = entry.WhatEN + " Because: " + cause.Text(lang)
		}
	}
	return p
}

// rootCode is the innermost stable code of an error; of several joined errors, that of the first that has one.
func rootCode(err error) string {
	code := ""
	for err != nil {
		if c, ok := err.(interface{ Code() string }); ok { // each layer is looked at by itself
			code = c.Code()
		}
		err = below(err)
	}
	return code
}

func below(err error) error {
	switch u := err.(type) { //nolint:errorlint // as above
	case interface{ Unwrap() error }:
		return u.Unwrap()
	case interface{ Unwrap() []error }:
		for _, e := range u.Unwrap() {
			if _, code := e.(codes.Code); !code && codes.Of(e) != "" { //nolint:errorlint // as above
				return e
			}
		}
	}
	return nil
}

// note says a report's note for a reader.
func note(code, lang string) string { return verify.Text("note."+code, lang) }
