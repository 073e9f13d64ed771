package register

import (
	"context"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Policy says who may look at registers.
var Policy = auth.Policy{
	"records/register.Numbers": {Needs: auth.ReadDocuments, Decides: "the register's agency"},
	"records/register.Books":   {Needs: auth.ReadDocuments, Decides: "the register's agency"},
}

// Service answers what stands in the registers. It may be used concurrently. Numbers are taken by [TakeTx].
type Service struct {
	db   *store.DB
	auth *auth.Service
}

// New makes it.
func New(db *store.DB, a *auth.Service) *Service { return &Service{db, a} }

// Asked is what is asked of an agency's registers. One book, a kind in a year, is in the order of its numbers; all else in that of days.
type Asked struct {
	Agency store.ID
	Kind   string // a code; "" is all
	Year   int    // 0 is all
	Desc   bool
	After  *Place // nil begins
	Limit  int    // 1 to [MaxLimit]
}

func (a *Asked) book() bool { return a.Kind != "" && a.Year != 0 }

// Place is a row of a list: its number in a book, else its day in microseconds; and its id.
type Place struct {
	Value int64
	ID    store.ID
}

// MaxLimit is how many rows one answer may have: a part of a printed book.
const MaxLimit = 501

// Numbers are the rows that are asked for, in their order.
func (s *Service) Numbers(ctx context.Context, who auth.Actor, a Asked) (out []Number, err error) {
	if a.Limit < 1 || a.Limit > MaxLimit {
		return nil, fault.New(fault.Invalid, ErrBook, "")
	}
	err = s.view(ctx, who, "records/register.Numbers", a.Agency, func(tx *store.Tx) error {
		query, args := a.statement()
		out, err = store.Collect(tx, scanNumber, query, args...)
		return err
	})
	return out, err
}

// maxBooks bounds an agency's books: 29 kinds over a century and more.
const maxBooks = 3000

// Books are the series that an agency has begun, the youngest year first.
func (s *Service) Books(ctx context.Context, who auth.Actor, agency store.ID) (out []Series, err error) {
	err = s.view(ctx, who, "records/register.Books", agency, func(tx *store.Tx) error {
		out, err = store.Collect(tx, scanSeries, selectSeries+` WHERE agency = ? ORDER BY year DESC, kind LIMIT ?`, agency, maxBooks)
		return err
	})
	return out, err
}

// view reads under a warrant whose reach covers the agency.
func (s *Service) view(ctx context.Context, who auth.Actor, method string, agency store.ID, f func(*store.Tx) error) error {
	w, err := s.auth.Warrant(ctx, who, method)
	if err != nil {
		return err
	}
	return s.db.View(ctx, w, func(tx *store.Tx) error {
		if err := tx.Over(agency); err != nil {
			return err
		}
		return f(tx)
	})
}
