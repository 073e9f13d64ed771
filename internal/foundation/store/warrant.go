package store

import "slices"

// Warrant allows one method to one actor: who acts, for which agency, and how far the grant reaches that carries it. It is made
// by an [Issuer] alone and does not change; it may be used by several goroutines.
type Warrant struct {
	db      *DB
	method  string
	actor   ID
	agency  ID
	reach   Reach
	once    string
	request string
	system  bool
	tables  []string // what a system warrant may write

	snapshot bool // of a system warrant: see [Issuer.Snapshot]
}

// Grant is what a warrant is made of.
type Grant struct {
	Method  string // "records/document.Number", or what a system warrant is for
	Actor   ID     // the account; 0 for anyone
	Agency  ID     // for which it acts; 0 for none
	Reach   Reach  // nil reaches nothing: only [Tx.Permit] can check
	Once    string // the single-use id of a form; "" for none
	Request string // the request's id, kept with each event
}

// Reach says over which agencies a grant goes.
type Reach interface {
	// Covers reports whether an agency lies within it now.
	Covers(tx *Tx, agency ID) (bool, error)
	// Within is the same as a condition on a column, for lists.
	Within(tx *Tx, column string) (condition string, args []any)
}

// Issuer makes warrants. [Open] returns one, once; whoever holds it decides who may do what.
type Issuer struct{ db *DB }

// Warrant makes a warrant for a person, or for anyone.
func (i *Issuer) Warrant(g Grant) *Warrant {
	return &Warrant{db: i.db, method: g.Method, actor: g.Actor, agency: g.Agency, reach: g.Reach, once: g.Once, request: g.Request}
}

// System makes a warrant for the house's own work: it needs neither check nor event, and writes only the tables it names.
func (i *Issuer) System(method string, tables ...string) *Warrant {
	return &Warrant{db: i.db, method: method, system: true, tables: slices.Clone(tables)}
}

// Snapshot makes a system warrant whose transactions on PostgreSQL are REPEATABLE READ: they conflict with others that write the same rows, and not
// with all that read or write beside them. It is for work that looks through what everybody writes, and whose own rows alone decide.
func (i *Issuer) Snapshot(method string, tables ...string) *Warrant {
	w := i.System(method, tables...)
	w.snapshot = true
	return w
}

// SystemFor makes a system warrant for work that a person's act caused: its events name that person and agency.
func (i *Issuer) SystemFor(g Grant, tables ...string) *Warrant {
	w := i.Warrant(g)
	w.system, w.tables = true, slices.Clone(tables)
	return w
}

// Refused names who is told of each transaction that ended because what it asked for was out of reach. It must not hold the caller up.
func (i *Issuer) Refused(told func(*Warrant)) { i.db.told.Store(&told) }

// Method is what the warrant is for.
func (w *Warrant) Method() string { return w.method }

// Actor is the account that acts; 0 for anyone and for the house itself.
func (w *Warrant) Actor() ID { return w.actor }

// Agency is the one it acts for.
func (w *Warrant) Agency() ID { return w.agency }

// Request is the id of the request behind it, "" for none.
func (w *Warrant) Request() string { return w.request }
