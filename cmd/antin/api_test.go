package main

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/antinvn/antin/internal/foundation/api/apitest"
	"github.com/antinvn/antin/internal/foundation/auth"
)

// notCalled are the methods that no program calls, each with its reason.
var notCalled = map[string]string{
	"foundation/auth.SignIn":          "callers use the session of the pages, and their password is typed there",
	"foundation/auth.FirstPassword":   "a step of signing in",
	"foundation/auth.SecondFactor":    "a step of signing in",
	"foundation/auth.SignInByPasskey": "a step of signing in, between browser and device",
	"foundation/auth.ChangePassword":  "a password is typed by its owner, on a page",
	"foundation/auth.GivePassword":    "a password that is printed is shown once, by the page that prints it",
	"foundation/auth.BeginTOTP":       "an app is set up by its owner, on a page",
	"foundation/auth.ConfirmTOTP":     "an app is set up by its owner, on a page",
	"foundation/auth.RemoveTOTP":      "it asks for the owner's password",
	"foundation/auth.BeginPasskey":    "a ceremony between browser and device",
	"foundation/auth.AddPasskey":      "a ceremony between browser and device",
	"foundation/auth.RemovePasskey":   "a passkey is put away where it was set up, on the owner's page",

	"signing/session.OpenSignature":     "a part of records/document.Sign",
	"signing/session.CompleteSignature": "a part of records/document.Sign",
	"signing/session.OpenSeal":          "a part of records/document.Seal",
	"signing/session.CompleteSeal":      "a part of records/document.Seal",

	"signing/credential.Holders": "a program takes agencies and people from directory/org",

	"records/check.Report": "the answer of records/check.Check is the report",
	"records/check.Show":   "a program draws the file that it has itself",

	"records/document.PageText":  "a program takes the file itself, by records/document.Open",
	"records/document.PageImage": "a program takes the file itself, by records/document.Open",
}

func TestEveryMethodCanBeCalled(t *testing.T) {
	h := wholeHouse(t)
	rules, called := h.auth.Rules(), map[string]bool{}
	for path, operations := range apitest.Document(t, h.web).Paths {
		for verb, o := range operations {
			if len(o.Methods) == 0 {
				t.Errorf("%s %s does not say which method it calls", verb, path)
			}
			for _, m := range o.Methods {
				if called[m] = true; rules[m] == (auth.Rule{}) {
					t.Errorf("%s %s calls %s, which stands in no policy", verb, path, m)
				}
			}
		}
	}
	for _, m := range slices.Sorted(maps.Keys(rules)) {
		switch why, excused := notCalled[m]; {
		case called[m] && excused:
			t.Errorf("%s is called, although %s", m, why)
		case !called[m] && !excused:
			t.Errorf("%s has no operation; if that is right, its reason belongs into notCalled", m)
		}
	}
	for m, why := range notCalled {
		if rules[m] == (auth.Rule{}) || why == "" {
			t.Errorf("%s stands in no policy, or has no reason", m)
		}
	}
}

func TestTheDocumentOfAllCallsIsValid(t *testing.T) {
	doc := apitest.Document(t, wholeHouse(t).web)
	names := map[string]string{}
	for path, operations := range doc.Paths {
		for verb, o := range operations {
			if before := names[o.OperationID]; before != "" {
				t.Errorf("%s %s and %s are both called %s", verb, path, before, o.OperationID)
			}
			names[o.OperationID] = verb + " " + path
		}
	}
	apitest.Validate(t, doc.Raw())
}

// TestEveryCallAsEverybody sends each operation a request that it takes, as a visitor and in every role: it asks whom its method's policy asks,
// and refuses nobody else. What it is about is not there, so that nothing is changed.
func TestEveryCallAsEverybody(t *testing.T) {
	h := wholeHouse(t)
	sessions, rules := oneInEveryRole(t, h), h.auth.Rules()
	c := apitest.NewCaller(t, h.web)
	asked := 0
	for path, operations := range c.Document().Paths {
		for verb, o := range operations {
			if o.OperationID == "signOut" || len(o.Methods) == 0 {
				continue // it ends the session that the others are sent with
			}
			rule, method := rules[o.Methods[0]], strings.ToUpper(verb)
			target, kind, body := c.Document().Sample(t, method, path)
			a := c.Send(method, target, kind, bytes.NewReader(body))
			if open := a.Status != http.StatusUnauthorized; open != rule.Anyone {
				t.Errorf("%s, a visitor: %d %s", o.OperationID, a.Status, a.Body)
			}
			for role, agency := range sessions.agencies {
				if err := h.auth.Sessions().Choose(t.Context(), sessions.secret, agency.Text("agy")); err != nil {
					t.Fatal(err)
				}
				asked++
				a := c.As(sessions.secret).Send(method, target, kind, bytes.NewReader(body))
				denied := a.Status == http.StatusForbidden && a.Code() == "auth.denied"
				if want := rule.Needs != "" && !role.Carries(rule.Needs); denied != want || a.Status >= http.StatusInternalServerError || a.Status == http.StatusUnauthorized {
					t.Errorf("%s, %s: %d %s", o.OperationID, role, a.Status, a.Body)
				}
				if a.Code() == "api.body" || a.Code() == "api.value" || a.Code() == "api.media" || a.Code() == "api.unknown" {
					t.Errorf("%s: the sample is refused: %s", o.OperationID, a.Body)
				}
			}
		}
	}
	if asked < 300 {
		t.Errorf("only %d calls were sent", asked)
	}
}
