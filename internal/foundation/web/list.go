package web

import (
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"slices"
	"strings"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
)

// List declares how a table may be looked at. Every pair of filters and order that it allows has its index; nothing else is asked of
// the database, so that no page ever reads a table whole.
type List struct {
	// Key begins its texts: "KEY.COLUMN" heads a column, "KEY.caption" names the table, "KEY.none" and "KEY.none_next" stand where it is
	// empty.
	Key     string
	Columns []Column
	// Pairs are what is allowed; the first one is how the table opens.
	Pairs []Pair
	// Limit is how many rows a page shows: 50.
	Limit int
}

// Column is a column. Number sets figures to the right.
type Column struct {
	Name   string
	Number bool
}

// Pair is a set of filters, by equality, with an order. Filters are in alphabetical order.
type Pair struct {
	Filters []string
	Sort    string
	Desc    bool
}

// Query is what a reader asks of a list, one of its pairs.
type Query struct {
	Pair
	// Values are the filters' values, in the order of Filters.
	Values []string
	// After is the last row of the page before; nil begins.
	After *Cursor
	// Limit is how many rows are shown: ask for one more to know whether there is a next page.
	Limit int

	list *List
	path string
}

// Cursor is a place in a list: the row's sort value, an int64, a string or bytes, and its id, which tells rows of one value apart.
type Cursor struct {
	Value any
	ID    int64
}

// Names of what a list's address carries.
const (
	querySort  = "xep"
	queryAfter = "sau"
)

// Query reads what is asked from an address: filters by their names, "xep" the order, "-" before it for descending, "sau" the place.
// A pair that is not allowed becomes the nearest one that is: the filters with another order, or else the first pair.
func (l *List) Query(r *Request) (*Query, error) {
	asked := r.URL.Query()
	q := &Query{Limit: l.Limit, list: l, path: r.URL.Path}
	or(&q.Limit, 50)
	var filters []string
	for _, name := range l.filters() {
		if i18n.Line(asked.Get(name)) != "" {
			filters = append(filters, name)
		}
	}
	sort, desc := strings.CutPrefix(asked.Get(querySort), "-")
	q.Pair = l.Pairs[0]
	for _, exact := range []bool{true, false} {
		i := slices.IndexFunc(l.Pairs, func(p Pair) bool {
			return slices.Equal(p.Filters, filters) && (!exact || p.Sort == sort && p.Desc == desc)
		})
		if i >= 0 {
			q.Pair = l.Pairs[i]
			break
		}
	}
	for _, name := range q.Filters {
		v := i18n.Line(asked.Get(name))
		if len(v) > 200 {
			return nil, fault.New(fault.Invalid, ErrFilter, name)
		}
		q.Values = append(q.Values, v)
	}
	if s := asked.Get(queryAfter); s != "" {
		c, err := decodeCursor(s, q.mark())
		if err != nil {
			return nil, err
		}
		q.After = c
	}
	return q, nil
}

// filters are all names that some pair filters by.
func (l *List) filters() []string {
	var names []string
	for _, p := range l.Pairs {
		names = append(names, p.Filters...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Value is a filter's value, "" where it is not set.
func (q *Query) Value(filter string) string {
	if i := slices.Index(q.Filters, filter); i >= 0 {
		return q.Values[i]
	}
	return ""
}

// mark binds a cursor to the pair and values that it was made under.
func (q *Query) mark() byte {
	h := shortHash(append(append([]string{q.Sort}, q.Filters...), q.Values...)...)
	if q.Desc {
		return h[0] ^ h[1]<<4 ^ 0xff
	}
	return h[0] ^ h[1]<<4
}

// address is the list under another order and place.
func (q *Query) address(sort string, desc bool, after *Cursor) string {
	v := url.Values{}
	for i, name := range q.Filters {
		v.Set(name, q.Values[i])
	}
	if desc {
		sort = "-" + sort
	}
	v.Set(querySort, sort)
	if after != nil {
		v.Set(queryAfter, encodeCursor(*after, q.mark()))
	}
	return q.path + "?" + v.Encode()
}

const (
	cursorLimit = 4000 // bytes of a sort value; a key of package i18n is shorter
	kindInt     = 1
	kindString  = 2
	kindBytes   = 3
)

// A cursor on the wire: one byte of mark, one of kind, eight of id, the value; base64url. It is opaque, and holds nothing that the page
// does not show.
func encodeCursor(c Cursor, mark byte) string {
	b := binary.BigEndian.AppendUint64([]byte{mark, 0}, uint64(c.ID))
	switch v := c.Value.(type) {
	case int64:
		b[1] = kindInt
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	case string:
		b[1] = kindString
		b = append(b, v...)
	case []byte:
		b[1] = kindBytes
		b = append(b, v...)
	default:
		panic("web: a cursor's value is an int64, a string or bytes")
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(s string, mark byte) (*Cursor, error) {
	wrong := fault.New(fault.Invalid, ErrCursor, "")
	if len(s) > base64.RawURLEncoding.EncodedLen(10+cursorLimit) {
		return nil, wrong
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) < 10 || b[0] != mark {
		return nil, wrong
	}
	c, v := &Cursor{ID: int64(binary.BigEndian.Uint64(b[2:10]))}, b[10:]
	switch {
	case b[1] == kindInt && len(v) == 8:
		c.Value = int64(binary.BigEndian.Uint64(v))
	case b[1] == kindString:
		c.Value = string(v)
	case b[1] == kindBytes:
		c.Value = v
	default:
		return nil, wrong
	}
	return c, nil
}
