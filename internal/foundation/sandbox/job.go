package sandbox

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/verify"
)

// What a child can be asked. It is started for either: one that draws has pdfium loaded before it is asked, one that collects reads by the
// engine.
const (
	draws    = "draw"
	collects = "collect"
)

// job is what a child is asked, once.
type job struct {
	Act      string      `json:"act"`
	Sizes    []int64     `json:"sizes"` // of the files that it may read
	Password []byte      `json:"password,omitempty"`
	Page     int         `json:"page,omitempty"`
	Many     int         `json:"many,omitempty"` // pages from that one on
	Scale    Scale       `json:"scale"`
	Pages    int         `json:"pages,omitempty"`  // the most that there may be
	Pixels   int         `json:"pixels,omitempty"` // the most of a picture
	Collect  *collectJob `json:"collect,omitempty"`
	Names    []string    `json:"names,omitempty"` // of fields that an inspection looks for
}

const (
	actPages   = "pages"
	actImage   = "image"
	actText    = "text"
	actRead    = "read"
	actCollect = "collect"
	actInspect = "inspect"
)

// collectJob is [verify.CollectOptions] as far as it can be sent.
type collectJob struct {
	Trust    []byte        `json:"trust,omitempty"`
	Offline  bool          `json:"offline"`
	Previous *verify.Facts `json:"previous,omitempty"`
	Content  bool          `json:"content"` // the second file is what is signed
	At       time.Time     `json:"at"`
	Now      time.Time     `json:"now"`
}

// failure is a child's answer that none could be had.
type failure struct {
	Kind   codes.Code `json:"kind"`
	Op     string     `json:"op,omitempty"`
	Object string     `json:"object,omitempty"`
	Detail string     `json:"detail,omitempty"`
}

// failureOf takes a failure of the engine apart, so that it can be put together again on the other side.
func failureOf(err error) failure {
	f := failure{Kind: codes.Code(codes.Of(err)), Detail: err.Error()}
	if e, ok := errors.AsType[*codes.Error](err); ok && e.Kind == f.Kind {
		f = failure{Kind: e.Kind, Op: e.Op, Object: e.Object, Detail: e.Detail}
		if e.Err != nil {
			f.Detail = strings.TrimPrefix(e.Detail+": "+e.Err.Error(), ": ")
		}
	}
	f.Detail, _, _ = strings.Cut(f.Detail, "\n") // without the stack of a module
	return f
}

func (f *failure) err() *codes.Error { return codes.New(f.Kind, f.Op, f.Object, f.Detail) }

// request and response carry what the engine asks of the network: the parent does it, by its own rules.
type request struct {
	Method, URL, ContentType, Accept string
	Body                             []byte
}

type response struct {
	ContentType string
	Header      http.Header `json:",omitempty"`
	Body        []byte
	Error       *failure `json:",omitempty"`
}
