package web

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
)

// A form that is sent after its session ended is not lost: the page that asks to sign in carries it in a hidden field, every form on
// the way there takes it along, and the page after it sends it back to where it was going, marked so that it is shown again, filled in,
// and not acted on. Nothing of it is stored on the server.

const keptLimit = 700_000 // characters: with the rest of a form below the limit of a body

// kept names: what begins so is ours, or a secret's (see [Field.Wire]).
const (
	fieldID     = "_id"
	fieldAgency = "_agency"
	fieldKept   = "_kept"
	fieldRefill = "_refill"
	secretMark  = "~"
)

type keptForm struct {
	Action string     `json:"action"`
	Values url.Values `json:"values"`
}

// keep returns what was sent, without files and secrets, as one hidden value; "" where there is nothing worth it.
func (r *Request) keep() string {
	values, _, err := r.read()
	if err != nil {
		return ""
	}
	k := keptForm{Action: localPath(r.URL.RequestURI()), Values: url.Values{}}
	for name, v := range values {
		if !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, secretMark) {
			k.Values[name] = v
		}
	}
	if len(k.Values) == 0 {
		return ""
	}
	b, err := json.Marshal(k)
	if s := base64.RawURLEncoding.EncodeToString(b); err == nil && len(s) <= keptLimit {
		return s
	}
	return ""
}

func readKept(s string) (k keptForm, ok bool) {
	if s == "" || len(s) > keptLimit {
		return k, false
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || json.Unmarshal(b, &k) != nil || localPath(k.Action) != k.Action {
		return k, false
	}
	return k, true
}

// SignedIn is the answer to a sign-in that succeeded: it sets the session's cookie and leads on to a path, or back to the form that was
// being sent when the last session ended.
func SignedIn(r *Request, secret, where string) Answer {
	k, ok := readKept(r.kept)
	if !ok {
		a := SeeOther(where)
		a.cookie = secret
		return a
	}
	r.setCookie("session", secret, 0)
	r.module = "web"
	return &Page{Title: T("web.welcome_back"), Body: "welcome-back.html", Data: k, Scripts: []string{"resume.js"}}
}
