package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// Event is something that happened: a struct with named fields of the types ID, string, bool, int, int64, time.Time, slices of
// ID and string, and [Personal]. Its first field of type ID is its object.
type Event interface {
	// EventKind is "module.what/version". The version grows when a field changes its meaning.
	EventKind() string
}

// Personal is a text about a person. The log holds a salted hash of it, the row the text itself, which can be erased.
type Personal string

// Recorded is an event as the store keeps it.
type Recorded struct {
	ID       ID
	At       time.Time
	Kind     string
	Actor    ID
	Agency   ID
	Method   string
	Object   ID
	Request  string
	Leaf     []byte            // what the log holds: one JSON object, see [Recorded.Data]
	Personal map[string]string // the personal fields that were not erased
	Seq      int64             // its place in the log; -1 before it has one

	disclosed map[string]disclosure
}

// Data are the event's fields as the log holds them.
func (r *Recorded) Data() (map[string]any, error) {
	var leaf struct {
		Data map[string]any `json:"data"`
	}
	d := json.NewDecoder(bytes.NewReader(r.Leaf))
	d.UseNumber()
	if err := d.Decode(&leaf); err != nil {
		return nil, fmt.Errorf("event %d: %w", r.ID, err)
	}
	return leaf.Data, nil
}

// maxLeaf is what an entry of the log has room for (c2sp.org/tlog-tiles: a length of 16 bits).
const maxLeaf = 1<<16 - 1

type disclosure struct {
	Salt  []byte `json:"salt"`
	Value string `json:"value"`
}

// record writes the leaf: keys in this order, no blanks, ids as decimal text, times in RFC 3339 with microseconds.
func record(id ID, at time.Time, w *Warrant, e Event, random io.Reader) (leaf, personal []byte, object ID, err error) {
	v := reflect.Indirect(reflect.ValueOf(e))
	if object, err = objectOf(e); err != nil {
		return nil, nil, 0, err
	}
	var data bytes.Buffer
	disclosed := map[string]disclosure{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := snake(f.Name)
		value, err := field(v.Field(i).Interface(), func(text string) ([]byte, error) {
			salt := make([]byte, 16)
			if _, err := io.ReadFull(random, salt); err != nil {
				return nil, err
			}
			disclosed[name] = disclosure{salt, text}
			h := sha256.Sum256(append(bytes.Clone(salt), text...))
			return h[:], nil
		})
		if err != nil {
			return nil, nil, 0, fmt.Errorf("event %s: field %s: %w", e.EventKind(), f.Name, err)
		}
		if data.Len() > 0 {
			data.WriteByte(',')
		}
		fmt.Fprintf(&data, "%q:%s", name, value)
	}
	leaf = fmt.Appendf(nil, `{"v":1,"id":"%d","at":%q,"kind":%s,"actor":"%d","agency":"%d","method":%s,"object":"%d","data":{%s}}`,
		id, stamp(at), quoted(e.EventKind()), w.actor, w.agency, quoted(w.method), object, data.Bytes())
	if len(leaf) > maxLeaf {
		return nil, nil, 0, fault.New(fault.Internal, ErrEvent, e.EventKind())
	}
	if len(disclosed) > 0 {
		personal, err = json.Marshal(disclosed)
	}
	return leaf, personal, object, err
}

// objectOf is the event's first field of type ID.
func objectOf(e Event) (ID, error) {
	v := reflect.Indirect(reflect.ValueOf(e))
	if v.Kind() != reflect.Struct {
		return 0, fmt.Errorf("event %s is no struct", e.EventKind())
	}
	for i := range v.NumField() {
		if id, ok := reflect.TypeAssert[ID](v.Field(i)); ok {
			return id, nil
		}
	}
	return 0, nil
}

// disclose reads the personal fields that are still there.
func (r *Recorded) disclose(stored []byte) error {
	if len(stored) == 0 {
		return nil
	}
	if err := json.Unmarshal(stored, &r.disclosed); err != nil {
		return fmt.Errorf("event %d: personal fields: %w", r.ID, err)
	}
	r.Personal = make(map[string]string, len(r.disclosed))
	for name, d := range r.disclosed {
		r.Personal[name] = d.Value
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func quoted(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil { // a string always encodes
		return []byte(`""`)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func field(v any, hide func(string) ([]byte, error)) (string, error) {
	switch v := v.(type) {
	case ID:
		return `"` + strconv.FormatInt(int64(v), 10) + `"`, nil
	case string:
		return string(quoted(v)), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case time.Time:
		if v.IsZero() {
			return "null", nil
		}
		return `"` + stamp(v) + `"`, nil
	case []ID:
		out := make([]string, len(v))
		for i, x := range v {
			out[i] = `"` + strconv.FormatInt(int64(x), 10) + `"`
		}
		return "[" + strings.Join(out, ",") + "]", nil
	case []string:
		out := make([]string, len(v))
		for i, x := range v {
			out[i] = string(quoted(x))
		}
		return "[" + strings.Join(out, ",") + "]", nil
	case Personal:
		h, err := hide(string(v))
		return `{"sha256":"` + base64.StdEncoding.EncodeToString(h) + `"}`, err
	}
	return "", fmt.Errorf("an event holds no %T", v)
}

// snake is "signed_by" for SignedBy.
func snake(s string) string {
	var b strings.Builder
	for i, r := range s {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
