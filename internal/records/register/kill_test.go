package register_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/records/register"
)

func TestMain(m *testing.M) {
	storetest.Child(takeUntilKilled)
	os.Exit(m.Run())
}

type everywhere struct{}

func (everywhere) Covers(*store.Tx, store.ID) (bool, error)                { return true, nil }
func (everywhere) Within(*store.Tx, string) (condition string, args []any) { return "1 = 1", nil }

// takeUntilKilled is the child: eight at once take a number for one thing after the other, from the first that its task names, and say each
// that was committed.
func takeUntilKilled(task string) error {
	from, url, _ := strings.Cut(task, " ")
	first, err := strconv.ParseInt(from, 10, 64)
	if err != nil {
		return err
	}
	steps, err := store.Migrations(auth.Files, register.Files)
	if err != nil {
		return err
	}
	db, issuer, err := store.Open(context.Background(), store.Config{URL: url, Migrations: steps})
	if err != nil {
		return err
	}
	w := issuer.Warrant(store.Grant{Method: "test.Number", Actor: 1, Agency: killedAgency, Reach: everywhere{}})
	var group sync.WaitGroup
	var out sync.Mutex
	for c := range 8 {
		group.Go(func() {
			for i := c; ; i += 8 {
				thing := store.ID(first + int64(i))
				var n register.Number
				err := db.Do(context.Background(), w, func(tx *store.Tx) (err error) {
					if err := tx.Over(killedAgency); err != nil {
						return err
					}
					n, err = register.TakeTx(tx, register.Taking{For: thing, Agency: killedAgency, Notation: "UBND", Kind: "quyet-dinh"})
					return err
				})
				out.Lock()
				if err != nil {
					fmt.Println("error", err)
				} else {
					fmt.Println(int64(thing), n.Number)
				}
				out.Unlock()
			}
		})
	}
	group.Wait()
	return nil
}

const killedAgency = store.ID(5001)

// TestAKillLeavesNoGap kills a program in mid-taking, several times over one database: every number that was told is there, nothing is
// there twice or half, and the next program goes on behind the last.
func TestAKillLeavesNoGap(t *testing.T) {
	kills := storetest.Kills(t)
	storetest.Each(t, func(t *testing.T, url string) {
		told, first := map[store.ID]int{}, int64(1)
		for range kills {
			first = killOnce(t, url, first, told)
		}
		h := open(t, url)
		who := h.Actor(killedAgency, auth.Clerk)
		books, err := h.Books(t.Context(), who, killedAgency)
		if err != nil || len(books) != 1 {
			t.Fatalf("%+v, %v", books, err)
		}
		var all []register.Number
		for {
			a := register.Asked{Kind: books[0].Kind, Year: books[0].Year}
			if len(all) > 0 {
				a.After = &register.Place{Value: int64(all[len(all)-1].Number)}
			}
			part := h.numbers(t, who, a)
			if all = append(all, part...); len(part) == 0 {
				break
			}
		}
		if books[0].Last != len(all) {
			t.Errorf("the series ends at %d beside %d numbers", books[0].Last, len(all))
		}
		things := map[store.ID]bool{}
		for i, n := range all {
			if n.Number != i+1 || things[n.For] {
				t.Fatalf("place %d holds %d for %d", i, n.Number, n.For)
			}
			things[n.For] = true
			if was, ok := told[n.For]; ok && was != n.Number {
				t.Errorf("%d was told %d and has %d", n.For, was, n.Number)
			}
			delete(told, n.For)
		}
		if len(told) != 0 || len(all) == 0 {
			t.Errorf("%d numbers that were told are gone; %d are there", len(told), len(all))
		}
		t.Logf("%d kills, %d numbers", kills, len(all))
	})
}

// killOnce lets a child take numbers, kills it, and returns the first thing that no child asked for.
func killOnce(t *testing.T, url string, first int64, told map[store.ID]int) int64 {
	t.Helper()
	for _, line := range storetest.Killed(t, fmt.Sprintf("%d %s", first, url)) {
		thing, number, ok := strings.Cut(line, " ")
		id, err := strconv.ParseInt(thing, 10, 64)
		n, err2 := strconv.Atoi(number)
		if !ok || err != nil || err2 != nil {
			t.Errorf("the child says %q", line)
			continue
		}
		told[store.ID(id)] = n
		first = max(first, id+1)
	}
	return first
}
