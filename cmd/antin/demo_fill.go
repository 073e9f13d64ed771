package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/records/document"
	"github.com/antinvn/antin/internal/records/register"
)

// What the demo's papers are headed with.
const (
	demoCommittee = "Ủy ban nhân dân"
	demoPlace     = "Ví Dụ"
)

// topic is what a document of the demo is about.
type topic struct{ kind, title string }

func demoTopics() (out []topic, err error) {
	text, err := assets.ReadFile("assets/titles.txt")
	if err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if kind, title, ok := strings.Cut(lines.Text(), " | "); ok && !strings.HasPrefix(kind, "#") {
			out = append(out, topic{kind, title})
		}
	}
	return out, nil
}

// fill makes the documents of two years, one after the other as they came. Half of them are issued; the others stand in every other state.
func (p *past) fill(ctx context.Context) error {
	if p.whole.Load() {
		return nil
	}
	topics, err := demoTopics()
	if err != nil {
		return err
	}
	first := p.clock.Now().AddDate(0, 0, 7)
	span := p.now.AddDate(0, 0, -1).Sub(first)
	for i := range demoDocuments {
		day := first.Add(span / demoDocuments * time.Duration(i)).In(clock.Vietnam)
		p.clock.Set(time.Date(day.Year(), day.Month(), day.Day(), 8, 10+i%40, 0, 0, clock.Vietnam))
		if err := p.province.Advance(ctx, p.clock.Now()); err != nil {
			return err
		}
		if err := p.document(ctx, i, topics[i*7%len(topics)]); err != nil {
			return fmt.Errorf("document %d of the demo: %w", i, err)
		}
		p.made.Add(1)
	}
	p.whole.Store(true)
	return p.h.sequencer.Drain(ctx)
}

// document carries one document as far as its place in the row says.
func (p *past) document(ctx context.Context, i int, t topic) error {
	n := len(p.bodies)
	b := p.bodies[(i+i/n)%n]
	to := distinctFrom(b.ID, []store.ID{p.bodies[(i*3+i/n+1)%n].ID, p.bodies[(i*11+i/7)%n].ID}, p.bodies[(i+i/n+1)%n].ID)
	file, err := p.paper(ctx, b, t)
	if err != nil {
		return err
	}
	d, err := p.h.documents.Write(ctx, b.drafter, document.NewDocument{
		Title: t.title, Kind: t.kind, Recipients: to, Name: fmt.Sprintf("du-thao-%03d.pdf", i+1), File: bytes.NewReader(file),
	})
	if err != nil {
		return err
	}
	type step func(seen store.ID) error
	sign := func(seen store.ID) error { return p.h.documents.Sign(ctx, b.leader, d.ID, seen) }
	number := func(seen store.ID) error { return p.h.documents.Number(ctx, b.clerk, d.ID, seen, time.Time{}) }
	put := func(seen store.ID) error { return p.h.documents.Seal(ctx, b.clerk, d.ID, seen) }
	back := func(seen store.ID) error {
		return p.h.documents.Return(ctx, b.leader, d.ID, seen, "Bổ sung căn cứ pháp lý và làm rõ trách nhiệm của đơn vị phối hợp.")
	}
	again := func(seen store.ID) error {
		return p.h.documents.Replace(ctx, b.drafter, d.ID, seen, fmt.Sprintf("du-thao-%03d-sua.pdf", i+1), bytes.NewReader(file))
	}
	ways := [][]step{
		{sign, number, put}, {}, {sign, number, put}, {sign}, {back, again, sign, number, put}, {back}, {sign, number, put}, {sign, number}, {sign, number, put}, {back, again},
	}
	seen := d.Event
	for _, s := range ways[i%len(ways)] {
		p.clock.Advance(35 * time.Minute)
		err := s(seen)
		if fault.Is(err, fault.Invalid) && fault.Of(err).Kind == register.ErrDayBefore {
			return nil // a visitor has a number of today in this book already: what is older gets none any more, and waits for it
		}
		if err != nil {
			return err
		}
		full, err := p.h.documents.Get(ctx, b.drafter, d.ID)
		if err != nil {
			return err
		}
		seen = full.Event
	}
	return nil
}

// distinctFrom leaves out the sender and what stands twice; one is always left.
func distinctFrom(sender store.ID, ids []store.ID, otherwise store.ID) []store.ID {
	var out []store.ID
	seen := map[store.ID]bool{sender: true}
	for _, id := range append(ids, otherwise) {
		if !seen[id] && len(out) < 2 {
			out = append(out, id)
		}
		seen[id] = true
	}
	return out
}

func (p *past) paper(ctx context.Context, b *demoBody, t topic) ([]byte, error) {
	now := p.clock.Now()
	k, ok := register.KindOf(t.kind, now)
	if !ok {
		return nil, fmt.Errorf("there is no kind %q", t.kind)
	}
	superior, agency := b.masthead, b.Name
	if b.Kind == org.Committee {
		superior, agency = demoCommittee, strings.TrimPrefix(b.Name, demoCommittee+" ")
	}
	page := &paper{
		superior: superior, agency: agency, place: demoPlace, year: now.In(clock.Vietnam).Year(), code: k.Abbreviation, notation: b.Notation,
		kind: k.Name(i18n.Vietnamese), title: t.title, capacity: strings.ToUpper(b.leaderTitle), signer: b.leaderName, recipients: []string{"Như trên", "Lưu: VT"},
		body: []string{
			"Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công tác văn thư;",
			b.Name + " giao các đơn vị liên quan tổ chức thực hiện nội dung nêu trên, phân công người theo dõi, định kỳ hằng tháng tổng hợp kết quả.",
			"Trong quá trình thực hiện, nếu có khó khăn, vướng mắc, các đơn vị kịp thời phản ánh để xem xét, giải quyết.",
		},
	}
	return page.pdf(ctx)
}
