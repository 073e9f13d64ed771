package verify

import (
	"bytes"
	"embed"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/trust"
)

// ErrPolicy says that a policy cannot be read, or that there is none of this name.
const ErrPolicy codes.Code = "verify.policy"

// Severity is what a rule that is not kept leads to.
type Severity string

// The severities. An empty one is [Ignore].
const (
	Ignore Severity = "ignore"
	Warn   Severity = "warn"
	Fail   Severity = "fail"
)

// Policy steers [Decide]; it is data, read from a small JSON file. It is a value and safe for concurrent use.
type Policy struct {
	Name  string            `json:"name"`
	Title map[string]string `json:"title"` // by language
	// Algorithms is "dated" (the table of package trust) or "any".
	Algorithms string `json:"algorithms"`
	Revocation struct {
		// Required: every certificate below the anchor needs evidence.
		Required Severity `json:"required"`
		// Stale: the evidence was no longer in force at the time in question and none is younger (EN 319 102-1, 5.2.5).
		Stale Severity `json:"stale"`
		// StaleForTimestamps is the same for the certificates of time-stamping authorities.
		StaleForTimestamps Severity `json:"stale_for_timestamps"`
		// MaxAge is how old evidence may be at the time in question; "" leaves it to its nextUpdate.
		MaxAge Duration `json:"max_age"`
		// MaxAgeWithoutNextUpdate is the same for evidence that names no nextUpdate; "" is none: it counts for its own moment
		// only (EN 319 102-1, 5.2.5.4 step 1).
		MaxAgeWithoutNextUpdate Duration `json:"max_age_without_next_update"`
		// IssuerExpired: the certificate of whom the issuer let sign the evidence has expired (EN 319 102-1, 5.2.6.4 step 8).
		IssuerExpired Severity `json:"issuer_expired"`
		// AfterSignature: evidence must have been issued after the best signature time.
		AfterSignature Severity `json:"after_signature"`
	} `json:"revocation"`
	Timestamps struct {
		// Required: a time-stamp must prove when the signature existed.
		Required Severity `json:"required"`
		// MaxDelay is how long after the claimed time the time-stamp may come; "" is without limit (EN 319 102-1, 5.5.4).
		MaxDelay Duration `json:"max_delay"`
	} `json:"timestamps"`
	// SignaturePolicy is about the signature policy that a signature may name (EN 319 102-1, 5.2.4).
	SignaturePolicy struct {
		// Accepted are the object identifiers of those that this policy stands for.
		Accepted []string `json:"accepted"`
		// Unavailable: another one, and the file does not carry it.
		Unavailable Severity `json:"unavailable"`
		// Unprocessable: the attribute cannot be read, or the policy that the file carries is not the one that is named.
		Unprocessable Severity `json:"unprocessable"`
	} `json:"signature_policy"`
	// SigningCertificateAttribute: the signature binds its certificate (EN 319 122-1, 5.2.2).
	SigningCertificateAttribute Severity `json:"signing_certificate_attribute"`
	// ClaimedTimeSkew is how far the claimed time may be from the proved one before a warning; "" never warns.
	ClaimedTimeSkew Duration `json:"claimed_time_skew"`
	Changes         struct {
		// Uncertified is the strongest class of change allowed after a signature without certification.
		Uncertified Class `json:"uncertified"`
		// Forbidden changes make the signature fail, or only warn.
		Forbidden Severity `json:"forbidden"`
		// VisibleAfterCertification: a new visible signature field after a certification that allows filling in (P=2).
		VisibleAfterCertification Severity `json:"visible_after_certification"`
	} `json:"changes"`

	algorithms Algorithms // nil: any
}

// Algorithms says until when an algorithm may be relied upon; until is zero where no end is known. Bits is the size of the
// key, 0 for digests.
type Algorithms interface {
	Acceptable(alg string, bits int, at time.Time) (until time.Time, ok bool)
}

// Duration is a [time.Duration] written as "24h" or "" in JSON.
type Duration time.Duration

// MarshalText writes "" for zero.
func (d Duration) MarshalText() ([]byte, error) {
	if d == 0 {
		return nil, nil
	}
	return []byte(time.Duration(d).String()), nil
}

// UnmarshalText reads what [time.ParseDuration] does, or nothing.
func (d *Duration) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = 0
		return nil
	}
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// datedAlgorithms is the table of package trust; it never changes.
var datedAlgorithms = sync.OnceValue(func() Algorithms { return trust.DefaultAlgorithms() })

//go:embed policies/*.json
var policies embed.FS

// maxPolicy bounds a policy file, in bytes.
const maxPolicy = 1 << 20

// ReadPolicy reads a policy file. Keys that are not known are refused: a misspelt rule would silently be no rule.
func ReadPolicy(r io.Reader) (*Policy, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxPolicy+1))
	if err != nil {
		return nil, codes.Wrap(ErrPolicy, "reading", "a policy", err)
	}
	if len(b) > maxPolicy {
		return nil, codes.New(ErrPolicy, "reading", "a policy", "it is larger than 1 MiB")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	p := &Policy{}
	if err := d.Decode(p); err != nil {
		return nil, codes.Wrap(ErrPolicy, "reading", "a policy", err)
	}
	return p, p.complete()
}

// NamedPolicy is one of the policies that ship: "default", "strict", "dss".
func NamedPolicy(name string) (*Policy, error) {
	f, err := policies.Open("policies/" + name + ".json")
	if err != nil || strings.ContainsAny(name, "/\\") {
		return nil, codes.New(ErrPolicy, "looking for", name, "there is no policy of this name")
	}
	defer f.Close()
	return ReadPolicy(f)
}

// DefaultPolicy is for public-service documents (circular 41/2017/TT-BTTTT).
func DefaultPolicy() *Policy {
	p, err := NamedPolicy("default")
	if err != nil {
		panic("verify: the embedded policy: " + err.Error()) // a test reads it
	}
	return p
}

// complete checks the words of a policy and finds its table.
func (p *Policy) complete() error {
	for _, s := range []Severity{
		p.Revocation.Required, p.Revocation.Stale, p.Revocation.StaleForTimestamps, p.Revocation.AfterSignature, p.Timestamps.Required,
		p.Revocation.IssuerExpired, p.SignaturePolicy.Unavailable, p.SignaturePolicy.Unprocessable, p.SigningCertificateAttribute, p.Changes.Forbidden, p.Changes.VisibleAfterCertification,
	} {
		if s != "" && s != Ignore && s != Warn && s != Fail {
			return codes.New(ErrPolicy, "reading", p.Name, "a severity is none of ignore, warn, fail: "+string(s))
		}
	}
	if _, known := ranks[p.Changes.Uncertified]; !known {
		return codes.New(ErrPolicy, "reading", p.Name, "no class of changes: "+string(p.Changes.Uncertified))
	}
	switch p.Algorithms {
	case "any":
	case "dated":
		p.algorithms = datedAlgorithms()
	default:
		return codes.New(ErrPolicy, "reading", p.Name, `algorithms is neither "dated" nor "any": `+p.Algorithms)
	}
	return nil
}
